"""What the dashboard and the statistics tell, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.domain.invites import InviteState

PERIODS = (7, 30, 90)
"""Days that the dashboard may look back; the statistics know a year too."""

LONG_PERIODS = (*PERIODS, 365)

REQUESTS, APPROVALS, ACCEPTANCES = "requests", "approvals", "acceptances"
DAILY: Mapping[str, tuple[str, ...]] = {
    REQUESTS: ("invite.requested",),
    APPROVALS: (
        "invite.approved",
        "invite.approved_by_code",
        "invite.approved_proven",
        "invite.promoted",
        "access.granted",
    ),
    ACCEPTANCES: ("invite.active",),
}
"""What is told by day, and the actions of the audit log that count for it."""

COUNTED_DAILY = tuple(action for actions in DAILY.values() for action in actions)

MOST = 1000
"""Further than this nothing is counted that has no total; then it is "1000 or more"."""


@dataclass(frozen=True, slots=True)
class Daily:
    """How often each action happened on each day (UTC) from `first` on, `days` of them."""

    first: date
    days: int
    counts: Mapping[tuple[date, str], int] = field(default_factory=dict)

    def of(self, kind: str, each: int = 1) -> list[int]:
        """One of `DAILY` by day, or by `each` days, the oldest first; the newest piece is whole."""
        by_day = [
            sum(self.counts.get((self.day(n), action), 0) for action in DAILY[kind])
            for n in range(self.days)
        ]
        start = self.days % each
        pieces = [by_day[:start]] if start else []
        pieces += [by_day[at : at + each] for at in range(start, self.days, each)]
        return [sum(piece) for piece in pieces]

    def day(self, number: int) -> date:
        """The day with this number, from 0 on."""
        return self.first + timedelta(days=number)


@dataclass(frozen=True, slots=True)
class InviteCount:
    """So many invites of a tier stand in a state; 0 is no link, no tier."""

    link_id: int
    tier_id: int
    state: InviteState
    n: int


@dataclass(frozen=True, slots=True)
class SeatCount:
    """Seats of a link's owner account: those of invites, and of shares that nobody here knows."""

    invites: int = 0
    unknown: int = 0

    @property
    def taken(self) -> int:
        """All of them."""
        return self.invites + self.unknown


@dataclass(frozen=True, slots=True)
class RecentInvite:
    """A line about one of the latest invites; nothing of it is sealed."""

    id: int
    member_id: int
    state: InviteState
    requested_at: datetime
    tier: str | None


@dataclass(frozen=True, slots=True)
class Attention:
    """What has no total of its own, each counted up to `MOST`."""

    ending: int = 0
    stuck: int = 0
    roles: int = 0


@dataclass(frozen=True, slots=True)
class Speeds:
    """Of the requests of a period: how they went on. Times in seconds, None where there is none.

    `decided` counts those whose time to the approval is known.
    """

    requests: int = 0
    decided: int = 0
    approval_median: float | None = None
    approval_ninetieth: float | None = None
    invited: int = 0
    accepted: int = 0
    acceptance_median: float | None = None
    acceptance_ninetieth: float | None = None


@dataclass(frozen=True, slots=True)
class Reviewer:
    """How many requests somebody has approved and denied."""

    user_id: int
    approved: int
    denied: int


@dataclass(frozen=True, slots=True)
class CodeUse:
    """How many requests came with a code; its label, never the code."""

    code_id: int
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """So many requests led to nothing for the same reason: a state, what it ended by, Plex's no."""

    state: InviteState
    end_reason: str | None
    failure_key: str | None
    n: int
