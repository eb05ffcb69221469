"""A flow played again and again, the bot killed each time at another point of it."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from flows import Flow, Step, play
from points import Point, every_point, subject, worth_dying_at
from scene import BEYOND_LEASES, Helper, Person, Scene

from db.answers import TOKEN_LIFE

# A point that is not passed this time, as two jobs have come in another order, is tried again.
TRIES = 2
# At each restart the clock jumps beyond the leases. So many jumps stay within the minutes for which
# a private answer can be edited, so that people who wait for their turn still read the news there.
BATCH = int(TOKEN_LIFE.total_seconds() * 0.9 / BEYOND_LEASES)


@dataclass
class Tally:
    """What a series of kills has come to."""

    kills: int = 0
    missed: list[Point] = field(default_factory=list)
    recoveries: dict[Point, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def blame(self, what: object, violations: Iterable[str]) -> None:
        """Write down what was wrong after something."""
        self.wrong += [f"{what}: {one}" for one in violations]

    def count(self, word: str) -> int:
        """How many violations begin with a word."""
        return sum(f": {word}" in one for one in self.wrong)

    def _which(self) -> str:
        return f" ({', '.join(map(str, self.missed))})" if self.missed else ""

    def summary(self) -> str:
        """The tally in one line."""
        slowest = max(self.recoveries.values(), default=0.0)
        return (
            f"{self.kills} kills, {len(self.missed)} points not met{self._which()}, "
            f"{self.count('LOST')} lost, {self.count('DOUBLED')} doubled, "
            f"slowest recovery {slowest:.1f} s"
        )


@dataclass
class Series:
    """One flow in one scene with one bot, which dies and comes back."""

    scene: Scene
    flow: Flow
    helper: Helper
    thorough: bool = False
    tally: Tally = field(default_factory=Tally)
    # What the recording has passed: callables and jobs.
    passed: set[str] = field(default_factory=set)

    async def record(self) -> dict[Step, list[Point]]:
        """Play the flow once, undisturbed; the points of each step."""
        person = self.scene.newcomer()
        await self._has_started()
        await self._quiet()
        for step in self.flow.before:
            await self._play(step, person)
        found = {}
        for step in self.flow.steps:
            self.helper.passed()
            await self._play(step, person)
            await self._quiet()
            lines = self.helper.passed()
            points = every_point(lines)
            self.passed |= {subject(point.name) for point in points}
            own = None if self.flow.everywhere else self.flow.own
            found[step] = points if self.thorough else worth_dying_at(lines, own)
        return found

    async def die_everywhere(self, points: dict[Step, list[Point]]) -> None:
        """Kill the bot at each of these points, each time with another person's invite."""
        for number, step in enumerate(self.flow.steps):
            earlier = (*self.flow.before, *self.flow.steps[:number])
            later = self.flow.steps[number + 1 :]
            for some in batched(points[step], BATCH):
                people = [self.scene.newcomer() for _ in some]
                await self._play_all(earlier, people)
                for point, person in zip(some, people, strict=True):
                    await self._die_at(point, step, person)
                await self._play_all(later, people)
                self.tally.blame(f"after {step.name}", await self.scene.violations())

    async def _die_at(self, point: Point, step: Step, person: Person) -> None:
        for _ in range(TRIES):
            self.helper.arm(point)
            act: asyncio.Task[None] = asyncio.create_task(step.act(self.scene, person))
            await self._until_over(act, step, person)
            if not self.helper.disarm():
                break
            person = self.scene.newcomer()
            await self._play_all(self._before(step), [person])
        else:
            self.tally.missed.append(point)
            return
        died = time.perf_counter()
        await self.scene.eventually(lambda: not self.helper.is_alive, f"death {point}")
        self.helper = await self.scene.restart(self.helper)
        await self.scene.settled()
        self.tally.recoveries[point] = time.perf_counter() - died
        await asyncio.wait([act])
        # Nobody is told of a failure by an exception here: what counts is what stands afterwards.
        act.exception()
        await self._play(step, person)
        self.tally.kills += 1
        wrong = [*await self.scene.violations(), *step.check(self.scene, person)]
        self.tally.blame(f"{step.name}, killed {point}", wrong)

    async def _has_started(self) -> None:
        """Wait for the start's end, and count what it has passed."""

        async def seen() -> bool:
            lines = self.helper.passed()
            self.passed |= {subject(point.name) for point in every_point(lines)}
            return self.helper.knows_its_guilds(lines)

        await self.scene.eventually(seen, "the start's end")

    def _before(self, step: Step) -> tuple[Step, ...]:
        return (*self.flow.before, *self.flow.steps[: self.flow.steps.index(step)])

    async def _until_over(self, act: asyncio.Task[None], step: Step, person: Person) -> None:
        """Wait until the bot is dead, or has done all that it had to do."""

        async def over() -> bool:
            if not self.helper.is_alive:
                return True
            return act.done() and await self._is_done(step, person) and await self.scene.is_quiet()

        await self.scene.eventually(over, f"the end of {step.name}")

    async def _play_all(self, steps: tuple[Step, ...], people: list[Person]) -> None:
        for step in steps:
            await asyncio.gather(*(self._play(step, person) for person in people))

    async def _play(self, step: Step, person: Person) -> None:
        await play(self.scene, step, person)
        await self.scene.settled()

    async def _is_done(self, step: Step, person: Person) -> bool:
        return await step.is_done(self.scene, person) and await self.scene.is_settled()

    async def _quiet(self) -> None:
        await self.scene.eventually(self.scene.is_quiet, "an empty queue")


def batched(points: list[Point], size: int) -> list[list[Point]]:
    """The points in lists of at most `size`."""
    return [points[at : at + size] for at in range(0, len(points), size)]


def spread(points: dict[Step, list[Point]], part: int, parts: int) -> dict[Step, list[Point]]:
    """Every `parts`-th point, from the `part`-th on."""
    return {step: found[part::parts] for step, found in points.items()}
