"""What becomes of access once it was given: suspended, restored, moved, extended, ended."""

from datetime import timedelta
from typing import Any

import pytest
from story import ADMIN, BOB, CAROL, GUILD, Story, execute, rows

from bot.domain.errors import Refused
from bot.domain.invites import Change, EndReason, Invite, InviteState
from bot.domain.people import Actor, Right
from bot.services.access import AccessService
from sandbox.plex import Fault
from sandbox.plex.model import Share

DELETE = "DELETE /api/v2/shared_servers/*"
S = InviteState


@pytest.fixture
def access(story: Story) -> AccessService:
    """The service under test."""
    return story.house.services.access


async def active(story: Story, member: int = BOB, login: str = "bob@example.org") -> Invite:
    """A member who has accepted on Plex."""
    invite = await story.sent(member, login)
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    found = await story.get(invite)
    assert found.state is S.ACTIVE
    story.lines()
    return found


async def tier(story: Story, *titles: str, days: int | None = None) -> int:
    """Another tier of the guild, with these libraries."""
    [[id_]] = await rows(
        story.ledger,
        "SELECT nextval(pg_get_serial_sequence('tier', 'id'))",
    )
    await execute(
        story.ledger,
        "INSERT INTO tier (id, guild_id, link_id, name, duration_days, allow_sync)"
        " SELECT :id, guild_id, id, :name, :days, true FROM plex_link WHERE guild_id = :guild"
        " ORDER BY id LIMIT 1",
        id=id_,
        name=" and ".join(titles) or "Nothing",
        days=days,
        guild=GUILD,
    )
    await execute(
        story.ledger,
        "INSERT INTO tier_library SELECT :id, id FROM library WHERE title = ANY (:titles)",
        id=id_,
        titles=list(titles),
    )
    return int(id_)


def given(share: Share) -> tuple[Any, ...]:
    """Everything that a share gives."""
    settings = share.settings
    return sorted(share.section_ids), dict(settings.flags), dict(settings.filters)


def odd(story: Story, share: Share) -> None:
    """Give a share what no tier has: two libraries, a flag, filters."""
    story.world.set_sections(share, share.section_ids[:2])
    share.settings.flags["allowSync"] = True
    share.settings.filters["filterMovies"] = "contentRating=G%2CPG|label!=a b"
    share.settings.filters["filterTelevision"] = "contentRating=TV-G"


async def test_suspend_and_restore_put_back_exactly_the_same(
    story: Story, access: AccessService
) -> None:
    """Libraries, flags and filters come back as they were, whoever had set them."""
    invite = await active(story)
    odd(story, story.shares[0])
    before = given(story.shares[0])
    view = await access.suspend(ADMIN, invite.id, "too loud")
    assert (view.invite.state, view.invite.change) == (S.ACTIVE, Change.SUSPEND)
    await story.sweep()
    suspended = await story.get(invite)
    assert (suspended.state, suspended.change, suspended.share_id) == (S.SUSPENDED, None, None)
    assert story.shares == []

    await access.restore(ADMIN, invite.id)
    await story.sweep()
    restored = await story.get(invite)
    assert restored.state is S.ACTIVE
    assert given(story.shares[0]) == before
    assert (await story.audit(invite))[-4:] == [
        "access.suspend",
        "access.suspended",
        "access.restore",
        "invite.active",
    ]


async def test_a_fresh_acceptance_is_a_state_of_its_own(
    story: Story, access: AccessService
) -> None:
    """Where Plex wants the person to accept again: suspended, sending, sent, active."""
    invite = await active(story)
    await access.suspend(ADMIN, invite.id)
    await story.sweep()
    story.world.fresh_acceptance = True
    view = await access.restore(ADMIN, invite.id)
    assert view.invite.state is S.SENDING
    await story.sweep()
    assert await story.state(invite) is S.SENT
    story.world.accept(story.shares[0].share_id)
    await story.after(seconds=61)
    assert await story.state(invite) is S.ACTIVE


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "malformed", "empty"])
async def test_a_lost_answer_to_a_suspension(
    story: Story, access: AccessService, kind: str
) -> None:
    """Whatever becomes of Plex's answer, what was given is remembered from before."""
    invite = await active(story)
    odd(story, story.shares[0])
    before = given(story.shares[0])
    story.world.faults.add(Fault(match=DELETE, kind=kind, times=1))
    await access.suspend(ADMIN, invite.id)
    await story.sweep()
    await story.after(seconds=10)
    assert await story.state(invite) is S.SUSPENDED
    assert story.shares == []
    await access.restore(ADMIN, invite.id)
    await story.sweep()
    assert given(story.shares[0]) == before


