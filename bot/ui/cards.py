"""The review card: one request, what reviewers need to decide it, and what became of it."""

from datetime import datetime
from typing import Any

import discord
from discord.ui import LayoutView

from bot.domain.invites import Invite, InviteState
from bot.domain.links import Tier
from bot.i18n import Texts
from bot.services.showing import CardData
from bot.ui.errors import TEXTS, plex_reason
from bot.ui.items import CARD, Approve, Deny
from bot.ui.layout import contained, line, text
from bot.ui.plain import day, mention, plain, quoted, relative
from bot.ui.states import COLOURS, end_reason_name, state_name

_TRYING = {InviteState.APPROVED, InviteState.SENDING}


def review_card(data: CardData, t: Texts) -> LayoutView:
    """The card in the request channel; it has buttons only while nobody has decided."""
    invite = data.invite
    request = [
        "### " + t("{member} asks for access", member=mention(invite.member_id)),
        *request_lines(invite, data.tier, t),
        earlier_line(data.earlier, t),
    ]
    # The state stands apart, so that what the member wrote can never pass for it.
    items: list[discord.ui.Item[Any]] = [text(*request), line(), text(status_line(invite, t))]
    if invite.is_open:
        items.append(discord.ui.ActionRow(*decision_buttons(invite, t)))
    return contained(*items, colour=COLOURS[invite.state])


def decision_buttons(invite: Invite, t: Texts, place: str = CARD) -> list[discord.ui.Item[Any]]:
    """Approve and Deny, bound to the request as it stands now."""
    return [
        Approve(invite.id, invite.version, place, t("Approve")),
        Deny(invite.id, invite.version, place, t("Deny")),
    ]


def request_lines(invite: Invite, tier: Tier | None, t: Texts) -> list[str]:
    """Who asks, for which Plex account, and their word to the admins."""
    lines = [t("Plex account: {login}", login=f"**{plain(invite.login.masked)}**")]
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
    past = ", ".join(
        f"{state_name(invite.state, t)} {relative(_last_change(invite))}" for invite in earlier
    )
    return t("Earlier: {past}", past=past)


def _last_change(invite: Invite) -> datetime:
    return invite.ended_at or invite.decided_at or invite.requested_at


def status_line(invite: Invite, t: Texts) -> str:
    """Where the request stands, who decided, and what Plex said."""
    lines = (_state_line(invite, t), _adopted_line(invite, t), _problem_line(invite, t))
    return "\n".join(filter(None, lines))


def _state_line(invite: Invite, t: Texts) -> str:
    by = mention(invite.decided_by) if invite.decided_by else ""
    decided = relative(invite.decided_at) if invite.decided_at else ""
    match invite.state:
        case InviteState.REQUESTED | InviteState.WAITLISTED:
            return t("Asked {when}", when=relative(invite.requested_at))
        case InviteState.APPROVED | InviteState.SENDING:
            return "⏳ " + t("Approved by {user} {when}. Sending to Plex.", user=by, when=decided)
        case InviteState.SENT:
            return "📨 " + t(
                "Approved by {user} {when}. Invited on Plex, not accepted yet.",
                user=by,
                when=decided,
            )
        case InviteState.ACTIVE:
            since = relative(invite.active_at or invite.requested_at)
            return "✅ " + t("Active since {when}. Approved by {user}.", when=since, user=by)
        case InviteState.DENIED:
            denied = "⛔ " + t("Denied by {user} {when}.", user=by, when=decided)
            reason = invite.decision_reason
            return f"{denied}\n{quoted(reason)}" if reason else denied
        case InviteState.WITHDRAWN:
            ended = relative(invite.ended_at or invite.requested_at)
            return t("Withdrawn by the member {when}.", when=ended)
        case InviteState.FAILED:
            return "⛔ " + t("Approved by {user} {when}, but Plex refused.", user=by, when=decided)
        case InviteState.ENDED if invite.end_reason is not None:
            return t("Ended: {reason}.", reason=end_reason_name(invite.end_reason, t))
        case _:
            return state_name(invite.state, t)


def _adopted_line(invite: Invite, t: Texts) -> str:
    if not invite.share_adopted or invite.state not in {InviteState.SENT, InviteState.ACTIVE}:
        return ""
    return t("Plex had shared with this account before; its libraries were left as they are.")


def _problem_line(invite: Invite, t: Texts) -> str:
    key = invite.failure_key
    if key is None or invite.state not in _TRYING | {InviteState.FAILED}:
        return ""
    problem = t(TEXTS[key])
    if invite.state in _TRYING:
        problem += " " + t("I keep trying.")
    return " ".join(filter(None, ["⚠️", problem, plex_reason(key, invite.failure_reason, t)]))
