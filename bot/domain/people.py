"""Who somebody is to a guild, and what an interaction demands of them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Right(IntEnum):
    """Rights in rising order; each holds those below it."""

    MEMBER = 0
    REVIEWER = 1
    ADMIN = 2


class Budget(StrEnum):
    """Which personal limits an interaction counts against."""

    NONE = "none"
    """Paging and autocomplete: never counted."""
    ALL = "all"
    INVITE = "invite"
    """Counted as an invite and against everything."""


class Asking(StrEnum):
    """What members may do to get access."""

    FREELY = "freely"
    """Anybody may ask; an admin decides. A code may skip that."""
    WITH_CODE = "with_code"
    """Only somebody with a code may ask."""
    SIGNED_IN = "signed_in"
    """Whoever signs in with Plex is approved at once; others ask."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the gate demands of one command, button or modal."""

    right: Right = Right.MEMBER
    budget: Budget = Budget.ALL


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind one interaction, as the gate has seen them (Discord's ids).

    `manages_server`: an admin by Discord's own Manage Server, not only by a role of the settings.
    `bulk_id`: what they do to each of many on one word of theirs; `for_all`: and that word is about
    everybody, themselves included. `wish`: the wish, by id and version, that they grant by it.
    `locale`: the language they have chosen here; None: Discord's.
    """

    guild_id: int
    user_id: int
    right: Right = Right.MEMBER
    manages_server: bool = False
    bulk_id: int | None = None
    for_all: bool = False
    wish: tuple[int, int] | None = None
    locale: str | None = None

    @property
    def is_staff(self) -> bool:
        """Reviewers and admins."""
        return self.right >= Right.REVIEWER


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """What a guild has set. Ids are Discord's snowflakes.

    `nudge_days` and `withdraw_days` count from the day an invite was sent, 0 for never;
    `breaker_percent` of the people whom Plex has lost in one listing stop a comparison. For
    `undo_seconds` an approval waits before it is sent. With a `waiting_list`, whoever is approved
    while all seats are taken waits for one, and then has `take_hours` to accept on Plex.
    `remind_days` and `remind_again_days` count
    back from the end of access, 0 for never; for `grace_days` somebody who has left keeps access.
    `sign_in`: members may sign in with Plex.
    """

    guild_id: int
    request_channel_id: int | None = None
    reviewer_role_ids: frozenset[int] = frozenset()
    admin_role_ids: frozenset[int] = frozenset()
    locale: str = "en"
    timezone: str = "UTC"
    nudge_days: int = 3
    withdraw_days: int = 14
    breaker_percent: int = 50
    asking: Asking = Asking.FREELY
    sign_in: bool = True
    undo_seconds: int = 0
    waiting_list: bool = True
    take_hours: int = 48
    retention_days: int = 365
    remind_days: int = 7
    remind_again_days: int = 1
    grace_days: int = 7
    private_threads: bool = False

    def right_of(self, role_ids: frozenset[int], *, manage_guild: bool) -> Right:
        """The right of somebody with these roles; Manage Server always makes an admin."""
        if manage_guild or role_ids & self.admin_role_ids:
            return Right.ADMIN
        return Right.REVIEWER if role_ids & self.reviewer_role_ids else Right.MEMBER
