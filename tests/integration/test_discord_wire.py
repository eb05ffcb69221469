"""The bot's own Discord client over real HTTP and a real gateway, when the line is bad."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord_openapi import validate
from stage import labels, words
from wire import Wire, connected

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.discord.faults import Fault
from sandbox.plex import PlexSandbox

BEFORE = {"status": 0}
AFTER = {"status": 0, "applied": True}
SEND, EDIT = "/channels/*/messages", "/channels/*/messages/*"


@pytest.fixture
async def wire(
    make_settings: Callable[..., Settings],
    plex: PlexSandbox,
    clock: ShiftedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Wire]:
    """A bot at the end of a line; afterwards every request is judged by Discord's document."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    async with connected(make_settings, plex, clock) as wire:
        yield wire
        asked = wire.discord.requests
        assert [said for one in asked for said in validate(one.method, one.path, one.body)] == []
        assert wire.discord.rest.gaps == []


def fail(wire: Wire, method: str, path: str, times: int | None = 1, **how: Any) -> None:
    """Order a failure of Discord's."""
    wire.discord.rest.faults.add(Fault(method=method, path=path, times=times, **how))


# -- cards ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [BEFORE, AFTER], ids=["before", "after"])
async def test_a_line_cut_while_a_card_is_posted(wire: Wire, how: dict[str, Any]) -> None:
    """Whether Discord had taken the card or not: there is one, and it works."""
    fail(wire, "POST", SEND, **how)
    await wire.ask()
    await wire.run_jobs()
    for _ in range(3):
        await wire.pass_time(seconds=11)
    assert len(wire.cards()) == 1
    await wire.approve()
    await wire.run_jobs()
    assert "not accepted yet" in wire.shown()[0]


@pytest.mark.parametrize("how", [BEFORE, AFTER], ids=["before", "after"])
async def test_a_line_cut_while_a_card_is_edited(wire: Wire, how: dict[str, Any]) -> None:
    """The card shows what became of the request, 10 s later, and then rests."""
    await wire.ask()
    await wire.run_jobs()
    fail(wire, "PATCH", EDIT, times=3, **how)
    await wire.approve()
    await wire.run_jobs()
    for _ in range(5):
        await wire.pass_time(seconds=11)
    [card] = wire.cards()
    assert "not accepted yet" in words(card)
    assert labels(card) == []
    before = wire.asked("PATCH", f"/messages/{card.id}")
    await wire.pass_time(minutes=5)
    assert wire.asked("PATCH", f"/messages/{card.id}") == before


async def test_a_card_whose_answer_was_lost_shows_the_present(wire: Wire) -> None:
    """Posted, the answer lost, the request denied meanwhile: the one card says so."""
    fail(wire, "POST", SEND, **AFTER)
    await wire.ask()
    await wire.run_jobs()
    assert labels(wire.cards()[0]) == ["Approve", "Deny", "Show address"]
    form = await wire.press("Deny")
    await wire.discord.alice.submit_modal(form, {"reason": "Full"})
    await wire.until_noted("SELECT state FROM invite", [("denied",)])
    for _ in range(3):
        await wire.pass_time(seconds=11)
    [card] = wire.cards()
    assert "Full" in words(card)
    assert labels(card) == []


async def test_a_missing_card_whose_new_one_was_lost(wire: Wire) -> None:
    """Deleted, posted again, the answer lost: still one."""
    await wire.ask()
    await wire.run_jobs()
    [card] = wire.cards()
    wire.discord.backend.delete_message(card.channel.id, card.id)
    page = await wire.discord.alice.slash(wire.discord.world.access_requests, "requests")
    await wire.discord.finished(page)
    fail(wire, "POST", SEND, **AFTER)
    await wire.discord.alice.click(page.response, label="Post the cards again")
    await wire.until_noted("SELECT count(*) FROM invite WHERE card_due_at IS NOT NULL", [(1,)])
    for _ in range(3):
        await wire.pass_time(seconds=11)
    assert len(wire.cards()) == 1
    await wire.approve()
    await wire.run_jobs()
    assert "not accepted yet" in wire.shown()[0]


async def test_a_card_that_was_noted_down_by_nobody(wire: Wire) -> None:
    """Posted just before the process was killed, and found half an hour later: no second card."""
    fail(wire, "POST", SEND, **AFTER)
    await wire.ask()
    await wire.ask(wire.discord.carol, "carol")
    await wire.run_jobs()
    assert len(wire.cards()) == 2
    await wire.pass_time(minutes=30)
    assert len(wire.cards()) == 2
    assert await wire.query("SELECT count(DISTINCT card_message_id) FROM invite") == [(2,)]
    await wire.press("Approve")
    await wire.until_noted("SELECT count(*) FROM invite WHERE state = 'approved'", [(1,)])
    await wire.run_jobs()
    assert "not accepted yet" in wire.shown()[1]


async def test_a_long_pause_is_kept(wire: Wire) -> None:
    """Where Discord asks for ten minutes no request is made before they are over."""
    await wire.ask()
    await wire.run_jobs()
    [card] = wire.cards()
    path = f"/channels/{card.channel.id}/messages/{card.id}"
    fail(wire, "PATCH", path, status=429, retry_after=600.0)
    form = await wire.press("Deny")
    await wire.discord.alice.submit_modal(form, {"reason": "Full"})
    await wire.until_noted("SELECT state FROM invite", [("denied",)])
    await wire.run_jobs()
    for _ in range(9):
        await wire.pass_time(seconds=60)
    assert wire.asked("PATCH", path) == 1
    await wire.pass_time(seconds=70)
    assert wire.asked("PATCH", path) == 2
    assert "Full" in wire.shown()[0]


