"""The list of everybody with access, its filters, and what can be done with all of them."""

from typing import Any

from discord import SelectOption
from discord.ui import ActionRow, Item, LayoutView

from bot.domain.bulk import BulkAction
from bot.domain.holders import HolderFilter, Standing
from bot.domain.invites import Invite
from bot.domain.links import Tier
from bot.i18n import Texts, mark
from bot.services.holders import HolderPage
from bot.ui.bulk import bulk_action_name
from bot.ui.cards import change_line
from bot.ui.items.bulk import RecentBulks
from bot.ui.items.holders import (
    ChooseStanding,
    ChooseTier,
    DoWithAll,
    MoveAll,
    OpenHolder,
    TurnHolders,
)
from bot.ui.layout import BLUE, contained, text
from bot.ui.plain import mention, plain, relative, short
from bot.ui.states import state_name

# Discord's limits for the options of a menu, and for the name of one.
MENU, LABEL = 25, 100
# So much of a name stands in a line of the list.
NAMED = 40

_STANDINGS: dict[Standing, str] = {
    Standing.ALL: mark("Everybody with access or on the way"),
    Standing.ACTIVE: mark("Active"),
    Standing.SENT: mark("Invited, not accepted yet"),
    Standing.ON_THE_WAY: mark("Being sent"),
    Standing.SUSPENDED: mark("Suspended"),
    Standing.WAITING: mark("On the waiting list"),
    Standing.SOON: mark("Ending within 7 days"),
    Standing.MONTH: mark("Ending within 30 days"),
    Standing.STUCK: mark("Something keeps failing"),
    Standing.ENDED: mark("Ended"),
}
_EVERYTHING = (
    BulkAction.SUSPEND,
    BulkAction.RESTORE,
    BulkAction.EXTEND,
    BulkAction.MOVE,
    BulkAction.REVOKE,
)
# What makes sense; for everybody else it would only be refused, one by one.
_POSSIBLE: dict[Standing, tuple[BulkAction, ...]] = {
    Standing.ACTIVE: (
        BulkAction.SUSPEND,
        BulkAction.EXTEND,
        BulkAction.MOVE,
        BulkAction.REVOKE,
    ),
    Standing.SENT: (BulkAction.EXTEND, BulkAction.MOVE, BulkAction.REVOKE),
    Standing.ON_THE_WAY: (BulkAction.REVOKE,),
    Standing.SUSPENDED: (
        BulkAction.RESTORE,
        BulkAction.EXTEND,
        BulkAction.MOVE,
        BulkAction.REVOKE,
    ),
    # One by one, on their cards.
    Standing.WAITING: (),
    Standing.ENDED: (BulkAction.EXTEND,),
}


def holders_panel(page: HolderPage, t: Texts) -> LayoutView:
    """One page: a line for each, a menu that opens a card, the filters, what to do with all."""
    people = t.n("{n} person", "{n} people", page.total)
    names = {tier.id: tier.name for tier in page.tiers}
    lines = [_line(invite, names, t) for invite in page.invites]
    head = f"### {filter_name(page.wanted, page.tiers, t)}: {people}"
    nobody = "" if lines else t("Nobody. Choose something else below.")
    items: list[Item[Any]] = [text(head, nobody, "\n".join(lines))]
    if page.invites:
        items.append(ActionRow(_open_menu(page, names, t)))
    if turns := _turns(page, t):
        items.append(ActionRow(*turns))
    items.append(ActionRow(_standing_menu(page, t)))
    if len(page.tiers) > 1:
        items.append(ActionRow(_tier_menu(page, t)))
    if page.invites and _POSSIBLE.get(page.wanted.standing, _EVERYTHING):
        items.append(ActionRow(_do_menu(page, t)))
    return contained(*items, colour=BLUE)


