"""Whether a person may do what they are about to do: rights, then limits, in one transaction."""

import math

from bot.domain.errors import Refused
from bot.domain.people import Actor, Budget, Right, Rule
from bot.settings import LimitSettings
from db.ledger import Ledger
from db.rates import Limit

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


class Admission:
    """The server side of the one gate."""

    def __init__(self, ledger: Ledger, limits: LimitSettings) -> None:
        self._ledger = ledger
        self._limits = limits

    async def admit(
        self,
        rule: Rule,
        *,
        guild_id: int,
        user_id: int,
        role_ids: frozenset[int],
        manage_guild: bool,
    ) -> Actor:
        """The actor; raises `Refused` (`right.*`, `limit.reached`) and `LedgerUnavailable`.

        A refused interaction costs nothing of the person's budget. Staff have none.
        """
        async with self._ledger.begin() as work:
            settings = await work.guilds.settings(guild_id)
            right = settings.right_of(role_ids, manage_guild=manage_guild)
            chosen = await work.members.get(guild_id, user_id)
            actor = Actor(
                guild_id, user_id, right, manages_server=manage_guild, locale=chosen.locale
            )
            if actor.right < rule.right:
                needed = "admin" if rule.right is Right.ADMIN else "reviewer"
                raise Refused(f"right.{needed}_needed")
            if actor.is_staff or rule.budget is Budget.NONE:
                return actor
            wait = await work.rates.acquire(self._windows(user_id, rule.budget))
            if wait > 0:
                raise Refused("limit.reached", seconds=math.ceil(wait))
            await work.commit()
            return actor

    def _windows(self, user_id: int, budget: Budget) -> list[Limit]:
        limits, everything = self._limits, f"user:{user_id}:all"
        windows = [
            Limit(everything, limits.all_per_hour, HOUR),
            Limit(everything, limits.all_per_day, DAY),
        ]
        if budget is Budget.INVITE:
            invite = f"user:{user_id}:invite"
            windows += [
                Limit(invite, limits.invite_per_minute, MINUTE),
                Limit(invite, limits.invite_per_hour, HOUR),
            ]
        return windows
