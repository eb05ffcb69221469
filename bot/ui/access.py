"""The card about one person's access, for staff."""

from typing import Any

from discord.ui import Item, LayoutView

from bot.domain.audit import Event
from bot.domain.errors import Refused
from bot.domain.invites import REVOCABLE, Change, EndReason, Invite, InviteState
from bot.domain.logins import without_addresses
from bot.i18n import Texts
from bot.services.access_view import AccessView
from bot.ui.cards import (
    decision_buttons,
    forgotten_card,
    place_line,
    request_lines,
    status_line,
)
from bot.ui.errors import error_text
from bot.ui.items.access import ChangeAccess, ExtendAccess, Retry, TurnHistory
from bot.ui.layout import layout
from bot.ui.plain import mention, plain, relative
from bot.ui.privacy import address_button
from bot.ui.states import COLOURS, action_name
from bot.ui.tiers import role_line

# As much of a reason as a line of history holds.
REASON = 80
_WITH_A_REASON = {"access.suspend", "access.revoke"}


def access_panel(
    view: AccessView, t: Texts, *, can_change: bool, refusal: Refused | None = None
) -> LayoutView:
    """One person's access, its history, and what can be done about it.

    `refusal`: a restore that needs a word more, because libraries are gone.
    """
    invite = view.invite
    if invite.is_forgotten:
        return forgotten_card(invite, t)
    lines = [
        "### " + t("Access of {member}", member=mention(invite.member_id)),
        *request_lines(invite, view.tier, t),
        status_line(invite, t),
        place_line(view.ahead, t),
        role_line(invite, t),
        "⚠️ " + error_text(refusal, t) if refusal is not None else "",
    ]
    past = [
        f"-# {relative(event.at)} {mention(event.actor_id) if event.actor_id else 'Helpr'}: "
        f"{action_name(event.action, t)}{_reason(event)}"
        for event in view.events
    ]
    buttons: list[Item[Any]] = []
    if can_change and invite.is_open:
        buttons = decision_buttons(invite, t)
    elif can_change:
        buttons = _access_buttons(invite, t, offer_rest=refusal is not None)
    elif _can_extend(invite) and (invite.expires_at is not None):
        buttons = [ExtendAccess(invite.id, t("Extend"))]
    rows = [buttons, [*address_button(invite, t), *_turns(view, t)]]
    return layout(*lines, "", *past, rows=rows, colour=COLOURS[invite.state])


def _turns(view: AccessView, t: Texts) -> list[Item[Any]]:
    """To the rest of the history."""
    turns: list[Item[Any]] = []
    if view.has_earlier:
        turns.append(TurnHistory(view.invite.id, "before", view.events[0].id, t("Earlier")))
    if view.has_later:
        turns.append(TurnHistory(view.invite.id, "after", view.events[-1].id, t("Later")))
    return turns


def _reason(event: Event) -> str:
    """What an admin wrote for the log."""
    if event.action not in _WITH_A_REASON or not event.why:
        return ""
    words = " ".join(without_addresses(event.why).split())
    return f" ({plain(words if len(words) <= REASON else words[: REASON - 1] + '…')})"


def _can_extend(invite: Invite) -> bool:
    expired = EndReason.EXPIRED in {invite.end_reason, invite.change_reason}
    given = invite.state in {InviteState.ACTIVE, InviteState.SUSPENDED, InviteState.SENT}
    return expired or (given and not invite.is_ending)


def _access_buttons(invite: Invite, t: Texts, *, offer_rest: bool) -> list[Item[Any]]:
    buttons: list[Item[Any]] = []
    if _can_extend(invite):
        buttons.append(ExtendAccess(invite.id, t("Extend")))
    if not invite.is_ending:
        if invite.state is InviteState.SUSPENDED or invite.change is Change.SUSPEND:
            buttons.append(ChangeAccess("restore", invite.id, t("Restore")))
        elif invite.state is InviteState.ACTIVE and invite.change is not Change.UPDATE:
            buttons.append(ChangeAccess("suspend", invite.id, t("Suspend")))
        if offer_rest:
            buttons.append(ChangeAccess("rest", invite.id, t("Restore the rest")))
        if invite.state in REVOCABLE:
            buttons.append(ChangeAccess("revoke", invite.id, t("End access")))
    if invite.state is InviteState.FAILED or invite.stuck_at is not None:
        buttons.append(Retry(invite.id, t("Try again")))
    return buttons
