"""The list of codes."""

from typing import Any

from discord.ui import Button, DynamicItem

from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import Dynamic


class RevokeCode(
    Dynamic, DynamicItem[Button[Any]], template=r"helpr:codes:revoke:(?P<code_id>\d{1,18})"
):
    """Let nobody use a code any more."""

    rule = Rule(Right.ADMIN)

    def __init__(self, code_id: int, label: str = "Revoke") -> None:
        self.code_id = code_id
        super().__init__(Button(label=label, custom_id=f"helpr:codes:revoke:{code_id}"))


class TurnCodes(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:codes:turn:(?P<way>newer|older):(?P<code_id>\d{1,18})",
):
    """Turn a page of `/code list`."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, way: str, code_id: int, label: str = "…") -> None:
        self.way, self.code_id = way, code_id
        super().__init__(Button(label=label, custom_id=f"helpr:codes:turn:{way}:{code_id}"))


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    RevokeCode,
    TurnCodes,
)
