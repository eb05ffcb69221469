"""Everything that Helpr asks of Plex.

The HTTP contract behind it (endpoints, error bodies) follows PlexAPI 4.18.3 and what is publicly
known of plex.tv; `tests/contract` holds it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bot.domain.errors import PlexAnswerLost, PlexNoLibraries, PlexShareGone
from bot.domain.plex import (
    Grant,
    PlexAccess,
    PlexActivity,
    PlexLibrary,
    PlexServerInfo,
    PlexServerStatus,
    PlexShare,
)
from bot.plex import vendor
from bot.plex.link import Link, Rules, Sections
from bot.plex.pace import Paces
from bot.plex.visits import VISIT, Visits

if TYPE_CHECKING:
    from bot.plex.connection import Connection
    from bot.plex.visit import Visit

_SECONDS_TO_END = 2.0


class PlexService(Visits):
    """One a process, used inside `async with`, for any number of links at once.

    Each link has one connection, made on first use and kept, and one thread for its requests; links
    never wait for each other except for the pace of an owner account that they share. A method that
    fails raises a `PlexError`, or what `before_call` raised.

    Request counts below are for a connected link. The first call on one adds a request for the
    account, and one for the server where `access.machine_identifier` is None.
    """

    def __init__(
        self,
        *,
        client_identifier: str,
        tv_url: str | None = None,
        deadline: float = 30.0,
        seconds_between_calls: float = 0.2,
        sections_ttl: float = 600.0,
        before_call: Callable[[int], Awaitable[None]] | None = None,
        told_to_wait: Callable[[int, float], Awaitable[None]] | None = None,
    ) -> None:
        """All times are in seconds.

        `client_identifier` names this installation to Plex and must be the same at every start.
        `tv_url` receives what is meant for plex.tv. `deadline` counts for each HTTP request from
        when it is sent. `before_call(link_id)` is awaited before each one to plex.tv, and
        `told_to_wait(link_id, seconds)` after an answer that asks for patience.
        """
        self._client_identifier = client_identifier
        self._tv_url = tv_url
        self._sections_ttl = sections_ttl
        self._links: dict[int, Link] = {}
        self._kinds: tuple[type[Connection], type[Visit]] | None = None
        self._rules = Rules(
            connect=self._connect,
            deadline=deadline,
            paces=Paces(seconds_between_calls),
            before_call=before_call,
            told_to_wait=told_to_wait,
        )

    async def __aenter__(self) -> Self:
        self._kinds = await asyncio.to_thread(_load, self._client_identifier)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cut what is under way (its callers get PlexAnswerLost) and let every thread end."""
        self._kinds = None
        workers = [worker for link in self._links.values() if (worker := link.close()) is not None]
        self._links.clear()
        end = time.monotonic() + _SECONDS_TO_END
        for worker in workers:
            await asyncio.to_thread(worker.join, max(0.0, end - time.monotonic()))

    async def connect(self, access: PlexAccess) -> PlexServerInfo:
        """Who answers there and who owns it: 2 requests, always anew.

        Raises PlexServerChanged when it is not `access.machine_identifier`.
        """
        async with self._link(access).turn(access) as turn:
            server = await turn.open_server(access.machine_identifier)
            owner = await turn.open_account()
        return PlexServerInfo(
            machine_identifier=server.machine_identifier,
            name=server.name,
            version=server.version,
            owner_account_id=owner.account_id,
            owner_username=owner.username,
            owner_email=owner.email,
        )

    async def status(self, access: PlexAccess) -> PlexServerStatus:
        """How the media server does: 1 request, also as the first on a link.

        Raises PlexServerChanged when it is not `access.machine_identifier`.
        """
        async with self._link(access).turn(access) as turn:
            server = await turn.open_server(access.machine_identifier)
        return PlexServerStatus(server.name, server.version, server.seconds)

    async def activity(self, access: PlexAccess) -> PlexActivity:
        """What is being watched now: 1 request, also as the first on a link.

        Raises PlexNotOwner when the token's account does not own the server.
        """
        async with self._link(access).turn(access) as turn:
            return await turn.activity()

    async def libraries(
        self, access: PlexAccess, *, fresh: bool = False
    ) -> tuple[PlexLibrary, ...]:
        """The server's libraries: 1 request, 0 within `sections_ttl` unless `fresh`.

        Raises PlexNotOwner when the token's account does not own the server.
        """
        link = self._link(access)
        if not fresh and (known := link.sections_for(access)) is not None:
            return known
        async with link.turn(access) as turn:
            # Whoever had the turn before may have read them.
            if not fresh and (known := link.sections_for(access)) is not None:
                return known
            machine = await turn.connected()
            libraries = await turn.request(lambda plex: plex.libraries(machine))
            if libraries:
                link.sections = Sections(
                    access, libraries, asyncio.get_running_loop().time() + self._sections_ttl
                )
        return libraries

    async def filter_choices(
        self, access: PlexAccess, keys: Collection[int], field: str
    ) -> frozenset[str]:
        """The ratings or labels (`field`) in these libraries: 1 request each, to the media server.

        `keys` are the server's own numbers of the libraries (`PlexLibrary.key`).
        """
        found: set[str] = set()
        async with self._link(access).turn(access) as turn:
            await turn.account()
            for key in keys:
                found |= await turn.ask_server(partial(_choices, key=key, field=field))
        return frozenset(found)

    async def share(self, access: PlexAccess, invited: str | int, grant: Grant) -> PlexShare | None:
        """Share libraries: 1 request, never repeated.

        `invited` is an e-mail address, a user name, or an account's id (somebody Plex knows here).
        Returns the share if Plex's answer names it, pending or accepted; None means "look". Raises
        PlexNoLibraries, without a request, when the grant is empty: Plex would share them all.
        """
        if not grant.section_ids:
            raise PlexNoLibraries
        async with self._link(access).turn(access) as turn:
            machine = await turn.connected()
            return await turn.request(lambda plex: plex.share(machine, invited, grant))

    async def shares(self, access: PlexAccess) -> tuple[PlexShare, ...]:
        """Every pending and accepted share of this server: 2 requests, each share once.

        A row of Plex's lists that cannot be read is left out: nobody is absent by not being here.
        """
        found, _ = await self._listed(access)
        return found

    async def _listed(self, access: PlexAccess) -> tuple[tuple[PlexShare, ...], int]:
        """The shares, and how many rows could not be read."""
        async with self._link(access).turn(access) as turn:
            machine = await turn.connected()
            # Pending first: a share that is accepted between the two requests would otherwise be
            # in neither list. One that is in both counts as accepted.
            pending = await turn.request(lambda plex: plex.pending(machine))
            accepted = await turn.request(lambda plex: plex.accepted(machine))
        both = (*pending.shares, *accepted.shares)
        shares = tuple({share.share_id: share for share in both}.values())
        return shares, pending.unreadable + accepted.unreadable

    async def find_share(
        self, access: PlexAccess, login: str, account_id: int | None = None
    ) -> PlexShare | None:
        """The share of an account or, failing that, of a login: 2 requests, see `shares`.

        None is Plex's word that there is none: where a row could not be read, PlexAnswerLost.
        """
        shares, unreadable = await self._listed(access)
        if account_id is not None:
            for share in shares:
                if share.account_id == account_id:
                    return share
        found = next((share for share in shares if share.belongs_to(login)), None)
        if found is None and unreadable:
            raise PlexAnswerLost("unreadable")
        return found

    async def share_state(self, access: PlexAccess, share_id: int) -> PlexShare | None:
        """One share as it stands: 1 request. None when Plex has none or either side ended it."""
        async with self._link(access).turn(access) as turn:
            await turn.account()
            try:
                return await turn.request(lambda plex: plex.share_state(share_id))
            except PlexShareGone:
                return None

    async def update(self, access: PlexAccess, share_id: int, grant: Grant) -> None:
        """Give one share exactly these libraries and settings, pending or accepted: 1 request.

        Raises PlexNoLibraries, without a request, when the grant is empty, and PlexShareGone.
        """
        if not grant.section_ids:
            raise PlexNoLibraries
        async with self._link(access).turn(access) as turn:
            await turn.account()
            await turn.request(lambda plex: plex.update(share_id, grant))

    async def account_of(self, access: PlexAccess, login: str) -> int | None:
        """The account behind an e-mail address or a user name: 1 request.

        Plex only tells of people that the owner shares with already; None for anybody else.
        """
        wanted = login.strip().casefold()
        async with self._link(access).turn(access) as turn:
            await turn.account()
            accounts = await turn.request(lambda plex: plex.accounts())
        return next((account_id for account_id, names in accounts if wanted in names), None)

    async def strays(self, access: PlexAccess) -> tuple[PlexShare, ...]:
        """Every row of v1's list of this server's shares: 1 request.

        It holds what no v2 list shows: rows that a withdrawn invite has left behind, for which Plex
        answers "already sharing" to the next one.
        """
        async with self._link(access).turn(access) as turn:
            machine = await turn.connected()
            return tuple(await turn.request(lambda plex: plex.strays(machine)))

    async def withdraw(self, access: PlexAccess, share_id: int) -> None:
        """End one share, pending or accepted, and nothing else of that person: 1 request.

        Raises PlexShareGone when Plex has no such share (any more).
        """
        async with self._link(access).turn(access) as turn:
            await turn.account()
            await turn.request(lambda plex: plex.withdraw(share_id))

    async def forget(self, link_id: int) -> None:
        """Let go of a link that was removed or changed. What is under way on it is cut."""
        if (link := self._links.pop(link_id, None)) is not None:
            link.close()

    def _link(self, access: PlexAccess) -> Link:
        link = self._links.get(access.link_id)
        if link is None:
            link = self._links[access.link_id] = Link(access.link_id, self._rules)
        return link

    def _connect(self, access: PlexAccess) -> "Connection":
        if self._kinds is None:
            raise RuntimeError("PlexService is used outside of its `async with`")
        link, visit = self._kinds
        kind = visit if access.link_id == VISIT else link
        return kind(access, tv_url=self._tv_url, seconds=self._rules.deadline)


def _choices(plex: "Connection", *, key: int, field: str) -> frozenset[str]:
    return plex.filter_choices(key, field)


def _load(client_identifier: str) -> "tuple[type[Connection], type[Visit]]":
    vendor.prepare(client_identifier)
    # Not before `prepare`: PlexAPI reads its configuration when it is imported.
    from bot.plex.connection import Connection  # noqa: PLC0415
    from bot.plex.visit import Visit  # noqa: PLC0415

    return Connection, Visit
