"""The queue and the review card."""

from typing import Any

import discord
from discord.ui import Button, DynamicItem

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import Dynamic

QUEUE = "helpr:standing-queue:"
"""What the ids of the standing queue panel's own button begin with, and of no others."""
CARD = "card"
"""Where a button stands: on the review card, or on a page of `/requests` (`q<after id>`)."""


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


class Undo(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:undo:(?P<invite_id>\d{1,18}):(?P<version>\d{1,9}):(?P<place>card|q\d{1,18})",
):
    """Take back an approval that was not sent yet."""

    rule = Rule(Right.REVIEWER)

    def __init__(
        self, invite_id: int, version: int, place: str = CARD, label: str = "Undo"
    ) -> None:
        self.invite_id, self.version, self.place = invite_id, version, place
        super().__init__(Button(label=label, custom_id=f"helpr:undo:{invite_id}:{version}:{place}"))


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


class OpenQueue(Dynamic, DynamicItem[Button[Any]], template=f"{QUEUE}open"):
    """Show all open requests, privately, by pages."""

    rule = Rule(Right.REVIEWER)

    def __init__(self, label: str = "…") -> None:
        super().__init__(Button(label=label, custom_id=f"{QUEUE}open"))


class PostCards(Dynamic, DynamicItem[Button[Any]], template="helpr:cards:again"):
    """Look after the cards of all open requests; one that is missing is posted again."""

    rule = Rule(Right.REVIEWER)

    def __init__(self, label: str = "…") -> None:
        super().__init__(Button(label=label, custom_id="helpr:cards:again"))


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    Approve,
    Deny,
    Undo,
    TurnQueue,
    OpenQueue,
    PostCards,
)