def move_panel(page: HolderPage, t: Texts) -> LayoutView:
    """Which tier everybody who matches is to be moved to."""
    wanted, tier_id = page.wanted, page.wanted.tier_id or 0
    options = [
        SelectOption(label=tier.name[:LABEL], value=str(tier.id))
        for tier in page.tiers
        if tier.id != wanted.tier_id and not tier.is_going
    ]
    back = TurnHolders("top", 0, wanted.standing, tier_id, t("Back"))
    if not options:
        only = t("There is no other tier to move people to.")
        return contained(text(only), ActionRow(back), colour=BLUE)
    people = t.n("{n} person", "{n} people", page.total)
    menu = MoveAll(
        wanted.standing, tier_id, placeholder=t("Choose the new tier"), options=options[:MENU]
    )
    return contained(
        text(
            "### " + t("Move to another tier"),
            f"{filter_name(wanted, page.tiers, t)}: {people}",
            t("Everybody gets the new tier's libraries and settings. You confirm it next."),
        ),
        ActionRow(menu),
        ActionRow(back),
        colour=BLUE,
    )


def filter_name(wanted: HolderFilter, tiers: tuple[Tier, ...], t: Texts) -> str:
    """Who is shown."""
    name = t(_STANDINGS[wanted.standing])
    tier = next((tier.name for tier in tiers if tier.id == wanted.tier_id), None)
    return name if tier is None else f"{name} · {plain(tier)}"


def _line(invite: Invite, tiers: dict[int, str], t: Texts) -> str:
    parts = [
        mention(invite.member_id),
        t("forgotten") if invite.is_forgotten else short(invite.login.masked, NAMED),
        state_name(invite.state, t),
    ]
    if invite.tier_id in tiers:
        parts.append(short(tiers[invite.tier_id], NAMED))
    if invite.expires_at is not None and not invite.is_ending and invite.ended_at is None:
        parts.append(t("ends {when}", when=relative(invite.expires_at)))
    if invite.ended_at is not None:
        parts.append(relative(invite.ended_at))
    if invite.stuck_at is not None:
        parts.append("⚠️ " + t("keeps failing"))
    elif changing := change_line(invite, t):
        parts.append(changing)
    return "• " + " · ".join(parts)


def _open_menu(page: HolderPage, tiers: dict[int, str], t: Texts) -> OpenHolder:
    options = []
    for invite in page.invites:
        about = [state_name(invite.state, t), tiers.get(invite.tier_id or 0, "")]
        options.append(
            SelectOption(
                label=(t("forgotten") if invite.is_forgotten else invite.login.masked)[:LABEL],
                value=str(invite.id),
                description=" · ".join(filter(None, about))[:LABEL],
            )
        )
    return OpenHolder(placeholder=t("Open somebody's card"), options=options)


def _turns(page: HolderPage, t: Texts) -> list[Item[Any]]:
    standing, tier_id = page.wanted.standing, page.wanted.tier_id or 0
    turns: list[Item[Any]] = []
    if page.above is not None:
        turns.append(TurnHolders("above", page.above, standing, tier_id, t("Newer")))
    if page.below is not None:
        turns.append(TurnHolders("below", page.below, standing, tier_id, t("Older")))
    if page.has_bulks:
        turns.append(RecentBulks(t("Recent bulk actions")))
    return turns


def _standing_menu(page: HolderPage, t: Texts) -> ChooseStanding:
    options = [
        SelectOption(label=t(name), value=standing, default=standing is page.wanted.standing)
        for standing, name in _STANDINGS.items()
    ]
    return ChooseStanding(page.wanted.tier_id or 0, placeholder=t("Show"), options=options)


def _tier_menu(page: HolderPage, t: Texts) -> ChooseTier:
    chosen = page.wanted.tier_id
    options = [SelectOption(label=t("Every tier"), value="0", default=chosen is None)]
    options += [
        SelectOption(label=tier.name[:LABEL], value=str(tier.id), default=tier.id == chosen)
        for tier in page.tiers[: MENU - 1]
    ]
    return ChooseTier(page.wanted.standing, placeholder=t("Tier"), options=options)


def _do_menu(page: HolderPage, t: Texts) -> DoWithAll:
    options = [
        SelectOption(label=bulk_action_name(action, t)[:LABEL], value=action)
        for action in _POSSIBLE.get(page.wanted.standing, _EVERYTHING)
    ]
    wanted = page.wanted
    return DoWithAll(
        wanted.standing,
        wanted.tier_id or 0,
        placeholder=t.n("Do something with {n} person", "Do something with all {n}", page.total),
        options=options,
    )
