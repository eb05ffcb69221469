"""Where review cards are shown: what keeps them from there, and what to do about it."""

from collections.abc import Iterable

from discord.ui import LayoutView

from bot.domain.channels import ChannelProblem, RequestChannel
from bot.i18n import Texts, mark
from bot.ui.layout import YELLOW, notice

# As Discord's own settings call them.
_PERMISSIONS = {
    "view_channel": mark("View Channel"),
    "send_messages": mark("Send Messages"),
    "send_messages_in_threads": mark("Send Messages in Threads"),
    "manage_threads": mark("Manage Threads"),
    "read_message_history": mark("Read Message History"),
    "manage_roles": mark("Manage Roles"),
    "create_instant_invite": mark("Create Invite"),
}


def place_lines(place: RequestChannel, t: Texts) -> list[str]:
    """For reviewers: why no cards can be shown, and how to mend it; empty when all is well."""
    if place.problem is None:
        return []
    if place.problem is ChannelProblem.UNSET:
        return ["-# " + t("There is no channel for the cards of requests. {how}", how=_set_one(t))]
    channel = f"<#{place.id}>"
    named = permission_names(place.missing, t)
    match place.problem:
        case ChannelProblem.GONE:
            what = t("The channel for the cards of requests is gone. {how}", how=_set_one(t))
        case ChannelProblem.LOCKED:
            what = t("{channel} is locked, so I cannot show cards there. Please unlock it.",
                     channel=channel)  # fmt: skip
        case _ if named:
            what = t("I cannot show cards in {channel}. Please give me there: {permissions}.",
                     channel=channel, permissions=named)  # fmt: skip
        case _:
            what = t("I cannot show cards in {channel}. Please check my permissions there.",
                     channel=channel)  # fmt: skip
    return ["⚠️ " + what, t("Until then requests can be decided right here.")]


def _set_one(t: Texts) -> str:
    return t("An admin can choose one with /settings.")


def permission_names(names: Iterable[str], t: Texts) -> str:
    """Permissions as Discord's own settings call them."""
    return t.list(f"**{t(_PERMISSIONS[name])}**" for name in names)


def nowhere_notice(t: Texts) -> LayoutView:
    """For the server's own system channel, where everybody reads: no names, no numbers."""
    return notice(
        t("Requests for Plex access can no longer be shown in their channel. Whoever manages this"
          " server finds out with /requests what waits and what to do."),
        colour=YELLOW,
    )  # fmt: skip
