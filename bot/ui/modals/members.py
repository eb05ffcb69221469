"""What a member fills in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import discord
from discord.ui import Label, LayoutView, Modal, Select, TextInput

from bot.domain.codes import MOST_TYPED
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


@dataclass(frozen=True, slots=True)
class RedeemForm(Submitted):
    """A member uses a code for the request that waits."""

    rule: ClassVar[Rule] = Rule(Right.MEMBER, Budget.ALL)
    pattern: ClassVar[re.Pattern[str]] = re.compile("helpr:redeem")


def request_modal(
    t: Texts,
    tiers: Sequence[Tier] = (),
    *,
    needs_code: bool = False,
    code: str = "",
    is_known: bool = False,
) -> Modal:
    """`/invite`: the form of `request_fields`; the account and a word where a code `is_known`."""
    if is_known:
        fields = request_fields(t, needs_code=True)[1:]
    else:
        fields = request_fields(t, tiers, needs_code=needs_code, code=code)
    return modal(t("Ask for access to Plex"), "helpr:request", *fields)


def request_fields(
    t: Texts, tiers: Sequence[Tier] = (), *, needs_code: bool = False, code: str = ""
) -> list[Label[LayoutView]]:
    """The fields of that form, in their order; five at most, says Discord.

    `tiers` are what the member may choose from, the default first. Where `needs_code`, the code
    stands first and chooses the tier; `code` is what is known of it.
    """
    login: Label[LayoutView] = Label(
        text=t("Your Plex e-mail or username"),
        description=t("Used only to invite you. It is stored encrypted."),
        component=TextInput(
            custom_id="login", max_length=LOGIN_LENGTH, placeholder="you@example.org"
        ),
    )
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
    if needs_code:
        return [_code_field(t, code=code), login, note]
    choice = [_tier_field(t, tiers)] if len(tiers) > 1 else []
    return [login, *choice, note, _code_field(t, code=code, required=False)]


def redeem_modal(t: Texts) -> Modal:
    """The code alone, where somebody has asked already."""
    return modal(t("Use a code"), "helpr:redeem", _code_field(t))


def _code_field(t: Texts, *, code: str = "", required: bool = True) -> Label[LayoutView]:
    return Label(
        text=t("Your code"),
        description=t("From an admin. Capitals, spaces and dashes do not matter.")
        if required
        else t("Optional. If an admin gave you a code."),
        component=TextInput(
            custom_id="code",
            required=required,
            max_length=MOST_TYPED,
            default=code[:MOST_TYPED] or None,
            placeholder="ABCD-EFGH-JKMN-PQRS-TVWX",
        ),
    )


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


FORMS: tuple[type[Submitted], ...] = (RequestForm, RedeemForm)
