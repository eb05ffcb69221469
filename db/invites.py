"""Queries on invites. Moves are conditional UPDATEs; a claim is a lease taken by UPDATE."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Table,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from bot.domain.errors import Refused
from bot.domain.invites import (
    LIVE,
    MOVES,
    ON_PLEX,
    SHARED,
    Change,
    EndReason,
    Invite,
    InviteState,
)
from bot.domain.logins import Login, LoginKind
from bot.domain.members import Absence, WishKind
from bot.domain.plex import Grant, SharingSettings
from bot.domain.timing import FIRST_ANSWER, PRESENCE
from db.models import Forgetting, Guild, InviteRow, PlexLink, SignIn, Tier
from db.wishes import WISH, over

INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
LINK: Table = PlexLink.__table__  # type: ignore[assignment]  # a mapped class has a Table
SIGN_IN: Table = SignIn.__table__  # type: ignore[assignment]  # a mapped class has a Table
FORGETTING: Table = Forgetting.__table__  # type: ignore[assignment]  # a mapped class has a Table
TIER: Table = Tier.__table__  # type: ignore[assignment]  # a mapped class has a Table
GUILD: Table = Guild.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = INVITE.c

LOGIN_PURPOSE = "invite:login"
_REFUSALS = {
    "uq_invite_live_member": "invite.open_already",
    "uq_invite_live_login": "invite.login_taken",
    "uq_invite_live_account": "invite.login_taken",
}


# Changes by which a share leaves Plex.
_TAKING = [Change.END, Change.TAKE_BACK, Change.SUSPEND]
# From these nothing leads on by itself, so nothing is wanted of Plex any more.
OVER = frozenset({InviteState.ENDED, InviteState.FAILED, InviteState.DENIED})
_ENDS_WISHES = OVER | {InviteState.WITHDRAWN}
# Until here somebody may have so long to accept, and no longer.
_ON_THE_WAY = {InviteState.APPROVED, InviteState.SENDING, InviteState.SENT}
# Nothing is there to accept yet, and there may be.
_UNDECIDED = frozenset(
    {InviteState.REQUESTED, InviteState.WAITLISTED, InviteState.APPROVED, InviteState.SENDING}
)
_LOOKED_FOR = {
    InviteState.WAITLISTED,
    InviteState.SENT,
    InviteState.ACTIVE,
    InviteState.SUSPENDED,
}
_NOT_LOOKED_FOR = {InviteState.REQUESTED, InviteState.APPROVED, InviteState.WITHDRAWN}
_NOTHING_WANTED: dict[str, Any] = {
    "change": None,
    "change_reason": None,
    "change_by": None,
    "change_due_at": None,
}
# Columns that are not taken as they are; `grant` stands in two of them.
_CONVERTED = {"state", "end_reason", "change", "change_reason", "grant", "absent_why"}


class InviteRows:
    """Opens rows of the ledger as invites."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    def _maybe(self, row: Row[Any] | None) -> Invite | None:
        return None if row is None else self._open(row)

    def _login(self, row: Row[Any]) -> Login:
        """The login alone, of a row that may hold nothing else of the invite but its id."""
        opened = self._keyring.open(row.login_sealed, _where(row.id, "login"))
        return Login(LoginKind(row.login_kind), opened)

    def _open(self, row: Row[Any]) -> Invite:
        fields = row._mapping  # noqa: SLF001 - public in SQLAlchemy, in spite of its name
        opened = {
            name: self._keyring.open(fields[f"{name}_sealed"], _where(row.id, name))
            if fields[f"{name}_sealed"]
            else ""
            for name in ("login", "note", "decision_reason")
        }
        same = {
            name: fields[name]
            for name in Invite.__dataclass_fields__
            if name not in {*opened, *_CONVERTED}
        }
        return Invite(
            **same,
            login=Login(LoginKind(row.login_kind), opened["login"]),
            note=opened["note"],
            decision_reason=opened["decision_reason"],
            state=InviteState(row.state),
            end_reason=EndReason(row.end_reason) if row.end_reason else None,
            change=Change(row.change) if row.change else None,
            absent_why=Absence(row.absent_why) if row.absent_why else None,
            change_reason=EndReason(row.change_reason) if row.change_reason else None,
            grant=_grant_of(row),
        )


