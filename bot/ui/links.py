"""Letting a Plex server go: which one, and whether really."""

from collections.abc import Sequence

from discord.ui import LayoutView

from bot.domain.links import Link
from bot.i18n import Texts
from bot.services.linking import Leaving
from bot.ui.items.plex import Disconnect
from bot.ui.layout import BLUE, GREEN, YELLOW, layout, notice
from bot.ui.plain import short

# Discord's limit for a button's label; and as many servers as fit.
LABEL = 80
SERVERS = 20


def choose_link_panel(links: Sequence[Link], t: Texts) -> LayoutView:
    """Which of several servers is to be disconnected."""
    buttons = [
        Disconnect("ask", link.id, (link.server_name.strip() or "Plex")[:LABEL])
        for link in links[:SERVERS]
    ]
    rows = [buttons[first : first + 4] for first in range(0, len(buttons), 4)]
    return layout(t("Which server shall I disconnect?"), rows=rows, colour=BLUE)


def disconnect_panel(leaving: Leaving, t: Texts) -> LayoutView:
    """The question before a server is let go, and all that goes with it."""
    server = short(leaving.link.server_name) or "Plex"
    tiers = t.list(map(short, leaving.tiers))
    return layout(
        "### " + t("Disconnect {server}?", server=server),
        t("I forget how to reach it, and its owner's sign-in. Nothing changes on Plex itself, and"
          " nobody has access through me now."),
        t("These tiers are deleted with it: {tiers}", tiers=tiers) if tiers else None,
        "-# " + t("It is named in the settings of the bot's operator, who has to remove it there"
                  " too, or it comes back when the bot starts.")
        if leaving.link.from_home else None,
        rows=[
            [
                Disconnect("yes", leaving.link.id, t("Disconnect")),
                Disconnect("no", leaving.link.id, t("Keep it")),
            ]
        ],
        colour=YELLOW,
    )  # fmt: skip


def disconnected_notice(link: Link, t: Texts) -> LayoutView:
    """It is done."""
    server = short(link.server_name) or "Plex"
    return notice(
        t("{server} is disconnected, and its sign-in erased. /plex connect brings it back.",
          server=server),
        colour=GREEN,
    )  # fmt: skip
