"""The dashboard at a thousand and at a million invites: the same answer in the same time."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
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
IDLE_SECONDS = 5.0
AIM_RATIO, AIM_DATABASE, AIM_COMMAND, AIM_STALL = 1.5, 0.010, 0.5, 0.05


async def measure() -> AsyncIterator[Row]:
    """One bot on one ledger that grows. Compared is the best of several, as it has no noise."""
    async with _place() as place:
        await place.grow(FEW)
        few, few_run = await _times(place.read), await _times(place.run)
        yield Row("/dashboard in the database, 1,000 invites", milliseconds(min(few)), "1.0")
        yield Row("/dashboard to its answer, 1,000 invites", milliseconds(min(few_run)), "1.0")
        await place.grow(MANY - FEW)
        many, many_run = await _times(place.read), await _times(place.run)
        yield _judged(
            "/dashboard in the database, 1,000,000 invites",
            (min(few), min(many)),
            min(many) < AIM_DATABASE,
            f"< {milliseconds(AIM_DATABASE)}",
        )
        yield _judged(
            "/dashboard to its answer, 1,000,000 invites",
            (min(few_run), min(many_run)),
            min(many_run) <= AIM_RATIO * min(few_run),
            f"ratio ≤ {AIM_RATIO:g}",
        )
        place.stage.plex.world.faults.add(Fault(kind="latency", seconds=PLEX_SECONDS))
        await place.people.longest_stall()
        await asyncio.sleep(IDLE_SECONDS)
        idle = await place.people.longest_stall()
        slow = median(await _times(place.run))
        stall = await place.people.longest_stall()
        yield _judged(
            "The same with Plex taking 200 ms, median",
            (min(few_run), slow),
            slow < AIM_COMMAND,
            f"< {milliseconds(AIM_COMMAND)}",
        )
        yield Row("Longest stall of the loop, idle (baseline)", milliseconds(idle), "1.0")
        yield _judged(
            "The same while pictures are made",
            (idle, stall),
            stall < AIM_STALL,
            f"< {milliseconds(AIM_STALL)}",
        )


def _judged(what: str, pair: Sequence[float], met: bool, aim: str) -> Row:
    """The second of two, against the first."""
    return Row(what, milliseconds(pair[1]), f"{pair[1] / pair[0]:.2f}", aim, met)


async def _times(measured: Callable[[], Awaitable[float]]) -> list[float]:
    """What it takes, again and again."""
    seen = [await measured() for _ in range(WARM_UP + TIMES)]
    return seen[WARM_UP:]


@asynccontextmanager
async def _place() -> AsyncIterator["_Place"]:
    """A Discord, a Plex, a PostgreSQL and a bot."""
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
        place = _Place(stage, people, power)
        stack.push_async_callback(place.close)
        yield place


class _Place:
    """One bot, from this side and from its ledger's."""

    def __init__(self, stage: Stage, people: People, power: Power) -> None:
        self.stage = stage
        self.people = people
        self._power = power
        self._guild_id = stage.discord.guild_id
        self._engine = make_engine(power.url)
        self._spent, self._there = 0.0, 0
        event.listen(self._engine.sync_engine, "before_cursor_execute", self._begin)
        event.listen(self._engine.sync_engine, "after_cursor_execute", self._end)
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
        self._spent = 0.0
        await self._boards._read(self._guild_id, 90, [])
        return self._spent

    async def run(self) -> float:
        """Seconds from /dashboard to its answer, picture included."""
        await asyncio.sleep(PACE_SECONDS)
        await self.people.run_to_the_end(self.people.alice, "dashboard")
        return self.people.watch.answered

    def _begin(self, context: Any, *_: object) -> None:
        context.info["began"] = time.perf_counter()

    def _end(self, context: Any, *_: object) -> None:
        self._spent += time.perf_counter() - context.info["began"]