class Invites(InviteRows):
    """The invites of one unit of work."""

    async def add(
        self,
        *,
        guild_id: int,
        member_id: int,
        login: Login,
        note: str,
        locale: str,
        now: datetime,
        member_joined_at: datetime | None = None,
        link_id: int | None = None,
        tier_id: int | None = None,
        code_id: int | None = None,
    ) -> Invite:
        """Store a request; raises `Refused` when the member or the login has one already.

        Or while the member is being forgotten.
        """
        being_forgotten = select(FORGETTING.c.id).where(
            FORGETTING.c.guild_id == guild_id, FORGETTING.c.user_id == member_id
        )
        if (await self._session.execute(being_forgotten)).first() is not None:
            raise Refused("member.being_forgotten")
        # The id is taken first, because it is part of what seals the columns.
        sequence = func.pg_get_serial_sequence("invite", "id")
        id_ = (await self._session.execute(select(func.nextval(sequence)))).scalar_one()
        try:
            row = (
                await self._session.execute(
                    insert(INVITE)
                    .values(
                        id=id_,
                        guild_id=guild_id,
                        member_id=member_id,
                        member_joined_at=member_joined_at,
                        login_kind=login.kind,
                        login_sealed=self._keyring.seal(login.value, _where(id_, "login")),
                        login_blind=self._keyring.blind(login.lookup, LOGIN_PURPOSE),
                        note_sealed=self._keyring.seal(note, _where(id_, "note")) if note else None,
                        locale=locale,
                        requested_at=now,
                        link_id=link_id,
                        tier_id=tier_id,
                        code_id=code_id,
                        card_due_at=now,
                        tell_due_at=now + FIRST_ANSWER,
                    )
                    .returning(INVITE)
                )
            ).one()
        except IntegrityError as error:
            raise _refusal(error) from None
        # Whoever asks anew no longer asks for more of what is over.
        of_member = (WISH.c.guild_id == guild_id) & (WISH.c.member_id == member_id)
        await self._session.execute(over(now).where(of_member))
        return self._open(row)

    async def get(self, id_: int, guild_id: int | None = None) -> Invite | None:
        """The invite, only if it belongs to `guild_id` where that is given."""
        query = select(INVITE).where(C.id == id_)
        if guild_id is not None:
            query = query.where(C.guild_id == guild_id)
        return self._maybe((await self._session.execute(query)).one_or_none())

    async def hold(self, id_: int) -> None:
        """Keep the invite from other changes until the unit of work ends."""
        # "No key": what refers to it, such as a line of the log, does not wait.
        await self._session.execute(select(C.id).where(C.id == id_).with_for_update(key_share=True))

    async def latest_of(self, guild_id: int, member_id: int) -> Invite | None:
        """The member's live invite, else the last one."""
        query = (
            select(INVITE)
            .where(C.guild_id == guild_id, C.member_id == member_id)
            .order_by(C.state.in_(LIVE).desc(), C.id.desc())
            .limit(1)
        )
        return self._maybe((await self._session.execute(query)).one_or_none())

    async def earlier_of(self, invite: Invite, limit: int = 3) -> list[Invite]:
        """What the same member asked for before, newest first."""
        query = (
            select(INVITE)
            .where(C.guild_id == invite.guild_id, C.member_id == invite.member_id, C.id < invite.id)
            .order_by(C.id.desc())
            .limit(limit)
        )
        return [self._open(row) for row in await self._session.execute(query)]

    async def holder_of(self, guild_id: int, login: Login) -> Invite | None:
        """The invite that holds this login in the guild, under any key of the keyring."""
        blinds = self._keyring.blinds(login.lookup, LOGIN_PURPOSE)
        query = select(INVITE).where(
            C.guild_id == guild_id,
            C.login_blind.in_(blinds),
            or_(C.state.in_(LIVE), C.change.is_not(None)),
        )
        return self._maybe((await self._session.execute(query)).first())

    async def share_is_anothers(self, invite: Invite, share_id: int) -> bool:
        """Whether another live invite on the same link has this share of Plex's."""
        query = select(C.id).where(
            C.guild_id == invite.guild_id,
            C.state.in_(LIVE),
            C.link_id == invite.link_id,
            C.share_id == share_id,
            C.id != invite.id,
        )
        return (await self._session.execute(query)).first() is not None

    async def needed_by_others(self, invite: Invite, share_id: int) -> frozenset[int] | None:
        """The sections that other invites, of any guild, have by this share of the same server's.

        Plex has one share for a server and an account, however many guilds are linked to it. None
        when nobody else lives from it.
        """
        own = select(LINK.c.machine_identifier).where(LINK.c.id == invite.link_id)
        query = (
            select(C.grant_sections)
            .join(LINK, LINK.c.id == C.link_id)
            .where(
                C.share_id == share_id,
                C.id != invite.id,
                C.state.in_(SHARED),
                or_(C.change.is_(None), C.change.not_in(_TAKING)),
                LINK.c.machine_identifier == own.scalar_subquery(),
            )
        )
        found = (await self._session.execute(query)).scalars().all()
        return frozenset(one for sections in found for one in sections or ()) if found else None

    async def same_person_has(
        self, invite: Invite, settings: SharingSettings
    ) -> list[tuple[int, int]]:
        """Note what a person's other shares of the same owner give now: (invite, guild) of each.

        Plex knows one set of flags and filters for an owner account and a person: whoever sets
        them for one share has set them for all.
        """
        if invite.account_id is None:
            return []
        own = select(LINK.c.owner_account_id).where(LINK.c.id == invite.link_id)
        of_owner = select(LINK.c.id).where(LINK.c.owner_account_id == own.scalar_subquery())
        stored = asdict(settings)
        changed = await self._session.execute(
            update(INVITE)
            .where(
                C.account_id == invite.account_id,
                C.id != invite.id,
                C.link_id.in_(of_owner),
                C.state.in_(SHARED),
                C.grant_settings.is_not(None),
                C.grant_settings != stored,
            )
            .values(grant_settings=stored)
            .returning(C.id, C.guild_id)
        )
        return [(row.id, row.guild_id) for row in changed]

    async def queue(self, guild_id: int, *, after: int = 0, limit: int = 5) -> list[Invite]:
        """Undecided requests in the order they came, from the one after id `after`."""
        query = (
            select(INVITE)
            .where(C.guild_id == guild_id, C.state == InviteState.REQUESTED, C.id > after)
            .order_by(C.id)
            .limit(limit)
        )
        return [self._open(row) for row in await self._session.execute(query)]

    async def queue_before(self, guild_id: int, *, before: int, limit: int = 5) -> list[Invite]:
        """The page of undecided requests before id `before`, in the order they came."""
        query = (
            select(INVITE)
            .where(C.guild_id == guild_id, C.state == InviteState.REQUESTED, C.id < before)
            .order_by(C.id.desc())
            .limit(limit)
        )
        return [self._open(row) for row in await self._session.execute(query)][::-1]

    async def count_by_state(self, guild_id: int) -> dict[InviteState, int]:
        """How many invites of the guild stand in each state."""
        query = select(C.state, func.count()).where(C.guild_id == guild_id).group_by(C.state)
        return {InviteState(state): n for state, n in await self._session.execute(query)}

    async def move(
        self,
        id_: int,
        to: InviteState,
        *,
        now: datetime,
        from_: Collection[InviteState] | None = None,
        version: int | None = None,
        attempt: int | None = None,
        settles: Invite | None = None,
        **columns: Any,
    ) -> Invite | None:
        """Move an invite if it still stands in `from_`, at `version`, in `attempt`; else None.

        `settles`: only while the same is wanted of it as of this snapshot. A move to an end leaves
        nothing wanted.

        Every move owes the card and the member a look. Raises `ValueError` for a move that
        `MOVES` does not have, and `Refused` when another invite holds the Plex account.
        """
        sources = [state for state, targets in MOVES.items() if to in targets]
        if from_ is not None:
            if not set(from_) <= set(sources):
                raise ValueError(f"no move leads from {sorted(from_)} to {to}")
            sources = list(from_)
        statement = update(INVITE).where(C.id == id_, C.state.in_(sources))
        if version is not None:
            statement = statement.where(C.version == version)
        if attempt is not None:
            statement = statement.where(C.attempt == attempt)
        if settles is not None:
            statement = statement.where(*_wants_the_same(settles))
        if to in OVER:
            columns = {**_NOTHING_WANTED, **columns}
        values = {**_owe_a_look(now), "role_due_at": _role_due(to, now)}
        values |= {**_presence(to, now), **_kept(to)}
        if "expires_at" in columns:
            values["reminded_days"] = _reminded(columns["expires_at"], now)
        values |= {**self._stored(id_, columns), "state": to}
        statement = statement.values(values)
        try:
            # A refused move must not undo what else this unit of work did.
            async with self._session.begin_nested():
                row = (await self._session.execute(statement.returning(INVITE))).one_or_none()
        except IntegrityError as error:
            raise _refusal(error) from None
        if row is not None:
            await self._after(row, now)
        return self._maybe(row)

    async def _after(self, row: Row[Any], now: datetime) -> None:
        """What a move means for what hangs on the invite."""
        if row.state in _ENDS_WISHES:
            wishes = over(now).where(WISH.c.invite_id == row.id)
            if row.end_reason == EndReason.EXPIRED:
                # Who has asked for more time in time can still be given it.
                wishes = wishes.where(WISH.c.kind != WishKind.TIME)
            await self._session.execute(wishes)
        if row.state not in _UNDECIDED:
            # A sign-in that is held for it has something to accept, or is not needed any more.
            await self._session.execute(
                update(SIGN_IN)
                .where(SIGN_IN.c.invite_id == row.id, SIGN_IN.c.held_until.is_not(None))
                .values(poll_due_at=now)
            )

    async def remark(
        self,
        id_: int,
        *,
        now: datetime,
        attempt: int,
        state: InviteState | None = None,
        settles: Invite | None = None,
        shown: bool = True,
        **columns: Any,
    ) -> Invite | None:
        """Set columns of the work that is still under way; None if it has been taken over.

        `shown` ones owe card and member a look. `state`: only while the invite stands there;
        `settles`: only while the same is wanted of it as of this snapshot.
        """
        look = _owe_a_look(now) if shown else {}
        statement = update(INVITE).where(C.id == id_, C.attempt == attempt)
        if state is not None:
            statement = statement.where(C.state == state)
        if settles is not None:
            statement = statement.where(*_wants_the_same(settles))
        statement = statement.values({**look, **self._stored(id_, columns)})
        return self._maybe((await self._session.execute(statement.returning(INVITE))).one_or_none())

    async def change(
        self,
        id_: int,
        *,
        now: datetime,
        from_: Collection[InviteState],
        unless: Collection[Change] = (),
        version: int | None = None,
        **columns: Any,
    ) -> Invite | None:
        """Set what is wanted of an invite that stands in `from_`; None when it has moved on.

        `unless`: not while one of these changes is under way. Card and member owe a look.
        """
        statement = update(INVITE).where(C.id == id_, C.state.in_(list(from_)))
        if unless:
            statement = statement.where(or_(C.change.is_(None), C.change.not_in(list(unless))))
        if version is not None:
            statement = statement.where(C.version == version)
        values = {**_owe_a_look(now), **self._stored(id_, columns)}
        if "expires_at" in columns:
            values["reminded_days"] = _reminded(columns["expires_at"], now)
        if "tier_id" in columns:
            # Another tier may give another role.
            is_active = C.state == InviteState.ACTIVE
            values["role_due_at"] = case((is_active, now), else_=C.role_due_at)
        row = (
            await self._session.execute(statement.values(values).returning(INVITE))
        ).one_or_none()
        return self._maybe(row)

    async def note(self, id_: int, *, attempt: int | None = None, **columns: Any) -> Invite | None:
        """Set columns that are no move (a share's id, a card's message, what is owed next).

        `attempt`: only while no later one has begun; None is returned then.
        Raises `Refused` when another invite holds the Plex account.
        """
        statement = update(INVITE).where(C.id == id_).values(**self._stored(id_, columns))
        if attempt is not None:
            statement = statement.where(C.attempt == attempt)
        try:
            async with self._session.begin_nested():
                row = (await self._session.execute(statement.returning(INVITE))).one_or_none()
        except IntegrityError as error:
            raise _refusal(error) from None
        return self._maybe(row)

    async def known_on(self, link_id: int) -> list[Invite]:
        """Every live invite of a link that Plex holds, or may hold, something for."""
        query = (
            select(INVITE)
            .where(
                C.link_id == link_id,
                or_(C.state.in_(ON_PLEX), C.change.is_not(None)),
            )
            .order_by(C.id)
        )
        return [self._open(row) for row in await self._session.execute(query)]

    async def count_open(self, guild_id: int) -> int:
        """How many requests wait for a decision."""
        query = select(func.count()).where(C.guild_id == guild_id, C.state == InviteState.REQUESTED)
        return int((await self._session.execute(query)).scalar_one())

    async def count_stuck(self, guild_id: int) -> int:
        """How many invites have work on Plex that keeps failing."""
        query = select(func.count()).where(C.guild_id == guild_id, C.stuck_at.is_not(None))
        return int((await self._session.execute(query)).scalar_one())

    async def stuck_in(self, guild_id: int, limit: int = 10) -> list[Invite]:
        """Invites whose work on Plex keeps failing, the longest first."""
        query = (
            select(INVITE)
            .where(C.guild_id == guild_id, C.stuck_at.is_not(None))
            .order_by(C.stuck_at)
            .limit(limit)
        )
        return [self._open(row) for row in await self._session.execute(query)]

    def _stored(self, id_: int, columns: dict[str, Any]) -> dict[str, Any]:
        """Values of the domain as the columns hold them."""
        stored = dict(columns)
        reason = stored.pop("decision_reason", None)
        if reason:
            sealed = self._keyring.seal(reason, _where(id_, "decision_reason"))
            stored["decision_reason_sealed"] = sealed
        for name in ("active_at", "expires_at"):
            if (first := stored.pop(f"first_{name}", None)) is not None:
                stored[name] = func.coalesce(C[name], first)
        if stored.pop("is_overriding", False):
            # Whoever is at work on what was wanted before can no longer write its outcome.
            stored["attempt"] = C.attempt + 1
        if "grant" in stored:
            grant: Grant | None = stored.pop("grant")
            stored["grant_sections"] = sorted(grant.section_ids) if grant else None
            stored["grant_settings"] = asdict(grant.settings) if grant else None
        return stored


