"""What a line of the audit log says beside who did what: how much, from what to what, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.audit import Event
from bot.domain.bulk import BulkAction, BulkOutcome
from bot.domain.channels import ChannelProblem
from bot.domain.filters import Media
from bot.domain.guild_settings import SETTINGS
from bot.domain.invites import EndReason
from bot.domain.logins import without_addresses
from bot.domain.members import Absence
from bot.domain.panels import PanelKind
from bot.domain.sign_in import SignInPurpose
from bot.i18n import Texts, mark
from bot.ui.bulk import bulk_action_name, outcome_name
from bot.ui.errors import TEXTS
from bot.ui.filters import stored_filter_words
from bot.ui.modals.tiers import MEDIA
from bot.ui.plain import day, plain, relative, short
from bot.ui.settings import WORDS, value_text
from bot.ui.standing import KIND_NAMES
from bot.ui.states import action_name, end_reason_name
from bot.ui.tiers import ALLOWED

REASON_LENGTH, NAMES_LENGTH = 120, 200
# What somebody wrote for the log is shown as it is, whatever word of Helpr's own it may be.
_TYPED = {"access.suspend", "access.revoke", "bulk.started", "bulk.stopped"}
_ABSENCES = {Absence.LEFT: EndReason.LEFT_DISCORD, Absence.ROLE: EndReason.ROLE_LOST}
_END_REASONS = frozenset(EndReason)
_PLACES: dict[str, str] = {
    ChannelProblem.UNSET: mark("no channel is chosen"),
    ChannelProblem.GONE: mark("the channel is gone"),
    ChannelProblem.HIDDEN: mark("I cannot see the channel"),
    ChannelProblem.SILENT: mark("I may not post there"),
    ChannelProblem.LOCKED: mark("the channel is locked"),
    "channel_gone": mark("the channel is gone"),
}
_FIELDS: dict[str, str] = {
    "name": mark("Name"),
    "duration_days": mark("How long access lasts"),
    "seats": mark("Seats"),
    "role_id": mark("Role"),
    "link_id": mark("Server"),
    "is_open": mark("members may ask for it"),
    **ALLOWED,
}
_CHANGED = " → "
# What another detail says with its own, and what means nothing to people.
LEFT_OUT = frozenset({"before", "after", "was_tier", "to", "of", "wish"})


@dataclass(frozen=True, slots=True)
class _Line:
    """A line's details, the names of the guild's tiers, and the reader's language."""

    event: Event
    tiers: Mapping[int, str]
    t: Texts

    def tier(self, name: str) -> str:
        """The tier that a detail holds, by its name; by its number once it is deleted."""
        id_ = self.event.details.get(name)
        return plain(self.tiers.get(id_, f"{id_}")) if isinstance(id_, int) else ""


def why_text(event: Event, t: Texts) -> str:
    """Why it was done: what somebody wrote, or a reason of Helpr's own in words."""
    why = event.why
    if event.action not in _TYPED:
        # A refusal is kept by its key; one that names something is not repeated without it.
        if why in TEXTS:
            return "" if "{" in TEXTS[why] else t(TEXTS[why])
        if event.action.startswith("member.") and why in _ABSENCES:
            return end_reason_name(_ABSENCES[Absence(why)], t)
        if why in _END_REASONS:
            return end_reason_name(EndReason(why), t)
        if event.action.startswith(("cards.", "panel.")):
            return t(_PLACES[why]) if why in _PLACES else ""
    return short(" ".join(without_addresses(why).split()), REASON_LENGTH)


def details_text(event: Event, tiers: Mapping[int, str], t: Texts) -> str:
    """The details as people read them, in the reader's language; what means nothing is left out."""
    line = _Line(event, tiers, t)
    said = (_said(name, value, line) for name, value in event.details.items())
    return ", ".join(filter(None, said))


def _said(name: str, value: Any, line: _Line) -> str:
    if name not in DETAILS:
        return ""
    try:
        return DETAILS[name](value, line)
    except (LookupError, TypeError, ValueError):
        # What an older version wrote must not hide the rest of the page.
        return short(f"{value}")


def _tier(_value: Any, line: _Line) -> str:
    ways = {"was_tier": ("was_tier", "tier"), "to": ("tier", "to")}
    for other, (first, last) in ways.items():
        if other in line.event.details:
            return line.t("Tier: {tier}", tier=line.tier(first) + _CHANGED + line.tier(last))
    return line.t("Tier: {tier}", tier=line.tier("tier"))


