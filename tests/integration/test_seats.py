"""Seats: whoever says yes, and however many do at once, there is never one too many."""

import asyncio
import contextlib
from typing import Any

import pytest
from story import ADMIN, BOB, CAROL, GUILD, Story, execute, rows

from bot.domain.codes import Wish
from bot.domain.errors import Refused
from bot.domain.invites import InviteState
from bot.domain.people import Actor, Right
from sandbox.plex.model import Invitation

SEATS = 3
OTHER_GUILD = GUILD + 1


@pytest.fixture
async def story(story: Story) -> Story:
    """A guild without a waiting list: whoever finds no seat is refused."""
    await execute(story.ledger, "UPDATE guild SET waiting_list = false")
    return story


async def asked(story: Story, number: int) -> Any:
    """Somebody new asks."""
    return await story.ask(100 + number, f"member{number}@example.org")


async def yes(story: Story, invite: Any, tier_id: int | None = None) -> str:
    """An admin approves; what came of it."""
    try:
        await story.house.services.invites.approve(ADMIN, invite.id, invite.version, tier_id)
    except Refused as refusal:
        return refusal.key
    return "approved"


async def second_tier(story: Story, seats: int | None = None) -> int:
    """Another tier with all libraries."""
    tiers, edits = story.house.services.tiers, story.house.services.tier_edits
    view = await tiers.create(ADMIN, "Family")
    await edits.choose(ADMIN, view.tier.id)
    typed = {"name": "Family", "days": "", "seats": str(seats or "")}
    await edits.set_details(ADMIN, view.tier.id, **typed)
    return view.tier.id


async def refusal_of(call: Any) -> str:
    """What a call is refused with."""
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.key


@pytest.mark.parametrize("of", ["tier", "server"])
async def test_many_approvals_at_once_fill_exactly_the_seats(story: Story, of: str) -> None:
    """Of many at the same instant as many succeed as there are seats; the rest are told why."""
    table = "tier" if of == "tier" else "plex_link"
    await execute(story.ledger, f"UPDATE {table} SET seats = {SEATS}")  # noqa: S608 - names of our own
    invites = [await asked(story, number) for number in range(8)]
    outcomes = await asyncio.gather(*(yes(story, invite) for invite in invites))
    assert sorted(outcomes) == ["approved"] * SEATS + [f"seats.{of}_full"] * (8 - SEATS)
    held = await rows(story.ledger, "SELECT count(*) FROM invite WHERE state = 'approved'")
    assert held[0][0] == SEATS


async def test_a_seat_is_taken_until_the_end(story: Story) -> None:
    """Approved, sent, active and suspended hold one; restoring needs no second one."""
    await execute(story.ledger, "UPDATE tier SET seats = 1")
    first = await story.sent()
    other = await asked(story, 1)
    assert await yes(story, other) == "seats.tier_full"
    story.world.accept(story.shares[0].share_id)
    await story.after(minutes=2)
    assert await yes(story, other) == "seats.tier_full"
    access = story.house.services.access
    await access.suspend(ADMIN, first.id)
    await story.sweep()
    assert await story.state(first) is InviteState.SUSPENDED
    assert await yes(story, other) == "seats.tier_full"
    await access.restore(ADMIN, first.id)
    await story.sweep()
    assert await story.state(first) is InviteState.ACTIVE
    await access.revoke(ADMIN, first.id)
    await story.sweep()
    assert await yes(story, other) == "approved"


