"""Random stories of people, faults and time, and the same laws for all of them.

`HELPR_TEST_REPEAT=20 pytest tests/integration/test_machine.py` plays twenty times as many, other
ones each time.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from machine_laws import always, at_rest, picture_of
from machine_stage import ADMINS, EVERYTHING, FIRST_SECTION, LOGINS, MEMBERS, Stage, StoppedClock
from story import GUILD

from bot import compose
from bot.domain.errors import Refused
from bot.settings import Settings
from sandbox.plex import PlexSandbox, PlexWorld
from sandbox.plex.faults import failing

REPEAT = int(os.environ.get("HELPR_TEST_REPEAT", "1"))
EXAMPLES, STEPS = 5, 25
# How long a story may need to come to rest; Plex is waited for an hour at most.
ROUNDS = [30] * 5 + [300] * 8 + [1200] * 12

guilds = st.sampled_from((0, 0, 0, 1))
members = st.integers(0, len(MEMBERS) - 1)
people = st.integers(0, len(LOGINS) - 1)
sections = st.sets(st.integers(FIRST_SECTION, FIRST_SECTION + 4), min_size=1, max_size=3)
invites = st.sampled_from((0, 0, 1, 1, 2, 3, 4, 5))
sayings = st.integers(0, 41)
takeable = st.sampled_from(("work", "work", "work", "work", "wrong", "reconcile"))
jobs = st.sampled_from(("work", "work", "work", "wrong", "reconcile", "connect"))
workers = st.integers(0, 3)
endpoints = st.sampled_from(
    (
        "everything",
        "inviting",
        "inviting",
        "lists of shares",
        "one share",
        "changing a share",
        "taking back",
        "libraries",
        "the media server",
    )
)
failures = st.sampled_from(
    (
        "401",
        "429",
        "429_bare",
        "498",
        "500",
        "502",
        "503",
        "504",
        "drop_before",
        "drop_after",
        "drop_after",
        "html",
        "malformed",
        "empty",
        "redirect",
    )
)
often = st.sampled_from((1, 1, 2, 3, None))
SECONDS = (1, 5, 21, 61, 310, 3600, 86_400, 4 * 86_400, 15 * 86_400, 40 * 86_400)
times = st.sampled_from(SECONDS)


@asynccontextmanager
async def opened(database_url: str, folder: Path) -> AsyncIterator[Stage]:
    """A stage on that database."""
    async with PlexSandbox(PlexWorld.demo(), port=0) as plex:
        clock = StoppedClock()
        told = Settings(
            _env_file=None,
            database={"url": database_url, "pool_size": 5},
            secret_key="a-key-that-only-the-machine-knows-0123456789",
            data_dir=folder,
            plex={"tv_url": plex.base_url, "seconds_between_calls": 0, "deadline": 5},
            home={"guild_id": GUILD, "plex_url": plex.base_url, "plex_token": plex.owner_token},
        )
        async with compose.house(told, clock) as house:
            yield Stage(house, plex, clock)


class Machine(RuleBasedStateMachine):
    """One random story. What does not apply where it stands does nothing."""

    stage: ClassVar[Stage]
    runner: ClassVar[asyncio.Runner]
    steps: ClassVar[int] = 0
    stories: ClassVar[int] = 0

    def _play(self, *steps: Coroutine[Any, Any, None]) -> None:
        self.runner.run(self._observed(steps))
        type(self).steps += 1

    async def _observed(self, steps: Iterable[Coroutine[Any, Any, None]]) -> None:
        for step in steps:
            await step
        self._judge(always(self.stage, await picture_of(self.stage)))

    def _judge(self, broken: list[str]) -> None:
        assert not broken, "\n".join(broken)

    @initialize(present=st.integers(0, 3))
    def opens(self, present: int) -> None:
        """A story begins with two connected guilds and so many who have access."""
        type(self).stories += 1
        self._play(self.stage.begin(), *(self._access(0, member, 0) for member in range(present)))

    async def _access(self, guild: int, member: int, name: int) -> None:
        await self._approved(guild, member, name)
        await self.stage.job("work", 0)
        self.stage.accept(0)
        self.stage.clock.advance(seconds=61)
        await self.stage.job("reconcile", guild)

    async def _approved(self, guild: int, member: int, name: int) -> None:
        stage = self.stage
        await stage.refusable(stage.ask_as(guild, member, LOGINS[member][name]))
        await stage.refusable(self._say(0, "approve"))

    # -- words ----------------------------------------------------------------------------------

    @rule(guild=guilds, member=members, whom=st.none() | people, name=st.integers(0, 1))
    def asks(self, guild: int, member: int, whom: int | None, name: int) -> None:
        """A member asks for themselves, or under somebody's name."""
        login = LOGINS[member if whom is None else whom][name]
        self._play(self.stage.refusable(self.stage.ask_as(guild, member, login)))

    @rule(guild=guilds, member=members, name=st.integers(0, 1))
    def asks_and_is_approved(self, guild: int, member: int, name: int) -> None:
        """A member asks and an admin approves at once."""
        self._play(self._approved(guild, member, name))

    @rule(guild=guilds, member=members, name=st.integers(0, 1))
    def gets_access(self, guild: int, member: int, name: int) -> None:
        """A member asks, is approved, and accepts on Plex."""
        self._play(self._access(guild, member, name))

    @rule(which=invites, said=sayings)
    def says(self, which: int, said: int) -> None:
        """A member or an admin says something about an invite."""
        self._play(self.stage.refusable(self.stage.word(which, said)))

    @rule(which=invites, word=st.sampled_from(EVERYTHING))
    def says_anything(self, which: int, word: str) -> None:
        """A member or an admin says what may not fit at all."""
        self._play(self.stage.refusable(self._say(which, word)))

    async def _say(self, which: int, word: str, typed: str = "30d") -> None:
        invite = await self.stage.one(which)
        if invite is not None:
            await self.stage.say(word, invite, typed)

    @rule(which=invites, typed=st.sampled_from(("1h", "3d", "30d", "0d", "2020-01-01")))
    def extends(self, which: int, typed: str) -> None:
        """An admin gives somebody more time."""
        self._play(self.stage.refusable(self._say(which, "extend", typed)))

    @rule(guild=guilds, trust=st.booleans())
    def compares(self, guild: int, trust: bool) -> None:
        """An admin has ledger and Plex compared."""
        reconcile = self.stage.house.services.reconcile
        self._play(self.stage.refusable(reconcile.ask(ADMINS[guild], trust=trust)))

    @rule(guild=guilds)
    def retries_all(self, guild: int) -> None:
        """An admin has everything tried again that is stuck."""
        self._play(
            self.stage.refusable(self.stage.house.services.troubles.retry_all(ADMINS[guild]))
        )

    # -- Plex -----------------------------------------------------------------------------------

    @rule(which=invites)
    def accepts(self, which: int) -> None:
        """Somebody accepts on Plex."""
        self.stage.accept(which)

    @rule(which=invites)
    def drops(self, which: int) -> None:
        """A share goes: declined, left, or removed by the owner."""
        self.stage.drop(which)

    @rule(person=people, chosen=sections)
    def shares_by_hand(self, person: int, chosen: set[int]) -> None:
        """The owner shares without Helpr."""
        self.stage.share_by_hand(person, chosen)

    @rule(which=invites, chosen=sections)
    def changes_by_hand(self, which: int, chosen: set[int]) -> None:
        """The owner changes what a share gives."""
        self.stage.touch(which, chosen)

    @rule(endpoint=endpoints, failure=failures, times=often)
    def fails(self, endpoint: str, failure: str, times: int | None) -> None:
        """Plex begins to fail."""
        self.stage.world.faults.add(failing(failure, endpoint=endpoint, times=times))

    @rule(failure=st.sampled_from(("empty_listing", "short_listing")), times=often)
    def lists_lie(self, failure: str, times: int | None) -> None:
        """Plex's lists leave people out."""
        self.stage.world.faults.add(failing(failure, endpoint="lists of shares", times=times))

    @rule()
    def works_again(self) -> None:
        """Plex fails no more."""
        self.stage.world.faults.clear()
        self.stage.world.mend_token()

    @rule(invalid=st.booleans())
    def revokes_token(self, invalid: bool) -> None:
        """The owner signs Helpr out."""
        self.stage.world.revoke_token(invalid=invalid)

    @rule(orphans=st.booleans(), fresh=st.booleans())
    def is_odd(self, orphans: bool, fresh: bool) -> None:
        """Plex leaves rows behind, or wants each share accepted anew."""
        self.stage.world.orphans, self.stage.world.fresh_acceptance = orphans, fresh

    # -- time and work --------------------------------------------------------------------------

    @rule(seconds=times)
    def lives_through(self, seconds: int) -> None:
        """Time passes, and the sweep does what is due meanwhile."""
        self._play(self._live(seconds))

    async def _live(self, seconds: int) -> None:
        for part in (0.05, 0.15, 0.3, 0.5):
            await self.stage.after(seconds=seconds * part)

    @rule(seconds=times)
    def is_away(self, seconds: int) -> None:
        """Time passes while nobody does anything."""
        self.stage.clock.advance(seconds=seconds)

    @rule()
    def sweeps(self) -> None:
        """What is due is done."""
        self._play(self.stage.sweep())

    @rule(what=jobs, which=invites)
    def works(self, what: str, which: int) -> None:
        """One job runs."""
        self._play(self.stage.job(what, which))

    @rule(which=invites, said=sayings)
    def says_and_takes_up(self, which: int, said: int) -> None:
        """Somebody says something, and a worker claims what follows from it, and stands still."""
        self._play(self.stage.refusable(self.stage.word(which, said)), self.stage.start("work", 0))

    @rule(what=takeable, which=invites)
    def takes_up(self, what: str, which: int) -> None:
        """A worker claims a job, and stands still."""
        self._play(self.stage.start(what, which))

    @rule(which=workers, end=st.booleans())
    def goes_on(self, which: int, end: bool) -> None:
        """A worker that stood still goes on."""
        standing = self.stage.workers
        if standing:
            worker = standing[which % len(standing)]
            self._play(self.stage.let_go(worker, to_the_end=end))

    @rule(which=workers)
    def dies(self, which: int) -> None:
        """A worker dies where it stands."""
        standing = self.stage.workers
        if standing:
            self._play(self.stage.kill(standing[which % len(standing)]))

    @rule(what=jobs, other=jobs, which=invites, also=invites)
    def work_at_once(self, what: str, other: str, which: int, also: int) -> None:
        """Two workers do two jobs at once."""
        self._play(self._both(self.stage.job(what, which), self.stage.job(other, also)))

    @rule(said=sayings, what=jobs, which=invites)
    def says_meanwhile(self, said: int, what: str, which: int) -> None:
        """Somebody says something while a job is under way."""
        self._play(self._both(self.stage.word(which, said), self.stage.job(what, which)))

    async def _both(self, one: Coroutine[Any, Any, None], other: Coroutine[Any, Any, None]) -> None:
        self.stage._note_lies()

        async def refusable(work: Coroutine[Any, Any, None]) -> None:
            with contextlib.suppress(Refused):
                await work

        await asyncio.gather(refusable(one), refusable(other))

    # -- rest -----------------------------------------------------------------------------------

    @rule(dead=st.booleans())
    def comes_to_rest(self, dead: bool) -> None:
        """All is mended, and everything that was owed is done."""
        self.runner.run(self._rest(dead=dead))

    async def _rest(self, *, dead: bool) -> None:
        stage = self.stage
        stage.world.faults.clear()
        stage.world.mend_token()
        for worker in list(stage.workers):
            await (stage.kill(worker) if dead else stage.let_go(worker, to_the_end=True))
        await self._until_quiet()
        picture = await picture_of(stage)
        self._judge(at_rest(stage, picture))
        if any(kind == "breaker" for _, kind in picture.notices):
            for admin in ADMINS:
                await stage.house.services.reconcile.ask(admin, trust=True)
            await self._until_quiet()
            picture = await picture_of(stage)
            self._judge(at_rest(stage, picture))
            assert not any(kind == "breaker" for _, kind in picture.notices)

    async def _until_quiet(self) -> None:
        quiet = 0
        for seconds in ROUNDS:
            await self.stage.after(seconds=seconds)
            quiet = quiet + 1 if await self._is_quiet() else 0
            if quiet > 1:
                break
        # Everybody is looked at twice more: what the first look ends, the second confirms.
        for _ in range(2):
            await self.stage.after(seconds=660)
        for seconds in ROUNDS:
            if await self._is_quiet():
                return
            await self.stage.after(seconds=seconds)

    async def _is_quiet(self) -> bool:
        picture = await picture_of(self.stage)
        owing = any(value for owed in picture.owed.values() for value in owed.values())
        return not owing and all(link.connect_due_at is None for link in picture.links)

    def teardown(self) -> None:
        """Every story comes to rest in the end."""
        if hasattr(self.stage, "workers"):
            self.runner.run(self._rest(dead=False))


@pytest.fixture
def machine(own_database_url: str, tmp_path: Path) -> Iterator[type[Machine]]:
    """The machine on its stage, with a loop of its own, and without its thousands of log lines."""
    logging.disable(logging.CRITICAL)
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        Machine.runner = runner
        Machine.stage = runner.run(stack.enter_async_context(opened(own_database_url, tmp_path)))
        try:
            yield Machine
        finally:
            runner.run(stack.aclose())
            logging.disable(logging.NOTSET)


@pytest.mark.timeout(300 * REPEAT)
def test_random_stories(machine: type[Machine]) -> None:
    """Whatever people, faults and time do: one share for each who has access, none for others."""
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES * REPEAT,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=REPEAT == 1,
                database=None,
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
        )
    finally:
        print(f"{machine.stories} stories, {machine.steps} steps")  # noqa: T201 - for long runs
