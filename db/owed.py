"""What is owed, and when: claims of work, looks at cards and answers, and waking what waits.

The sweep enqueues whatever is due. A claim is a lease taken by a conditional UPDATE: only one
caller gets it, and what a dead caller held is due again when the lease is over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select, update

from bot.domain.invites import REVOCABLE, Change, EndReason, Invite, InviteState
from bot.domain.jobs import ChangeShare, Job, ShareInvite
from db.guilds import GUILD
from db.invites import INVITE, C, InviteRows

# What is done on Discord, as against what is done on Plex.
LOOKS = {"card", "tell", "role", "presence"}
# Nobody is reminded earlier than this before the end (`bot.domain.guild_settings`).
FARTHEST = timedelta(days=60)


class Owed(InviteRows):
    """The owed work of one unit of work."""

    async def claim(self, id_: int, what: str, *, now: datetime, lease: timedelta) -> Invite | None:
        """Take the `share` or the `change` that is due; None when it is not, or somebody is at it.

        Only one caller at a time works on Plex for an invite. The work stays due: a caller that
        dies leaves it when the lease, which it renews while it lives, is over. Each claim is an
        attempt of its own; only the latest may write its outcome.
        """
        statement = (
            update(INVITE)
            .where(C.id == id_, C[f"{what}_due_at"] <= now, _is_free(now))
            .values(work_leased_until=now + lease, attempt=C.attempt + 1)
        )
        if what == "share":
            # What is to end, or to be taken back, is not sent any more.
            statement = statement.where(C.change.is_(None))
        row = (await self._session.execute(statement.returning(INVITE))).one_or_none()
        return self._maybe(row)

    async def renew(self, id_: int, *, attempt: int, until: datetime) -> bool:
        """Keep a claim for longer; False when it has been settled, or taken over."""
        renewed = await self._session.execute(
            update(INVITE)
            .where(C.id == id_, C.attempt == attempt, C.work_leased_until.is_not(None))
            .values(work_leased_until=until)
            .returning(C.id)
        )
        return renewed.first() is not None

    async def claim_look(
        self, id_: int, what: str, *, now: datetime, lease: timedelta
    ) -> Invite | None:
        """Take the card or the member's news; None when nothing is due or a look is under way.

        What is due stays due until `settle`; the lease keeps a second caller away meanwhile, so
        two renders never run at once and what is shown never goes back.
        """
        due, leased = C[f"{what}_due_at"], C[f"{what}_leased_until"]
        row = (
            await self._session.execute(
                update(INVITE)
                .where(C.id == id_, due <= now, or_(leased.is_(None), leased <= now))
                .values({leased: now + lease})
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def settle(
        self,
        id_: int,
        what: str,
        *,
        version: int,
        now: datetime,
        again_at: datetime | None = None,
        **columns: Any,
    ) -> Invite | None:
        """End a look at `version`: due now if the invite has moved on, else at `again_at`."""
        due, leased = C[f"{what}_due_at"], C[f"{what}_leased_until"]
        again = null() if again_at is None else again_at
        row = (
            await self._session.execute(
                update(INVITE)
                .where(C.id == id_)
                .values(
                    {due: case((C.version > version, now), else_=again), leased: None, **columns}
                )
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def due(self, what: str, *, now: datetime, limit: int = 200) -> Sequence[int]:
        """Ids of the invites whose `{what}_due_at` has come and that nobody works on."""
        due = C[f"{what}_due_at"]
        query = select(C.id).where(due <= now).order_by(due).limit(limit)
        if what in LOOKS:
            leased = C[f"{what}_leased_until"]
            query = query.where(or_(leased.is_(None), leased <= now))
        else:
            query = query.where(_is_free(now))
        return (await self._session.execute(query)).scalars().all()

    async def owe_look(self, id_: int, now: datetime) -> None:
        """Card and member owe a look to what was noted."""
        await self._session.execute(update(INVITE).where(C.id == id_).values(**_look(now)))

    async def heal_answer(self, id_: int, at: datetime) -> None:
        """Owe the member a look at `at`, unless one is owed earlier."""
        await self._session.execute(
            update(INVITE).where(C.id == id_).values(tell_due_at=func.least(C.tell_due_at, at))
        )

    async def wake(self, link_id: int, now: datetime) -> tuple[Sequence[int], Sequence[int]]:
        """Make all work of a link due at once; ids of the invites to share, and to change.

        Also what Plex has asked to wait: the pace (`bot.services.pace`) holds it back without a
        request, while it may have met a link that did not work since, and wait for that.
        """
        shares = await self._session.execute(
            update(INVITE)
            .where(
                C.link_id == link_id,
                C.state.in_([InviteState.APPROVED, InviteState.SENDING]),
                C.share_due_at.is_not(None),
                C.change.is_(None),
            )
            .values(share_due_at=now)
            .returning(C.id)
        )
        changes = await self._session.execute(
            update(INVITE)
            .where(C.link_id == link_id, C.change.is_not(None))
            .values(change_due_at=now)
            .returning(C.id)
        )
        return sorted(shares.scalars()), sorted(changes.scalars())

    async def wake_stuck(self, guild_id: int, now: datetime) -> Sequence[Job]:
        """Make what keeps failing due at once, with all its tries before it; its jobs."""
        woken = await self._session.execute(
            update(INVITE)
            .where(C.guild_id == guild_id, C.stuck_at.is_not(None))
            .values(
                tries=0,
                change_due_at=case((C.change.is_not(None), now), else_=null()),
                share_due_at=case((C.change.is_(None), now), else_=null()),
            )
            .returning(C.id, C.change)
        )
        return [ChangeShare(row.id) if row.change else ShareInvite(row.id) for row in woken]

    async def expired(self, now: datetime, limit: int = 200) -> Sequence[Invite]:
        """Take the invites whose time is over and begin their end; never early."""
        over = (
            select(C.id)
            .where(C.expires_at <= now, C.state.in_(REVOCABLE), _is_not_ending())
            .order_by(C.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return await self._begin_end(over, EndReason.EXPIRED, now)

    async def never_accepted(self, now: datetime, limit: int = 200) -> Sequence[Invite]:
        """Take the invites that have waited on Plex for as long as their guild lets them."""
        waited = C.sent_at + func.make_interval(0, 0, 0, GUILD.c.withdraw_days)
        over = (
            select(C.id)
            .join(GUILD, GUILD.c.id == C.guild_id)
            .where(
                C.state == InviteState.SENT,
                # What stood on Plex before Helpr asked is not Helpr's to take back.
                C.share_adopted.is_(False),
                GUILD.c.withdraw_days > 0,
                waited <= now,
                C.change.is_(None),
            )
            .order_by(C.sent_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=INVITE)
        )
        return await self._begin_end(over, EndReason.NEVER_ACCEPTED, now)

    async def not_taken(self, now: datetime, limit: int = 200) -> Sequence[Invite]:
        """Take the invites of those who had a time to take their seat, and have let it pass."""
        over = (
            select(C.id)
            .where(
                C.state == InviteState.SENT,
                C.share_adopted.is_(False),
                C.take_by <= now,
                C.change.is_(None),
            )
            .order_by(C.take_by)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return await self._begin_end(over, EndReason.NEVER_ACCEPTED, now)

    async def _begin_end(
        self, chosen: Select[tuple[int]], reason: EndReason, now: datetime
    ) -> list[Invite]:
        rows = await self._session.execute(
            update(INVITE)
            .where(C.id.in_(chosen.scalar_subquery()))
            .values(
                change=Change.END,
                change_reason=reason,
                change_by=None,
                change_due_at=now,
                share_due_at=None,
                tries=0,
                **_look(now),
            )
            .returning(INVITE)
        )
        return [self._open(row) for row in rows]

    async def to_nudge(self, now: datetime, limit: int = 200) -> Sequence[Invite]:
        """Take the invites whose member is to be reminded, once, to accept on Plex."""
        waited = C.sent_at + func.make_interval(0, 0, 0, GUILD.c.nudge_days)
        chosen = (
            select(C.id)
            .join(GUILD, GUILD.c.id == C.guild_id)
            .where(
                C.state == InviteState.SENT,
                C.nudged_at.is_(None),
                C.change.is_(None),
                GUILD.c.nudge_days > 0,
                waited <= now,
            )
            .order_by(C.sent_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=INVITE)
        )
        rows = await self._session.execute(
            update(INVITE)
            .where(C.id.in_(chosen.scalar_subquery()))
            # To be told anew: an edit of what was told before would notify nobody.
            .values(nudged_at=now, dm_version=0, **_look(now))
            .returning(INVITE)
        )
        return [self._open(row) for row in rows]

    async def to_remind(self, now: datetime, limit: int = 200) -> Sequence[Invite]:
        """Take the invites whose member is to hear that access ends soon; `reminded_days` is new.

        Where the bot was away for several reminders the last one is enough. Access that was shorter
        than the time of a reminder from the beginning is not reminded of it.
        """
        days = _stage(now)
        began = func.coalesce(C.active_at, C.requested_at)
        chosen = (
            select(C.id)
            .join(GUILD, GUILD.c.id == C.guild_id)
            .where(
                C.state == InviteState.ACTIVE,
                _is_not_ending(),
                C.expires_at > now,
                C.expires_at <= now + FARTHEST,
                or_(C.reminded_days.is_(None), C.reminded_days > days),
                C.expires_at - func.make_interval(0, 0, 0, days) > began,
            )
            .order_by(C.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=INVITE)
        )
        rows = await self._session.execute(
            update(INVITE)
            .where(C.id.in_(chosen.scalar_subquery()), GUILD.c.id == C.guild_id)
            .values(reminded_days=days)
            .returning(INVITE)
        )
        return [self._open(row) for row in rows]


def _stage(now: datetime) -> ColumnElement[int]:
    """How many days before the end the reminder stands that is due; NULL for none."""
    return func.least(
        *(
            case(
                (
                    and_(days > 0, C.expires_at - func.make_interval(0, 0, 0, days) <= now),
                    days,
                )
            )
            for days in (GUILD.c.remind_days, GUILD.c.remind_again_days)
        )
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Nobody works on Plex for the invite, or who did has not been heard of."""
    return or_(C.work_leased_until.is_(None), C.work_leased_until <= now)


def _is_not_ending() -> ColumnElement[bool]:
    return or_(C.change.is_(None), C.change.not_in([Change.END, Change.TAKE_BACK]))


def _look(now: datetime) -> dict[str, Any]:
    return {"version": C.version + 1, "card_due_at": now, "tell_due_at": now}
