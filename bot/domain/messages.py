"""What a member is told about a matter, once: by direct message, or when they next come by."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Matter(StrEnum):
    """What it is about."""

    ENDING = "ending"
    """Access ends soon. `details["days"]` is the reminder's stage."""
    ROLE_LOST = "role_lost"
    """The role of their tier is gone, and access ends after the grace."""
    WAITS = "waits"
    """The invite still waits on Plex, and no direct message could say so."""
    STAYS = "stays"
    """They came back, or got the role back, within the grace. `details["why"]` says which."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message about one matter of an invite."""

    id: int
    guild_id: int
    user_id: int
    invite_id: int
    matter: str
    created_at: datetime
    locale: str = "en"
    details: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    channel_id: int | None = None
    message_id: int | None = None

    @property
    def kind(self) -> Matter:
        """What it is about."""
        return Matter(self.matter.partition(":")[0])

    @property
    def thread_id(self) -> int | None:
        """The private thread in which the member is mentioned, once it was made."""
        made = self.details.get("thread")
        return int(made) if made is not None else None


def name_matter(kind: Matter, invite_id: int, *parts: int | datetime | None) -> str:
    """The name under which a matter happens once, e.g. `ending:12:7:1767225600`."""
    numbers = [
        str(int(part.timestamp()) if isinstance(part, datetime) else part or 0) for part in parts
    ]
    return ":".join([kind, str(invite_id), *numbers])
