"""The audit log: append-only."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, false, insert, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.audit import AuditFilter, AuditLine, AuditPage, Event
from bot.domain.invites import Invite, InviteState
from db.models import AuditEvent, InviteRow

AUDIT: Table = AuditEvent.__table__  # type: ignore[assignment]  # a mapped class has a Table
INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = AUDIT.c

_SLACK = 1000
_EVENT = (C.at, C.action, C.from_state, C.to_state, C.actor_id, C.why, C.details)
_SHOWN = (C.id, C.invite_id, *_EVENT)


class Audit:
    """The audit lines of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def moved(
        self,
        invite: Invite,
        action: str,
        *,
        now: datetime,
        by: int | None = None,
        was: InviteState | None = None,
        why: str = "",
        **details: Any,
    ) -> None:
        """`invite` has just moved from `was`; `by` is a Discord user, None for Helpr itself."""
        await self.happened(
            invite.guild_id,
            action,
            now=now,
            by=by,
            invite_id=invite.id,
            from_state=was,
            to_state=invite.state,
            why=why,
            **details,
        )

    async def happened(
        self,
        guild_id: int,
        action: str,
        *,
        now: datetime,
        by: int | None = None,
        invite_id: int | None = None,
        from_state: str | None = None,
        to_state: str | None = None,
        why: str = "",
        **details: Any,
    ) -> None:
        """Write one line. `why` and `details` hold no e-mail address and no secret."""
        await self._session.execute(
            insert(AUDIT).values(
                guild_id=guild_id,
                invite_id=invite_id,
                at=now,
                actor_id=by,
                action=action,
                from_state=from_state,
                to_state=to_state,
                why=why,
                details=details,
            )
        )

    async def happened_since(
        self, guild_id: int, action: str, since: datetime, **details: Any
    ) -> bool:
        """Whether there is such a line, with these details, that is younger than `since`."""
        query = select(AUDIT.c.id).where(
            AUDIT.c.guild_id == guild_id,
            AUDIT.c.action == action,
            AUDIT.c.at > since,
            AUDIT.c.details.contains(details),
        )
        return (await self._session.execute(query.limit(1))).first() is not None

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
    ) -> AsyncIterator[AuditLine]:
        """Line by line, newest first, without holding them all."""
        query = await self._found(guild_id, wanted, None, limit)
        async with await self._session.stream(query) as found:
            async for row in found:
                yield _line(row)

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
            select(*_SHOWN, INVITE.c.member_id)
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

    async def history(self, invite_id: int, limit: int = 50) -> list[Event]:
        """The latest lines about one invite, oldest first."""
        query = (
            select(*_EVENT)
            .where(AUDIT.c.invite_id == invite_id)
            .order_by(AUDIT.c.id.desc())
            .limit(limit)
        )
        return [Event(*row) for row in await self._session.execute(query)][::-1]


def _line(row: Row[Any]) -> AuditLine:
    event = Event(
        row.at, row.action, row.from_state, row.to_state, row.actor_id, row.why, row.details
    )
    return AuditLine(row.id, event, row.invite_id, row.member_id)