async def test_every_way_back_and_across_needs_a_seat(story: Story) -> None:
    """Renewing what has expired, trying again what Plex refused, moving to a full tier."""
    access = story.house.services.access
    family = await second_tier(story, seats=1)
    expired, failed = await story.sent(), await story.approved(CAROL, "carol@example.org")
    await execute(
        story.ledger,
        "UPDATE invite SET state = 'ended', end_reason = 'expired', share_id = NULL WHERE id = :i",
        i=expired.id,
    )
    await execute(
        story.ledger,
        "UPDATE invite SET state = 'failed', failure_key = 'plex.refused', share_due_at = NULL"
        " WHERE id = :i",
        i=failed.id,
    )
    await execute(story.ledger, "UPDATE plex_link SET seats = 2")
    mover, holder = await asked(story, 1), await asked(story, 2)
    assert await yes(story, mover) == "approved"
    assert await yes(story, holder, family) == "approved"
    assert await refusal_of(access.extend(ADMIN, expired.id, "30d")) == "seats.server_full"
    assert await refusal_of(access.retry(ADMIN, failed.id)) == "seats.server_full"
    assert await refusal_of(access.move(ADMIN, mover.id, family)) == "seats.tier_full"
    await execute(story.ledger, "UPDATE tier SET seats = 2 WHERE id = :i", i=family)
    # Who moves within one owner's servers keeps their seat there, also where there are fewer now.
    await execute(story.ledger, "UPDATE plex_link SET seats = 1")
    await access.move(ADMIN, mover.id, family)
    await execute(story.ledger, "UPDATE plex_link SET seats = 4")
    await access.extend(ADMIN, expired.id, "30d")
    await access.retry(ADMIN, failed.id)
    counts = await story.house.services.tiers.all(ADMIN)
    assert (counts.seats[0].taken, counts.held[family]) == (4, 2)


async def test_shares_made_by_hand_and_other_guilds_count_once(story: Story) -> None:
    """The seats are the owner account's: unknown shares take some, one share is one seat."""
    server = story.world.server
    section = server.libraries[0].id
    story.world.invite(Invitation(server.machine_identifier, (section,), login="dave@example.org"))
    await story.after(minutes=20)
    link = await story.link()
    [seats] = (await story.house.services.tiers.all(ADMIN)).seats
    assert (seats.taken, seats.unknown) == (1, 1)
    # Another guild, linked to the same server: its people are this owner's people too.
    await story.second_guild(OTHER_GUILD)
    await execute(
        story.ledger,
        "INSERT INTO drift (link_id, kind, share_id, since) SELECT p.id, d.kind, d.share_id,"
        " d.since FROM drift d, plex_link p WHERE p.guild_id = :g",
        g=OTHER_GUILD,
    )
    there = Actor(OTHER_GUILD, 99, Right.ADMIN)
    async with story.ledger.begin() as work:
        [other] = await work.links.all_of(OTHER_GUILD)
        assert await work.seats.taken(other) == (1, 1)
    sent = await story.sent(BOB)
    async with story.ledger.begin() as work:
        assert await work.seats.taken(other) == (2, 1)
        assert await work.seats.taken(link, but=sent.id) == (1, 1)
    await execute(story.ledger, "UPDATE plex_link SET seats = 2")
    assert await yes(story, await asked(story, 3)) == "seats.server_full"
    # Whoever has a share by hand, under the name that is asked for, has a seat already.
    dave = await story.ask(104, "dave")
    assert await yes(story, dave) == "approved"
    key = await refusal_of(story.house.services.tiers.set_seats(there, link.id, "50"))
    assert key == "plex.not_set_up"


async def test_a_code_and_a_reviewer_at_the_same_instant(story: Story) -> None:
    """Whoever says yes first to the same request: nobody waits for the other in a circle."""
    services = story.house.services

    async def redeem(invite: Any) -> None:
        made = await services.codes.create(ADMIN, Wish())
        with contextlib.suppress(Refused):
            await services.invites.redeem(Actor(GUILD, invite.member_id), made.text)

    family = await second_tier(story)
    invites = [await asked(story, number) for number in range(6)]
    calls: list[Any] = []
    for invite in invites:
        calls += [yes(story, invite), redeem(invite)]
    async with asyncio.timeout(20):
        await asyncio.gather(*calls, services.tiers.delete(ADMIN, family))
    for invite in invites:
        assert await story.state(invite) is InviteState.APPROVED
