"""How soon all goes on after each kind of fault, by itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from bench.people import People
from bench.postgres import CONNECTED, Power
from bench.stage import HELPR, PATIENCE, Bot, CannotMeasure, Stage, set_the_stage, until, until_so
from bench.table import Row
from bot.domain.timing import WORK_LEASE
from sandbox.plex import Fault

KEY = "a-key-that-only-the-bench-knows-0123456789"
AIM = 30.0
SECONDS_DOWN = 5.0
# How soon somebody who has met a failure tries again.
AGAIN = 2.0
SHARE = "POST /api/servers/*/shared_servers"


async def measure() -> AsyncIterator[Row]:
    """Fault after fault, on a database that can be switched off."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(set_the_stage())
        people = People(stage)
        power = await stack.enter_async_context(Power(stage.folder / "postgres"))
        settings = {
            "HELPR_DATABASE__URL": power.url,
            "HELPR_SECRET_KEY": KEY,
            "HELPR_RECONCILE__INTERVAL": "86400",
        }
        bot = await stack.enter_async_context(stage.bot(HELPR, **settings))
        await until_so(lambda: power.says(CONNECTED), "the connection to Plex")
        await _next_invite(people)
        base = await _next_invite(people)
        yield Row("An invite, asked for, approved and sent (baseline)", f"{base:.2f} s", "1.0")
        for what, seconds in (("stopped", 0.0), ("stopped", SECONDS_DOWN), ("hung", SECONDS_DOWN)):
            await power.befall(what, seconds)
            name = "restarted" if not seconds else f"{what} for {seconds:g} s"
            yield _row(
                f"PostgreSQL {name}: until the next invite", await _next_invite(people), base
            )
        for forget in (False, True):
            stage.discord.gateway.close(4000, forget=forget)
            name = "and the session forgotten" if forget else "resumed"
            yield _row(f"Gateway dropped, {name}", await _next_invite(people), base)
        yield _row("Plex's answer lost: until it is found", await _lost(stage, people), base)
        yield _row("Plex away for 5 s: until the share", await _plex_away(stage, people), base)
        took = await _killed(stage, people, bot, stack, settings)
        yield _row("Killed in a share: start, and the share found", took, base)


def _row(what: str, seconds: float, base: float) -> Row:
    ratio = f"{seconds / base:.1f}"
    return Row(what, f"{seconds:.2f} s", ratio, f"< {AIM:g} s", seconds < AIM)


async def _next_invite(people: People) -> float:
    """Seconds until somebody who keeps trying is invited on Plex."""
    began = time.perf_counter()
    await people.approve_to_the_end(await _ask(people))
    return time.perf_counter() - began


async def _ask(people: People) -> Any:
    """Somebody who keeps trying until there is a card."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        before = len(people.cards())
        try:
            member = people.newcomer()
            await people.submit(member, await people.form(member))
            await until(lambda: len(people.cards()) > before, "the card", AGAIN)  # noqa: B023
        except CannotMeasure:
            await asyncio.sleep(0.1)
            continue
        return people.cards()[-1]
    raise CannotMeasure("nobody can ask any more")


async def _lost(stage: Stage, people: People) -> float:
    stage.plex.world.faults.add(Fault(match=SHARE, kind="drop_after", times=1))
    return await _next_invite(people)


async def _plex_away(stage: Stage, people: People) -> float:
    """From when Plex is back."""
    card = await _ask(people)
    away = stage.plex.world.faults.add(Fault(kind="drop_before"))
    shares = len(stage.plex.world.shares)
    await people.approve(card)
    await asyncio.sleep(SECONDS_DOWN)
    stage.plex.world.faults.remove(away)
    back = time.perf_counter()
    return await until(lambda: len(stage.plex.world.shares) > shares, "the share") - back


async def _killed(
    stage: Stage, people: People, bot: Bot, stack: AsyncExitStack, settings: dict[str, str]
) -> float:
    """From the death of a bot that was waiting for Plex's answer."""
    card = await _ask(people)
    hang = stage.plex.world.faults.add(Fault(match=SHARE, kind="hang", processed=True))
    shares = len(stage.plex.world.shares)
    await people.approve(card)
    await until(lambda: len(stage.plex.world.shares) > shares, "the share")
    bot.kill()
    died = time.perf_counter()
    stage.plex.world.faults.remove(hang)
    await stack.enter_async_context(stage.bot(HELPR, **settings))
    patience = PATIENCE + WORK_LEASE.total_seconds()
    sent = await until(lambda: people.says_sent(card), "the card's last news", patience)
    return sent - died
