"""Ways in which Plex fails on purpose.

A `Fault` names requests by an `endpoint` in plain words (see `sandbox.plex.menu`), by `match`, a
glob over `METHOD path`, or by both, and says what happens to them. Kinds:

- `latency`: waits `seconds`, then goes on as usual.
- `hang`: says nothing for `seconds` (an hour unless told), then cuts the connection; removing the
  fault cuts it at once.
- `status`: answers `status` with `headers` (say `Retry-After`) and `body`.
- `drop_before`: resets the connection before anything has happened.
- `drop_after`: does what was asked, then resets the connection: the lost answer.
- `html`: answers a gateway's HTML page with status 200.
- `malformed`: does what was asked, then answers broken XML (or JSON where that was asked for).
- `empty`: does what was asked, then answers nothing, with status 200 or `status`.
- `drip`: does what was asked, then sends the answer byte by byte over `seconds`.
- `redirect`: sends the asker to `headers["Location"]`, or to this machine by another name.
- `empty_listing`: lists of shares and users come back well-formed and empty.
- `short_listing`: each such list keeps its first `keep` rows, half of them unless told.

`processed=True` lets `hang`, `status` and `html` strike after the deed instead of before it.
"""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from sandbox.plex.menu import ENDPOINTS, FAILURES, LISTS

Row = TypeVar("Row")


class Kind(StrEnum):
    """What a fault does; see the module's text."""

    LATENCY = "latency"
    HANG = "hang"
    STATUS = "status"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    HTML = "html"
    MALFORMED = "malformed"
    EMPTY = "empty"
    DRIP = "drip"
    REDIRECT = "redirect"
    EMPTY_LISTING = "empty_listing"
    SHORT_LISTING = "short_listing"


LISTING = {Kind.EMPTY_LISTING, Kind.SHORT_LISTING}
AFTER_THE_DEED = {Kind.DROP_AFTER, Kind.MALFORMED, Kind.EMPTY, Kind.DRIP}
DEFAULT_SECONDS = {Kind.LATENCY: 2.0, Kind.HANG: 3600.0, Kind.DRIP: 5.0}


@dataclass(eq=False)
class Fault:
    """One way to fail. `times` is how many requests it still strikes; None is without end.

    `label` is a name for people; the page knows its own faults by it. ValueError for a kind or an
    endpoint that does not exist, and for a listing's fault where nothing is listed.
    """

    match: str = "*"
    kind: str = Kind.LATENCY
    times: int | None = None
    seconds: float | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    processed: bool | None = None
    label: str = ""
    endpoint: str = ""
    keep: int | None = None
    id: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __post_init__(self) -> None:
        self.kind = Kind(self.kind)
        if self.endpoint and self.endpoint not in ENDPOINTS:
            raise ValueError(f"no such endpoint: {self.endpoint}")
        if self.kind in LISTING and self.endpoint not in {"", *LISTS}:
            raise ValueError(f"{self.endpoint}: there is nothing to list")
        if self.processed is None:
            self.processed = self.kind in AFTER_THE_DEED
        if self.seconds is None:
            self.seconds = DEFAULT_SECONDS.get(self.kind, 0.0)
        if self.kind is Kind.STATUS and self.status is None:
            self.status = 503

    def strikes(self, line: str) -> bool:
        """Whether this fault is for the request `line` (`METHOD path`) and not used up."""
        named = not self.endpoint or ENDPOINTS[self.endpoint].fullmatch(line) is not None
        return self.times != 0 and named and fnmatchcase(line, self.match)

    def shorten(self, rows: list[Row]) -> list[Row]:
        """What a listing's fault leaves of a list."""
        if self.kind is Kind.EMPTY_LISTING:
            return []
        return rows[: len(rows) // 2 if self.keep is None else self.keep]

    async def wait(self) -> None:
        """Let the fault's time pass, or until it is removed."""
        try:
            await asyncio.wait_for(self.ended.wait(), self.seconds or 0.0)
        except TimeoutError:
            return


# The page's switches. "Lost answer" strikes what changes shares: the invite is made, nobody hears.
PRESETS: dict[str, tuple[str, dict[str, object]]] = {
    "slow": ("Slow: every answer takes 2 s", {"kind": Kind.LATENCY, "seconds": 2.0}),
    "hang": ("Hang: no answer ever", {"kind": Kind.HANG}),
    "unavailable": ("503 Service Unavailable", {"kind": Kind.STATUS, "status": 503}),
    "busy": (
        "429 Too Many Requests, retry after 5 s",
        {"kind": Kind.STATUS, "status": 429, "headers": {"Retry-After": "5"}},
    ),
    "lost": (
        "Lost answer: invites are made, the answer is cut",
        {"kind": Kind.DROP_AFTER, "match": "POST /api/*shared_servers"},
    ),
    "page": ("Gateway page: HTML in place of an answer", {"kind": Kind.HTML}),
    "empty": ("Empty lists: nobody seems to be there", {"kind": Kind.EMPTY_LISTING}),
    "short": ("Short lists: half of the rows are missing", {"kind": Kind.SHORT_LISTING}),
}


def preset(name: str) -> Fault:
    """One of the page's faults, by name; LookupError for any other."""
    _, fields = PRESETS[name]
    return Fault(label=name, **fields)  # type: ignore[arg-type]  # a table of fields of Fault


def failing(failure: str, **fields: Any) -> Fault:
    """A fault by the name of its failure, say `failing("503", endpoint="inviting", times=1)`.

    `fields` are those of `Fault` and go before the failure's own. ValueError for an unknown name.
    """
    if failure not in FAILURES:
        raise ValueError(f"no such failure: {failure}")
    text, own = FAILURES[failure]
    return Fault(**{"label": text, **own, **fields})


class Faults:
    """The faults that are active, in the order they were added."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._spent: list[Fault] = []
        self._ids = itertools.count(1)

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._active))

    def __len__(self) -> int:
        return len(self._active)

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on; it gets an id."""
        fault.id = next(self._ids)
        self._active.append(fault)
        return fault

    def remove(self, fault: Fault | int) -> None:
        """Switch one fault off, by itself or by its id, and release what hangs in it."""
        number = fault if isinstance(fault, int) else fault.id
        found = next((f for f in self._active if f.id == number), None)
        if found is None:
            raise LookupError(number)
        self._active.remove(found)
        found.ended.set()

    def clear(self) -> None:
        """Switch every fault off, and release who still waits in one that is used up."""
        for fault in list(self._active):
            self.remove(fault)
        for fault in self._spent:
            fault.ended.set()
        self._spent.clear()

    def take(self, line: str, *, listing: bool = False) -> list[Fault]:
        """The faults that strike this request; each counts down by one.

        `listing` asks for `empty_listing` and `short_listing` alone, which only lists ask for, so
        that a count is not used up by other requests.
        """
        found = [
            fault
            for fault in self._active
            if (fault.kind in LISTING) is listing and fault.strikes(line)
        ]
        for fault in found:
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    # Not `remove`: whoever waits in its last strike goes on waiting.
                    self._active.remove(fault)
                    self._spent.append(fault)
        return found
