"""Modals. None is kept in memory: a submit is found by its custom_id, also after a restart."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import discord
from discord.ui import Label, Modal, TextInput

from bot.domain.guild_settings import TYPED_KEYS
from bot.domain.logins import LOGIN_LENGTH, NOTE_LENGTH, REASON_LENGTH
from bot.domain.people import Budget, Right, Rule
from bot.i18n import Texts

# Discord's limits for a modal's title and a field's name, and for what stands below the name.
TITLE_LENGTH = 45
HINT_LENGTH = 100
# Longer than the longest name of a time zone.
SETTING_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted modal: what its custom_id says, and what was typed, by field."""

    rule: ClassVar[Rule]
    pattern: ClassVar[re.Pattern[str]]

    values: Mapping[str, str]

    @classmethod
    def found_in(cls, interaction: discord.Interaction[Any]) -> Self | None:
        """This modal, if the interaction submits one of this kind."""
        data: Mapping[str, Any] = interaction.data or {}
        match = cls.pattern.fullmatch(data.get("custom_id", ""))
        if match is None:
            return None
        found = {
            name: int(value) if value.isdecimal() else value
            for name, value in match.groupdict().items()
        }
        return cls(values=dict(_typed(data.get("components", []))), **found)


def _typed(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        if "custom_id" in component:
            yield component["custom_id"], str(component.get("value") or "")
        inner = component.get("component")
        yield from _typed([*component.get("components", []), *([inner] if inner else [])])


@dataclass(frozen=True, slots=True)
class RequestForm(Submitted):
    """A member asks for access."""

    rule: ClassVar[Rule] = Rule(Right.MEMBER, Budget.ALL)
    pattern: ClassVar[re.Pattern[str]] = re.compile("helpr:request")


@dataclass(frozen=True, slots=True)
class DenyForm(Submitted):
    """A reviewer denies a request, with a reason."""

    rule: ClassVar[Rule] = Rule(Right.REVIEWER)
    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"helpr:deny:(?P<invite_id>\d{1,18}):(?P<version>\d{1,9}):(?P<place>card|q\d{1,18})"
    )

    invite_id: int
    version: int
    place: str


@dataclass(frozen=True, slots=True)
class ReasonForm(Submitted):
    """An admin suspends or ends somebody's access, with a reason."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"helpr:access:(?P<what>suspend|revoke):(?P<invite_id>\d{1,18})"
    )

    what: str
    invite_id: int


@dataclass(frozen=True, slots=True)
class ExtendForm(Submitted):
    """A reviewer says until when access shall last."""

    rule: ClassVar[Rule] = Rule(Right.REVIEWER)
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"helpr:extend:(?P<invite_id>\d{1,18})")

    invite_id: int


@dataclass(frozen=True, slots=True)
class SettingForm(Submitted):
    """An admin types what a setting is to be."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(rf"helpr:settings:type:(?P<key>{TYPED_KEYS})")

    key: str


ALL_FORMS: tuple[type[Submitted], ...] = (
    RequestForm,
    DenyForm,
    ReasonForm,
    ExtendForm,
    SettingForm,
)


def request_modal(t: Texts) -> Modal:
    """`/invite`: the Plex account, and a word to the admins."""
    return _modal(
        t("Ask for access to Plex"),
        "helpr:request",
        Label(
            text=t("Your Plex e-mail or username"),
            description=t("Used only to invite you. It is stored encrypted."),
            component=TextInput(
                custom_id="login", max_length=LOGIN_LENGTH, placeholder="you@example.org"
            ),
        ),
        Label(
            text=t("A word to the admins"),
            description=t("Optional. The people who decide will read it."),
            component=TextInput(
                custom_id="note",
                style=discord.TextStyle.paragraph,
                required=False,
                max_length=NOTE_LENGTH,
            ),
        ),
    )


def deny_modal(t: Texts, invite_id: int, version: int, place: str) -> Modal:
    """The reason of a refusal, which the member reads."""
    return _modal(
        t("Deny this request"),
        f"helpr:deny:{invite_id}:{version}:{place}",
        Label(
            text=t("Reason"),
            description=t("Optional. The member reads it."),
            component=TextInput(
                custom_id="reason",
                style=discord.TextStyle.paragraph,
                required=False,
                max_length=REASON_LENGTH,
            ),
        ),
    )


def reason_modal(t: Texts, what: str, invite_id: int) -> Modal:
    """Why access is suspended or ended; sending it is the confirmation."""
    title = t("Suspend this access") if what == "suspend" else t("End this access")
    return _modal(
        title,
        f"helpr:access:{what}:{invite_id}",
        Label(
            text=t("Reason"),
            description=t("Optional. For the log; the member does not read it."),
            component=TextInput(
                custom_id="reason",
                style=discord.TextStyle.paragraph,
                required=False,
                max_length=REASON_LENGTH,
            ),
        ),
    )


def extend_modal(t: Texts, invite_id: int) -> Modal:
    """Until when access shall last."""
    return _modal(
        t("Extend this access"),
        f"helpr:extend:{invite_id}",
        Label(
            text=t("By how long, or until which day?"),
            description=t("30d, 2 weeks, 6 months, or a day like 2027-03-31"),
            component=TextInput(custom_id="until", max_length=60, placeholder="30d"),
        ),
    )


def setting_modal(key: str, name: str, hint: str, present: str, placeholder: str) -> Modal:
    """A setting that is typed, filled with what it is now."""
    return _modal(
        name[:TITLE_LENGTH],
        f"helpr:settings:type:{key}",
        Label(
            text=name[:TITLE_LENGTH],
            description=hint[:HINT_LENGTH],
            component=TextInput(
                custom_id="value",
                max_length=SETTING_LENGTH,
                default=present[:SETTING_LENGTH],
                placeholder=placeholder,
            ),
        ),
    )


def _modal(title: str, custom_id: str, *items: discord.ui.Item[Any]) -> Modal:
    modal = Modal(title=title, custom_id=custom_id, timeout=None)
    for item in items:
        modal.add_item(item)
    # A finished modal is sent but not kept, so that every submit takes the same way: by its id.
    modal.stop()
    return modal
