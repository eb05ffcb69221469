"""What is asked before something is done to many."""

import re
from dataclasses import dataclass
from typing import ClassVar

import discord
from discord.ui import Label, Modal, TextInput

from bot.domain.bulk import Bulk
from bot.domain.holders import HolderFilter
from bot.domain.logins import REASON_LENGTH
from bot.domain.people import Right, Rule
from bot.i18n import Texts
from bot.ui.items.holders import STANDING, TIER, code_of, wanted_of
from bot.ui.modals.base import Submitted, modal


@dataclass(frozen=True, slots=True)
class ExtendAllForm(Submitted):
    """Until when the access of everybody who matches shall last."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(rf"helpr:bulk:extend:{STANDING}:{TIER}")

    standing: str
    tier_id: int

    @property
    def wanted(self) -> HolderFilter:
        """The filter."""
        return wanted_of(self.standing, self.tier_id)


@dataclass(frozen=True, slots=True)
class EndAllForm(Submitted):
    """The access of many is to end: their number, typed, and a reason."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"helpr:bulk:end:(?P<bulk_id>\d{1,18})")

    bulk_id: int


def extend_all_modal(t: Texts, wanted: HolderFilter) -> Modal:
    """By how long, or until when."""
    return modal(
        t("Extend the access of all"),
        f"helpr:bulk:extend:{code_of(wanted)}",
        Label(
            text=t("By how long, or until which day?"),
            description=t("30d, 2 weeks, 6 months, or a day like 2027-03-31"),
            component=TextInput(custom_id="until", max_length=60, placeholder="30d"),
        ),
    )


def end_all_modal(t: Texts, draft: Bulk) -> Modal:
    """The number is the confirmation."""
    return modal(
        t("End the access of many"),
        f"helpr:bulk:end:{draft.id}",
        Label(
            text=t("How many people lose their access?"),
            description=t("Type {n} to confirm. Plex takes their libraries away.", n=draft.total),
            component=TextInput(custom_id="total", max_length=9, placeholder=str(draft.total)),
        ),
        Label(
            text=t("Reason"),
            description=t("Optional. For the log; the members do not read it."),
            component=TextInput(
                custom_id="reason",
                style=discord.TextStyle.paragraph,
                required=False,
                max_length=REASON_LENGTH,
            ),
        ),
    )


FORMS: tuple[type[Submitted], ...] = (ExtendAllForm, EndAllForm)
