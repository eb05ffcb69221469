"""Sign-ins with Plex: what waits for a person, what was signed in, what is over."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring
from bot.domain.sign_in import (
    AGREED,
    OPEN_SIGN_INS,
    OwnedServer,
    PlexAccount,
    PlexPin,
    SignIn,
    SignInPurpose,
    SignInState,
)
from db.answers import TOKEN_LIFE
from db.models import SignIn as SignInRow

SIGN_IN: Table = SignInRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = SIGN_IN.c

SERVERS = "servers"
TRIES = "tries"
# Whose sign-in a token is that a link, or who was forgotten, has left behind; Discord gives this
# number to nobody.
NOBODY = 0
# What a sign-in that is over has no use for.
_FORGOTTEN: dict[str, Any] = {
    "code_sealed": None,
    "account_name_sealed": None,
    "account_email_sealed": None,
    "leased_until": None,
}
_NO_ANSWER: dict[str, Any] = {
    "application_id": None,
    "answer_sealed": None,
    "answer_expires_at": None,
}


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """The private answer of a sign-in, which Discord lets Helpr edit for a while."""

    application_id: int
    token: str = field(repr=False)
    made_at: datetime


class SignIns:
    """The sign-ins of one unit of work."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def add(
        self,
        *,
        guild_id: int,
        user_id: int,
        purpose: SignInPurpose,
        pin: PlexPin,
        now: datetime,
        locale: str = "en",
        details: Mapping[str, Any] | None = None,
    ) -> SignIn:
        """A sign-in that waits; the person's open one for the same must have been replaced."""
        sequence = func.pg_get_serial_sequence("sign_in", "id")
        id_ = (await self._session.execute(select(func.nextval(sequence)))).scalar_one()
        row = await self._session.execute(
            insert(SIGN_IN)
            .values(
                id=id_,
                guild_id=guild_id,
                user_id=user_id,
                purpose=purpose,
                pin_id=pin.id,
                code_sealed=self._keyring.seal(pin.code, _where(id_, "code")),
                created_at=now,
                expires_at=now + timedelta(seconds=pin.seconds),
                poll_due_at=now,
                locale=locale,
                details=dict(details or {}),
            )
            .returning(SIGN_IN)
        )
        return self._open(row.one())

    async def open_of(
        self, guild_id: int, user_id: int, purpose: SignInPurpose, *, lock: bool = False
    ) -> SignIn | None:
        """The person's open sign-in; `lock`: nobody else changes it before this work is over."""
        query = select(SIGN_IN).where(
            C.guild_id == guild_id,
            C.user_id == user_id,
            C.purpose == purpose,
            C.state.in_(OPEN_SIGN_INS),
        )
        if lock:
            query = query.with_for_update()
        return self._maybe((await self._session.execute(query)).one_or_none())

    async def latest_of(self, guild_id: int, user_id: int, purpose: SignInPurpose) -> SignIn | None:
        """The person's latest sign-in, however it went."""
        query = (
            select(SIGN_IN)
            .where(C.guild_id == guild_id, C.user_id == user_id, C.purpose == purpose)
            .order_by(C.id.desc())
            .limit(1)
        )
        return self._maybe((await self._session.execute(query)).one_or_none())

    async def get(self, id_: int, *, lock: bool = False) -> SignIn | None:
        """The sign-in with this id."""
        query = select(SIGN_IN).where(C.id == id_)
        if lock:
            query = query.with_for_update()
        return self._maybe((await self._session.execute(query)).one_or_none())

    async def claim(self, id_: int, *, now: datetime, lease: timedelta) -> SignIn | None:
        """Take what is owed; None when nothing is, or somebody is at it."""
        row = await self._session.execute(
            update(SIGN_IN)
            .where(
                C.id == id_,
                C.poll_due_at <= now,
                or_(C.leased_until.is_(None), C.leased_until <= now),
            )
            .values(leased_until=now + lease)
            .returning(SIGN_IN)
        )
        return self._maybe(row.one_or_none())

    async def look_again(self, sign_in: SignIn, at: datetime) -> None:
        """What is owed is owed again at `at`, if it has not moved on meanwhile."""
        await self._session.execute(
            update(SIGN_IN)
            .where(C.id == sign_in.id, C.state == sign_in.state)
            .values(poll_due_at=at, leased_until=None)
        )

    async def due(self, now: datetime, limit: int = 200) -> Sequence[int]:
        """Ids of the sign-ins for which something is owed now."""
        query = (
            select(C.id)
            .where(
                C.poll_due_at <= now,
                or_(C.leased_until.is_(None), C.leased_until <= now),
            )
            .order_by(C.poll_due_at)
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    async def signed_in(
        self,
        id_: int,
        token: str,
        account: PlexAccount,
        servers: Sequence[OwnedServer],
        *,
        until: datetime,
    ) -> SignIn | None:
        """Note who has signed in, kept until `until`; None when it does not wait any more."""
        known = (await self._session.execute(select(C.details).where(C.id == id_))).scalar_one()
        named = {**known, SERVERS: [asdict(server) for server in servers]}
        row = await self._session.execute(
            update(SIGN_IN)
            .where(C.id == id_, C.state == SignInState.WAITING)
            .values(
                state=SignInState.SIGNED_IN,
                token_sealed=self._keyring.seal(token, _where(id_, "token")),
                account_id=account.id,
                account_name_sealed=self._seal(account.username, id_, "account_name"),
                account_email_sealed=self._seal(account.email, id_, "account_email"),
                code_sealed=None,
                poll_due_at=until,
                leased_until=None,
                details=named,
            )
            .returning(SIGN_IN)
        )
        return self._maybe(row.one_or_none())

    async def end(
        self,
        id_: int,
        state: SignInState,
        *,
        now: datetime,
        keeps_token: bool = False,
        problem_key: str | None = None,
        invite_id: int | None = None,
    ) -> SignIn | None:
        """An open sign-in is over; None when it was over already. `invite_id`: what came of it.

        Its token is still to be signed out, which is owed at once, unless something `keeps_token`
        from now on: then it is erased here. The private answer stays: it may have to say so.
        """
        released: dict[str, Any] = {"poll_due_at": case((C.token_sealed.is_not(None), now))}
        kept: dict[str, Any] = {"poll_due_at": None, "token_sealed": None}
        row = await self._session.execute(
            update(SIGN_IN)
            .where(C.id == id_, C.state.in_(OPEN_SIGN_INS))
            .values(
                state=state,
                problem_key=problem_key,
                invite_id=invite_id,
                **_FORGOTTEN,
                **(kept if keeps_token else released),
            )
            .returning(SIGN_IN)
        )
        return self._maybe(row.one_or_none())

    async def hold(
        self, sign_in: SignIn, invite_id: int, *, until: datetime, agreed: bool
    ) -> SignIn | None:
        """Use a sign-in for an invite and keep its token until `until`, to accept with it.

        The same once more for one that is held: for longer. None when it is over. Whatever happens
        to the invite makes it due (`Invites.move`).
        """
        is_held = (C.state == SignInState.USED) & C.held_until.is_not(None)
        row = await self._session.execute(
            update(SIGN_IN)
            .where(C.id == sign_in.id, or_(C.state == SignInState.SIGNED_IN, is_held))
            .values(
                state=SignInState.USED,
                invite_id=invite_id,
                held_until=until,
                poll_due_at=until,
                details=self._details(sign_in, {AGREED: agreed}),
                **_FORGOTTEN,
            )
            .returning(SIGN_IN)
        )
        return self._maybe(row.one_or_none())

    def _details(self, sign_in: SignIn, more: Mapping[str, Any]) -> dict[str, Any]:
        return {**sign_in.details, SERVERS: [asdict(one) for one in sign_in.servers], **more}

    async def let_go(
        self, id_: int, *, now: datetime, problem_key: str | None = None
    ) -> SignIn | None:
        """A held token is not needed any more: to be signed out now. None when it is not held."""
        row = await self._session.execute(
            update(SIGN_IN)
            .where(C.id == id_, C.held_until.is_not(None))
            .values(held_until=None, poll_due_at=now, leased_until=None, problem_key=problem_key)
            .returning(SIGN_IN)
        )
        return self._maybe(row.one_or_none())

    async def try_again(self, sign_in: SignIn, at: datetime) -> None:
        """Accepting has failed: once more at `at`; how often it failed stands in the details."""
        details = self._details(sign_in, {TRIES: sign_in.details.get(TRIES, 0) + 1})
        await self._session.execute(
            update(SIGN_IN)
            .where(C.id == sign_in.id, C.held_until.is_not(None))
            .values(poll_due_at=at, leased_until=None, details=details)
        )

    async def due_now(self, id_: int, now: datetime) -> None:
        """Look at a held sign-in at once."""
        await self._session.execute(
            update(SIGN_IN).where(C.id == id_, C.held_until.is_not(None)).values(poll_due_at=now)
        )

    async def of_invite(self, invite_id: int) -> SignIn | None:
        """The sign-in that has proved a request."""
        query = select(SIGN_IN).where(C.invite_id == invite_id).order_by(C.id.desc()).limit(1)
        return self._maybe((await self._session.execute(query)).one_or_none())

    async def leave_behind(
        self, guild_id: int, token: str, account_id: int, *, now: datetime
    ) -> int:
        """A link needs this token no more: signing it out is owed at once; the row's id.

        It is nobody's sign-in, and over from the first.
        """
        sequence = func.pg_get_serial_sequence("sign_in", "id")
        id_: int = (await self._session.execute(select(func.nextval(sequence)))).scalar_one()
        await self._session.execute(
            insert(SIGN_IN).values(
                id=id_,
                guild_id=guild_id,
                user_id=NOBODY,
                purpose=SignInPurpose.LINK,
                state=SignInState.USED,
                pin_id=0,
                token_sealed=self._keyring.seal(token, _where(id_, "token")),
                account_id=account_id,
                created_at=now,
                expires_at=now,
                poll_due_at=now,
            )
        )
        return id_

    async def erase(self, id_: int) -> None:
        """The token of a sign-in that is over is gone for good; all of it, if it is nobody's."""
        await self._session.execute(
            delete(SIGN_IN).where(
                C.id == id_,
                C.user_id == NOBODY,
                C.purpose == SignInPurpose.MEMBER,
                C.state.not_in(OPEN_SIGN_INS),
            )
        )
        await self._session.execute(
            update(SIGN_IN)
            .where(C.id == id_, C.state.not_in(OPEN_SIGN_INS))
            .values(token_sealed=None, poll_due_at=None, leased_until=None)
        )

    async def is_held(self, account_id: int) -> bool:
        """Whether a sign-in of this account waits to be used, or to accept something."""
        waits = or_(C.state == SignInState.SIGNED_IN, C.held_until.is_not(None))
        query = select(C.id).where(C.account_id == account_id, waits)
        return (await self._session.execute(query.limit(1))).first() is not None

    async def keep_answer(
        self, id_: int, *, application_id: int, token: str, until: datetime
    ) -> None:
        """The private answer that shows this sign-in, and until when it can be edited."""
        await self._session.execute(
            update(SIGN_IN)
            .where(C.id == id_)
            .values(
                application_id=application_id,
                answer_sealed=self._keyring.seal(token, _where(id_, "answer")),
                answer_expires_at=until,
            )
        )

    async def answer_of(self, id_: int, now: datetime) -> HeldAnswer | None:
        """The private answer, while Discord lets Helpr edit it."""
        query = select(C.application_id, C.answer_sealed, C.answer_expires_at).where(
            C.id == id_, C.answer_sealed.is_not(None), C.answer_expires_at > now
        )
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            return None
        opened = self._keyring.open(row.answer_sealed, _where(id_, "answer"))
        return HeldAnswer(row.application_id, opened, row.answer_expires_at - TOKEN_LIFE)

    async def forget_answers(self, now: datetime) -> None:
        """Forget every token of an answer that is over."""
        await self._session.execute(
            update(SIGN_IN).where(C.answer_expires_at <= now).values(_NO_ANSWER)
        )

    def _seal(self, value: str, id_: int, column: str) -> bytes | None:
        return self._keyring.seal(value, _where(id_, column)) if value else None

    def _unseal(self, value: bytes | None, id_: int, column: str) -> str | None:
        return self._keyring.open(value, _where(id_, column)) if value is not None else None

    def _maybe(self, row: Row[Any] | None) -> SignIn | None:
        return None if row is None else self._open(row)

    def _open(self, row: Row[Any]) -> SignIn:
        servers = row.details.get(SERVERS, [])
        account = None
        if row.account_id is not None:
            account = PlexAccount(
                row.account_id,
                self._unseal(row.account_name_sealed, row.id, "account_name") or "",
                self._unseal(row.account_email_sealed, row.id, "account_email") or "",
            )
        return SignIn(
            id=row.id,
            guild_id=row.guild_id,
            user_id=row.user_id,
            purpose=SignInPurpose(row.purpose),
            state=SignInState(row.state),
            pin_id=row.pin_id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            code=self._unseal(row.code_sealed, row.id, "code"),
            token=self._unseal(row.token_sealed, row.id, "token"),
            account=account,
            servers=tuple(
                OwnedServer(one["machine_identifier"], one["name"], tuple(one["addresses"]))
                for one in servers
            ),
            details={name: value for name, value in row.details.items() if name != SERVERS},
            problem_key=row.problem_key,
            locale=row.locale,
            invite_id=row.invite_id,
            held_until=row.held_until,
        )


def _where(id_: int, column: str) -> str:
    return f"sign_in:{id_}:{column}"
