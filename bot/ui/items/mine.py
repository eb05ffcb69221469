"""What a member may do about access that was given: look into it, read up, choose a language."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Right, Rule
from bot.ui.items.base import Dynamic


class CannotSee(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:unseen:(?P<invite_id>\d{1,18})"
):
    """Find out why somebody does not see the libraries."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, invite_id: int, label: str = "…") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:unseen:{invite_id}"))


class Understood(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:streaming:(?P<invite_id>\d{1,18})"
):
    """What Plex itself demands was read."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, invite_id: int, label: str = "…") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:streaming:{invite_id}"))


class Language(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:language:(?P<invite_id>\d{1,18})"
):
    """Choose the language of all answers."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, invite_id: int, label: str = "Language") -> None:
        self.invite_id = invite_id
        super().__init__(
            Button(
                style=discord.ButtonStyle.secondary,
                label=label,
                custom_id=f"helpr:language:{invite_id}",
            )
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    CannotSee,
    Understood,
    Language,
)
