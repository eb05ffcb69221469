"""Bulk actions."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import Dynamic


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


ITEMS: tuple[type[DynamicItem[Any]], ...] = (StopBulk, ResultFile)
