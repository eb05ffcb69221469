"""Who is looked for in Discord, who is missed, and whose grace is over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update

from bot.domain.invites import Change, EndReason, Invite, InviteState
from bot.domain.members import Absence
from db.guilds import GUILD
from db.invites import INVITE, C, InviteRows

# Access, or a place in the line for it.
HOLDS = [
    InviteState.WAITLISTED,
    InviteState.SENT,
    InviteState.ACTIVE,
    InviteState.SUSPENDED,
]
_REASONS = {Absence.LEFT: EndReason.LEFT_DISCORD, Absence.ROLE: EndReason.ROLE_LOST}
_NOT_ENDING = or_(C.change.is_(None), C.change.not_in([Change.END, Change.TAKE_BACK]))


class Absences(InviteRows):
    """Presence and absence in one unit of work."""

    async def owe_looks(self, now: datetime, guild_id: int | None = None) -> None:
        """Look for all who hold something, e.g. after a start."""
        statement = update(INVITE).where(C.state.in_(HOLDS)).values(presence_due_at=now)
        if guild_id is not None:
            statement = statement.where(C.guild_id == guild_id)
        await self._session.execute(statement)

    async def owe_look(self, guild_id: int, user_id: int, now: datetime) -> Sequence[int]:
        """Look for one member at once; their invites that hold something."""
        owed = await self._session.execute(
            update(INVITE)
            .where(C.guild_id == guild_id, C.member_id == user_id, C.state.in_(HOLDS))
            .values(presence_due_at=now)
            .returning(C.id)
        )
        return sorted(owed.scalars())

    async def owe_news(self, guild_id: int, user_id: int, now: datetime) -> Sequence[int]:
        """Who comes back hears what could not be told while they were away; their invites."""
        owed = await self._session.execute(
            update(INVITE)
            .where(
                C.guild_id == guild_id,
                C.member_id == user_id,
                C.state == InviteState.ENDED,
                C.end_reason == EndReason.LEFT_DISCORD,
                C.dm_closed,
                C.dm_version < C.version,
            )
            .values(tell_due_at=now)
            .returning(C.id)
        )
        return sorted(owed.scalars())

    async def miss(
        self, invite: Invite, why: Absence, *, now: datetime, until: datetime
    ) -> Invite | None:
        """Note since when somebody is missed; None when they are missed for this already."""
        row = (
            await self._session.execute(
                update(INVITE)
                .where(
                    C.id == invite.id,
                    C.state.in_(HOLDS),
                    _NOT_ENDING,
                    C.absent_why.is_distinct_from(why),
                )
                .values(
                    absent_since=func.coalesce(C.absent_since, now),
                    absent_why=why,
                    grace_until=func.coalesce(C.grace_until, until),
                    version=C.version + 1,
                    card_due_at=now,
                )
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def found(self, invite: Invite, now: datetime) -> Invite | None:
        """They are there again; None when they were not missed."""
        row = (
            await self._session.execute(
                update(INVITE)
                .where(C.id == invite.id, C.absent_since.is_not(None), _NOT_ENDING)
                .values(
                    absent_since=None,
                    absent_why=None,
                    grace_until=None,
                    version=C.version + 1,
                    card_due_at=now,
                )
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def owe_role(self, invite: Invite, now: datetime) -> None:
        """Whoever came back has lost all roles: that of their tier is owed once more."""
        await self._session.execute(
            update(INVITE)
            .where(C.id == invite.id, C.role_given_id.is_not(None))
            .values(role_due_at=now, role_tries=0)
        )

    async def end(self, invite: Invite, why: Absence, now: datetime) -> Invite | None:
        """The grace is over: begin the end; None when something else has happened since."""
        row = (
            await self._session.execute(
                update(INVITE)
                .where(
                    C.id == invite.id,
                    C.state.in_(HOLDS),
                    _NOT_ENDING,
                    C.absent_why == why,
                    C.grace_until <= now,
                )
                .values(
                    change=Change.END,
                    change_reason=_REASONS[why],
                    change_by=None,
                    change_due_at=now,
                    share_due_at=None,
                    tries=0,
                    grace_until=None,
                    version=C.version + 1,
                    card_due_at=now,
                    tell_due_at=now,
                )
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def holders(self, guild_id: int) -> int:
        """How many people of a guild hold something."""
        query = select(func.count()).where(C.guild_id == guild_id, C.state.in_(HOLDS), _NOT_ENDING)
        return int((await self._session.execute(query)).scalar_one())

    async def unvouched(self, guild_id: int) -> list[datetime]:
        """Since when people are missed whom no admin has vouched to be gone."""
        query = (
            select(C.absent_since)
            .join(GUILD, GUILD.c.id == C.guild_id)
            .where(
                C.guild_id == guild_id,
                C.state.in_(HOLDS),
                _NOT_ENDING,
                C.absent_since.is_not(None),
                or_(
                    GUILD.c.absence_trusted_at.is_(None),
                    C.absent_since > GUILD.c.absence_trusted_at,
                ),
            )
        )
        return list((await self._session.execute(query)).scalars())

    async def vouch(self, guild_id: int, now: datetime) -> None:
        """An admin says that those who are missed now are really gone; their ends need not wait."""
        await self._session.execute(
            update(GUILD).where(GUILD.c.id == guild_id).values(absence_trusted_at=now)
        )
        await self._session.execute(
            update(INVITE)
            .where(C.guild_id == guild_id, C.grace_until <= now)
            .values(presence_due_at=now)
        )
