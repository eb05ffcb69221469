"""How long a start takes, and how much memory the idle bot holds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from bench.stage import BARE, HELPR, Stage
from bench.table import Row

TIMES = 3
IDLE_SECONDS = 5.0
AIM_SECONDS = 3.0
AIM_MEGABYTES = 160.0


class Start(NamedTuple):
    """One start: seconds on the wall and of the processor, megabytes when ready."""

    seconds: float
    busy: float
    memory: float


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Cold, then warm, against a bot of the same library that does nothing at all."""
    bare = [await _start(stage, BARE) for _ in range(TIMES)]
    base = _middle(bare)
    cold = await _start(stage)
    warm = _middle([await _start(stage) for _ in range(TIMES)])
    async with stage.bot() as bot:
        await asyncio.sleep(IDLE_SECONDS)
        memory = bot.resident

    def seconds(what: str, start: Start) -> Row:
        return Row(what, f"{start.seconds:.2f} s", f"{start.seconds / base.seconds:.1f}")

    yield seconds("Start of a bare discord.py bot (baseline)", base)
    yield seconds("Start to ready, the database made anew", cold)
    row = seconds("Start to ready, the database there", warm)
    yield replace(row, aim=f"< {AIM_SECONDS:g} s", met=warm.seconds < AIM_SECONDS)
    yield Row("Processor time of a bare bot's start (baseline)", f"{base.busy:.2f} s", "1.0")
    yield Row("Processor time of that start", f"{warm.busy:.2f} s", f"{warm.busy / base.busy:.1f}")
    yield Row("Memory of a bare discord.py bot (baseline)", f"{base.memory:.0f} MB", "1.0")
    yield Row(
        "Memory of the idle bot, without PostgreSQL",
        f"{memory:.0f} MB",
        f"{memory / base.memory:.1f}",
        f"< {AIM_MEGABYTES:g} MB",
        memory < AIM_MEGABYTES,
    )


async def _start(stage: Stage, command: tuple[str, ...] = HELPR) -> Start:
    async with stage.bot(command) as bot:
        return Start(bot.seconds_to_ready, bot.busy_to_ready, bot.resident)


def _middle(starts: list[Start]) -> Start:
    """The medians."""
    return Start(*(median(values) for values in zip(*starts, strict=True)))
