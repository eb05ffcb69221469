"""Tiers and the libraries they share."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Row, Table, and_, cast, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.errors import Refused
from bot.domain.invites import HOLDS_A_SEAT, OPEN, SHARED, Change, InviteState
from bot.domain.links import LinkedLibrary, Tier
from bot.domain.plex import SharingSettings
from db.links import LIBRARY, linked_library
from db.models import Code, InviteRow, TierLibrary
from db.models import Tier as TierRow

TIER: Table = TierRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
SHARES: Table = TierLibrary.__table__  # type: ignore[assignment]  # a mapped class has a Table
INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
CODE: Table = Code.__table__  # type: ignore[assignment]  # a mapped class has a Table
_THERE = TIER.c.deleted_at.is_(None)
_SETTINGS = tuple(SharingSettings.__dataclass_fields__)


class Tiers:
    """The tiers of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, guild_id: int, link_id: int, name: str) -> Tier:
        """A new tier, without libraries, closed to members. Raises `Refused("tier.name_taken")`."""
        values = {"guild_id": guild_id, "link_id": link_id, "name": name, "is_open": False}
        return await self._write(insert(TIER).values(**values).returning(TIER))

    async def change(self, id_: int, **columns: Any) -> Tier:
        """Set columns of a tier. Raises `Refused("tier.name_taken")`."""
        statement = update(TIER).where(TIER.c.id == id_).values(**columns)
        return await self._write(statement.returning(TIER))

    async def _write(self, statement: Any) -> Tier:
        try:
            async with self._session.begin_nested():
                row = (await self._session.execute(statement)).one()
        except IntegrityError as error:
            cause = error.orig.__cause__ if error.orig is not None else None
            if (
                isinstance(cause, asyncpg.UniqueViolationError)
                and cause.constraint_name == "uq_tier_name"
            ):
                raise Refused("tier.name_taken") from None
            raise
        [tier] = await self._open([row])
        return tier

    async def make_default(self, tier: Tier) -> None:
        """This one, instead of the present one."""
        own = TIER.c.guild_id == tier.guild_id
        await self._session.execute(
            update(TIER).where(own, TIER.c.is_default).values(is_default=False)
        )
        await self._session.execute(
            update(TIER).where(TIER.c.id == tier.id).values(is_default=True)
        )

    async def delete(self, tier: Tier, now: datetime) -> None:
        """Forget a tier that nobody holds; what has ended still names it."""
        await self._session.execute(
            update(TIER)
            .where(TIER.c.id == tier.id)
            .values(deleted_at=now, leaving_for=None, is_open=False)
        )

    async def default_of(self, guild_id: int) -> Tier | None:
        """The tier that a request gets when nobody chose another."""
        found = await self._all(TIER.c.guild_id == guild_id, TIER.c.is_default)
        return found[0] if found else None

    async def of_guild(self, guild_id: int) -> list[Tier]:
        """The guild's tiers by name, the default one first."""
        return await self._all(TIER.c.guild_id == guild_id, _THERE)

    async def open_in(self, guild_id: int) -> list[Tier]:
        """What members may choose from: open tiers that share something, the default one first."""
        found = await self._all(
            TIER.c.guild_id == guild_id, _THERE, TIER.c.is_open, TIER.c.leaving_for.is_(None)
        )
        return [tier for tier in found if tier.libraries]

    async def leaving(self, limit: int = 20) -> list[Tier]:
        """Tiers of any guild whose people are all somewhere else by now.

        None comes back: nobody is given such a tier.
        """
        held = select(INVITE.c.id).where(_holds(), INVITE.c.tier_id == TIER.c.id)
        return await self._all(TIER.c.leaving_for.is_not(None), _THERE, ~held.exists(), limit=limit)

    async def get(self, id_: int) -> Tier | None:
        """The tier with this id, a deleted one too."""
        found = await self._all(TIER.c.id == id_)
        return found[0] if found else None

    async def lock(self, id_: int) -> Tier | None:
        """The tier with this id, kept from other changes until the unit of work ends."""
        # "No key": a request that names the tier does not wait.
        query = select(TIER.c.id).where(TIER.c.id == id_).with_for_update(key_share=True)
        await self._session.execute(query)
        return await self.get(id_)

    async def set_libraries(self, tier: Tier, library_ids: Collection[int]) -> Tier:
        """Make these the tier's libraries; ids of another link's libraries are left out."""
        await self._session.execute(delete(SHARES).where(SHARES.c.tier_id == tier.id))
        own = select(LIBRARY.c.id).where(
            LIBRARY.c.link_id == tier.link_id, LIBRARY.c.id.in_(list(library_ids))
        )
        found = (await self._session.execute(own)).scalars().all()
        if found:
            await self._session.execute(
                insert(SHARES).values([{"tier_id": tier.id, "library_id": id_} for id_ in found])
            )
        changed = await self.get(tier.id)
        if changed is None:
            raise LookupError(f"tier {tier.id} is gone")
        return changed

    async def count_held(self, guild_id: int) -> dict[int, int]:
        """How many people hold each tier of the guild."""
        query = (
            select(INVITE.c.tier_id, func.count())
            .where(INVITE.c.guild_id == guild_id, _holds())
            .group_by(INVITE.c.tier_id)
        )
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def holders(self, tier: Tier) -> Sequence[int]:
        """Ids of the invites that hold a seat of the tier."""
        query = select(INVITE.c.id).where(_holds(), INVITE.c.tier_id == tier.id)
        return (await self._session.execute(query.order_by(INVITE.c.id))).scalars().all()

    async def differing(self, tier: Tier) -> Sequence[int]:
        """Ids of the invites that have, or would get back, something else than the tier says.

        Those whose share is just being given what the tier says are left out.
        """
        wanted = tier.grant
        wanted_sections = cast(sorted(wanted.section_ids), ARRAY(BigInteger))
        sections = cast(INVITE.c.grant_sections, ARRAY(BigInteger))
        settings = {name: getattr(wanted.settings, name) for name in _SETTINGS}
        # One share may serve several guilds; what the others gave by it is not too much.
        other = INVITE.alias()
        shared = select(other.c.id).where(
            other.c.share_id == INVITE.c.share_id,
            other.c.id != INVITE.c.id,
            other.c.state.in_(list(SHARED)),
        )
        given = and_(
            sections.contains(wanted_sections),
            or_(
                sections.contained_by(wanted_sections),
                shared.exists(),
            ),
            func.coalesce(INVITE.c.grant_settings, func.jsonb_build_object()) == settings,
        )
        standing = and_(
            INVITE.c.state.in_([*SHARED, InviteState.SUSPENDED]),
            INVITE.c.grant_sections.is_not(None),
            or_(INVITE.c.change.is_(None), INVITE.c.change == Change.KEEP),
        )
        query = select(INVITE.c.id).where(INVITE.c.tier_id == tier.id, standing, ~given)
        return (await self._session.execute(query.order_by(INVITE.c.id))).scalars().all()

    async def hold_what_names(self, link_id: int) -> None:
        """Keep the open requests and codes for a server's tiers until the unit of work ends."""
        own = select(TIER.c.id).where(TIER.c.link_id == link_id)
        # In this order: whoever decides a request holds it, and then may give its code back.
        for names in (INVITE, CODE):
            query = select(names.c.id).where(names.c.tier_id.in_(own)).order_by(names.c.id)
            if names is INVITE:
                query = query.where(INVITE.c.state.in_(list(OPEN)))
            await self._session.execute(query.with_for_update(key_share=True))

    async def hold_requests(self, tier: Tier) -> None:
        """Keep the open requests for a tier until the unit of work ends."""
        query = select(INVITE.c.id).where(
            INVITE.c.tier_id == tier.id, INVITE.c.state.in_(list(OPEN))
        )
        query = query.order_by(INVITE.c.id).with_for_update(key_share=True)
        await self._session.execute(query)

    async def free_codes(self, tier: Tier, heir: Tier | None = None) -> None:
        """Codes that name the tier mean this one from now on, or whichever is the default one."""
        await self._session.execute(
            update(CODE)
            .where(CODE.c.tier_id == tier.id)
            .values(tier_id=None if heir is None or heir.is_default else heir.id)
        )

    async def free_requests(self, tier: Tier, heir: Tier, now: datetime) -> Sequence[int]:
        """Open requests that name the tier name this one from now on; their ids."""
        moved = await self._session.execute(
            update(INVITE)
            .where(INVITE.c.tier_id == tier.id, INVITE.c.state.in_(list(OPEN)))
            .values(
                tier_id=heir.id,
                link_id=heir.link_id,
                version=INVITE.c.version + 1,
                card_due_at=now,
                tell_due_at=now,
            )
            .returning(INVITE.c.id)
        )
        return sorted(moved.scalars())

    async def roles_of(self, guild_id: int) -> frozenset[int]:
        """The roles that the guild's tiers give."""
        query = select(TIER.c.role_id).where(
            TIER.c.guild_id == guild_id, _THERE, TIER.c.role_id.is_not(None)
        )
        return frozenset((await self._session.execute(query)).scalars())

    async def _all(self, *where: Any, limit: int | None = None) -> list[Tier]:
        query = (
            select(TIER)
            .where(true(), *where)
            .order_by(TIER.c.is_default.desc(), func.lower(TIER.c.name), TIER.c.id)
            .limit(limit)
        )
        return await self._open((await self._session.execute(query)).all())

    async def _open(self, rows: Sequence[Row[Any]]) -> list[Tier]:
        shared: dict[int, list[LinkedLibrary]] = defaultdict(list)
        if rows:
            query = (
                select(SHARES.c.tier_id, *LIBRARY.c)
                .join(LIBRARY, SHARES.c.library_id == LIBRARY.c.id)
                .where(SHARES.c.tier_id.in_([row.id for row in rows]), LIBRARY.c.gone_at.is_(None))
                .order_by(LIBRARY.c.key, LIBRARY.c.id)
            )
            for found in await self._session.execute(query):
                shared[found.tier_id].append(linked_library(found))
        return [_tier(row, tuple(shared[row.id])) for row in rows]


def _tier(row: Row[Any], libraries: tuple[LinkedLibrary, ...]) -> Tier:
    return Tier(
        id=row.id,
        guild_id=row.guild_id,
        link_id=row.link_id,
        name=row.name,
        settings=SharingSettings(**{name: getattr(row, name) for name in _SETTINGS}),
        libraries=libraries,
        duration_days=row.duration_days,
        seats=row.seats,
        role_id=row.role_id,
        is_open=row.is_open,
        is_default=row.is_default,
        leaving_for=row.leaving_for,
        is_deleted=row.deleted_at is not None,
    )


def _holds() -> Any:
    return INVITE.c.state.in_(list(HOLDS_A_SEAT))
