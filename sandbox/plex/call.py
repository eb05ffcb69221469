"""One request to Plex, with what every endpoint needs to know."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

from sandbox.plex.model import Account, Server, Share
from sandbox.plex.refusals import Reason, Refusal
from sandbox.plex.world import PlexWorld

Row = TypeVar("Row")
WORLD = web.AppKey("world", PlexWorld)


@dataclass(frozen=True, slots=True)
class Call:
    """A request by a signed-in account. `body` is the JSON sent; None when there is none."""

    world: PlexWorld
    request: web.Request
    account: Account
    body: Any

    def part(self, name: str) -> str:
        """A named part of the path."""
        return self.request.match_info[name]

    def mapping(self) -> dict[str, Any]:
        """The body as a JSON object."""
        if not isinstance(self.body, dict):
            raise Refusal(Reason.BAD_BODY)
        return self.body

    def server(self) -> Server:
        """The owner's server that the path names."""
        if self.account is not self.world.owner:
            raise Refusal(Reason.FORBIDDEN)
        return self.world.owned_server(self.part("machine"))

    def share(self) -> Share:
        """The share that the path names, if it is the caller's to change."""
        share = self.world.share(self.part("share"))
        if self.account is not self.world.owner:
            raise Refusal(Reason.NOT_FOUND, self.part("share"))
        return share

    def listed(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that a list shows: fewer or none under a listing's fault."""
        found = list(rows)
        line = f"{self.request.method} {self.request.path}"
        for fault in self.world.faults.take(line, listing=True):
            found = fault.shorten(found)
        return found


Endpoint = Callable[[Call], web.Response]
Routes = list[tuple[str, str, Endpoint]]


def token_of(request: web.Request) -> str | None:
    """The token sent, in the header or the query."""
    return request.headers.get("X-Plex-Token") or request.query.get("X-Plex-Token")


def client_of(request: web.Request) -> str | None:
    """The client identifier sent, in the header or the query."""
    name = "X-Plex-Client-Identifier"
    return request.headers.get(name) or request.query.get(name)


def required_client(request: web.Request) -> str:
    """The client identifier, without which v2 answers nothing."""
    client = client_of(request)
    if not client:
        raise Refusal(Reason.NO_CLIENT)
    return client


async def json_body(request: web.Request) -> Any:
    """The request's JSON body, or None when there is none or it is something else."""
    raw = await request.read()
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def account_number(value: Any) -> int | None:
    """An invited id as sent: a number, or a number in a string; None when there is none."""
    text = str(value or "")
    return int(text) if text.isdigit() else None


def section_ids(value: Any) -> tuple[int, ...]:
    """Section ids as sent: numbers, or numbers in strings; null is the empty list."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Refusal(Reason.BAD_BODY)
    try:
        return tuple(int(item) for item in value)
    except (TypeError, ValueError):
        raise Refusal(Reason.BAD_BODY) from None
