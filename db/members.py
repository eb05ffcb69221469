"""What members of a guild have chosen, and what they were told once."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.members import Member
from db.models import Member as MemberRow

MEMBER: Table = MemberRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = MEMBER.c


class Members:
    """The members of one unit of work. Whoever has chosen nothing has no row.

    The guild must be known (`work.guilds.ensure`) before anything is set.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, guild_id: int, user_id: int) -> Member:
        """What this member has chosen; the defaults when that is nothing."""
        query = select(MEMBER).where(C.guild_id == guild_id, C.user_id == user_id)
        row = (await self._session.execute(query)).one_or_none()
        return Member() if row is None else _open(row)

    async def of_guild(self, guild_id: int, user_ids: Collection[int]) -> dict[int, Member]:
        """What these members have chosen, by their ids; whoever chose nothing is not among them."""
        query = select(MEMBER).where(C.guild_id == guild_id, C.user_id.in_(user_ids))
        return {row.user_id: _open(row) for row in await self._session.execute(query)}

    async def set_locale(self, guild_id: int, user_id: int, locale: str | None) -> None:
        """Answer in this language from now on; None: in whichever Discord says."""
        await self._set(guild_id, user_id, locale=locale)

    async def set_dms_off(self, guild_id: int, user_id: int, off: bool) -> None:
        """Send this member no direct messages any more, or send them again."""
        await self._set(guild_id, user_id, dms_off=off)

    async def read_streaming(self, guild_id: int, user_id: int, now: datetime) -> None:
        """The member has read what Plex itself demands; the first time is the one that is kept."""
        statement = insert(MEMBER).values(guild_id=guild_id, user_id=user_id, streaming_read_at=now)
        first = func.coalesce(C.streaming_read_at, statement.excluded.streaming_read_at)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["guild_id", "user_id"], set_={"streaming_read_at": first}
            )
        )

    async def forget(self, guild_id: int, user_id: int) -> None:
        """Forget everything that this member has chosen."""
        await self._session.execute(
            delete(MEMBER).where(C.guild_id == guild_id, C.user_id == user_id)
        )

    async def _set(self, guild_id: int, user_id: int, **columns: Any) -> None:
        statement = insert(MEMBER).values(guild_id=guild_id, user_id=user_id, **columns)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["guild_id", "user_id"], set_=columns)
        )


def _open(row: Row[Any]) -> Member:
    return Member(locale=row.locale, dms_off=row.dms_off, streaming_read_at=row.streaming_read_at)
