"""The real bot is killed, stopped and started again: nothing is lost, nothing is done twice."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from living_bot import LivingBot, eventually, words

from sandbox.discord import DiscordSandbox
from sandbox.plex import Fault, PlexSandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

POST = "POST /api/servers/*/shared_servers"
THOROUGH = os.environ.get("HELPR_TEST_THOROUGH", "") not in {"", "0"}


@pytest.fixture
async def bot(plex: PlexSandbox, tmp_path: Path) -> AsyncIterator[LivingBot]:
    """The bot, running, in a world of its own."""
    async with DiscordSandbox() as discord:
        bot = LivingBot(discord, plex, tmp_path)
        try:
            await bot.start()
            yield bot
            assert bot.complaints() == []
        finally:
            await bot.end()


async def lease_is_over(bot: LivingBot) -> None:
    """Live through the time in which what a killed bot had begun counts as under way."""
    await bot.query(
        "UPDATE invite SET card_leased_until = NULL,"
        " share_due_at = CASE WHEN share_due_at IS NOT NULL THEN now() END"
    )


async def test_a_request_survives_a_kill(bot: LivingBot) -> None:
    """What Bob was told is stored is there after a kill; the old card's button still works, and
    Plex gets exactly one share."""
    answer = await bot.ask()
    assert "Your request is with the admins" in words(answer.response)
    await bot.card()
    await bot.until_noted("SELECT 1 FROM invite WHERE card_message_id IS NOT NULL")
    await bot.kill()
    await bot.start()
    await bot.approve()
    await bot.card(shows="not accepted yet")
    [share] = bot.plex.world.shares
    assert share.email == "bob@example.org"
    bot.plex.world.accept(share.share_id)
    await bot.card(shows="Active since")
    assert len(bot.plex.world.shares) == 1


@pytest.mark.skipif(not THOROUGH, reason="waits for a lease, as a flow of the kill points does")
async def test_a_kill_while_plex_is_being_asked(bot: LivingBot) -> None:
    """Killed while Plex has done it but not answered, the bot looks first and sends nothing."""
    hang = bot.plex.world.faults.add(Fault(match=POST, kind="hang", processed=True))
    await bot.ask()
    await bot.approve()
    await eventually(lambda: bot.plex.world.shares)
    await bot.kill()
    bot.plex.world.faults.remove(hang)
    bot.plex.world.requests.clear()
    await bot.start()
    await lease_is_over(bot)
    await bot.card(shows="not accepted yet")
    assert len(bot.plex.world.shares) == 1
    assert not any(request.method == "POST" for request in bot.plex.world.requests)


async def test_a_stop_in_order(bot: LivingBot) -> None:
    """SIGTERM ends the bot within ten seconds, with exit code 0 and without a complaint."""
    await bot.ask()
    await bot.card()
    assert await bot.stop() == 0
    complaints = [line for line in bot.log() if line["level"] in {"warning", "error", "critical"}]
    assert complaints == []
    assert bot.log()[-1]["event"] == "helpr.stopped"
    assert "bob@example.org" not in str(bot.log())
    await bot.start()
    await bot.approve()
    await bot.card(shows="not accepted yet")


async def test_a_stop_while_plex_says_nothing(bot: LivingBot) -> None:
    """SIGTERM ends the bot within ten seconds also while Plex hangs; the invite goes out later."""
    hang = bot.plex.world.faults.add(Fault(match=POST, kind="hang"))
    await bot.ask()
    await bot.approve()
    await eventually(lambda: any(r.method == "POST" for r in bot.plex.world.requests))
    assert await bot.stop() == 0
    bot.plex.world.faults.remove(hang)
    await bot.start()
    await lease_is_over(bot)
    await bot.card(shows="not accepted yet")
    assert len(bot.plex.world.shares) == 1
