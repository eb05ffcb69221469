"""What all modals share. None is kept in memory: a submit is found by its custom_id."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import discord
from discord.ui import Modal

from bot.domain.numbers import MOST
from bot.domain.people import Rule

# Discord's limits for a modal's title and a field's name, and for what stands below the name.
TITLE_LENGTH = 45
HINT_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted modal: what its custom_id says, and what was typed, by field."""

    rule: ClassVar[Rule]
    pattern: ClassVar[re.Pattern[str]]

    values: Mapping[str, str]

    @classmethod
    def found_in(cls, interaction: discord.Interaction[Any]) -> Self | None:
        """This modal, if the interaction submits one of this kind."""
        data: Mapping[str, Any] = interaction.data or {}
        match = cls.pattern.fullmatch(data.get("custom_id", ""))
        if match is None:
            return None
        found = {
            name: min(int(value), MOST) if value.isdecimal() else value
            for name, value in match.groupdict().items()
        }
        return cls(values=dict(_typed(data.get("components", []))), **found)


def _typed(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        if "custom_id" in component:
            # A menu has values, of which a form asks for one.
            values = component.get("values") or [component.get("value") or ""]
            yield component["custom_id"], str(values[0])
        inner = component.get("component")
        yield from _typed([*component.get("components", []), *([inner] if inner else [])])


def modal(title: str, custom_id: str, *items: discord.ui.Item[Any]) -> Modal:
    """A modal of these fields."""
    made = Modal(title=title, custom_id=custom_id, timeout=None)
    for item in items:
        made.add_item(item)
    # A finished modal is sent but not kept, so that every submit takes the same way: by its id.
    made.stop()
    return made