def _wants_the_same(invite: Invite) -> list[ColumnElement[bool]]:
    """The change, its reason and the tier are those of the snapshot."""
    return [
        C.change.is_not_distinct_from(invite.change),
        C.change_reason.is_not_distinct_from(invite.change_reason),
        C.tier_id.is_not_distinct_from(invite.tier_id),
    ]


def _grant_of(row: Row[Any]) -> Grant | None:
    if row.grant_sections is None:
        return None
    settings = SharingSettings(**(row.grant_settings or {}))
    return Grant(frozenset(row.grant_sections), settings)


def _owe_a_look(now: datetime) -> dict[str, Any]:
    """A new version, which card and member have yet to see."""
    return {"version": C.version + 1, "card_due_at": now, "tell_due_at": now}


def _kept(to: InviteState) -> dict[str, Any]:
    """A seat from the waiting list is kept until it is accepted, or lost."""
    return {} if to in _ON_THE_WAY else {"take_by": None}


def _role_due(to: InviteState, now: datetime) -> ColumnElement[Any]:
    """A tier's role is owed with the move into active, and owed back with every other one."""
    owed = or_(C.role_given_id.is_not(None), C.role_due_at.is_not(None))
    if to is InviteState.ACTIVE:
        role = select(TIER.c.role_id).where(TIER.c.id == C.tier_id).scalar_subquery()
        owed = or_(owed, role.is_not(None))
    return case((owed, now), else_=null())


