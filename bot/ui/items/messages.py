"""Below what Helpr writes to a member by itself."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Right, Rule
from bot.ui.items.base import Dynamic

SEEN = "helpr:seen:"
"""What the id of the button below a message begins with; then the invite's, and the message's."""


class ShowMine(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"{SEEN}(?P<invite_id>\d{{1,18}}):(?P<message_id>\d{{1,18}})",
):
    """What `/my-plex` does, from a message about one's own invite."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, invite_id: int, message_id: int, label: str = "My access") -> None:
        self.invite_id, self.message_id = invite_id, message_id
        style = discord.ButtonStyle.primary
        custom_id = f"{SEEN}{invite_id}:{message_id}"
        super().__init__(Button(style=style, label=label, custom_id=custom_id))


class SwitchDms(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:dms:(?P<to>on|off):(?P<invite_id>\d{1,18})",
):
    """No direct messages from now on, or direct messages again."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, to: str, invite_id: int, label: str = "…") -> None:
        self.to, self.invite_id = to, invite_id
        style = discord.ButtonStyle.secondary
        super().__init__(Button(style=style, label=label, custom_id=f"helpr:dms:{to}:{invite_id}"))


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    ShowMine,
    SwitchDms,
)
