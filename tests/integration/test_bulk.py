"""One word about many: carried out one by one, killed and resumed, stopped, refused."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from story import ADMIN, ALICE, BOB, GUILD, Story, execute, rows

from bot.domain.bulk import Bulk, BulkAction, BulkAnswer, BulkDetails, BulkOutcome, BulkProgress
from bot.domain.errors import LedgerUnavailable, Refused
from bot.domain.holders import HolderFilter, Standing
from bot.domain.invites import Invite, InviteState
from bot.domain.people import Actor, Right
from bot.services.access import AccessService
from bot.services.bulk import BulkService
from bot.services.bulk_run import AT_ONCE
from db.ledger import Work
from sandbox.plex import Fault

B = BulkOutcome
EVERYBODY = HolderFilter()


@pytest.fixture
def bulks(story: Story) -> BulkService:
    """The service under test."""
    return story.house.services.bulk


async def tier(story: Story, title: str) -> int:
    """Another tier of the guild, with one library."""
    await execute(
        story.ledger,
        "INSERT INTO tier (guild_id, link_id, name) SELECT guild_id, id, :title FROM plex_link",
        title=title,
    )
    await execute(
        story.ledger,
        "INSERT INTO tier_library SELECT tier.id, library.id FROM tier"
        " JOIN library ON library.title = tier.name",
    )
    [row] = await rows(story.ledger, "SELECT id FROM tier WHERE name = :title", title=title)
    return int(row.id)


async def several(story: Story, number: int) -> list[Invite]:
    """That many members with access."""
    sent = [
        await story.sent(member, f"m{member}@example.org") for member in range(100, 100 + number)
    ]
    for invite in sent:
        story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    story.lines()
    return [await story.get(invite) for invite in sent]


async def carried_on(story: Story, bulk: Bulk, times: int = 1, **time: float) -> BulkProgress:
    """Time passes, the bulk action goes on, and Plex does what it was asked for."""
    progress = None
    for _ in range(times):
        story.clock.advance(**(time or {"seconds": 5}))
        progress = await story.house.services.bulk_run.carry_on(bulk.id) or progress
        await story.sweep()
    assert progress is not None
    return progress


async def extensions(story: Story) -> Counter[int]:
    """How often each invite was extended, by the audit log."""
    found = await rows(
        story.ledger, "SELECT invite_id FROM audit_event WHERE action = 'access.extend'"
    )
    return Counter(row.invite_id for row in found)


async def test_many_are_suspended_a_few_at_a_time(story: Story, bulks: BulkService) -> None:
    """Only some are with Plex at once; in the end all are suspended, and it is told once."""
    invites = await several(story, AT_ONCE + 2)
    begun = await bulks.start(ADMIN, BulkAction.SUSPEND, EVERYBODY, BulkDetails(reason="Rebuild"))
    assert begun.counts == {B.WAITING: AT_ONCE + 2}
    assert await story.house.services.bulk_run.carry_on(begun.bulk.id) is None
    story.clock.advance(seconds=2)
    first = await story.house.services.bulk_run.carry_on(begun.bulk.id)
    assert first is not None
    assert first.counts == {B.ASKED: AT_ONCE, B.WAITING: 2}
    await story.sweep()
    done = await carried_on(story, begun.bulk, times=2)
    assert done.counts == {B.DONE: AT_ONCE + 2}
    assert done.bulk.finished_at is not None
    assert story.shares == []
    assert {await story.state(invite) for invite in invites} == {InviteState.SUSPENDED}
    assert await story.house.services.bulk_run.carry_on(begun.bulk.id) is None
    [line] = await rows(story.ledger, "SELECT * FROM audit_event WHERE action = 'bulk.finished'")
    assert line.details["counts"] == {"done": AT_ONCE + 2}
    found = await rows(
        story.ledger,
        "SELECT actor_id, why, details FROM audit_event WHERE action = 'access.suspend'",
    )
    assert {(row.actor_id, row.why, row.details["bulk"]) for row in found} == {
        (ALICE, "Rebuild", begun.bulk.id)
    }


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
async def test_killed_at_every_commit(
    story: Story, bulks: BulkService, monkeypatch: pytest.MonkeyPatch, is_after: bool
) -> None:
    """Killed before or after any of its commits, nobody is left out and nobody is done twice."""
    invites = await several(story, 2)
    commit, left = Work.commit, 0

    async def dying(self: Work) -> None:
        nonlocal left
        left -= 1
        if left == 0 and not is_after:
            raise LedgerUnavailable
        await commit(self)
        if left == 0:
            raise LedgerUnavailable

    for number in range(1, 30):
        begun = await bulks.start(ADMIN, BulkAction.EXTEND, EVERYBODY, BulkDetails(until="1h"))
        story.clock.advance(seconds=2)
        left = number
        monkeypatch.setattr(Work, "commit", dying)
        died = False
        try:
            await story.house.services.bulk_run.carry_on(begun.bulk.id)
        except LedgerUnavailable:
            died = True
        monkeypatch.setattr(Work, "commit", commit)
        story.clock.advance(seconds=25)
        await story.house.services.bulk_run.carry_on(begun.bulk.id)
        done = await bulks.get(ADMIN, begun.bulk.id)
        assert done.counts == {B.DONE: 2}, number
        assert done.bulk.finished_at is not None
        assert await extensions(story) == {invite.id: number for invite in invites}
        if not died:
            break
    # The claim, two turns, two words, two outcomes, the last turn and the end.
    assert number == 10


async def test_two_at_it_at_once(story: Story, bulks: BulkService) -> None:
    """A second worker that takes it over by mistake does nothing a second time."""
    invites = await several(story, 2)
    begun = await bulks.start(ADMIN, BulkAction.EXTEND, EVERYBODY, BulkDetails(until="30d"))
    story.clock.advance(seconds=2)
    actor = replace(ADMIN, bulk_id=begun.bulk.id)
    access = story.house.services.access
    await access.extend(actor, invites[0].id, "30d")
    with pytest.raises(Refused, match=r"access\.moved_on"):
        await access.extend(actor, invites[0].id, "30d")
    done = await carried_on(story, begun.bulk)
    assert done.counts == {B.DONE: 2}
    assert await extensions(story) == {invite.id: 1 for invite in invites}


async def test_stop(story: Story, bulks: BulkService) -> None:
    """Whoever is waiting is left alone; what Plex was asked for is finished."""
    await several(story, AT_ONCE + 3)
    begun = await bulks.start(ADMIN, BulkAction.REVOKE, EVERYBODY)
    story.clock.advance(seconds=2)
    await story.house.services.bulk_run.carry_on(begun.bulk.id)
    other = Actor(GUILD, 13, Right.ADMIN)
    stopped = await bulks.stop(other, begun.bulk.id)
    assert stopped.bulk.stopped_at is not None
    with pytest.raises(Refused, match=r"bulk\.over"):
        await bulks.stop(other, begun.bulk.id)
    await story.sweep()
    done = await carried_on(story, begun.bulk)
    assert done.counts == {B.DONE: AT_ONCE, B.WAITING: 3}
    assert done.bulk.finished_at is not None
    assert len(story.shares) == 3


async def test_who_cannot_be_is_told_with_the_reason(
    story: Story, bulks: BulkService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who moved on between list and action is refused, and the rest is done."""
    invites = await several(story, 3)
    begun = await bulks.start(ADMIN, BulkAction.SUSPEND, EVERYBODY)
    access = story.house.services.access
    await access.suspend(ADMIN, invites[0].id)
    await access.revoke(ADMIN, invites[1].id)
    await story.sweep()
    done = await carried_on(story, begun.bulk, times=2)
    assert done.counts == {B.REFUSED: 2, B.DONE: 1}
    assert [(p.key, dict(p.params), p.n) for p in done.problems] == [
        ("access.ended", {"why": "revoked"}, 1),
        ("access.suspended_already", {}, 1),
    ]
    monkeypatch.setattr("db.bulk.PAGE", 2)
    _, items = await bulks.results(ADMIN, begun.bulk.id)
    assert [item.invite_id for item in items] == [invite.id for invite in invites]
    assert [item.outcome for item in items] == [B.REFUSED, B.REFUSED, B.DONE]
    assert [item.login for item in items] == ["m***@example.org"] * 3


