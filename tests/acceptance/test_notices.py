"""What admins are told once, see mended in the same message, and can have tried again."""

from typing import Any

import pytest
import simcord
import unseen
from lives import access, my_plex
from stage import Stage, button, labels, refusal, said, words

from sandbox.plex import Fault

SHARING = "POST /api/*shared_servers"


def notices(stage: Stage) -> list[Any]:
    """The messages in the request channel that are no cards, oldest first."""
    return [one for one in stage.cards() if "asks for access" not in words(one)]


def notice(stage: Stage) -> Any:
    """The one notice that there is."""
    [found] = notices(stage)
    return found


async def status(stage: Stage) -> Any:
    """Alice's `/plex status`."""
    return await stage.slash(stage.alice, "plex status")


# -- a token that Plex refuses ------------------------------------------------------------------


async def test_a_dead_token_is_told_once(stage: Stage) -> None:
    """One message, whatever fails because of it, and however long."""
    await stage.active(stage.bob)
    await stage.requested(stage.carol, "carol")
    stage.plex.world.revoke_token()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    text = words(notice(stage))
    assert "Home Media needs an admin" in text
    assert "Plex no longer accepts the owner's sign-in" in text
    assert "what waits goes on once this is fixed" in text
    assert "Since <t:" in text
    assert stage.plex.owner_token not in text
    await access(stage, "suspend", stage.bob)
    await stage.slash(stage.alice, "plex status")
    assert "accepts the owner's sign-in" in refusal(await stage.slash(stage.alice, "plex connect"))
    for _ in range(20):
        await stage.pass_time(minutes=5)
    assert words(notice(stage)) == text
    assert "no longer accepts the owner's sign-in" in said(await status(stage))


async def test_a_mended_token(stage: Stage) -> None:
    """The same message says so, it keeps no buttons, and all that waited goes on by itself."""
    await stage.sent(stage.bob)
    [share] = stage.shares()
    await stage.requested(stage.carol, "carol")
    card = stage.card()
    stage.plex.world.revoke_token()
    await stage.alice.click(card, label="Approve")
    await stage.run_jobs()
    stage.plex.world.accept(share.share_id)
    await stage.pass_time(minutes=30)
    assert await stage.state_of(stage.bob) == "sent"
    assert await stage.state_of(stage.carol) == "sending"
    stage.plex.world.mend_token()
    await stage.pass_time(seconds=61)
    await stage.pass_time(seconds=61)
    assert await stage.state_of(stage.carol) == "sent"
    assert await stage.state_of(stage.bob) == "active"
    text = words(notice(stage))
    assert "✅ Home Media works again" in text
    assert "Fixed <t:" in text
    assert "needs an admin" not in text
    assert labels(notice(stage)) == []
    assert "Connected, answers in" in said(await status(stage))
    assert "no longer accepts" not in "\n".join(map(words, stage.cards()))


async def test_the_same_problem_once_more(stage: Stage) -> None:
    """Soon after, it is the same message; a day later it is news, and a message that is seen."""
    await stage.sent(stage.bob)
    for _ in range(2):
        stage.plex.world.revoke_token()
        await stage.pass_time(seconds=61)
        assert "⚠️ Home Media needs an admin" in words(notice(stage))
        stage.plex.world.mend_token()
        await stage.pass_time(seconds=61)
        assert "✅" in words(notice(stage))
    await stage.pass_time(days=1)
    stage.plex.world.revoke_token()
    await stage.pass_time(minutes=11)
    first, second = notices(stage)
    assert "✅" in words(first)
    assert "⚠️ Home Media needs an admin" in words(second)


async def test_a_dead_token_across_a_restart(stage: Stage) -> None:
    """Another process does not tell it again."""
    await stage.sent(stage.bob)
    stage.plex.world.revoke_token()
    await stage.pass_time(seconds=61)
    await stage.restart()
    await stage.pass_time(minutes=5)
    assert "needs an admin" in words(notice(stage))


async def test_a_notice_that_was_deleted(stage: Stage) -> None:
    """Who has deleted it has read it: it does not come back, and being mended is no news."""
    await stage.sent(stage.bob)
    stage.plex.world.revoke_token()
    await stage.pass_time(seconds=61)
    await unseen.delete(stage.env, notice(stage))
    await stage.pass_time(minutes=10)
    assert notices(stage) == []
    stage.plex.world.mend_token()
    await stage.pass_time(seconds=61)
    await stage.pass_time(seconds=61)
    assert notices(stage) == []