async def test_a_suspension_that_is_called_off_in_time(story: Story, access: AccessService) -> None:
    """Restored before Plex was asked, the share is left as it is."""
    invite = await active(story)
    share = story.shares[0]
    await access.suspend(ADMIN, invite.id)
    await access.restore(ADMIN, invite.id)
    await story.sweep()
    found = await story.get(invite)
    assert (found.state, found.change) == (S.ACTIVE, None)
    assert story.shares == [share]


async def test_a_suspension_that_is_called_off_too_late(
    story: Story, access: AccessService
) -> None:
    """Restored while Plex was at it, the share is made anew, with the same in it."""
    invite = await active(story)
    odd(story, story.shares[0])
    before = given(story.shares[0])
    await access.suspend(ADMIN, invite.id)
    changing = story.house.services.changing
    errand = await changing.begin(invite.id)
    assert errand is not None
    share = await story.changing._share_of(errand)
    assert share is not None
    await changing.remember(errand, share.grant)
    await story.changing._remove(errand, share)
    await access.restore(ADMIN, invite.id)
    await changing.suspended(errand)
    assert await story.state(invite) is S.ACTIVE
    await story.sweep()
    await story.sweep()
    assert await story.state(invite) is S.ACTIVE
    assert given(story.shares[0]) == before


async def test_a_restore_without_the_libraries_that_are_gone(
    story: Story, access: AccessService
) -> None:
    """Libraries that left the server are named; the rest waits until an admin says so."""
    invite = await active(story)
    await access.suspend(ADMIN, invite.id)
    await story.sweep()
    gone = story.world.server.libraries[0]
    story.world.remove_library(gone.id)
    await execute(
        story.ledger, "UPDATE library SET gone_at = now() WHERE section_id = :id", id=gone.id
    )
    with pytest.raises(Refused) as caught:
        await access.restore(ADMIN, invite.id)
    assert caught.value.key == "restore.libraries_gone"
    assert caught.value.params["titles"] == gone.title
    assert await story.state(invite) is S.SUSPENDED
    await access.restore(ADMIN, invite.id, without_gone=True)
    await story.sweep()
    assert await story.state(invite) is S.ACTIVE
    assert gone.id not in story.shares[0].section_ids
    assert len(story.shares[0].section_ids) == 4


async def test_a_library_that_goes_during_a_restore(story: Story, access: AccessService) -> None:
    """What the ledger did not know yet is found out by Plex's refusal, and said on the card."""
    invite = await active(story)
    await access.suspend(ADMIN, invite.id)
    await story.sweep()
    story.world.remove_library(story.world.server.libraries[0].id)
    await access.restore(ADMIN, invite.id)
    await story.sweep()
    for _ in range(4):
        await story.after(minutes=2)
    found = await story.get(invite)
    assert (found.state, found.failure_key) == (S.SUSPENDED, "restore.libraries_gone")
    assert story.shares == []


async def test_moving_to_another_tier(story: Story, access: AccessService) -> None:
    """The share gets exactly the new tier's libraries and settings, and keeps its number."""
    invite = await active(story)
    share_id = story.shares[0].share_id
    other = await tier(story, "Music", "Kids")
    view = await access.move(ADMIN, invite.id, other)
    assert (view.invite.state, view.invite.change) == (S.ACTIVE, Change.UPDATE)
    await story.sweep()
    found = await story.get(invite)
    assert (found.state, found.change, found.tier_id) == (S.ACTIVE, None, other)
    [share] = story.shares
    assert share.share_id == share_id
    titles = {lib.title for lib in story.world.server.libraries if lib.id in share.section_ids}
    assert titles == {"Music", "Kids"}
    assert share.settings.flags["allowSync"]


