"""Who is being forgotten, and what has to be over first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, case, delete, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from bot.domain.forgetting import Forgetting, Unsettled
from bot.domain.invites import LIVE, Invite
from bot.domain.sign_in import OPEN_SIGN_INS, SignInState
from db.invites import FORGETTING, INVITE, C, InviteRows
from db.models import Message
from db.sign_ins import SIGN_IN

MESSAGE: Table = Message.__table__  # type: ignore[assignment]  # a mapped class has a Table
F, S, M = FORGETTING.c, SIGN_IN.c, MESSAGE.c


class Forgettings(InviteRows):
    """The people to be forgotten of one unit of work."""

    async def ask(self, guild_id: int, user_id: int, now: datetime) -> int:
        """Note that somebody wants to be forgotten, once; the id of that note."""
        made = insert(FORGETTING).values(
            guild_id=guild_id, user_id=user_id, asked_at=now, due_at=now
        )
        # An update that changes nothing, so that a note of before is returned too.
        noted = await self._session.execute(
            made.on_conflict_do_update(
                index_elements=["guild_id", "user_id"], set_={"user_id": made.excluded.user_id}
            ).returning(F.id)
        )
        return int(noted.scalar_one())

    async def asked(self, guild_id: int, user_id: int) -> bool:
        """Whether this member is being forgotten."""
        query = select(F.id).where(F.guild_id == guild_id, F.user_id == user_id)
        return (await self._session.execute(query)).first() is not None

    async def due(self, now: datetime, limit: int = 200) -> Sequence[int]:
        """Ids of those that are to be looked at now."""
        query = select(F.id).where(F.due_at <= now, _is_free(now)).order_by(F.due_at).limit(limit)
        return (await self._session.execute(query)).scalars().all()

    async def claim(self, id_: int, *, now: datetime, lease: timedelta) -> Forgetting | None:
        """Take one for this caller; None when it is not due, or somebody is at it."""
        row = await self._session.execute(
            update(FORGETTING)
            .where(F.id == id_, F.due_at <= now, _is_free(now))
            .values(leased_until=now + lease, tries=F.tries + 1)
            .returning(F.id, F.guild_id, F.user_id, F.asked_at, F.leased_until)
        )
        taken = row.one_or_none()
        return None if taken is None else Forgetting(*taken)

    async def put_off(self, forgetting: Forgetting, until: datetime) -> None:
        """Look again at `until`."""
        await self._session.execute(
            update(FORGETTING).where(*_is_same(forgetting)).values(due_at=until, leased_until=None)
        )

    async def finish(self, forgetting: Forgetting) -> bool:
        """The last trace of the wish goes; False when somebody else has taken it over."""
        gone = await self._session.execute(
            delete(FORGETTING).where(*_is_same(forgetting)).returning(F.id)
        )
        return gone.first() is not None

    async def live_of(self, guild_id: int, user_id: int) -> list[Invite]:
        """What still leads, or may lead, to access."""
        query = select(INVITE).where(*_theirs(guild_id, user_id), C.state.in_(LIVE))
        return [self._open(row) for row in await self._session.execute(query)]

    async def keep_quiet(self, guild_id: int, user_id: int) -> None:
        """Tell this person nothing more: what was to be told is dropped."""
        await self._session.execute(
            update(INVITE).where(*_theirs(guild_id, user_id)).values(tell_due_at=None)
        )
        await self._session.execute(
            update(MESSAGE).where(M.guild_id == guild_id, M.user_id == user_id).values(due_at=None)
        )

    async def sign_out(self, guild_id: int, user_id: int, now: datetime) -> Sequence[int]:
        """End their sign-ins; ids of those whose token is to be signed out, owed at once."""
        theirs = (S.guild_id == guild_id, S.user_id == user_id, S.purpose == "member")
        is_open = S.state.in_(OPEN_SIGN_INS)
        ended = await self._session.execute(
            update(SIGN_IN)
            .where(*theirs, or_(is_open, S.token_sealed.is_not(None)))
            .values(
                state=case((is_open, SignInState.REPLACED), else_=S.state),
                held_until=None,
                code_sealed=None,
                account_name_sealed=None,
                account_email_sealed=None,
                poll_due_at=case((S.token_sealed.is_not(None), now), else_=null()),
            )
            .returning(S.id, S.token_sealed.is_not(None))
        )
        return [id_ for id_, has_token in ended if has_token]

    async def unsettled(self, guild_id: int, user_id: int, now: datetime) -> Unsettled:
        """What is not over yet."""
        busy = [C.work_leased_until > now, C.change.is_not(None), C.state.in_(LIVE)]
        on_plex = select(C.id).where(*_theirs(guild_id, user_id), or_(*busy))
        looks = [C.tell_leased_until > now, C.role_leased_until > now, C.role_due_at.is_not(None)]
        shown = select(C.id).where(*_theirs(guild_id, user_id), or_(*looks))
        tokens = select(S.id).where(
            S.guild_id == guild_id,
            S.user_id == user_id,
            S.purpose == "member",
            or_(S.token_sealed.is_not(None), S.leased_until > now),
        )
        sending = select(M.id).where(
            M.guild_id == guild_id, M.user_id == user_id, M.leased_until > now
        )
        return Unsettled(
            on_plex=await self._any(on_plex),
            elsewhere=await self._any(shown) or await self._any(tokens) or await self._any(sending),
        )

    async def places_of(self, guild_id: int, user_id: int) -> list[tuple[int, int]]:
        """(channel id, message id) of every message that was sent to this person."""
        direct = select(C.dm_channel_id, C.dm_message_id).where(
            *_theirs(guild_id, user_id), C.dm_message_id.is_not(None)
        )
        told = select(M.channel_id, M.message_id).where(
            M.guild_id == guild_id, M.user_id == user_id, M.message_id.is_not(None)
        )
        found = [*await self._session.execute(direct), *await self._session.execute(told)]
        return [(int(one[0]), int(one[1])) for one in found if one[0] is not None]

    async def threads_of(self, guild_id: int, user_id: int) -> list[int]:
        """The private threads that were made for this person."""
        thread = M.details["thread"].astext
        query = select(thread).where(
            M.guild_id == guild_id, M.user_id == user_id, M.details.has_key("thread")
        )
        found = await self._session.execute(query.distinct())
        return sorted(int(id_) for id_ in found.scalars())

    async def _any(self, query: Any) -> bool:
        return (await self._session.execute(query.limit(1))).first() is not None


def _theirs(guild_id: int, user_id: int) -> tuple[Any, ...]:
    return (C.guild_id == guild_id, C.member_id == user_id)


def _is_free(now: datetime) -> Any:
    return or_(F.leased_until.is_(None), F.leased_until <= now)


def _is_same(forgetting: Forgetting) -> tuple[Any, ...]:
    return (F.id == forgetting.id, F.leased_until == forgetting.leased_until)