async def test_a_notice_while_the_channel_is_closed(stage: Stage) -> None:
    """It is told as soon as the channel takes messages again."""
    await stage.sent(stage.bob)
    stage.env.inject_error(
        "POST",
        f"/channels/{stage.world.access_requests.id}/messages",
        status=403,
        code=50013,
        message="Missing Permissions",
    )
    stage.plex.world.revoke_token()
    await stage.pass_time(seconds=61)
    assert notices(stage) == []
    await stage.pass_time(minutes=6)
    assert "needs an admin" in words(notice(stage))


async def test_what_works_again_before_anybody_could_be_told(stage: Stage) -> None:
    """That is no news."""
    await stage.sent(stage.bob)
    stage.env.inject_error(
        "POST",
        f"/channels/{stage.world.access_requests.id}/messages",
        status=403,
        code=50013,
        message="Missing Permissions",
    )
    stage.plex.world.revoke_token()
    await stage.pass_time(seconds=61)
    stage.plex.world.mend_token()
    await stage.pass_time(minutes=10)
    assert notices(stage) == []


# -- a listing that has lost too many -----------------------------------------------------------


async def crowd(stage: Stage) -> list[simcord.MemberActor]:
    """Four people with access, in the order of their shares."""
    people = [stage.bob, stage.carol, await stage.join("dave"), await stage.join("erin")]
    for who, login in zip(people, ("bob", "carol", "dave", "erin"), strict=True):
        await stage.active(who, login)
    return people


async def states(stage: Stage, people: list[simcord.MemberActor]) -> list[str | None]:
    """How these people stand."""
    return [await stage.state_of(who) for who in people]


@pytest.mark.parametrize("kind", ["empty_listing", "short_listing"])
async def test_a_listing_that_nobody_believes(stage: Stage, kind: str) -> None:
    """Nothing is concluded from it, nobody is told anything, and the admins are warned once."""
    people = await crowd(stage)
    before = [words(card) for card in stage.cards()]
    keep = {"keep": 1} if kind == "short_listing" else {}
    stage.plex.world.faults.add(Fault("*", kind, **keep))
    stage.plex.world.requests.clear()
    for _ in range(5):
        await stage.pass_time(minutes=11)
    assert await states(stage, people) == ["active"] * 4
    assert stage.plex_changes() == []
    assert [words(card) for card in stage.cards()][:4] == before
    assert all(stage.dms(who) == [] for who in people)
    text = words(notice(stage))
    assert "Plex suddenly lists far fewer people" in text
    missing = 4 if kind == "empty_listing" else 3
    assert f"{missing} of 4 people with access are missing from the list of Home Media." in text
    assert "so I changed nothing" in text
    assert labels(notice(stage)) == ["Look again", "They are really gone"]
    shown = await status(stage)
    assert f"{missing} of 4 people with access are missing" in said(shown)
    assert "They are really gone" in labels(shown.response)
    assert "You're in" in (await my_plex(stage, stage.bob))[0]


async def test_look_again(stage: Stage) -> None:
    """While Plex is wrong nothing changes by it; once it is right the notice is mended."""
    people = await crowd(stage)
    stage.plex.world.faults.add(Fault("*", "empty_listing"))
    await stage.pass_time(minutes=11)
    pressed = await stage.alice.click(notice(stage), label="Look again")
    assert "I compare with Plex now" in said(pressed)
    await stage.run_jobs()
    assert "⚠️" in words(notice(stage))
    assert await states(stage, people) == ["active"] * 4
    stage.plex.world.faults.clear()
    await stage.alice.click(notice(stage), label="Look again")
    await stage.run_jobs()
    assert "✅ Plex's list of people can be trusted again" in words(notice(stage))
    assert "Fixed <t:" in words(notice(stage))
    assert labels(notice(stage)) == []
    assert await states(stage, people) == ["active"] * 4


