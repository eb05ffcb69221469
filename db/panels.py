"""Standing messages: which there are, and which owe a look."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.panels import Panel, PanelKind, PanelProblem
from db.models import Panel as PanelRow

PANEL: Table = PanelRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = PANEL.c

_SAME = set(Panel.__dataclass_fields__) - {"kind", "problem"}


class Panels:
    """The panels of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def want(
        self, guild_id: int, kind: PanelKind, channel_id: int, *, by: int, now: datetime
    ) -> Panel:
        """A panel is wanted in this channel; one that was given up, or taken away, is again."""
        anew = {
            "heals": 0,
            "healed_at": None,
            "problem": None,
            "removed_at": None,
            "looked_at": None,
            "due_at": now,
        }
        statement = (
            insert(PANEL)
            .values(
                guild_id=guild_id,
                kind=kind,
                channel_id=channel_id,
                created_by=by,
                created_at=now,
                due_at=now,
            )
            .on_conflict_do_update(index_elements=[C.guild_id, C.kind, C.channel_id], set_=anew)
            .returning(PANEL)
        )
        return _open((await self._session.execute(statement)).one())

    async def remove(
        self, guild_id: int, kind: PanelKind, channel_id: int, now: datetime
    ) -> Panel | None:
        """A panel is to be taken away; None when there is none."""
        statement = (
            update(PANEL)
            .where(
                C.guild_id == guild_id,
                C.kind == kind,
                C.channel_id == channel_id,
                C.removed_at.is_(None),
            )
            .values(removed_at=now, due_at=now)
            .returning(PANEL)
        )
        return _maybe((await self._session.execute(statement)).one_or_none())

    async def of_guild(self, guild_id: int) -> list[Panel]:
        """The panels that are wanted, the oldest first."""
        query = select(PANEL).where(C.guild_id == guild_id, C.removed_at.is_(None)).order_by(C.id)
        return [_open(row) for row in await self._session.execute(query)]

    async def owe(
        self, guild_ids: Collection[int], now: datetime, kind: PanelKind | None = None
    ) -> list[int]:
        """What panels of these guilds show may have changed; the ids of those that owe a look."""
        statement = update(PANEL).where(
            C.guild_id.in_(guild_ids), C.problem.is_distinct_from(PanelProblem.DELETED)
        )
        if kind is not None:
            statement = statement.where(C.kind == kind)
        owed = await self._session.execute(statement.values(due_at=now).returning(C.id))
        return sorted(owed.scalars())

    async def doubt(self, guild_ids: Collection[int], now: datetime) -> list[int]:
        """Panels of these guilds may have been deleted unseen; the ids of those to look for."""
        await self._session.execute(
            update(PANEL).where(C.guild_id.in_(guild_ids)).values(looked_at=None)
        )
        return await self.owe(guild_ids, now)

    async def lost(self, guild_id: int, message_ids: Collection[int], now: datetime) -> list[int]:
        """These messages were deleted; the ids of the panels that they were."""
        lost = await self._session.execute(
            update(PANEL)
            .where(C.guild_id == guild_id, C.message_id.in_(message_ids))
            .values(looked_at=None, due_at=now)
            .returning(C.id)
        )
        return sorted(lost.scalars())

    async def claim(self, id_: int, *, now: datetime, lease: timedelta) -> Panel | None:
        """Take a panel that owes a look; None when it does not, or somebody is at it.

        It is due again when the lease is over, unless `settle` says otherwise.
        """
        statement = (
            update(PANEL)
            .where(
                C.id == id_, C.due_at <= now, or_(C.leased_until.is_(None), C.leased_until <= now)
            )
            .values(leased_until=now + lease, due_at=now + lease)
            .returning(PANEL)
        )
        return _maybe((await self._session.execute(statement)).one_or_none())

    async def settle(self, panel: Panel, *, again_at: datetime | None, **columns: Any) -> bool:
        """End a look; True when another one was asked for meanwhile."""
        settled = await self._session.execute(
            update(PANEL)
            .where(C.id == panel.id)
            .values(
                due_at=case((C.due_at == panel.due_at, again_at), else_=C.due_at),
                leased_until=None,
                **columns,
            )
            .returning(C.due_at)
        )
        return settled.scalar_one_or_none() not in {None, again_at}

    async def forget_removed(self, panel: Panel) -> bool:
        """Delete a panel that was taken away; False when it is wanted again."""
        gone = await self._session.execute(
            delete(PANEL).where(C.id == panel.id, C.removed_at.is_not(None)).returning(C.id)
        )
        return gone.first() is not None

    async def forget_channel(self, guild_id: int, channel_id: int) -> list[Panel]:
        """Delete the panels of a channel that is gone; what they were."""
        gone = await self._session.execute(
            delete(PANEL).where(C.guild_id == guild_id, C.channel_id == channel_id).returning(PANEL)
        )
        return [_open(row) for row in gone]

    async def due(self, now: datetime, limit: int = 100) -> Sequence[int]:
        """Ids of the panels that owe a look."""
        query = (
            select(C.id)
            .where(C.due_at <= now, or_(C.leased_until.is_(None), C.leased_until <= now))
            .order_by(C.due_at)
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()


def _maybe(row: Row[Any] | None) -> Panel | None:
    return None if row is None else _open(row)


def _open(row: Row[Any]) -> Panel:
    fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
    return Panel(
        **{name: fields[name] for name in _SAME},
        kind=PanelKind(row.kind),
        problem=PanelProblem(row.problem) if row.problem else None,
    )
