"""How long a start takes, and how much memory the idle bot holds."""

import asyncio
from collections.abc import AsyncIterator
from statistics import median

from bench.stage import BARE, Stage
from bench.table import Row

TIMES = 3
IDLE_SECONDS = 5.0
AIM_SECONDS = 3.0
AIM_MEGABYTES = 160.0


async def measure(stage: Stage) -> AsyncIterator[Row]:
    """Cold, then warm, against a bot of the same library that does nothing at all."""
    bare_seconds, bare_memory = [], []
    for _ in range(TIMES):
        async with stage.bot(BARE) as bot:
            bare_seconds.append(bot.seconds_to_ready)
            bare_memory.append(bot.resident)
    base = median(bare_seconds)
    yield Row("Start of a bare discord.py bot (baseline)", f"{base:.2f} s", "1")
    async with stage.bot() as bot:
        cold = bot.seconds_to_ready
    yield Row("Start to ready, the database made anew", f"{cold:.2f} s", f"{cold / base:.1f}")
    warm = []
    for number in range(TIMES):
        async with stage.bot() as bot:
            warm.append(bot.seconds_to_ready)
            if number == TIMES - 1:
                await asyncio.sleep(IDLE_SECONDS)
                memory = bot.resident
    seconds = median(warm)
    yield Row(
        "Start to ready, the database there",
        f"{seconds:.2f} s",
        f"{seconds / base:.1f}",
        f"< {AIM_SECONDS:g} s",
        seconds < AIM_SECONDS,
    )
    base = median(bare_memory)
    yield Row("Memory of a bare discord.py bot (baseline)", f"{base:.0f} MB", "1")
    yield Row(
        "Memory of the idle bot, without PostgreSQL",
        f"{memory:.0f} MB",
        f"{memory / base:.1f}",
        f"< {AIM_MEGABYTES:g} MB",
        memory < AIM_MEGABYTES,
    )
