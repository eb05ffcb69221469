"""What a member fills in to ask for more, and a reviewer to say no."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import discord
from discord.ui import Label, LayoutView, Modal, Select, TextInput

from bot.domain.links import Tier
from bot.domain.logins import NOTE_LENGTH, REASON_LENGTH
from bot.domain.members import WishKind
from bot.domain.people import Right, Rule
from bot.domain.tiers import MOST_OPEN
from bot.i18n import Texts
from bot.ui.modals.base import Submitted, modal

# Discord's limit for an option of a menu and for the line below it.
OPTION_LENGTH = 100


@dataclass(frozen=True, slots=True)
class WishForm(Submitted):
    """A member asks for more time, or for another tier."""

    rule: ClassVar[Rule] = Rule(Right.MEMBER)
    in_dms: ClassVar[bool] = True
    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"helpr:wish:(?P<kind>time|tier):(?P<invite_id>\d{1,18})"
    )

    kind: str
    invite_id: int


@dataclass(frozen=True, slots=True)
class RefuseWishForm(Submitted):
    """A reviewer denies a wish, with a reason."""

    rule: ClassVar[Rule] = Rule(Right.REVIEWER)
    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"helpr:wish_refuse:(?P<wish_id>\d{1,18}):(?P<version>\d{1,9}):(?P<place>card|list)"
    )

    wish_id: int
    version: int
    place: str


def wish_modal(t: Texts, kind: WishKind, invite_id: int, tiers: Sequence[Tier]) -> Modal:
    """A word to the admins, and which tier where that is the question."""
    note: Label[LayoutView] = Label(
        text=t("A word to the admins"),
        description=t("Optional. The people who decide will read it."),
        component=TextInput(
            custom_id="note",
            style=discord.TextStyle.paragraph,
            required=False,
            max_length=NOTE_LENGTH,
        ),
    )
    if kind is WishKind.TIME:
        return modal(t("Ask for more time"), f"helpr:wish:{kind}:{invite_id}", note)
    options = [
        discord.SelectOption(
            label=tier.name[:OPTION_LENGTH],
            value=str(tier.id),
            description=", ".join(one.title for one in tier.libraries)[:OPTION_LENGTH],
        )
        for tier in tiers[:MOST_OPEN]
    ]
    choice: Label[LayoutView] = Label(
        text=t("What you would like"),
        component=Select(custom_id="tier", options=options),
    )
    return modal(t("Ask for another tier"), f"helpr:wish:{kind}:{invite_id}", choice, note)


def refuse_wish_modal(t: Texts, wish_id: int, version: int, place: str) -> Modal:
    """The reason of a refusal, which the member reads."""
    return modal(
        t("Deny this request"),
        f"helpr:wish_refuse:{wish_id}:{version}:{place}",
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


FORMS: tuple[type[Submitted], ...] = (WishForm, RefuseWishForm)
