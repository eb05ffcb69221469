"""The roles of tiers: what is owed to whom, and what was given."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, case, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.invites import InviteState
from bot.domain.members import Absence
from bot.domain.roles import RoleErrand, RoleProblem
from db.models import InviteRow, Tier

INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
TIER: Table = Tier.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = INVITE.c


class Roles:
    """The roles of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, invite_id: int, *, now: datetime, lease: timedelta) -> RoleErrand | None:
        """Take what is owed; None when nothing is due, or somebody is at it."""
        row = (
            await self._session.execute(
                update(INVITE)
                .where(
                    C.id == invite_id,
                    C.role_due_at <= now,
                    or_(C.role_leased_until.is_(None), C.role_leased_until <= now),
                )
                .values(role_leased_until=now + lease)
                .returning(INVITE)
            )
        ).one_or_none()
        if row is None:
            return None
        wanted = None
        if row.state == InviteState.ACTIVE:
            query = select(TIER.c.role_id).where(TIER.c.id == row.tier_id)
            wanted = (await self._session.execute(query)).scalar_one_or_none()
        given = row.role_given_id
        if wanted is None and given is not None and await self._is_anothers(row, given):
            given = None
        return RoleErrand(
            row.id,
            row.guild_id,
            row.member_id,
            row.role_due_at,
            wanted,
            given,
            row.role_tries,
        )

    async def _is_anothers(self, row: Row[Any], role_id: int) -> bool:
        """Whether the same member has the role by newer access, which is to keep it."""
        query = (
            select(C.id)
            .join(TIER, TIER.c.id == C.tier_id)
            .where(
                C.guild_id == row.guild_id,
                C.member_id == row.member_id,
                C.id != row.id,
                C.state == InviteState.ACTIVE,
                TIER.c.role_id == role_id,
            )
        )
        return (await self._session.execute(query.limit(1))).first() is not None

    async def surely_given(self, invite_id: int) -> int | None:
        """The role of their tier, where they were given it and nothing is owed about it."""
        query = (
            select(C.role_given_id)
            .join(TIER, TIER.c.id == C.tier_id)
            .where(
                C.id == invite_id,
                C.state == InviteState.ACTIVE,
                C.role_due_at.is_(None),
                C.role_problem.is_(None),
                TIER.c.role_id == C.role_given_id,
            )
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def intend(self, errand: RoleErrand) -> None:
        """Note the role before it is given, so that it is taken again whatever happens."""
        await self._set(errand, role_given_id=errand.wanted)

    async def take(self, errand: RoleErrand) -> None:
        """Note that they have none of the roles any more."""
        await self._set(errand, role_given_id=None)

    async def settle(self, errand: RoleErrand) -> None:
        """They have what they are to have; what has become due meanwhile stays due."""
        await self._set(
            errand,
            role_given_id=errand.wanted,
            role_problem=None,
            role_tries=0,
            role_leased_until=None,
            role_due_at=case((C.role_due_at == errand.due, null()), else_=C.role_due_at),
        )

    async def put_off(
        self, errand: RoleErrand, until: datetime, problem: RoleProblem | None = None
    ) -> None:
        """It did not work, or is not to be tried now: again at `until`."""
        tries = {} if problem is None else {"role_problem": problem, "role_tries": errand.tries + 1}
        await self._set(
            errand,
            role_leased_until=None,
            role_due_at=case((C.role_due_at == errand.due, until), else_=C.role_due_at),
            **tries,
        )

    async def owe(self, tier_id: int, now: datetime) -> list[int]:
        """Everybody of a tier is owed a look at their role; their invites."""
        owed = await self._session.execute(
            update(INVITE)
            .where(
                C.tier_id == tier_id,
                or_(C.state == InviteState.ACTIVE, C.role_given_id.is_not(None)),
                # What an admin took by hand is not given again by the way.
                C.absent_why.is_distinct_from(Absence.ROLE),
            )
            .values(role_due_at=now, role_tries=0)
            .returning(C.id)
        )
        return sorted(owed.scalars())

    async def problems(self, guild_id: int) -> dict[int, dict[RoleProblem, int]]:
        """How many of each tier's people have not got the role, or have it still, and why."""
        query = (
            select(C.tier_id, C.role_problem, func.count())
            .where(C.guild_id == guild_id, C.role_problem.is_not(None))
            .group_by(C.tier_id, C.role_problem)
        )
        found: dict[int, dict[RoleProblem, int]] = {}
        for tier_id, problem, count in await self._session.execute(query):
            found.setdefault(tier_id, {})[RoleProblem(problem)] = count
        return found

    async def _set(self, errand: RoleErrand, **columns: Any) -> None:
        await self._session.execute(
            update(INVITE).where(C.id == errand.invite_id).values(**columns)
        )
