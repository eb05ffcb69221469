"""The audit log as admins read it: filtered, by pages, and line by line."""

from collections.abc import AsyncGenerator
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, select, tuple_, union
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.audit import AuditFilter, AuditLine, AuditPage, Event
from db.models import AuditEvent, InviteRow

AUDIT: Table = AuditEvent.__table__  # type: ignore[assignment]  # a mapped class has a Table
INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = AUDIT.c

_SLACK = 1000
_LAST = 2**63 - 1
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
        low = 0 if after is None else after + 1
        high = _LAST if before is None else before - 1
        rising = after is not None
        query = await self._found(guild_id, wanted, low, high, limit + 1, rising=rising)
        rows = [_line(row) for row in await self._session.execute(query)]
        more, lines = len(rows) > limit, rows[:limit]
        if rising:
            return AuditPage(tuple(lines[::-1]), has_newer=more, has_older=True)
        return AuditPage(tuple(lines), has_newer=before is not None, has_older=more)

    async def every(
        self, guild_id: int, wanted: AuditFilter, limit: int
    ) -> AsyncGenerator[AuditLine]:
        """Line by line, newest first, without holding them all."""
        query = await self._found(guild_id, wanted, 0, _LAST, limit, rising=False)
        found = await self._session.stream(query)
        try:
            async for row in found:
                yield _line(row)
        finally:
            await found.close()

    async def _found(
        self, guild_id: int, wanted: AuditFilter, low: int, high: int, limit: int, *, rising: bool
    ) -> Select[Any]:
        first, last = await self._numbers(guild_id, wanted)
        low, high = max(low, first), min(high, last)
        terms = [C.guild_id == guild_id]
        if wanted.action is not None:
            terms.append(C.action == wanted.action)
        if wanted.since is not None:
            terms.append(C.at >= wanted.since)
        if wanted.until is not None:
            terms.append(C.at <= wanted.until)

        guild, span = (C.guild_id, guild_id), (low, high)
        if wanted.user_id is not None:
            own = select(INVITE.c.id).where(
                INVITE.c.guild_id == guild_id, INVITE.c.member_id == wanted.user_id
            )
            about = select(C.id).where(C.invite_id.in_(own), C.id.between(low, high), *terms)
            # Each by its own index; together they would have to be looked for line by line.
            theirs = _along(guild, (C.actor_id, wanted.user_id), span=span, rising=rising)
            by = theirs.where(*terms).limit(limit).subquery()
            ids = union(select(by.c.id), about).subquery().select()
        elif wanted.action is not None:
            ids = _along(guild, (C.action, wanted.action), span=span, rising=rising)
            ids = ids.where(*terms).limit(limit)
        else:
            ids = _along(guild, span=span, rising=rising).where(*terms).limit(limit)
        return (
            select(*_SHOWN)
            .outerjoin(INVITE, INVITE.c.id == C.invite_id)
            .where(C.id.in_(ids))
            .order_by(C.id.asc() if rising else C.id.desc())
            .limit(limit)
        )

    async def _numbers(self, guild_id: int, wanted: AuditFilter) -> tuple[int, int]:
        """About which numbers the lines of a span of time have; the wrong way round for none.

        Lines stand in the order of their numbers in every index, and only in one by time.
        """
        low, high = 0, _LAST
        for at, is_start in ((wanted.since, True), (wanted.until, False)):
            if at is None:
                continue
            inside = C.at >= at if is_start else C.at <= at
            order = C.at.asc() if is_start else C.at.desc()
            nearest = select(C.id).where(C.guild_id == guild_id, inside).order_by(order).limit(1)
            found = (await self._session.execute(nearest)).scalar_one_or_none()
            if found is None:
                return _LAST, 0
            # Two processes may have numbered their lines in another order than their clocks say.
            low, high = (found - _SLACK, high) if is_start else (low, found + _SLACK)
        return low, high


def _along(
    *key: tuple[ColumnElement[Any], Any], span: tuple[int, int], rising: bool
) -> Select[Any]:
    """The ids in a stretch of the index that has these columns, then the id.

    Compared and ordered as a whole: by the id alone PostgreSQL may choose to look through the lines
    of all guilds, newest first.
    """
    columns = [*(column for column, _ in key), C.id]
    values = [value for _, value in key]
    return (
        select(C.id)
        .where(
            tuple_(*columns) >= tuple_(*values, span[0]),
            tuple_(*columns) <= tuple_(*values, span[1]),
        )
        .order_by(*(column.asc() if rising else column.desc() for column in columns))
    )


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
