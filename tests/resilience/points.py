"""Where a process of the bot can be killed: points around everything that leaves a trace.

A point is a callable of production code, found by looking and never by a list, so that a new
service method or a new call of Plex has its points by itself:

- `InviteService.approve`             a public method of a service (`bot.services.Services`)
- `InviteService.approve/commit`      the commit inside of it
- `InviteService.approve/enqueue`     the storing of a job inside of it
- `PlexService.share`                 a call of Plex
- `Discord PATCH /channels/...`       a call of Discord's REST interface, or an interaction's answer
- `queue fetch share_invite`          a job taken from the queue
- `queue finish share_invite`         a job struck off

`install(folder)` wraps them in this process. In the folder `armed` names the point at which to die
(`before` or `after`, its name, and which passing of it), `record` gets a line for every point that
is passed, and `offset` holds the seconds by which the clock is ahead.
"""

import inspect
import os
import signal
import typing
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import discord
import procrastinate
from discord.webhook.async_ import AsyncWebhookAdapter
from procrastinate.manager import JobManager

from bot.clock import Clock
from bot.plex import PlexService
from bot.services import Services
from db.jobs import Jobs
from db.ledger import Work

ARMED, RECORD, OFFSET = "armed", "record", "offset"
ASIDE = ("Admission.", "SweepService.", *(f"queue {do} {job}" for do in ("fetch", "finish")
         for job in ("sweep", "rescue", "tidy")))  # fmt: skip
EVERY_FIVE_SECONDS, EVERY_SECOND = "* * * * * */5", "* * * * * *"

Wrapped = Callable[..., Awaitable[Any]]
Name = Callable[[inspect.BoundArguments, Any], str | None]


@dataclass(frozen=True, order=True)
class Point:
    """Die `when` (`before` or `after`) the callable `name` is passed for the `nth` time."""

    when: str
    name: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.when} {self.name} {self.nth}"

    @classmethod
    def read(cls, text: str) -> "Point":
        """The point that `str` has written."""
        when, rest = text.split(" ", 1)
        name, nth = rest.rsplit(" ", 1)
        return cls(when, name, int(nth))


def service_methods() -> set[str]:
    """Every public method of every service."""
    kinds = typing.get_type_hints(Services).values()
    return {f"{kind.__name__}.{name}" for kind in kinds for name in methods_of(kind)}


def plex_methods() -> set[str]:
    """Every call of Plex."""
    return {f"{PlexService.__name__}.{name}" for name in methods_of(PlexService)}


def methods_of(kind: type[Any]) -> list[str]:
    """The public coroutine methods of a class, those that it has from another included."""
    found = inspect.getmembers(kind, inspect.iscoroutinefunction)
    return [name for name, _ in found if not name.startswith("_")]


class Control:
    """What the test has ordered, read anew at every point."""

    def __init__(self, folder: Path) -> None:
        self._armed, self._record, self._offset = folder / ARMED, folder / RECORD, folder / OFFSET
        self._passed: Counter[str] = Counter()

    def passing(self, when: str, name: str) -> None:
        """Note it, and die if it is ordered. Only one process dies of an order."""
        self._note(f"{when} {name}")
        try:
            text = self._armed.read_text()
        except FileNotFoundError:
            return
        point = Point.read(text)
        if (point.when, point.name) != (when, name):
            return
        self._passed[text] += 1
        if self._passed[text] < point.nth:
            return
        try:
            self._armed.unlink()
        except FileNotFoundError:
            return
        self._note(f"killed {text}")
        os.kill(os.getpid(), signal.SIGKILL)

    def offset(self) -> timedelta:
        """How far the clock is ahead."""
        try:
            return timedelta(seconds=float(self._offset.read_text()))
        except FileNotFoundError:
            return timedelta()

    def _note(self, line: str) -> None:
        with self._record.open("a") as record:
            record.write(f"{line}\n")


_inside: ContextVar[str] = ContextVar("_inside", default="?")


