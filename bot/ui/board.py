"""The dashboard: one message that says how everything is, and what needs somebody."""

from collections.abc import Sequence
from typing import Any

import discord
from discord.ui import ActionRow, Item, LayoutView, MediaGallery

from bot.domain.board import ACCEPTANCES, APPROVALS, MOST, PERIODS, REQUESTS, RecentInvite
from bot.domain.drift import DriftKind
from bot.domain.invites import InviteState
from bot.domain.links import LinkState
from bot.domain.logins import without_addresses
from bot.i18n import Texts
from bot.services.board import PATIENCE, Board, ServerView
from bot.ui.charts import picture
from bot.ui.errors import TEXTS, error_text, plex_reason
from bot.ui.figures import bars_of, daily_part
from bot.ui.items.access import RetryAll
from bot.ui.items.board import PickInvite, TurnBoard
from bot.ui.items.plex import Compare
from bot.ui.items.requests import OpenQueue
from bot.ui.layout import GREEN, RED, YELLOW, contained, fitting, line, text
from bot.ui.notices import notice_parts
from bot.ui.plain import mention, plain, relative
from bot.ui.states import state_name

PICTURE = "dashboard.png"
# Discord's limit for the words that stand for a picture, with room to spare.
ALT_LENGTH = 250
# Together they stay within what one message may say, whatever servers and titles are called.
HEAD_LENGTH, NEEDS_LENGTH, RECENT_LENGTH, FIGURES_LENGTH = 1000, 400, 2100, 280
SERVERS, STREAMS, TITLE_LENGTH, TIER_LENGTH = 5, 3, 60, 20
BUTTONS = 5

_COMING = (InviteState.APPROVED, InviteState.SENDING, InviteState.SENT)


def board_panel(board: Board, t: Texts, *, has_picture: bool) -> LayoutView:
    """The whole dashboard, for a picture that is attached as `PICTURE`, or without one."""
    needs, buttons = _needs(board, t)
    items: list[Item[Any]] = [text(*_head(board, t), limit=HEAD_LENGTH)]
    if needs or buttons:
        items.append(line())
        items.append(text(*(needs or [t("Nothing needs you but what waits.")]), limit=NEEDS_LENGTH))
        items += [ActionRow(*buttons)] if buttons else []
    items += [line(), text(_period_line(board, t))]
    if has_picture:
        shown = discord.MediaGalleryItem(f"attachment://{PICTURE}", description=_alt(board, t))
        items.append(MediaGallery(shown))
    else:
        items.append(text(*_without_picture(board, t), limit=FIGURES_LENGTH))
    items += [ActionRow(*_periods(board, t)), line(), *_recent(board, t)]
    colour = RED if _is_broken(board) else YELLOW if needs else GREEN
    return contained(*items, colour=colour)


def board_picture(board: Board, t: Texts) -> str:
    """The picture, as SVG: what happened by day, and who has which tier."""
    parts = [daily_part(board.daily, t)]
    if people := board.people_by_tier():
        parts.append(bars_of(t("People by tier"), people, t))
    return picture(*parts)


# -- how it is ------------------------------------------------------------------------------------


def _head(board: Board, t: Texts) -> list[str]:
    lines = ["### " + t("Dashboard")]
    if not board.servers:
        lines.append("⚠️ " + t(TEXTS["plex.not_set_up"]))
    for server in board.servers[:SERVERS]:
        lines += _server_lines(server, t)
    coming = board.count(*_COMING)
    seatless = board.count(InviteState.WAITLISTED)
    in_line = [(t("Waiting list"), seatless)] if seatless else []
    lines.append("")
    lines.append(
        " · ".join(
            f"{name}: **{n}**"
            for name, n in (
                (t("Waiting"), _waiting(board)),
                *in_line,
                (t("On the way"), coming),
                (t("Active"), board.count(InviteState.ACTIVE)),
                (t("Suspended"), board.count(InviteState.SUSPENDED)),
            )
        )
    )
    ending = _at_most(board.attention.ending, t)
    failed = board.count(InviteState.FAILED)
    lines.append(
        f"{t('Ending within 7 days')}: **{ending}** · {t('Refused by Plex')}: **{failed}**"
    )
    return lines + _drift_lines(board, t)


def _waiting(board: Board) -> int:
    return board.count(InviteState.REQUESTED)


def _server_lines(server: ServerView, t: Texts) -> list[str]:
    link, seats = server.link, server.seats
    name = f"**{plain(link.server_name[:TITLE_LENGTH]) or t('Plex server')}**"
    taken = t("Seats: {taken} of {seats} taken", taken=seats.taken, seats=link.seats)
    if seats.unknown:
        taken += ", " + t.n(
            "{n} of them by a share that is not known here",
            "{n} of them by shares that are not known here",
            seats.unknown,
        )
    return [f"{name} {_health(server, t)}", taken]


def _health(server: ServerView, t: Texts) -> str:
    if server.is_late:
        said = t("Plex has not answered within {seconds} s; the rest is from my own records.",
                 seconds=f"{PATIENCE:g}")  # fmt: skip
        return f"⏳ {said}"
    if server.problem is not None:
        reason = plex_reason(server.problem.key, server.problem.reason, t)
        return f"⛔ {error_text(server.problem, t)} {reason}".rstrip()
    if server.activity is None:
        return ""
    took = t("answers in {ms} ms", ms=max(1, round(server.activity.seconds * 1000)))
    streams = server.activity.streams
    if not streams:
        return f"✅ {took} · {t('nobody is watching')}"
    count = t.n("{n} stream", "{n} streams", len(streams))
    titles = [
        plain(without_addresses(one.title)[:TITLE_LENGTH]) + (" ⏸️" if one.is_paused else "")
        for one in streams[:STREAMS]
    ]
    more = ["…"] if len(streams) > STREAMS else []
    return f"✅ {took} · {count}: {', '.join([*filter(None, titles), *more])}"


