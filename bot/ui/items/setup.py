"""The steps of `/setup`."""

import re
from typing import Any, Self

import discord
from discord.ui import Button, ChannelSelect, DynamicItem, RoleSelect, Select

from bot.domain.people import Budget, Right, Rule
from bot.domain.setup import Step
from bot.ui.items.base import FIRST_FRESH, Dynamic, fresh

STEPS = "|".join(Step)
# By which way somebody came to a step: through all of them, or to this one alone.
WAYS = "on|alone"
ON, ALONE = WAYS.split("|")
KEYS = "request_channel_id|reviewer_role_ids|asking"


class OpenSetup(Dynamic, DynamicItem[Button[Any]], template=r"helpr:setup:open"):
    """`/setup` from a message that everybody sees."""

    rule = Rule(Right.ADMIN)

    def __init__(self, label: str = "Set up") -> None:
        style = discord.ButtonStyle.primary
        super().__init__(Button(style=style, label=label, custom_id="helpr:setup:open"))


class ShowStep(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:setup:step:(?P<step>{STEPS}):(?P<way>{WAYS})",
):
    """Show a step as it stands now."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self, step: str, way: str = ON, label: str = "…", *, primary: bool = False
    ) -> None:
        self.step, self.way = Step(step), way
        style = discord.ButtonStyle.primary if primary else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:setup:step:{step}:{way}")
        )


class BeginSignIn(Dynamic, DynamicItem[Button[Any]], template=r"helpr:setup:sign-in"):
    """Sign in with Plex to link a server, from the beginning."""

    rule = Rule(Right.ADMIN)

    def __init__(self, label: str = "Start again") -> None:
        super().__init__(Button(label=label, custom_id="helpr:setup:sign-in"))


class LinkServer(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:setup:server:(?P<sign_in_id>\d{1,18}):(?P<number>\d{1,3})",
):
    """Link one of the servers of the account that has signed in."""

    rule = Rule(Right.ADMIN)

    def __init__(self, sign_in_id: int, number: int, label: str = "…") -> None:
        self.sign_in_id, self.number = sign_in_id, number
        super().__init__(
            Button(
                style=discord.ButtonStyle.primary,
                label=label,
                custom_id=f"helpr:setup:server:{sign_in_id}:{number}",
            )
        )


class TurnSetup(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:setup:page:(?P<tier_id>\d{{1,18}}):(?P<page>\d{{1,9}}):(?P<way>{WAYS})",
):
    """Turn a page of the libraries' menu."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, tier_id: int, page: int, way: str = ON, label: str = "…") -> None:
        self.tier_id, self.page, self.way = tier_id, page, way
        super().__init__(Button(label=label, custom_id=f"helpr:setup:page:{tier_id}:{page}:{way}"))


class ShareAll(
    Dynamic,
    DynamicItem[Button[Any]],
    template=rf"helpr:setup:all:(?P<tier_id>\d{{1,18}}):(?P<way>{WAYS})",
):
    """Let a tier share every library that the server has now."""

    rule = Rule(Right.ADMIN)

    def __init__(self, tier_id: int, way: str = ON, label: str = "…") -> None:
        self.tier_id, self.way = tier_id, way
        super().__init__(Button(label=label, custom_id=f"helpr:setup:all:{tier_id}:{way}"))


class ChooseShared(
    Dynamic,
    DynamicItem[Select[Any]],
    template=(
        rf"helpr:setup:shared:(?P<tier_id>\d{{1,18}}):(?P<page>\d{{1,9}}):(?P<way>{WAYS})"
        r":(?P<number>\d{1,6})"
    ),
):
    """Choose which libraries of one page the tier shares."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        tier_id: int,
        page: int,
        way: str = ON,
        number: int | None = None,
        *,
        options: list[discord.SelectOption] | None = None,
    ) -> None:
        self.tier_id, self.page, self.way = tier_id, page, way
        number = fresh() if number is None else number
        super().__init__(
            Select(
                custom_id=f"helpr:setup:shared:{tier_id}:{page}:{way}:{number}",
                min_values=0,
                max_values=max(len(options or []), 1),
                options=options or [],
                id=FIRST_FRESH + number,
            )
        )


class SetUpSetting(
    Dynamic,
    DynamicItem[Any],
    template=rf"helpr:setup:set:(?P<key>{KEYS}):(?P<way>{WAYS}):(?P<number>\d{{1,6}})",
):
    """Choose the channel, the roles or the way of asking; what was chosen is `ids_and_values`."""

    rule = Rule(Right.ADMIN)

    def __init__(
        self,
        key: str,
        way: str = ON,
        number: int | None = None,
        menu: ChannelSelect[Any] | RoleSelect[Any] | Select[Any] | None = None,
    ) -> None:
        self.key, self.way = key, way
        number = fresh() if number is None else number
        menu = menu or ChannelSelect()
        menu.custom_id, menu.id = f"helpr:setup:set:{key}:{way}:{number}", FIRST_FRESH + number
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
        return cls(match["key"], match["way"], int(match["number"]), menu)


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    OpenSetup,
    ShowStep,
    BeginSignIn,
    LinkServer,
    TurnSetup,
    ShareAll,
    ChooseShared,
    SetUpSetting,
)
