"""The panels of tiers: all of them as one list, and one tier with everything about it."""

from typing import Any

import discord
from discord.ui import ActionRow, Item, LayoutView

from bot.domain.invites import Invite
from bot.domain.links import Tier
from bot.domain.roles import RoleProblem
from bot.domain.tiers import NAME_LENGTH
from bot.i18n import Texts, mark
from bot.services.tiers import LinkSeats, TierList, TierView
from bot.ui.filters import filter_lines
from bot.ui.items.tiers import (
    ApproveAs,
    ChangeTier,
    NewTier,
    PickTier,
    SetSeats,
    SwitchTier,
    TierPage,
    TurnTierLibraries,
    TurnTiers,
)
from bot.ui.layout import BLUE, GREEN, YELLOW, apart, layout
from bot.ui.plain import plain

# So many tiers stand on a page of all of them: each has a line.
LISTED = 10
# Discord's limits for the options of a menu, and for one option's text and a button's.
MENU = 25
OPTION = 100
BUTTON = 80
# Buttons for the seats of so many servers fit into one row.
SERVERS = 5
# As much of the libraries' names as a panel shows.
TITLES = 900

ALLOWED = {
    "allow_sync": mark("Downloads"),
    "allow_channels": mark("Live TV"),
    "allow_camera_upload": mark("Camera upload"),
}
ROLE_PROBLEMS: dict[RoleProblem, str] = {
    RoleProblem.GONE: mark("the role does not exist any more: choose another one"),
    RoleProblem.FORBIDDEN: mark(
        "I may not: give me Manage Roles, and move my own role above this one"
    ),
    RoleProblem.MEMBER_GONE: mark("they are not in this server"),
    RoleProblem.STAFF: mark("the role is one of the reviewers' or admins'"),
    RoleProblem.UNREACHED: mark("Discord does not answer; I keep trying"),
}


