"""The standing panel for members."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import Dynamic

GET = "helpr:get:"
"""What the ids of all of its buttons begin with, and of no others."""


class GetAccess(Dynamic, DynamicItem[Button[Any]], template=f"{GET}access"):
    """What `/invite` does."""

    rule = Rule(Right.MEMBER, Budget.INVITE)

    def __init__(self, label: str = "Get access") -> None:
        style = discord.ButtonStyle.primary
        super().__init__(Button(style=style, label=label, custom_id=f"{GET}access"))


class HaveCode(Dynamic, DynamicItem[Button[Any]], template=f"{GET}code"):
    """Redeem a code."""

    rule = Rule(Right.MEMBER, Budget.INVITE)

    def __init__(
        self,
        label: str = "I have a code",
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    ) -> None:
        super().__init__(Button(style=style, label=label, custom_id=f"{GET}code"))


class SignInToGet(Dynamic, DynamicItem[Button[Any]], template=f"{GET}sign-in"):
    """Ask for access by signing in with Plex."""

    rule = Rule(Right.MEMBER, Budget.INVITE)

    def __init__(self, label: str = "Sign in with Plex") -> None:
        super().__init__(Button(label=label, custom_id=f"{GET}sign-in"))


class MyAccess(Dynamic, DynamicItem[Button[Any]], template=f"{GET}mine"):
    """What `/my-plex` does."""

    rule = Rule(Right.MEMBER)

    def __init__(self, label: str = "My access") -> None:
        super().__init__(Button(label=label, custom_id=f"{GET}mine"))


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    GetAccess,
    HaveCode,
    SignInToGet,
    MyAccess,
)
