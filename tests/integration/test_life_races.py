"""What random stories (`test_machine`) have found, as plain ones."""

from story import ADMIN, GUILD, Story, rows

from bot.domain.invites import InviteState
from bot.domain.timing import GIVE_UP
from sandbox.plex.faults import failing


async def open_notices(story: Story) -> list[str]:
    """The notices that are open in the guild."""
    query = "SELECT kind FROM notice WHERE guild_id = :guild AND cleared_at IS NULL"
    return [row.kind for row in await rows(story.ledger, query, guild=GUILD)]


async def stuck(story: Story) -> None:
    """Plex fails until an admin is told."""
    for _ in range(GIVE_UP):
        await story.after(minutes=20)
    assert await open_notices(story) == ["stuck"]


async def test_a_withdrawal_of_stuck_work_clears_the_notice(story: Story) -> None:
    """A member who takes back what was stuck leaves no notice behind that something is stuck."""
    story.world.faults.add(failing("503", endpoint="inviting"))
    invite = await story.sent()
    await stuck(story)
    story.world.faults.clear()
    await story.withdraw(invite)
    await story.sweep()
    assert await story.state(invite) is InviteState.WITHDRAWN
    assert await open_notices(story) == []


async def test_a_revocation_of_stuck_work_clears_the_notice(story: Story) -> None:
    """An admin who ends what was stuck reads no more that something is stuck."""
    story.world.faults.add(failing("503", endpoint="inviting"))
    invite = await story.sent()
    await stuck(story)
    story.world.faults.clear()
    await story.house.services.access.revoke(ADMIN, invite.id)
    await story.sweep()
    assert await story.state(invite) is InviteState.ENDED
    assert await open_notices(story) == []
