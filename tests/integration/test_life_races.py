"""What random stories (`test_machine`) have found, as plain ones."""

from machine_workers import Stopping, Worker
from story import ADMIN, CAROL, GUILD, Story, execute, rows

from bot.domain.invites import Invite, InviteState
from bot.domain.timing import GIVE_UP
from bot.jobs.changing import ChangingJobs
from bot.jobs.lease import Leases
from bot.jobs.sharing import SharingJobs
from sandbox.plex.faults import failing
from sandbox.plex.model import Invitation


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
    assert await open_notices(story) == []


def late_sharer(story: Story, invite: Invite) -> Worker:
    """A worker that shares, and can be made to stand still."""
    sending, leases = Stopping(story.house.services.sending), Leases(story.ledger, story.clock)
    jobs = SharingJobs(Stopping(story.house.plex), sending, leases)
    return Worker(lambda: jobs.share_invite(invite.id), "", story.clock)


async def test_who_is_suspended_gets_nothing_by_another_name(story: Story) -> None:
    """A second request for an account that is suspended fails, and what Plex was asked for goes."""
    suspended = await story.sent()
    story.world.accept(suspended.share_id or 0)
    await story.after(seconds=61)
    await story.house.services.access.suspend(ADMIN, suspended.id)
    await story.sweep()
    other = await story.sent(CAROL, "bob")
    assert (other.state, other.failure_key) == (InviteState.FAILED, "invite.login_taken")
    await story.after(seconds=61)
    assert story.shares == []
    assert await story.state(suspended) is InviteState.SUSPENDED
    assert (await story.get(other)).change is None


async def test_a_share_that_comes_after_the_suspension_goes_again(story: Story) -> None:
    """A worker that stood still before it shared, and wakes after a suspension, gives nothing."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    access = story.house.services.access
    await access.suspend(ADMIN, invite.id)
    await story.sweep()
    await access.restore(ADMIN, invite.id)
    worker = late_sharer(story, invite)
    await worker.until("share")
    await story.after(seconds=30)
    assert await story.state(invite) is InviteState.ACTIVE
    await access.suspend(ADMIN, invite.id)
    await story.sweep()
    await worker.finish()
    await story.after(seconds=61)
    found = await story.get(invite)
    assert (found.state, found.change, story.shares) == (InviteState.SUSPENDED, None, [])


async def test_a_share_that_comes_after_the_end_goes_again(story: Story) -> None:
    """A worker that stood still before it shared, and wakes after the end, gives nothing."""
    invite = await story.approved()
    worker = late_sharer(story, invite)
    await worker.until("share")
    story.clock.advance(seconds=30)
    await story.house.services.access.revoke(ADMIN, invite.id)
    await story.after(seconds=61)
    await story.after(seconds=61)
    assert await story.state(invite) is InviteState.ENDED
    await worker.finish()
    await story.after(seconds=61)
    assert story.shares == []


async def test_libraries_of_an_old_tier_that_come_late_go_again(story: Story) -> None:
    """A worker that wakes after a second move has been done gives nobody the first one's tier."""
    await execute(
        story.ledger,
        "INSERT INTO tier (guild_id, link_id, name) SELECT guild_id, link_id, 'Plus' FROM tier",
    )
    await execute(
        story.ledger,
        "INSERT INTO tier_library SELECT t.id, l.id FROM tier t, library l"
        " WHERE t.name = 'Plus' AND l.title = 'Films'",
    )
    access = story.house.services.access
    standard, plus = (tier.id for tier in await access.tiers(ADMIN))
    invite = await story.sent()
    await access.move(ADMIN, invite.id, plus)
    changing = Stopping(story.house.services.changing)
    leases = Leases(story.ledger, story.clock)
    jobs = ChangingJobs(Stopping(story.house.plex), changing, leases)
    worker = Worker(lambda: jobs.change_share(invite.id), "", story.clock)
    await worker.until("update")
    story.clock.advance(seconds=30)
    await access.move(ADMIN, invite.id, standard)
    await story.sweep()
    await worker.finish()
    await story.after(seconds=61)
    [share] = story.shares
    found = await story.get(invite)
    assert found.change is None
    assert found.grant is not None
    assert len(share.section_ids) == 5
    assert set(share.section_ids) == set(found.grant.section_ids)


async def test_a_share_made_anew_by_hand_waits_to_be_accepted(story: Story) -> None:
    """Nobody is active by a share that the owner made anew and that is not accepted yet."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    story.world.fresh_acceptance = True
    story.world.leave(invite.share_id or 0)
    machine, chosen = story.world.server.machine_identifier, story.world.server.libraries[0].id
    share = story.world.invite(Invitation(machine, (chosen,), "bob@example.org"))
    await story.after(minutes=11)
    await story.after(seconds=5)
    found = await story.get(invite)
    assert (found.state, found.share_id) == (InviteState.SENT, share.share_id)
    story.world.accept(share.share_id)
    await story.after(seconds=61)
    assert await story.state(invite) is InviteState.ACTIVE
    assert len(story.shares) == 1
