"""`/settings`: all settings as one list, and a page for each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import discord
from babel.core import Locale
from discord.ui import ChannelSelect, Item, LayoutView, Modal, RoleSelect, Select

from bot.domain.guild_settings import MOST_ROLES, NO, TYPED, YES, GuildSetting, Kind, Value
from bot.domain.people import Asking
from bot.i18n import Texts, languages, mark
from bot.services.settings import SettingView
from bot.ui.items.settings import (
    ChooseSetting,
    PickSetting,
    ResetSetting,
    ShowSettings,
    TypeSetting,
)
from bot.ui.layout import BLUE, GREEN, apart, layout
from bot.ui.modals.settings import setting_modal
from bot.ui.plain import plain


@dataclass(frozen=True, slots=True)
class Words:
    """What a setting is called, and what it does in one sentence; `more` stands on its page."""

    name: str
    does: str
    more: str = ""


WORDS: dict[str, Words] = {
    "request_channel_id": Words(
        mark("Request channel"),
        mark("Cards of new requests are posted there."),
        mark(
            "Choose one that only staff can see. When you choose another one, the cards of open"
            " requests move there."
        ),
    ),
    "reviewer_role_ids": Words(
        mark("Reviewer roles"),
        mark("Whoever has one of these roles may decide requests and extend access."),
    ),
    "admin_role_ids": Words(
        mark("Admin roles"),
        mark("Whoever has one of these roles may do everything here, except change this list."),
        mark("People with Discord's Manage Server permission are admins anyway."),
    ),
    "asking": Words(
        mark("What members may do"),
        mark("How somebody gets access: by asking, with a code only, or by signing in with Plex."),
    ),
    "sign_in": Words(
        mark("Sign in with Plex"),
        mark("Members may ask by signing in with Plex, without typing an account."),
        mark("Then the libraries are simply there after a yes: I accept the invite for them."),
    ),
    "nudge_days": Words(
        mark("Reminder"),
        mark("When members are reminded to accept an invite that waits on Plex."),
    ),
    "withdraw_days": Words(
        mark("Unaccepted invites"),
        mark("When an invite that nobody has accepted on Plex is taken back."),
        mark("Invites that wait already count too. The member can ask again."),
    ),
    "remind_days": Words(
        mark("Before access ends"),
        mark("When members are reminded that their access ends soon."),
        mark("Whoever gets more time is reminded anew."),
    ),
    "remind_again_days": Words(
        mark("Last reminder"),
        mark("When members are reminded once more, shortly before their access ends."),
    ),
    "grace_days": Words(
        mark("Grace after leaving"),
        mark("How long access stays when a member leaves, or loses the role of their tier."),
        mark("Whoever comes back in time keeps it, and gets the role back."),
    ),
    "private_threads": Words(
        mark("Private threads"),
        mark("Mention members in a private thread when I cannot write to them directly."),
        mark(
            "The thread is made in the channel of the panel for members. I need the permissions"
            " to create private threads and to send messages in threads there."
        ),
    ),
    "undo_seconds": Words(
        mark("Time to undo"),
        mark("How long an approval waits before it is sent, so that it can be taken back."),
    ),
    "waiting_list": Words(
        mark("Waiting list"),
        mark("When every seat is taken, whoever is approved waits in line for the next one."),
        mark(
            "Without it, nobody can be approved while every seat is taken. Whoever waits already"
            " keeps the place in line."
        ),
    ),
    "take_hours": Words(
        mark("Time to take a seat"),
        mark("How long somebody from the waiting list has to accept on Plex."),
        mark("Then the invite is taken back, and the seat goes to the next in line."),
    ),
    "breaker_percent": Words(
        mark("Safety stop"),
        mark("If Plex suddenly lists so many fewer people, nobody is removed, and you are told."),
    ),
    "retention_days": Words(
        mark("Keep what is over"),
        mark("When somebody's request or access is over for so long, I forget who it was."),
        mark("What is counted stays: how many asked, and how it went."),
    ),
    "timezone": Words(
        mark("Time zone"),
        mark("A day ends at midnight there, for example the last day of somebody's access."),
        mark("Times in messages are shown in each reader's own zone."),
    ),
    "locale": Words(
        mark("Language of cards"),
        mark("For what everybody in the request channel reads."),
        mark("Private answers come in each reader's own language."),
    ),
}

ASKING: dict[Asking, tuple[str, str]] = {
    Asking.FREELY: (
        mark("Everybody may ask"),
        mark("An admin or a reviewer decides about each request."),
    ),
    Asking.WITH_CODE: (
        mark("Members need a code"),
        mark("Whoever has a code from you may ask. Make codes with /code."),
    ),
    Asking.SIGNED_IN: (
        mark("Sign in with Plex, approved at once"),
        mark("You decide only about whoever types an account instead, or was sent away before."),
    ),
}
"""What each way is called, and what it means."""

# Of several roles the list names so many; the page of the setting shows all.
NAMED = 5
# Discord's limit for the line below an option.
DESCRIPTION = 100


def settings_panel(views: Iterable[SettingView], t: Texts) -> LayoutView:
    """Every setting with its present value, and the menu that leads to its page."""
    views = list(views)
    lines = [
        f"**{t(WORDS[view.setting.key].name)}**: {value_text(view.setting, view.value, t)}"
        for view in views
    ]
    options = [
        discord.SelectOption(
            label=t(WORDS[view.setting.key].name),
            value=view.setting.key,
            description=_short(t(WORDS[view.setting.key].does)),
        )
        for view in views
    ]
    pick = PickSetting(options=options, placeholder=t("Change a setting"))
    return layout("### " + t("Settings"), *lines, rows=[[pick]], colour=BLUE)


def setting_page(
    view: SettingView, t: Texts, *, roles: Collection[int] | None = None, saved: bool = False
) -> LayoutView:
    """One setting: what it does, what it is, and how to change it.

    `roles` are those that the server has, as far as that is known.
    """
    setting, words = view.setting, WORDS[view.setting.key]
    lines = [
        "### " + t(words.name),
        t(words.does),
        t(words.more) if words.more else None,
        apart(_present_line(view, t, saved=saved)),
        "-# " + _default_line(view, t),
        *_caution_lines(view, t),
    ]
    buttons: list[Item[Any]] = []
    menu: list[Item[Any]] = []
    if view.may_change:
        if setting.kind in TYPED:
            buttons.append(TypeSetting(setting.key, t("Change")))
        else:
            menu.append(ChooseSetting(setting.key, menu=menu_for(view, t, roles)))
        back = ResetSetting(setting.key, t("Back to the default"), disabled=view.is_default)
        buttons.append(back)
    buttons.append(ShowSettings(t("All settings")))
    return layout(*lines, rows=[menu, buttons], colour=GREEN if saved else BLUE)


def _present_line(view: SettingView, t: Texts, *, saved: bool) -> str:
    value = f"**{value_text(view.setting, view.value, t, all_=True)}**"
    if saved:
        return "✅ " + t("Saved. It is now: {value}", value=value)
    return t("It is now: {value}", value=value)


def _default_line(view: SettingView, t: Texts) -> str:
    if view.is_default:
        return t("That is the default.")
    return t("Default: {value}", value=value_text(view.setting, view.setting.default, t))


def _caution_lines(view: SettingView, t: Texts) -> list[str]:
    lines = []
    if view.operator is not None:
        lines.append(
            "⚠️ "
            + t(
                "The operator of this bot has set {variable}. It wins over what is chosen here"
                " whenever the bot starts, and with /plex connect.",
                variable=plain(view.operator),
            )
        )
    if not view.may_change:
        lines.append(
            "🔒 " + t("Only people with Discord's Manage Server permission can change this.")
        )
    return lines


def menu_for(
    view: SettingView, t: Texts, roles: Collection[int] | None
) -> ChannelSelect[Any] | RoleSelect[Any] | Select[Any]:
    """The menu of a setting that is not typed; `roles` are those that the server has."""
    match view.setting.kind:
        case Kind.CHANNEL:
            return ChannelSelect(
                placeholder=t("Choose a channel"),
                channel_types=[
                    discord.ChannelType.text,
                    discord.ChannelType.news,
                    discord.ChannelType.public_thread,
                    discord.ChannelType.private_thread,
                ],
            )
        case Kind.ROLES:
            chosen = view.value if isinstance(view.value, frozenset) else frozenset()
            # One that was deleted cannot be shown as chosen.
            there = sorted(chosen if roles is None else chosen & set(roles))
            return RoleSelect(
                placeholder=t("Choose roles"),
                min_values=0,
                max_values=MOST_ROLES,
                default_values=[discord.Object(id_, type=discord.Role) for id_ in there],
            )
        case Kind.ASKING:
            return Select(
                placeholder=t("Choose what members may do"),
                options=[
                    discord.SelectOption(
                        label=t(name),
                        value=way,
                        description=_short(t(means)),
                        default=way == view.value,
                    )
                    for way, (name, means) in ASKING.items()
                ],
            )
        case Kind.SWITCH:
            return Select(
                placeholder=t("Choose yes or no"),
                options=[
                    discord.SelectOption(
                        label=_yes_or_no(on, t), value=YES if on else NO, default=on == view.value
                    )
                    for on in (True, False)
                ],
            )
        case _:
            return Select(
                placeholder=t("Choose a language"),
                options=[
                    discord.SelectOption(
                        label=_language_name(name), value=name, default=name == view.value
                    )
                    for name in languages()
                ],
            )


def change_modal(view: SettingView, t: Texts) -> Modal:
    """The form for a setting that is typed, filled with what it is now."""
    setting = view.setting
    match setting.kind:
        case Kind.DAYS:
            hint = t("Days, from {least} to {most}. 0 is never.",
                     least=setting.least, most=setting.most)  # fmt: skip
        case Kind.DAYS_BEFORE:
            hint = t("Days before the end, from {least} to {most}. 0 is never.",
                     least=setting.least, most=setting.most)  # fmt: skip
        case Kind.GRACE:
            hint = t("Days, from {least} to {most}. 0 is at once.",
                     least=setting.least, most=setting.most)  # fmt: skip
        case Kind.HOURS:
            hint = t("Hours, from {least} to {most}.", least=setting.least, most=setting.most)
        case Kind.SECONDS:
            hint = t("Seconds, from {least} to {most}. 0 sends at once.",
                     least=setting.least, most=setting.most)  # fmt: skip
        case Kind.PERCENT:
            hint = t("Percent, from {least} to {most}.", least=setting.least, most=setting.most)
        case _:
            hint = t("Its name, like Europe/Berlin or America/New_York")
    return setting_modal(
        setting.key, t(WORDS[setting.key].name), hint, str(view.value), str(setting.default)
    )


def value_text(setting: GuildSetting, value: Value, t: Texts, *, all_: bool = False) -> str:
    """A value as people say it; of many roles only some, unless `all_`."""
    if value is None or value == frozenset():
        return t("none")
    if isinstance(value, frozenset):
        named = sorted(value) if all_ else sorted(value)[:NAMED]
        more = len(value) - len(named)
        roles = t.list(f"<@&{id_}>" for id_ in named)
        return t("{roles} and {n} more", roles=roles, n=more) if more else roles
    match setting.kind:
        case Kind.CHANNEL:
            return f"<#{value}>"
        case Kind.SWITCH:
            return _yes_or_no(bool(value), t)
        case Kind.LANGUAGE:
            return _language_name(str(value))
        case Kind.ASKING:
            return t(ASKING[Asking(str(value))][0])
        case _:
            return _number_text(setting.kind, value, t) if isinstance(value, int) else plain(value)


def _number_text(kind: Kind, number: int, t: Texts) -> str:
    match kind:
        case Kind.DAYS:
            return t.n("after {n} day", "after {n} days", number) if number else t("never")
        case Kind.DAYS_BEFORE:
            return t.n("{n} day before", "{n} days before", number) if number else t("never")
        case Kind.GRACE:
            return t.n("{n} day", "{n} days", number) if number else t("at once")
        case Kind.HOURS:
            return t.n("{n} hour", "{n} hours", number)
        case Kind.SECONDS:
            return t.n("{n} second", "{n} seconds", number) if number else t("not at all")
        case _:
            return t("from {n} % on", n=number)


def _yes_or_no(on: bool, t: Texts) -> str:
    return t("Yes") if on else t("No")


def _language_name(name: str) -> str:
    """A language in its own words."""
    shown = Locale.parse(name).get_display_name() or name
    return shown[:1].upper() + shown[1:]


def _short(text: str) -> str:
    return text if len(text) <= DESCRIPTION else text[: DESCRIPTION - 1] + "…"
