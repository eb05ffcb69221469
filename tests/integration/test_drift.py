"""What differs between ledger and Plex is reported, and left alone."""

import pytest
from story import ADMIN, BOB, CAROL, Story

from bot.domain.drift import DriftKind
from bot.domain.invites import InviteState
from bot.domain.notices import NoticeKind
from sandbox.plex import Fault
from sandbox.plex.model import Invitation


async def drifts(story: Story) -> list[tuple[DriftKind, int | None, str]]:
    """What the last comparison has found: kind, member, name on Plex."""
    async with story.ledger.begin() as work:
        found = await work.drift.of_guild(ADMIN.guild_id)
    return [(drift.kind, drift.member_id, drift.name) for drift in found]


async def several(story: Story, number: int) -> list[int]:
    """That many members with access; the ids of their shares."""
    for member in range(100, 100 + number):
        invite = await story.sent(member, f"member{member}@example.org")
        story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    return [share.share_id for share in story.shares]


async def compared(story: Story) -> None:
    """An admin asks for a comparison, and it is done."""
    assert await story.house.services.reconcile.ask(ADMIN) == 1
    await story.sweep()


async def states(story: Story) -> list[str]:
    """The states of all invites."""
    async with story.ledger.begin() as work:
        counts = await work.invites.count_by_state(ADMIN.guild_id)
    return sorted(state for state, n in counts.items() for _ in range(n))


async def notices(story: Story) -> list[NoticeKind]:
    """What the admins have been told and is not mended."""
    async with story.ledger.begin() as work:
        return [notice.kind for notice in await work.notices.open_in(ADMIN.guild_id)]


async def test_a_share_that_nobody_asked_for_is_offered(story: Story) -> None:
    """A share made by hand is reported by its name, and stays as it is; until it is gone."""
    machine = story.world.server.machine_identifier
    section = story.world.server.libraries[0].id
    share = story.world.invite(Invitation(machine, (section,), login="dave@example.org"))
    await compared(story)
    [(kind, member, name)] = await drifts(story)
    assert (kind, member) == (DriftKind.UNKNOWN, None)
    assert name == "dave"
    assert story.shares == [share]
    story.world.decline(share.share_id)
    await compared(story)
    assert await drifts(story) == []


async def test_libraries_changed_by_hand_are_reported(story: Story) -> None:
    """Somebody's libraries were changed in Plex's own app: told, not changed back."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    assert await drifts(story) == []
    story.world.set_sections(story.shares[0], story.shares[0].section_ids[:1])
    await compared(story)
    assert await drifts(story) == [(DriftKind.LIBRARIES, BOB, "bob")]
    assert len(story.shares[0].section_ids) == 1
    assert await story.state(invite) is InviteState.ACTIVE


async def test_a_share_for_somebody_who_is_suspended(story: Story) -> None:
    """Somebody gave a suspended member access by hand: told, not taken away."""
    invite = await story.sent()
    await story.sent(CAROL, "carol@example.org")
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    await story.house.services.access.suspend(ADMIN, invite.id)
    await story.sweep()
    machine = story.world.server.machine_identifier
    section = story.world.server.libraries[0].id
    story.world.invite(Invitation(machine, (section,), login="bob"))
    await compared(story)
    assert await drifts(story) == [(DriftKind.UNWANTED, BOB, "bob")]
    assert await story.state(invite) is InviteState.SUSPENDED


@pytest.mark.parametrize("kind", ["empty_listing", "short_listing"])
async def test_a_listing_that_lost_many_is_not_believed(story: Story, kind: str) -> None:
    """Nobody loses access by it, and the admins are warned once; the next good list settles it."""
    await several(story, 4)
    fault = story.world.faults.add(Fault(kind=kind, keep=1))
    for _ in range(3):
        await compared(story)
        assert await states(story) == ["active"] * 4
        assert await notices(story) == [NoticeKind.BREAKER]
    story.world.faults.remove(fault)
    await compared(story)
    assert await states(story) == ["active"] * 4
    assert await notices(story) == []


async def test_what_an_admin_vouches_for_is_believed(story: Story) -> None:
    """When they are really gone, an admin's word lets the next listing count, and only that one."""
    for share_id in (await several(story, 4))[:3]:
        story.world.leave(share_id)
    await compared(story)
    assert await states(story) == ["active"] * 4
    await story.house.services.reconcile.ask(ADMIN, trust=True)
    await story.sweep()
    assert await states(story) == ["active", "ended", "ended", "ended"]
    assert await notices(story) == []


async def test_how_many_is_a_setting(story: Story) -> None:
    """The part that may be missing is the guild's: at 90 %, three of four are looked up and end."""
    async with story.ledger.begin() as work:
        await work.guilds.set(ADMIN.guild_id, breaker_percent=90)
        await work.commit()
    for share_id in (await several(story, 4))[:3]:
        story.world.leave(share_id)
    await compared(story)
    assert await states(story) == ["active", "ended", "ended", "ended"]


async def test_even_a_vouched_listing_proves_nothing_alone(story: Story) -> None:
    """An admin's word lifts the breaker; Plex still has to say so about each share."""
    await several(story, 4)
    story.world.faults.add(Fault(kind="empty_listing"))
    await story.house.services.reconcile.ask(ADMIN, trust=True)
    await story.sweep()
    assert await states(story) == ["active"] * 4