async def test_what_somebody_else_did_meanwhile(story: Story, bulks: BulkService) -> None:
    """Restored by hand while Plex is asked to suspend: that word is the later one, and told."""
    [invite] = await several(story, 1)
    story.world.faults.add(Fault("*", "status", status=503))
    begun = await bulks.start(ADMIN, BulkAction.SUSPEND, [invite.id])
    assert (await carried_on(story, begun.bulk)).counts == {B.ASKED: 1}
    await story.house.services.access.restore(ADMIN, invite.id)
    story.world.faults.clear()
    done = await carried_on(story, begun.bulk, times=2, seconds=61)
    assert [problem.key for problem in done.problems] == ["bulk.overtaken"]
    assert await story.state(invite) is InviteState.ACTIVE


async def test_plex_is_away_for_long(story: Story, bulks: BulkService) -> None:
    """What keeps failing is told as failed, with the reason; the wish stays, and is done later."""
    [invite] = await several(story, 1)
    story.world.faults.add(Fault("*", "status", status=503))
    begun = await bulks.start(ADMIN, BulkAction.SUSPEND, [invite.id])
    for _ in range(14):
        done = await carried_on(story, begun.bulk, seconds=400)
        if done.bulk.finished_at is not None:
            break
    assert done.counts == {B.FAILED: 1}
    assert [problem.key for problem in done.problems] == ["plex.answer_lost"]
    story.world.faults.clear()
    await story.after(minutes=20)
    assert await story.state(invite) is InviteState.SUSPENDED


