"""Statistics of the requests of a period, or of the latest of them where there are very many."""

from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.board import CodeUse, Refusal, Reviewer, Speeds
from bot.domain.invites import EndReason, InviteState
from db.models import Code, InviteRow

INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
CODE: Table = Code.__table__  # type: ignore[assignment]  # a mapped class has a Table

SAMPLE = 20_000
"""So many of the latest requests count; more would not change a median, only the wait for it."""

_MOST_NAMED = 10
_LED_TO_NOTHING = (InviteState.DENIED, InviteState.FAILED, InviteState.WITHDRAWN)
_NEVER_BEGAN = (EndReason.NEVER_ACCEPTED, EndReason.DECLINED)
_COLUMNS = (
    "tier_id",
    "state",
    "requested_at",
    "decided_by",
    "decided_at",
    "sent_at",
    "active_at",
    "end_reason",
    "failure_key",
    "code_id",
)


class Stats:
    """The statistics of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def speeds(self, guild_id: int, since: datetime) -> Speeds:
        """How fast and how far requests went."""
        one = _sample(guild_id, since)
        # Whoever was renewed was decided on again after they had accepted.
        approved = and_(
            one.c.decided_at.is_not(None),
            one.c.state != InviteState.DENIED,
            or_(one.c.active_at.is_(None), one.c.decided_at <= one.c.active_at),
        )
        accepted = and_(one.c.sent_at.is_not(None), one.c.active_at >= one.c.sent_at)
        to_approval = _seconds(one.c.decided_at - one.c.requested_at)
        to_acceptance = _seconds(one.c.active_at - one.c.sent_at)
        query = select(
            func.count(),
            func.count().filter(approved),
            *(_percentile(part, to_approval).filter(approved) for part in (0.5, 0.9)),
            func.count(one.c.sent_at),
            func.count(one.c.sent_at).filter(one.c.active_at.is_not(None)),
            *(_percentile(part, to_acceptance).filter(accepted) for part in (0.5, 0.9)),
        ).select_from(one)
        return Speeds(*(await self._session.execute(query)).one())

    async def codes(self, guild_id: int, since: datetime) -> list[CodeUse]:
        """The codes that most requests came with."""
        one, n = _sample(guild_id, since), func.count()
        query = (
            select(CODE.c.id, CODE.c.label, n)
            .join(one, one.c.code_id == CODE.c.id)
            .group_by(CODE.c.id, CODE.c.label)
            .order_by(n.desc(), CODE.c.id)
            .limit(_MOST_NAMED)
        )
        return [CodeUse(*row) for row in await self._session.execute(query)]

    async def reviewers(self, guild_id: int, since: datetime) -> list[Reviewer]:
        """Who has decided most."""
        one = _sample(guild_id, since)
        denied = func.count().filter(one.c.state == InviteState.DENIED)
        query = (
            select(one.c.decided_by, func.count() - denied, denied)
            .where(one.c.decided_by.is_not(None))
            .group_by(one.c.decided_by)
            .order_by(func.count().desc(), one.c.decided_by)
            .limit(_MOST_NAMED)
        )
        return [Reviewer(*row) for row in await self._session.execute(query)]

    async def refusals(self, guild_id: int, since: datetime) -> list[Refusal]:
        """Why requests led to no access, the most frequent reason first."""
        one, n = _sample(guild_id, since), func.count()
        key = (one.c.state, one.c.end_reason, one.c.failure_key)
        query = (
            select(*key, n)
            .where(or_(one.c.state.in_(_LED_TO_NOTHING), one.c.end_reason.in_(_NEVER_BEGAN)))
            .group_by(*key)
            .order_by(n.desc(), *key)
        )
        return [
            Refusal(InviteState(row[0]), *row[1:]) for row in await self._session.execute(query)
        ]

    async def tiers(self, guild_id: int, since: datetime) -> dict[int, int]:
        """How many requests are for each tier; 0 is none yet."""
        one = _sample(guild_id, since)
        query = select(one.c.tier_id, func.count()).group_by(one.c.tier_id)
        return {tier_id or 0: n for tier_id, n in await self._session.execute(query)}


def _sample(guild_id: int, since: datetime) -> Subquery:
    return (
        select(*(INVITE.c[name] for name in _COLUMNS))
        .where(INVITE.c.guild_id == guild_id, INVITE.c.requested_at >= since)
        .order_by(INVITE.c.requested_at.desc())
        .limit(SAMPLE)
        .subquery()
    )


def _seconds(span: Any) -> Any:
    return func.extract("epoch", span)


def _percentile(part: float, value: Any) -> Any:
    return func.percentile_cont(part).within_group(value)
