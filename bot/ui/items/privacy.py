"""Addresses for staff, and a member's own data."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Right, Rule
from bot.ui.items.base import Dynamic


class ShowAddress(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:address:(?P<invite_id>\d{1,18})"
):
    """The whole e-mail address of a request, for whoever presses."""

    rule = Rule(Right.REVIEWER)

    def __init__(self, invite_id: int, label: str = "Show address") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:address:{invite_id}"))


class MyData(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:my_data:(?P<step>show|export|forget|yes|no):(?P<invite_id>\d{1,18})",
):
    """What is kept about oneself: look, get it as a file, be forgotten (a question, then the deed).

    `invite_id` is any of one's own, 0 where there is none: a direct message knows the guild by it.
    """

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, step: str, invite_id: int, label: str = "My data") -> None:
        self.step, self.invite_id = step, invite_id
        style = discord.ButtonStyle.danger if step == "yes" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:my_data:{step}:{invite_id}")
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    ShowAddress,
    MyData,
)
