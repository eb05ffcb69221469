"""What a member chooses for their own."""

import re
from dataclasses import dataclass
from typing import ClassVar

import discord
from babel.core import Locale
from discord.ui import Label, Modal, Select

from bot.domain.people import Right, Rule
from bot.i18n import Texts, languages
from bot.ui.modals.base import Submitted, modal

# Discord's limit for the options of a menu.
MOST_OPTIONS = 25
AS_DISCORD = "discord"


@dataclass(frozen=True, slots=True)
class LanguageForm(Submitted):
    """A member chooses the language of all answers."""

    rule: ClassVar[Rule] = Rule(Right.MEMBER)
    in_dms: ClassVar[bool] = True
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"helpr:language:(?P<invite_id>\d{1,18})")

    invite_id: int


def language_modal(t: Texts, invite_id: int, chosen: str | None) -> Modal:
    """Every language that Helpr speaks, each by its own name; first of all, Discord's."""
    named = [(AS_DISCORD, t("As in Discord")), *((one, _own_name(one)) for one in languages())]
    options = [
        discord.SelectOption(label=name, value=value, default=value == (chosen or AS_DISCORD))
        for value, name in named[:MOST_OPTIONS]
    ]
    return modal(
        t("Language"),
        f"helpr:language:{invite_id}",
        Label(
            text=t("In which language shall I answer?"),
            description=t("For you alone. Others read theirs."),
            component=Select(custom_id="language", options=options),
        ),
    )


def _own_name(language: str) -> str:
    """How the people who speak it call it."""
    name = Locale.parse(language).get_display_name() or language
    return name[:1].upper() + name[1:]


FORMS: tuple[type[Submitted], ...] = (LanguageForm,)
