"""A line of the audit log, as a value."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what, when, from which state to which, and why.

    `actor_id` is a Discord user, None for Helpr itself. `id` rises with time.
    """

    at: datetime
    action: str
    from_state: str | None = None
    to_state: str | None = None
    actor_id: int | None = None
    why: str = field(repr=False, default="")
    details: dict[str, Any] = field(default_factory=dict)
    id: int = 0
