"""A claim is renewed for as long as somebody is at work, so that it can be short."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bot.clock import Clock
from bot.domain.errors import LedgerUnavailable
from bot.domain.invites import Invite
from bot.domain.timing import HEARTBEAT, WORK_LEASE
from bot.log import logger
from db.ledger import Ledger

log = logger(__name__)


class LeaseLostError(Exception):
    """Somebody else has taken the work over: whatever is not done yet is theirs to do."""


class Leases:
    """Keeps claims of work on Plex alive."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    @contextlib.asynccontextmanager
    async def held(self, invite: Invite) -> AsyncIterator[None]:
        """Renew the claim of this attempt while the block runs; a lost claim ends the block.

        Raises `LeaseLostError`.
        """
        try:
            async with asyncio.timeout(None) as scope:
                beat = asyncio.create_task(self._beat(invite, scope), name=f"lease-{invite.id}")
                try:
                    yield
                finally:
                    beat.cancel()
                    await asyncio.wait([beat])
        except TimeoutError:
            log.warning("lease.lost", invite=invite.id, attempt=invite.attempt)
            raise LeaseLostError from None

    async def confirm(self, invite: Invite) -> None:
        """Renew the claim right before Plex is changed. Raises `LeaseLostError`."""
        if not await self._renew(invite):
            raise LeaseLostError

    async def _beat(self, invite: Invite, scope: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            # A ledger that is away for a moment does not end the work; for a whole lease, it does.
            is_ours = True
            with contextlib.suppress(LedgerUnavailable):
                is_ours = await self._renew(invite)
                renewed = loop.time()
            if not is_ours or loop.time() - renewed > WORK_LEASE.total_seconds():
                scope.reschedule(loop.time())
                return

    async def _renew(self, invite: Invite) -> bool:
        async with self._ledger.begin() as work:
            until = self._clock.now() + WORK_LEASE
            renewed = await work.owed.renew(invite.id, attempt=invite.attempt, until=until)
            await work.commit()
            return renewed
