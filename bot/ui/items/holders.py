"""The list of everybody with access. What it is filtered by stands in every custom_id."""

from typing import Any

from discord import SelectOption
from discord.ui import Button, DynamicItem, Select

from bot.domain.holders import HolderFilter, Standing
from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import FIRST_FRESH, Dynamic, fresh

STANDING = rf"(?P<standing>{'|'.join(Standing)})"
TIER = r"(?P<tier_id>\d{1,18})"
FRESH = r"(?P<number>\d{1,6})"


def code_of(wanted: HolderFilter) -> str:
    """A filter as a part of a custom_id."""
    return f"{wanted.standing}:{wanted.tier_id or 0}"


def wanted_of(standing: str, tier_id: int) -> HolderFilter:
    """The filter that a custom_id names."""
    return HolderFilter(Standing(standing), tier_id or None)


def menu(
    custom_id: str, number: int | None, placeholder: str, options: list[SelectOption] | None
) -> Select[Any]:
    """A menu that takes one choice, with a fresh number unless it comes back from a message."""
    number = fresh() if number is None else number
    return Select(
        id=FIRST_FRESH + number,
        custom_id=f"{custom_id}:{number}",
        placeholder=placeholder,
        options=options or [],
    )


class Filtered:
    """What stands for a filter."""

    standing: str
    tier_id: int

    @property
    def wanted(self) -> HolderFilter:
        """The filter."""
        return wanted_of(self.standing, self.tier_id)


class TurnHolders(
    Filtered,
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:list:(?P<way>top|below|above):(?P<invite_id>\d{{1,18}}):{STANDING}:{TIER}",
):
    """Show a page of the list."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self, way: str, invite_id: int, standing: str, tier_id: int, label: str = "…"
    ) -> None:
        self.way, self.invite_id, self.standing, self.tier_id = way, invite_id, standing, tier_id
        custom_id = f"helpr:list:{way}:{invite_id}:{standing}:{tier_id}"
        super().__init__(Button(label=label, custom_id=custom_id))


class ChooseStanding(
    Dynamic, DynamicItem[Select[Any]], template=rf"helpr:list:standing:{TIER}:{FRESH}"
):
    """Filter by how access stands."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self,
        tier_id: int,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[SelectOption] | None = None,
    ) -> None:
        self.tier_id = tier_id
        super().__init__(menu(f"helpr:list:standing:{tier_id}", number, placeholder, options))


class ChooseTier(
    Dynamic, DynamicItem[Select[Any]], template=rf"helpr:list:tier:{STANDING}:{FRESH}"
):
    """Filter by tier."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self,
        standing: str,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[SelectOption] | None = None,
    ) -> None:
        self.standing = standing
        super().__init__(menu(f"helpr:list:tier:{standing}", number, placeholder, options))


class OpenHolder(Dynamic, DynamicItem[Select[Any]], template=rf"helpr:list:open:{FRESH}"):
    """Open the card of somebody on the list."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[SelectOption] | None = None,
    ) -> None:
        super().__init__(menu("helpr:list:open", number, placeholder, options))


class DoWithAll(
    Filtered,
    Dynamic,
    DynamicItem[Select[Any]],
    template=rf"helpr:list:do:{STANDING}:{TIER}:{FRESH}",
):
    """Choose what is to be done with everybody who matches."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        standing: str,
        tier_id: int,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[SelectOption] | None = None,
    ) -> None:
        self.standing, self.tier_id = standing, tier_id
        custom_id = f"helpr:list:do:{standing}:{tier_id}"
        super().__init__(menu(custom_id, number, placeholder, options))


class MoveAll(
    Filtered,
    Dynamic,
    DynamicItem[Select[Any]],
    template=rf"helpr:list:move:{STANDING}:{TIER}:{FRESH}",
):
    """Choose the tier that everybody who matches is to be moved to."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        standing: str,
        tier_id: int,
        number: int | None = None,
        *,
        placeholder: str = "…",
        options: list[SelectOption] | None = None,
    ) -> None:
        self.standing, self.tier_id = standing, tier_id
        custom_id = f"helpr:list:move:{standing}:{tier_id}"
        super().__init__(menu(custom_id, number, placeholder, options))


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    TurnHolders,
    ChooseStanding,
    ChooseTier,
    OpenHolder,
    DoWithAll,
    MoveAll,
)
