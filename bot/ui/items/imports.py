"""Accounts on Plex that nobody here is known for."""

from typing import Any

import discord
from discord import SelectOption
from discord.ui import Button, DynamicItem, Select, UserSelect

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import FIRST_FRESH, Dynamic, fresh

DRIFT = r"(?P<drift_id>\d{1,18})"
TIER = r"(?P<tier_id>\d{1,18})"
FRESH = r"(?P<number>\d{1,6})"


class TurnStrangers(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:import:page:(?P<way>top|after|before):{DRIFT}",
):
    """Show a page of them."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, way: str, drift_id: int, label: str = "…") -> None:
        self.way, self.drift_id = way, drift_id
        super().__init__(Button(label=label, custom_id=f"helpr:import:page:{way}:{drift_id}"))


class OpenStranger(Dynamic, DynamicItem[Select[Any]], template=rf"helpr:import:open:{FRESH}"):
    """Choose one of them."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[SelectOption] | None = None,
    ) -> None:
        number = fresh() if number is None else number
        super().__init__(
            Select(
                id=FIRST_FRESH + number,
                custom_id=f"helpr:import:open:{number}",
                placeholder=placeholder,
                options=options or [],
            )
        )


class ChooseTheirTier(
    Dynamic, DynamicItem[Select[Any]], template=rf"helpr:import:tier:{DRIFT}:{FRESH}"
):
    """Choose the tier that one of them is to be in."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self,
        drift_id: int,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[SelectOption] | None = None,
    ) -> None:
        self.drift_id = drift_id
        number = fresh() if number is None else number
        super().__init__(
            Select(
                id=FIRST_FRESH + number,
                custom_id=f"helpr:import:tier:{drift_id}:{number}",
                placeholder=placeholder,
                options=options or [],
            )
        )


class ChooseWho(
    Dynamic, DynamicItem[UserSelect[Any]], template=rf"helpr:import:who:{DRIFT}:{TIER}:{FRESH}"
):
    """Choose the member whose account it is."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self, drift_id: int, tier_id: int, number: int | None = None, placeholder: str = "…"
    ) -> None:
        self.drift_id, self.tier_id = drift_id, tier_id
        number = fresh() if number is None else number
        super().__init__(
            UserSelect(
                id=FIRST_FRESH + number,
                custom_id=f"helpr:import:who:{drift_id}:{tier_id}:{number}",
                placeholder=placeholder,
            )
        )


class MatchStranger(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:import:yes:{DRIFT}:{TIER}:(?P<user_id>\d{{1,20}})",
):
    """Take it in: this account is this member's."""

    rule = Rule(Right.ADMIN)

    def __init__(self, drift_id: int, tier_id: int, user_id: int, label: str = "…") -> None:
        self.drift_id, self.tier_id, self.user_id = drift_id, tier_id, user_id
        super().__init__(
            Button(
                style=discord.ButtonStyle.success,
                label=label,
                custom_id=f"helpr:import:yes:{drift_id}:{tier_id}:{user_id}",
            )
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    TurnStrangers,
    OpenStranger,
    ChooseTheirTier,
    ChooseWho,
    MatchStranger,
)
