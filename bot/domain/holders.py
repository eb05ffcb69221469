"""Everybody with access, or on the way to it, and which of them somebody wants to see."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.invites import REVOCABLE, InviteState


class Standing(StrEnum):
    """How somebody's access stands, as an admin asks for it."""

    ALL = "all"
    """Everybody with access or on the way."""
    ACTIVE = "active"
    SENT = "sent"
    ON_THE_WAY = "way"
    SUSPENDED = "suspended"
    WAITING = "waiting"
    """Approved, and in line for a seat."""
    SOON = "soon"
    """Ends within a week."""
    MONTH = "month"
    """Ends within 30 days."""
    STUCK = "stuck"
    """Something keeps failing for them."""
    ENDED = "ended"
    """It is over."""


SOON_DAYS = {Standing.SOON: 7, Standing.MONTH: 30}

STATES: dict[Standing, frozenset[InviteState]] = {
    Standing.ALL: REVOCABLE,
    Standing.ACTIVE: frozenset({InviteState.ACTIVE}),
    Standing.SENT: frozenset({InviteState.SENT}),
    Standing.ON_THE_WAY: frozenset({InviteState.APPROVED, InviteState.SENDING}),
    Standing.SUSPENDED: frozenset({InviteState.SUSPENDED}),
    Standing.WAITING: frozenset({InviteState.WAITLISTED}),
    Standing.SOON: REVOCABLE,
    Standing.MONTH: REVOCABLE,
    Standing.STUCK: REVOCABLE | {InviteState.FAILED},
    Standing.ENDED: frozenset({InviteState.ENDED}),
}


@dataclass(frozen=True, slots=True)
class HolderFilter:
    """Who is meant; `tier_id` None for every tier."""

    standing: Standing = Standing.ALL
    tier_id: int | None = None
