"""Work that keeps failing: never silently, and an admin can have it tried again."""

import math
import time

from bot.clock import Clock
from bot.domain.jobs import Job
from bot.domain.people import Actor
from bot.domain.timing import GIVE_UP, STUCK_WAIT, UNFORESEEN, backoff
from bot.services.notices import count_stuck
from db.ledger import Ledger

ASK_AGAIN = 5.0


class TroubleService:
    """Counts unforeseen failures of jobs, and wakes what is stuck."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        # Nearly always there is no trouble at all, and no job shall pay for asking.
        self._none_until = -math.inf

    async def failed(self, job: Job, reference: str) -> None:
        """A job has failed in a way that nobody foresaw: try it less and less often."""
        now = self._clock.now()
        self._none_until = -math.inf
        async with self._ledger.begin() as work:
            counted = await work.trouble.failed(job, reference=reference, now=now)
            if counted is not None:
                tries, guild_id = counted
                wait = STUCK_WAIT if tries >= GIVE_UP else backoff(tries)
                await work.trouble.postpone(job, now + wait)
                if tries >= UNFORESEEN:
                    await count_stuck(work, guild_id, now)
            await work.commit()

    async def worked(self, job: Job) -> None:
        """A job has done its work: if it was in trouble, it is no more.

        Whether there is any trouble is asked once in `ASK_AGAIN` seconds; what slips through is
        forgotten by `tidy` an hour later.
        """
        if time.monotonic() < self._none_until:
            return
        async with self._ledger.begin() as work:
            if not await work.trouble.is_any():
                self._none_until = time.monotonic() + ASK_AGAIN
                return
            guild_id = await work.trouble.worked(job)
            if guild_id is not None:
                await count_stuck(work, guild_id, self._clock.now())
                await work.commit()

    async def retry_all(self, actor: Actor) -> int:
        """Try everything again at once that keeps failing in this guild; how much that is."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            stuck = await work.owed.wake_stuck(actor.guild_id, now)
            troubled = await work.trouble.wake(actor.guild_id, now)
            jobs = {*stuck, *troubled}
            if jobs:
                await work.audit.happened(
                    actor.guild_id, "work.retried", now=now, by=actor.user_id, n=len(jobs)
                )
                await work.jobs.enqueue(*jobs)
                await work.commit()
            return len(jobs)
