"""The member's own panel: how access stands and what happens next."""

from collections.abc import Callable
from typing import Any

import discord
from discord.ui import Item, LayoutView

from bot.domain.invites import WITHDRAWABLE, Change, Invite, InviteState
from bot.domain.members import Wish, WishState
from bot.i18n import Texts, mark
from bot.services.invites import MemberView
from bot.ui.absence import own_absence_line
from bot.ui.cards import ends_line, place_line
from bot.ui.errors import member_text
from bot.ui.holding import (
    has_to_mend,
    holding_buttons,
    holding_lines,
    is_accepting,
)
from bot.ui.items.members import Leave, SignInMine, Withdraw
from bot.ui.items.messages import SwitchDms
from bot.ui.items.mine import CannotSee, Language, Understood
from bot.ui.items.privacy import MyData
from bot.ui.layout import GREY, YELLOW, apart, in_rows, layout
from bot.ui.plain import day, plain, quoted, relative
from bot.ui.sight import ACCEPT, libraries_line, remote_streaming
from bot.ui.states import COLOURS, end_reason_name, state_name
from bot.ui.wishes import wish_buttons, wish_lines

_CAN_LEAVE = {InviteState.ACTIVE, InviteState.SUSPENDED}
_CAN_LOOK = {InviteState.SENT, InviteState.ACTIVE, InviteState.SUSPENDED}

_TITLES: dict[InviteState, str] = {
    InviteState.REQUESTED: mark("Your request is with the admins"),
    InviteState.WAITLISTED: mark("Approved! You are on the waiting list"),
    InviteState.APPROVED: mark("Approved! Your invite is on its way"),
    InviteState.SENDING: mark("Approved! Your invite is on its way"),
    InviteState.SENT: mark("Approved! Now accept on Plex"),
    InviteState.ACTIVE: mark("You're in"),
    InviteState.SUSPENDED: mark("Your access is paused"),
    InviteState.DENIED: mark("Not this time"),
    InviteState.WITHDRAWN: mark("Request withdrawn"),
    InviteState.FAILED: mark("Plex refused the invite"),
}


def member_panel(view: MemberView, t: Texts) -> LayoutView:
    """How a member's own request stands and what happens next."""
    invite = view.invite
    if invite is None:
        return layout(
            t("You have not asked for access yet. Use /invite to ask."),
            rows=[[MyData("show", 0, t("My data"))]],
            colour=GREY,
        )
    account = t("Plex account: {login}", login=plain(invite.login.value))
    return layout(
        f"### {_title(invite, view, t)}",
        *_lines(invite, view, t),
        *wish_lines(_wishes(view, invite), t),
        f"-# {account}",
        rows=[*in_rows(_buttons(view, invite, t)), _own_buttons(view, invite, t)],
        colour=COLOURS[invite.state],
    )


def leave_panel(view: MemberView, t: Texts) -> LayoutView:
    """The question before one's own access is given up."""
    invite = view.invite
    if invite is None:
        return member_panel(view, t)
    return layout(
        "### " + t("Leave Plex?"),
        t("Your access ends at once. To come back you would have to ask again."),
        rows=[[Leave("yes", invite.id, t("Leave for good")), Leave("no", invite.id, t("Stay"))]],
        colour=YELLOW,
    )


def _buttons(view: MemberView, invite: Invite, t: Texts) -> list[Item[Any]]:
    """What is possible now."""
    if invite.is_ending:
        return wish_buttons(view, t)
    buttons = holding_buttons(invite, view.mine.holding, t)
    if invite.state is InviteState.SENT:
        buttons.append(discord.ui.Button(label=t("Accept on Plex"), url=ACCEPT))
    if view.mine.may_sign_in:
        buttons.append(SignInMine(invite.id, t("Sign in with Plex")))
    if _has_to_read(view, invite):
        buttons.append(Understood(invite.id, t("Understood")))
    if invite.state in _CAN_LOOK:
        buttons.append(CannotSee(invite.id, t("I can't see the libraries")))
    buttons += wish_buttons(view, t)
    if invite.state in WITHDRAWABLE:
        buttons.append(Withdraw(invite.id, t("Withdraw")))
    if invite.state in _CAN_LEAVE:
        buttons.append(Leave("ask", invite.id, t("Leave")))
    return buttons


def _own_buttons(view: MemberView, invite: Invite, t: Texts) -> list[Item[Any]]:
    """What is possible at any time, whatever became of the request."""
    if view.mine.member.dms_off:
        dms = SwitchDms("on", invite.id, t("Direct messages: off"))
    else:
        dms = SwitchDms("off", invite.id, t("Direct messages: on"))
    own = MyData("show", invite.id, t("My data"))
    return [Language(invite.id, t("Language")), dms, own]


def _has_to_read(view: MemberView, invite: Invite) -> bool:
    """Whether Plex's own demands were not read yet: once, before accepting, or soon after.

    Who has signed in with Plex may have had the invite accepted on their behalf.
    """
    is_new = invite.state is InviteState.ACTIVE and invite.is_proven
    return view.mine.member.streaming_read_at is None and (
        invite.state is InviteState.SENT or is_new
    )


def _wishes(view: MemberView, invite: Invite) -> list[Wish]:
    """What was granted is no news any more when the access is over."""
    is_over = invite.state is InviteState.ENDED
    return [one for one in view.mine.wishes if not (is_over and one.state is WishState.GRANTED)]


def _title(invite: Invite, view: MemberView, t: Texts) -> str:
    if invite.change is Change.END:
        return t("Your access is ending")
    if invite.state is InviteState.SENDING and invite.is_restoring:
        return t("Your access is coming back")
    if is_accepting(invite, view.mine.holding):
        return t("Approved! Your libraries are on their way")
    if invite.state is InviteState.SENT and invite.nudged_at is not None:
        return t("Your invite still waits on Plex")
    if invite.state in _TITLES:
        return t(_TITLES[invite.state])
    return t("Your access: {state}", state=state_name(invite.state, t))


