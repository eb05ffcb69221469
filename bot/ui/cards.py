"""The review card: one request, what reviewers need to decide it, and what became of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.ui import LayoutView

from bot.domain.invites import Change, Invite, InviteState
from bot.domain.links import Tier
from bot.i18n import Texts
from bot.services.showing import CardData
from bot.ui.absence import absence_line
from bot.ui.codes import code_name
from bot.ui.errors import TEXTS, plex_reason
from bot.ui.items.access import Retry
from bot.ui.items.requests import CARD, Approve, Deny, Undo
from bot.ui.layout import contained, line, text
from bot.ui.plain import day, mention, plain, quoted, relative
from bot.ui.privacy import address_button
from bot.ui.states import COLOURS, end_reason_name, state_name
from bot.ui.tiers import approve_as_row

_TRYING = {InviteState.APPROVED, InviteState.SENDING}
_WITH_A_REASON = {InviteState.FAILED, InviteState.SUSPENDED}


def review_card(data: CardData, t: Texts) -> LayoutView:
    """The card in the request channel; it has buttons only while nobody has decided."""
    invite = data.invite
    if invite.is_forgotten:
        return forgotten_card(invite, t)
    request = [
        "### " + t("{member} asks for access", member=mention(invite.member_id)),
        *request_lines(invite, data.tier, t),
        t("Code: {name}", name=code_name(data.code, t)) if data.code is not None else "",
        earlier_line(data.earlier, t),
    ]
    # The state stands apart, so that what the member wrote can never pass for it.
    items: list[discord.ui.Item[Any]] = [
        text(*request),
        line(),
        text(
            status_line(invite, t),
            place_line(data.ahead, t),
            waiting_line(invite, data.guild.undo_seconds, t),
        ),
    ]
    if invite.is_open:
        row = [*decision_buttons(invite, t), *address_button(invite, t)]
        items.append(discord.ui.ActionRow(*row))
        items += approve_as_row(invite, data.tiers, t, CARD)
    elif invite.can_be_undone:
        items.append(discord.ui.ActionRow(Undo(invite.id, invite.version, label=t("Undo"))))
    if invite.state is InviteState.FAILED or invite.stuck_at is not None:
        items.append(discord.ui.ActionRow(Retry(invite.id, t("Try again"))))
    return contained(*items, colour=COLOURS[invite.state])


def forgotten_card(invite: Invite, t: Texts) -> LayoutView:
    """What is left when the person is not known any more: how it went."""
    return contained(
        text(
            "### " + t("Forgotten"),
            t("Who this was about, and what they wrote, is erased."),
            t("How it went: {state}", state=state_name(invite.state, t)),
        )
    )


def decision_buttons(invite: Invite, t: Texts, place: str = CARD) -> list[discord.ui.Item[Any]]:
    """Approve and Deny, bound to the request as it stands now."""
    waits = invite.state is InviteState.WAITLISTED
    return [
        Approve(invite.id, invite.version, place, t("Let in now") if waits else t("Approve")),
        Deny(invite.id, invite.version, place, t("Deny")),
    ]


def request_lines(invite: Invite, tier: Tier | None, t: Texts) -> list[str]:
    """Who asks, for which Plex account, and their word to the admins."""
    lines = [t("Plex account: {login}", login=f"**{plain(invite.login.masked)}**")]
    if invite.is_proven:
        lines[0] += " · ✅ " + t("signed in with Plex")
    if tier is not None:
        libraries = t.n("{n} library", "{n} libraries", len(tier.libraries))
        lines.append(t("Tier: {tier} ({libraries})", tier=plain(tier.name), libraries=libraries))
    created = discord.utils.snowflake_time(invite.member_id)
    since = t("On Discord since {day}", day=day(created))
    if invite.member_joined_at is not None:
        since += " · " + t("joined {when}", when=relative(invite.member_joined_at))
    lines.append(since)
    if invite.note:
        lines.append(quoted(invite.note))
    return lines


def earlier_line(earlier: tuple[Invite, ...], t: Texts) -> str:
    """What became of the same member's earlier requests."""
    if not earlier:
        return ""
    past = t.list(
        f"{state_name(invite.state, t)} {relative(_last_change(invite))}" for invite in earlier
    )
    return t("Earlier: {past}", past=past)


def _last_change(invite: Invite) -> datetime:
    return invite.ended_at or invite.decided_at or invite.requested_at


def status_line(invite: Invite, t: Texts) -> str:
    """Where the request stands, who decided, and what Plex said."""
    lines = (
        _state_line(invite, t),
        change_line(invite, t),
        ends_line(invite, t),
        absence_line(invite, t),
        _adopted_line(invite, t),
        problem_line(invite, t),
    )
    return "\n".join(filter(None, lines))


def _state_line(invite: Invite, t: Texts) -> str:
    write = _STATES.get(invite.state)
    return write(invite, t) if write is not None else state_name(invite.state, t)


def _by(invite: Invite, t: Texts) -> str:
    if invite.decided_by is not None:
        return mention(invite.decided_by)
    return t("their code") if invite.code_id is not None else t("the rules of this server")


def _decided(invite: Invite) -> str:
    return relative(invite.decided_at) if invite.decided_at else ""


def _asked(invite: Invite, t: Texts) -> str:
    return t("Asked {when}", when=relative(invite.requested_at))


