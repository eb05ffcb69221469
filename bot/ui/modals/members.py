"""What a member fills in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import discord
from discord.ui import Label, LayoutView, Modal, Select, TextInput

from bot.domain.links import Tier
from bot.domain.logins import LOGIN_LENGTH, NOTE_LENGTH
from bot.domain.people import Budget, Right, Rule
from bot.domain.tiers import MOST_OPEN
from bot.i18n import Texts
from bot.ui.modals.base import Submitted, modal

# Discord's limit for an option of a menu and for the line below it.
OPTION_LENGTH = 100


@dataclass(frozen=True, slots=True)
class RequestForm(Submitted):
    """A member asks for access."""

    rule: ClassVar[Rule] = Rule(Right.MEMBER, Budget.ALL)
    pattern: ClassVar[re.Pattern[str]] = re.compile("helpr:request")


def request_modal(t: Texts, tiers: Sequence[Tier] = ()) -> Modal:
    """`/invite`: the Plex account, the tier where there is a choice, and a word to the admins."""
    return modal(t("Ask for access to Plex"), "helpr:request", *request_fields(t, tiers))


def request_fields(t: Texts, tiers: Sequence[Tier] = ()) -> list[Label[LayoutView]]:
    """The fields of that form; `tiers` are what the member may choose from, the default first."""
    fields: list[Label[LayoutView]] = [
        Label(
            text=t("Your Plex e-mail or username"),
            description=t("Used only to invite you. It is stored encrypted."),
            component=TextInput(
                custom_id="login", max_length=LOGIN_LENGTH, placeholder="you@example.org"
            ),
        )
    ]
    if len(tiers) > 1:
        fields.append(_tier_field(t, tiers))
    fields.append(
        Label(
            text=t("A word to the admins"),
            description=t("Optional. The people who decide will read it."),
            component=TextInput(
                custom_id="note",
                style=discord.TextStyle.paragraph,
                required=False,
                max_length=NOTE_LENGTH,
            ),
        )
    )
    return fields


def _tier_field(t: Texts, tiers: Sequence[Tier]) -> Label[LayoutView]:
    """The tier, of which the first is chosen until somebody chooses another."""
    options = [
        discord.SelectOption(
            label=tier.name[:OPTION_LENGTH],
            value=str(tier.id),
            description=", ".join(one.title for one in tier.libraries)[:OPTION_LENGTH],
            default=number == 0,
        )
        for number, tier in enumerate(tiers[:MOST_OPEN])
    ]
    return Label(
        text=t("What you would like"),
        description=t("The admins may give you another one."),
        component=Select(custom_id="tier", options=options),
    )


FORMS: tuple[type[Submitted], ...] = (RequestForm,)
