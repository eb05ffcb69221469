"""/dashboard: everything that an admin sees of it, what it costs Plex, and when Plex is ill."""

import os
import re
import signal
from typing import Any

import pytest
import unseen
from stage import Stage, labels, options, parts, refusal, said, words

from bot.ui import painter
from sandbox.plex import Fault
from sandbox.plex.model import Invitation, Stream

GALLERY = 12
PNG = b"\x89PNG\r\n\x1a\n"


async def board(stage: Stage) -> Any:
    """Alice's dashboard."""
    return await stage.slash(stage.alice, "dashboard")


async def press(stage: Stage, shown: Any, label: str) -> Any:
    """Alice presses a button of it."""
    return await stage.alice.click(shown.response, label=label)


def pictures(stage: Stage, message: Any) -> list[bytes]:
    """The pictures that a message shows, as they were sent."""
    named = [
        item["media"]["url"].removeprefix("attachment://")
        for gallery in parts(message, GALLERY)
        for item in gallery["items"]
    ]
    found = {one.filename: one for one in message.attachments}
    return [unseen.content_of(stage.env, found[name.rpartition("/")[2]]) for name in named]


async def test_the_dashboard_of_a_living_server(stage: Stage) -> None:
    """Seats, states, Plex's health and streams, the days, the latest invites: from one request."""
    await stage.active(stage.bob)
    await stage.ask(stage.carol, "carol")
    machine = stage.plex.world.server.machine_identifier
    stage.plex.world.invite(Invitation(machine, (90000001,), login="dave@example.org"))
    await stage.pass_time(minutes=11)
    stage.plex.world.streams[:] = [
        Stream(1, "bob", "Sintel"),
        Stream(1, "dave@example.org", "Mail me: x@example.org", state="paused"),
    ]
    stage.plex.world.requests.clear()
    shown = await board(stage)
    assert [request.line for request in stage.plex.world.requests] == ["GET /status/sessions"]
    text = said(shown)
    assert shown.ephemeral
    assert re.search(r"\*\*Home Media\*\* ✅ answers in \d+ ms", text)
    assert "2 streams: Sintel, Mail me" in text
    assert "x@example.org" not in text.replace("\\", "")
    assert "dave" not in text
    assert "Seats: 2 of 100 taken, 1 of them by a share that is not known here" in text
    assert "Waiting: **1** · On the way: **0** · Active: **1** · Suspended: **0**" in text
    assert "1 share on Plex is not known here" in text
    assert "Requests: 2, approvals: 1, acceptances: 1" in text
    assert f"1. <@{stage.carol.id}> · waiting for a decision · Standard · <t:" in text
    assert f"2. <@{stage.bob.id}> · active · Standard · <t:" in text
    [picture] = pictures(stage, shown.response)
    assert picture.startswith(PNG)
    [gallery] = parts(shown.response, GALLERY)
    assert "Standard: 1" in gallery["items"][0]["description"]
    assert len(parts(shown.response, 10)) <= 6


async def test_other_periods_and_another_look(stage: Stage) -> None:
    """The buttons change the same message; the period that is shown cannot be chosen again."""
    await stage.requested(stage.bob)
    shown = await board(stage)
    assert labels(shown.response) == ["Requests (1)", "7 days", "30 days", "90 days", "Look again"]
    for days in (7, 90):
        pressed = await press(stage, shown, f"{days} days")
        assert pressed.response.id == shown.response.id
        assert f"**Last {days} days** · Requests: 1" in said(pressed)
        own = [one for one in parts(pressed.response, 2) if one["label"] == f"{days} days"]
        assert own[0]["disabled"]
        assert len(pictures(stage, pressed.response)) == 1
    await stage.ask(stage.carol, "carol")
    pressed = await press(stage, shown, "Look again")
    assert "**Last 90 days** · Requests: 2" in said(pressed)