async def test_the_own_access_is_left_out(story: Story, bulks: BulkService) -> None:
    """Nobody decides about themselves, and it is said; a word about a whole tier includes them."""
    own = await story.sent(BOB)
    await story.sent(100, "m100@example.org")
    bob = Actor(GUILD, BOB, Right.ADMIN)
    draft = await bulks.prepare(bob, BulkAction.SUSPEND, EVERYBODY)
    assert (draft.total, draft.details.left_own) == (1, 1)
    tier_id = await tier(story, "Films")
    for action, details in (
        (BulkAction.MOVE, BulkDetails(tier_id=tier_id, with_own=True)),
        (BulkAction.APPLY_TIER, BulkDetails(with_own=True)),
    ):
        begun = await bulks.start(bob, action, EVERYBODY, details)
        assert (await carried_on(story, begun.bulk, times=2)).counts == {B.DONE: 2}
    assert (await story.get(own)).tier_id == tier_id
    with pytest.raises(Refused, match=r"bulk\.nobody"):
        await bulks.start(bob, BulkAction.EXTEND, [own.id], BulkDetails(until="1d"))


async def test_the_owner_is_left_out(story: Story, bulks: BulkService) -> None:
    """Nobody can take the access of the server's owner."""
    await several(story, 2)
    await execute(
        story.ledger,
        "UPDATE plex_link SET owner_account_id = (SELECT max(account_id) FROM invite)",
    )
    draft = await bulks.prepare(ADMIN, BulkAction.REVOKE, EVERYBODY)
    assert (draft.total, draft.details.left_owner) == (1, 1)


async def test_who_is_meant_is_fixed(story: Story, bulks: BulkService) -> None:
    """Whoever comes to match the filter after it was prepared is not touched."""
    await several(story, 2)
    draft = await bulks.prepare(ADMIN, BulkAction.SUSPEND, HolderFilter(Standing.ACTIVE))
    late = await story.sent(BOB)
    story.world.accept(late.share_id or 0)
    await story.after(seconds=61)
    await bulks.confirm(ADMIN, draft.id)
    await carried_on(story, draft, times=2)
    assert await story.state(late) is InviteState.ACTIVE
    assert len(story.shares) == 1


async def test_ending_is_confirmed_by_its_number(story: Story, bulks: BulkService) -> None:
    """Another number changes nothing; nor does somebody else's draft, or a second press."""
    await several(story, 2)
    draft = await bulks.prepare(ADMIN, BulkAction.REVOKE, EVERYBODY)
    for typed in ("", "3", "two", "²"):
        with pytest.raises(Refused, match=r"bulk\.number_wrong"):
            await bulks.confirm(ADMIN, draft.id, typed_total=typed)
    for stranger in (Actor(GUILD, 13, Right.ADMIN), Actor(GUILD + 1, ALICE, Right.ADMIN)):
        with pytest.raises(Refused, match=r"bulk\.unknown"):
            await bulks.confirm(stranger, draft.id, typed_total="2")
    assert await bulks.recent(ADMIN) == []
    await bulks.confirm(ADMIN, draft.id, typed_total=" 2 ")
    with pytest.raises(Refused, match=r"bulk\.begun"):
        await bulks.confirm(ADMIN, draft.id, typed_total="2")
    assert [found.bulk.id for found in await bulks.recent(ADMIN)] == [draft.id]