def tiers_panel(found: TierList, page: int, t: Texts, *, saved: bool = False) -> LayoutView:
    """`/tier list`: each tier in a line, the seats of each server, and the ways on."""
    pages = max(-(-len(found.tiers) // LISTED), 1)
    page = min(page, pages - 1)
    shown = found.tiers[page * LISTED : (page + 1) * LISTED]
    rows: list[list[Item[Any]]] = []
    if shown:
        rows.append([PickTier(options=[_option(tier, t) for tier in shown],
                              placeholder=t("Show and change a tier"))])  # fmt: skip
    turn: list[Item[Any]] = [NewTier(t("New tier"))]
    if page > 0:
        turn.append(TurnTiers(page - 1, t("Earlier ones")))
    if page < pages - 1:
        turn.append(TurnTiers(page + 1, t("Later ones")))
    seats: list[Item[Any]] = [
        SetSeats(one.link.id, _button(t("Seats of {server}", server=_server(one.link))))
        for one in found.seats[:SERVERS]
    ]
    rows += [[*turn, *seats]] if len(turn) + len(seats) <= SERVERS else [turn, seats]
    return layout(
        "### " + t("Tiers"),
        "✅ " + t("Saved.") if saved else None,
        *(_tier_line(tier, found, t) for tier in shown),
        apart("\n".join(_seats_line(one, t) for one in found.seats[:SERVERS])),
        "-# " + t("Page {page} of {pages}", page=page + 1, pages=pages) if pages > 1 else None,
        rows=rows,
        colour=GREEN if saved else BLUE,
    )


def _tier_line(tier: Tier, found: TierList, t: Texts) -> str:
    held, waiting = found.held.get(tier.id, 0), found.waiting.get(tier.id, 0)
    facts = [
        t.n("{n} library", "{n} libraries", len(tier.libraries)),
        _held(held, tier, t),
        t("{n} waiting", n=waiting) if waiting else "",
        _lasts(tier, t) if tier.duration_days else "",
        t("members may ask for it") if tier.is_open else "",
        "🗑️ " + t("is being deleted") if tier.leaving_for else "",
        "⚠️" if tier.id in found.role_problems or not tier.libraries else "",
    ]
    default = " · " + t("default") if tier.is_default else ""
    return f"**{plain(tier.name)}**{default} · " + " · ".join(filter(None, facts))


def _held(held: int, tier: Tier, t: Texts) -> str:
    if tier.seats is None:
        return t.n("{n} person", "{n} people", held)
    return t("{n} of {seats} seats", n=held, seats=tier.seats)


def _lasts(tier: Tier, t: Texts) -> str:
    if tier.duration_days is None:
        return t("without an end")
    return t.n("{n} day", "{n} days", tier.duration_days)


def _seats_line(one: LinkSeats, t: Texts) -> str:
    server = plain(_server(one.link))
    line = t("{server}: {taken} of {seats} seats are taken.",
             server=server, taken=one.taken, seats=one.link.seats)  # fmt: skip
    if one.unknown:
        line += " " + t.n(
            "{n} of them by an account that is not known here.",
            "{n} of them by accounts that are not known here.",
            one.unknown,
        )
    return f"💺 {line}"


def _server(link: Any) -> str:
    return link.server_name.strip()[:NAME_LENGTH] or "Plex"


def _button(label: str) -> str:
    return label if len(label) <= BUTTON else label[: BUTTON - 1] + "…"


def _option(tier: Tier, t: Texts) -> discord.SelectOption:
    facts = [
        t.n("{n} library", "{n} libraries", len(tier.libraries)),
        _lasts(tier, t) if tier.duration_days else "",
        t("default") if tier.is_default else "",
    ]
    return discord.SelectOption(
        label=tier.name[:OPTION],
        value=str(tier.id),
        description=" · ".join(filter(None, facts))[:OPTION],
    )


def tier_panel(view: TierView, t: Texts, *, saved: bool = False, warning: str = "") -> LayoutView:
    """One tier: all that it says, what is wrong, and a way to change each of it."""
    tier = view.tier
    if view.target is not None:
        return _leaving_panel(view, t)
    troubles = trouble_lines(view, t)
    lines = [
        "### " + t("Tier {tier}", tier=plain(tier.name)),
        "✅ " + t("Saved.") if saved else "",
        "⚠️ " + warning if warning else "",
        # What is wrong comes first: the rest may be more than a message has room for.
        *troubles,
        _differing_line(view, t),
        *_facts(view, t),
    ]
    has_warning = troubles or warning
    colour = YELLOW if has_warning else GREEN if saved else BLUE
    return layout(*lines, rows=_tier_rows(view, t), colour=colour)


def _facts(view: TierView, t: Texts) -> list[str]:
    tier = view.tier
    allowed = [t(name) for flag, name in ALLOWED.items() if getattr(tier.settings, flag)]
    return [
        t("This is the default tier: whoever names no other gets it. To delete it, make another one"
            " the default first.")
        if tier.is_default
        else "",
        f"**{t('Server')}**: {plain(_server(view.link))}" if len(view.links) > 1 else "",
        f"**{t('Libraries')}**: {titles_of(tier, t)}",
        f"**{t('Allowed too')}**: {', '.join(allowed) or t('nothing')}",
        *filter_lines(tier, t),
        f"**{t('Access lasts')}**: {_lasts(tier, t)}",
        f"**{t('Seats')}**: {_seats_words(view, t)}",
        f"**{t('Role')}**: "
        + (t("{role}, while access is active", role=f"<@&{tier.role_id}>")
           if tier.role_id else t("none")),
        f"**{t('Members')}**: " + (t("may ask for it") if tier.is_open else t("cannot ask for it")),
    ]  # fmt: skip


def _seats_words(view: TierView, t: Texts) -> str:
    if view.tier.seats is None:
        held = t.n("{n} person has it", "{n} people have it", view.held)
        return held + ", " + t("only the server's own limit counts")
    return t("{n} of {seats} are taken", n=view.held, seats=view.tier.seats)


def titles_of(tier: Tier, t: Texts) -> str:
    """The libraries' names, as many as there is room for, and how many there are."""
    titles = t.list(plain(library.title) for library in tier.libraries)
    if not titles:
        return t("none")
    if len(titles) > TITLES:
        titles = titles[:TITLES].rsplit(",", 1)[0] + ", …"
    count = len(tier.libraries)
    return f"{titles} ({count})" if count > 1 else titles


def trouble_lines(view: TierView, t: Texts) -> list[str]:
    """What is wrong with a tier."""
    lines = []
    if not view.tier.libraries:
        lines.append("⚠️ " + t("It has no libraries, so nobody can be given it."))
    if view.tier.is_open and not view.tier.libraries:
        lines.append(t("Members see it once it has some."))
    for problem, count in sorted(view.role_problems.items()):
        who = t.n("Role of {n} person", "Role of {n} people", count)
        lines.append(f"⚠️ {who}: {t(ROLE_PROBLEMS[problem])}.")
    return lines


def role_line(invite: Invite, t: Texts) -> str:
    """Why somebody has not got the role of their tier, or has it still."""
    if invite.role_problem is None:
        return ""
    return f"⚠️ {t('Role')}: {t(ROLE_PROBLEMS[RoleProblem(invite.role_problem)])}."


def _differing_line(view: TierView, t: Texts) -> str:
    if not view.differing:
        return ""
    return "🔸 " + t.n(
        "On Plex, {n} person with this tier still has something else. Give them what it says now?",
        "On Plex, {n} people with this tier still have something else. Give them what it says now?",
        view.differing,
    )


def _tier_rows(view: TierView, t: Texts) -> list[list[Item[Any]]]:
    tier = view.tier
    pages: list[Item[Any]] = [
        TurnTierLibraries(tier.id, 0, t("Libraries")),
        TierPage("details", tier.id, t("Name, time, seats")),
        TierPage("filters", tier.id, t("Filters")),
        TierPage("role", tier.id, t("Role")),
    ]
    if len(view.links) > 1:
        pages.append(TierPage("server", tier.id, t("Server")))
    switches: list[Item[Any]] = [_switch(flag, tier, t(name), t) for flag, name in ALLOWED.items()]
    switches.append(
        SwitchTier(
            "is_open",
            0 if tier.is_open else 1,
            tier.id,
            t("Members may ask: on") if tier.is_open else t("Members may ask: off"),
        )
    )
    ways: list[Item[Any]] = []
    if not tier.is_default:
        ways.append(ChangeTier("default", tier.id, t("Make it the default")))
        ways.append(TierPage("delete", tier.id, t("Delete")))
    ways.append(TurnTiers(0, t("All tiers")))
    deeds: list[Item[Any]] = []
    if view.differing:
        label = t.n("Give it to {n} person", "Give it to {n} people", view.differing)
        deeds.append(ChangeTier("apply", tier.id, label))
    if view.role_problems:
        deeds.append(ChangeTier("roles", tier.id, t("Try the roles again")))
    return [deeds, pages, switches, ways]


def _switch(flag: str, tier: Tier, name: str, t: Texts) -> SwitchTier:
    is_on = getattr(tier.settings, flag)
    label = t("{name}: on", name=name) if is_on else t("{name}: off", name=name)
    return SwitchTier(flag, 0 if is_on else 1, tier.id, label)


def _leaving_panel(view: TierView, t: Texts) -> LayoutView:
    """Its people are being moved to another tier, after which it is deleted."""
    target = view.target
    return layout(
        "### " + t("Tier {tier}", tier=plain(view.tier.name)),
        "🗑️ "
        + t.n(
            "It is deleted once its last person has the tier {tier}. {n} person is still in it.",
            "It is deleted once its people have the tier {tier}. {n} people are still in it.",
            view.held,
            tier=plain(target.name) if target else "?",
        ),
        rows=[
            [
                ChangeTier("rest", view.tier.id, t("Move the rest now")),
                ChangeTier("stay", view.tier.id, t("Keep the tier")),
                TurnTiers(0, t("All tiers")),
            ]
        ],
        colour=YELLOW,
    )


def approve_as_row(
    invite: Invite, tiers: tuple[Tier, ...], t: Texts, place: str
) -> list[Item[Any]]:
    """The menu of tiers for an open request; empty where there is only one to choose."""
    offered = [tier for tier in tiers if not tier.is_going and tier.libraries][:MENU]
    if len(offered) < 2 or not invite.is_open:
        return []
    menu = ApproveAs(
        invite.id,
        invite.version,
        place,
        options=[_option(tier, t) for tier in offered],
        placeholder=t("Approve as another tier…"),
    )
    return [ActionRow(menu)]
