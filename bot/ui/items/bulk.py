"""Bulk actions."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem, Select

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import FIRST_FRESH, Dynamic, fresh


class StopBulk(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:bulk:stop:(?P<bulk_id>\d{1,18})"
):
    """Leave everybody alone who is still waiting."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, bulk_id: int, label: str = "Stop") -> None:
        self.bulk_id = bulk_id
        super().__init__(
            Button(
                style=discord.ButtonStyle.danger,
                label=label,
                custom_id=f"helpr:bulk:stop:{bulk_id}",
            )
        )


class ResultFile(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:bulk:file:(?P<bulk_id>\d{1,18})"
):
    """What became of each, as a file."""

    rule = Rule(Right.ADMIN)

    def __init__(self, bulk_id: int, label: str = "Result file") -> None:
        self.bulk_id = bulk_id
        super().__init__(Button(label=label, custom_id=f"helpr:bulk:file:{bulk_id}"))


class ConfirmBulk(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:bulk:yes:(?P<bulk_id>\d{1,18})"
):
    """Begin what was prepared; what ends access asks for its number first."""

    rule = Rule(Right.ADMIN)

    def __init__(self, bulk_id: int, label: str = "…", *, is_ending: bool = False) -> None:
        self.bulk_id = bulk_id
        style = discord.ButtonStyle.danger if is_ending else discord.ButtonStyle.primary
        super().__init__(Button(style=style, label=label, custom_id=f"helpr:bulk:yes:{bulk_id}"))


class RecentBulks(Dynamic, DynamicItem[Button[Any]], template=r"helpr:bulk:recent"):
    """Show the last bulk actions."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, label: str = "…") -> None:
        super().__init__(Button(label=label, custom_id="helpr:bulk:recent"))


class OpenBulk(Dynamic, DynamicItem[Select[Any]], template=r"helpr:bulk:open:(?P<number>\d{1,6})"):
    """Open one of the last bulk actions."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[discord.SelectOption] | None = None,
    ) -> None:
        number = fresh() if number is None else number
        super().__init__(
            Select(
                id=FIRST_FRESH + number,
                custom_id=f"helpr:bulk:open:{number}",
                placeholder=placeholder,
                options=options or [],
            )
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    StopBulk,
    ResultFile,
    ConfirmBulk,
    RecentBulks,
    OpenBulk,
)
