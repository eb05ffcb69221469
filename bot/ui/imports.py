"""Accounts on Plex that nobody here is known for, and the way to match one with a member."""

from typing import Any

from discord import SelectOption
from discord.ui import ActionRow, Item, LayoutView

from bot.domain.drift import Drift
from bot.domain.logins import Login, LoginKind
from bot.i18n import Texts
from bot.services.access_view import AccessView
from bot.services.importing import Stranger, StrangerPage
from bot.ui.cards import ends_line
from bot.ui.holders import LABEL, MENU, NAMED
from bot.ui.items.imports import (
    ChooseTheirTier,
    ChooseWho,
    MatchStranger,
    OpenStranger,
    TurnStrangers,
)
from bot.ui.layout import BLUE, GREEN, YELLOW, contained, layout, text
from bot.ui.plain import mention, plain, short

# So many libraries are named.
TITLES = 15


def strangers_panel(page: StrangerPage, t: Texts) -> LayoutView:
    """A page of them, and a menu that opens one."""
    if not page.strangers:
        if not page.is_connected:
            return layout(
                t("No Plex server is connected right now, so I cannot tell. /plex status has why."),
                colour=YELLOW,
            )
        return layout(
            t("Everybody whom Plex shares with is known here. /plex status compares anew."),
            colour=GREEN,
        )
    count = t.n(
        "{n} account on Plex is not known here", "{n} accounts on Plex are not known here",
        page.total,
    )  # fmt: skip
    lines = [
        f"• **{short(name_of(drift), NAMED)}** · {_about(drift, t)}" for drift in page.strangers
    ]
    options = [
        SelectOption(
            label=name_of(drift)[:LABEL], value=str(drift.id), description=_about(drift, t)[:LABEL]
        )
        for drift in page.strangers
    ]
    items: list[Item[Any]] = [
        text(
            f"### {count}",
            t("Plex shares with them already. Say who they are, and their access counts here too;"
              " nothing is changed on Plex."),
            *lines,
        ),
        ActionRow(OpenStranger(placeholder=t("Choose an account"), options=options)),
    ]  # fmt: skip
    turns: list[Item[Any]] = []
    if page.before is not None:
        turns.append(TurnStrangers("before", page.before, t("Earlier ones")))
    if page.after is not None:
        turns.append(TurnStrangers("after", page.after, t("Later ones")))
    if turns:
        items.append(ActionRow(*turns))
    return contained(*items, colour=BLUE)


def stranger_panel(stranger: Stranger, t: Texts) -> LayoutView:
    """One of them: what Plex gives, the tier, and the question who it is."""
    drift, tier = stranger.drift, stranger.tier
    back = TurnStrangers("top", 0, t("Back"))
    head = text(
        "### " + t("Whose account is {name}?", name=plain(name_of(drift))),
        _about(drift, t),
        t("Libraries: {titles}", titles=_titles(stranger, t)),
        t("Choose the tier that they are to be in, then the member.")
        if tier is not None
        else t("This Plex server has no tier yet, and everybody is in one. Make one first."),
    )
    items: list[Item[Any]] = [head]
    if tier is not None:
        options = [
            SelectOption(label=one.name[:LABEL], value=str(one.id), default=one.id == tier.id)
            for one in stranger.tiers[:MENU]
        ]
        menu = ChooseTheirTier(drift.id, placeholder=t("Tier"), options=options)
        who = ChooseWho(drift.id, tier.id, placeholder=t("Choose the member"))
        items += [ActionRow(menu), ActionRow(who)]
    return contained(*items, ActionRow(back), colour=BLUE)


def match_panel(stranger: Stranger, user_id: int, t: Texts) -> LayoutView:
    """The question before they are taken in."""
    drift, tier = stranger.drift, stranger.tier
    rows: list[Item[Any]] = []
    if tier is not None:
        rows.append(MatchStranger(drift.id, tier.id, user_id, t("Yes, that is them")))
    rows.append(TurnStrangers("top", 0, t("Back")))
    days = tier.duration_days if tier is not None else None
    return layout(
        "### " + t("Is {name} {user}?", name=plain(name_of(drift)), user=mention(user_id)),
        t("Tier: {tier}", tier=plain(tier.name)) if tier is not None else "",
        t("What Plex gives them stays as it is. From now on their access can be extended, suspended"
          " and ended like anybody's."),
        _time_begins(days, t) if days and drift.is_accepted else "",
        rows=[rows],
        colour=YELLOW,
    )  # fmt: skip


def _time_begins(days: int, t: Texts) -> str:
    return t.n(
        "Their {n} day in this tier begins now.", "Their {n} days in this tier begin now.", days
    )


def matched_panel(view: AccessView, t: Texts) -> LayoutView:
    """They are known now; on to the next."""
    invite = view.invite
    name = plain(invite.login.masked)
    return layout(
        "✅ " + t("{name} is {user}.", name=name, user=mention(invite.member_id)),
        t("Nothing was changed on Plex. /access show has the card."),
        ends_line(invite, t),
        rows=[[TurnStrangers("top", 0, t("To the others"))]],
        colour=GREEN,
    )


def name_of(drift: Drift) -> str:
    """The name on Plex; of an address as much as tells it apart."""
    kind = LoginKind.EMAIL if "@" in drift.name else LoginKind.USERNAME
    return Login(kind, drift.name).masked or str(drift.share_id)


def _about(drift: Drift, t: Texts) -> str:
    libraries = t.n("{n} library", "{n} libraries", len(drift.section_ids))
    state = t("accepted") if drift.is_accepted else t("not accepted yet")
    return f"{libraries} · {state}"


def _titles(stranger: Stranger, t: Texts) -> str:
    titles = [plain(library.title) for library in stranger.libraries]
    more = ["…"] if len(titles) > TITLES else []
    return ", ".join([*titles[:TITLES], *more]) or t("none that I know")
