"""What every button and menu that stays in a sent message shares."""

import re
import secrets
from typing import Any, ClassVar, Self

import discord
from discord.ui import Select

from bot.domain.errors import Refused
from bot.domain.numbers import MOST, number_of
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


def chosen_number(interaction: discord.Interaction[Any]) -> int:
    """The number that was chosen in a menu; 0 for nothing. Raises `Forged` for what is none."""
    [value] = ids_and_values(interaction)[:1] or ["0"]
    return number_of(value)


def chosen_of(item: Select[Any]) -> dict[str, list[int]]:
    """What a menu of several had on offer, and what of it was chosen; raises `Forged`."""
    return {
        "offered": [number_of(option.value) for option in item.options],
        "chosen": [number_of(value) for value in item.values],
    }


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
            # A greater one than the ledger can hold is nobody's, like the greatest.
            name: min(int(value), MOST) if value.isdecimal() else value
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
