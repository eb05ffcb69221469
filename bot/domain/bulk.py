"""One admin's word about many people's access, and what became of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.invites import REVOCABLE, SHARED, Change, Invite, InviteState


class BulkAction(StrEnum):
    """What is done to each."""

    APPLY_TIER = "apply_tier"
    """Give the share what the tier says now."""
    MOVE = "move"
    SUSPEND = "suspend"
    RESTORE = "restore"
    EXTEND = "extend"
    REVOKE = "revoke"


class BulkOutcome(StrEnum):
    """Where one of them stands."""

    WAITING = "waiting"
    """Nobody has looked at it yet."""
    ASKED = "asked"
    """The ledger has it; Plex has yet to do it."""
    DONE = "done"
    REFUSED = "refused"
    """It cannot be; `problem_key` says why."""
    FAILED = "failed"
    """Plex would not, or somebody else's word came between."""


@dataclass(frozen=True, slots=True)
class BulkDetails:
    """What the action takes beside the people. No secrets, no addresses.

    `until` as typed, for EXTEND; `tier_id` for MOVE; `without_gone` for RESTORE. `with_own`: the
    word is not about chosen people but about a whole tier, so the admin's own access is one of
    them. `left_own` and `left_owner` say how many were left out for which reason.
    """

    reason: str = ""
    until: str = ""
    tier_id: int | None = None
    without_gone: bool = False
    with_own: bool = False
    left_own: int = 0
    left_owner: int = 0


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """The private answer that shows the progress, for as long as Discord lets it be edited."""

    application_id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bulk:
    """One admin's word about many. A draft, which nobody has confirmed yet, does nothing."""

    id: int
    guild_id: int
    actor_id: int
    manages_server: bool
    action: BulkAction
    details: BulkDetails
    total: int
    created_at: datetime
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    due_at: datetime | None = None
    leased_until: datetime | None = None
    locale: str = "en"
    answer: BulkAnswer | None = None
    answer_expires_at: datetime | None = None

    @property
    def is_draft(self) -> bool:
        """Prepared, and not confirmed."""
        return self.due_at is None and self.finished_at is None


@dataclass(frozen=True, slots=True)
class BulkItem:
    """What became of one of them; `login` is masked."""

    invite_id: int
    member_id: int
    outcome: BulkOutcome
    login: str = field(repr=False, default="")
    problem_key: str | None = None
    problem_params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BulkProblem:
    """Why `n` of them could not be: a key of `bot.domain.errors` and what fills its sentence."""

    key: str
    params: Mapping[str, str | int]
    n: int


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """A bulk, how many stand where, and why some could not be."""

    bulk: Bulk
    counts: Mapping[BulkOutcome, int]
    problems: tuple[BulkProblem, ...] = ()

    def of(self, *outcomes: BulkOutcome) -> int:
        """How many stand in one of these."""
        return sum(self.counts.get(outcome, 0) for outcome in outcomes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended for one of them."""

    outcome: BulkOutcome
    problem_key: str | None = None
    problem_params: Mapping[str, str | int] = field(default_factory=dict)


ASKED = Verdict(BulkOutcome.ASKED)
DONE = Verdict(BulkOutcome.DONE)
OVERTAKEN = Verdict(BulkOutcome.FAILED, "bulk.overtaken")
NOT_YET = Verdict(BulkOutcome.FAILED, "bulk.not_yet")


def judge(action: BulkAction, invite: Invite) -> Verdict | None:
    """What became of an invite that was asked; None while Plex has yet to do it."""
    if invite.state is InviteState.FAILED or _is_stuck(invite):
        return Verdict(BulkOutcome.FAILED, invite.failure_key or NOT_YET.problem_key)
    return _JUDGES[action](invite)


def _is_stuck(invite: Invite) -> bool:
    at_work = invite.change is not None or invite.state is InviteState.SENDING
    return at_work and invite.stuck_at is not None


def _revoked(invite: Invite) -> Verdict | None:
    if invite.change is Change.END:
        return None
    return DONE if invite.state is InviteState.ENDED else OVERTAKEN


def _suspended(invite: Invite) -> Verdict | None:
    if invite.change is Change.SUSPEND:
        return None
    is_done = invite.state is InviteState.SUSPENDED and invite.change is None
    return DONE if is_done else OVERTAKEN


def _restored(invite: Invite) -> Verdict | None:
    if invite.state is InviteState.SENDING or invite.change is Change.KEEP:
        return None
    if invite.state is InviteState.SUSPENDED and invite.failure_key is not None:
        params = {"titles": invite.failure_reason} if invite.failure_reason else {}
        return Verdict(BulkOutcome.FAILED, invite.failure_key, params)
    is_done = invite.state in SHARED and not invite.is_ending
    return DONE if is_done else OVERTAKEN


def _extended(invite: Invite) -> Verdict | None:
    if invite.is_ending or invite.state is InviteState.ENDED:
        return OVERTAKEN
    if invite.state in {InviteState.APPROVED, InviteState.SENDING}:
        # It had expired, and is given anew.
        return None
    return DONE


def _updated(invite: Invite) -> Verdict | None:
    if invite.change is Change.UPDATE or invite.state is InviteState.SENDING:
        return None
    is_over = invite.state not in REVOCABLE or invite.change in {Change.END, Change.SUSPEND}
    return OVERTAKEN if is_over else DONE


_JUDGES: Mapping[BulkAction, Callable[[Invite], Verdict | None]] = {
    BulkAction.REVOKE: _revoked,
    BulkAction.SUSPEND: _suspended,
    BulkAction.RESTORE: _restored,
    BulkAction.EXTEND: _extended,
    BulkAction.MOVE: _updated,
    BulkAction.APPLY_TIER: _updated,
}
