"""The panels of tiers, and the tier that a request is approved as."""

import re
from typing import Any, Self

import discord
from discord.ui import Button, DynamicItem, RoleSelect, Select

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import FIRST_FRESH, Dynamic, fresh

_PAGES = "show|details|filters|movies|television|music|role|server|delete"
_DEEDS = "all|none|unfilter|default|erase|stay|apply|roles|rest"


class TierPage(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:tier:(?P<what>{_PAGES}):(?P<tier_id>\d{{1,18}})",
):
    """Show a page of a tier, or open one of its forms."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, what: str, tier_id: int, label: str = "…") -> None:
        self.what, self.tier_id = what, tier_id
        style = discord.ButtonStyle.danger if what == "delete" else discord.ButtonStyle.secondary
        super().__init__(Button(style=style, label=label, custom_id=f"helpr:tier:{what}:{tier_id}"))


class ChangeTier(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:tier:(?P<what>{_DEEDS}):(?P<tier_id>\d{{1,18}})",
):
    """Do something to a tier at once.

    `all` and `none` are its libraries, `unfilter` its filters; `erase` deletes it, `rest` goes on
    moving its people away, `stay` calls that off; `apply` gives its people what it says now, and
    `roles` looks after their roles.
    """

    rule = Rule(Right.ADMIN)

    def __init__(self, what: str, tier_id: int, label: str = "…") -> None:
        self.what, self.tier_id = what, tier_id
        style = {
            "apply": discord.ButtonStyle.primary,
            "rest": discord.ButtonStyle.primary,
            "erase": discord.ButtonStyle.danger,
        }.get(what, discord.ButtonStyle.secondary)
        super().__init__(Button(style=style, label=label, custom_id=f"helpr:tier:{what}:{tier_id}"))


class SwitchTier(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:tier:set:(?P<flag>allow_sync|allow_channels|allow_camera_upload|is_open)"
    r":(?P<on>0|1):(?P<tier_id>\d{1,18})",
):
    """Switch something on, or off; `on` is what it shall be."""

    rule = Rule(Right.ADMIN)

    def __init__(self, flag: str, on: int, tier_id: int, label: str = "…") -> None:
        self.flag, self.on, self.tier_id = flag, on, tier_id
        # What is on now is green.
        style = discord.ButtonStyle.secondary if on else discord.ButtonStyle.success
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:tier:set:{flag}:{on}:{tier_id}")
        )


class TurnTiers(Dynamic, DynamicItem[Button[Any]], template=r"helpr:tiers:page:(?P<page>\d{1,4})"):
    """Show a page of all tiers."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, page: int, label: str = "…") -> None:
        self.page = page
        super().__init__(Button(label=label, custom_id=f"helpr:tiers:page:{page}"))


class NewTier(Dynamic, DynamicItem[Button[Any]], template=r"helpr:tiers:new"):
    """Open the form for a new tier."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, label: str = "…") -> None:
        style = discord.ButtonStyle.primary
        super().__init__(Button(style=style, label=label, custom_id="helpr:tiers:new"))


class SetSeats(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:tiers:seats:(?P<link_id>\d{1,18})"
):
    """Open the form for the seats of a server's owner account."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, link_id: int, label: str = "…") -> None:
        self.link_id = link_id
        super().__init__(Button(label=label, custom_id=f"helpr:tiers:seats:{link_id}"))


class PickTier(Dynamic, DynamicItem[Select[Any]], template=r"helpr:tier:pick:(?P<number>\d{1,6})"):
    """Show one tier."""

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
                custom_id=f"helpr:tier:pick:{number}",
                placeholder=placeholder,
                options=options or [],
                id=FIRST_FRESH + number,
            )
        )


