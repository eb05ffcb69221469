"""Messages to members: one a matter, sent by direct message or kept until they come by."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.messages import Message
from db.models import Message as MessageRow

MESSAGE: Table = MessageRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = MESSAGE.c

_SAME = list(Message.__dataclass_fields__)


class Messages:
    """The messages of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owe(
        self,
        guild_id: int,
        user_id: int,
        invite_id: int,
        matter: str,
        *,
        now: datetime,
        locale: str,
        **details: Any,
    ) -> int | None:
        """Owe a member a message; its id, None when they were owed it before."""
        made = await self._session.execute(
            insert(MESSAGE)
            .values(
                guild_id=guild_id,
                user_id=user_id,
                invite_id=invite_id,
                matter=matter,
                details=details,
                locale=locale,
                created_at=now,
                due_at=now,
            )
            .on_conflict_do_nothing()
            .returning(C.id)
        )
        id_ = made.scalar_one_or_none()
        return None if id_ is None else int(id_)

    async def claim(self, id_: int, *, now: datetime, lease: timedelta) -> Message | None:
        """Take a message that is to be sent; None when it is not due, or somebody is at it."""
        row = (
            await self._session.execute(
                update(MESSAGE)
                .where(
                    C.id == id_,
                    C.due_at <= now,
                    or_(C.leased_until.is_(None), C.leased_until <= now),
                )
                .values(leased_until=now + lease)
                .returning(MESSAGE)
            )
        ).one_or_none()
        return None if row is None else _open(row)

    async def set(self, id_: int, **columns: Any) -> None:
        """Note what has become of it."""
        await self._session.execute(update(MESSAGE).where(C.id == id_).values(**columns))

    async def settle(self, id_: int, *, again_at: datetime | None = None, **columns: Any) -> None:
        """End an attempt; due again at `again_at`, or never."""
        await self.set(id_, due_at=again_at, leased_until=None, **columns)

    async def due(self, now: datetime, limit: int = 100) -> Sequence[int]:
        """Ids of the messages that are to be sent."""
        query = (
            select(C.id)
            .where(C.due_at <= now, or_(C.leased_until.is_(None), C.leased_until <= now))
            .order_by(C.due_at)
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    async def waiting_for(self, guild_id: int, user_id: int, limit: int = 5) -> list[Message]:
        """What could not be told and was not seen, the oldest first."""
        query = (
            select(MESSAGE)
            .where(
                C.guild_id == guild_id,
                C.user_id == user_id,
                C.seen_at.is_(None),
                C.untold_at.is_not(None),
            )
            .order_by(C.id)
            .limit(limit)
        )
        return [_open(row) for row in await self._session.execute(query)]

    async def seen(self, ids: Sequence[int], now: datetime) -> None:
        """The member has seen these."""
        await self._session.execute(
            update(MESSAGE).where(C.id.in_(ids)).values(seen_at=func.coalesce(C.seen_at, now))
        )

    async def before(self, message: Message) -> Message | None:
        """The last one about the same that stands in the member's direct messages."""
        query = (
            select(MESSAGE)
            .where(
                C.invite_id == message.invite_id,
                C.id < message.id,
                C.matter.startswith(f"{message.kind}:"),
                C.message_id.is_not(None),
                C.untold_at.is_(None),
            )
            .order_by(C.id.desc())
            .limit(1)
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else _open(row)

    async def thread_of(self, guild_id: int, user_id: int) -> int | None:
        """The private thread that was made for this member before."""
        query = (
            select(C.details["thread"].astext)
            .where(C.guild_id == guild_id, C.user_id == user_id, C.details.has_key("thread"))
            .order_by(C.id.desc())
            .limit(1)
        )
        found = (await self._session.execute(query)).scalar_one_or_none()
        return None if found is None else int(found)


def _open(row: Row[Any]) -> Message:
    fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
    return Message(**{name: fields[name] for name in _SAME})
