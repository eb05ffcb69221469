"""What members with access ask for, and what reviewers decide about it."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import Dynamic

CARD = "card"
LIST = "list"
"""Where a button stands: on a wish's card, or on the page of open ones."""


class AskWish(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:wish:(?P<kind>time|tier):(?P<invite_id>\d{1,18})",
):
    """Open the form that asks for more time, or for another tier."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, kind: str, invite_id: int, label: str = "…") -> None:
        self.kind, self.invite_id = kind, invite_id
        style = discord.ButtonStyle.primary if kind == "time" else discord.ButtonStyle.secondary
        super().__init__(
            Button(style=style, label=label, custom_id=f"helpr:wish:{kind}:{invite_id}")
        )


class TakeWishBack(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:wish_back:(?P<kind>time|tier):(?P<invite_id>\d{1,18})",
):
    """Withdraw one's own wish."""

    rule = Rule(Right.MEMBER)
    in_dms = True

    def __init__(self, kind: str, invite_id: int, label: str = "…") -> None:
        self.kind, self.invite_id = kind, invite_id
        super().__init__(Button(label=label, custom_id=f"helpr:wish_back:{kind}:{invite_id}"))


class GrantWish(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:wish_grant:(?P<wish_id>\d{1,18}):(?P<version>\d{1,9}):(?P<place>card|list)",
):
    """Approve a wish as it stood at `version`."""

    rule = Rule(Right.REVIEWER)

    def __init__(
        self, wish_id: int, version: int, place: str = CARD, label: str = "Approve"
    ) -> None:
        self.wish_id, self.version, self.place = wish_id, version, place
        super().__init__(
            Button(
                style=discord.ButtonStyle.success,
                label=label,
                custom_id=f"helpr:wish_grant:{wish_id}:{version}:{place}",
            )
        )


class RefuseWish(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:wish_refuse:(?P<wish_id>\d{1,18}):(?P<version>\d{1,9}):(?P<place>card|list)",
):
    """Ask for the reason, then deny a wish as it stood at `version`."""

    rule = Rule(Right.REVIEWER)

    def __init__(self, wish_id: int, version: int, place: str = CARD, label: str = "Deny") -> None:
        self.wish_id, self.version, self.place = wish_id, version, place
        super().__init__(
            Button(
                style=discord.ButtonStyle.danger,
                label=label,
                custom_id=f"helpr:wish_refuse:{wish_id}:{version}:{place}",
            )
        )


class Wishes(Dynamic, DynamicItem[Button[Any]], template=r"helpr:wishes:(?P<after>\d{1,18})"):
    """Show the open wishes after an id."""

    rule = Rule(Right.REVIEWER, Budget.NONE)

    def __init__(self, after: int = 0, label: str = "…") -> None:
        self.after = after
        super().__init__(Button(label=label, custom_id=f"helpr:wishes:{after}"))


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    AskWish,
    TakeWishBack,
    GrantWish,
    RefuseWish,
    Wishes,
)
