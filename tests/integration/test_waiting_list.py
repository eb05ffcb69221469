"""The waiting list: no seat is given twice, nobody is overtaken, nothing is forgotten."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from story import ADMIN, CAROL, GUILD, Story, execute, jobs_of, rows

from bot.domain.codes import Wish
from bot.domain.errors import LedgerUnavailable, Refused
from bot.domain.invites import EndReason, Invite, InviteState
from bot.domain.people import Actor
from bot.services.invites import Request
from bot.services.seats import ahead_of

SEATS, CROWD = 10, 200
S = InviteState


async def asked(story: Story, number: int) -> Invite:
    """Somebody new asks."""
    return await story.ask(1000 + number, f"member{number}@example.org")


async def yes(story: Story, invite: Invite, tier_id: int | None = None) -> Invite:
    """An admin approves, and once more where too many do at once for the database."""
    while True:
        try:
            present = await story.get(invite)
            approve = story.house.services.invites.approve
            return await approve(ADMIN, present.id, present.version, tier_id)
        except LedgerUnavailable:
            continue


async def place(story: Story, invite: Invite) -> int | None:
    """How many are ahead, as the member sees it."""
    view = await story.house.services.invites.view(Actor(GUILD, invite.member_id))
    return view.mine.ahead


async def fill(story: Story) -> None:
    """Give the free seats to those who wait, as the job does."""
    link = await story.link()
    await story.house.services.waiting.fill(link.id)


async def states(story: Story) -> dict[str, int]:
    """How many invites stand in each state."""
    found = await rows(story.ledger, "SELECT state, count(*) FROM invite GROUP BY state")
    return {row[0]: row[1] for row in found}


async def limit(story: Story, seats: int, table: str = "tier") -> None:
    """So many seats there are."""
    await execute(story.ledger, f"UPDATE {table} SET seats = {seats}")  # noqa: S608 - names of our own


async def second_tier(story: Story, seats: int | None = None) -> int:
    """Another tier with all libraries."""
    tiers, edits = story.house.services.tiers, story.house.services.tier_edits
    view = await tiers.create(ADMIN, "Family")
    await edits.choose(ADMIN, view.tier.id)
    typed = {"name": "Family", "days": "", "seats": str(seats or "")}
    await edits.set_details(ADMIN, view.tier.id, **typed)
    return view.tier.id


async def test_a_crowd_and_two_processes(story: Story, open_house: Any) -> None:
    """200 approvals at once in two processes: 10 have a seat, 190 a place each; then in order."""
    await limit(story, SEATS, "plex_link")
    other = Story(await open_house(), story.plex, story.clock)
    invites = [await asked(story, number) for number in range(CROWD)]
    await asyncio.gather(
        *(yes((story, other)[number % 2], invite) for number, invite in enumerate(invites))
    )
    assert await states(story) == {"approved": SEATS, "waitlisted": CROWD - SEATS}
    waiting = await rows(
        story.ledger,
        "SELECT id FROM invite WHERE state = 'waitlisted' ORDER BY waitlisted_at, id",
    )
    line = [row[0] for row in waiting]
    by_id = {invite.id: invite for invite in invites}
    async with story.ledger.begin() as work:
        places = [await ahead_of(work, await story.get(by_id[id_])) for id_ in line]
    assert places == list(range(CROWD - SEATS))
    # A seat frees: one is promoted, the first one, whichever process is faster.
    holders = [id_ for id_ in by_id if id_ not in set(line)]
    for left, id_ in enumerate(holders[:3], 1):
        await story.withdraw(by_id[id_])
        await asyncio.gather(fill(story), fill(other), yes(other, await asked(story, 900 + left)))
        present = await rows(story.ledger, "SELECT id FROM invite WHERE state = 'approved'")
        assert {row[0] for row in present} == {*holders[left:], *line[:left]}
    assert await place(story, by_id[line[3]]) == 0
    assert await place(story, by_id[line[-1]]) == CROWD - SEATS - 4


async def test_a_seat_goes_to_the_next_in_line(story: Story) -> None:
    """Ended, withdrawn and not taken free a seat, suspended does not; the sweep alone finds it."""
    access = story.house.services.access
    await limit(story, 1)
    first = await story.sent()
    story.world.accept(story.shares[0].share_id)
    await story.after(minutes=2)
    line = [await yes(story, await asked(story, number)) for number in range(4)]
    assert [await place(story, one) for one in line] == [0, 1, 2, 3]
    await access.suspend(ADMIN, first.id)
    await story.after(minutes=1)
    await fill(story)
    assert await states(story) == {"suspended": 1, "waitlisted": 4}
    await access.revoke(ADMIN, first.id)
    await story.sweep()
    await story.house.services.sweep.sweep()
    assert ("fill_seats", {"link_id": (await story.link()).id}) in await jobs_of(story.ledger)
    await fill(story)
    await fill(story)
    assert [await story.state(one) for one in line] == [S.APPROVED, *[S.WAITLISTED] * 3]
    assert await story.audit(line[0]) == [
        "invite.requested",
        "invite.waitlisted",
        "invite.promoted",
    ]
    await story.sweep()
    sent = await story.get(line[0])
    assert sent.state is S.SENT
    assert sent.sent_at is not None
    assert sent.take_by == sent.sent_at + timedelta(hours=48)
    # It is kept for so long, and goes to the next after that.
    await story.after(hours=47)
    await fill(story)
    assert await story.state(line[0]) is S.SENT
    await story.after(hours=2)
    await fill(story)
    ended = await story.get(line[0])
    assert (ended.state, ended.end_reason) == (S.ENDED, EndReason.NEVER_ACCEPTED)
    assert story.shares == []
    # Taken in time: it stays.
    await story.sweep()
    story.world.accept(story.shares[0].share_id)
    await story.after(minutes=30)
    await story.after(days=4)
    assert await story.state(line[1]) is S.ACTIVE
    assert (await story.get(line[1])).take_by is None
    await story.withdraw(line[2])
    assert await place(story, line[3]) == 0
    # Withdrawn while Plex still holds the invite: the seat is free when Plex has let go of it.
    await limit(story, 2)
    await fill(story)
    await story.sweep()
    last = await yes(story, await asked(story, 9))
    await limit(story, 2, "plex_link")
    await limit(story, 9)
    await story.withdraw(line[3])
    await fill(story)
    assert await story.state(last) is S.WAITLISTED
    await story.sweep()
    await fill(story)
    assert await story.state(last) is S.APPROVED


async def test_a_tier_and_the_server_are_both_full(story: Story) -> None:
    """Places are true where tier and server are limits; nobody takes what another waits for."""
    family = await second_tier(story, 1)
    await limit(story, 3, "plex_link")
    basic = [await yes(story, await asked(story, number)) for number in range(2)]
    holder = await yes(story, await asked(story, 2), family)
    assert await states(story) == {"approved": 3}
    of_family = [await yes(story, await asked(story, number), family) for number in (3, 4)]
    of_basic = [await yes(story, await asked(story, number)) for number in (5, 6)]
    # While the server is full everybody before counts.
    assert [await place(story, one) for one in (*of_family, *of_basic)] == [0, 1, 2, 3]
    # A seat of the server's frees: the first two need one of the tier, which has none.
    await story.withdraw(basic[0])
    await fill(story)
    assert [await story.state(one) for one in (*of_family, *of_basic)] == [
        S.WAITLISTED, S.WAITLISTED, S.APPROVED, S.WAITLISTED,
    ]  # fmt: skip
    await story.withdraw(holder)
    await fill(story)
    assert await story.state(of_family[0]) is S.APPROVED
    # More seats, one by one of the tier and all at once of the server.
    tiers, edits = story.house.services.tiers, story.house.services.tier_edits
    await tiers.set_seats(ADMIN, (await story.link()).id, "50")
    await fill(story)
    assert await story.state(of_basic[1]) is S.APPROVED
    assert await story.state(of_family[1]) is S.WAITLISTED
    assert await place(story, of_family[1]) == 0
    assert (await tiers.all(ADMIN)).waiting == {family: 1}
    await edits.set_details(ADMIN, family, name="Family", days="", seats="2")
    await fill(story)
    assert await story.state(of_family[1]) is S.APPROVED


async def test_a_code_waits_and_keeps_its_use(story: Story) -> None:
    """What approves by itself waits too; its use is held meanwhile, and given back at the end."""
    services = story.house.services
    await limit(story, 1)
    await story.approved()
    made = await services.codes.create(ADMIN, Wish(uses=1))
    member = Actor(GUILD, CAROL)
    request = Request("carol@example.org", code=made.text)
    view = await services.invites.request(member, request)
    assert view.invite is not None
    assert (view.invite.state, view.mine.ahead) == (S.WAITLISTED, 0)
    with pytest.raises(Refused, match=r"code\."):
        await services.invites.request(Actor(GUILD, 77), Request("x@example.org", code=made.text))
    with pytest.raises(Refused, match=r"invite\.moved_on"):
        await services.invites.redeem(member, (await services.codes.create(ADMIN, Wish())).text)
    await services.invites.withdraw(member, view.invite.id)
    again = await services.invites.request(member, request)
    assert again.invite is not None
    assert again.invite.state is S.WAITLISTED


async def test_an_admin_lets_somebody_in_out_of_turn(story: Story) -> None:
    """Only while a seat is free; whoever waits for it goes on waiting, and nothing is doubled."""
    await limit(story, 1)
    holder = await story.approved()
    line = [await yes(story, await asked(story, number)) for number in range(3)]
    with pytest.raises(Refused, match=r"seats\.tier_full"):
        await yes(story, line[2])
    await story.withdraw(holder)
    assert (await yes(story, line[2])).state is S.APPROVED
    await fill(story)
    assert [await story.state(one) for one in line] == [S.WAITLISTED, S.WAITLISTED, S.APPROVED]
    # Its approval taken back: a request like any other, at the end of the line when it comes again.
    taken = await story.get(line[2])
    back = await story.house.services.invites.undo(ADMIN, taken.id, taken.version)
    assert (back.state, back.waitlisted_at) == (S.REQUESTED, None)
    assert (await yes(story, back)).state is S.WAITLISTED
    assert await place(story, back) == 2
    await fill(story)
    assert await story.state(line[0]) is S.APPROVED
    present = await story.get(line[1])
    await story.house.services.invites.deny(ADMIN, present.id, present.version, "No")
    assert await place(story, back) == 0


async def test_what_is_waited_for_goes_away(story: Story) -> None:
    """A deleted tier's people wait for the default one; a guild without a list adds nobody."""
    services = story.house.services
    family = await second_tier(story, 1)
    await limit(story, 1)
    await yes(story, await asked(story, 1))
    holder = await yes(story, await asked(story, 2), family)
    waits = await yes(story, await asked(story, 3), family)
    await story.withdraw(holder)
    await services.tiers.delete(ADMIN, family)
    await fill(story)
    present = await story.get(waits)
    assert (present.state, present.tier_id == family) == (S.WAITLISTED, False)
    await services.settings.change(ADMIN, "waiting_list", ["no"])
    late = await asked(story, 4)
    with pytest.raises(Refused, match=r"seats\.tier_full"):
        await yes(story, late)
    # Nor does anybody take the seat of those who wait still.
    await limit(story, 2)
    with pytest.raises(Refused, match=r"seats\.awaited"):
        await yes(story, late)
    await fill(story)
    assert await story.state(waits) is S.APPROVED


async def test_a_seat_that_was_taken_once_is_not_taken_again(story: Story) -> None:
    """Who came from the list, was suspended and is restored has no two days to accept anew."""
    access = story.house.services.access
    await limit(story, 1)
    first = await story.approved()
    waited = await yes(story, await asked(story, 1))
    await story.withdraw(first)
    await fill(story)
    await story.sweep()
    story.world.accept(story.shares[0].share_id)
    await story.after(minutes=2)
    assert await story.state(waited) is S.ACTIVE
    await access.suspend(ADMIN, waited.id)
    await story.sweep()
    story.world.friends.clear()
    await access.restore(ADMIN, waited.id)
    await story.sweep()
    assert await story.state(waited) is S.SENT
    assert (await story.get(waited)).take_by is None
    await story.after(hours=49)
    assert await story.state(waited) is S.SENT
