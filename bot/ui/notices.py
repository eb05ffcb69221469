"""Notices to the admins: what is wrong, what happens meanwhile, and what they can do."""

from typing import Any

import discord
from discord.ui import Item, LayoutView

from bot.domain.notices import Notice, NoticeKind
from bot.domain.panels import PanelKind, PanelProblem
from bot.i18n import Texts, mark
from bot.services.notices import NoticeData
from bot.ui.errors import TEXTS, plex_reason
from bot.ui.items.absence import Vouch
from bot.ui.items.access import RetryAll
from bot.ui.items.plex import Compare
from bot.ui.layout import GREEN, RED, YELLOW, layout
from bot.ui.plain import plain, relative
from bot.ui.standing import problem_line

# As many as one message names.
MOST_PANELS = 10


def notice_card(data: NoticeData, t: Texts) -> LayoutView:
    """One notice; once it is mended the same message says so, and keeps no buttons."""
    if data.notice.cleared_at is not None:
        title = t(_MENDED[data.notice.kind], server=_server(data))
        if data.link is not None and data.link.disconnected_at is not None:
            title = t("{server} was disconnected", server=_server(data))
        mended = t("Mended {when}.", when=relative(data.notice.cleared_at))
        return layout(f"### ✅ {title}", mended, colour=GREEN)
    title, lines, buttons, colour = _OPEN[data.notice.kind](data, t)
    since = "-# " + t("Since {when}", when=relative(data.notice.since))
    return layout(f"### ⚠️ {title}", *lines, since, rows=[buttons], colour=colour)


def notice_parts(data: NoticeData, t: Texts) -> tuple[str, list[Item[Any]]]:
    """What an open notice is about, and the buttons that mend it, for another panel."""
    title, _lines, buttons, _colour = _OPEN[data.notice.kind](data, t)
    return title, buttons


Parts = tuple[str, list[str], list[Item[Any]], discord.Colour]


def _server(data: NoticeData) -> str:
    return plain(data.link.server_name) if data.link and data.link.server_name else "Plex"


def _link_paused(data: NoticeData, t: Texts) -> Parts:
    details = data.notice.details
    key = str(details.get("key", "plex.fault"))
    return (
        t("{server} needs an admin", server=_server(data)),
        [
            t(TEXTS[key]),
            plex_reason(key, str(details.get("reason", "")), t),
            t("Nothing is lost: what waits goes on once this is mended."),
        ],
        [],
        RED,
    )


def breaker_lines(found: Notice, server: str, t: Texts) -> list[str]:
    """How many are missing, and that nothing was concluded from it."""
    return [
        t(
            "{missing} of {n} people with access are missing from the list of {server}.",
            missing=found.details.get("missing", 0),
            n=found.details.get("of", 0),
            server=server,
        ),
        t("That is more likely Plex's mistake, so I changed nothing. I look again by myself."),
    ]


def _breaker(data: NoticeData, t: Texts) -> Parts:
    link_id = data.notice.link_id or 0
    return (
        t("Plex suddenly lists far fewer people"),
        breaker_lines(data.notice, _server(data), t),
        [
            Compare("look", link_id, t("Look again")),
            Compare("trust", link_id, t("They are really gone")),
        ],
        YELLOW,
    )


def _stuck(data: NoticeData, t: Texts) -> Parts:
    count = int(data.notice.details.get("n", 1))
    return (
        t.n("{n} piece of work keeps failing", "{n} pieces of work keep failing", count),
        [t("/plex status shows what it is. I go on trying, slowly.")],
        [RetryAll(t("Try again"))],
        YELLOW,
    )


def _roles(data: NoticeData, t: Texts) -> Parts:
    count = int(data.notice.details.get("n", 1))
    return (
        t.n("{n} person's role needs an admin", "{n} people's roles need an admin", count),
        [
            t("The role of a tier cannot be given or taken. Access to Plex goes on all the same."),
            t("/tier list shows which tier it is, and why. I go on trying, slowly."),
        ],
        [],
        YELLOW,
    )


def _panels(data: NoticeData, t: Texts) -> Parts:
    named = data.notice.details.get("panels", [])
    return (
        t("A panel does not stand where it should"),
        [
            problem_line(PanelKind(kind), int(channel), PanelProblem(problem), t)
            for kind, channel, problem in named[:MOST_PANELS]
        ],
        [],
        YELLOW,
    )


def _people_gone(data: NoticeData, t: Texts) -> Parts:
    details = data.notice.details
    return (
        t("Many people seem to have left at once"),
        [
            t(
                "{missing} of {n} people with access have left Discord, or lost the role of their"
                " tier, within a day.",
                missing=details.get("missing", 0),
                n=details.get("of", 0),
            ),
            t("That may be a mistake, so nobody's access ends by it until you say so."),
        ],
        [Vouch(t("They are really gone"))],
        YELLOW,
    )


def _wrong_codes(data: NoticeData, t: Texts) -> Parts:
    count = int(data.notice.details.get("n", 1))
    return (
        t("Many wrong codes"),
        [
            t("Within an hour people have typed {n} codes or more that do not work here.", n=count),
            t("Codes that I made cannot be guessed. One that you chose can be: /code list shows"
              " them, and /code revoke takes one back. Tries are limited meanwhile."),
        ],
        [],
        YELLOW,
    )  # fmt: skip


_MENDED = {
    NoticeKind.LINK_PAUSED: mark("{server} works again"),
    NoticeKind.BREAKER: mark("Plex's list of people can be trusted again"),
    NoticeKind.ROLES: mark("The roles of tiers are in order again"),
    NoticeKind.PEOPLE_GONE: mark("Those who seemed to have left are settled"),
    NoticeKind.STUCK: mark("Nothing keeps failing any more"),
    NoticeKind.WRONG_CODES: mark("Nobody types wrong codes any more"),
    NoticeKind.PANELS: mark("The panels stand where they should"),
}
_OPEN = {
    NoticeKind.LINK_PAUSED: _link_paused,
    NoticeKind.BREAKER: _breaker,
    NoticeKind.PEOPLE_GONE: _people_gone,
    NoticeKind.STUCK: _stuck,
    NoticeKind.ROLES: _roles,
    NoticeKind.PANELS: _panels,
    NoticeKind.WRONG_CODES: _wrong_codes,
}
