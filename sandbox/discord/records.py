"""What bots asked of the REST interface, kept so that tests can judge it."""

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RestRequest:
    """One request as it arrived and what it was answered.

    `path` is Discord's path without the version and query. `body` is the JSON, or of a multipart
    request the JSON part; `files` are the names of its files. `status` is the answer's, 0 when the
    connection was cut; `response` its JSON. `at` is the world's clock, in UTC. Tokens in headers
    are not kept.
    """

    number: int
    method: str
    path: str
    query: dict[str, str]
    body: Any
    files: tuple[str, ...]
    reason: str | None
    status: int
    response: Any
    at: datetime

    def to_json(self) -> dict[str, Any]:
        """The request as the control interface shows it; `at` in ISO 8601."""
        return {**asdict(self), "at": self.at.isoformat()}


class Records(deque[RestRequest]):
    """The latest requests, oldest first; numbers go on when old ones are dropped."""

    def __init__(self, limit: int = 20_000) -> None:
        super().__init__(maxlen=limit)
        self._count = 0

    def next_number(self) -> int:
        """A number for the next request, from 1."""
        self._count += 1
        return self._count

    def select(
        self, method: str | None = None, path: str | None = None, since: int = 0
    ) -> list[RestRequest]:
        """Requests after number `since` with this method and with `path` in their path."""
        return [
            item
            for item in self
            if item.number > since
            and method in (None, item.method)
            and (path is None or path in item.path)
        ]
