"""Bulk actions and what became of each invite. An item leaves `waiting` once, whoever tries."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from bot.domain.bulk import (
    Bulk,
    BulkAction,
    BulkAnswer,
    BulkDetails,
    BulkItem,
    BulkOutcome,
    BulkProblem,
    Verdict,
)
from bot.domain.invites import Invite
from db.answers import TOKEN_LIFE
from db.invites import INVITE, InviteRows
from db.models import Bulk as BulkRow
from db.models import BulkItem as BulkItemRow

BULK: Table = BulkRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
ITEM: Table = BulkItemRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
B, E = BULK.c, ITEM.c
# So many items are read and decrypted at once.
PAGE = 200
_OPENED = {"action", "details", "answer"}


class Bulks(InviteRows):
    """The bulk actions of one unit of work."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        super().__init__(session, keyring)

    async def add(
        self,
        *,
        guild_id: int,
        actor_id: int,
        manages_server: bool,
        action: BulkAction,
        details: BulkDetails,
        invite_ids: Sequence[int],
        now: datetime,
    ) -> Bulk:
        """Store a draft about these invites: nothing is done before it is confirmed."""
        row = (
            await self._session.execute(
                insert(BULK)
                .values(
                    guild_id=guild_id,
                    actor_id=actor_id,
                    manages_server=manages_server,
                    action=action,
                    details=asdict(details),
                    total=len(invite_ids),
                    created_at=now,
                )
                .returning(BULK)
            )
        ).one()
        items = [{"bulk_id": row.id, "invite_id": id_} for id_ in invite_ids]
        await self._session.execute(insert(ITEM), items)
        return self._bulk(row)

    async def confirm(
        self,
        draft: Bulk,
        *,
        now: datetime,
        due_at: datetime,
        locale: str,
        answer: BulkAnswer | None,
    ) -> Bulk | None:
        """A draft is to begin, with these details; None when it is none any more."""
        is_draft = and_(B.due_at.is_(None), B.finished_at.is_(None))
        return await self._change(
            draft.id,
            is_draft,
            details=asdict(draft.details),
            created_at=now,
            due_at=due_at,
            locale=locale,
            **self._sealed(draft.id, answer, now),
        )

    async def show_in(self, id_: int, answer: BulkAnswer, now: datetime) -> Bulk | None:
        """Another private answer shows the progress from now on."""
        return await self._change(id_, B.finished_at.is_(None), **self._sealed(id_, answer, now))

    async def answer_over(self, id_: int) -> None:
        """Discord does not let the private answer be edited any more."""
        await self._change(id_, **self._sealed(id_, None, None))

    async def get(self, id_: int) -> Bulk | None:
        """The bulk action with this id, of whichever guild."""
        row = (await self._session.execute(select(BULK).where(B.id == id_))).one_or_none()
        return None if row is None else self._bulk(row)

    async def recent(self, guild_id: int, limit: int) -> list[Bulk]:
        """The guild's last ones that were confirmed, newest first."""
        query = (
            select(BULK)
            .where(B.guild_id == guild_id, or_(B.due_at.is_not(None), B.finished_at.is_not(None)))
            .order_by(B.id.desc())
            .limit(limit)
        )
        return [self._bulk(row) for row in await self._session.execute(query)]

    async def due(self, now: datetime) -> Sequence[int]:
        """Ids of those that are to be carried on with, and that nobody is at."""
        query = select(B.id).where(B.due_at <= now, _is_free(now)).order_by(B.due_at)
        return (await self._session.execute(query)).scalars().all()

    async def claim(self, id_: int, *, now: datetime, until: datetime) -> Bulk | None:
        """Take one that is due; None when it is not, or somebody is at it."""
        return await self._change(id_, B.due_at <= now, _is_free(now), leased_until=until)

    async def renew(self, bulk: Bulk, until: datetime) -> Bulk | None:
        """Keep it for longer; None when somebody else has taken it over."""
        return await self._change(bulk.id, _is_mine(bulk), leased_until=until)

    async def release(self, bulk: Bulk, **columns: Any) -> Bulk | None:
        """Let go of it; None when somebody else has taken it over."""
        return await self._change(bulk.id, _is_mine(bulk), leased_until=None, **columns)

    async def stop(self, id_: int, *, now: datetime, due_at: datetime) -> Bulk | None:
        """Whoever is waiting is left alone; None when it is over, or stopped already."""
        return await self._change(
            id_, B.due_at.is_not(None), B.stopped_at.is_(None), stopped_at=now, due_at=due_at
        )

    async def drop_drafts(self, before: datetime) -> None:
        """Forget what nobody has confirmed."""
        await self._session.execute(
            delete(BULK).where(B.due_at.is_(None), B.finished_at.is_(None), B.created_at < before)
        )

    async def next_waiting(self, id_: int, after: int) -> int | None:
        """The invite that comes after this one and that nobody has looked at yet."""
        query = (
            select(E.invite_id)
            .where(E.bulk_id == id_, E.outcome == BulkOutcome.WAITING, E.invite_id > after)
            .order_by(E.invite_id)
            .limit(1)
        )
        found: int | None = (await self._session.execute(query)).scalar_one_or_none()
        return found

    async def settle(
        self, id_: int, invite_id: int, verdict: Verdict, *, from_: BulkOutcome
    ) -> bool:
        """Write down where one stands; False when it does not stand in `from_` any more."""
        done = await self._session.execute(
            update(ITEM)
            .where(E.bulk_id == id_, E.invite_id == invite_id, E.outcome == from_)
            .values(
                outcome=verdict.outcome,
                problem_key=verdict.problem_key,
                problem_params=dict(verdict.problem_params),
            )
            .returning(E.invite_id)
        )
        return done.first() is not None

    async def asked(self, id_: int) -> list[Invite]:
        """The invites that were asked and of which Plex has not been heard yet."""
        query = (
            select(INVITE)
            .join(ITEM, E.invite_id == INVITE.c.id)
            .where(E.bulk_id == id_, E.outcome == BulkOutcome.ASKED)
        )
        return [self._open(row) for row in await self._session.execute(query)]

    async def counts(self, id_: int) -> Mapping[BulkOutcome, int]:
        """How many stand where."""
        query = select(E.outcome, func.count()).where(E.bulk_id == id_).group_by(E.outcome)
        return {BulkOutcome(outcome): n for outcome, n in await self._session.execute(query)}

    async def problems(self, id_: int) -> tuple[BulkProblem, ...]:
        """Why how many could not be, the most frequent first."""
        query = (
            select(E.problem_key, E.problem_params, func.count())
            .where(E.bulk_id == id_, E.problem_key.is_not(None))
            .group_by(E.problem_key, E.problem_params)
            .order_by(func.count().desc(), E.problem_key)
        )
        return tuple(BulkProblem(*row) for row in await self._session.execute(query))

    async def items(self, id_: int) -> list[BulkItem]:
        """What became of each. Page by page and in a thread: there may be thousands to decrypt."""
        query = (
            select(
                INVITE.c.id,
                INVITE.c.member_id,
                INVITE.c.login_kind,
                INVITE.c.login_sealed,
                E.outcome,
                E.problem_key,
                E.problem_params,
            )
            .join(ITEM, E.invite_id == INVITE.c.id)
            .where(E.bulk_id == id_)
            .order_by(E.invite_id)
            .limit(PAGE)
        )
        found: list[BulkItem] = []
        while True:
            last = found[-1].invite_id if found else 0
            rows = (await self._session.execute(query.where(E.invite_id > last))).all()
            found += await asyncio.to_thread(self._items, rows)
            if len(rows) < PAGE:
                return found

    def _items(self, rows: Sequence[Any]) -> list[BulkItem]:
        return [
            BulkItem(
                row.id,
                row.member_id,
                BulkOutcome(row.outcome),
                self._login(row).masked,
                row.problem_key,
                row.problem_params,
            )
            for row in rows
        ]

    async def _change(self, id_: int, *where: Any, **columns: Any) -> Bulk | None:
        statement = update(BULK).where(B.id == id_, *where).values(**columns).returning(BULK)
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else self._bulk(row)

    def _sealed(self, id_: int, answer: BulkAnswer | None, now: datetime | None) -> dict[str, Any]:
        if answer is None or now is None:
            return {"application_id": None, "answer_sealed": None, "answer_expires_at": None}
        return {
            "application_id": answer.application_id,
            "answer_sealed": self._keyring.seal(answer.token, _where(id_)),
            "answer_expires_at": now + TOKEN_LIFE,
        }

    def _bulk(self, row: Row[Any]) -> Bulk:
        fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
        answer = None
        if row.answer_sealed is not None:
            token = self._keyring.open(row.answer_sealed, _where(row.id))
            answer = BulkAnswer(row.application_id, token)
        return Bulk(
            **{name: fields[name] for name in Bulk.__dataclass_fields__ if name not in _OPENED},
            action=BulkAction(row.action),
            details=BulkDetails(**row.details),
            answer=answer,
        )


def _is_free(now: datetime) -> Any:
    return or_(B.leased_until.is_(None), B.leased_until <= now)


def _is_mine(bulk: Bulk) -> Any:
    """The end of the lease tells this claim from any later one."""
    return B.leased_until == bulk.leased_until


def _where(id_: int) -> str:
    return f"bulk:{id_}:answer"
