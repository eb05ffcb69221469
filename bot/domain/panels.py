"""Messages that stand in a channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Posted anew so often within so long; after that somebody does not want it there.
MOST_HEALINGS = 3
HEALING_WINDOW = timedelta(hours=1)
# How often a panel that seems to stand is looked for.
LOOK_AGAIN = timedelta(hours=1)


class PanelKind(StrEnum):
    """Who a panel is for."""

    GET_ACCESS = "get_access"
    """Members: ask for access, or redeem a code."""
    QUEUE = "queue"
    """Reviewers: what waits."""


class PanelProblem(StrEnum):
    """Why a panel that is wanted does not stand."""

    DELETED = "deleted"
    """It was deleted again and again: it stays away until an admin posts it anew."""
    CLOSED = "closed"
    """Helpr may not see the channel, or not post there."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One standing message of a guild; ids named after Discord are snowflakes.

    `shown` is a digest of what it shows; `looked_at` the instant when it was last known to stand.
    `heals` counts how often it was posted anew since `healed_at`. `due_at` tells one claim of it
    from a wish that came meanwhile.
    """

    id: int
    guild_id: int
    kind: PanelKind
    channel_id: int
    created_by: int
    message_id: int | None = None
    shown: str = ""
    looked_at: datetime | None = None
    heals: int = 0
    healed_at: datetime | None = None
    problem: PanelProblem | None = None
    removed_at: datetime | None = None
    due_at: datetime | None = None

    def is_to_be_looked_for(self, now: datetime) -> bool:
        """Nobody knows any more whether it still stands."""
        return self.looked_at is None or now - self.looked_at >= LOOK_AGAIN

    def heals_by(self, now: datetime) -> int:
        """How often it was posted anew in the present window."""
        if self.healed_at is None or now - self.healed_at >= HEALING_WINDOW:
            return 0
        return self.heals
