"""What an admin may set for a guild: each setting's kind, default and bounds, and reading input.

A new setting is a column of `guild`, a field of `GuildSettings`, a line in `SETTINGS`, and its
words in `bot.ui.settings`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.durations import parse_zone
from bot.domain.errors import Refused
from bot.domain.numbers import number_of
from bot.domain.people import Asking, GuildSettings
from bot.i18n import languages

Value = bool | int | str | frozenset[int] | None
# As many as one menu of Discord's can hold.
MOST_ROLES = 25
# Of what was typed, as much as a refusal repeats.
REPEATED = 60

_NUMBER = re.compile(r"(?P<n>[+-]?\d{1,40})\s*(?:%|d|days?|h|hours?|s|seconds?)?", re.IGNORECASE)
# Files beside the zones that a machine may have, and another one may lack.
_NO_ZONE = re.compile(r"(?:posix|right)/.*|localtime|posixrules|factory", re.IGNORECASE)


class Kind(StrEnum):
    """How a setting is shown, chosen and read."""

    DAYS = "days"
    """A whole number; 0 is never."""
    DAYS_BEFORE = "days_before"
    """A whole number of days before something; 0 is never."""
    GRACE = "grace"
    """A whole number of days; 0 is at once."""
    HOURS = "hours"
    """A whole number."""
    SECONDS = "seconds"
    """A whole number; 0 is not at all."""
    PERCENT = "percent"
    ZONE = "zone"
    LANGUAGE = "language"
    CHANNEL = "channel"
    ROLES = "roles"
    ASKING = "asking"
    SWITCH = "switch"
    """Yes or no."""


YES, NO = "yes", "no"
"""What a switch is turned to."""

TYPED = frozenset(
    {
        Kind.DAYS,
        Kind.DAYS_BEFORE,
        Kind.GRACE,
        Kind.HOURS,
        Kind.SECONDS,
        Kind.PERCENT,
        Kind.ZONE,
    }
)
"""Typed in a form; the others are chosen from a menu."""


@dataclass(frozen=True, slots=True)
class GuildSetting:
    """One thing to set. `key` is its column, and its field of `GuildSettings`.

    `least` and `most` bound a number; `needs_manage_server` keeps it from admins by role;
    `is_on_cards` says that cards look different, or stand elsewhere, once it has changed.
    """

    key: str
    kind: Kind
    least: int = 0
    most: int = 0
    needs_manage_server: bool = False
    is_on_cards: bool = False

    @property
    def default(self) -> Value:
        """What holds until somebody sets it."""
        return self.of(GuildSettings(0))

    def of(self, settings: GuildSettings) -> Value:
        """What a guild has set."""
        value: Value = getattr(settings, self.key)
        return value

    def read(self, given: Sequence[str], guild_id: int) -> Value:
        """What was typed, or the ids and values that were chosen; raises `Refused`."""
        first = given[0].strip() if given else ""
        match self.kind:
            case Kind.ZONE:
                return find_zone(first)
            case Kind.LANGUAGE | Kind.ASKING | Kind.SWITCH:
                return self._one_of(first)
            case Kind.CHANNEL:
                return number_of(first) if first else None
            case Kind.ROLES:
                return _roles(given, guild_id)
            case _:
                return self._number(first)

    def _one_of(self, chosen: str) -> Value:
        values: dict[str, Value]
        match self.kind:
            case Kind.ASKING:
                values = {way: way for way in Asking}
            case Kind.SWITCH:
                values = {YES: True, NO: False}
            case _:
                values = {name: name for name in languages()}
        if chosen not in values:
            raise Refused("setting.unknown")
        return values[chosen]

    def _number(self, typed: str) -> int:
        match = _NUMBER.fullmatch(typed)
        if match is None:
            raise Refused("setting.not_a_number", typed=typed[:REPEATED])
        number = int(match["n"])
        if not self.least <= number <= self.most:
            raise Refused("setting.out_of_bounds", least=self.least, most=self.most)
        return number


def _roles(given: Sequence[str], guild_id: int) -> frozenset[int]:
    roles = frozenset(map(number_of, given))
    if guild_id in roles:
        # Discord's own role of this number is everybody's.
        raise Refused("setting.everybody")
    if len(roles) > MOST_ROLES:
        raise Refused("setting.too_many", most=MOST_ROLES)
    return roles


def find_zone(typed: str) -> str:
    """The IANA name that was meant, whatever its case; raises `Refused("zone.unknown")`."""
    name = re.sub(r"\s+", "_", typed.strip())
    tries = () if _NO_ZONE.fullmatch(name) else (name, name.title(), name.upper())
    for each in tries:
        try:
            return parse_zone(each).key
        except Refused:
            continue
    raise Refused("zone.unknown", zone=typed.strip()[:REPEATED])


SETTINGS: dict[str, GuildSetting] = {
    setting.key: setting
    for setting in (
        GuildSetting("request_channel_id", Kind.CHANNEL, is_on_cards=True),
        GuildSetting("reviewer_role_ids", Kind.ROLES),
        GuildSetting("admin_role_ids", Kind.ROLES, needs_manage_server=True),
        GuildSetting("asking", Kind.ASKING),
        GuildSetting("sign_in", Kind.SWITCH),
        GuildSetting("nudge_days", Kind.DAYS, most=60),
        GuildSetting("withdraw_days", Kind.DAYS, most=365),
        GuildSetting("remind_days", Kind.DAYS_BEFORE, most=60),
        GuildSetting("remind_again_days", Kind.DAYS_BEFORE, most=60),
        GuildSetting("grace_days", Kind.GRACE, most=90),
        GuildSetting("private_threads", Kind.SWITCH),
        GuildSetting("undo_seconds", Kind.SECONDS, most=300),
        GuildSetting("waiting_list", Kind.SWITCH),
        GuildSetting("take_hours", Kind.HOURS, least=1, most=720),
        GuildSetting("breaker_percent", Kind.PERCENT, least=1, most=100),
        GuildSetting("retention_days", Kind.DAYS, most=3650),
        GuildSetting("timezone", Kind.ZONE),
        GuildSetting("locale", Kind.LANGUAGE, is_on_cards=True),
    )
}
"""In the order in which the panel shows them."""

# As patterns, for the ids of buttons, menus and forms.
TYPED_KEYS = "|".join(s.key for s in SETTINGS.values() if s.kind in TYPED)
CHOSEN_KEYS = "|".join(s.key for s in SETTINGS.values() if s.kind not in TYPED)


def agree(settings: GuildSettings) -> None:
    """Raise `Refused` for settings that make no sense together."""
    nudge, withdraw = settings.nudge_days, settings.withdraw_days
    if nudge and withdraw and nudge >= withdraw:
        raise Refused("setting.reminder_too_late", nudge=nudge, withdraw=withdraw)
    first, again = settings.remind_days, settings.remind_again_days
    if first and again and again >= first:
        raise Refused("setting.reminders_swapped", first=first, again=again)


def stored(value: Value) -> Any:
    """A value as the ledger and the audit log hold it."""
    return sorted(value) if isinstance(value, frozenset) else value
