"""The pages of one tier: libraries, filters, role, server, and deleting it."""

from collections.abc import Collection
from typing import Any

import discord
from discord.ui import Item, LayoutView, RoleSelect

from bot.domain.filters import Media
from bot.domain.links import Tier
from bot.i18n import Texts
from bot.services.tiers import TierView
from bot.ui.filters import filter_words
from bot.ui.items.tiers import (
    ChangeTier,
    ChooseForTier,
    ChooseTierLibraries,
    ChooseTierRole,
    TierPage,
    TurnTierLibraries,
)
from bot.ui.layout import BLUE, GREEN, RED, YELLOW, layout
from bot.ui.menus import library_options
from bot.ui.modals.tiers import MEDIA
from bot.ui.plain import plain
from bot.ui.tiers import MENU, OPTION, titles_of


def _back(view: TierView, t: Texts) -> TierPage:
    return TierPage("show", view.tier.id, t("Back to the tier"))


def _title(view: TierView, t: Texts) -> str:
    return "### " + t("Tier {tier}", tier=plain(view.tier.name))


def tier_libraries_page(view: TierView, page: int, t: Texts) -> LayoutView:
    """The menu of libraries, 25 on a page, with those of the tier chosen."""
    tier = view.tier
    if not view.libraries:
        nothing = t("This Plex server has no libraries yet.")
        return layout(_title(view, t), nothing, rows=[[_back(view, t)]], colour=YELLOW)
    pages = -(-len(view.libraries) // MENU)
    page = min(page, pages - 1)
    chosen = {library.id for library in tier.libraries}
    offered = view.libraries[page * MENU : (page + 1) * MENU]
    options = library_options(offered, chosen, t)
    turn: list[Item[Any]] = []
    if page > 0:
        turn.append(TurnTierLibraries(tier.id, page - 1, t("Earlier ones")))
    if page < pages - 1:
        turn.append(TurnTierLibraries(tier.id, page + 1, t("Later ones")))
    return layout(
        _title(view, t),
        f"**{t('Libraries')}**: {titles_of(tier, t)}"
        if tier.libraries
        else "⚠️ " + t("None is chosen, so nobody can be invited. Choose at least one."),
        "-# " + t("Page {page} of {pages}", page=page + 1, pages=pages) if pages > 1 else None,
        rows=[
            [
                ChooseTierLibraries(
                    tier.id, page, options=options, placeholder=t("Choose libraries")
                )
            ],
            turn,
            [
                ChangeTier("all", tier.id, t("All libraries")),
                ChangeTier("none", tier.id, t("None")),
                _back(view, t),
            ],
        ],
        colour=BLUE if tier.libraries else YELLOW,
    )


def filters_page(
    view: TierView, t: Texts, *, saved: bool = False, is_checked: bool = True
) -> LayoutView:
    """What is let through of films, series and music."""
    tier = view.tier
    words = {media: filter_words(tier, media, t) for media in Media}
    buttons: list[Item[Any]] = [TierPage(media.value, tier.id, t(MEDIA[media])) for media in Media]
    more: list[Item[Any]] = [_back(view, t)]
    if any(words.values()):
        more.insert(0, ChangeTier("unfilter", tier.id, t("Remove all filters")))
    unsure = "" if is_checked else t(
        "I could not ask Plex whether it knows these words, so please look at the spelling."
    )  # fmt: skip
    return layout(
        _title(view, t),
        "✅ " + t("Saved.") if saved else None,
        "⚠️ " + unsure if unsure else None,
        *(f"**{t(MEDIA[media])}**: {said or t('everything')}" for media, said in words.items()),
        "-# "
        + t(
            "On Plex, filters and rights belong to the person: whoever uses two servers of the same"
            " owner has the same on both."
        ),
        rows=[buttons, more],
        colour=YELLOW if unsure else GREEN if saved else BLUE,
    )


def role_page(
    view: TierView, t: Texts, *, roles: Collection[int] | None, saved: bool = False
) -> LayoutView:
    """The role that the tier's people have; `roles` are those of the server, if that is known."""
    role_id = view.tier.role_id
    is_there = role_id is not None and (roles is None or role_id in roles)
    menu = RoleSelect[Any](
        placeholder=t("Choose a role"),
        min_values=0,
        max_values=1,
        default_values=[discord.Object(role_id or 0, type=discord.Role)] if is_there else [],
    )
    return layout(
        _title(view, t),
        "✅ " + t("Saved.") if saved else None,
        f"**{t('Role')}**: " + (f"<@&{role_id}>" if role_id else t("none")),
        t("I give it when access becomes active, and take it when access ends or is suspended."),
        "-# "
        + t(
            "I need the permission Manage Roles, and the role must stand below mine and below your"
            " own. A role of reviewers or admins cannot be given."
        ),
        rows=[[ChooseTierRole(view.tier.id, menu=menu)], [_back(view, t)]],
        colour=GREEN if saved else BLUE,
    )


def server_page(view: TierView, t: Texts) -> LayoutView:
    """Which of the guild's servers the tier is of."""
    menu = ChooseForTier(
        "on",
        view.tier.id,
        options=[
            discord.SelectOption(
                label=(link.server_name.strip() or "Plex")[:OPTION],
                value=str(link.id),
                default=link.id == view.tier.link_id,
            )
            for link in view.links[:MENU]
        ],
        placeholder=t("Choose a server"),
    )
    return layout(
        _title(view, t),
        t("Its libraries are those of one server. On another one they have to be chosen anew."),
        rows=[[menu], [_back(view, t)]],
        colour=BLUE,
    )


def delete_page(view: TierView, tiers: Collection[Tier], t: Texts) -> LayoutView:
    """The question before a tier is deleted; where its people go, if there are any."""
    tier = view.tier
    if not view.held:
        return layout(
            _title(view, t),
            t("Nobody has this tier. Open requests and codes for it get the default tier."),
            rows=[[ChangeTier("erase", tier.id, t("Delete it")), _back(view, t)]],
            colour=RED,
        )
    others = [one for one in tiers if one.id != tier.id and not one.is_going and one.libraries]
    if not others:
        sentence = t("There is no other tier with libraries that they could get instead.")
        return layout(_title(view, t), _people(view, t), sentence,
                      rows=[[_back(view, t)]], colour=YELLOW)  # fmt: skip
    menu = ChooseForTier(
        "to",
        tier.id,
        options=[
            discord.SelectOption(label=one.name[:OPTION], value=str(one.id))
            for one in others[:MENU]
        ],
        placeholder=t("Move them to…"),
    )
    return layout(
        _title(view, t),
        _people(view, t),
        t("Choose the tier that they get instead. This one is deleted when all of them are there."),
        rows=[[menu], [_back(view, t)]],
        colour=RED,
    )


def _people(view: TierView, t: Texts) -> str:
    return t.n("{n} person has this tier.", "{n} people have this tier.", view.held)
