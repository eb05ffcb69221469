"""How many jobs a second the workers do, two of them against one."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

from bench.people import People
from bench.postgres import CONNECTED, Power
from bench.stage import WORKER, Bot, Stage, set_the_stage, until_so
from bench.table import Row
from bot.clock import Clock
from bot.crypto import Keyring
from bot.domain.people import Actor, Right
from bot.services.invites import InviteService, Request
from bot.services.redeeming import RedeemingService
from db.engine import make_engine
from db.ledger import Ledger

KEY = "a-key-that-only-the-bench-knows-0123456789"
LOOKS = 3000
INVITES = 120
# What the workers' polling and the first connections take, before anything is counted.
WARM_UP = 200
_IDLE = "SELECT NOT EXISTS (SELECT FROM procrastinate_jobs WHERE queue_name = 'helpr')"
# A job that asks the ledger what is owed, and hears: nothing.
_FILL = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args)"
    " SELECT 'helpr', 'show_card', 0, jsonb_build_object('invite_id', 1000000 + n)"
    " FROM generate_series(1, $1::int) n"
)


class Rates(NamedTuple):
    """Per second: jobs with nothing to do, and invites from the approval to all being told."""

    jobs: float
    invites: float


async def measure() -> AsyncIterator[Row]:
    """One worker, then two, each time in a world of their own."""
    one, two = [await _rates(workers) for workers in (1, 2)]
    yield Row("Jobs a second, one worker (baseline)", f"{one.jobs:.0f}", "1.0")
    yield Row("Jobs a second, two workers", f"{two.jobs:.0f}", f"{two.jobs / one.jobs:.1f}")
    yield Row("Invites a second, one worker (baseline)", f"{one.invites:.1f}", "1.0")
    ratio = f"{two.invites / one.invites:.1f}"
    yield Row("Invites a second, two workers", f"{two.invites:.1f}", ratio)


async def _rates(workers: int) -> Rates:
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(set_the_stage())
        people = People(stage)
        power = await stack.enter_async_context(Power(stage.folder / "postgres"))
        settings = {
            "HELPR_DATABASE__URL": power.url,
            "HELPR_SECRET_KEY": KEY,
            "HELPR_PLEX__SECONDS_BETWEEN_CALLS": "0",
            "HELPR_RECONCILE__INTERVAL": "86400",
        }
        bots = [
            await stack.enter_async_context(stage.bot(WORKER, **settings)) for _ in range(workers)
        ]
        house = _House(power, bots)
        stack.push_async_callback(house.close)
        await until_so(lambda: power.says(CONNECTED), "the connection to Plex")
        await house.rate(lambda: power.says(_FILL, WARM_UP), WARM_UP)
        jobs = await house.rate(lambda: power.says(_FILL, LOOKS), LOOKS)
        await house.rate(lambda: house.approve(stage, people, WARM_UP // 10), WARM_UP // 10)
        invites = await house.rate(lambda: house.approve(stage, people, INVITES), INVITES)
        return Rates(jobs, invites)


class _House:
    """What the workers share: the database, from this side."""

    def __init__(self, power: Power, bots: list[Bot]) -> None:
        self._power = power
        self._bots = bots
        self._engine = make_engine(power.url)
        ledger, clock = Ledger(self._engine, Keyring([KEY])), Clock()
        self._invites = InviteService(ledger, clock, RedeemingService(ledger, clock))

    async def close(self) -> None:
        """Let go of the database."""
        await self._engine.dispose()

    async def approve(self, stage: Stage, people: People, number: int) -> None:
        """Store requests, and approve them."""
        guild = stage.discord.guild_id
        admin = Actor(guild, people.alice.id, Right.ADMIN)
        for _ in range(number):
            member = people.newcomer()
            asked = await self._invites.request(
                Actor(guild, member.id), Request(f"{member.name}@example.org")
            )
            assert asked.invite is not None
            await self._invites.approve(admin, asked.invite.id, asked.invite.version)

    async def rate(self, store: Callable[[], Awaitable[object]], number: int) -> float:
        """Let the workers begin when everything is stored; how many a second they did."""
        for bot in self._bots:
            bot.suspend()
        await store()
        began = time.perf_counter()
        for bot in self._bots:
            bot.resume()
        ended = await until_so(lambda: self._power.says(_IDLE), "the last job")
        return number / (ended - began)
