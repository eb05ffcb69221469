"""What is over for as long as a guild keeps it: who it was is forgotten, what is counted stays."""

from datetime import timedelta

from bot.clock import Clock
from bot.domain.jobs import ShowCard
from db.ledger import Ledger

# So many are erased in one short transaction when their time is over.
BATCH = 100
# And so many batches each hour, so that their cards are edited at leisure.
BATCHES = 5


class KeepingService:
    """Erases what guilds do not want to keep any more (`retention_days`)."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def keep_no_longer(self) -> int:
        """Erase what guilds do not want to keep any more, batch by batch; how many invites."""
        async with self._ledger.begin() as work:
            guilds = await work.erasing.guilds_that_forget()
        erased = 0
        for guild_id, days in guilds:
            erased += await self._forget_old(guild_id, timedelta(days=days))
        return erased

    async def _forget_old(self, guild_id: int, kept: timedelta) -> int:
        erased, now = 0, self._clock.now()
        for _ in range(BATCHES):
            async with self._ledger.begin() as work:
                await work.erasing.drop_old(guild_id, now - kept)
                ids = await work.erasing.kept_too_long(guild_id, now - kept, BATCH)
                cards = await work.erasing.erase(ids, now)
                if ids:
                    await work.audit.happened(
                        guild_id, "member.kept_no_longer", now=now, n=len(ids)
                    )
                await work.jobs.enqueue(*map(ShowCard, cards))
                await work.commit()
            erased += len(ids)
            if len(ids) < BATCH:
                break
        return erased
