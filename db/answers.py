"""Private answers that can still be edited: the interaction's token, sealed, for 15 minutes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from db.models import InviteAnswer

ANSWER: Table = InviteAnswer.__table__  # type: ignore[assignment]  # a mapped class has a Table
# Discord's limit for an interaction's token; a minute is left for an edit under way.
TOKEN_LIFE = timedelta(minutes=14)


@dataclass(frozen=True, slots=True)
class Answer:
    """One private answer: `PATCH /webhooks/{application_id}/{token}/messages/@original`."""

    id: int
    invite_id: int
    application_id: int
    token: str = field(repr=False)


class Answers:
    """The private answers of one unit of work."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def add(
        self, invite_id: int, *, application_id: int, token: str, created_at: datetime
    ) -> None:
        """Keep the token of an interaction that was answered privately at `created_at`."""
        sequence = func.pg_get_serial_sequence("invite_answer", "id")
        id_ = (await self._session.execute(select(func.nextval(sequence)))).scalar_one()
        await self._session.execute(
            insert(ANSWER).values(
                id=id_,
                invite_id=invite_id,
                application_id=application_id,
                token_sealed=self._keyring.seal(token, _where(id_)),
                expires_at=created_at + TOKEN_LIFE,
            )
        )

    async def open_for(self, invite_id: int, now: datetime) -> list[Answer]:
        """The answers of an invite that Discord still lets us edit."""
        query = select(ANSWER).where(ANSWER.c.invite_id == invite_id, ANSWER.c.expires_at > now)
        return [
            Answer(
                row.id,
                row.invite_id,
                row.application_id,
                self._keyring.open(row.token_sealed, _where(row.id)),
            )
            for row in await self._session.execute(query)
        ]

    async def drop(self, id_: int) -> None:
        """Forget an answer that Discord no longer knows."""
        await self._session.execute(delete(ANSWER).where(ANSWER.c.id == id_))

    async def drop_expired(self, now: datetime) -> None:
        """Forget every token that is over."""
        await self._session.execute(delete(ANSWER).where(ANSWER.c.expires_at <= now))


def _where(id_: int) -> str:
    return f"invite_answer:{id_}:token"
