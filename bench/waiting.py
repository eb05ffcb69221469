"""What a slow Plex does to those who wait, and to everybody else."""

import asyncio
from collections.abc import AsyncIterator
from statistics import median

from bench.people import People
from bench.stage import Stage
from bench.table import Row, milliseconds
from sandbox.plex import Fault

TIMES = 9
PLEX_SECONDS = 0.2
OWN_SECONDS = 0.1
# Plex is paced; who measures one invite lets the pace of the one before pass.
PACE_SECONDS = 0.3
SILENT_SECONDS = 10.0
IDLE_SECONDS = 5.0
AIM_STALL = 0.05


async def measure(stage: Stage, people: People) -> AsyncIterator[Row]:
    """First with Plex taking 200 ms a request, then 10 s."""
    async for row in _slow(stage, people):
        yield row
    async for row in _silent(stage, people):
        yield row


async def _slow(stage: Stage, people: People) -> AsyncIterator[Row]:
    slow = stage.plex.world.faults.add(Fault(kind="latency", seconds=PLEX_SECONDS))
    shares, answers = [], []
    for _ in range(TIMES):
        card = await people.ask(people.newcomer())
        await people.run_to_the_end(people.alice, "requests")
        answers.append(people.watch.answered)
        await asyncio.sleep(PACE_SECONDS)
        shares.append(people.watch.until(await people.approve_to_the_end(card)))
    stage.plex.world.faults.remove(slow)
    yield Row("One Plex request (baseline)", milliseconds(PLEX_SECONDS), "1.0")
    yield _wall("From Approve to the share on Plex", shares)
    yield _wall("From /requests to its answer", answers)


def _wall(what: str, seconds: list[float]) -> Row:
    middle, aim = median(seconds), PLEX_SECONDS + OWN_SECONDS
    ratio = f"{middle / PLEX_SECONDS:.2f}"
    return Row(what, milliseconds(middle), ratio, f"≤ {milliseconds(aim)}", middle <= aim)


async def _silent(stage: Stage, people: People) -> AsyncIterator[Row]:
    card = await people.ask(people.newcomer())
    await asyncio.sleep(PACE_SECONDS)
    await people.longest_stall()
    await asyncio.sleep(IDLE_SECONDS)
    idle = await people.longest_stall()
    stage.plex.world.faults.add(Fault(kind="latency", seconds=SILENT_SECONDS, times=1))
    # The status waits for its turn behind the share.
    await people.approve(card)
    await people.run_to_the_end(people.alice, "plex status")
    silent = await people.longest_stall()
    yield Row("Longest stall of the event loop, idle (baseline)", milliseconds(idle), "1.0")
    yield Row(
        "The same while Plex takes 10 s to answer",
        milliseconds(silent),
        f"{silent / idle:.1f}" if idle else "",
        f"< {milliseconds(AIM_STALL)}",
        silent < AIM_STALL,
    )
