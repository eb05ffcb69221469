"""Who is missed in Discord: what one look shows, and when it says too much to be believed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

# Absences that begin within so long count as one.
AT_ONCE = timedelta(days=1)
# Even without a grace others are looked for before anybody's access ends.
SETTLE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Presence:
    """What Discord says of a member. `roles` are theirs; `role_exists`: that of their tier does.

    `is_here` is False only when Discord has named the bot itself as a member in the same breath.
    """

    is_here: bool
    roles: frozenset[int] = frozenset()
    joined_at: datetime | None = None
    role_exists: bool = True


def believed(since: datetime, absences: Collection[datetime], holders: int, percent: int) -> bool:
    """Whether an absence that began at `since` may end access.

    Not while those that began at about the same time are more than `percent` of all `holders`: that
    says more about Discord, or an accident, than about people. One person alone is no mass.
    """
    together = sum(abs(other - since) <= AT_ONCE for other in absences)
    return together <= 1 or together <= holders * percent / 100
