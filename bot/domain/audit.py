"""A line of the audit log, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines of a guild's log: all that are not excluded.

    `user_id`: what this person did, and what was done about their invites.
    """

    user_id: int | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


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


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An event, and whose invite it is about."""

    event: Event
    invite_id: int | None = None
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines, newest first; whether there are newer and older ones than these.

    `tiers`: the names of the guild's tiers, by id.
    """

    lines: tuple[AuditLine, ...]
    has_newer: bool = False
    has_older: bool = False
    tiers: Mapping[int, str] = field(default_factory=dict)
