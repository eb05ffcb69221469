"""The one row about this installation."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Table, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from db.models import Installation

KEY_CHECK = "installation:1:key_check"

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

    async def commands_hash(self) -> str | None:
        """The digest of the command tree that Discord holds, as far as is known."""
        return (await self._session.execute(select(ROW.c.commands_hash))).scalar_one_or_none()

    async def claim_commands(self, now: datetime, until: datetime) -> bool:
        """Take the syncing of the tree until `until`; False while another process has it."""
        claimed_until = ROW.c.commands_claimed_until
        claimed = await self._session.execute(
            update(ROW)
            .where(or_(claimed_until.is_(None), claimed_until <= now))
            .values(commands_claimed_until=until)
            .returning(ROW.c.id)
        )
        return claimed.scalar_one_or_none() is not None

    async def commands_synced(self, digest: str | None) -> None:
        """Give the claim back, and note what Discord holds now unless that failed."""
        noted = {} if digest is None else {"commands_hash": digest}
        await self._session.execute(update(ROW).values(commands_claimed_until=None, **noted))

    async def opens(self, keyring: Keyring) -> bool:
        """Whether the keys are those of this database. Raises `CannotOpen` when they are not.

        The first start seals a known text; every later one has to open it.
        """
        sealed = (await self._session.execute(select(ROW.c.key_check_sealed))).scalar_one()
        if sealed is not None:
            return keyring.open(sealed, KEY_CHECK) == KEY_CHECK
        await self._session.execute(
            update(ROW).values(key_check_sealed=keyring.seal(KEY_CHECK, KEY_CHECK))
        )
        return True
