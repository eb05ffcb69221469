"""Forgetting a person: the request for it, and what stands in their place afterwards."""

from dataclasses import dataclass
from datetime import datetime

FORGOTTEN = -1
"""Stands for a forgotten person's Discord id where a number is needed; so does any below 0."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A member has asked to be forgotten, and that has not come to its end yet.

    `leased_until` tells this claim from any later one.
    """

    id: int
    guild_id: int
    user_id: int
    asked_at: datetime
    leased_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What has to be over before a person can be erased.

    `on_plex`: Plex holds, or may hold, something; `elsewhere`: a role to take, a message under way,
    a token to sign out.
    """

    on_plex: bool
    elsewhere: bool
