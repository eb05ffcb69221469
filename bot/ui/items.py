"""Every button and menu that stays in a sent message: found again by its custom_id, any time later.

discord.py finds a DynamicItem by its pattern, also after a restart. What it stands for is all in
the custom_id; what happens is decided behind the door (`bot.tree`), never here.
"""

import re
import secrets
from typing import Any, ClassVar, Self

import discord
from discord.ui import Button, ChannelSelect, DynamicItem, RoleSelect, Select

from bot.domain.errors import Refused
from bot.domain.guild_settings import CHOSEN_KEYS, TYPED_KEYS
from bot.domain.people import Budget, Right, Rule

CARD = "card"
"""Where a button stands: on the review card, or on a page of `/requests` (`q<after id>`)."""

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


class Dynamic:
    """What all of Helpr's DynamicItems share."""

    rule: ClassVar[Rule]

    @classmethod
    async def from_custom_id(
        cls,
        _interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
    ) -> Self:
        """The item as it was when it was sent; the label does not matter any more."""
        found = {
            name: int(value) if value.isdecimal() else value
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


class Approve(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:approve:(?P<invite_id>\d{1,18}):(?P<version>\d{1,9}):(?P<place>card|q\d{1,18})",
):
    """Approve a request as it stood at `version`."""

    rule = Rule(Right.REVIEWER)

    def __init__(
        self, invite_id: int, version: int, place: str = CARD, label: str = "Approve"
    ) -> None:
        self.invite_id, self.version, self.place = invite_id, version, place
        super().__init__(
            Button(
                style=discord.ButtonStyle.success,
                label=label,
                custom_id=f"helpr:approve:{invite_id}:{version}:{place}",
            )
        )


class Deny(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:deny:(?P<invite_id>\d{1,18}):(?P<version>\d{1,9}):(?P<place>card|q\d{1,18})",
):
    """Ask for the reason, then deny a request as it stood at `version`."""

    rule = Rule(Right.REVIEWER)

    def __init__(
        self, invite_id: int, version: int, place: str = CARD, label: str = "Deny"
    ) -> None:
        self.invite_id, self.version, self.place = invite_id, version, place
        super().__init__(
            Button(
                style=discord.ButtonStyle.danger,
                label=label,
                custom_id=f"helpr:deny:{invite_id}:{version}:{place}",
            )
        )


class TurnQueue(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:queue:(?P<way>after|before):(?P<invite_id>\d{1,18})",
):
    """Turn a page of `/requests`."""

    rule = Rule(Right.REVIEWER, Budget.NONE)

    def __init__(self, way: str, invite_id: int, label: str = "…") -> None:
        self.way, self.invite_id = way, invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:queue:{way}:{invite_id}"))


class PostCards(Dynamic, DynamicItem[Button[Any]], template="helpr:cards:again"):
    """Look after the cards of all open requests; one that is missing is posted again."""

    rule = Rule(Right.REVIEWER)

    def __init__(self, label: str = "…") -> None:
        super().__init__(Button(label=label, custom_id="helpr:cards:again"))


class Withdraw(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:withdraw:(?P<invite_id>\d{1,18})"
):
    """Take one's own request back."""

    rule = Rule(Right.MEMBER)

    def __init__(self, invite_id: int, label: str = "Withdraw") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:withdraw:{invite_id}"))


class Leave(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:leave:(?P<step>ask|yes|no):(?P<invite_id>\d{1,18})",
):
    """Give one's own access up: first a question, then the deed."""

    rule = Rule(Right.MEMBER)

    def __init__(self, step: str, invite_id: int, label: str = "Leave") -> None:
        self.step, self.invite_id = step, invite_id
        style = discord.ButtonStyle.danger if step == "yes" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:leave:{step}:{invite_id}")
        )


class Retry(Dynamic, DynamicItem[Button[Any]], template=r"helpr:retry:(?P<invite_id>\d{1,18})"):
    """Try again what keeps failing, or what Plex has refused."""

    rule = Rule(Right.ADMIN)

    def __init__(self, invite_id: int, label: str = "Try again") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:retry:{invite_id}"))


class RetryAll(Dynamic, DynamicItem[Button[Any]], template=r"helpr:retry-all"):
    """Try everything again that keeps failing in this guild."""

    rule = Rule(Right.ADMIN)

    def __init__(self, label: str = "Try again") -> None:
        super().__init__(Button(label=label, custom_id="helpr:retry-all"))


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


class ChangeAccess(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:access:(?P<what>suspend|restore|rest|revoke):(?P<invite_id>\d{1,18})",
):
    """What an admin does to somebody's access; `rest` restores without the libraries that went."""

    rule = Rule(Right.ADMIN)

    def __init__(self, what: str, invite_id: int, label: str = "…") -> None:
        self.what, self.invite_id = what, invite_id
        style = discord.ButtonStyle.danger if what == "revoke" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:access:{what}:{invite_id}")
        )


class ExtendAccess(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:extend:(?P<invite_id>\d{1,18})"
):
    """Ask until when access shall last."""

    rule = Rule(Right.REVIEWER)

    def __init__(self, invite_id: int, label: str = "Extend") -> None:
        self.invite_id = invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:extend:{invite_id}"))


class TurnLibraries(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:libraries:turn:(?P<page>\d{1,9})"
):
    """Turn a page of the libraries' menu."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, page: int, label: str = "…") -> None:
        self.page = page
        super().__init__(Button(label=label, custom_id=f"helpr:libraries:turn:{page}"))


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


def _fresh() -> int:
    """A number for a menu that comes back in the same message.

    Discord's clients remember a menu's choice by its ids, and do not let the same be chosen again.
    """
    return secrets.randbelow(10**6)


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
        number = _fresh() if number is None else number
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
        number = _fresh() if number is None else number
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


ALL_ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    Approve,
    Deny,
    TurnQueue,
    PostCards,
    Withdraw,
    Leave,
    Retry,
    RetryAll,
    Compare,
    ChangeAccess,
    ExtendAccess,
    TurnLibraries,
    ChooseLibraries,
    PickSetting,
    ShowSettings,
    TypeSetting,
    ResetSetting,
    ChooseSetting,
)
