"""Tiers and the libraries they share."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Table, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.links import Tier
from bot.domain.plex import SharingSettings
from db.links import LIBRARY, linked_library
from db.models import Tier as TierRow
from db.models import TierLibrary

TIER: Table = TierRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
SHARED: Table = TierLibrary.__table__  # type: ignore[assignment]  # a mapped class has a Table


class Tiers:
    """The tiers of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def default_of(self, guild_id: int) -> Tier | None:
        """The tier that a request gets when nobody chose another."""
        query = select(TIER).where(TIER.c.guild_id == guild_id, TIER.c.is_default)
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else await self._open(row)

    async def of_guild(self, guild_id: int) -> list[Tier]:
        """The guild's tiers by name, the default one first."""
        query = (
            select(TIER)
            .where(TIER.c.guild_id == guild_id, TIER.c.deleted_at.is_(None))
            .order_by(TIER.c.is_default.desc(), TIER.c.name)
        )
        return [await self._open(row) for row in (await self._session.execute(query)).all()]

    async def get(self, id_: int) -> Tier | None:
        """The tier with this id."""
        row = (await self._session.execute(select(TIER).where(TIER.c.id == id_))).one_or_none()
        return None if row is None else await self._open(row)

    async def lock(self, id_: int) -> Tier | None:
        """The tier with this id, kept from other changes until the unit of work ends."""
        await self._session.execute(select(TIER.c.id).where(TIER.c.id == id_).with_for_update())
        return await self.get(id_)

    async def set_libraries(self, tier: Tier, library_ids: Collection[int]) -> Tier:
        """Make these the tier's libraries; ids of another link's libraries are left out."""
        await self._session.execute(delete(SHARED).where(SHARED.c.tier_id == tier.id))
        own = select(LIBRARY.c.id).where(
            LIBRARY.c.link_id == tier.link_id, LIBRARY.c.id.in_(list(library_ids))
        )
        found = (await self._session.execute(own)).scalars().all()
        if found:
            await self._session.execute(
                insert(SHARED).values([{"tier_id": tier.id, "library_id": id_} for id_ in found])
            )
        changed = await self.get(tier.id)
        if changed is None:
            raise LookupError(f"tier {tier.id} is gone")
        return changed

    async def _open(self, row: Row[Any]) -> Tier:
        query = (
            select(LIBRARY)
            .join(SHARED, SHARED.c.library_id == LIBRARY.c.id)
            .where(SHARED.c.tier_id == row.id, LIBRARY.c.gone_at.is_(None))
            .order_by(LIBRARY.c.key, LIBRARY.c.id)
        )
        libraries = tuple(linked_library(found) for found in await self._session.execute(query))
        return Tier(
            id=row.id,
            guild_id=row.guild_id,
            link_id=row.link_id,
            name=row.name,
            settings=SharingSettings(
                row.allow_sync,
                row.allow_channels,
                row.allow_camera_upload,
                row.filter_movies,
                row.filter_television,
                row.filter_music,
            ),
            libraries=libraries,
            duration_days=row.duration_days,
            seats=row.seats,
            role_id=row.role_id,
            is_open=row.is_open,
            is_default=row.is_default,
        )
