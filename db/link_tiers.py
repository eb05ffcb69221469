"""The tiers that come and go with a link."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain, count

from sqlalchemy import ColumnElement, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.links import Link
from db.models import Code
from db.models import Tier as TierRow

TIER: Table = TierRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = TIER.c
_THERE = C.deleted_at.is_(None)


class LinkTiers:
    """The tiers of one link, in one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def first_of(self, link: Link, name: str) -> tuple[int, bool]:
        """The id of the link's own first tier, and whether it was made just now, without libraries.

        Of a link whose tiers an admin has deleted it is the guild's default one. Without a default
        tier the guild gets this one.
        """
        # One after the other: two links connecting at once would both be the default.
        await self._session.execute(
            select(func.pg_advisory_xact_lock(1, func.hashint8(link.guild_id)))
        )
        default = await self._id(C.guild_id == link.guild_id, C.is_default)
        own = await self._id(C.link_id == link.id)
        if own is None and default is not None and link.connected_at is not None:
            return default, False
        if own is None:
            return await self._add(link, name, is_default=default is None), True
        if default is None:
            await self._session.execute(update(TIER).where(C.id == own).values(is_default=True))
        return own, False

    async def _id(self, *where: ColumnElement[bool]) -> int | None:
        query = select(C.id).where(_THERE, *where).order_by(C.is_default.desc(), C.id).limit(1)
        found: int | None = (await self._session.execute(query)).scalar_one_or_none()
        return found

    async def _add(self, link: Link, name: str, *, is_default: bool) -> int:
        query = select(func.lower(C.name)).where(C.guild_id == link.guild_id, _THERE)
        taken = set((await self._session.execute(query)).scalars())
        free = next(one for one in _names(name, link.server_name) if one.lower() not in taken)
        made = await self._session.execute(
            insert(TIER)
            .values(
                guild_id=link.guild_id,
                link_id=link.id,
                name=free,
                is_default=is_default,
                # Members had no choice so far, and do not get one by themselves.
                is_open=is_default,
            )
            .returning(C.id)
        )
        return int(made.scalar_one())

    async def names_of(self, link_id: int) -> list[str]:
        """What the link's tiers are called."""
        query = select(C.name).where(C.link_id == link_id, _THERE).order_by(C.name)
        return list((await self._session.execute(query)).scalars())

    async def delete_all(self, link: Link, now: datetime) -> None:
        """Delete the link's tiers; the guild's oldest one of another link is the default then."""
        await self._session.execute(
            update(TIER)
            .where(C.link_id == link.id, _THERE)
            .values(deleted_at=now, is_default=False, is_open=False, leaving_for=None)
        )
        gone = select(C.id).where(C.link_id == link.id)
        await self._session.execute(update(Code).where(Code.tier_id.in_(gone)).values(tier_id=None))
        if await self._id(C.guild_id == link.guild_id, C.is_default) is None:
            heir = await self._id(C.guild_id == link.guild_id)
            await self._session.execute(update(TIER).where(C.id == heir).values(is_default=True))


def _names(name: str, server_name: str) -> Iterable[str]:
    plain = server_name.strip()[:80] or name
    return chain([name, plain], (f"{plain} {n}" for n in count(2)))
