"""What the dashboard reads: totals and short looks into indexes, whatever the ledger holds."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.board import MOST, Attention, InviteCount, RecentInvite
from bot.domain.drift import DriftKind
from bot.domain.invites import InviteState
from db.models import AuditTotal, Drift, InviteRow, InviteTotal, PlexLink, Tier

INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
LINK: Table = PlexLink.__table__  # type: ignore[assignment]  # a mapped class has a Table
TIER: Table = Tier.__table__  # type: ignore[assignment]  # a mapped class has a Table
DRIFT: Table = Drift.__table__  # type: ignore[assignment]  # a mapped class has a Table
TOTAL: Table = InviteTotal.__table__  # type: ignore[assignment]  # a mapped class has a Table
DAY: Table = AuditTotal.__table__  # type: ignore[assignment]  # a mapped class has a Table


class Boards:
    """The figures of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def totals(self, guild_id: int) -> list[InviteCount]:
        """How many invites the guild has by link, tier and state."""
        key = (TOTAL.c.link_id, TOTAL.c.tier_id, TOTAL.c.state)
        query = select(*key, func.sum(TOTAL.c.n)).where(TOTAL.c.guild_id == guild_id).group_by(*key)
        return [
            InviteCount(link_id, tier_id, InviteState(state), int(n))
            for link_id, tier_id, state, n in await self._session.execute(query)
            if n
        ]

    async def unknown(self, guild_id: int) -> dict[int, int]:
        """How many shares nobody here knows, by the guild's links."""
        query = (
            select(LINK.c.id, func.count().label("n"))
            .join(DRIFT, DRIFT.c.link_id == LINK.c.id)
            .where(LINK.c.guild_id == guild_id, DRIFT.c.kind == DriftKind.UNKNOWN)
            .group_by(LINK.c.id)
        )
        return {row.id: row.n for row in await self._session.execute(query)}

    async def not_alone(self, guild_id: int) -> set[int]:
        """Those of the guild's links whose owner account has other links, of whatever guild."""
        own, other = LINK.alias(), LINK.alias()
        same = (other.c.owner_account_id == own.c.owner_account_id) & (other.c.id != own.c.id)
        query = select(own.c.id).join(other, same).where(own.c.guild_id == guild_id).distinct()
        return set((await self._session.execute(query)).scalars())

    async def daily(
        self, guild_id: int, since: date, actions: Collection[str]
    ) -> dict[tuple[date, str], int]:
        """How often each of these actions happened on each day, where it did."""
        query = (
            select(DAY.c.day, DAY.c.action, func.sum(DAY.c.n))
            .where(DAY.c.guild_id == guild_id, DAY.c.day >= since, DAY.c.action.in_(list(actions)))
            .group_by(DAY.c.day, DAY.c.action)
        )
        return {(day, action): int(n) for day, action, n in await self._session.execute(query)}

    async def recent(self, guild_id: int, limit: int) -> list[RecentInvite]:
        """The latest invites, newest first."""
        query = (
            select(
                INVITE.c.id,
                INVITE.c.member_id,
                INVITE.c.state,
                INVITE.c.requested_at,
                TIER.c.name,
            )
            .outerjoin(TIER, TIER.c.id == INVITE.c.tier_id)
            .where(INVITE.c.guild_id == guild_id)
            # By the id alone PostgreSQL may look through those of all guilds, newest first.
            .order_by(INVITE.c.requested_at.desc(), INVITE.c.id.desc())
            .limit(limit)
        )
        return [
            RecentInvite(row.id, row.member_id, InviteState(row.state), row.requested_at, row.name)
            for row in await self._session.execute(query)
        ]

    async def attention(self, guild_id: int, now: datetime, soon: datetime) -> Attention:
        """What ends between `now` and `soon`, what keeps failing, whose role cannot be given."""
        mine = select(INVITE.c.id).where(INVITE.c.guild_id == guild_id)
        ending = mine.where(
            # In the very words of the partial index.
            INVITE.c.state.in_([InviteState.ACTIVE, InviteState.SUSPENDED]),
            INVITE.c.expires_at.between(now, soon),
        )
        counted = await self._session.execute(
            select(
                _up_to_most(ending),
                _up_to_most(mine.where(INVITE.c.stuck_at.is_not(None))),
                _up_to_most(mine.where(INVITE.c.role_problem.is_not(None))),
            )
        )
        return Attention(*counted.one())

    async def tier_names(self, guild_id: int) -> dict[int, str]:
        """The names of the guild's tiers, those that are gone included."""
        query = select(TIER.c.id, TIER.c.name).where(TIER.c.guild_id == guild_id)
        return {row.id: row.name for row in await self._session.execute(query)}


def _up_to_most(found: Select[Any]) -> Any:
    return select(func.count()).select_from(found.limit(MOST).subquery()).scalar_subquery()
