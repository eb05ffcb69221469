"""The settings' list and pages."""

import re
from typing import Any, Self

import discord
from discord.ui import Button, ChannelSelect, DynamicItem, RoleSelect, Select

from bot.domain.guild_settings import CHOSEN_KEYS, TYPED_KEYS
from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import FIRST_FRESH, Dynamic, fresh


class PickSetting(
    Dynamic, DynamicItem[Select[Any]], template=r"helpr:settings:pick:(?P<number>\d{1,6})"
):
    """Show the page of one setting."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self,
        number: int | None = None,
        options: list[discord.SelectOption] | None = None,
        placeholder: str = "…",
    ) -> None:
        number = fresh() if number is None else number
        super().__init__(
            Select(
                custom_id=f"helpr:settings:pick:{number}",
                placeholder=placeholder,
                options=options or [],
                id=FIRST_FRESH + number,
            )
        )


class ShowSettings(Dynamic, DynamicItem[Button[Any]], template=r"helpr:settings:all"):
    """Show all settings again."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, label: str = "…") -> None:
        super().__init__(Button(label=label, custom_id="helpr:settings:all"))


class TypeSetting(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:settings:type:(?P<key>{TYPED_KEYS})",
):
    """Open the form for a setting that is typed."""

    rule = Rule(Right.ADMIN)

    def __init__(self, key: str, label: str = "…") -> None:
        self.key = key
        style = discord.ButtonStyle.primary
        super().__init__(Button(style=style, label=label, custom_id=f"helpr:settings:type:{key}"))


class ResetSetting(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:settings:reset:(?P<key>{TYPED_KEYS}|{CHOSEN_KEYS})",
):
    """Go back to the default of a setting."""

    rule = Rule(Right.ADMIN)

    def __init__(self, key: str, label: str = "…", *, disabled: bool = False) -> None:
        self.key = key
        super().__init__(
            Button(label=label, custom_id=f"helpr:settings:reset:{key}", disabled=disabled)
        )


class ChooseSetting(
    Dynamic,
    DynamicItem[Any],
    template=rf"helpr:settings:choose:(?P<key>{CHOSEN_KEYS}):(?P<number>\d{{1,6}})",
):
    """Choose the channel, roles or value of a setting; what was chosen is `ids_and_values`."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        key: str,
        number: int | None = None,
        menu: ChannelSelect[Any] | RoleSelect[Any] | Select[Any] | None = None,
    ) -> None:
        self.key = key
        number = fresh() if number is None else number
        menu = menu or ChannelSelect()
        menu.custom_id, menu.id = f"helpr:settings:choose:{key}:{number}", FIRST_FRESH + number
        super().__init__(menu)

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
    ) -> Self:
        """The menu as it was sent, of whichever kind."""
        menu: Any = item
        return cls(match["key"], int(match["number"]), menu)


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    PickSetting,
    ShowSettings,
    TypeSetting,
    ResetSetting,
    ChooseSetting,
)
