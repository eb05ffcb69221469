"""What becomes of somebody's access."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import Dynamic


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


class TurnHistory(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:history:(?P<invite_id>\d{1,18}):(?P<way>before|after):(?P<event_id>\d{1,18})",
):
    """Turn a page of the history on somebody's card."""

    rule = Rule(Right.REVIEWER, Budget.NONE)

    def __init__(self, invite_id: int, way: str, event_id: int, label: str = "…") -> None:
        self.invite_id, self.way, self.event_id = invite_id, way, event_id
        super().__init__(
            Button(label=label, custom_id=f"helpr:history:{invite_id}:{way}:{event_id}")
        )


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    Retry,
    RetryAll,
    ChangeAccess,
    ExtendAccess,
    TurnHistory,
)
