"""The life of an invite: its states, the moves between them, and one invite as a value."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.logins import Login
from bot.domain.members import Absence
from bot.domain.plex import Grant


class InviteState(StrEnum):
    """Where an invite stands (`docs/invites.md` draws the moves)."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    WAITLISTED = "waitlisted"
    FAILED = "failed"


S = InviteState

MOVES: dict[InviteState, frozenset[InviteState]] = {
    S.REQUESTED: frozenset({S.APPROVED, S.DENIED, S.WITHDRAWN, S.WAITLISTED}),
    S.WAITLISTED: frozenset({S.APPROVED, S.DENIED, S.WITHDRAWN, S.REQUESTED}),
    S.APPROVED: frozenset({S.SENDING, S.REQUESTED, S.WITHDRAWN, S.ENDED}),
    S.SENDING: frozenset({S.SENT, S.ACTIVE, S.FAILED, S.WITHDRAWN, S.SUSPENDED, S.ENDED}),
    S.SENT: frozenset({S.ACTIVE, S.SENDING, S.ENDED, S.WITHDRAWN}),
    S.ACTIVE: frozenset({S.SUSPENDED, S.SENDING, S.ENDED}),
    S.SUSPENDED: frozenset({S.SENDING, S.ENDED}),
    S.ENDED: frozenset({S.APPROVED}),
    S.DENIED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.FAILED: frozenset({S.APPROVED}),
}
"""Which state may follow which. `approved -> requested` undoes an approval that was not sent yet;
`waitlisted -> requested` asks the reviewers anew where what was approved is gone;
`ended -> approved` renews what has expired; `failed -> approved` tries once more what Plex had
refused."""

OPEN = frozenset({S.REQUESTED, S.WAITLISTED})
"""Nobody has decided yet, or it waits for a seat: it can still be decided otherwise."""

LIVE = frozenset({S.REQUESTED, S.WAITLISTED, S.APPROVED, S.SENDING, S.SENT, S.ACTIVE, S.SUSPENDED})
"""A member has at most one of these in a guild, and so has a Plex account on a link."""

ON_PLEX = frozenset({S.SENDING, S.SENT, S.ACTIVE, S.SUSPENDED})
"""Plex holds, or may hold, something for it."""

HOLDS_A_SEAT = frozenset({S.APPROVED, S.SENDING, S.SENT, S.ACTIVE, S.SUSPENDED})
"""It takes one of the seats of its tier, and of the owner account's shares."""

SHARED = frozenset({S.SENT, S.ACTIVE})
"""Plex holds a share for it, pending or accepted."""

REVOCABLE = frozenset({S.APPROVED, S.SENDING, S.SENT, S.ACTIVE, S.SUSPENDED})
"""Somebody said yes, and it is not over: this is what an admin can end."""

WITHDRAWABLE = frozenset({S.REQUESTED, S.WAITLISTED, S.APPROVED, S.SENDING, S.SENT})
"""The member may still take the request back; once active it is called leaving."""


NO_CARD = 0
"""The channel of an invite's card where none is wanted: there was never anything to decide."""


class Change(StrEnum):
    """What is still to be done on Plex for an invite; None once Plex and ledger agree.

    The state moves when Plex's own listing shows that it is done, not before.
    """

    SUSPEND = "suspend"
    """Take the libraries away, and remember them."""
    END = "end"
    """Take the share back for good; `change_reason` says why."""
    TAKE_BACK = "take_back"
    """The same for an invite that is over already: the member has withdrawn it."""
    UPDATE = "update"
    """Give the share the libraries and settings of the tier."""
    KEEP = "keep"
    """Look whether the share still stands: a change that would have taken it was called off."""


class EndReason(StrEnum):
    """Why an invite ended."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    LEFT = "left"
    REMOVED_ON_PLEX = "removed_on_plex"
    NEVER_ACCEPTED = "never_accepted"
    DECLINED = "declined"
    ROLE_LOST = "role_lost"
    LEFT_DISCORD = "left_discord"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Invite:
    """One person's request for access and everything that follows from it.

    A snapshot of the ledger's row at `version`; ids named after Discord are snowflakes.
    `share_id` and `account_id` are Plex's, None until Plex has named them; `share_adopted` says
    that the share stood on Plex before Helpr asked for it. `grant` is what Plex is to give, or what
    it gave when access was suspended. `attempt` counts the runs of work on Plex, of which only the
    last may write its outcome; `tries` those that have failed since the last success. `code_id` is
    the code that it came with. `waitlisted_at` is its turn in the line for a seat; whoever came out
    of that line has until `take_by` to accept.
    the code that it came with. `reminded_days`: of so many days before its end the member was
    reminded last. Since `absent_since` the member is missed; access ends at `grace_until`.
    """

    id: int
    guild_id: int
    member_id: int
    state: InviteState
    version: int
    login: Login
    requested_at: datetime
    member_joined_at: datetime | None = None
    link_id: int | None = None
    tier_id: int | None = None
    note: str = field(repr=False, default="")
    locale: str = "en"
    decided_by: int | None = None
    decided_at: datetime | None = None
    decision_reason: str = field(repr=False, default="")
    attempt: int = 0
    failure_key: str | None = None
    failure_reason: str = ""
    share_id: int | None = None
    share_adopted: bool = False
    account_id: int | None = None
    is_proven: bool = False
    grant: Grant | None = None
    is_restoring: bool = False
    expires_at: datetime | None = None
    change: Change | None = None
    change_reason: EndReason | None = None
    change_by: int | None = None
    tries: int = 0
    stuck_at: datetime | None = None
    nudged_at: datetime | None = None
    sent_at: datetime | None = None
    active_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    card_channel_id: int | None = None
    card_message_id: int | None = None
    card_version: int = 0
    dm_channel_id: int | None = None
    dm_message_id: int | None = None
    dm_version: int = 0
    dm_closed: bool = False
    code_id: int | None = None
    role_given_id: int | None = None
    role_problem: str | None = None
    waitlisted_at: datetime | None = None
    take_by: datetime | None = None
    reminded_days: int | None = None
    absent_since: datetime | None = None
    absent_why: Absence | None = None
    grace_until: datetime | None = None
    erased_at: datetime | None = None

    @property
    def is_forgotten(self) -> bool:
        """What it said about a person is gone; only what is counted is left."""
        return self.erased_at is not None

    @property
    def is_open(self) -> bool:
        """Nobody has decided yet, or it waits for a seat."""
        return self.state in OPEN

    @property
    def is_live(self) -> bool:
        """It still leads, or may lead, to access."""
        return self.state in LIVE

    @property
    def can_be_undone(self) -> bool:
        """Approved for the first time, and not sent yet."""
        return self.state is InviteState.APPROVED and self.active_at is None

    @property
    def is_ending(self) -> bool:
        """It is over as soon as Plex has taken the share back."""
        return self.change in {Change.END, Change.TAKE_BACK}
