"""`python -m bench`: measure everything, print one table."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator

from bench import acknowledging, board, costs, recovering, starts, waiting, working
from bench.people import People
from bench.stage import PROBED, CannotMeasure, set_the_stage
from bench.table import Row, show

# What is compared is compared when the bench says so.
NEVER = {"HELPR_RECONCILE__INTERVAL": "86400"}


async def measure() -> AsyncIterator[Row]:
    """Every row."""
    async with set_the_stage() as stage:
        async for row in starts.measure(stage):
            yield row
    # A world of its own, so that the commands of the probe are new to it.
    async with set_the_stage() as stage:
        people = People(stage)
        async with stage.bot(PROBED, **NEVER):
            async for row in costs.measure(stage, people):
                yield row
            async for row in waiting.measure(stage, people):
                yield row
            async for row in acknowledging.measure(people):
                yield row
    async for row in working.measure():
        yield row
    async for row in recovering.measure():
        yield row
    async for row in board.measure():
        yield row


async def main() -> int:
    """The exit code: 0 when everything could be measured, whatever it came to."""
    started = time.perf_counter()
    rows = []
    try:
        async for row in measure():
            rows.append(row)
            sys.stderr.write(f"\r{row.what:<70}")
    except (CannotMeasure, TimeoutError) as trouble:
        sys.stderr.write(f"\nCould not be measured: {trouble}\n")
        return 1
    finally:
        sys.stderr.write("\r" + " " * 70 + "\r")
    show(rows, time.perf_counter() - started)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
