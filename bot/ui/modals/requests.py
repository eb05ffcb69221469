"""What a reviewer fills in."""

import re
from dataclasses import dataclass
from typing import ClassVar

import discord
from discord.ui import Label, Modal, TextInput

from bot.domain.logins import REASON_LENGTH
from bot.domain.people import Right, Rule
from bot.i18n import Texts
from bot.ui.modals.base import Submitted, modal


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


def deny_modal(t: Texts, invite_id: int, version: int, place: str) -> Modal:
    """The reason of a refusal, which the member reads."""
    return modal(
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


FORMS: tuple[type[Submitted], ...] = (DenyForm,)