async def test_they_are_really_gone(stage: Stage) -> None:
    """Then everybody is looked at, who is gone ends, who is there stays, and the notice is over."""
    people = await crowd(stage)
    for share in stage.shares()[1:]:
        stage.plex.world.leave(share.share_id)
    await stage.pass_time(minutes=11)
    assert await states(stage, people) == ["active"] * 4
    assert "3 of 4 people" in words(notice(stage))
    pressed = await stage.alice.click(notice(stage), label="They are really gone")
    assert "believe Plex this time" in said(pressed)
    await stage.run_jobs()
    await stage.pass_time(minutes=1)
    assert await states(stage, people) == ["active", "ended", "ended", "ended"]
    assert "it was removed on Plex" in words(stage.cards()[1])
    assert "it was removed on Plex" in (await my_plex(stage, stage.carol))[0]
    assert "✅" in words(notice(stage))
    assert labels(notice(stage)) == []
    assert stage.plex_changes()[-1].startswith("POST")


async def test_really_gone_is_no_word_for_the_next_time(stage: Stage) -> None:
    """An admin's word counts for one listing; the next odd one is not believed again."""
    people = await crowd(stage)
    stage.plex.world.faults.add(Fault("*", "empty_listing"))
    await stage.pass_time(minutes=11)
    stage.plex.world.faults.clear()
    await stage.alice.click(notice(stage), label="They are really gone")
    await stage.run_jobs()
    assert await states(stage, people) == ["active"] * 4
    stage.plex.world.faults.add(Fault("*", "empty_listing"))
    await stage.pass_time(minutes=11)
    assert await states(stage, people) == ["active"] * 4
    assert "⚠️" in words(notice(stage))


@pytest.mark.parametrize("label", ["Look again", "They are really gone"])
async def test_a_reviewer_at_the_notice(stage: Stage, label: str) -> None:
    """The buttons are for admins, also where a reviewer sees them."""
    await crowd(stage)
    stage.plex.world.faults.add(Fault("*", "empty_listing"))
    await stage.pass_time(minutes=11)
    async with stage.nothing_changes():
        pressed = await stage.rita.click(notice(stage), label=label)
        assert refusal(pressed) == "Only admins of this server can do that."


async def test_one_who_is_gone_is_no_mass(stage: Stage) -> None:
    """A single person who left is believed without a warning."""
    people = await crowd(stage)
    stage.plex.world.leave(stage.shares()[0].share_id)
    await stage.pass_time(minutes=11)
    assert await states(stage, people) == ["ended", "active", "active", "active"]
    assert notices(stage) == []


# -- work that keeps failing --------------------------------------------------------------------


async def fail_for_long(stage: Stage) -> None:
    """Twelve failures in a row, and some more."""
    for _ in range(16):
        await stage.pass_time(minutes=7)


async def test_an_invite_that_keeps_failing(stage: Stage) -> None:
    """After twelve failures the admins are told, see what and why, and can have it tried again."""
    await stage.requested(stage.bob)
    card = stage.card()
    stage.plex.world.faults.add(Fault(SHARING, "status", status=503))
    await stage.alice.click(card, label="Approve")
    await stage.pass_time(minutes=2)
    assert notices(stage) == []
    await fail_for_long(stage)
    text = words(notice(stage))
    assert "1 piece of work keeps failing" in text
    assert "/plex status shows what it is" in text
    assert labels(notice(stage)) == ["Try again"]
    shown = await status(stage)
    assert "This keeps failing:" in said(shown)
    assert f"<@{stage.bob.id}>: ⚠️ Plex's answer was lost" in said(shown)
    assert labels(shown.response) == ["Compare with Plex now", "Try again"]
    assert labels(stage.cards()[0]) == ["Try again"]
    assert "This keeps failing; I try again now and then." in words(stage.cards()[0])
    assert "you do not need to do anything" in (await my_plex(stage, stage.bob))[0]
    stage.plex.world.faults.clear()
    pressed = await stage.alice.click(shown.response, label="Try again")
    assert "I try 1 thing again now." in said(pressed)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()) == 1
    assert "✅ Nothing keeps failing any more" in words(notice(stage))
    assert labels(notice(stage)) == []
    assert labels(stage.cards()[0]) == []
    assert "This keeps failing" not in said(await status(stage))


async def test_an_end_that_keeps_failing(stage: Stage) -> None:
    """The same for a share that Plex will not give back; the notice's own button works too."""
    await stage.active(stage.bob)
    stage.plex.world.faults.add(Fault("DELETE *", "status", status=500))
    await access(stage, "revoke", stage.bob)
    await fail_for_long(stage)
    assert "1 piece of work keeps failing" in words(notice(stage))
    shown = await access(stage, "show", stage.bob)
    assert labels(shown.response) == ["Try again", "Show address"]
    assert "Access is being taken back" in said(shown)
    stage.plex.world.faults.clear()
    pressed = await stage.alice.click(notice(stage), label="Try again")
    assert "I try 1 thing again now." in said(pressed)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    assert "✅" in words(notice(stage))


