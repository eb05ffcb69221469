"""What one link holds in the event loop: its turns, its line to Plex, its pace, its sections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bot.domain.errors import (
    PlexAnswerLost,
    PlexBusy,
    PlexLibrariesUnknown,
    PlexRefused,
    PlexUnreachable,
)
from bot.domain.plex import PlexAccess, PlexActivity, PlexLibrary
from bot.plex.pace import Paces
from bot.plex.worker import Worker

if TYPE_CHECKING:
    # Importing it imports PlexAPI, which reads its configuration then: see `vendor`.
    from bot.plex.connection import Connection, Owner, Server

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rules:
    """How links call. `deadline`: seconds for one HTTP request, its waiting not counted."""

    connect: Callable[[PlexAccess], "Connection"]
    deadline: float
    paces: Paces
    before_call: Callable[[int], Awaitable[None]] | None
    told_to_wait: Callable[[int, float], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class Sections:
    """The libraries once read with an access, and until when they count, in the loop's time."""

    access: PlexAccess
    libraries: tuple[PlexLibrary, ...]
    until: float

    def fits(self, access: PlexAccess) -> bool:
        """Whether they are the libraries that this access would read."""
        read, asked = self.access, access
        return (read.base_url, read.token, read.machine_identifier) == (
            asked.base_url,
            asked.token,
            asked.machine_identifier,
        )


class Line:
    """A connection and the thread that it lives in: made together, let go together."""

    def __init__(self, link_id: int, connection: "Connection") -> None:
        self.connection = connection
        self.worker = Worker(f"plex-link-{link_id}", at_end=connection.close)

    def end(self) -> None:
        """Cut what is under way, so that the thread ends. Never blocks."""
        self.connection.cut()
        self.worker.end()


class Link:
    """One link. Its calls take turns, because a requests.Session belongs to one thread."""

    def __init__(self, link_id: int, rules: Rules) -> None:
        self.sections: Sections | None = None
        self._id = link_id
        self._rules = rules
        self._pace = rules.paces.new()
        self._lock = asyncio.Lock()
        self._line: Line | None = None
        self._closed = False

    @asynccontextmanager
    async def turn(self, access: PlexAccess) -> AsyncIterator["Turn"]:
        """Wait until nobody else calls on this link. The wait is not part of any deadline."""
        async with self._lock:
            yield Turn(self, access)

    async def request(
        self, access: PlexAccess, call: Callable[["Connection"], T], *, of_server: bool = False
    ) -> T:
        """Make one HTTP request in the link's thread. For whoever has the turn.

        `of_server`: to the media server, which the fleet's pace at plex.tv does not concern.
        Raises a PlexError; PlexAnswerLost when the deadline passes. A call that is given up, by
        its deadline or by its caller, takes session and thread along: both may be hung.
        """
        if access.owner_account_id is not None:
            self.owned_by(access.owner_account_id)
        await self._wait(of_server=of_server)
        line = self._line_for(access)
        try:
            async with asyncio.timeout(self._rules.deadline):
                return await asyncio.wrap_future(
                    line.worker.submit(partial(line.connection.run, call))
                )
        except TimeoutError:
            self._drop()
            raise PlexAnswerLost("deadline") from None
        except asyncio.CancelledError:
            self._drop()
            raise
        except PlexBusy as busy:
            if busy.retry_after and self._rules.told_to_wait is not None:
                await self._rules.told_to_wait(self._id, busy.retry_after)
            raise
        except (PlexLibrariesUnknown, PlexRefused):
            # A refusal whose words are unknown may mean stale sections too: reading them anew is
            # one request.
            self.sections = None
            raise

    def known(self, access: PlexAccess) -> "Connection":
        """The connection for this access, for what it knows; a new one if there is none."""
        return self._line_for(access).connection

    def sections_for(self, access: PlexAccess) -> tuple[PlexLibrary, ...] | None:
        """The libraries, if they were read with this access and still count."""
        known = self.sections
        if known is None or not known.fits(access):
            return None
        return known.libraries if asyncio.get_running_loop().time() < known.until else None

    def owned_by(self, account_id: int) -> None:
        """From now on share the pace of the owner's account."""
        self._pace = self._rules.paces.of_owner(account_id, self._pace)

    def close(self) -> Worker | None:
        """Cut what is under way and refuse what comes. The thread that is ending, if any."""
        self._closed = True
        worker = self._line.worker if self._line is not None else None
        self._drop()
        return worker

    async def _wait(self, *, of_server: bool) -> None:
        if self._pace is not None:
            await self._pace.acquire()
        if self._rules.before_call is not None and not of_server:
            await self._rules.before_call(self._id)

    def _line_for(self, access: PlexAccess) -> Line:
        if self._closed:
            raise PlexUnreachable("closed")
        if self._line is not None and not self._line.connection.fits(access):
            self._drop()
        if self._line is None:
            self._line = Line(self._id, self._rules.connect(access))
        return self._line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.end()
            self._line = None


class Turn:
    """One caller's hold on a link, with the access that it brought."""

    def __init__(self, link: Link, access: PlexAccess) -> None:
        self._link = link
        self._access = access

    async def request(self, call: Callable[["Connection"], T]) -> T:
        """One HTTP request to plex.tv, see `Link.request`."""
        return await self._link.request(self._access, call)

    async def ask_server(self, call: Callable[["Connection"], T]) -> T:
        """One HTTP request to the media server, see `Link.request`."""
        return await self._link.request(self._access, call, of_server=True)

    async def open_server(self, expected: str | None) -> "Server":
        """Read the media server anew: one request."""
        return await self._link.request(
            self._access, lambda plex: plex.open_server(expected), of_server=True
        )

    async def activity(self) -> PlexActivity:
        """What the media server plays: one request."""
        return await self._link.request(self._access, lambda plex: plex.activity(), of_server=True)

    async def open_account(self) -> "Owner":
        """Read the account anew: one request."""
        owner = await self.request(lambda plex: plex.open_account())
        self._link.owned_by(owner.account_id)
        return owner

    async def machine(self) -> str:
        """The server's machineIdentifier: a request where nobody named it yet."""
        known = self._access.machine_identifier
        known = known or self._link.known(self._access).machine_identifier
        if known is None:
            known = (await self.open_server(None)).machine_identifier
        return known

    async def account(self) -> None:
        """Have the account at hand: one request on first use, none afterwards."""
        if self._link.known(self._access).owner is None:
            await self.open_account()

    async def connected(self) -> str:
        """Have the account at hand and name the server."""
        machine = await self.machine()
        await self.account()
        return machine
