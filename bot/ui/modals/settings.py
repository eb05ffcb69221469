"""A setting that is typed."""

import re
from dataclasses import dataclass
from typing import ClassVar

from discord.ui import Label, Modal, TextInput

from bot.domain.guild_settings import TYPED_KEYS
from bot.domain.people import Right, Rule
from bot.ui.modals.base import HINT_LENGTH, TITLE_LENGTH, Submitted, modal

# Longer than the longest name of a time zone.
SETTING_LENGTH = 60


@dataclass(frozen=True, slots=True)
class SettingForm(Submitted):
    """An admin types what a setting is to be."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(rf"helpr:settings:type:(?P<key>{TYPED_KEYS})")

    key: str


def setting_modal(key: str, name: str, hint: str, present: str, placeholder: str) -> Modal:
    """A setting that is typed, filled with what it is now."""
    return modal(
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


FORMS: tuple[type[Submitted], ...] = (SettingForm,)