# -- members --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [BEFORE, AFTER], ids=["before", "after"])
async def test_a_line_cut_while_a_member_is_told(wire: Wire, how: dict[str, Any]) -> None:
    """One direct message, with the newest news, whatever of it got through at first."""
    await wire.ask()
    await wire.run_jobs()
    await wire.pass_time(minutes=16)
    channel = wire.discord.bob.user.dm_channel
    fail(wire, "POST", f"/channels/{channel.id}/messages", **how)
    await wire.approve()
    await wire.run_jobs()
    wire.plex.world.accept(wire.plex.world.shares[0].share_id)
    await wire.pass_time(seconds=61)
    await wire.pass_time(seconds=11)
    [dm] = channel.history(viewer=wire.discord.bob.user)
    assert "You're in" in words(dm)


# -- interactions ---------------------------------------------------------------------------------


async def test_an_acknowledgement_that_was_cut_off_before(wire: Wire) -> None:
    """Nothing was begun; the person is told to look, and the next press works."""
    await wire.ask()
    await wire.run_jobs()
    fail(wire, "POST", "/interactions/*/callback", **BEFORE)
    pressed = await wire.press("Approve")
    await wire.discord.finished(pressed)
    assert "Discord did not take my answer" in words(pressed.response)
    assert await wire.query("SELECT state FROM invite") == [("requested",)]
    await wire.approve()


async def test_an_acknowledgement_whose_answer_was_lost(wire: Wire) -> None:
    """The same where Discord had taken it: no second deed, a private word instead of silence."""
    await wire.ask()
    await wire.run_jobs()
    fail(wire, "POST", "/interactions/*/callback", **AFTER)
    pressed = await wire.press("Approve")
    await wire.until(lambda: pressed.followups)
    assert "Discord did not take my answer" in words(pressed.followups[0])
    assert labels(wire.cards()[0]) == ["Approve", "Deny", "Show address"]
    assert await wire.query("SELECT state FROM invite") == [("requested",)]
    await wire.approve()


async def test_an_answer_that_takes_too_long(wire: Wire) -> None:
    """A press that is acknowledged after Discord's 3 s is not carried out."""
    await wire.ask()
    await wire.run_jobs()
    fail(wire, "POST", "/interactions/*/callback", status=503, times=2)
    pressed = await wire.press("Approve")
    assert not pressed.acknowledged
    await wire.until(lambda: wire.asked("POST", "/callback") >= 5)
    await asyncio.sleep(0.2)
    assert await wire.query("SELECT state FROM invite") == [("requested",)]
    await wire.approve()


# -- the gateway ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [4000, 4001, 4008, 4009, 1006])
async def test_a_connection_that_ends_is_gone_on_with(wire: Wire, code: int) -> None:
    """Whatever the close code, jobs go on by HTTP meanwhile, and commands are answered after."""
    await wire.ask()
    wire.discord.gateway.close(1000 if code == 1006 else code)
    await wire.run_jobs()
    assert len(wire.cards()) == 1
    await wire.until(lambda: wire.discord.gateway.resumes + wire.discord.gateway.readies >= 2)
    await wire.approve()


async def test_a_press_during_the_drop_is_heard_after_the_resume(wire: Wire) -> None:
    """Within Discord's 3 s a resumed session brings what was missed, and it is answered."""
    await wire.ask()
    await wire.run_jobs()
    wire.discord.gateway.close(4000)
    await wire.approve()
    assert wire.discord.gateway.resumes == 1


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session(wire: Wire, resumable: bool) -> None:
    """Op 9: the bot resumes, or begins anew; its buttons work, its server is known."""
    await wire.ask()
    await wire.run_jobs()
    before = wire.discord.gateway.readies + wire.discord.gateway.resumes
    wire.discord.gateway.invalidate(resumable=resumable)
    await wire.until(
        lambda: wire.discord.gateway.readies + wire.discord.gateway.resumes > before, 30
    )
    await wire.until(lambda: wire.bot.get_guild(wire.discord.guild_id).me is not None)
    await wire.approve()
    page = await wire.discord.alice.slash(wire.discord.world.access_requests, "requests")
    await wire.discord.finished(page)
    assert "Nobody is waiting" in words(page.response)


async def test_asked_to_reconnect(wire: Wire) -> None:
    """Op 7: the bot comes back by itself and goes on."""
    wire.discord.gateway.ask_reconnect()
    await wire.until(lambda: wire.discord.gateway.resumes)
    await wire.ask()
    await wire.run_jobs()
    assert len(wire.cards()) == 1


async def test_removed_while_the_connection_was_down(wire: Wire) -> None:
    """A session that begins anew forgets a server it no longer names, and meets it again."""
    await wire.ask()
    await wire.run_jobs()
    guilds, guild_id = wire.discord.backend.guilds, wire.discord.guild_id
    kept = guilds.pop(guild_id)
    wire.discord.gateway.close(4009, forget=True)
    await wire.until_noted("SELECT left_at IS NOT NULL FROM guild", [(True,)])
    assert wire.bot.get_guild(guild_id) is None
    guilds[guild_id] = kept
    [card] = wire.cards()
    wire.discord.backend.delete_message(card.channel.id, card.id)
    wire.discord.gateway.close(4009, forget=True)
    await wire.until_noted("SELECT left_at IS NOT NULL FROM guild", [(False,)])
    assert isinstance(wire.bot.get_guild(guild_id), discord.Guild)
    await wire.run_jobs()
    assert len(wire.cards()) == 1
    await wire.approve()