class TurnTierLibraries(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:tier:libraries:(?P<tier_id>\d{1,18}):(?P<page>\d{1,4})",
):
    """Show a page of the libraries that a tier may share."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, tier_id: int, page: int, label: str = "…") -> None:
        self.tier_id, self.page = tier_id, page
        super().__init__(Button(label=label, custom_id=f"helpr:tier:libraries:{tier_id}:{page}"))


class ChooseTierLibraries(
    Dynamic,
    DynamicItem[Select[Any]],
    template=r"helpr:tier:choose:(?P<tier_id>\d{1,18}):(?P<page>\d{1,4}):(?P<number>\d{1,6})",
):
    """Choose which libraries of one page a tier shares."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        tier_id: int,
        page: int,
        number: int | None = None,
        options: list[discord.SelectOption] | None = None,
        placeholder: str = "…",
    ) -> None:
        self.tier_id, self.page = tier_id, page
        number = fresh() if number is None else number
        super().__init__(
            Select(
                custom_id=f"helpr:tier:choose:{tier_id}:{page}:{number}",
                placeholder=placeholder,
                min_values=0,
                max_values=max(len(options or []), 1),
                options=options or [],
                id=FIRST_FRESH + number,
            )
        )


class ChooseForTier(
    Dynamic,
    DynamicItem[Select[Any]],
    template=r"helpr:tier:(?P<what>to|on):(?P<tier_id>\d{1,18}):(?P<number>\d{1,6})",
):
    """Choose the tier that its people move `to`, or the server that it is `on`."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        what: str,
        tier_id: int,
        number: int | None = None,
        options: list[discord.SelectOption] | None = None,
        placeholder: str = "…",
    ) -> None:
        self.what, self.tier_id = what, tier_id
        number = fresh() if number is None else number
        super().__init__(
            Select(
                custom_id=f"helpr:tier:{what}:{tier_id}:{number}",
                placeholder=placeholder,
                options=options or [],
                id=FIRST_FRESH + number,
            )
        )


class ChooseTierRole(
    Dynamic,
    DynamicItem[Any],
    template=r"helpr:tier:give:(?P<tier_id>\d{1,18}):(?P<number>\d{1,6})",
):
    """Choose the role that a tier's people get; none is none."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self, tier_id: int, number: int | None = None, menu: RoleSelect[Any] | None = None
    ) -> None:
        self.tier_id = tier_id
        number = fresh() if number is None else number
        menu = menu or RoleSelect(min_values=0)
        menu.custom_id, menu.id = f"helpr:tier:give:{tier_id}:{number}", FIRST_FRESH + number
        super().__init__(menu)

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
    ) -> Self:
        """The menu as it was sent."""
        menu: Any = item
        return cls(int(match["tier_id"]), int(match["number"]), menu)


class ApproveAs(
    Dynamic,
    DynamicItem[Select[Any]],
    template=r"helpr:approve-as:(?P<invite_id>\d{1,18}):(?P<version>\d{1,9})"
    r":(?P<place>card|q\d{1,18}):(?P<number>\d{1,6})",
):
    """Approve a request as it stood at `version`, as the tier that is chosen."""

    rule = Rule(Right.REVIEWER)

    def __init__(
        self,
        invite_id: int,
        version: int,
        place: str = "card",
        number: int | None = None,
        *,
        options: list[discord.SelectOption] | None = None,
        placeholder: str = "…",
    ) -> None:
        self.invite_id, self.version, self.place = invite_id, version, place
        # A card is edited in place: after a refusal the same tier can be chosen again.
        number = fresh() if number is None else number
        super().__init__(
            Select(
                custom_id=f"helpr:approve-as:{invite_id}:{version}:{place}:{number}",
                placeholder=placeholder,
                options=options or [],
                id=FIRST_FRESH + number,
            )
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    TierPage,
    ChangeTier,
    SwitchTier,
    TurnTiers,
    NewTier,
    SetSeats,
    PickTier,
    TurnTierLibraries,
    ChooseTierLibraries,
    ChooseForTier,
    ChooseTierRole,
    ApproveAs,
)
