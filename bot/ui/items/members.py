"""A member's own panel."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Right, Rule
from bot.ui.items.base import Dynamic


class Withdraw(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:withdraw:(?P<invite_id>\d{1,18})"
):
    """Take one's own request back."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, invite_id: int, label: str = "Withdraw") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:withdraw:{invite_id}"))


class Leave(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:leave:(?P<step>ask|yes|no):(?P<invite_id>\d{1,18})",
):
    """Give one's own access up: first a question, then the deed."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, step: str, invite_id: int, label: str = "Leave") -> None:
        self.step, self.invite_id = step, invite_id
        style = discord.ButtonStyle.danger if step == "yes" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:leave:{step}:{invite_id}")
        )


class Prove(Dynamic, DynamicItem[Button[Any]], template=r"helpr:prove:(?P<way>anew|form)"):
    """The two ways to ask: sign in with Plex, from the beginning, or the form."""

    rule = Rule(Right.MEMBER)

    def __init__(self, way: str, label: str = "…") -> None:
        self.way = way
        super().__init__(Button(label=label, custom_id=f"helpr:prove:{way}"))


class SignInMine(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:sign_in:(?P<invite_id>\d{1,18})"
):
    """Prove by a sign-in with Plex the account of one's own request, and have it accepted."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, invite_id: int, label: str = "Sign in with Plex") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:sign_in:{invite_id}"))


class Hold(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:hold:(?P<choice>yes|no):(?P<invite_id>\d{1,18})",
):
    """Have one's own sign-in kept until the decision, or signed out now."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, choice: str, invite_id: int, label: str = "…") -> None:
        self.choice, self.invite_id = choice, invite_id
        style = discord.ButtonStyle.primary if choice == "yes" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:hold:{choice}:{invite_id}")
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    Withdraw,
    Leave,
    Prove,
    SignInMine,
    Hold,
)
