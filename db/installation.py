"""The one row about this installation."""

from uuid import uuid4

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Installation

ROW: Table = Installation.__table__  # type: ignore[assignment]  # a mapped class has a Table


class InstallationRecord:
    """Facts that every process of the fleet shares."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def client_identifier(self) -> str:
        """The identifier under which Plex knows this installation, made once."""
        await self._session.execute(
            insert(ROW).values(client_identifier=uuid4().hex).on_conflict_do_nothing()
        )
        return str((await self._session.execute(select(ROW.c.client_identifier))).scalar_one())

    async def take_commands_hash(self, digest: str) -> bool:
        """True for the one process that should sync: the stored hash was another one.

        The row stays locked until the unit of work ends, so that the others wait for its outcome.
        """
        taken = await self._session.execute(
            update(ROW).where(ROW.c.commands_hash != digest).values(commands_hash=digest)
        )
        return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
