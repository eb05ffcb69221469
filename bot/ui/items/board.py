"""The dashboard, the statistics and the audit log."""

from datetime import UTC, datetime
from typing import Any

import discord
from discord.ui import Button, DynamicItem, Select

from bot.domain.audit import AuditFilter
from bot.domain.people import Budget, Right, Rule
from bot.ui.items.base import FIRST_FRESH, Dynamic, fresh

# PostgreSQL's largest number, and Discord's.
_LARGEST = 2**63 - 1
_NO_ACTION = "-"


class TurnBoard(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:board:(?P<way>show|again):(?P<days>7|30|90)",
):
    """Show the dashboard with its last days; `again`: as it is now."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, way: str, days: int, label: str = "…", *, is_on: bool = False) -> None:
        self.way, self.days = way, days
        super().__init__(
            Button(
                style=discord.ButtonStyle.primary if is_on else discord.ButtonStyle.secondary,
                label=label,
                custom_id=f"helpr:board:{way}:{days}",
                disabled=is_on,
            )
        )


class PickInvite(
    Dynamic, DynamicItem[Select[Any]], template=r"helpr:board:pick:(?P<number>\d{1,6})"
):
    """Open the card of one of the people on the dashboard."""

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
                custom_id=f"helpr:board:pick:{number}",
                placeholder=placeholder,
                options=options or [],
                id=FIRST_FRESH + number,
            )
        )


class TurnStats(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:stats:(?P<way>show|file):(?P<days>7|30|90|365)",
):
    """Show the statistics of another period, or get them as a file."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(self, way: str, days: int, label: str = "…", *, is_on: bool = False) -> None:
        self.way, self.days = way, days
        super().__init__(
            Button(
                style=discord.ButtonStyle.primary if is_on else discord.ButtonStyle.secondary,
                label=label,
                custom_id=f"helpr:stats:{way}:{days}",
                disabled=is_on,
            )
        )


class TurnAudit(
    Dynamic,
    DynamicItem[Button[Any]],
    template=r"helpr:audit:(?P<way>newer|older|file):(?P<edge>\d{1,18}):(?P<user>\d{1,19})"
    r":(?P<action>-|[a-z_.]{1,24}):(?P<since>\d{1,8}):(?P<until>\d{1,8})",
):
    """Another page of the audit log, or all of it as a file; times are minutes since 1970."""

    rule = Rule(Right.ADMIN, Budget.NONE)

    def __init__(
        self,
        way: str,
        edge: int,
        label: str = "…",
        *,
        user: int = 0,
        action: str = _NO_ACTION,
        since: int = 0,
        until: int = 0,
    ) -> None:
        self.way, self.edge = way, edge
        self.wanted = AuditFilter(
            user_id=min(user, _LARGEST) or None,
            action=None if action == _NO_ACTION else action,
            since=_instant(since),
            until=_instant(until),
        )
        super().__init__(
            Button(
                label=label,
                custom_id=f"helpr:audit:{way}:{edge}:{user}:{action}:{since}:{until}",
            )
        )

    @classmethod
    def of(cls, way: str, edge: int, wanted: AuditFilter, label: str) -> "TurnAudit":
        """The button for these lines."""
        return cls(
            way,
            edge,
            label,
            user=wanted.user_id or 0,
            action=wanted.action or _NO_ACTION,
            since=_minutes(wanted.since),
            # The last minute counts whole.
            until=_minutes(wanted.until, 59.999),
        )


def _minutes(instant: datetime | None, more: float = 0.0) -> int:
    return max(int(instant.timestamp() + more) // 60, 1) if instant is not None else 0


def _instant(minutes: int) -> datetime | None:
    return datetime.fromtimestamp(minutes * 60, UTC) if minutes else None


ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    TurnBoard,
    PickInvite,
    TurnStats,
    TurnAudit,
)
