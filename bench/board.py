"""The dashboard at a thousand and at a million invites: the same answer in the same time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from statistics import median
from typing import Any

import asyncpg
from sqlalchemy import event

from bench.many import fill
from bench.people import People
from bench.postgres import Power
from bench.stage import PROBED, Stage, set_the_stage, until_so
from bench.table import Row, milliseconds
from bot.clock import Clock
from bot.crypto import Keyring
from bot.plex import PlexService
from bot.services.board import BoardService
from db.engine import make_engine
from db.ledger import Ledger
from sandbox.plex import Fault

KEY = "a-key-that-only-the-bench-knows-0123456789"
FEW, MANY = 1_000, 1_000_000
COMPARED = "SELECT EXISTS (SELECT FROM plex_link WHERE reconciled_at IS NOT NULL)"
TIMES, WARM_UP = 15, 3
# A request to Plex waits for the pace of the one before.
PACE_SECONDS = 0.3
PLEX_SECONDS = 0.2
AIM_RATIO, AIM_DATABASE, AIM_COMMAND, AIM_STALL = 1.5, 0.010, 0.5, 0.05


async def measure() -> AsyncIterator[Row]:
    """One bot on one ledger that grows."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(set_the_stage())
        people = People(stage)
        power = await stack.enter_async_context(Power(stage.folder / "postgres"))
        settings = {
            "HELPR_DATABASE__URL": power.url,
            "HELPR_SECRET_KEY": KEY,
            "HELPR_RECONCILE__INTERVAL": "86400",
        }
        await stack.enter_async_context(stage.bot(PROBED, **settings))
        # After that nothing looks into the invites, which nobody has sealed.
        await until_so(lambda: power.says(COMPARED), "the first comparison with Plex")
        crowd = _Crowd(stage, power)
        stack.push_async_callback(crowd.close)
        async for row in _grow(stage, people, crowd):
            yield row


async def _grow(stage: Stage, people: People, crowd: "_Crowd") -> AsyncIterator[Row]:
    await crowd.grow(FEW)
    few, few_command = await crowd.read(), await _command(people)
    yield Row("/dashboard in the database, 1,000 invites", milliseconds(few), "1.0")
    yield Row(
        "/dashboard to its answer, 1,000 invites (baseline)", milliseconds(few_command), "1.0"
    )
    await crowd.grow(MANY - FEW)
    many, many_command = await crowd.read(), await _command(people)
    ratio = many / few
    yield Row(
        "/dashboard in the database, 1,000,000 invites",
        milliseconds(many),
        f"{ratio:.2f}",
        f"< {milliseconds(AIM_DATABASE)}",
        many < AIM_DATABASE,
    )
    ratio = many_command / few_command
    yield Row(
        "/dashboard to its answer, 1,000,000 invites",
        milliseconds(many_command),
        f"{ratio:.2f}",
        f"≤ {AIM_RATIO:g}",
        ratio <= AIM_RATIO,
    )
    slow = stage.plex.world.faults.add(Fault(kind="latency", seconds=PLEX_SECONDS))
    await people.longest_stall()
    command = await _command(people)
    stall = await people.longest_stall()
    stage.plex.world.faults.remove(slow)
    yield Row(
        "The same with Plex taking 200 ms",
        milliseconds(command),
        f"{command / few_command:.2f}",
        f"< {milliseconds(AIM_COMMAND)}",
        command < AIM_COMMAND,
    )
    yield Row(
        "The loop's longest stall meanwhile, pictures included",
        milliseconds(stall),
        "",
        f"< {milliseconds(AIM_STALL)}",
        stall < AIM_STALL,
    )


async def _command(people: People) -> float:
    """Seconds from /dashboard to its answer, picture included."""
    seen = []
    for number in range(WARM_UP + TIMES):
        await asyncio.sleep(PACE_SECONDS)
        await people.run_to_the_end(people.alice, "dashboard")
        if number >= WARM_UP:
            seen.append(people.watch.answered)
    return median(seen)


class _Crowd:
    """The ledger, from this side."""

    def __init__(self, stage: Stage, power: Power) -> None:
        self._power = power
        self._guild_id = stage.discord.guild_id
        self._engine = make_engine(power.url)
        self._spent = 0.0
        event.listen(self._engine.sync_engine, "before_cursor_execute", self._begin)
        event.listen(self._engine.sync_engine, "after_cursor_execute", self._end)
        self._there = 0
        # Plex is not asked from here: what is measured is the ledger's part.
        self._boards = BoardService(
            Ledger(self._engine, Keyring([KEY])), Clock(), PlexService(client_identifier="bench")
        )

    async def close(self) -> None:
        """Let go of the database."""
        await self._engine.dispose()

    async def grow(self, invites: int) -> None:
        """So many invites more, and what PostgreSQL would do by itself after a while."""
        connection = await asyncpg.connect(self._power.url.replace("+asyncpg", ""), timeout=10)
        await fill(connection, self._guild_id, invites, before=self._there, lines=1)
        self._there += invites
        await connection.execute("VACUUM ANALYZE")
        await connection.close()

    async def read(self) -> float:
        """Seconds that PostgreSQL takes for everything that the dashboard reads of it."""
        seen = []
        for number in range(WARM_UP + TIMES):
            self._spent = 0.0
            await self._boards._read(self._guild_id, 90, [])
            if number >= WARM_UP:
                seen.append(self._spent)
        return median(seen)

    def _begin(self, context: Any, *_: object) -> None:
        context.info["began"] = time.perf_counter()

    def _end(self, context: Any, *_: object) -> None:
        self._spent += time.perf_counter() - context.info["began"]
