"""What a member fills in."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import discord
from discord.ui import Label, Modal, TextInput

from bot.domain.codes import MOST_TYPED
from bot.domain.logins import LOGIN_LENGTH, NOTE_LENGTH
from bot.domain.people import Budget, Right, Rule
from bot.i18n import Texts
from bot.ui.modals.base import Submitted, modal


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


def request_modal(t: Texts, *, needs_code: bool = False, code: str = "") -> Modal:
    """`/invite`: the Plex account, a word to the admins, and a code, where `needs_code` first."""
    return modal(
        t("Ask for access to Plex"),
        "helpr:request",
        *request_fields(t, needs_code=needs_code, code=code),
    )


def request_fields(t: Texts, *, needs_code: bool = False, code: str = "") -> list[Label[Any]]:
    """The fields of a request, in their order; five at most, says Discord."""
    login = Label[Any](
        text=t("Your Plex e-mail or username"),
        description=t("Used only to invite you. It is stored encrypted."),
        component=TextInput(
            custom_id="login", max_length=LOGIN_LENGTH, placeholder="you@example.org"
        ),
    )
    note = Label[Any](
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
        return [code_field(t, code=code), login, note]
    return [login, note, code_field(t, code=code, required=False)]


def code_field(t: Texts, *, code: str = "", required: bool = True) -> Label[Any]:
    """Where a code is typed."""
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


def redeem_modal(t: Texts) -> Modal:
    """The code alone, where somebody has asked already."""
    return modal(t("Use a code"), "helpr:redeem", code_field(t))


FORMS: tuple[type[Submitted], ...] = (RequestForm, RedeemForm)
