"""What the last comparison of a link found to differ, and left alone."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from bot.domain.drift import Drift, DriftKind
from db.links import INVITE, LINK
from db.models import Drift as DriftRow

DRIFT: Table = DriftRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = DRIFT.c


class Drifts:
    """The differences of one unit of work."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def found(self, link_id: int, drifts: Collection[Drift]) -> None:
        """Make these the differences of a link; what is not among them has been settled."""
        gone = delete(DRIFT).where(
            C.link_id == link_id, C.share_id.not_in([drift.share_id for drift in drifts])
        )
        await self._session.execute(gone)
        for drift in drifts:
            statement = insert(DRIFT).values(
                link_id=link_id,
                kind=drift.kind,
                share_id=drift.share_id,
                invite_id=drift.invite_id,
                account_id=drift.account_id,
                name_sealed=self._keyring.seal(drift.name, _where(drift)) if drift.name else None,
                is_accepted=drift.is_accepted,
                section_ids=sorted(drift.section_ids),
                since=drift.since,
            )
            fresh = {
                name: statement.excluded[name]
                for name in (
                    "kind",
                    "invite_id",
                    "account_id",
                    "name_sealed",
                    "is_accepted",
                    "section_ids",
                )
            }
            await self._session.execute(
                statement.on_conflict_do_update(index_elements=[C.link_id, C.share_id], set_=fresh)
            )

    async def counts(self, guild_id: int) -> dict[DriftKind, int]:
        """How many differences of each kind the guild's links have."""
        query = (
            select(C.kind, func.count())
            .join(LINK, LINK.c.id == C.link_id)
            .where(LINK.c.guild_id == guild_id)
            .group_by(C.kind)
        )
        return {DriftKind(kind): n for kind, n in await self._session.execute(query)}

    async def counts_by_link(self, guild_id: int) -> dict[int, dict[DriftKind, int]]:
        """The same for each link by its id."""
        query = (
            select(C.link_id, C.kind, func.count())
            .join(LINK, LINK.c.id == C.link_id)
            .where(LINK.c.guild_id == guild_id)
            .group_by(C.link_id, C.kind)
        )
        counted: dict[int, dict[DriftKind, int]] = {}
        for link_id, kind, n in await self._session.execute(query):
            counted.setdefault(link_id, {})[DriftKind(kind)] = n
        return counted

    async def of_guild(self, guild_id: int, limit: int = 100) -> list[Drift]:
        """The guild's differences, oldest first."""
        query = (
            _with_member().where(LINK.c.guild_id == guild_id).order_by(C.since, C.id).limit(limit)
        )
        return [self._open(row) for row in await self._session.execute(query)]

    async def count_strangers(self, guild_id: int) -> int:
        """How many shares of the guild's links nobody here is known for."""
        query = select(func.count()).select_from(DRIFT).join(LINK, LINK.c.id == C.link_id)
        found = await self._session.execute(query.where(*_are_strangers(guild_id)))
        return int(found.scalar_one())

    async def strangers(
        self,
        guild_id: int,
        *,
        after: int | None = None,
        before: int | None = None,
        limit: int = 10,
    ) -> list[Drift]:
        """Shares that nobody here is known for: those after an id, or the page before one."""
        query = _with_member().where(*_are_strangers(guild_id)).limit(limit)
        if before is not None:
            rows = await self._session.execute(query.where(C.id < before).order_by(C.id.desc()))
            return [self._open(row) for row in rows][::-1]
        if after is not None:
            query = query.where(C.id > after)
        return [self._open(row) for row in await self._session.execute(query.order_by(C.id))]

    async def stranger(self, guild_id: int, id_: int) -> Drift | None:
        """One of them."""
        query = _with_member().where(*_are_strangers(guild_id), C.id == id_)
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else self._open(row)

    async def drop(self, id_: int) -> None:
        """Forget a difference that is settled, until a comparison finds it again."""
        await self._session.execute(delete(DRIFT).where(C.id == id_))

    def _open(self, row: Row[Any]) -> Drift:
        drift = Drift(
            link_id=row.link_id,
            kind=DriftKind(row.kind),
            share_id=row.share_id,
            since=row.since,
            invite_id=row.invite_id,
            member_id=row.member_id,
            account_id=row.account_id,
            is_accepted=row.is_accepted,
            section_ids=frozenset(row.section_ids),
            id=row.id,
        )
        if row.name_sealed is None:
            return drift
        return replace(drift, name=self._keyring.open(row.name_sealed, _where(drift)))


def _with_member() -> Select[Any]:
    return (
        select(DRIFT, INVITE.c.member_id)
        .join(LINK, LINK.c.id == C.link_id)
        .outerjoin(INVITE, INVITE.c.id == C.invite_id)
    )


def _are_strangers(guild_id: int) -> list[ColumnElement[bool]]:
    return [
        LINK.c.guild_id == guild_id,
        LINK.c.disconnected_at.is_(None),
        C.kind == DriftKind.UNKNOWN,
    ]


def _where(drift: Drift) -> str:
    return f"drift:{drift.link_id}:{drift.share_id}:name"
