"""Members who cannot be reached: nothing is lost, nobody is pursued, later news arrives."""

from typing import Any

import pytest
import unseen
from stage import Stage, said, words


def asked_of(stage: Stage, *parts: str) -> int:
    """How often the bot has asked for a direct message, to be opened, sent or edited."""
    return sum(
        request.path == "/users/@me/channels" or any(part in request.path for part in parts)
        for request in stage.env.http_requests
    )


def dm_path(who: Any) -> str:
    """Where direct messages to somebody go."""
    return f"/channels/{who.user.dm_channel.id}/messages"


async def denied_late(stage: Stage, reason: str = "We are full.") -> None:
    """Bob's answer is over when Alice denies."""
    await stage.requested(stage.bob)
    await stage.pass_time(minutes=16)
    form = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(form, {"reason": reason})
    await stage.run_jobs()


# -- closed ---------------------------------------------------------------------------------------


async def test_closed_messages_are_tried_once(stage: Stage) -> None:
    """One look for the channel, one message refused, and no more for days."""
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await denied_late(stage)
    tried = asked_of(stage, dm_path(stage.bob))
    assert tried == 2
    for _ in range(8):
        await stage.pass_time(hours=6)
    assert asked_of(stage, dm_path(stage.bob)) == tried
    assert stage.dms(stage.bob) == []


async def test_my_plex_tells_what_no_message_could(stage: Stage) -> None:
    """The reason of a refusal is not lost: /my-plex has it."""
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await denied_late(stage)
    text = said(await stage.slash(stage.bob, "my-plex")).replace("\\", "")
    assert "Not this time" in text
    assert "We are full." in text


async def test_the_next_command_tells_what_no_message_could(stage: Stage) -> None:
    """Who asks again reads first what became of the last request; the form comes after that."""
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await denied_late(stage)
    first = await stage.slash(stage.bob, "invite")
    assert first.modal is None
    assert "We are full." in said(first).replace("\\", "")
    assert "You can ask again with /invite" in said(first)
    assert (await stage.slash(stage.bob, "invite")).modal is not None


async def test_whoever_has_seen_it_gets_the_form_at_once(stage: Stage) -> None:
    """News that was read in /my-plex, in the private answer, or by message is not shown again."""
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await denied_late(stage)
    await stage.slash(stage.bob, "my-plex")
    assert (await stage.slash(stage.bob, "invite")).modal is not None
    await stage.requested(stage.carol, "carol")
    form = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(form, {})
    await stage.run_jobs()
    assert (await stage.slash(stage.carol, "invite")).modal is not None


async def test_what_one_has_done_oneself_is_no_news(stage: Stage) -> None:
    """Who has withdrawn gets the form at once, closed messages or not."""
    await stage.requested(stage.bob)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await stage.pass_time(minutes=16)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    shown = await stage.slash(stage.bob, "my-plex")
    await stage.pass_time(minutes=14, seconds=30)
    await stage.bob.click(shown.response, label="Withdraw")
    await stage.pass_time(minutes=3)
    assert await stage.state_of(stage.bob) == "withdrawn"
    assert (await stage.slash(stage.bob, "invite")).modal is not None


async def test_open_messages_bring_the_next_news(stage: Stage) -> None:
    """Who opens their messages again hears of what comes next, in one message."""
    await stage.requested(stage.bob)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await stage.pass_time(minutes=16)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert stage.dms(stage.bob) == []
    stage.env.backend.faults.clear()
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    [dm] = stage.dms(stage.bob)
    assert "You're in" in words(dm)
    assert not (await stage.invite_of(stage.bob)).dm_closed


# -- gone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (404, 10003)])
async def test_a_message_that_vanished(stage: Stage, status: int, code: int) -> None:
    """Where the one direct message, or its channel, is gone, later news comes in a new one."""
    await stage.requested(stage.bob)
    await stage.pass_time(minutes=16)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    [dm] = stage.dms(stage.bob)
    stage.env.inject_error(
        "PATCH", f"/channels/{dm.channel.id}/messages/{dm.id}", status=status, code=code, times=None
    )
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    _, new = stage.dms(stage.bob)
    assert "You're in" in words(new)
    await stage.pass_time(hours=1)
    assert len(stage.dms(stage.bob)) == 2


@pytest.mark.parametrize(("status", "code"), [(404, 10013), (400, 50033), (403, 50278)])
async def test_somebody_who_is_no_longer_there(stage: Stage, status: int, code: int) -> None:
    """A deleted account, or one without a server in common, costs one request, not one for ever."""
    stage.env.inject_error("POST", "/users/@me/channels", status=status, code=code, times=None)
    await denied_late(stage)
    assert asked_of(stage) == 1
    for _ in range(4):
        await stage.pass_time(minutes=20)
    assert asked_of(stage) == 1
    assert "We are full." in said(await stage.slash(stage.bob, "my-plex")).replace("\\", "")


async def test_discord_failing_is_no_closed_door(stage: Stage) -> None:
    """A 5xx is tried again in 10 s, and the message comes, once."""
    stage.env.inject_error("POST", dm_path(stage.bob), status=502, times=3)
    await denied_late(stage)
    assert stage.dms(stage.bob) == []
    for _ in range(4):
        await stage.pass_time(seconds=11)
    [dm] = stage.dms(stage.bob)
    assert "We are full." in words(dm).replace("\\", "")
    assert (await stage.slash(stage.bob, "invite")).modal is not None
