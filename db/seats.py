"""Seats: how many shares an owner account, and a tier, have given away."""

from typing import Any

from sqlalchemy import ColumnElement, Table, Text, cast, func, literal, or_, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.drift import DriftKind
from bot.domain.invites import HOLDS_A_SEAT, Change
from bot.domain.links import Link
from db.models import Drift, InviteRow, PlexLink

INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
LINK: Table = PlexLink.__table__  # type: ignore[assignment]  # a mapped class has a Table
DRIFT: Table = Drift.__table__  # type: ignore[assignment]  # a mapped class has a Table

# So that locks of this kind never meet locks of another.
_KIND = 0x5EA7


class Seats:
    """The seats of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, link: Link) -> None:
        """Nobody else takes a seat of this owner account until the unit of work ends.

        A lock of its own, not that of a row: whoever compares with Plex holds rows of invites and
        then of the link, in the other order than somebody who approves.
        """
        key = f"{link.owner_account_id or -link.id}"
        await self._session.execute(
            text("SELECT pg_advisory_xact_lock(:kind, hashtext(:key))"),
            {"kind": _KIND, "key": key},
        )

    async def taken(
        self, link: Link, *, but: int | None = None, share_id: int | None = None
    ) -> tuple[int, int]:
        """(all seats taken of the owner account, those of them by shares nobody here has made).

        One share is one seat, however many guilds live from it. `but` is an invite, `share_id` a
        share of Plex's, that does not count.
        """
        held = (
            select(_seat(INVITE.c.share_id, INVITE.c.id).label("seat"))
            .join(LINK, LINK.c.id == INVITE.c.link_id)
            .where(
                same_account(link),
                # Named for the index: a link belongs to one guild.
                INVITE.c.guild_id == LINK.c.guild_id,
                INVITE.c.state.in_(list(HOLDS_A_SEAT)),
            )
        )
        # Over for the ledger, but Plex may hold the share until it has said that it is gone.
        leaving = (
            select(_seat(INVITE.c.share_id, INVITE.c.id).label("seat"))
            .join(LINK, LINK.c.id == INVITE.c.link_id)
            .where(
                same_account(link),
                INVITE.c.change == Change.TAKE_BACK,
                INVITE.c.change_due_at.is_not(None),
            )
        )
        if but is not None:
            held = held.where(INVITE.c.id != but)
            leaving = leaving.where(INVITE.c.id != but)
        unknown = (
            select(_seat(DRIFT.c.share_id, DRIFT.c.share_id).label("seat"))
            .join(LINK, LINK.c.id == DRIFT.c.link_id)
            .where(same_account(link), DRIFT.c.kind == DriftKind.UNKNOWN)
        )
        if share_id is not None:
            held = held.where(INVITE.c.share_id.is_distinct_from(share_id))
            leaving = leaving.where(INVITE.c.share_id.is_distinct_from(share_id))
            unknown = unknown.where(DRIFT.c.share_id != share_id)
        every = union_all(held, leaving, unknown).subquery()
        known = union_all(held, leaving).subquery()
        counted = await self._session.execute(
            select(
                select(func.count(func.distinct(every.c.seat))).scalar_subquery(),
                select(func.count(func.distinct(known.c.seat))).scalar_subquery(),
            )
        )
        taken, ours = counted.one()
        return int(taken), int(taken - ours)

    async def taken_of_tier(self, tier_id: int, *, but: int | None = None) -> int:
        """How many hold the tier."""
        query = select(func.count()).where(
            INVITE.c.tier_id == tier_id, INVITE.c.state.in_(list(HOLDS_A_SEAT))
        )
        if but is not None:
            query = query.where(INVITE.c.id != but)
        return int((await self._session.execute(query)).scalar_one())


def same_account(link: Link) -> ColumnElement[bool]:
    """A joined link that is this one, or of the same owner account."""
    if link.owner_account_id is None:
        return LINK.c.id == link.id
    return or_(LINK.c.id == link.id, LINK.c.owner_account_id == link.owner_account_id)


def _seat(share_id: Any, id_: Any) -> ColumnElement[str]:
    """What tells one seat from another: the share, or the invite that has none yet."""
    return func.coalesce(literal("s") + cast(share_id, Text), literal("i") + cast(id_, Text))
