"""Guilds and what they have set."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Row, Table, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.people import Asking, GuildSettings
from db.models import Guild, PlexLink

GUILD: Table = Guild.__table__  # type: ignore[assignment]  # a mapped class has a Table


class Guilds:
    """The guilds of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def ensure(self, guild_id: int) -> None:
        """Make the guild known."""
        await self._session.execute(insert(GUILD).values(id=guild_id).on_conflict_do_nothing())

    async def return_to(self, guild_ids: Collection[int]) -> Sequence[int]:
        """Note that the bot is in these guilds; the ids of those it had left before."""
        back = await self._session.execute(
            update(GUILD)
            .where(GUILD.c.id.in_(guild_ids), GUILD.c.left_at.is_not(None))
            .values(left_at=None)
            .returning(GUILD.c.id)
        )
        return list(back.scalars())

    async def present(self, limit: int) -> list[GuildSettings]:
        """What the guilds have set that the bot is in, the first ones first."""
        query = select(GUILD).where(GUILD.c.left_at.is_(None)).order_by(GUILD.c.id).limit(limit)
        return [_settings(row) for row in await self._session.execute(query)]

    async def shard_missing(
        self, shard_id: int, shard_count: int, present: Collection[int], now: datetime
    ) -> Sequence[int]:
        """Mark the guilds of a shard that the bot is no longer in as left; their ids."""
        # Discord's own rule for which shard a guild is on.
        shard = GUILD.c.id.op(">>")(literal(22, Integer)) % shard_count
        gone = await self._session.execute(
            update(GUILD)
            .where(shard == shard_id, GUILD.c.left_at.is_(None), GUILD.c.id.not_in(present))
            .values(left_at=now)
            .returning(GUILD.c.id)
        )
        return list(gone.scalars())

    async def settings(self, guild_id: int) -> GuildSettings:
        """The guild's settings; the defaults for a guild that is not known yet."""
        query = select(GUILD).where(GUILD.c.id == guild_id)
        row = (await self._session.execute(query)).one_or_none()
        return GuildSettings(guild_id) if row is None else _settings(row)

    async def lock(self, guild_id: int) -> GuildSettings:
        """The guild's settings, which nobody else changes before this unit of work is over."""
        await self.ensure(guild_id)
        # "No key": what refers to the guild, such as a new request, does not wait.
        query = select(GUILD).where(GUILD.c.id == guild_id).with_for_update(key_share=True)
        return _settings((await self._session.execute(query)).one())

    async def has_left(self, guild_id: int) -> bool:
        """Whether the bot was removed from the guild."""
        query = select(GUILD.c.left_at).where(GUILD.c.id == guild_id)
        return (await self._session.execute(query)).scalar_one_or_none() is not None

    async def set(self, guild_id: int, **columns: Any) -> None:
        """Change settings of a known guild."""
        await self._session.execute(update(GUILD).where(GUILD.c.id == guild_id).values(**columns))

    async def greet(self, guild_id: int, locale: str, now: datetime) -> bool:
        """Take the one greeting of a guild; False when it was taken before, or is not needed.

        The guild's language becomes `locale`.
        """
        linked = select(PlexLink.id).where(PlexLink.guild_id == guild_id)
        taken = await self._session.execute(
            update(GUILD)
            .where(GUILD.c.id == guild_id, GUILD.c.greeted_at.is_(None), ~linked.exists())
            .values(greeted_at=now, locale=locale)
            .returning(GUILD.c.id)
        )
        return taken.first() is not None

    async def unknown(self, guild_ids: Collection[int]) -> list[int]:
        """Those that were never heard of."""
        query = select(GUILD.c.id).where(GUILD.c.id.in_(guild_ids))
        known = set((await self._session.execute(query)).scalars())
        return [id_ for id_ in guild_ids if id_ not in known]

    async def mark_left(self, guild_id: int, now: datetime) -> None:
        """The bot was removed: nothing is shown there any more, nothing is forgotten."""
        await self.set(guild_id, left_at=now)


def _settings(row: Row[Any]) -> GuildSettings:
    return GuildSettings(
        row.id,
        request_channel_id=row.request_channel_id,
        reviewer_role_ids=frozenset(row.reviewer_role_ids),
        admin_role_ids=frozenset(row.admin_role_ids),
        locale=row.locale,
        timezone=row.timezone,
        nudge_days=row.nudge_days,
        withdraw_days=row.withdraw_days,
        breaker_percent=row.breaker_percent,
        asking=Asking(row.asking),
        sign_in=row.sign_in,
        undo_seconds=row.undo_seconds,
        waiting_list=row.waiting_list,
        take_hours=row.take_hours,
        retention_days=row.retention_days,
        remind_days=row.remind_days,
        remind_again_days=row.remind_again_days,
        grace_days=row.grace_days,
        private_threads=row.private_threads,
    )
