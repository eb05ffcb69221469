"""Workers that stop before each call of Plex or of a service, until they are told to go on."""

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from bot.clock import Clock

_AT_WORK: ContextVar["Worker | None"] = ContextVar("_AT_WORK", default=None)
# Calls that change what Plex holds.
EFFECTS = {"share", "update", "withdraw"}


class Worker:
    """One process at one job. It may stand still for weeks, go on, or die where it stands.

    `login` is whose invite it works for; `on_effect` hears of each change of Plex it is about to
    make.
    """

    def __init__(
        self,
        job: Callable[[], Awaitable[object]],
        login: str,
        clock: Clock,
        on_effect: Callable[["Worker"], None] = lambda _worker: None,
    ) -> None:
        self.login = login
        self.was_late = False
        self._on_effect = on_effect
        self._clock = clock
        self.stands_since = clock.now()
        self._go = asyncio.Event()
        self._parked = asyncio.Event()
        self.stands_before = ""
        self._task = asyncio.create_task(self._run(job))

    async def _run(self, job: Callable[[], Awaitable[object]]) -> None:
        _AT_WORK.set(self)
        await job()

    async def turn(self, name: str) -> None:
        """Wait, before a call, until somebody says go."""
        self.stands_before, self.stands_since = name, self._clock.now()
        self._parked.set()
        await self._go.wait()
        self._go.clear()
        if name in EFFECTS:
            self._on_effect(self)

    @property
    def is_done(self) -> bool:
        """Whether the job has ended."""
        return self._task.done()

    async def step(self) -> None:
        """Go on to the next call, or to the end; raises what the job raised."""
        if not self._parked.is_set():
            await self._arrive()
        if not self.is_done:
            self._parked.clear()
            self._go.set()
            await self._arrive()
        if self.is_done:
            self._task.result()

    async def _arrive(self) -> None:
        parked = asyncio.create_task(self._parked.wait())
        await asyncio.wait({parked, self._task}, return_when=asyncio.FIRST_COMPLETED)
        parked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await parked

    async def until(self, name: str) -> None:
        """Go on until it stands before that call."""
        while self.stands_before != name and not self.is_done:
            await self.step()

    async def finish(self) -> None:
        """Go on to the end."""
        while not self.is_done:
            await self.step()

    async def die(self) -> None:
        """End where it stands, without a word to anybody."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


class Stopping:
    """Stands in for a service: a worker stops before each of its calls, others pass."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def stopping(*args: Any, **named: Any) -> Any:
            worker = _AT_WORK.get()
            if worker is not None:
                await worker.turn(name)
            return await found(*args, **named)

        return stopping