def _lines(invite: Invite, view: MemberView, t: Texts) -> list[str]:
    if invite.change is Change.END and invite.change_reason is not None:
        reason = end_reason_name(invite.change_reason, t)
        return [t("Reason: {reason}.", reason=reason)]
    write = _BODIES.get(invite.state)
    return write(invite, view, t) if write is not None else [_ask_again(t)]


def _waiting(invite: Invite, view: MemberView, t: Texts) -> list[str]:
    return [
        t("Asked {when}", when=relative(invite.requested_at)),
        *holding_lines(invite, view.mine.holding, t),
        _where_told(t),
    ]


def _in_line(_invite: Invite, view: MemberView, t: Texts) -> list[str]:
    return [
        t("All seats are taken right now. You get one as soon as it is your turn; you do not need"
          " to do anything."),
        f"**{place}**" if (place := place_line(view.mine.ahead, t)) else "",
        _where_told(t),
    ]  # fmt: skip


def _on_its_way(invite: Invite, view: MemberView, t: Texts) -> list[str]:
    if invite.failure_key is not None:
        return [member_text(invite.failure_key, t)]
    if invite.is_restoring:
        return [t("Plex is being asked to give you your libraries back.")]
    return [
        t("I am asking Plex to invite you. That usually takes a moment."),
        *holding_lines(invite, view.mine.holding, t),
    ]


def _to_accept(invite: Invite, view: MemberView, t: Texts) -> list[str]:
    if is_accepting(invite, view.mine.holding) or has_to_mend(invite, view.mine.holding):
        return [*holding_lines(invite, view.mine.holding, t), _where_told(t)]
    return [
        t("Plex has sent you an invite. Accept it in Plex's e-mail, or sign in to Plex"
          " and look under Settings, Manage Library Access."),
        in_time_line(invite, t),
        _tier_line(view, t),
        ends_line(invite, t),
        *_what_plex_demands(view, invite, t),
        _where_told(t),
    ]  # fmt: skip


def in_time_line(invite: Invite, t: Texts) -> str:
    """A seat from the waiting list is kept for so long only."""
    if invite.take_by is None:
        return ""
    return "⏰ " + t("Your seat is kept until {when}. After that the next in line gets it.",
                      when=relative(invite.take_by))  # fmt: skip


def _what_plex_demands(view: MemberView, invite: Invite, t: Texts) -> list[str]:
    return [apart(remote_streaming(t))] if _has_to_read(view, invite) else []


def _tier_line(view: MemberView, t: Texts) -> str:
    """The tier, and since when somebody has it."""
    if view.tier is None:
        return ""
    tier = t("Tier: {tier}", tier=f"**{plain(view.tier.name)}**")
    if view.invite is None or view.invite.active_at is None:
        return tier
    return tier + " · " + t("since {day}", day=day(view.invite.active_at))


def _active(invite: Invite, view: MemberView, t: Texts) -> list[str]:
    server = plain(view.link.server_name) if view.link and view.link.server_name else "Plex"
    return [
        t("{server} is shared with you. Enjoy!", server=f"**{server}**"),
        _tier_line(view, t),
        libraries_line(view.libraries, t),
        ends_line(invite, t) or t("Your access has no end."),
        own_absence_line(invite, t),
        *_what_plex_demands(view, invite, t),
    ]


def _paused(invite: Invite, view: MemberView, t: Texts) -> list[str]:
    return [
        t("The admins have paused your access. Nothing is lost: when they end the pause,"
          " you get the same libraries back."),
        _tier_line(view, t),
        libraries_line(view.libraries, t),
        ends_line(invite, t),
    ]  # fmt: skip


def _denied(invite: Invite, _view: MemberView, t: Texts) -> list[str]:
    reason = quoted(invite.decision_reason) if invite.decision_reason else ""
    return [t("The admins said no."), reason, _ask_again(t)]


def _failed(invite: Invite, _view: MemberView, t: Texts) -> list[str]:
    return [_why_failed(invite, t), _ask_again(t)]


def _ended(invite: Invite, _view: MemberView, t: Texts) -> list[str]:
    if invite.end_reason is None:
        return [_ask_again(t)]
    reason = end_reason_name(invite.end_reason, t)
    return [t("Ended: {reason}.", reason=reason), _ask_again(t)]


_BODIES: dict[InviteState, Callable[[Invite, MemberView, Texts], list[str]]] = {
    InviteState.REQUESTED: _waiting,
    InviteState.WAITLISTED: _in_line,
    InviteState.APPROVED: _on_its_way,
    InviteState.SENDING: _on_its_way,
    InviteState.SENT: _to_accept,
    InviteState.ACTIVE: _active,
    InviteState.SUSPENDED: _paused,
    InviteState.DENIED: _denied,
    InviteState.FAILED: _failed,
    InviteState.ENDED: _ended,
}


def _why_failed(invite: Invite, t: Texts) -> str:
    match invite.failure_key:
        case "plex.refused" | "plex.share_gone" as key:
            return member_text(key, t)
        case "invite.login_taken" | "plex.already_shared":
            return t(
                "That Plex account already has access here, or an open request. If it is"
                " yours, please tell an admin."
            )
        case _:
            return t("Plex could not invite this account. The admins can see why: please ask them.")


def _where_told(t: Texts) -> str:
    return "-# " + t("News appears right here for 15 minutes, after that in one direct message."
                     " /my-plex shows it at any time.")  # fmt: skip


def _ask_again(t: Texts) -> str:
    return t("You can ask again with /invite.")
