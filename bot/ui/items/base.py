"""What every button and menu that stays in a sent message shares."""

import re
import secrets
from typing import Any, ClassVar, Self

import discord
from discord.ui import Select

from bot.domain.errors import Refused
from bot.domain.people import Rule

# Discord numbers a message's components from 1 on, 40 at most; numbers of our own begin here.
FIRST_FRESH = 100


def ids_and_values(interaction: discord.Interaction[Any]) -> list[str]:
    """What was chosen in a menu: the values of its options, or the ids of channels or roles.

    Discord names every channel and role of this guild that it has found beside the choice; raises
    `Refused` for any other.
    """
    data: Any = interaction.data or {}
    chosen = [str(value) for value in data.get("values", [])]
    if data.get("component_type") != discord.ComponentType.select.value:
        resolved = data.get("resolved", {})
        known = {*resolved.get("channels", {}), *resolved.get("roles", {})}
        if not known.issuperset(chosen):
            raise Refused("setting.not_here")
    return chosen


def fresh() -> int:
    """A number for a menu that comes back in the same message.

    Discord's clients remember a menu's choice by its ids, and do not let the same be chosen again.
    """
    return secrets.randbelow(10**6)


class Dynamic:
    """What all of Helpr's DynamicItems share."""

    rule: ClassVar[Rule]
    # Also stands in direct messages, where its `invite_id` tells which guild it is about.
    in_dms: ClassVar[bool] = False

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
    ) -> Self:
        """The item as it was when it was sent; the label does not matter any more."""
        found = {
            name: int(value) if value.isdecimal() else value
            for name, value in match.groupdict().items()
        }
        made = cls(**found)
        if isinstance(item, Select):
            # The options say what was on offer when this menu was sent.
            made.item.options = item.options  # type: ignore[attr-defined]  # a DynamicItem has one
        return made

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Through the door: it checks, handles, and tells what went wrong."""
        await interaction.client.door.enter(interaction, self)
