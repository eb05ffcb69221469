"""The steps of `/setup` in which something is chosen from a menu."""

from collections.abc import Collection
from typing import Any

from discord.ui import Item, LayoutView

from bot.domain.guild_settings import SETTINGS
from bot.domain.setup import Step
from bot.i18n import Texts
from bot.services.settings import SettingView
from bot.services.setup import SetupView
from bot.ui.items.setup import ON, ChooseShared, SetUpSetting, ShareAll, ShowStep, TurnSetup
from bot.ui.layout import BLUE, YELLOW, layout
from bot.ui.menus import MENU, library_options
from bot.ui.plain import short
from bot.ui.settings import ASKING, menu_for, value_text

# Of the libraries that are shared so many are named.
NAMED = 12


def libraries_step(view: SetupView, head: str, t: Texts, way: str, page: int = 0) -> LayoutView:
    """Which libraries people get; 25 on a page."""
    tier = view.tier
    if tier is None or not view.libraries:
        return _nothing_to_choose(view, head, t, way)
    pages = -(-len(view.libraries) // MENU)
    page = min(page, pages - 1)
    offered = view.libraries[page * MENU : (page + 1) * MENU]
    chosen = {library.id for library in tier.libraries}
    menu = ChooseShared(tier.id, page, way, options=library_options(offered, chosen, t))
    menu.item.placeholder = t("Choose libraries")
    every = t.n("All {n} library", "All {n} libraries", len(view.libraries))
    buttons: list[Item[Any]] = [ShareAll(tier.id, way, every)]
    if page > 0:
        buttons.append(TurnSetup(tier.id, page - 1, way, t("Earlier ones")))
    if page < pages - 1:
        buttons.append(TurnSetup(tier.id, page + 1, way, t("Later ones")))
    if chosen:
        buttons.append(_go_on(view, Step.LIBRARIES, t, way))
    server = short(view.link.server_name if view.link else "") or "Plex"
    return layout(
        head,
        t("What do people get on {server}? You can make more tiers later, with /tier.",
          server=server),
        _shared_line(view, t),
        None if tier.is_open else "-# " + t("Members do not see this tier yet. /tier edit opens it"
                                            " to them."),
        "-# " + t("Page {page} of {pages}", page=page + 1, pages=pages) if pages > 1 else None,
        rows=[[menu], buttons],
        colour=BLUE if chosen else YELLOW,
    )  # fmt: skip


def _shared_line(view: SetupView, t: Texts) -> str:
    titles = [short(library.title) for library in view.tier.libraries] if view.tier else []
    if not titles:
        return "⚠️ " + t("None is chosen, so nobody can be invited. Choose at least one.")
    head = t.n("{n} library is shared:", "{n} libraries are shared:", len(titles))
    more = " …" if len(titles) > NAMED else ""
    return f"{head} {', '.join(titles[:NAMED])}{more}"


def _nothing_to_choose(view: SetupView, head: str, t: Texts, way: str) -> LayoutView:
    if not view.links:
        said = t("First connect a Plex server.")
    elif view.link is not None and view.link.is_usable:
        said = t("This Plex server has no libraries yet. Make one there, then come back.")
    else:
        said = t("The server is not connected yet, so its libraries are not known.")
    buttons: list[Item[Any]] = [
        ShowStep(Step.LIBRARIES, way, t("Look again")),
        ShowStep(Step.PLEX, way, t("Plex server")),
    ]
    buttons.append(_go_on(view, Step.LIBRARIES, t, way))
    return layout(head, "⚠️ " + said, rows=[buttons], colour=YELLOW)


def channel_step(view: SetupView, head: str, t: Texts, way: str) -> LayoutView:
    """Where requests are shown."""
    said = t("Where do requests wait for a decision? Choose a channel that only staff can see.")
    return _setting_step(view, Step.CHANNEL, t, way, lines=[head, said])


def reviewers_step(
    view: SetupView, head: str, t: Texts, way: str, roles: Collection[int] | None = None
) -> LayoutView:
    """Who decides beside the admins."""
    lines = [
        head,
        t("Who may decide requests beside you? Choose one or several roles, or skip this: admins"
          " always may."),
        "-# " + t("Reviewers work with the buttons of the request channel."),
    ]  # fmt: skip
    return _setting_step(view, Step.REVIEWERS, t, way, lines=lines, roles=roles)


def asking_step(view: SetupView, head: str, t: Texts, way: str) -> LayoutView:
    """What members may do."""
    ways = [f"**{t(name)}**: {t(means)}" for name, means in ASKING.values()]
    lines = [head, t("How do members of this server get access?"), *ways]
    return _setting_step(view, Step.ASKING, t, way, lines=lines)


KEYS: dict[Step, str] = {
    Step.CHANNEL: "request_channel_id",
    Step.REVIEWERS: "reviewer_role_ids",
    Step.ASKING: "asking",
}
"""Which setting a step is about."""


def _setting_step(
    view: SetupView,
    step: Step,
    t: Texts,
    way: str,
    *,
    lines: list[str],
    roles: Collection[int] | None = None,
) -> LayoutView:
    setting = SETTINGS[KEYS[step]]
    value = setting.of(view.settings)
    now = value_text(setting, value, t, all_=True)
    menu = SetUpSetting(setting.key, way, menu=menu_for(SettingView(setting, value), t, roles))
    return layout(
        *lines,
        t("It is now: {value}", value=f"**{now}**"),
        rows=[[menu], [_go_on(view, step, t, way)]],
        colour=BLUE,
    )


def _go_on(view: SetupView, step: Step, t: Texts, way: str) -> ShowStep:
    if way != ON:
        return ShowStep(Step.DONE, ON, t("All steps"))
    is_open = (step is Step.REVIEWERS and not view.settings.reviewer_role_ids) or (
        step in view.missing
    )
    label = t("Skip") if is_open else t("Continue")
    return ShowStep(view.after(step), way, label, primary=not is_open)
