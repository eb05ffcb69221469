"""Failures on order: what Discord does to a bot on a bad day."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class Fault:
    """One failure of the REST interface, for as many matching requests as `times` says.

    `path` is a pattern with `*` over Discord's path without the version, for example
    `/channels/*/messages`; `method` may be `*`. `status` 0 cuts the connection without an answer,
    and None only delays. With `applied` the request takes effect all the same: the answer is lost,
    not the deed. `retry_after` and `delay` are seconds; `scope` is `user`, `global` or `shared`
    (https://discord.com/developers/docs/topics/rate-limits). `times` None means until removed.
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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Fault":
        """Read a fault from the control interface; ValueError names an unknown field."""
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ValueError(f"unknown field(s): {', '.join(unknown)}")
        return cls(**data)

    def to_json(self) -> dict[str, Any]:
        """The fault as the control interface shows it; `times` is what is left."""
        return asdict(self)

    def matches(self, method: str, path: str) -> bool:
        """Whether this request is one to fail."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def body(self) -> dict[str, Any]:
        """The JSON that Discord would answer with."""
        if self.status == 429:
            return {
                "message": "You are being rate limited.",
                "retry_after": self.retry_after or 0.0,
                "global": self.scope == "global",
                "code": self.code,
            }
        return {"message": self.message, "code": self.code}

    def headers(self) -> dict[str, str]:
        """Headers of the answer; a 429 carries the ones that clients pace themselves by."""
        if self.status != 429:
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


class Faults:
    """The failures that are waiting to happen, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Order a failure."""
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Take every order back."""
        self.waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The failure due for this request, if any; it is counted down."""
        fault = next((item for item in self.waiting if item.matches(method, path)), None)
        if fault is None or fault.times is None:
            return fault
        fault.times -= 1
        if fault.times <= 0:
            self.waiting.remove(fault)
        return fault