def install(folder: Path, *, sweep_every_second: bool = False) -> None:
    """Wrap every point of this process; the clock follows the test's."""
    control = Control(folder)
    for kind in typing.get_type_hints(Services).values():
        for name in methods_of(kind):
            _wrap(control, kind, name, _always(f"{kind.__name__}.{name}"), is_service=True)
    for name in methods_of(PlexService):
        _wrap(control, PlexService, name, _always(f"PlexService.{name}"))
    _wrap(control, Work, "commit", lambda *_: f"{_inside.get()}/commit")
    _wrap(control, Jobs, "enqueue", _enqueued)
    _wrap(control, discord.http.HTTPClient, "request", _route)
    _wrap(control, AsyncWebhookAdapter, "request", _route)
    _wrap(control, JobManager, "fetch_job", _fetched)
    _wrap(control, JobManager, "finish_job", _finished)
    _shift_clock(control)
    if sweep_every_second:
        _hurry_up()


def _always(name: str) -> Name:
    return lambda *_: name


def _route(given: inspect.BoundArguments, _result: Any) -> str:
    route = given.arguments["route"]
    return f"Discord {route.method} {route.path}"


def _enqueued(given: inspect.BoundArguments, _result: Any) -> str | None:
    return f"{_inside.get()}/enqueue" if given.arguments.get("jobs") else None


def _fetched(_given: inspect.BoundArguments, job: Any) -> str | None:
    """Only a job that was there is a point, and it is known afterwards only."""
    return None if job is None else f"queue fetch {job.task_name}"


def _finished(given: inspect.BoundArguments, _result: Any) -> str:
    return f"queue finish {given.arguments['job'].task_name}"


def _wrap(
    control: Control, owner: Any, attribute: str, name: Name, *, is_service: bool = False
) -> None:
    call: Wrapped = getattr(owner, attribute)
    signature = inspect.signature(call)

    @wraps(call)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        before = name(given, None)
        token = _inside.set(before) if is_service and before else None
        try:
            if before is not None:
                control.passing("before", before)
            result = await call(*args, **kwargs)
            after = name(given, result)
            if after is not None:
                control.passing("after", after)
            return result
        finally:
            if token is not None:
                _inside.reset(token)

    setattr(owner, attribute, wrapped)


def _shift_clock(control: Control) -> None:
    real = Clock.now

    def now(self: Clock) -> datetime:
        return real(self) + control.offset()

    Clock.now = now  # type: ignore[method-assign]


def _hurry_up() -> None:
    """What production looks at every five seconds is looked at every second."""
    periodic = procrastinate.App.periodic

    def hurried(self: procrastinate.App, *, cron: str, **rest: Any) -> Any:
        return periodic(self, cron=EVERY_SECOND if cron == EVERY_FIVE_SECONDS else cron, **rest)

    procrastinate.App.periodic = hurried  # type: ignore[method-assign,assignment]


def subject(name: str) -> str:
    """What a point is about: the callable, or the job of the queue."""
    return name.rsplit(maxsplit=1)[-1] if name.startswith("queue ") else name.partition("/")[0]


def worth_dying_at(passed: list[str], own: Collection[str] | None = None) -> list[Point]:
    """The points of a recording at which something differs, in the order in which they came.

    A call of Plex or of Discord and a commit differ before and after; a job differs once it is
    taken, and once it is stored, which is just before the commit. Limits and housekeeping leave
    nothing that could be lost. With `own`, only what is about those.
    """
    stored = {line.partition(" ")[2] for line in passed if line.endswith("/enqueue")}
    return [
        point
        for point in every_point(passed)
        if not _is_between(point)
        and not (point.when == "before" and point.name.replace("/commit", "/enqueue") in stored)
        and not point.name.startswith(ASIDE)
        and (own is None or subject(point.name) in own)
    ]


def every_point(passed: list[str]) -> list[Point]:
    """Every single one of a recording."""
    times: Counter[str] = Counter()
    found = []
    for line in passed:
        times[line] += 1
        when, name = line.split(" ", 1)
        found.append(Point(when, name, times[line]))
    return found


def _is_between(point: Point) -> bool:
    """Whether a neighbouring point is as good: nothing that leaves a trace lies between the two."""
    if point.name.startswith("queue finish"):
        return True
    if point.name.endswith("/enqueue"):
        return point.when == "before"
    return point.name in service_methods()
