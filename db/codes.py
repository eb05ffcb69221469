"""Codes: found by a keyed hash alone, and used by conditional UPDATEs."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, Table, cast, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from bot.domain.codes import Code
from db.invites import INVITE
from db.models import Code as CodeRow

CODE: Table = CodeRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = CODE.c

PURPOSE = "code"
_SAME = set(Code.__dataclass_fields__)
_USED = INVITE.c.code_id.is_not(None) & INVITE.c.code_given_back.is_(False)


class Codes:
    """The codes of one unit of work. A code's text, normalised, is only ever hashed."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def add(self, guild_id: int, text: str, **columns: Any) -> Code | None:
        """Store a code; None when the guild has it, or had it once."""
        if await self.find(guild_id, text) is not None:
            # Perhaps under an older key, which no unique index would see.
            return None
        made = await self._session.execute(
            insert(CODE)
            .values(guild_id=guild_id, hash=self._keyring.blind(text, PURPOSE), **columns)
            .on_conflict_do_nothing(index_elements=[C.guild_id, C.hash])
            .returning(CODE)
        )
        return _maybe(made.one_or_none())

    async def find(self, guild_id: int, text: str) -> Code | None:
        """The guild's code with this text, whatever it is still worth."""
        hashes = self._keyring.blinds(text, PURPOSE)
        query = select(CODE).where(C.guild_id == guild_id, C.hash.in_(hashes))
        return _maybe((await self._session.execute(query)).first())

    async def get(self, id_: int, guild_id: int) -> Code | None:
        """A code of the guild by its id."""
        query = select(CODE).where(C.id == id_, C.guild_id == guild_id)
        return _maybe((await self._session.execute(query)).one_or_none())

    async def use(self, id_: int, now: datetime) -> Code | None:
        """Take one use; None when none is left, or the code is over."""
        used = await self._session.execute(
            update(CODE)
            .where(
                C.id == id_,
                C.revoked_at.is_(None),
                or_(C.expires_at.is_(None), C.expires_at > now),
                or_(C.uses_most.is_(None), C.uses < C.uses_most),
            )
            .values(uses=C.uses + 1)
            .returning(CODE)
        )
        return _maybe(used.one_or_none())

    async def give_back(self, invite_id: int) -> Code | None:
        """Let the use that an invite has taken be taken again, once; None when there is none."""
        invite = INVITE.c
        returned = await self._session.execute(
            update(INVITE)
            .where(invite.id == invite_id, _USED)
            .values(code_given_back=True)
            .returning(invite.code_id)
        )
        code_id = returned.scalar_one_or_none()
        if code_id is None:
            return None
        given = await self._session.execute(
            update(CODE).where(C.id == code_id, C.uses > 0).values(uses=C.uses - 1).returning(CODE)
        )
        return _maybe(given.one_or_none())

    async def reclaim(self, invite_id: int) -> int | None:
        """An invite has not given its use back after all: the code to take it of, if it had."""
        invite = INVITE.c
        taken = await self._session.execute(
            update(INVITE)
            .where(invite.id == invite_id, invite.code_given_back)
            .values(code_given_back=False)
            .returning(invite.code_id)
        )
        code_id: int | None = taken.scalar_one_or_none()
        return code_id

    async def use_again(self, id_: int) -> Code | None:
        """Take a use of a code that may be over by now; None when none is left."""
        used = await self._session.execute(
            update(CODE)
            .where(C.id == id_, or_(C.uses_most.is_(None), C.uses < C.uses_most))
            .values(uses=C.uses + 1)
            .returning(CODE)
        )
        return _maybe(used.one_or_none())

    async def revoke(self, id_: int, guild_id: int, now: datetime) -> Code | None:
        """Let nobody use a code any more; None when there is none, or it is revoked already."""
        revoked = await self._session.execute(
            update(CODE)
            .where(C.id == id_, C.guild_id == guild_id, C.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(CODE)
        )
        return _maybe(revoked.one_or_none())

    async def set_link(
        self, id_: int, discord_code: str | None, expires_at: datetime | None = None
    ) -> None:
        """The Discord invite that the code travels with; None once there is none any more."""
        await self._session.execute(
            update(CODE)
            .where(C.id == id_)
            .values(discord_code=discord_code, discord_expires_at=expires_at)
        )

    async def page(
        self, guild_id: int, *, limit: int, before: int | None = None, after: int | None = None
    ) -> list[Code]:
        """Codes of the guild, newest first: those older than `before`, or newer than `after`."""
        query = select(CODE).where(C.guild_id == guild_id)
        if after is not None:
            newer = query.where(C.id > after).order_by(C.id).limit(limit)
            return [_open(row) for row in await self._session.execute(newer)][::-1]
        if before is not None:
            query = query.where(C.id < before)
        older = query.order_by(C.id.desc()).limit(limit)
        return [_open(row) for row in await self._session.execute(older)]

    async def labelled(self, guild_id: int, typed: str, limit: int) -> list[Code]:
        """Codes that are not revoked and whose label contains what was typed, newest first."""
        wanted = typed.strip().lower()
        found = func.strpos(func.lower(C.label), wanted) > 0 if wanted else true()
        query = (
            select(CODE)
            .where(
                C.guild_id == guild_id, C.revoked_at.is_(None), found if typed.strip() else true()
            )
            .order_by(C.id.desc())
            .limit(limit)
        )
        return [_open(row) for row in await self._session.execute(query)]

    async def last_users(self, ids: Collection[int], each: int) -> dict[int, Sequence[int]]:
        """Who has used these codes: the last members of each, by its id, newest first."""
        wanted = select(func.unnest(cast(list(ids), ARRAY(BigInteger))).label("id")).subquery()
        latest = (
            select(INVITE.c.id, INVITE.c.member_id)
            .where(INVITE.c.code_id == wanted.c.id, _USED)
            .order_by(INVITE.c.id.desc())
            .limit(each)
            .lateral()
        )
        found: dict[int, list[int]] = {id_: [] for id_ in ids}
        query = select(wanted.c.id, latest.c.member_id).join(latest, true()).order_by(latest.c.id)
        for id_, member_id in await self._session.execute(query):
            found[id_].insert(0, member_id)
        return dict(found)


def _maybe(row: Row[Any] | None) -> Code | None:
    return None if row is None else _open(row)


def _open(row: Row[Any]) -> Code:
    fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
    return Code(**{name: fields[name] for name in _SAME})