def _until(value: Any, line: _Line) -> str:
    end = datetime.fromisoformat(str(value))
    return line.t("until {day}, {when}", day=day(end), when=relative(end))


def _bulk(_value: Any, line: _Line) -> str:
    is_part = not line.event.action.startswith("bulk.")
    return line.t("part of a bulk action") if is_part else ""


def _counts(value: Any, line: _Line) -> str:
    counts = value.items() if isinstance(value, dict) else ()
    return ", ".join(f"{outcome_name(BulkOutcome(name), line.t)}: {n}" for name, n in counts)


def _names(value: Any) -> str:
    return short(", ".join(map(str, value)), NAMES_LENGTH)


def _number(value: Any, line: _Line) -> str:
    if line.event.action == "member.kept_no_longer":
        return line.t.n("{n} person", "{n} people", int(value))
    return str(int(value))


def _setting(value: Any, line: _Line) -> str:
    """Which setting, and from what to what."""
    setting = SETTINGS.get(str(value))
    if setting is None:
        return ""
    stored = (line.event.details.get(name) for name in ("before", "after"))
    values = (frozenset(one) if isinstance(one, list) else one for one in stored)
    said = _CHANGED.join(value_text(setting, one, line.t) for one in values)
    return f"{line.t(WORDS[setting.key].name)}: {said}"


def _field(value: Any, line: _Line) -> str:
    """What of a tier, and from what to what."""
    field = str(value)
    if field.startswith("filter_"):
        label = line.t("Filter: {media}", media=line.t(MEDIA[Media(field.removeprefix("filter_"))]))
    elif field in _FIELDS:
        label = line.t(_FIELDS[field])
    else:
        return ""
    if field == "link_id":
        return label
    details = line.event.details
    said = (_value(field, details[name], line.t) for name in ("before", "after") if name in details)
    return f"{label}: {_CHANGED.join(said)}"


def _value(field: str, value: Any, t: Texts) -> str:
    if isinstance(value, bool):
        return t("Yes") if value else t("No")
    if field == "duration_days":
        return t.n("{n} day", "{n} days", int(value)) if value else t("without an end")
    if field == "role_id" and value:
        return f"<@&{value}>"
    if field.startswith("filter_"):
        return stored_filter_words(str(value), t) or t("none")
    return t("none") if value is None else short(str(value))


def _seats(_value: Any, line: _Line) -> str:
    details = line.event.details
    if line.event.action != "plex.seats":
        return ""
    return f"{line.t('Seats')}: {details.get('before')}{_CHANGED}{details.get('after')}"


def _purpose(value: Any, line: _Line) -> str:
    return line.t("Plex server") if value == SignInPurpose.LINK else ""


DETAILS: dict[str, Callable[[Any, _Line], str]] = {
    "channel": lambda value, _: f"<#{int(value)}>",
    "tier": _tier,
    "until": _until,
    "bulk": _bulk,
    "action_name": lambda value, line: bulk_action_name(BulkAction(value), line.t),
    "total": lambda value, line: line.t.n("{n} person", "{n} people", int(value)),
    "counts": _counts,
    "outcome": lambda value, line: action_name(f"share.{value}", line.t),
    "code": lambda value, line: line.t("code number {n}", n=value),
    "sections": lambda value, line: line.t.n("{n} library", "{n} libraries", len(value)),
    "setting": _setting,
    "kind": lambda value, line: line.t(KIND_NAMES[PanelKind(value)]),
    "server": lambda value, _: short(str(value)),
    "tiers": lambda value, line: f"{line.t('Tiers')}: {_names(value)}" if value else "",
    "proven": lambda value, line: line.t("signed in with Plex") if value else "",
    "purpose": _purpose,
    "days": lambda value, line: line.t.n("{n} day before", "{n} days before", int(value)),
    "n": _number,
    "field": _field,
    "link": _seats,
    "name": lambda value, _: short(str(value)),
    "libraries": lambda value, line: line.t("Libraries: {titles}", titles=_names(value)),
    "custom_id": lambda value, line: line.t("(Detail: {reason})", reason=short(str(value), 100)),
}
"""How each detail of the log is said, by its name."""