async def test_moving_to_nothing_is_refused(story: Story, access: AccessService) -> None:
    """A tier without libraries would mean ALL to Plex."""
    invite = await active(story)
    empty = await tier(story)
    for wanted, key in ((empty, "tier.no_libraries"), (999, "tier.unknown")):
        with pytest.raises(Refused) as caught:
            await access.move(ADMIN, invite.id, wanted)
        assert caught.value.key == key
    await story.sweep()
    assert len(story.shares[0].section_ids) == 5


@pytest.mark.parametrize("accepted", [False, True])
async def test_revoking_takes_the_share_back(
    story: Story, access: AccessService, accepted: bool
) -> None:
    """Pending or accepted, by the share's number; ended once Plex's listing agrees."""
    invite = await (active(story) if accepted else story.sent())
    story.lines()
    await access.revoke(ADMIN, invite.id)
    assert await story.state(invite) is (S.ACTIVE if accepted else S.SENT)
    await story.sweep()
    found = await story.get(invite)
    assert (found.state, found.end_reason, found.change) == (S.ENDED, EndReason.REVOKED, None)
    assert story.shares == []
    lines = story.lines()
    assert [line for line in lines if line.startswith("DELETE")] == [
        f"DELETE /api/v2/shared_servers/{invite.share_id}"
    ]
    assert lines.index(f"DELETE /api/v2/shared_servers/{invite.share_id}") < len(lines) - 1


async def test_revoked_is_only_said_when_plex_agrees(story: Story, access: AccessService) -> None:
    """While Plex still lists the share nobody is told that it is gone."""
    invite = await active(story)
    story.world.faults.add(Fault(match=DELETE, kind="status", status=200, body="{}", times=1))
    await access.revoke(ADMIN, invite.id)
    await story.sweep()
    found = await story.get(invite)
    assert (found.state, found.change) == (S.ACTIVE, Change.END)
    assert found.failure_key is not None
    await story.after(seconds=10)
    assert await story.state(invite) is S.ENDED
    assert story.shares == []


async def test_access_ends_at_its_instant(story: Story, access: AccessService) -> None:
    """Never early, whatever happens to run; and the member may ask again."""
    await execute(story.ledger, "UPDATE tier SET duration_days = 30")
    invite = await active(story)
    assert invite.expires_at is not None
    left = invite.expires_at - story.clock.now()
    await story.after(seconds=left.total_seconds() - 2)
    found = await story.get(invite)
    assert (found.state, found.change) == (S.ACTIVE, None)
    await story.after(seconds=3)
    found = await story.get(invite)
    assert (found.state, found.end_reason) == (S.ENDED, EndReason.EXPIRED)
    assert story.shares == []
    assert found.ended_at is not None
    assert found.ended_at >= invite.expires_at


@pytest.mark.parametrize("when", ["before", "after"])
async def test_extending(story: Story, access: AccessService, when: str) -> None:
    """Before the end it is one number; after it access is given anew, without a complaint."""
    await execute(story.ledger, "UPDATE tier SET duration_days = 30")
    invite = await active(story)
    if when == "after":
        await story.after(days=31)
        assert await story.state(invite) is S.ENDED
    story.lines()
    view = await access.extend(ADMIN, invite.id, "30d")
    if when == "before":
        assert story.lines() == []
        assert invite.expires_at is not None
        assert view.invite.expires_at == invite.expires_at + timedelta(days=30)
    await story.sweep()
    found = await story.get(invite)
    assert (found.state, found.failure_key) == (S.ACTIVE, None)
    assert len(story.shares) == 1
    await story.after(days=45)
    assert await story.state(invite) is (S.ACTIVE if when == "before" else S.ENDED)


