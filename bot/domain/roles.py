"""Roles of Discord's: which of them a tier may give, and what is owed to somebody."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import Refused
from bot.domain.people import GuildSettings


class RoleProblem(StrEnum):
    """Why a tier's role could not be given, or taken."""

    GONE = "gone"
    """The role was deleted."""
    FORBIDDEN = "forbidden"
    """Helpr lacks Manage Roles, or the role stands above its own."""
    MEMBER_GONE = "member_gone"
    """The person is not in the server."""
    STAFF = "staff"
    """The role has become one of the reviewers' or admins'."""
    UNREACHED = "unreached"
    """Discord does not answer."""


@dataclass(frozen=True, slots=True)
class ChosenRole:
    """A role as Discord shows it now, for whoever wants to have it given by a tier.

    `gives_rights`: it may manage the server or everything in it. `bot_may`: Helpr may manage roles.
    `is_below_bot` and `is_below_setter`: it stands below their own highest role.
    """

    id: int
    is_everybodys: bool = False
    is_managed: bool = False
    gives_rights: bool = False
    bot_may: bool = True
    is_below_bot: bool = True
    is_below_setter: bool = True


def judge_role(role: ChosenRole, settings: GuildSettings) -> None:
    """Raise `Refused` (`role.*`) for a role that no tier may give."""
    if role.is_everybodys:
        raise Refused("role.everybodys")
    if role.is_managed:
        raise Refused("role.managed", role=role.id)
    if role.id in settings.admin_role_ids | settings.reviewer_role_ids:
        raise Refused("role.of_staff", role=role.id)
    if role.gives_rights:
        raise Refused("role.gives_rights", role=role.id)
    if not role.bot_may:
        raise Refused("role.bot_may_not")
    if not role.is_below_bot:
        raise Refused("role.above_bot", role=role.id)
    if not role.is_below_setter:
        raise Refused("role.above_you", role=role.id)


@dataclass(frozen=True, slots=True)
class RoleErrand:
    """What one member is to have, `wanted`, and what they were `given` so far, or may have been.

    `due` is when it was owed; what has become due since is owed still.
    """

    invite_id: int
    guild_id: int
    member_id: int
    due: datetime
    wanted: int | None = None
    given: int | None = None
    tries: int = 0

    @property
    def to_take(self) -> int | None:
        """The role that they have and are not to have."""
        return self.given if self.given != self.wanted else None