def _drift_lines(board: Board, t: Texts) -> list[str]:
    """How much differs; /plex status names whom."""
    found = board.drift
    said = {
        DriftKind.LIBRARIES: t.n(
            "{n} person's libraries were changed by hand on Plex",
            "{n} people's libraries were changed by hand on Plex",
            found.get(DriftKind.LIBRARIES, 0),
        ),
        DriftKind.UNKNOWN: t.n(
            "{n} share on Plex is not known here",
            "{n} shares on Plex are not known here",
            found.get(DriftKind.UNKNOWN, 0),
        ),
        DriftKind.UNWANTED: t.n(
            "{n} suspended person has a share on Plex",
            "{n} suspended people have a share on Plex",
            found.get(DriftKind.UNWANTED, 0),
        ),
    }
    return [f"🔎 {said[kind]}" for kind in DriftKind if found.get(kind)]


def _at_most(n: int, t: Texts) -> str:
    return str(n) if n < MOST else t("{n} or more", n=MOST)


# -- what needs somebody --------------------------------------------------------------------------


def _needs(board: Board, t: Texts) -> tuple[list[str], list[Item[Any]]]:
    """What an admin has to look at, and the buttons for it."""
    lines: list[str] = []
    buttons: list[Item[Any]] = []
    if waiting := _waiting(board):
        buttons.append(OpenQueue(t("Requests ({n})", n=waiting)))
    for notice in board.notices:
        title, own = notice_parts(notice, t)
        lines.append(f"⚠️ {title}")
        buttons += own
    stuck = board.attention.stuck + len(board.troubles)
    if stuck:
        lines.append("⚠️ " + t("Work that keeps failing: {n}", n=_at_most(stuck, t)))
        buttons.append(RetryAll(t("Try again")))
    if board.attention.roles:
        people = _at_most(board.attention.roles, t)
        lines.append("⚠️ " + t("People whose role I could not give or take: {n}", n=people))
    lines += [
        "⏸️ " + t("Invites wait until {server} is connected.", server=_name(server, t))
        for server in board.servers[:SERVERS]
        if server.link.state is not LinkState.CONNECTED
    ]
    if board.drift and board.servers:
        buttons.append(Compare("look", board.servers[0].link.id, t("Compare with Plex now")))
    return lines, _once(buttons)


def _name(server: ServerView, t: Texts) -> str:
    return plain(server.link.server_name[:TITLE_LENGTH]) or t("Plex server")


def _once(buttons: Sequence[Item[Any]]) -> list[Item[Any]]:
    """Each button once, however many things it mends."""
    found = {getattr(one, "custom_id", ""): one for one in buttons}
    return list(found.values())[:BUTTONS]


def _is_broken(board: Board) -> bool:
    return any(
        server.problem is not None or server.link.state is LinkState.PAUSED
        for server in board.servers
    )


# -- what happened --------------------------------------------------------------------------------


def _sums(board: Board, t: Texts) -> str:
    daily = board.daily
    return t(
        "Requests: {requests}, approvals: {approvals}, acceptances: {acceptances}",
        requests=sum(daily.of(REQUESTS)),
        approvals=sum(daily.of(APPROVALS)),
        acceptances=sum(daily.of(ACCEPTANCES)),
    )


def _period_line(board: Board, t: Texts) -> str:
    days = t.n("Last {n} day", "Last {n} days", board.daily.days)
    return f"**{days}** · {_sums(board, t)}"


def _tier_words(board: Board) -> str:
    return ", ".join(f"{plain(name[:TITLE_LENGTH])}: {n}" for name, n in board.people_by_tier()[:8])


def _alt(board: Board, t: Texts) -> str:
    """What the picture says, for whoever cannot see it."""
    whole = ". ".join(filter(None, [_sums(board, t), _tier_words(board)]))
    return whole[:ALT_LENGTH]


def _without_picture(board: Board, t: Texts) -> list[str]:
    tiers = _tier_words(board)
    return [
        f"{t('People by tier')}: {tiers}" if tiers else "",
        "-# " + t("The picture could not be made this time. The figures are all here."),
    ]


def _periods(board: Board, t: Texts) -> list[Item[Any]]:
    present = board.daily.days
    turns: list[Item[Any]] = [
        TurnBoard("show", n, t.n("{n} day", "{n} days", n), is_on=n == present) for n in PERIODS
    ]
    return [*turns, TurnBoard("again", present, t("Look again"))]


def _recent(board: Board, t: Texts) -> list[Item[Any]]:
    """The latest invites as one text, numbered like the options of the menu below it."""
    if not board.recent:
        return [text(t("No invites yet."))]
    lines = [
        f"{number}. {mention(one.member_id)} · {state_name(one.state, t)}"
        f"{_tier(one)} · {relative(one.requested_at)}"
        for number, one in enumerate(board.recent, 1)
    ]
    options = [
        discord.SelectOption(
            label=f"{number}. {state_name(one.state, t)}"[:100],
            value=str(one.id),
            description=(one.tier or "")[:100] or None,
        )
        for number, one in enumerate(board.recent, 1)
    ]
    latest = t("Latest invites")
    menu = PickInvite(options=options, placeholder=t("Open one of them"))
    return [text(f"**{latest}**", *fitting(lines, RECENT_LENGTH)), ActionRow(menu)]


def _tier(one: RecentInvite) -> str:
    return f" · {plain(one.tier[:TIER_LENGTH])}" if one.tier else ""
