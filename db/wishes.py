"""Wishes of members with access: what is open, what was decided, which cards owe a look."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, Update, case, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from bot.domain.errors import Refused
from bot.domain.invites import Invite
from bot.domain.members import Wish, WishKind, WishState
from db.models import Wish as WishRow

WISH: Table = WishRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = WISH.c

_CONVERTED = {"kind", "state", "note", "reason"}


class Wishes:
    """The wishes of one unit of work. Whoever changes one holds its invite before."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def add(
        self, invite: Invite, kind: WishKind, *, now: datetime, note: str, tier_id: int | None
    ) -> Wish:
        """An open wish, which owes its card; raises `Refused` where there is one of this kind."""
        sequence = func.pg_get_serial_sequence("wish", "id")
        id_ = (await self._session.execute(select(func.nextval(sequence)))).scalar_one()
        statement = insert(WISH).values(
            id=id_,
            guild_id=invite.guild_id,
            invite_id=invite.id,
            member_id=invite.member_id,
            kind=kind,
            tier_id=tier_id,
            note_sealed=self._keyring.seal(note, _where(id_, "note")) if note else None,
            created_at=now,
            card_due_at=now,
        )
        try:
            async with self._session.begin_nested():
                row = (await self._session.execute(statement.returning(WISH))).one()
        except IntegrityError:
            raise Refused("wish.open_already") from None
        return self._open(row)

    async def get(self, id_: int, guild_id: int | None = None) -> Wish | None:
        """The wish, only if it belongs to `guild_id` where that is given."""
        query = select(WISH).where(C.id == id_)
        if guild_id is not None:
            query = query.where(C.guild_id == guild_id)
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else self._open(row)

    async def latest_of(self, invite_id: int) -> list[Wish]:
        """The latest wish of each kind of this invite."""
        latest = select(func.max(C.id)).where(C.invite_id == invite_id).group_by(C.kind)
        query = select(WISH).where(C.id.in_(latest)).order_by(C.kind)
        return [self._open(row) for row in await self._session.execute(query)]

    async def open_in(self, guild_id: int, *, after: int = 0, limit: int = 5) -> list[Wish]:
        """Open wishes of the guild in the order they came, from the one after id `after`."""
        query = (
            select(WISH)
            .where(C.guild_id == guild_id, C.state == WishState.OPEN, C.id > after)
            .order_by(C.id)
            .limit(limit)
        )
        return [self._open(row) for row in await self._session.execute(query)]

    async def count_open(self, guild_id: int) -> int:
        """How many wishes wait for a decision."""
        query = select(func.count()).where(C.guild_id == guild_id, C.state == WishState.OPEN)
        return int((await self._session.execute(query)).scalar_one())

    async def decide(
        self, id_: int, version: int, state: WishState, *, by: int, now: datetime, reason: str = ""
    ) -> Wish | None:
        """Grant, refuse or withdraw a wish that is open at `version`; None when it is not."""
        statement = (
            update(WISH)
            .where(C.id == id_, C.version == version, C.state == WishState.OPEN)
            .values(
                state=state,
                version=C.version + 1,
                decided_by=by,
                decided_at=now,
                reason_sealed=self._keyring.seal(reason, _where(id_, "reason")) if reason else None,
                card_due_at=now,
            )
            .returning(WISH)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else self._open(row)

    async def owe_cards(self, guild_id: int, now: datetime) -> Sequence[int]:
        """Let every open wish owe its card, and every card that was left behind; their ids."""
        owed = await self._session.execute(
            update(WISH)
            .where(
                C.guild_id == guild_id,
                or_(
                    C.state == WishState.OPEN,
                    C.card_message_id.is_not(None) & (C.card_version < C.version),
                ),
            )
            .values(card_due_at=now)
            .returning(C.id)
        )
        return sorted(owed.scalars())

    async def claim(self, id_: int, *, now: datetime, lease: timedelta) -> Wish | None:
        """Take the card; None when nothing is due or a look is under way."""
        leased = C.card_leased_until
        statement = (
            update(WISH)
            .where(C.id == id_, C.card_due_at <= now, or_(leased.is_(None), leased <= now))
            .values(card_leased_until=now + lease)
            .returning(WISH)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else self._open(row)

    async def settle(
        self, wish: Wish, *, now: datetime, again_at: datetime | None = None, **columns: Any
    ) -> bool:
        """End a look at `wish`; True when it has moved on, and owes another one now."""
        settled = await self._session.execute(
            update(WISH)
            .where(C.id == wish.id)
            .values(
                card_due_at=case((C.version > wish.version, now), else_=again_at),
                card_leased_until=None,
                **columns,
            )
            .returning(C.version)
        )
        version = settled.scalar_one_or_none()
        return version is not None and version > wish.version

    async def due(self, now: datetime, limit: int = 200) -> Sequence[int]:
        """Ids of the wishes whose cards owe a look."""
        leased = C.card_leased_until
        query = (
            select(C.id)
            .where(C.card_due_at <= now, or_(leased.is_(None), leased <= now))
            .order_by(C.card_due_at)
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    def _open(self, row: Row[Any]) -> Wish:
        fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
        same = {name: fields[name] for name in Wish.__dataclass_fields__ if name not in _CONVERTED}
        return Wish(
            **same,
            kind=WishKind(row.kind),
            state=WishState(row.state),
            note=self._unseal(row.note_sealed, row.id, "note"),
            reason=self._unseal(row.reason_sealed, row.id, "reason"),
        )

    def _unseal(self, sealed: bytes | None, id_: int, name: str) -> str:
        return "" if sealed is None else self._keyring.open(sealed, _where(id_, name))


def over(now: datetime) -> Update:
    """The open wishes that the caller names are withdrawn: what they were about is over."""
    return (
        update(WISH)
        .where(C.state == WishState.OPEN)
        .values(
            state=WishState.WITHDRAWN,
            version=C.version + 1,
            decided_at=now,
            card_due_at=now,
        )
    )


def _where(id_: int, column: str) -> str:
    return f"wish:{id_}:{column}"
