"""A claim is renewed for as long as somebody is at work, so that it can be short."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bot.clock import Clock
from bot.domain.errors import LedgerUnavailable
from bot.domain.invites import Invite
from bot.domain.timing import HEARTBEAT, WORK_LEASE
from db.ledger import Ledger


class Leases:
    """Keeps claims of work on Plex alive."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    @contextlib.asynccontextmanager
    async def held(self, invite: Invite) -> AsyncIterator[None]:
        """Renew the claim of this attempt while the block runs."""
        beat = asyncio.create_task(self._beat(invite), name=f"lease-{invite.id}")
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.wait([beat])

    async def _beat(self, invite: Invite) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            # A ledger that is away for a moment does not end the work; the claim may run out then,
            # and whoever takes over looks before it acts.
            with contextlib.suppress(LedgerUnavailable):
                if not await self._renew(invite):
                    return

    async def _renew(self, invite: Invite) -> bool:
        async with self._ledger.begin() as work:
            until = self._clock.now() + WORK_LEASE
            renewed = await work.owed.renew(invite.id, attempt=invite.attempt, until=until)
            await work.commit()
            return renewed
