"""Below the warning that too many people seem to have left at once."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Right, Rule
from bot.ui.items.base import Dynamic


class Vouch(Dynamic, DynamicItem[Button[Any]], template=r"helpr:really-gone"):
    """They are really gone: let their access end."""

    rule = Rule(Right.ADMIN)

    def __init__(self, label: str = "They are really gone") -> None:
        style = discord.ButtonStyle.danger
        super().__init__(Button(style=style, label=label, custom_id="helpr:really-gone"))


ITEMS: tuple[type[DynamicItem[Any]], ...] = (Vouch,)
