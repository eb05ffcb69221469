"""Signing in with Plex: what is asked of it with somebody else's token than a link's."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from bot.domain.errors import PlexError
from bot.domain.plex import PlexAccess
from bot.domain.sign_in import OwnedServer, PlexAccount, PlexPin
from bot.plex.link import Link, Rules

if TYPE_CHECKING:
    from bot.plex.visit import Visit

T = TypeVar("T")

VISIT = 0
"""Stands for the id of a link where there is none; the ledger's ids begin at 1."""
# A person waits, and most of a server's addresses cannot be reached from here.
_SECONDS_PER_ADDRESS = 8.0


class Visits:
    """The part of `PlexService` that signs people in.

    All of it takes turns on one line to plex.tv of its own, so that no link waits for it. What
    fails raises a `PlexError`.
    """

    _client_identifier: str
    _tv_url: str | None
    _rules: Rules

    def _link(self, access: PlexAccess) -> Link:
        raise NotImplementedError

    async def begin_sign_in(self) -> PlexPin:
        """A PIN that somebody may confirm on Plex's page: 1 request."""
        return await self._visit("", lambda plex: plex.open_pin())

    def sign_in_url(self, code: str) -> str:
        """The page on which a PIN is confirmed; it needs the PIN's code."""
        # Imports PlexAPI, see `vendor`.
        from bot.plex.visit import page_url  # noqa: PLC0415

        return page_url(self._client_identifier, code, self._tv_url)

    async def token_of_pin(self, pin_id: int) -> str | None:
        """The token of whoever has confirmed the PIN, None while nobody has: 1 request."""
        return await self._visit("", lambda plex: plex.token_of(pin_id))

    async def who(self, token: str) -> PlexAccount:
        """Whose token it is: 1 request."""
        return await self._visit(token, lambda plex: plex.who())

    async def owned_servers(self, token: str) -> tuple[OwnedServer, ...]:
        """The media servers of the account's own: 2 requests."""
        return await self._visit(
            token, lambda plex: plex.owned_servers(), first=lambda plex: plex.who()
        )

    async def accept(self, token: str, share_id: int) -> None:
        """Accept one share with the token of the account that was invited to it: 1 request.

        Raises PlexShareGone when nothing of that number waits for the account (any more), and
        PlexUnverified, PlexConsentMissing or PlexRefused when Plex does not let it accept.
        """
        await self._visit(token, lambda plex: plex.accept(share_id))

    async def sign_out(self, token: str) -> None:
        """Have Plex forget a token: 1 request."""
        await self._visit(token, lambda plex: plex.sign_out())

    async def reach(self, server: OwnedServer) -> str | None:
        """The best of a server's addresses at which it answers; None when none does.

        All are asked at the same time, without a token, by 1 request each. Never raises a
        `PlexError`: an address that fails is one that cannot be used.
        """
        answers = await asyncio.gather(
            *(self._is_there(server, address) for address in server.addresses)
        )
        good = (
            address for address, is_there in zip(server.addresses, answers, strict=True) if is_there
        )
        return next(good, None)

    async def _is_there(self, server: OwnedServer, address: str) -> bool:
        link = Link(VISIT, self._rules)
        access = PlexAccess(VISIT, address, "")
        try:
            async with asyncio.timeout(_SECONDS_PER_ADDRESS), link.turn(access):
                found = await link.request(
                    access, lambda plex: cast("Visit", plex).identity(), of_server=True
                )
        except (PlexError, TimeoutError):
            return False
        finally:
            link.close()
        return found == server.machine_identifier

    async def _visit(
        self,
        token: str,
        call: "Callable[[Visit], T]",
        first: "Callable[[Visit], object] | None" = None,
    ) -> T:
        access = PlexAccess(VISIT, "", token)
        link = self._link(access)
        # In one turn: another visitor's token makes another session.
        async with link.turn(access):
            if first is not None:
                await link.request(access, lambda plex: first(cast("Visit", plex)))
            return await link.request(access, lambda plex: call(cast("Visit", plex)))
