"""The pace of Plex calls over all processes: one owner account, one pace, one patience."""

import asyncio
from datetime import timedelta

from bot.clock import Clock
from bot.domain.errors import PlexBusy
from db.ledger import Ledger
from db.rates import Limit


class PlexPace:
    """Awaited before each request to Plex; lets one pass every `seconds`, in the whole fleet.

    aiolimiter spaces the calls of one process without asking anybody; this is for the others.
    When Plex has asked one of them to wait, all of that account wait: each call raises `PlexBusy`
    with the seconds that are left, and makes no request. Raises `LedgerUnavailable`.
    """

    def __init__(self, ledger: Ledger, clock: Clock, seconds: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._seconds = seconds
        self._accounts: dict[int, str] = {}

    async def __call__(self, link_id: int) -> None:
        """Wait for the turn of this link's owner account."""
        wait = await self._acquire(link_id)
        while wait > 0:
            await asyncio.sleep(wait)
            wait = await self._acquire(link_id)

    async def told_to_wait(self, link_id: int, seconds: float) -> None:
        """Plex has answered a call on this link with 429 and a time."""
        async with self._ledger.begin() as work:
            until = self._clock.now() + timedelta(seconds=seconds)
            await work.links.busy_until(link_id, until)
            await work.commit()

    async def _acquire(self, link_id: int) -> float:
        now = self._clock.now()
        async with self._ledger.begin() as work:
            until = await work.links.is_busy_until(link_id)
            if until is not None and until > now:
                raise PlexBusy("", retry_after=(until - now).total_seconds())
            if self._seconds <= 0:
                return 0.0
            if link_id not in self._accounts:
                link = await work.links.get(link_id)
                if link is None or link.owner_account_id is None:
                    # Not connected yet: nobody else can be calling for it.
                    return 0.0
                self._accounts[link_id] = f"plex:{link.owner_account_id}"
            wait = await work.rates.acquire([Limit(self._accounts[link_id], 1, self._seconds)])
            await work.commit()
            return wait
