"""Links to Plex servers and their libraries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from bot.domain.invites import ON_PLEX, OPEN, REVOCABLE, InviteState
from bot.domain.links import Link, LinkedLibrary, LinkState
from bot.domain.logins import Login
from bot.domain.plex import PlexLibrary, PlexServerInfo
from db.models import InviteRow, Library, PlexLink, Tier

LINK: Table = PlexLink.__table__  # type: ignore[assignment]  # a mapped class has a Table
INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
TIER: Table = Tier.__table__  # type: ignore[assignment]  # a mapped class has a Table
LIBRARY: Table = Library.__table__  # type: ignore[assignment]  # a mapped class has a Table

OWNER_PURPOSE = "plex_link:owner"
_SAME = set(Link.__dataclass_fields__) - {"state", "token"}


class Links:
    """The Plex links of one unit of work."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def ensure_home(self, guild_id: int, base_url: str, token: str, now: datetime) -> Link:
        """The guild's link from the operator's settings; connects anew when those have changed."""
        query = select(LINK).where(LINK.c.guild_id == guild_id, LINK.c.from_home).with_for_update()
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            return await self._add_home(guild_id, base_url, token, now)
        link = self._open(row)
        if (link.base_url, link.token) == (base_url, token):
            return link
        # Another address may be another server. While nobody has a share on the old one that is
        # fine; otherwise connecting tells whether it is the same.
        forgotten = (
            {"machine_identifier": None, "owner_account_id": None}
            if link.base_url != base_url and not await self._is_in_use(link.id)
            else {}
        )
        return await self._change(
            link.id,
            base_url=base_url,
            token_sealed=self._keyring.seal(token, _where(link.id)),
            state=LinkState.CONNECTING,
            connect_due_at=now,
            **forgotten,
        )

    async def _is_in_use(self, id_: int) -> bool:
        """Whether somebody has, or may have, a share on this link."""
        query = select(INVITE.c.id).where(INVITE.c.link_id == id_, INVITE.c.state.in_(ON_PLEX))
        return (await self._session.execute(query.limit(1))).first() is not None

    async def _add_home(self, guild_id: int, base_url: str, token: str, now: datetime) -> Link:
        sequence = func.pg_get_serial_sequence("plex_link", "id")
        id_ = (await self._session.execute(select(func.nextval(sequence)))).scalar_one()
        row = (
            await self._session.execute(
                insert(LINK)
                .values(
                    id=id_,
                    guild_id=guild_id,
                    from_home=True,
                    base_url=base_url,
                    token_sealed=self._keyring.seal(token, _where(id_)),
                    connect_due_at=now,
                )
                .returning(LINK)
            )
        ).one()
        return self._open(row)

    async def link(
        self,
        guild_id: int,
        *,
        base_url: str,
        token: str,
        machine_identifier: str,
        server_name: str,
        owner_account_id: int,
        now: datetime,
    ) -> Link | None:
        """Link a server by an owner's sign-in, connecting it owed at once.

        One that was disconnected, or does not work, takes the new address and token. None for one
        that works, or that the operator looks after.
        """
        known = await self.to_server(guild_id, machine_identifier)
        if known is None:
            sequence = func.pg_get_serial_sequence("plex_link", "id")
            id_ = (await self._session.execute(select(func.nextval(sequence)))).scalar_one()
            made = await self._session.execute(
                upsert(LINK)
                .values(
                    id=id_,
                    guild_id=guild_id,
                    base_url=base_url,
                    token_sealed=self._keyring.seal(token, _where(id_)),
                    machine_identifier=machine_identifier,
                    server_name=server_name,
                    owner_account_id=owner_account_id,
                    connect_due_at=now,
                )
                .on_conflict_do_nothing()
                .returning(LINK)
            )
            row = made.one_or_none()
            return None if row is None else self._open(row)
        if known.disconnected_at is None and (known.is_connected or known.from_home):
            return None
        return await self._change(
            known.id,
            base_url=base_url,
            token_sealed=self._keyring.seal(token, _where(known.id)),
            owner_account_id=owner_account_id,
            from_home=False,
            disconnected_at=None,
            state=LinkState.CONNECTING,
            problem_key=None,
            problem_reason="",
            connect_due_at=now,
        )

    async def to_server(
        self, guild_id: int, machine_identifier: str, other_than: int = 0
    ) -> Link | None:
        """The guild's link to this server, disconnected ones too, kept from other changes."""
        query = (
            select(LINK)
            .where(
                LINK.c.guild_id == guild_id,
                LINK.c.machine_identifier == machine_identifier,
                LINK.c.id != other_than,
            )
            .with_for_update()
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else self._open(row)

    async def unite(self, link: Link, machine_identifier: str) -> Link:
        """The link, or another one of the guild's to the same server, which takes its place.

        So it is when an operator names a server that an admin has linked before.
        """
        twin = await self.to_server(link.guild_id, machine_identifier, other_than=link.id)
        if twin is None or link.machine_identifier is not None:
            return link
        await self._session.execute(delete(LINK).where(LINK.c.id == link.id))
        return await self._change(
            twin.id,
            from_home=link.from_home,
            base_url=link.base_url,
            token_sealed=self._keyring.seal(link.token, _where(twin.id)),
            disconnected_at=None,
        )

    async def lock(self, id_: int, guild_id: int) -> Link | None:
        """The guild's link with this id that is not disconnected, kept from other changes."""
        query = (
            select(LINK)
            .where(LINK.c.id == id_, LINK.c.guild_id == guild_id, LINK.c.disconnected_at.is_(None))
            # "No key": an approval that names the link does not wait, as it may hold the seats.
            .with_for_update(key_share=True)
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else self._open(row)

    async def disconnect(self, id_: int, now: datetime) -> Link:
        """Forget the token; the row stays for what refers to it, and is left alone from now on."""
        return await self._change(
            id_,
            disconnected_at=now,
            # Whoever links it again begins anew.
            connected_at=None,
            from_home=False,
            state=LinkState.PAUSED,
            token_sealed=self._keyring.seal("", _where(id_)),
            problem_key=None,
            problem_reason="",
            connect_due_at=None,
            reconcile_due_at=None,
        )

    async def count_people(self, id_: int) -> int:
        """How many people have, or may have, access through this link, or are about to."""
        # Whoever is being moved here names only the tier until the other server has let them go.
        moves_here = INVITE.c.tier_id.in_(select(TIER.c.id).where(TIER.c.link_id == id_))
        query = select(func.count()).where(
            or_(
                and_(moves_here, INVITE.c.state.in_(REVOCABLE)),
                and_(
                    INVITE.c.link_id == id_,
                    or_(INVITE.c.state.in_(REVOCABLE), INVITE.c.change.is_not(None)),
                ),
            )
        )
        return int((await self._session.execute(query)).scalar_one())

    async def free_requests(self, id_: int, now: datetime) -> Sequence[int]:
        """Open requests are for the guild's default tier again, whichever that is then.

        Those that wait for a seat of what is gone wait for a decision again; their ids.
        """
        is_open = and_(INVITE.c.link_id == id_, INVITE.c.state.in_(OPEN))
        waited = await self._session.execute(
            update(INVITE)
            .where(is_open, INVITE.c.state == InviteState.WAITLISTED)
            .values(
                state=InviteState.REQUESTED,
                version=INVITE.c.version + 1,
                card_due_at=now,
                tell_due_at=now,
                waitlisted_at=None,
                presence_due_at=None,
                absent_since=None,
                absent_why=None,
                grace_until=None,
                decided_by=None,
                decided_at=None,
            )
            .returning(INVITE.c.id)
        )
        ids = sorted(waited.scalars())
        await self._session.execute(
            update(INVITE).where(is_open).values(link_id=None, tier_id=None)
        )
        return ids

    async def lives_from(self, account_id: int) -> bool:
        """Whether a link of any guild lives from this owner account."""
        query = select(LINK.c.id).where(
            LINK.c.owner_account_id == account_id, LINK.c.disconnected_at.is_(None)
        )
        return (await self._session.execute(query.limit(1))).first() is not None

    async def get(self, id_: int) -> Link | None:
        """The link with this id."""
        row = (await self._session.execute(select(LINK).where(LINK.c.id == id_))).one_or_none()
        return None if row is None else self._open(row)

    async def connected(self, id_: int, info: PlexServerInfo, now: datetime) -> Link:
        """Note what the first (or the mended) connection has found."""
        return await self._change(
            id_,
            state=LinkState.CONNECTED,
            problem_key=None,
            problem_reason="",
            machine_identifier=info.machine_identifier,
            server_name=info.name,
            owner_account_id=info.owner_account_id,
            owner_username_blind=self._blind(info.owner_username),
            owner_email_blind=self._blind(info.owner_email),
            connected_at=now,
            connect_due_at=None,
        )

    async def problem(
        self, id_: int, *, state: LinkState, key: str, reason: str, retry_at: datetime | None
    ) -> None:
        """Note why the link does not work, and when it is tried again."""
        await self._session.execute(
            update(LINK)
            .where(LINK.c.id == id_, _is_there())
            .values(state=state, problem_key=key, problem_reason=reason, connect_due_at=retry_at)
        )

    async def is_owner(self, id_: int, login: Login) -> bool:
        """Whether this login is the server owner's own account."""
        query = select(LINK.c.owner_username_blind, LINK.c.owner_email_blind).where(
            LINK.c.id == id_
        )
        row = (await self._session.execute(query)).one_or_none()
        blinds = self._keyring.blinds(login.lookup, OWNER_PURPOSE)
        return row is not None and any(value in blinds for value in row if value is not None)

    async def claim(self, id_: int, what: str, *, now: datetime, until: datetime) -> Link | None:
        """Take the work that `{what}_due_at` owes until `until`; None when it is not due."""
        due = LINK.c[f"{what}_due_at"]
        row = (
            await self._session.execute(
                update(LINK)
                .where(LINK.c.id == id_, due <= now, _is_there())
                .values({due: until})
                .returning(LINK)
            )
        ).one_or_none()
        return None if row is None else self._open(row)

    async def schedule(self, id_: int, what: str, at: datetime | None) -> None:
        """Set when `connect` or `reconcile` is owed; None for not at all."""
        await self._session.execute(
            update(LINK).where(LINK.c.id == id_, _is_there()).values({LINK.c[f"{what}_due_at"]: at})
        )

    async def reconcile_soon(self, id_: int, at: datetime) -> None:
        """Owe a reconcile at `at`, unless one is owed earlier."""
        await self._session.execute(
            update(LINK)
            .where(LINK.c.id == id_)
            .values(reconcile_due_at=func.least(LINK.c.reconcile_due_at, at))
        )

    async def reconciled(self, id_: int, now: datetime) -> None:
        """Note that ledger and Plex were compared."""
        await self._session.execute(update(LINK).where(LINK.c.id == id_).values(reconciled_at=now))

    async def due(self, what: str, now: datetime) -> Sequence[int]:
        """Ids of the links whose `{what}_due_at` has come."""
        query = select(LINK.c.id).where(LINK.c[f"{what}_due_at"] <= now, _is_there())
        return (await self._session.execute(query)).scalars().all()

    async def take_libraries(
        self, id_: int, libraries: Sequence[PlexLibrary], now: datetime
    ) -> list[LinkedLibrary]:
        """Make the ledger's libraries those that Plex has just listed; the rest is marked gone.

        An empty list marks nothing: it says more about Plex than about the libraries, and a tier
        that lost them all could invite nobody.
        """
        if not libraries:
            return await self.libraries(id_)
        statement = upsert(LIBRARY).values(
            [
                {
                    "link_id": id_,
                    "section_id": library.section_id,
                    "key": library.key,
                    "title": library.title,
                    "type": library.type,
                    "seen_at": now,
                }
                for library in libraries
            ]
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[LIBRARY.c.link_id, LIBRARY.c.section_id],
                set_={
                    name: statement.excluded[name] for name in ("key", "title", "type", "seen_at")
                }
                | {"gone_at": None},
            )
        )
        present = [library.section_id for library in libraries]
        await self._session.execute(
            update(LIBRARY)
            .where(
                LIBRARY.c.link_id == id_,
                LIBRARY.c.gone_at.is_(None),
                LIBRARY.c.section_id.not_in(present),
            )
            .values(gone_at=now)
        )
        return await self.libraries(id_)

    async def libraries(self, id_: int) -> list[LinkedLibrary]:
        """The libraries that the server still has, in the server's own order."""
        query = (
            select(LIBRARY)
            .where(LIBRARY.c.link_id == id_, LIBRARY.c.gone_at.is_(None))
            .order_by(LIBRARY.c.key, LIBRARY.c.id)
        )
        return [linked_library(row) for row in await self._session.execute(query)]

    async def gone_titles(self, id_: int, section_ids: Collection[int]) -> list[str]:
        """Titles of those libraries that the server no longer has; one never seen is a number."""
        query = select(LIBRARY.c.section_id, LIBRARY.c.title, LIBRARY.c.gone_at).where(
            LIBRARY.c.link_id == id_, LIBRARY.c.section_id.in_(list(section_ids))
        )
        known = {row.section_id: row for row in await self._session.execute(query)}
        return [
            known[section_id].title if section_id in known else str(section_id)
            for section_id in sorted(section_ids)
            if section_id not in known or known[section_id].gone_at is not None
        ]

    async def owe_comparison(self, ids: Collection[int] | None, now: datetime) -> Sequence[int]:
        """Connected links (these, or all) are compared with Plex at once; their ids."""
        statement = update(LINK).where(LINK.c.state == LinkState.CONNECTED, _is_there())
        if ids is not None:
            statement = statement.where(LINK.c.id.in_(list(ids)))
        owed = await self._session.execute(
            statement.values(reconcile_due_at=now).returning(LINK.c.id)
        )
        return sorted(owed.scalars())

    async def busy_until(self, id_: int, until: datetime) -> None:
        """Plex asks for patience: with this link, and with all of the same owner account."""
        owner = select(LINK.c.owner_account_id).where(LINK.c.id == id_).scalar_subquery()
        await self._session.execute(
            update(LINK)
            .where(or_(LINK.c.id == id_, LINK.c.owner_account_id == owner))
            .values(busy_until=func.greatest(LINK.c.busy_until, until))
        )

    async def is_busy_until(self, id_: int) -> datetime | None:
        """Until when Plex has asked for patience, if it ever has."""
        query = select(LINK.c.busy_until).where(LINK.c.id == id_)
        found: datetime | None = (await self._session.execute(query)).scalar_one_or_none()
        return found

    async def trust_listing(self, ids: Collection[int]) -> None:
        """Believe the next listing of these links, however many it has lost."""
        await self._session.execute(
            update(LINK).where(LINK.c.id.in_(list(ids))).values(listing_trusted=True)
        )

    async def take_trust(self, id_: int) -> bool:
        """Whether the next listing is to be believed; counts for one."""
        taken = await self._session.execute(
            update(LINK)
            .where(LINK.c.id == id_, LINK.c.listing_trusted)
            .values(listing_trusted=False)
            .returning(LINK.c.id)
        )
        return taken.first() is not None

    async def all_of(self, guild_id: int) -> list[Link]:
        """The guild's links, the first one first, without those that were disconnected."""
        query = select(LINK).where(LINK.c.guild_id == guild_id, _is_there()).order_by(LINK.c.id)
        return [self._open(row) for row in await self._session.execute(query)]

    async def set_seats(self, id_: int, seats: int) -> None:
        """How many shares the owner account may have."""
        await self._change(id_, seats=seats)

    async def _change(self, id_: int, **columns: Any) -> Link:
        row = (
            await self._session.execute(
                update(LINK).where(LINK.c.id == id_).values(**columns).returning(LINK)
            )
        ).one()
        return self._open(row)

    def _blind(self, login: str) -> bytes | None:
        return self._keyring.blind(login.casefold(), OWNER_PURPOSE) if login else None

    def _open(self, row: Row[Any]) -> Link:
        fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
        return Link(
            **{name: fields[name] for name in _SAME},
            state=LinkState(row.state),
            token=self._keyring.open(row.token_sealed, _where(row.id)),
        )


def _is_there() -> ColumnElement[bool]:
    """No admin has disconnected it."""
    return LINK.c.disconnected_at.is_(None)


def linked_library(row: Row[Any]) -> LinkedLibrary:
    """A row of `library` as a value."""
    return LinkedLibrary(row.id, row.section_id, row.title, row.type)


def _where(id_: int) -> str:
    return f"plex_link:{id_}:token"
