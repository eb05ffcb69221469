"""The pace of Plex calls over all processes: one owner account, one pace."""

import asyncio

from db.ledger import Ledger
from db.rates import Limit


class PlexPace:
    """Awaited before each request to Plex; lets one pass every `seconds`, in the whole fleet.

    aiolimiter spaces the calls of one process without asking anybody; this is for the others.
    Raises `LedgerUnavailable`.
    """

    def __init__(self, ledger: Ledger, seconds: float) -> None:
        self._ledger = ledger
        self._seconds = seconds
        self._accounts: dict[int, str] = {}

    async def __call__(self, link_id: int) -> None:
        """Wait for the turn of this link's owner account."""
        wait = await self._acquire(link_id) if self._seconds > 0 else 0.0
        while wait > 0:
            await asyncio.sleep(wait)
            wait = await self._acquire(link_id)

    async def _acquire(self, link_id: int) -> float:
        async with self._ledger.begin() as work:
            if link_id not in self._accounts:
                link = await work.links.get(link_id)
                if link is None or link.owner_account_id is None:
                    # Not connected yet: nobody else can be calling for it.
                    return 0.0
                self._accounts[link_id] = f"plex:{link.owner_account_id}"
            wait = await work.rates.acquire([Limit(self._accounts[link_id], 1, self._seconds)])
            await work.commit()
            return wait
