"""The unit of work: one short transaction that commits by word and rolls back by default."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.crypto import Keyring
from bot.domain.errors import LedgerUnavailable
from db.absences import Absences
from db.answers import Answers
from db.audit import Audit
from db.audit_log import AuditLog
from db.board import Boards
from db.bulk import Bulks
from db.cards import Cards
from db.codes import Codes
from db.drift import Drifts
from db.erasing import Erasing
from db.export import Export
from db.forgetting import Forgettings
from db.guilds import Guilds
from db.holders import Holders
from db.installation import InstallationRecord
from db.invites import Invites
from db.jobs import Jobs
from db.link_tiers import LinkTiers
from db.links import Links
from db.members import Members
from db.messages import Messages
from db.notices import Notices
from db.owed import Owed
from db.panels import Panels
from db.rates import Rates
from db.roles import Roles
from db.seats import Seats
from db.sign_ins import SignIns
from db.stats import Stats
from db.tiers import Tiers
from db.trouble import Troubles
from db.waiting import Waiting
from db.wishes import Wishes


class Work:
    """What one transaction may read and change. Nothing stays unless `commit` was called."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self.installation = InstallationRecord(session)
        self.guilds = Guilds(session)
        self.links = Links(session, keyring)
        self.tiers = Tiers(session)
        self.link_tiers = LinkTiers(session)
        self.seats = Seats(session)
        self.waiting = Waiting(session)
        self.roles = Roles(session)
        self.invites = Invites(session, keyring)
        self.absences = Absences(session, keyring)
        self.owed = Owed(session, keyring)
        self.cards = Cards(session)
        self.codes = Codes(session, keyring)
        self.answers = Answers(session, keyring)
        self.audit = Audit(session)
        self.audit_log = AuditLog(session)
        self.board = Boards(session)
        self.stats = Stats(session)
        self.jobs = Jobs(session)
        self.rates = Rates(session, keyring)
        self.sign_ins = SignIns(session, keyring)
        self.notices = Notices(session)
        self.messages = Messages(session)
        self.panels = Panels(session)
        self.drift = Drifts(session, keyring)
        self.trouble = Troubles(session)
        self.holders = Holders(session, keyring)
        self.bulks = Bulks(session, keyring)
        self.forgettings = Forgettings(session, keyring)
        self.export = Export(session, keyring)
        self.erasing = Erasing(session, keyring)
        self.members = Members(session)
        self.wishes = Wishes(session, keyring)

    async def commit(self) -> None:
        """Make everything of this unit of work stay."""
        await self._session.commit()


class Ledger:
    """Opens units of work on one engine."""

    def __init__(self, engine: AsyncEngine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        """A unit of work. Raises `LedgerUnavailable` when PostgreSQL does not answer."""
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session:
                yield Work(session, self._keyring)
        except (OSError, InterfaceError, PoolTimeout, asyncpg.InterfaceError) as error:
            raise LedgerUnavailable from error
        except DBAPIError as error:
            if error.connection_invalidated or _is_down(error):
                raise LedgerUnavailable from error
            raise

    async def check_keys(self) -> None:
        """Raise `CannotOpen` when the keys are not those of this database."""
        async with self.begin() as work:
            await work.installation.opens(self._keyring)
            await work.commit()

    async def ping(self) -> None:
        """One round trip; raises `LedgerUnavailable`."""
        async with self.begin() as work:
            await work._session.execute(text("SELECT 1"))  # noqa: SLF001 - one class in two parts


def _is_down(error: DBAPIError) -> bool:
    """Whether it is worth another try (SQLSTATE).

    The server is starting, stopping or gone (08, 53, 57P), or it has rolled back one of two that
    waited for each other (40).
    """
    state = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(("08", "40", "53", "57P"))
