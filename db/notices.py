"""What the admins are told once: opened, cleared and shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, case, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.notices import Notice, NoticeKind
from db.models import Notice as NoticeRow

NOTICE: Table = NoticeRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = NOTICE.c

# A problem that comes back this soon is the same one: its message is edited, none is added.
SAME_WITHIN = timedelta(minutes=30)
_SAME = set(Notice.__dataclass_fields__) - {"kind"}


class Notices:
    """The notices of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(
        self,
        guild_id: int,
        kind: NoticeKind,
        *,
        now: datetime,
        link_id: int | None = None,
        news: str | None = None,
        **details: Any,
    ) -> int | None:
        """Tell the admins of a problem; the notice's id, None when they know this already.

        `news` names the detail whose change is worth an edit, all of them if none. One that was
        mended a moment ago is opened again in its own message.
        """
        same = [C.guild_id == guild_id, C.kind == kind, C.link_id.is_not_distinct_from(link_id)]
        recent = (
            select(C.id)
            .where(*same, C.cleared_at > now - SAME_WITHIN)
            .order_by(C.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        known = update(NOTICE).where(*same, C.cleared_at.is_(None))
        changed = await self._session.execute(
            known.where(
                C.details != details
                if news is None
                else C.details[news].astext != str(details[news])
            )
            .values(**_news(now), details=details)
            .returning(C.id)
        )
        if (id_ := changed.scalar_one_or_none()) is not None:
            return int(id_)
        there = await self._session.execute(select(C.id).where(*same, C.cleared_at.is_(None)))
        if there.first() is not None:
            return None
        again = await self._session.execute(
            update(NOTICE)
            .where(C.id == recent)
            .values(**_news(now), cleared_at=None, details=details)
            .returning(C.id)
        )
        if (id_ := again.scalar_one_or_none()) is not None:
            return int(id_)
        made = await self._session.execute(
            insert(NOTICE)
            .values(
                guild_id=guild_id,
                kind=kind,
                link_id=link_id,
                details=details,
                since=now,
                due_at=now,
            )
            .on_conflict_do_nothing()
            .returning(C.id)
        )
        id_ = made.scalar_one_or_none()
        return None if id_ is None else int(id_)

    async def clear(
        self, guild_id: int, kind: NoticeKind, *, now: datetime, link_id: int | None = None
    ) -> int | None:
        """The problem is mended; the notice's id, if there was one."""
        cleared = await self._session.execute(
            update(NOTICE)
            .where(
                C.guild_id == guild_id,
                C.kind == kind,
                C.link_id.is_not_distinct_from(link_id),
                C.cleared_at.is_(None),
            )
            .values(**_news(now), cleared_at=now)
            .returning(C.id)
        )
        id_ = cleared.scalar_one_or_none()
        return None if id_ is None else int(id_)

    async def open_in(self, guild_id: int) -> list[Notice]:
        """What still needs somebody, the oldest first."""
        query = (
            select(NOTICE).where(C.guild_id == guild_id, C.cleared_at.is_(None)).order_by(C.since)
        )
        return [_open(row) for row in await self._session.execute(query)]

    async def open_of(self, kind: NoticeKind) -> list[Notice]:
        """What still needs somebody, of one kind, in every guild."""
        query = select(NOTICE).where(C.kind == kind, C.cleared_at.is_(None)).order_by(C.id)
        return [_open(row) for row in await self._session.execute(query)]

    async def claim(self, id_: int, *, now: datetime, lease: timedelta) -> Notice | None:
        """Take a notice that is to be shown; None when it is not due, or being shown."""
        row = (
            await self._session.execute(
                update(NOTICE)
                .where(
                    C.id == id_,
                    C.due_at <= now,
                    or_(C.leased_until.is_(None), C.leased_until <= now),
                )
                .values(leased_until=now + lease)
                .returning(NOTICE)
            )
        ).one_or_none()
        return None if row is None else _open(row)

    async def settle(
        self, notice: Notice, *, now: datetime, again_at: datetime | None = None, **columns: Any
    ) -> None:
        """End a showing: due now if the notice has changed meanwhile, else at `again_at`."""
        again = null() if again_at is None else again_at
        await self._session.execute(
            update(NOTICE)
            .where(C.id == notice.id)
            .values(
                due_at=case((C.version > notice.version, now), else_=again),
                leased_until=None,
                **columns,
            )
        )

    async def due(self, now: datetime, limit: int = 100) -> Sequence[int]:
        """Ids of the notices that are to be shown."""
        query = (
            select(C.id)
            .where(C.due_at <= now, or_(C.leased_until.is_(None), C.leased_until <= now))
            .order_by(C.due_at)
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()


def _news(now: datetime) -> dict[str, Any]:
    return {"version": C.version + 1, "due_at": now}


def _open(row: Row[Any]) -> Notice:
    fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
    return Notice(**{name: fields[name] for name in _SAME}, kind=NoticeKind(row.kind))