def _reminded(end: datetime | None, now: datetime) -> ColumnElement[Any]:
    """Of what a member needs no reminder once their access ends at `end`.

    Whoever was just given more time knows when it ends: only what is still ahead reminds them. An
    end that came nearer is news.
    """
    if end is None:
        return null()
    ends = literal(end, DateTime(timezone=True))
    of_guild = select(
        func.least(
            *(
                case((and_(days > 0, ends - func.make_interval(0, 0, 0, days) <= now), days))
                for days in (GUILD.c.remind_days, GUILD.c.remind_again_days)
            )
        )
    ).where(GUILD.c.id == C.guild_id)
    is_later = C.expires_at < ends
    return case((is_later, of_guild.scalar_subquery()), else_=null())


def _presence(to: InviteState, now: datetime) -> dict[str, Any]:
    """Who holds something is looked for in Discord now and then; who does not, is not."""
    if to in _LOOKED_FOR:
        return {"presence_due_at": func.coalesce(C.presence_due_at, now + PRESENCE)}
    if to in OVER or to in _NOT_LOOKED_FOR:
        nobody = {"absent_since": None, "absent_why": None, "grace_until": None}
        return {"presence_due_at": None, **nobody}
    return {}


def _where(id_: int, column: str) -> str:
    return f"invite:{id_}:{column}"


def _refusal(error: IntegrityError) -> Exception:
    """What a broken rule of the table means to a person; the error itself if it means nothing."""
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, asyncpg.UniqueViolationError) and cause.constraint_name in _REFUSALS:
        return Refused(_REFUSALS[cause.constraint_name])
    return error
