"""How soon a person sees that Helpr has heard them, against a command that does nothing."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from statistics import median

from bench.people import People
from bench.table import Row, milliseconds

WARM_UP = 8
ROUNDS = 100
# Until what the last round has set going has ended.
REST = 0.03

_KINDS = {
    "invite": ("/invite", 2.0),
    "submit": ("the form's submit", 4.0),
    "approve": ("Approve", 4.0),
}


async def measure(people: People) -> AsyncIterator[Row]:
    """Medians over rounds in which every kind comes once, the baseline at a changing place."""
    times: dict[str, list[float]] = defaultdict(list)
    for number in range(WARM_UP + ROUNDS):
        seen = await _round(people, number % 4)
        await asyncio.sleep(REST)
        if number >= WARM_UP:
            for kind, seconds in seen.items():
                times[kind].append(seconds)
    base = median(times["noop"])
    yield Row("Acknowledging a command that does nothing (baseline)", milliseconds(base), "1.0")
    for kind, (name, aim) in _KINDS.items():
        seconds = median(times[kind])
        ratio = seconds / base
        what = f"Acknowledging {name}"
        yield Row(what, milliseconds(seconds), f"{ratio:.2f}", f"≤ {aim:g}", ratio <= aim)


async def _round(people: People, place: int) -> dict[str, float]:
    """One newcomer's way to an invite; `place` is where the baseline comes among the others."""
    member = people.newcomer()
    seen: dict[str, float] = {}

    async def baseline(here: int) -> None:
        if here == place:
            await people.run(member, "noop")
            seen["noop"] = people.watch.acknowledged

    await baseline(0)
    shown = await people.run(member, "invite")
    seen["invite"] = people.watch.acknowledged
    await baseline(1)
    card = await people.new_card(people.submit(member, await people.form(member, shown)))
    seen["submit"] = people.watch.acknowledged
    await baseline(2)
    await people.approve_to_the_end(card)
    seen["approve"] = people.watch.acknowledged
    await baseline(3)
    return seen
