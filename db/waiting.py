"""The line for a seat, as the ledger holds it."""

from datetime import datetime, timedelta

from sqlalchemy import Table, and_, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.invites import Invite, InviteState
from bot.domain.links import Link
from bot.domain.waiting import Waiter
from db.models import InviteAnswer, InviteRow, PlexLink, Tier
from db.seats import same_account

INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
LINK: Table = PlexLink.__table__  # type: ignore[assignment]  # a mapped class has a Table
TIER: Table = Tier.__table__  # type: ignore[assignment]  # a mapped class has a Table
ANSWER: Table = InviteAnswer.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = INVITE.c

_WAITS = C.state == InviteState.WAITLISTED
_IS_HERE = C.absent_since.is_(None)
_TURN = (C.waitlisted_at, C.id)
_PLACES = INVITE.join(TIER, TIER.c.id == C.tier_id).join(LINK, LINK.c.id == TIER.c.link_id)


class Waiting:
    """Who waits for a seat, in one unit of work. A line is that of an owner account."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def line(self, link: Link) -> list[Waiter]:
        """Everybody who waits for a seat of this owner account, the first one first.

        Who is missed in Discord is passed over: their place is theirs again when they are back.
        """
        query = (
            select(C.id, TIER.c.id, TIER.c.link_id)
            .select_from(_PLACES)
            # The guild is named for the index: a link belongs to one.
            .where(_WAITS, _IS_HERE, same_account(link), C.guild_id == LINK.c.guild_id)
            .order_by(*_TURN)
        )
        return [Waiter(*row) for row in await self._session.execute(query)]

    async def next_turn(self, link: Link, now: datetime) -> datetime:
        """The turn of whoever joins now: behind everybody else, whatever their clocks say.

        Called behind the lock of the seats.
        """
        query = (
            select(func.max(C.waitlisted_at))
            .select_from(_PLACES)
            .where(_WAITS, same_account(link), C.guild_id == LINK.c.guild_id)
        )
        last: datetime | None = (await self._session.execute(query)).scalar_one()
        return now if last is None else max(now, last + timedelta(microseconds=1))

    async def ahead(self, invite: Invite, link: Link, *, of_tier: bool) -> int:
        """How many are in line before this invite; `of_tier`: of those for the same tier."""
        query = (
            select(func.count())
            .select_from(_PLACES)
            .where(
                _WAITS,
                _IS_HERE,
                same_account(link),
                C.guild_id == LINK.c.guild_id,
                tuple_(*_TURN) < tuple_(invite.waitlisted_at, invite.id),
            )
        )
        if of_tier:
            query = query.where(C.tier_id == invite.tier_id)
        return int((await self._session.execute(query)).scalar_one())

    async def links(self, limit: int = 100) -> list[int]:
        """A link of each owner account whose seats somebody waits for."""
        account = func.coalesce(LINK.c.owner_account_id, -LINK.c.id)
        query = (
            select(func.min(LINK.c.id)).select_from(_PLACES).where(_WAITS).group_by(account)
        ).limit(limit)
        return list((await self._session.execute(query)).scalars())

    async def counts(self, guild_id: int) -> dict[int, int]:
        """How many wait, by the guild's tiers."""
        query = (
            select(C.tier_id, func.count())
            .where(C.guild_id == guild_id, _WAITS)
            .group_by(C.tier_id)
        )
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def show_again(
        self, link: Link, now: datetime, limit: int
    ) -> tuple[list[int], list[int]]:
        """Let the first ones in line owe a look, as their places have changed.

        The invites whose cards do, and those whose private answers can still be edited.
        """
        place = (
            select(C.id)
            .select_from(_PLACES)
            .where(_WAITS, same_account(link), C.guild_id == LINK.c.guild_id)
            .order_by(*_TURN)
            .limit(limit)
            .with_for_update(skip_locked=True, of=INVITE)
        )
        cards = await self._session.execute(
            update(INVITE)
            .where(C.id.in_(place.scalar_subquery()))
            .values(card_due_at=now)
            .returning(C.id)
        )
        shown = list(cards.scalars())
        is_open = select(ANSWER.c.id).where(
            and_(ANSWER.c.invite_id == C.id, ANSWER.c.expires_at > now)
        )
        told = await self._session.execute(
            update(INVITE)
            .where(C.id.in_(shown), or_(C.tell_due_at.is_(None), C.tell_due_at > now))
            .where(is_open.exists())
            .values(tell_due_at=now)
            .returning(C.id)
        )
        return sorted(shown), sorted(told.scalars())
