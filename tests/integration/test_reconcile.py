"""Acceptance is noticed, and a strange listing harms nobody."""

import asyncio
from dataclasses import replace

import pytest
from story import BOB, CAROL, Story, execute, jobs_of, rows

from bot.domain.invites import EndReason, Invite, InviteState
from bot.domain.links import LinkState
from sandbox.plex import Fault


async def several(story: Story, number: int) -> list[Invite]:
    """That many members with an invite pending on Plex."""
    invites = [
        await story.sent(member, f"member{member}@example.org")
        for member in range(100, 100 + number)
    ]
    story.lines()
    return invites


async def test_acceptance_is_noticed(story: Story) -> None:
    """After the interval an accepted invite is active, and card and member are woken."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    story.lines()
    await story.after(seconds=61)
    found = await story.get(invite)
    assert found.state is InviteState.ACTIVE
    assert found.active_at is not None
    assert found.share_id == invite.share_id
    assert found.account_id is not None
    assert (await story.audit(invite))[-1] == "invite.active"
    assert ("tell_member", {"invite_id": invite.id}) in await jobs_of(story.ledger)


async def test_a_comparison_costs_two_requests(story: Story) -> None:
    """However many are pending, one comparison is two requests to Plex."""
    await several(story, 4)
    await story.after(seconds=61)
    assert len(story.lines()) == 2


async def test_plex_is_not_asked_sooner(story: Story) -> None:
    """Plex is asked again in time for the interval (60 s, a sweep before it), and not sooner."""
    await several(story, 1)
    await story.after(seconds=61)
    story.lines()
    await story.after(seconds=54)
    assert story.lines() == []
    await story.after(seconds=1)
    assert len(story.lines()) == 2


async def test_nothing_shared_is_asked_seldom(story: Story) -> None:
    """While nothing is shared, Plex is compared seldom; the next invite makes it quick again."""
    invite = await story.sent()
    await story.withdraw(invite)
    await story.sweep()
    await story.after(seconds=61)
    story.lines()
    for _ in range(5):
        await story.after(minutes=10)
    assert len(story.lines()) == 5 * 2
    other = await story.sent(100, "other@example.org")
    story.world.accept(other.share_id or 0)
    await story.after(seconds=61)
    assert await story.state(other) is InviteState.ACTIVE


async def test_nothing_pending_is_asked_seldom(story: Story) -> None:
    """Once everybody has accepted, Plex is asked ten times less often."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    story.lines()
    for _ in range(9):
        await story.after(seconds=60)
    assert story.lines() == []
    await story.after(seconds=65)
    assert len(story.lines()) == 2


async def test_who_left_on_plex_is_noticed(story: Story) -> None:
    """Access that ended on Plex ends in the ledger too, and one may ask again."""
    invite = await story.sent()
    await story.sent(CAROL, "carol@example.org")
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    story.world.leave(invite.share_id or 0)
    await story.after(seconds=605)
    found = await story.get(invite)
    assert (found.state, found.end_reason) == (InviteState.ENDED, EndReason.REMOVED_ON_PLEX)
    assert (await story.sent()).state is InviteState.ACTIVE


async def test_a_decline_is_noticed(story: Story) -> None:
    """A declined invite ends, after Plex itself was asked about that one share."""
    first, second = await several(story, 2)
    story.world.decline(first.share_id or 0)
    await story.after(seconds=61)
    found = await story.get(first)
    assert (found.state, found.end_reason) == (InviteState.ENDED, EndReason.DECLINED)
    assert await story.state(second) is InviteState.SENT
    assert len(story.lines()) == 3


async def test_after_a_decline_one_may_ask_again(story: Story) -> None:
    """A declined invite holds neither member nor login."""
    invite = await story.sent()
    story.world.decline(invite.share_id or 0)
    await story.after(seconds=61)
    assert (await story.sent()).state is InviteState.SENT


@pytest.mark.parametrize("number", [1, 3, 6])
async def test_an_empty_listing_ends_nothing(story: Story, number: int) -> None:
    """When Plex's lists come back empty, nobody's invite ends."""
    invites = await several(story, number)
    story.world.faults.add(Fault(kind="empty_listing"))
    await story.after(seconds=61)
    assert [await story.state(invite) for invite in invites] == [InviteState.SENT] * number
    story.world.faults.clear()
    for invite in invites:
        story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    assert [await story.state(invite) for invite in invites] == [InviteState.ACTIVE] * number


async def test_many_who_decline_are_looked_at_by_turns(story: Story) -> None:
    """However many invites are missing, ten are looked at after one listing, each by its number."""
    invites = await several(story, 14)
    for invite in invites[:12]:
        story.world.decline(invite.share_id or 0)
    await story.after(seconds=61)
    assert len(story.lines()) == 2 + 10
    await story.after(seconds=61)
    states = [await story.state(invite) for invite in invites]
    assert states == [InviteState.ENDED] * 12 + [InviteState.SENT] * 2


async def test_below_the_breaker_each_is_looked_at(story: Story) -> None:
    """When few are missing each is looked at, and the rest goes on."""
    invites = await several(story, 6)
    for invite in invites[:2]:
        story.world.decline(invite.share_id or 0)
    story.world.accept(invites[5].share_id or 0)
    await story.after(seconds=61)
    states = [await story.state(invite) for invite in invites]
    assert states == [InviteState.ENDED] * 2 + [InviteState.SENT] * 3 + [InviteState.ACTIVE]


