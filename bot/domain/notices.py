"""What the admins of a guild are told once, and see mended in the same message."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class NoticeKind(StrEnum):
    """What it is about."""

    LINK_PAUSED = "link_paused"
    """Plex needs an admin (a refused token, another server at the address): everything waits."""
    BREAKER = "breaker"
    """Plex's listing has lost too many people at once: nothing was concluded from it."""
    STUCK = "stuck"
    """Work keeps failing and waits for an admin's word."""
    ROLES = "roles"
    """A tier's role cannot be given or taken."""
    PANELS = "panels"
    """Panels that are wanted do not stand where they should."""
    PEOPLE_GONE = "people_gone"
    """Sharply more people than usual seem to have left at once: nobody's access ends by that."""
    WRONG_CODES = "wrong_codes"
    """Somebody tries codes that do not exist, again and again."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to the admins. It is open until `cleared_at`; `details` fill its sentence."""

    id: int
    guild_id: int
    kind: NoticeKind
    since: datetime
    version: int
    link_id: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    cleared_at: datetime | None = None
    channel_id: int | None = None
    message_id: int | None = None

    @property
    def is_open(self) -> bool:
        """It still needs somebody."""
        return self.cleared_at is None
