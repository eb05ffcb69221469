"""The ledger's side of a tier's role: intent before effect, outcome after it."""

from dataclasses import replace
from datetime import timedelta

from bot.clock import Clock
from bot.domain.roles import RoleErrand, RoleProblem
from bot.domain.timing import SHOW_LEASE, backoff
from bot.services.notices import count_role_problems
from db.ledger import Ledger, Work

# While the bot is away from a guild nothing can be done there; this is the net below its return.
AWAY_AGAIN = timedelta(days=1)
# What Discord refuses, people have to mend: tried again after this, then twice as long, and so on.
FIRST_AGAIN = timedelta(minutes=1)
LONGEST_AGAIN = timedelta(hours=6)


class RoleService:
    """Claims of roles to give or to take. A role that cannot be given never blocks access."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def begin(self, invite_id: int) -> RoleErrand | None:
        """Take what is owed; None when nothing is, or it cannot be done now."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            errand = await work.roles.claim(invite_id, now=now, lease=SHOW_LEASE)
            if errand is None:
                return None
            if await work.guilds.has_left(errand.guild_id):
                await work.roles.put_off(errand, now + AWAY_AGAIN)
                ready = None
            elif errand.to_take is None:
                ready = await self._intend(work, errand)
            else:
                # What is to be given is looked at once the old role is gone.
                ready = errand
            await work.commit()
            return ready

    async def taken(self, errand: RoleErrand) -> RoleErrand | None:
        """The old role is gone; the wanted one can be given now, None where it must not be."""
        async with self._ledger.begin() as work:
            await work.roles.take(errand)
            ready = await self._intend(work, replace(errand, given=None))
            await work.commit()
            return ready

    async def _intend(self, work: Work, errand: RoleErrand) -> RoleErrand | None:
        """Note the wanted role right before it is given; None when it is staff's by now."""
        if errand.wanted is None:
            return errand
        settings = await work.guilds.settings(errand.guild_id)
        if errand.wanted in settings.reviewer_role_ids | settings.admin_role_ids:
            # Whoever set it so later shall not hand out rights by that.
            await self._put_off(work, errand, RoleProblem.STAFF)
            return None
        await work.roles.intend(errand)
        return errand

    async def done(self, errand: RoleErrand) -> None:
        """They have what they are to have."""
        async with self._ledger.begin() as work:
            await work.roles.settle(errand)
            await count_role_problems(work, errand.guild_id, self._clock.now())
            await work.commit()

    async def went_wrong(self, errand: RoleErrand, problem: RoleProblem) -> None:
        """Tried again later, and later; admins see why."""
        async with self._ledger.begin() as work:
            await self._put_off(work, errand, problem)
            await work.commit()

    async def _put_off(self, work: Work, errand: RoleErrand, problem: RoleProblem) -> None:
        now = self._clock.now()
        if problem is RoleProblem.UNREACHED:
            wait = backoff(errand.tries + 1)
        else:
            wait = min(FIRST_AGAIN * 2 ** min(errand.tries, 16), LONGEST_AGAIN)
        await work.roles.put_off(errand, now + wait, problem)
        await count_role_problems(work, errand.guild_id, now)