def _waits(invite: Invite, t: Texts) -> str:
    return "💺 " + t(
        "Approved by {user} {when}. All seats are taken: waits for the next one.",
        user=_by(invite, t),
        when=_decided(invite),
    )


def _sending(invite: Invite, t: Texts) -> str:
    if invite.is_restoring:
        return "⏳ " + t("Access is being restored.")
    return "⏳ " + t(
        "Approved by {user} {when}. Sending to Plex.", user=_by(invite, t), when=_decided(invite)
    )


def _sent(invite: Invite, t: Texts) -> str:
    sent = "📨 " + t(
        "Approved by {user} {when}. Invited on Plex, not accepted yet.",
        user=_by(invite, t),
        when=_decided(invite),
    )
    if invite.take_by is None:
        return sent
    kept = t("From the waiting list: the seat is kept until {when}.", when=relative(invite.take_by))
    return f"{sent}\n{kept}"


def _active(invite: Invite, t: Texts) -> str:
    since = relative(invite.active_at or invite.requested_at)
    return "✅ " + t("Active since {when}. Approved by {user}.", when=since, user=_by(invite, t))


def _suspended(_invite: Invite, t: Texts) -> str:
    return "⏸️ " + t("Suspended. The libraries are kept and can be restored.")


def _denied(invite: Invite, t: Texts) -> str:
    denied = "⛔ " + t("Denied by {user} {when}.", user=_by(invite, t), when=_decided(invite))
    reason = invite.decision_reason
    return f"{denied}\n{quoted(reason)}" if reason else denied


def _withdrawn(invite: Invite, t: Texts) -> str:
    ended = relative(invite.ended_at or invite.requested_at)
    return t("Withdrawn by the member {when}.", when=ended)


def _failed(invite: Invite, t: Texts) -> str:
    return "⛔ " + t(
        "Approved by {user} {when}, but Plex refused.", user=_by(invite, t), when=_decided(invite)
    )


def _ended(invite: Invite, t: Texts) -> str:
    if invite.end_reason is None:
        return state_name(invite.state, t)
    return t("Ended: {reason}.", reason=end_reason_name(invite.end_reason, t))


_STATES: dict[InviteState, Callable[[Invite, Texts], str]] = {
    InviteState.REQUESTED: _asked,
    InviteState.WAITLISTED: _waits,
    InviteState.APPROVED: _sending,
    InviteState.SENDING: _sending,
    InviteState.SENT: _sent,
    InviteState.ACTIVE: _active,
    InviteState.SUSPENDED: _suspended,
    InviteState.DENIED: _denied,
    InviteState.WITHDRAWN: _withdrawn,
    InviteState.FAILED: _failed,
    InviteState.ENDED: _ended,
}


def _adopted_line(invite: Invite, t: Texts) -> str:
    if not invite.share_adopted or invite.state not in {InviteState.SENT, InviteState.ACTIVE}:
        return ""
    return t("Plex had shared with this account before. What it had was kept, the rest was added.")


def place_line(ahead: int | None, t: Texts) -> str:
    """The place in the line for a seat; empty for whoever is not in it."""
    if ahead is None:
        return ""
    if ahead == 0:
        return t("Next in line.")
    return t.n("{n} person is ahead in line.", "{n} people are ahead in line.", ahead)


def waiting_line(invite: Invite, undo_seconds: int, t: Texts) -> str:
    """Until when an approval waits before it is sent."""
    if not (undo_seconds and invite.can_be_undone and invite.decided_at):
        return ""
    until = relative(invite.decided_at + timedelta(seconds=undo_seconds))
    return t("It is sent {when}; until then the approval can be undone.", when=until)


def change_line(invite: Invite, t: Texts) -> str:
    """What is being done on Plex right now; empty when ledger and Plex agree."""
    match invite.change:
        case Change.SUSPEND:
            return "⏳ " + t("The libraries are being taken away.")
        case Change.END if invite.change_reason is not None:
            reason = end_reason_name(invite.change_reason, t)
            return "⏳ " + t("Access is being taken back: {reason}.", reason=reason)
        case Change.TAKE_BACK:
            return "⏳ " + t("Plex is being asked to take the invite back.")
        case Change.UPDATE:
            return "⏳ " + t("The libraries are being changed.")
        case Change.KEEP:
            return "⏳ " + t("I make sure that nothing was taken away.")
        case _:
            return ""


def ends_line(invite: Invite, t: Texts) -> str:
    """When access ends by itself."""
    is_given = invite.state in {InviteState.ACTIVE, InviteState.SUSPENDED, InviteState.SENT}
    if invite.expires_at is None or not is_given or invite.is_ending:
        return ""
    return t("Ends {when}, on {day}.", when=relative(invite.expires_at), day=day(invite.expires_at))


def problem_line(invite: Invite, t: Texts) -> str:
    """What keeps the work on Plex from getting done, for those who can mend it."""
    key = invite.failure_key
    is_trying = invite.state in _TRYING or invite.change is not None
    if key is None or not (is_trying or invite.state in _WITH_A_REASON):
        return ""
    if key == "restore.libraries_gone":
        titles = plain(invite.failure_reason)
        return "⚠️ " + t(TEXTS[key], titles=titles)
    problem = t(TEXTS[key])
    if is_trying and invite.stuck_at is not None:
        problem += " " + t("This keeps failing; I try again now and then.")
    elif is_trying:
        problem += " " + t("I keep trying.")
    return " ".join(filter(None, ["⚠️", problem, plex_reason(key, invite.failure_reason, t)]))
