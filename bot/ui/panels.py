"""Panels for staff: the queue, Plex's status, and the libraries' menu."""

from collections.abc import Sequence
from typing import Any

import discord
from discord.ui import Item, LayoutView

from bot.domain.drift import DriftKind
from bot.domain.invites import InviteState
from bot.domain.jobs import (
    ChangeShare,
    ConnectLink,
    FillSeats,
    FollowSignIn,
    ForgetMember,
    GiveRole,
    LookForMember,
    ReconcileLink,
    RunBulk,
    SendMessage,
    ShareInvite,
    ShowCard,
    ShowNotice,
    ShowPanel,
    ShowWish,
    TellMember,
)
from bot.domain.links import LinkState
from bot.domain.logins import without_addresses
from bot.domain.notices import Notice, NoticeKind
from bot.i18n import Texts, mark
from bot.services.links import LibraryChoice, LinkReport
from bot.ui.cards import problem_line
from bot.ui.errors import TEXTS, error_text, plex_reason
from bot.ui.items.access import RetryAll
from bot.ui.items.plex import ChooseLibraries, Compare, TurnLibraries
from bot.ui.items.setup import BeginSignIn
from bot.ui.layout import (
    GREEN,
    RED,
    YELLOW,
    layout,
    notice,
)
from bot.ui.menus import MENU, library_options
from bot.ui.notices import breaker_lines
from bot.ui.plain import mention, plain, relative
from bot.ui.states import state_name

_JOBS = {
    ConnectLink.name: mark("Connect to Plex"),
    FollowSignIn.name: mark("Sign in with Plex"),
    ShareInvite.name: mark("Invite somebody on Plex"),
    ChangeShare.name: mark("Change what Plex shares with somebody"),
    ShowCard.name: mark("Show a card"),
    TellMember.name: mark("Tell a member"),
    ReconcileLink.name: mark("Compare with Plex"),
    ShowNotice.name: mark("Tell the admins"),
    GiveRole.name: mark("Give or take the role of a tier"),
    RunBulk.name: mark("Carry on with a bulk action"),
    LookForMember.name: mark("Look whether somebody is still there"),
    SendMessage.name: mark("Write to a member"),
    ShowPanel.name: mark("Show a panel"),
    ShowWish.name: mark("Show a card"),
    FillSeats.name: mark("Give a free seat to the next in line"),
    ForgetMember.name: mark("Forget somebody who has asked for it"),
}
# Discord's limit for a button's label; and the servers that get buttons of their own.
BUTTON_LABEL = 80
SERVERS = 10
# So many people are named for whom Plex and ledger differ.
DIFFERENT = 5


def status_panel(report: LinkReport, t: Texts, others: Sequence[LinkReport] = ()) -> LayoutView:
    """`/plex status`: each server, whether it answers, and what waits in the whole guild."""
    reports = [report, *others]
    colours = [_colour(one) for one in reports]
    # What is wrong comes first: a tier may have more libraries than a message has room.
    lines = [*_link_lines(report, t), *_breaker_lines(report, t), *_stuck_lines(report, t)]
    for other in others:
        lines += ["", *_link_lines(other, t), *_breaker_lines(other, t)]
    for one in reports:
        lines += ["", *_tier_lines(one, t)]
        if one is report:
            lines += _count_lines(report, t)
        if one.link.reconciled_at is not None:
            lines.append(t("Compared with Plex {when}", when=relative(one.link.reconciled_at)))
        lines += _drift_lines(one, t)
    rows = [_link_buttons(one, t, named=bool(others)) for one in reports[:SERVERS]]
    if report.stuck or report.troubles:
        colours.append(RED)
        rows[0].append(RetryAll(t("Try again")))
    worst = next((colour for colour in (RED, YELLOW) if colour in colours), GREEN)
    return layout(*lines, rows=rows, colour=worst)


def _link_lines(report: LinkReport, t: Texts) -> list[str]:
    """A server, and whether it answers."""
    link = report.link
    lines = ["### " + (plain(link.server_name) or t("Plex server"))]
    if report.status is not None:
        took = max(1, round(report.status.seconds * 1000))
        lines.append("✅ " + t("Connected, answers in {ms} ms", ms=took))
        lines.append(t("Version {version}", version=plain(report.status.version)))
    if report.problem is not None:
        lines.append("⛔ " + error_text(report.problem, t))
        lines.append(plex_reason(report.problem.key, report.problem.reason, t))
    if link.state is not LinkState.CONNECTED:
        lines.append("⏸️ " + t("Invites wait until Plex is connected. I try again every minute."))
        if link.problem_key is not None and report.problem is None:
            lines.append(t(TEXTS[link.problem_key]))
    return lines


def _colour(report: LinkReport) -> discord.Colour:
    if report.link.state is LinkState.PAUSED or (
        report.problem is not None and report.link.state is LinkState.CONNECTED
    ):
        return RED
    is_well = report.link.state is LinkState.CONNECTED and not _breakers(report)
    return GREEN if is_well else YELLOW


def _link_buttons(report: LinkReport, t: Texts, *, named: bool) -> list[Item[Any]]:
    """What can be done about one server; with several each button says which."""
    server = report.link.server_name or "Plex"
    look = t("Compare with Plex now")
    if named:
        look = t("Compare {server} now", server=server)[:BUTTON_LABEL]
    buttons: list[Item[Any]] = [Compare("look", report.link.id, look)]
    if _breakers(report):
        buttons.append(Compare("trust", report.link.id, t("They are really gone")))
    return buttons


def _breakers(report: LinkReport) -> list[Notice]:
    return [
        found
        for found in report.notices
        if found.kind is NoticeKind.BREAKER and found.link_id == report.link.id
    ]


