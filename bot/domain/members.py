"""A member's own side: why somebody is missed, and what somebody with access may ask for."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Absence(StrEnum):
    """Why access is about to end although nobody has ended it."""

    LEFT = "left"
    """The member is not in the guild any more."""
    ROLE = "role"
    """The role of the member's tier was taken away."""


class Sight(StrEnum):
    """Why somebody does not see the libraries, as far as Plex tells."""

    NOT_YET = "not_yet"
    """Nothing was given yet: the request waits, or the invite is on its way."""
    OVER = "over"
    """The access has ended, or is just ending."""
    PAUSED = "paused"
    PENDING = "pending"
    """Plex waits for the person to accept."""
    JUST_ACCEPTED = "just_accepted"
    """Plex has heard of it, and Helpr has not yet."""
    GONE = "gone"
    """Plex holds no share for the person any more."""
    OTHER_ACCOUNT = "other_account"
    """The libraries belong to another account than the one that was named, or signed in with."""
    NO_LIBRARIES = "no_libraries"
    """The share opens nothing that the server has."""
    SERVER_DOWN = "server_down"
    UNKNOWN = "unknown"
    """Plex could not be asked, or did not answer in time."""
    WELL = "well"


class WishKind(StrEnum):
    """What a member with access asks for."""

    TIME = "time"
    TIER = "tier"


class WishState(StrEnum):
    """What became of it."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """By the member, or because the access has ended."""


@dataclass(frozen=True, slots=True)
class Member:
    """What a member of a guild has chosen, and been told once."""

    locale: str | None = None
    """The language that was chosen; None: whatever Discord says."""
    dms_off: bool = False
    """No direct messages, please."""
    streaming_read_at: datetime | None = None
    """When what Plex itself demands for watching away from home was read."""


DEFAULT_DAYS = 30
"""How much longer access lasts by a wish, where the tier has no length of its own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member with access asks for: more time, or the tier `tier_id`.

    A snapshot of the ledger's row at `version`; `reason` is why it was refused.
    """

    id: int
    guild_id: int
    invite_id: int
    member_id: int
    kind: WishKind
    state: WishState
    version: int
    created_at: datetime
    tier_id: int | None = None
    note: str = field(repr=False, default="")
    decided_by: int | None = None
    decided_at: datetime | None = None
    reason: str = field(repr=False, default="")
    card_channel_id: int | None = None
    card_message_id: int | None = None
    card_version: int = 0

    @property
    def is_open(self) -> bool:
        """Nobody has decided yet."""
        return self.state is WishState.OPEN
