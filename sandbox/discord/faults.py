"""Failures on order: what Discord does to a bot on a bad day."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from sandbox.discord.menu import ENDPOINTS, FAILURES


@dataclass(eq=False)
class Fault:
    """One failure of the REST interface, for as many matching requests as `times` says.

    `path` is a pattern with `*` over Discord's path without the version, for example
    `/channels/*/messages`; `method` may be `*`. `status` 0 cuts the connection without an answer,
    and None only delays. With `applied` the request takes effect all the same: the answer is lost,
    not the deed. `retry_after` and `delay` are seconds; `scope` is `user`, `global` or `shared`
    (https://discord.com/developers/docs/topics/rate-limits). `times` None means until removed.

    `endpoint` names requests in plain words instead, see `sandbox.discord.menu`; `label` is a name
    for people, and `id` is given when the fault is ordered. ValueError for an unknown endpoint.
    """

    method: str = "*"
    path: str = "*"
    status: int | None = 500
    code: int = 0
    message: str = "Internal Server Error"
    times: int | None = 1
    retry_after: float | None = None
    scope: str = "user"
    applied: bool = False
    delay: float = 0.0
    endpoint: str = ""
    label: str = ""
    id: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __post_init__(self) -> None:
        if self.endpoint and self.endpoint not in ENDPOINTS:
            raise ValueError(f"no such endpoint: {self.endpoint}")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Fault":
        """Read a fault from the control interface; ValueError names an unknown field.

        `failure` may name one of the menu's failures, whose fields the others replace.
        """
        known = {item.name for item in fields(cls)} - {"id", "ended"}
        unknown = sorted(set(data) - known - {"failure"})
        if unknown:
            raise ValueError(f"unknown field(s): {', '.join(unknown)}")
        return failing(**data) if "failure" in data else cls(**data)

    def to_json(self) -> dict[str, Any]:
        """The fault as the control interface shows it; `times` is what is left."""
        return {
            item.name: getattr(self, item.name) for item in fields(self) if item.name != "ended"
        }

    async def wait(self) -> None:
        """Let the delay pass, or until the fault is removed."""
        try:
            await asyncio.wait_for(self.ended.wait(), self.delay)
        except TimeoutError:
            return

    def matches(self, method: str, path: str) -> bool:
        """Whether this request is one to fail."""
        line = f"{method} {path}"
        named = not self.endpoint or ENDPOINTS[self.endpoint].fullmatch(line) is not None
        return named and self.method in ("*", method) and fnmatchcase(path, self.path)

    def body(self) -> dict[str, Any]:
        """The JSON that Discord would answer with."""
        if self.status == 429 and not self.code:
            return {
                "message": "You are being rate limited.",
                "retry_after": self.retry_after or 0.0,
                "global": self.scope == "global",
                "code": self.code,
            }
        return {"message": self.message, "code": self.code}

    def headers(self) -> dict[str, str]:
        """Headers of the answer; a 429 carries the ones that clients pace themselves by.

        Not one with a code of its own (30046), which discord.py raises instead of waiting it out.
        """
        if self.status != 429 or self.code:
            return {}
        wait = str(self.retry_after or 0.0)
        headers = {
            "Retry-After": wait,
            "X-RateLimit-Reset-After": wait,
            "X-RateLimit-Scope": self.scope,
            # discord.py takes a 429 without Via for a ban by the proxy in front of Discord.
            "Via": "1.1 sandbox",
        }
        if self.scope == "global":
            headers["X-RateLimit-Global"] = "true"
        return headers


def failing(failure: str, **fields: Any) -> Fault:
    """A fault by the name of its failure, say `failing("503", endpoint="roles", times=None)`.

    `fields` are those of `Fault` and go before the failure's own. ValueError for an unknown name.
    """
    if failure not in FAILURES:
        raise ValueError(f"no such failure: {failure}")
    text, own = FAILURES[failure]
    return Fault(**{"label": text, **own, **fields})


class Faults:
    """The failures that are waiting to happen, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self._spent: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        """Order a failure; it gets an id."""
        fault.id = next(self._ids)
        self.waiting.append(fault)
        return fault

    def remove(self, fault: Fault | int) -> None:
        """Take one order back, by itself or by its id, and release what waits in it."""
        number = fault if isinstance(fault, int) else fault.id
        found = next((item for item in self.waiting if item.id == number), None)
        if found is None:
            raise ValueError(f"no such fault: {number}")
        self.waiting.remove(found)
        found.ended.set()

    def clear(self) -> None:
        """Take every order back, and release who still waits in one that is used up."""
        for fault in list(self.waiting):
            self.remove(fault)
        for fault in self._spent:
            fault.ended.set()
        self._spent.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The failure due for this request, if any; it is counted down."""
        fault = next((item for item in self.waiting if item.matches(method, path)), None)
        if fault is None or fault.times is None:
            return fault
        fault.times -= 1
        if fault.times <= 0:
            self.waiting.remove(fault)
            self._spent.append(fault)
        return fault
