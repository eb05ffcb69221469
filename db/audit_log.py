"""The audit log as admins read it: filtered, by pages, and line by line."""

from collections.abc import AsyncGenerator
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, false, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.audit import AuditFilter, AuditLine, AuditPage, Event
from db.models import AuditEvent, InviteRow

AUDIT: Table = AuditEvent.__table__  # type: ignore[assignment]  # a mapped class has a Table
INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = AUDIT.c

_SLACK = 1000
_SHOWN = (
    C.invite_id,
    C.id,
    C.at,
    C.action,
    C.from_state,
    C.to_state,
    C.actor_id,
    C.why,
    C.details,
    INVITE.c.member_id,
)


class AuditLog:
    """The log of one unit of work, for reading."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self,
        guild_id: int,
        wanted: AuditFilter,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
    ) -> AuditPage:
        """The latest lines, or those next to the line `before` or `after` which they stand."""
        edge = C.id > after if after is not None else C.id < before if before is not None else None
        query = await self._found(guild_id, wanted, edge, limit + 1, is_rising=after is not None)
        rows = [_line(row) for row in await self._session.execute(query)]
        more, lines = len(rows) > limit, rows[:limit]
        if after is not None:
            return AuditPage(tuple(lines[::-1]), has_newer=more, has_older=True)
        return AuditPage(tuple(lines), has_newer=before is not None, has_older=more)

    async def every(
        self, guild_id: int, wanted: AuditFilter, limit: int
    ) -> AsyncGenerator[AuditLine]:
        """Line by line, newest first, without holding them all."""
        query = await self._found(guild_id, wanted, None, limit)
        found = await self._session.stream(query)
        try:
            async for row in found:
                yield _line(row)
        finally:
            await found.close()

    async def _found(
        self,
        guild_id: int,
        wanted: AuditFilter,
        edge: ColumnElement[bool] | None,
        limit: int,
        *,
        is_rising: bool = False,
    ) -> Select[Any]:
        terms = [C.guild_id == guild_id, *await self._between(guild_id, wanted)]
        if wanted.action is not None:
            terms.append(C.action == wanted.action)
        if edge is not None:
            terms.append(edge)
        order = C.id.asc() if is_rising else C.id.desc()
        ids = select(C.id).where(*terms).order_by(order).limit(limit)
        if wanted.user_id is not None:
            own = select(INVITE.c.id).where(
                INVITE.c.guild_id == guild_id, INVITE.c.member_id == wanted.user_id
            )
            # Each by its own index; together they would have to be looked for line by line.
            by = ids.where(C.actor_id == wanted.user_id).subquery()
            about = ids.where(C.invite_id.in_(own)).subquery()
            ids = union(select(by.c.id), select(about.c.id)).subquery().select()
        return (
            select(*_SHOWN)
            .outerjoin(INVITE, INVITE.c.id == C.invite_id)
            .where(C.id.in_(ids))
            .order_by(order)
            .limit(limit)
        )

    async def _between(self, guild_id: int, wanted: AuditFilter) -> list[ColumnElement[bool]]:
        """The lines of a span of time, also as numbers: only these are found by page and action."""
        terms: list[ColumnElement[bool]] = []
        for at, first in ((wanted.since, True), (wanted.until, False)):
            if at is None:
                continue
            inside = C.at >= at if first else C.at <= at
            nearest = select(C.id).where(C.guild_id == guild_id, inside)
            nearest = nearest.order_by(C.at if first else C.at.desc()).limit(1)
            found = (await self._session.execute(nearest)).scalar_one_or_none()
            if found is None:
                return [false()]
            # Two processes may have numbered their lines in another order than their clocks say.
            terms += [inside, C.id >= found - _SLACK if first else C.id <= found + _SLACK]
        return terms


def _line(row: Row[Any]) -> AuditLine:
    event = Event(
        row.at,
        row.action,
        row.from_state,
        row.to_state,
        row.actor_id,
        row.why,
        row.details,
        id=row.id,
    )
    return AuditLine(event, row.invite_id, row.member_id)