async def test_somebody_is_opened_from_the_dashboard(stage: Stage) -> None:
    """The menu opens the card of a person, with what can be done, beside the dashboard."""
    await stage.active(stage.bob)
    shown = await board(stage)
    pressed = await stage.alice.select(shown.response, [options(shown.response)["1. active"]])
    [card] = pressed.followups or [pressed.response]
    assert f"Access of <@{stage.bob.id}>" in words(card)
    assert "End access" in labels(card)
    menu = parts(shown.response, 3)[0]
    async with stage.nothing_changes():
        for forged in ("0", "999999999", "1" * 30, "x"):
            item = {**menu, "options": [{"label": "x", "value": forged}]}
            place = stage.world.access_requests
            answer = await unseen.press(stage.env, stage.alice, place, item, on=shown.response)
            told = refusal(answer)
            assert "does not exist any more" in told or "do not know that choice" in told


async def test_the_requests_are_a_press_away(stage: Stage) -> None:
    """The button with the number of requests shows them, each with its buttons."""
    await stage.requested(stage.bob)
    pressed = await press(stage, await board(stage), "Requests (1)")
    assert "Approve" in labels((pressed.followups or [pressed.response])[0])


async def test_the_dashboard_of_an_empty_server(stage: Stage) -> None:
    """Before anybody asked it says so, shows the server, and offers no menu."""
    stage.plex.world.streams.clear()
    shown = await board(stage)
    text = said(shown)
    assert "nobody is watching" in text
    assert "Seats: 0 of 100 taken" in text
    assert "No invites yet." in text
    assert parts(shown.response, 3) == []
    assert len(pictures(stage, shown.response)) == 1


async def test_the_dashboard_without_plex(stage: Stage) -> None:
    """When Plex fails, the reason stands in its place, and everything else is there."""
    await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault("*", "drop_before"))
    text = said(await board(stage))
    assert "**Home Media** ⛔ Plex" in text
    assert "Waiting: **1**" in text
    assert f"1. <@{stage.bob.id}>" in text


async def test_the_dashboard_with_a_dead_token(stage: Stage) -> None:
    """A refused token is named, and that invites wait until somebody mends it."""
    await stage.requested(stage.bob)
    stage.plex.world.revoke_token()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    shown = await board(stage)
    text = said(shown)
    assert "Plex no longer accepts the token" in text
    assert "Invites wait until Home Media is connected" in text
    assert stage.plex.owner_token not in text


async def test_what_keeps_failing_can_be_tried_again(stage: Stage) -> None:
    """A listing that was not believed and its two buttons stand on the dashboard."""
    for who, login in ((stage.bob, "bob@example.org"), (stage.carol, "carol@example.org")):
        await stage.active(who, login)
    stage.plex.world.faults.add(Fault(kind="empty_listing"))
    await stage.slash(stage.alice, "plex status")
    await stage.house.services.reconcile.at_start()
    await stage.run_jobs()
    shown = await board(stage)
    assert "Plex suddenly lists far fewer people" in said(shown)
    assert {"Look again", "They are really gone"} <= set(labels(shown.response))


async def test_a_picture_that_cannot_be_made(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the picture all figures are there, and a line says why it looks different."""
    await stage.active(stage.bob)
    monkeypatch.setattr(painter, "PROGRAM", ("false",))
    shown = await board(stage)
    text = said(shown)
    assert "The picture could not be made this time." in text
    assert "People by tier: Standard: 1" in text
    assert "Requests: 1, approvals: 1, acceptances: 1" in text
    assert parts(shown.response, GALLERY) == []
    warned = stage.diary.of_level("warning")
    assert "picture.failed" in [event["event"] for event in warned]


async def test_a_painter_that_died_is_replaced(stage: Stage) -> None:
    """The process of the pictures may be killed at any time; the next picture starts another."""
    await board(stage)
    cog: Any = stage.bot.get_cog("Board")
    first = cog._painter.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    shown = await board(stage)
    assert len(pictures(stage, shown.response)) == 1
    assert cog._painter.pid != first


async def test_a_reader_of_another_language(stage: Stage) -> None:
    """Whatever language Discord names, the dashboard and its picture come."""
    stage.languages[stage.alice.id] = "ja"
    shown = await board(stage)
    assert len(pictures(stage, shown.response)) == 1