def _breaker_lines(report: LinkReport, t: Texts) -> list[str]:
    """A listing that was not believed; a server without a request channel reads it here alone."""
    server = plain(report.link.server_name) or "Plex"
    return [f"⚠️ {' '.join(breaker_lines(found, server, t))}" for found in _breakers(report)]


def _drift_lines(report: LinkReport, t: Texts) -> list[str]:
    """What Plex holds that the ledger does not; it is told, and not touched."""
    said = {
        DriftKind.LIBRARIES: t.n(
            "{n} person's libraries were changed by hand on Plex",
            "{n} people's libraries were changed by hand on Plex",
            report.drift.get(DriftKind.LIBRARIES, 0),
        ),
        DriftKind.UNKNOWN: t.n(
            "{n} account on Plex is not known here",
            "{n} accounts on Plex are not known here",
            report.drift.get(DriftKind.UNKNOWN, 0),
        ),
        DriftKind.UNWANTED: t.n(
            "{n} suspended person has access on Plex",
            "{n} suspended people have access on Plex",
            report.drift.get(DriftKind.UNWANTED, 0),
        ),
    }
    return [
        f"🔎 {said[kind]}: {_who_differs(report, kind)}"
        for kind in DriftKind
        if report.drift.get(kind)
    ]


def _who_differs(report: LinkReport, kind: DriftKind) -> str:
    """The first of them: a member, or the name of an account that nobody here has asked for."""
    found = [drift for drift in report.drifts if drift.kind is kind]
    names = [
        mention(drift.member_id) if drift.member_id else plain(without_addresses(drift.name)[:40])
        for drift in found[:DIFFERENT]
    ]
    more = ["…"] if report.drift[kind] > len(names) else []
    return ", ".join([*filter(None, names), *more])


def _stuck_lines(report: LinkReport, t: Texts) -> list[str]:
    """Work that keeps failing: what, for whom, and why."""
    if not (report.stuck or report.troubles):
        return []
    lines = ["", "**" + t("This keeps failing:") + "**"]
    lines += [
        f"• {mention(invite.member_id)}: {problem_line(invite, t) or state_name(invite.state, t)}"
        for invite in report.stuck
    ]
    lines += [
        "• "
        + t(
            "{job}, number {n}: failed {tries} times. Reference: {ref}",
            job=t(_JOBS[trouble.job]) if trouble.job in _JOBS else plain(trouble.job),
            n=trouble.subject_id,
            tries=trouble.tries,
            ref=trouble.reference,
        )
        for trouble in report.troubles
    ]
    return lines


def _tier_lines(report: LinkReport, t: Texts) -> list[str]:
    tier = report.tier
    if tier is None:
        return []
    if not tier.libraries:
        return ["⚠️ " + t(TEXTS["tier.no_libraries"], tier=plain(tier.name))]
    titles = t.list(plain(library.title) for library in tier.libraries)
    return [t("Tier {tier}: {titles}", tier=plain(tier.name), titles=titles)]


def _count_lines(report: LinkReport, t: Texts) -> list[str]:
    order = [state for state in InviteState if report.counts.get(state)]
    if not order:
        return [t("No invites yet.")]
    return [f"{report.counts[state]} × {state_name(state, t)}" for state in order]


def connected_panel(choice: LibraryChoice, t: Texts) -> LayoutView:
    """`/plex connect` has worked."""
    found = t.n("{n} library", "{n} libraries", len(choice.libraries))
    shared = t.n("{n} library", "{n} libraries", len(choice.tier.libraries))
    return layout(
        "### " + t("Connected to {server}", server=plain(choice.link.server_name)),
        t("Found {libraries}.", libraries=found),
        t("The tier {tier} shares {libraries}.", tier=plain(choice.tier.name), libraries=shared),
        t("Change that with /plex libraries."),
        rows=[[BeginSignIn(t("Connect another server"))]],
        colour=GREEN,
    )


def libraries_panel(choice: LibraryChoice, page: int, t: Texts) -> LayoutView:
    """The menu of libraries, 25 on a page, with those of the tier chosen."""
    tier = choice.tier
    if not choice.libraries:
        return notice(t("This Plex server has no libraries yet."), colour=YELLOW)
    pages = -(-len(choice.libraries) // MENU)
    page = min(page, pages - 1)
    offered = choice.libraries[page * MENU : (page + 1) * MENU]
    chosen = {library.id for library in tier.libraries}
    menu = ChooseLibraries(
        tier.id, page, library_options(offered, chosen, t), t("Choose libraries")
    )
    turn: list[Item[Any]] = []
    if page > 0:
        turn.append(TurnLibraries(tier.id, page - 1, t("Earlier ones")))
    if page < pages - 1:
        turn.append(TurnLibraries(tier.id, page + 1, t("Later ones")))
    return layout(
        "### " + t("Libraries of the tier {tier}", tier=plain(tier.name)),
        _chosen_line(choice, t),
        "-# " + t("Page {page} of {pages}", page=page + 1, pages=pages) if pages > 1 else None,
        "-# " + t("People who were invited before keep what they have."),
        rows=[[menu], turn],
        colour=GREEN if tier.libraries else YELLOW,
    )


def _chosen_line(choice: LibraryChoice, t: Texts) -> str:
    titles = [plain(library.title) for library in choice.tier.libraries]
    if not titles:
        return "⚠️ " + t("None is chosen, so nobody can be invited. Choose at least one.")
    head = t.n("{n} library is shared:", "{n} libraries are shared:", len(titles))
    return f"{head} {', '.join(titles)}"