async def test_what_is_tried_again_in_vain(stage: Stage) -> None:
    """It stays on the list, and no second message comes."""
    await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault(SHARING, "status", status=503))
    await stage.alice.click(stage.card(), label="Approve")
    await fail_for_long(stage)
    await stage.alice.click(notice(stage), label="Try again")
    await stage.run_jobs()
    await stage.pass_time(minutes=2)
    assert "1 piece of work keeps failing" in words(notice(stage))
    assert "This keeps failing:" in said(await status(stage))


async def test_two_things_that_keep_failing(stage: Stage) -> None:
    """They share the message, which counts them."""
    await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault(SHARING, "status", status=503))
    await stage.alice.click(stage.card(), label="Approve")
    await stage.requested(stage.carol, "carol")
    await stage.alice.click(stage.card(), label="Approve")
    await fail_for_long(stage)
    assert "2 pieces of work keep failing" in words(notice(stage))
    stage.plex.world.faults.clear()
    pressed = await stage.alice.click(notice(stage), label="Try again")
    assert "I try 2 things again now." in said(pressed)
    await stage.run_jobs()
    assert len(stage.shares()) == 2
    assert "✅ Nothing keeps failing any more" in words(notice(stage))


async def test_nothing_to_try_again(stage: Stage) -> None:
    """A press that comes too late says that all is well."""
    await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault(SHARING, "status", status=503))
    await stage.alice.click(stage.card(), label="Approve")
    await fail_for_long(stage)
    again = button(notice(stage), "Try again")
    on_card = button(stage.cards()[0], "Try again")
    stage.plex.world.faults.clear()
    await stage.alice.click(notice(stage), label="Try again")
    await stage.run_jobs()
    async with stage.nothing_changes():
        place = stage.world.access_requests
        late = await unseen.press(stage.env, stage.alice, place, again)
        assert said(late) == "Nothing is stuck any more."
        late = await unseen.press(stage.env, stage.alice, place, on_card)
        assert refusal(late) == "Nothing is stuck here any more."


async def test_what_nobody_foresaw(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that breaks three times stands on /plex status, with a reference that the log knows."""
    await stage.requested(stage.bob)

    # No fault of Plex, Discord or PostgreSQL makes a job break: this stands for a mistake in code.
    async def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody thought of that")

    monkeypatch.setattr(stage.house.services.sending, "sent", breaks)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    await stage.pass_time(minutes=1)
    assert notices(stage) == []
    assert "This keeps failing" not in said(await status(stage))
    await stage.pass_time(minutes=1)
    assert len(stage.shares()) == 1
    assert "1 piece of work keeps failing" in words(notice(stage))
    shown = await status(stage)
    text = said(shown)
    assert "This keeps failing:" in text
    failed = [e for e in stage.diary.of_level("error") if e["event"] == "job.failed"]
    assert len(failed) == 3
    assert f"Invite somebody on Plex, number 1: failed 3 times. Reference: {failed[-1]['ref']}" in (
        text
    )
    assert "nobody thought of that" not in text
    stage.forgive()
    monkeypatch.undo()
    pressed = await stage.alice.click(shown.response, label="Try again")
    assert "I try 1 thing again now." in said(pressed)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()) == 1
    assert "✅ Nothing keeps failing any more" in words(notice(stage))
    assert "This keeps failing" not in said(await status(stage))


async def test_what_nobody_foresaw_goes_on_by_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less and less often, but without anybody's word; what works again is told in the notice."""
    await stage.requested(stage.bob)

    async def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("nobody thought of that")

    monkeypatch.setattr(stage.house.services.showing, "card_shown", breaks)
    await stage.alice.click(stage.card(), label="Approve")
    for _ in range(5):
        await stage.pass_time(minutes=2)
    assert "1 piece of work keeps failing" in words(notice(stage))
    assert "Show a card" in said(await status(stage))
    stage.forgive()
    monkeypatch.undo()
    await stage.pass_time(minutes=6)
    assert "✅" in words(notice(stage))
    assert "not accepted yet" in words(stage.cards()[0])