@pytest.mark.parametrize("kind", ["status", "drop_before", "html", "malformed", "empty"])
async def test_a_failure_concludes_nothing(story: Story, kind: str) -> None:
    """Whatever way a listing fails, nothing changes, and it is tried again."""
    [invite] = await several(story, 1)
    story.world.accept(invite.share_id or 0)
    fault = story.world.faults.add(Fault(match="GET *", kind=kind))
    await story.after(seconds=61)
    assert await story.state(invite) is InviteState.SENT
    assert (await story.link()).state is LinkState.CONNECTED
    story.world.faults.remove(fault)
    await story.after(seconds=61)
    assert await story.state(invite) is InviteState.ACTIVE


async def test_a_failing_closer_look_ends_nothing(story: Story) -> None:
    """When the question about the one share fails, the invite is not ended."""
    first, second = await several(story, 2)
    story.world.decline(first.share_id or 0)
    story.world.faults.add(Fault(match="GET /api/*shared_servers/*", kind="status", status=503))
    story.world.faults.add(Fault(match="GET /api/v2/shared_servers/*", kind="status", status=503))
    await story.after(seconds=61)
    assert await story.state(first) is InviteState.SENT
    assert await story.state(second) is InviteState.SENT


async def test_patience_is_honoured_by_comparisons(story: Story) -> None:
    """After a 429 the next comparison waits as long as Plex asks."""
    await several(story, 1)
    story.world.faults.add(
        Fault(match="GET *", kind="status", status=429, headers={"Retry-After": "600"}, times=1)
    )
    await story.after(seconds=61)
    story.lines()
    await story.after(seconds=590)
    assert story.lines() == []
    await story.after(seconds=15)
    assert len(story.lines()) == 2


async def test_a_revoked_token_is_noticed_and_mended(story: Story) -> None:
    """A comparison that meets a revoked token pauses the link; mended, it goes on by itself."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    story.world.revoke_token()
    await story.after(seconds=61)
    assert (await story.link()).state is LinkState.PAUSED
    assert await story.state(invite) is InviteState.SENT
    story.world.mend_token()
    await story.after(seconds=61)
    await story.after(seconds=1)
    assert (await story.link()).state is LinkState.CONNECTED
    assert await story.state(invite) is InviteState.ACTIVE


async def test_somebody_who_signs_up_is_found(story: Story) -> None:
    """Whoever had no Plex account when invited is found by the share after signing up."""
    invite = await story.sent(login="newcomer@example.org")
    assert invite.account_id is None
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    found = await story.get(invite)
    assert found.state is InviteState.ACTIVE
    assert found.account_id is not None


async def test_one_odd_share_does_not_stop_the_others(story: Story) -> None:
    """An acceptance by an account that another invite holds is left, and the rest goes on."""
    odd, good = await several(story, 2)
    other = await story.sent(BOB, "bob@example.org")
    account = story.world.accept(odd.share_id or 0).account_id
    await execute(
        story.ledger, "UPDATE invite SET account_id = :a WHERE id = :id", a=account, id=other.id
    )
    story.world.accept(good.share_id or 0)
    await story.after(seconds=61)
    assert await story.state(odd) is InviteState.SENT
    assert await story.state(good) is InviteState.ACTIVE


async def test_a_withdrawal_wins_over_a_comparison(story: Story) -> None:
    """An invite that was withdrawn while it was compared stays withdrawn."""
    invite = await story.sent()
    link = await story.link()
    story.clock.advance(seconds=61)
    comparison = await story.house.services.reconcile.begin(link.id)
    assert comparison is not None
    await story.withdraw(invite)
    story.world.accept(invite.share_id or 0)
    shares = await story.house.plex.shares(link.access)
    await story.house.services.reconcile.settle(comparison, shares)
    assert await story.state(invite) is InviteState.WITHDRAWN


async def test_two_workers_compare_once(story: Story) -> None:
    """A comparison that is under way is not begun a second time."""
    await several(story, 1)
    link = await story.link()
    story.clock.advance(seconds=61)
    assert await story.house.services.reconcile.begin(link.id) is not None
    assert await story.house.services.reconcile.begin(link.id) is None


async def test_a_comparison_takes_the_link_before_its_invites(story: Story) -> None:
    """Whoever connects the link at the same moment goes on, and the comparison after them."""
    invite = await story.sent()
    [share] = story.shares
    story.clock.advance(seconds=61)
    link = await story.link()
    reconcile = story.house.services.reconcile
    comparison = await reconcile.begin(link.id)
    assert comparison is not None
    listing = await story.house.plex.shares(link.access)
    share_id = (invite.share_id or 0) + 1000
    renumbered = [replace(listing[0], share_id=share_id)]
    async with story.ledger.begin() as work:
        assert await work.links.lock(link.id, link.guild_id) is not None
        settling = asyncio.create_task(reconcile.settle(comparison, renumbered))
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not await rows(story.ledger, waiting):  # noqa: ASYNC110 - only PostgreSQL knows
            await asyncio.sleep(0.01)
        await work.invites.note(invite.id, tries=1)
        await work.commit()
    await settling
    found = await story.get(invite)
    assert (found.share_id, share.accepted) == (share_id, False)
