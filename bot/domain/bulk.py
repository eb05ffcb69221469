"""One admin's word about many people's access, and what became of each."""

from enum import StrEnum


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
