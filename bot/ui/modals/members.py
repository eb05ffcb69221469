"""What a member fills in."""

import re
from dataclasses import dataclass
from typing import ClassVar

import discord
from discord.ui import Label, Modal, TextInput

from bot.domain.logins import LOGIN_LENGTH, NOTE_LENGTH
from bot.domain.people import Budget, Right, Rule
from bot.i18n import Texts
from bot.ui.modals.base import Submitted, modal


@dataclass(frozen=True, slots=True)
class RequestForm(Submitted):
    """A member asks for access."""

    rule: ClassVar[Rule] = Rule(Right.MEMBER, Budget.ALL)
    pattern: ClassVar[re.Pattern[str]] = re.compile("helpr:request")


def request_modal(t: Texts) -> Modal:
    """`/invite`: the Plex account, and a word to the admins."""
    return modal(
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


FORMS: tuple[type[Submitted], ...] = (RequestForm,)