async def test_what_cannot_be_for_anybody_is_refused_at_once(
    story: Story, bulks: BulkService
) -> None:
    """A time that cannot be read, a tier of another guild, nobody, a reviewer."""
    await several(story, 1)
    reviewer = Actor(GUILD, 12, Right.REVIEWER)
    for actor, action, who, details, key in (
        (ADMIN, BulkAction.EXTEND, EVERYBODY, BulkDetails(until="soon"), "duration.unreadable"),
        (ADMIN, BulkAction.MOVE, EVERYBODY, BulkDetails(tier_id=999), "tier.unknown"),
        (ADMIN, BulkAction.SUSPEND, HolderFilter(Standing.ENDED), BulkDetails(), "bulk.nobody"),
        (ADMIN, BulkAction.SUSPEND, [10**9], BulkDetails(), "bulk.nobody"),
        (ADMIN, BulkAction.SUSPEND, EVERYBODY, BulkDetails(reason="x" * 301), "reason.too_long"),
        (reviewer, BulkAction.EXTEND, EVERYBODY, BulkDetails(until="1d"), "right.admin_needed"),
    ):
        with pytest.raises(Refused, match=key.replace(".", r"\.")):
            await bulks.start(actor, action, who, details)
    assert await rows(story.ledger, "SELECT 1 FROM bulk") == []


async def test_the_tier_is_applied(story: Story, bulks: BulkService) -> None:
    """Active shares are changed on Plex, suspended ones get it when they come back."""
    active, suspended = await several(story, 2)
    access = story.house.services.access
    await access.suspend(ADMIN, suspended.id)
    await story.sweep()
    await execute(
        story.ledger,
        "DELETE FROM tier_library WHERE library_id NOT IN"
        " (SELECT id FROM library WHERE title = 'Films')",
    )
    await execute(story.ledger, "UPDATE tier SET allow_sync = true")
    begun = await bulks.start(ADMIN, BulkAction.APPLY_TIER, EVERYBODY)
    done = await carried_on(story, begun.bulk, times=2)
    assert done.counts == {B.DONE: 2}
    await access.restore(ADMIN, suspended.id)
    await story.sweep()
    assert len(story.shares) == 2
    for share in story.shares:
        assert [library.title for library in share.libraries] == ["Films"]
        assert share.settings.flags["allowSync"]
    assert "access.apply_tier" in await story.audit(active)


async def test_a_tier_that_changes_while_it_is_being_applied(
    story: Story, bulks: BulkService
) -> None:
    """An attempt that is under way with the old libraries does not count as the new ones."""
    [invite] = await several(story, 1)
    access, changing = story.house.services.access, story.house.services.changing
    await access.apply_tier(ADMIN, invite.id)
    errand = await changing.begin(invite.id)
    assert errand is not None
    assert errand.tier is not None
    await execute(story.ledger, "UPDATE tier SET allow_sync = true")
    await access.apply_tier(ADMIN, invite.id)
    await changing.updated(errand, errand.tier.grant)
    await story.after(seconds=25)
    assert story.shares[0].settings.flags["allowSync"]
    assert (await story.get(invite)).change is None


async def test_drafts_are_forgotten_and_tokens_end(story: Story, bulks: BulkService) -> None:
    """What nobody confirms is gone after an hour; a private answer counts for a quarter of one."""
    await several(story, 1)
    draft = await bulks.prepare(ADMIN, BulkAction.SUSPEND, EVERYBODY)
    story.clock.advance(minutes=61)
    await story.house.services.sweep.tidy()
    with pytest.raises(Refused, match=r"bulk\.unknown"):
        await bulks.confirm(ADMIN, draft.id)
    answer = BulkAnswer(5, "a-secret-token")
    begun = await bulks.start(ADMIN, BulkAction.SUSPEND, EVERYBODY, answer=answer)
    [row] = await rows(story.ledger, "SELECT answer_sealed FROM bulk")
    assert b"a-secret-token" not in row.answer_sealed
    assert (await carried_on(story, begun.bulk)).bulk.answer == answer
    story.world.faults.add(Fault("*", "status", status=503))
    assert (await carried_on(story, begun.bulk, minutes=14)).bulk.answer is None


async def test_one_that_nobody_foresaw(
    story: Story, bulks: BulkService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of Helpr's own about one does not keep the others from being done."""
    first, second = await several(story, 2)
    by_hand = AccessService.suspend

    async def odd(self: AccessService, actor: Actor, invite_id: int, reason: str) -> Any:
        if invite_id == first.id:
            raise LookupError("odd")
        return await by_hand(self, actor, invite_id, reason)

    monkeypatch.setattr(AccessService, "suspend", odd)
    begun = await bulks.start(ADMIN, BulkAction.SUSPEND, EVERYBODY)
    done = await carried_on(story, begun.bulk, times=2)
    assert done.counts == {B.FAILED: 1, B.DONE: 1}
    assert [problem.key for problem in done.problems] == ["unexpected"]
    assert await story.state(second) is InviteState.SUSPENDED