async def test_extended_while_the_end_is_at_work(story: Story, access: AccessService) -> None:
    """The end that Plex has half done is called off: access is there again, by a share."""
    await execute(story.ledger, "UPDATE tier SET duration_days = 1")
    invite = await active(story)
    story.clock.advance(days=2)
    await story.house.services.sweep.sweep()
    changing = story.house.services.changing
    errand = await changing.begin(invite.id)
    assert errand is not None
    share = await story.changing._share_of(errand)
    assert share is not None
    await story.changing._remove(errand, share)
    view = await access.extend(ADMIN, invite.id, "7d")
    assert (view.invite.state, view.invite.change) == (S.ACTIVE, Change.KEEP)
    await changing.over(errand, "released")
    await story.sweep()
    await story.sweep()
    assert await story.state(invite) is S.ACTIVE
    assert len(story.shares) == 1


async def test_what_nobody_accepts_is_taken_back(story: Story) -> None:
    """Brought to mind after 3 days, taken back after 14; the member can ask anew."""
    invite = await story.sent()
    await story.after(days=2, hours=23)
    assert (await story.get(invite)).nudged_at is None
    await story.after(hours=2)
    assert (await story.get(invite)).nudged_at is not None
    await story.after(days=10)
    assert await story.state(invite) is S.SENT
    await story.after(days=1)
    found = await story.get(invite)
    assert (found.state, found.end_reason) == (S.ENDED, EndReason.NEVER_ACCEPTED)
    assert story.shares == []
    assert (await story.sent()).state is S.SENT


async def test_accepted_in_the_last_moment(story: Story) -> None:
    """Who has accepted on Plex before the invite is taken back keeps it."""
    invite = await story.sent()
    await execute(story.ledger, "UPDATE plex_link SET reconcile_due_at = NULL")
    story.world.accept(invite.share_id or 0)
    story.clock.advance(days=15)
    await story.sweep()
    found = await story.get(invite)
    assert (found.state, found.change) == (S.ACTIVE, None)
    assert len(story.shares) == 1


@pytest.mark.parametrize("setting", ["nudge_days", "withdraw_days"])
async def test_never_is_a_choice(story: Story, setting: str) -> None:
    """0 days: nobody is reminded, or nothing is taken back."""
    changes = {
        "nudge_days": "UPDATE guild SET nudge_days = 0",
        "withdraw_days": "UPDATE guild SET withdraw_days = 0",
    }
    await execute(story.ledger, changes[setting])
    invite = await story.sent()
    await story.after(days=30)
    found = await story.get(invite)
    if setting == "nudge_days":
        assert found.nudged_at is None
    else:
        assert found.state is S.SENT


async def test_a_share_that_another_guild_lives_from_stays(
    story: Story, access: AccessService
) -> None:
    """Plex has one share for a server and an account, however many guilds are linked to it."""
    invite = await active(story)
    await execute(
        story.ledger,
        "INSERT INTO guild (id) VALUES (:g)",
        g=GUILD + 1,
    )
    await execute(
        story.ledger,
        "INSERT INTO plex_link (guild_id, state, base_url, token_sealed, machine_identifier,"
        " owner_account_id) SELECT :g, state, base_url, token_sealed, machine_identifier,"
        " owner_account_id FROM plex_link",
        g=GUILD + 1,
    )
    await execute(
        story.ledger,
        "INSERT INTO tier (guild_id, link_id, name, is_default)"
        " SELECT guild_id, id, 'There', true FROM plex_link WHERE guild_id = :g",
        g=GUILD + 1,
    )
    await execute(
        story.ledger,
        "INSERT INTO invite (guild_id, member_id, link_id, tier_id, state, login_kind,"
        " login_sealed, login_blind, share_id, account_id)"
        " SELECT :g, 99, t.link_id, t.id, 'active', i.login_kind, i.login_sealed, i.login_blind,"
        " i.share_id, i.account_id FROM invite i, tier t WHERE t.guild_id = :g",
        g=GUILD + 1,
    )
    await access.revoke(ADMIN, invite.id)
    await story.sweep()
    assert await story.state(invite) is S.ENDED
    assert len(story.shares) == 1


