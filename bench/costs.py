"""How many requests each use case costs Plex."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

import simcord

from bench.people import People
from bench.stage import Stage, until
from bench.table import Row

# Longer than the pace of calls: whoever calls again does so within this.
QUIET_SECONDS = 0.7


async def measure(stage: Stage, people: People) -> AsyncIterator[Row]:
    """One use case after the other, on a server that was connected at the start."""
    costs = Costs(stage)
    alice, member = people.alice, people.newcomer()
    yield _row("/plex status", await costs.of(people.run_to_the_end(alice, "plex status")), 1)
    libraries = await costs.of(people.run_to_the_end(alice, "plex libraries"))
    yield _row("/plex libraries, the first time", libraries)
    libraries = await costs.of(people.run_to_the_end(alice, "plex libraries"))
    yield _row("/plex libraries, again", libraries, 0)
    connect = await costs.of(people.run_to_the_end(alice, "plex connect"))
    yield _row("/plex connect and its libraries", connect)
    card = await people.ask(member)
    yield _row("an invite, from Approve on", await costs.of(people.approve_to_the_end(card)), 1)
    # Connecting compares whatever is pending.
    both = await costs.of(people.run_to_the_end(alice, "plex connect"))
    yield _row("reconcile, with one invite pending", both - connect)
    yield _row("withdrawing that invite", await costs.of(_withdraw(stage, people, member)))


async def _withdraw(stage: Stage, people: People, member: simcord.MemberActor) -> None:
    panel = await people.run_to_the_end(member, "my-plex")
    await member.click(panel.response, label="Withdraw")
    await until(lambda: not stage.plex.world.shares, "the withdrawal on Plex")


def _row(name: str, count: int, aim: int | None = None) -> Row:
    wanted = "" if aim is None else str(aim)
    return Row(
        f"Plex requests: {name}", str(count), "", wanted, None if aim is None else count == aim
    )


class Costs:
    """Counts what reaches Plex."""

    def __init__(self, stage: Stage) -> None:
        self._requests = stage.plex.world.requests

    async def of(self, action: Awaitable[object]) -> int:
        """The requests of one action and of all that follows from it."""
        await self._quiet()
        self._requests.clear()
        await action
        await self._quiet()
        return len(self._requests)

    async def _quiet(self) -> None:
        """Wait until nobody calls Plex any more."""
        seen = -1
        while seen != len(self._requests):
            seen = len(self._requests)
            await asyncio.sleep(QUIET_SECONDS)
