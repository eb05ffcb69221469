"""What Helpr writes to a member by itself: what is about to happen, and what they can do."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from discord.ui import Item, LayoutView

from bot.domain.members import Absence, WishKind, WishState
from bot.domain.messages import Matter
from bot.i18n import Texts
from bot.services.messages import MessageData
from bot.ui.items.messages import ShowMine, SwitchDms
from bot.ui.layout import GREEN, YELLOW, layout
from bot.ui.member import in_time_line
from bot.ui.plain import day, mention, plain, relative
from bot.ui.wishes import time_buttons, wish_lines


def message_panel(
    data: MessageData, t: Texts, *, is_direct: bool = False, mentions: bool = False
) -> LayoutView:
    """One message. `is_direct`: it can be switched off below; `mentions`: it names its reader."""
    title, lines = _WRITE[data.message.kind](data, t)
    invite_id = data.invite.id
    buttons: list[Item[Any]] = [ShowMine(invite_id, data.message.id, t("My access"))]
    if data.message.kind is Matter.ENDING:
        buttons += time_buttons(data.view, t)
    if is_direct:
        buttons.append(SwitchDms("off", invite_id, t("No direct messages")))
    return layout(
        mention(data.message.user_id) if mentions else None,
        f"### {title}",
        *lines,
        rows=[buttons],
        colour=GREEN if data.message.kind is Matter.STAYS else YELLOW,
    )


def _ending(data: MessageData, t: Texts) -> tuple[str, list[str]]:
    asked = [
        one
        for one in data.view.mine.wishes
        if one.kind is WishKind.TIME and one.state is not WishState.GRANTED
    ]
    return t("Your Plex access ends soon"), [
        _ends(data, data.invite.expires_at, t),
        *(wish_lines(asked, t) or [t("Would you like to keep it? Ask the admins for more time.")]),
    ]


def _waits(data: MessageData, t: Texts) -> tuple[str, list[str]]:
    still = data.invite.nudged_at is not None
    title = t("Your invite still waits on Plex") if still else t("Approved! Now accept on Plex")
    return title, [
        t("Plex has sent you an invite. Accept it in Plex's e-mail, or sign in to Plex"
          " and look under Settings, Manage Library Access."),
        in_time_line(data.invite, t),
    ]  # fmt: skip


def _role_lost(data: MessageData, t: Texts) -> tuple[str, list[str]]:
    return t("Your role is gone, and your Plex access ends with it"), [
        _ends(data, data.invite.grace_until, t),
        t("If you get the role back before that, your access stays. If you think this is a mistake,"
          " please ask the admins."),
    ]  # fmt: skip


def _stays(data: MessageData, t: Texts) -> tuple[str, list[str]]:
    if data.message.details.get("why") == Absence.LEFT:
        return t("Welcome back! Your Plex access stays"), [
            t("While you were away your access was about to end. You need not do anything.")
        ]
    return t("You have your role again. Your Plex access stays"), [
        t("You need not do anything."),
    ]


def _ends(data: MessageData, end: datetime | None, t: Texts) -> str:
    if end is None:
        return ""
    server = plain(data.view.link.server_name) if data.view.link else ""
    return t("{server}: your access ends {when}, on {day}.", server=f"**{server or 'Plex'}**",
             when=relative(end), day=day(end))  # fmt: skip


_WRITE: dict[Matter, Callable[[MessageData, Texts], tuple[str, list[str]]]] = {
    Matter.ENDING: _ending,
    Matter.WAITS: _waits,
    Matter.ROLE_LOST: _role_lost,
    Matter.STAYS: _stays,
}
