"""Standing panels: what each kind shows. A new kind adds its words to `_RENDER` and `MARKS`."""

from collections.abc import Callable
from typing import Any

from discord import ButtonStyle
from discord.ui import ActionRow, Item, LayoutView

from bot.domain.panels import PanelKind, PanelProblem
from bot.domain.people import Asking, GuildSettings
from bot.i18n import Texts, mark
from bot.services.panels import PanelData
from bot.ui.items.requests import CARD, QUEUE, OpenQueue
from bot.ui.items.standing import GET, GetAccess, HaveCode, MyAccess
from bot.ui.layout import BLUE, GREEN, contained, layout, line, text
from bot.ui.queue import queued

MARKS: dict[PanelKind, str] = {
    PanelKind.GET_ACCESS: GET,
    PanelKind.QUEUE: QUEUE,
}
"""What the custom_ids of its buttons begin with, by which a message is known to be such a panel."""

KIND_NAMES: dict[PanelKind, str] = {
    PanelKind.GET_ACCESS: mark("Get access, for members"),
    PanelKind.QUEUE: mark("Waiting requests, for reviewers"),
}
PROBLEMS: dict[PanelProblem, str] = {
    PanelProblem.DELETED: mark(
        "{channel}: {panel}. It was deleted again and again, so I leave it away."
        " /panel post brings it back."
    ),
    PanelProblem.CLOSED: mark(
        "{channel}: {panel}. I may not post there. Please check my permissions in that channel."
    ),
}


def render(data: PanelData, t: Texts) -> LayoutView:
    """What a panel shows, in the guild's language."""
    return _RENDER[data.panel.kind](data, t)


def get_access_panel(data: PanelData, t: Texts) -> LayoutView:
    """For members: how to get access here, and what Helpr will write to whom."""
    return layout(
        "### " + t("Get access to Plex"),
        t((_HOW if data.guild.sign_in else _HOW_TYPED)[data.guild.asking]),
        "-# " + t("Only you can see my answers here. If there is news later, I send you one"
                  " direct message: when your request is decided, as a reminder to accept the"
                  " invite, when your access changes, and before it ends. /my-plex switches direct"
                  " messages off; then the news waits for you there."),
        rows=[_doors(data.guild, t)],
        colour=BLUE,
    )  # fmt: skip


def _doors(guild: GuildSettings, t: Texts) -> list[Item[Any]]:
    mine = MyAccess(t("My access"))
    if guild.asking is Asking.WITH_CODE:
        # There is one way in, so there is one button.
        return [HaveCode(t("I have a code"), ButtonStyle.primary), mine]
    # Behind the first one is signing in too.
    return [GetAccess(t("Get access")), HaveCode(t("I have a code")), mine]


def reviewers_panel(data: PanelData, t: Texts) -> LayoutView:
    """For reviewers: the requests that have waited longest, decided right there."""
    items: list[Item[Any]] = []
    if data.waiting:
        waiting = t.n("{n} request is waiting", "{n} requests are waiting", data.waiting_count)
        items.append(text(f"### {waiting}"))
        for invite in data.waiting:
            items += [line(), *queued(invite, CARD, t)]
    else:
        items.append(text("### " + t("Nobody is waiting"), t("New requests appear here.")))
    items += [line(), ActionRow(OpenQueue(t("Show all")))]
    return contained(*items, colour=BLUE if data.waiting else GREEN)


def problem_line(kind: PanelKind, channel_id: int, problem: PanelProblem, t: Texts) -> str:
    """For admins: which panel does not stand, why, and what to do."""
    name = t(KIND_NAMES[kind])
    return t(PROBLEMS[problem], channel=f"<#{channel_id}>", panel=name)


_HOW: dict[Asking, str] = {
    Asking.FREELY: mark(
        "Press **Get access** and sign in with Plex, or type your Plex account. The admins decide,"
        " and I tell you. With a code from an admin, press **I have a code**."
    ),
    Asking.WITH_CODE: mark(
        "You need a code from an admin here. Press **I have a code** and type it; then sign in with"
        " Plex, or type your Plex account."
    ),
    Asking.SIGNED_IN: mark(
        "Press **Get access** and sign in with Plex: then you are in at once. You can type your"
        " Plex account instead; then the admins decide. With a code from an admin, press"
        " **I have a code**."
    ),
}
_HOW_TYPED: dict[Asking, str] = {
    Asking.FREELY: mark(
        "Press **Get access** and type your Plex account. The admins decide, and I tell you. With a"
        " code from an admin, press **I have a code**."
    ),
    Asking.WITH_CODE: mark(
        "You need a code from an admin here. Press **I have a code**, and type it with your Plex"
        " account."
    ),
}
"""Where nobody can sign in, nobody is let in for it."""
_HOW_TYPED[Asking.SIGNED_IN] = _HOW_TYPED[Asking.FREELY]
_RENDER: dict[PanelKind, Callable[[PanelData, Texts], LayoutView]] = {
    PanelKind.GET_ACCESS: get_access_panel,
    PanelKind.QUEUE: reviewers_panel,
}
