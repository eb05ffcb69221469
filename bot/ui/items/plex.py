"""The connection to Plex and its libraries."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem, Select

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import Dynamic


class Compare(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:compare:(?P<way>look|trust):(?P<link_id>\d{1,18})",
):
    """Compare with Plex now; `trust`: believe the listing even if it has lost many people."""

    rule = Rule(Right.ADMIN)

    def __init__(self, way: str, link_id: int, label: str = "Look again") -> None:
        self.way, self.link_id = way, link_id
        style = discord.ButtonStyle.danger if way == "trust" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:compare:{way}:{link_id}")
        )


class TurnLibraries(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:libraries:turn:(?P<tier_id>\d{1,18}):(?P<page>\d{1,9})",
):
    """Turn a page of the libraries' menu."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, tier_id: int, page: int, label: str = "…") -> None:
        self.tier_id, self.page = tier_id, page
        super().__init__(Button(label=label, custom_id=f"helpr:libraries:turn:{tier_id}:{page}"))


class ChooseLibraries(
    Dynamic,
    DynamicItem[Select[Any]],
    template=r"helpr:libraries:choose:(?P<tier_id>\d{1,18}):(?P<page>\d{1,9})",
):
    """Choose which libraries of one page a tier shares."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        tier_id: int,
        page: int,
        options: list[discord.SelectOption] | None = None,
        placeholder: str = "…",
    ) -> None:
        self.tier_id, self.page = tier_id, page
        super().__init__(
            Select(
                custom_id=f"helpr:libraries:choose:{tier_id}:{page}",
                placeholder=placeholder,
                min_values=0,
                max_values=max(len(options or []), 1),
                options=options or [],
            )
        )


class Disconnect(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:disconnect:(?P<step>ask|yes|no):(?P<link_id>\d{1,18})",
):
    """Let a Plex server go: first a question, then the deed."""

    rule = Rule(Right.ADMIN)

    def __init__(self, step: str, link_id: int, label: str = "…") -> None:
        self.step, self.link_id = step, link_id
        style = discord.ButtonStyle.danger if step == "yes" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:disconnect:{step}:{link_id}")
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    Compare,
    TurnLibraries,
    ChooseLibraries,
    Disconnect,
)