async def test_what_cannot_be(story: Story, access: AccessService) -> None:
    """Each impossible wish is refused by its own key, and changes nothing."""
    invite = await active(story)
    nobody = Actor(GUILD + 1, 5, Right.ADMIN)
    own = Actor(GUILD, BOB, Right.ADMIN)
    before = await rows(story.ledger, "SELECT * FROM invite")
    wishes = [
        (access.restore(ADMIN, invite.id), "access.not_suspended"),
        (access.restore(own, invite.id), "access.own"),
        (access.extend(own, invite.id, "3d"), "access.own"),
        (access.extend(ADMIN, invite.id, "0d"), "duration.not_positive"),
        (access.extend(ADMIN, invite.id, "-3 days"), "duration.not_positive"),
        (access.extend(ADMIN, invite.id, "500 years"), "duration.too_long"),
        (access.extend(ADMIN, invite.id, "99999999 years"), "duration.too_long"),
        (access.extend(ADMIN, invite.id, "2020-01-01"), "duration.past"),
        (access.extend(ADMIN, invite.id, "2027-02-30"), "duration.no_such_day"),
        (access.extend(ADMIN, invite.id, "soon"), "duration.unreadable"),
        (access.retry(ADMIN, invite.id), "access.nothing_to_retry"),
        (access.suspend(nobody, invite.id), "invite.unknown"),
        (access.revoke(nobody, invite.id), "invite.unknown"),
        (access.leave(Actor(GUILD, CAROL), invite.id), "invite.unknown"),
        (access.move(ADMIN, invite.id, invite.tier_id or 0), "access.tier_already"),
    ]
    for wish, key in wishes:
        with pytest.raises(Refused) as caught:
            await wish
        assert caught.value.key == key
    assert await rows(story.ledger, "SELECT * FROM invite") == before
    await access.suspend(ADMIN, invite.id)
    with pytest.raises(Refused) as caught:
        await access.suspend(ADMIN, invite.id)
    assert caught.value.key == "access.suspended_already"
    await access.revoke(ADMIN, invite.id)
    await story.sweep()
    for wish in (access.extend(ADMIN, invite.id, "3d"), access.suspend(ADMIN, invite.id)):
        with pytest.raises(Refused) as caught:
            await wish
        assert caught.value.key == "access.ended"


async def test_work_that_keeps_failing_is_told_and_tried_again(
    story: Story, access: AccessService
) -> None:
    """After many failures admins are told once; their word, or success, ends it."""
    invite = await active(story)
    fault = story.world.faults.add(Fault(match=DELETE, kind="status", status=500))
    await access.revoke(ADMIN, invite.id)
    for _ in range(14):
        await story.after(minutes=6)
    found = await story.get(invite)
    assert found.stuck_at is not None
    notices = await rows(story.ledger, "SELECT kind, cleared_at, details FROM notice")
    assert [(row.kind, row.cleared_at) for row in notices] == [("stuck", None)]
    story.world.faults.remove(fault)
    assert await story.house.services.troubles.retry_all(ADMIN) == 1
    await story.sweep()
    assert await story.state(invite) is S.ENDED
    [row] = await rows(story.ledger, "SELECT cleared_at FROM notice")
    assert row.cleared_at is not None


async def test_patience_counts_for_everybody(story: Story) -> None:
    """When Plex asks for patience, no other invite of the same owner asks before that time."""
    story.world.faults.add(
        Fault(match="*", kind="status", status=429, headers={"Retry-After": "90"}, times=1)
    )
    await story.sent()
    story.lines()
    other = await story.sent(CAROL, "carol@example.org")
    assert (other.state, other.failure_key) == (S.SENDING, "plex.busy")
    await story.after(seconds=60)
    assert story.lines() == []
    await story.after(seconds=35)
    assert await story.state(other) is S.SENT
    assert len(story.shares) == 2
