"""What becomes of somebody's access."""

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


def reason_modal(t: Texts, what: str, invite_id: int) -> Modal:
    """Why access is suspended or ended; sending it is the confirmation."""
    title = t("Suspend this access") if what == "suspend" else t("End this access")
    return modal(
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
    return modal(
        t("Extend this access"),
        f"helpr:extend:{invite_id}",
        Label(
            text=t("By how long, or until which day?"),
            description=t("30d, 2 weeks, 6 months, or a day like 2027-03-31"),
            component=TextInput(custom_id="until", max_length=60, placeholder="30d"),
        ),
    )


FORMS: tuple[type[Submitted], ...] = (
    ReasonForm,
    ExtendForm,
)
