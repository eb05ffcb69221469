"""The states of an invite, as words and colours."""

import discord

from bot.domain.invites import EndReason, InviteState
from bot.i18n import Texts, mark
from bot.ui.layout import BLUE, GREEN, GREY, RED, YELLOW

_NAMES: dict[str, str] = {
    InviteState.REQUESTED: mark("waiting for a decision"),
    InviteState.WAITLISTED: mark("on the waiting list"),
    InviteState.APPROVED: mark("approved"),
    InviteState.SENDING: mark("being sent"),
    InviteState.SENT: mark("invited, not accepted yet"),
    InviteState.ACTIVE: mark("active"),
    InviteState.SUSPENDED: mark("suspended"),
    InviteState.ENDED: mark("ended"),
    InviteState.DENIED: mark("denied"),
    InviteState.WITHDRAWN: mark("withdrawn"),
    InviteState.FAILED: mark("refused by Plex"),
}

_END_REASONS: dict[EndReason, str] = {
    EndReason.EXPIRED: mark("the time was over"),
    EndReason.REVOKED: mark("an admin ended it"),
    EndReason.LEFT: mark("the member left"),
    EndReason.REMOVED_ON_PLEX: mark("it was removed on Plex"),
    EndReason.NEVER_ACCEPTED: mark("it was never accepted"),
    EndReason.DECLINED: mark("the invite was declined on Plex"),
    EndReason.ROLE_LOST: mark("the role was lost"),
    EndReason.LEFT_DISCORD: mark("the member left Discord"),
    EndReason.INACTIVE: mark("it was not used"),
}

COLOURS: dict[InviteState, discord.Colour] = {
    InviteState.REQUESTED: BLUE,
    InviteState.WAITLISTED: BLUE,
    InviteState.APPROVED: YELLOW,
    InviteState.SENDING: YELLOW,
    InviteState.SENT: YELLOW,
    InviteState.ACTIVE: GREEN,
    InviteState.SUSPENDED: GREY,
    InviteState.ENDED: GREY,
    InviteState.DENIED: RED,
    InviteState.WITHDRAWN: GREY,
    InviteState.FAILED: RED,
}


_ACTIONS: dict[str, str] = {
    "invite.requested": mark("asked for access"),
    "invite.approved": mark("approved"),
    "invite.approved_by_code": mark("approved, by a code"),
    "invite.approved_proven": mark("approved, by a sign-in with Plex"),
    "code.created": mark("made a code"),
    "code.used": mark("used a code"),
    "code.revoked": mark("took a code back"),
    "code.given_back": mark("gave the use of a code back"),
    "code.refused": mark("typed a code that does not work"),
    "panel.posted": mark("posted a panel"),
    "panel.removed": mark("took a panel away"),
    "panel.stays_away": mark("left a panel away that was deleted again and again"),
    "invite.waitlisted": mark("put on the waiting list"),
    "invite.promoted": mark("gave a free seat to the next in line"),
    "invite.unlisted": mark("took from the waiting list, to be decided anew"),
    "invite.undone": mark("took the approval back"),
    "interaction.forged": mark("sent a button or form that I never showed"),
    "invite.denied": mark("denied"),
    "invite.withdrawn": mark("took the request back"),
    "invite.sending": mark("began to send the invite"),
    "invite.sent": mark("invited on Plex"),
    "invite.active": mark("found it accepted on Plex"),
    "invite.failed": mark("Plex refused"),
    "invite.ended": mark("ended"),
    "invite.nudged": mark("reminded the member to accept"),
    "member.missed": mark("found the member gone, or without the role"),
    "member.back": mark("found the member back"),
    "member.vouched_gone": mark("said that those who left are really gone"),
    "member.reminded": mark("reminded the member that access ends soon"),
    "invite.retried": mark("had it tried again"),
    "access.suspend": mark("suspended"),
    "access.suspended": mark("took the libraries away on Plex"),
    "access.restore": mark("restored"),
    "access.restoring": mark("began to put the libraries back"),
    "access.not_restored": mark("could not restore: libraries are gone"),
    "access.kept": mark("made sure that nothing was taken away"),
    "access.extend": mark("changed the end"),
    "access.renew": mark("renewed"),
    "access.move": mark("moved to another tier"),
    "access.moved_server": mark("moved to another server"),
    "access.updated": mark("changed the libraries on Plex"),
    "access.settings_shared": mark("got other rights or filters with another share"),
    "access.revoke": mark("ended the access"),
    "access.leave": mark("left"),
    "access.end": mark("began to end the access"),
    "wish.time": mark("asked for more time"),
    "wish.tier": mark("asked for another tier"),
    "wish.refused": mark("denied more time or another tier"),
    "wish.withdrawn": mark("took the request for more back"),
    "tier.created": mark("made a tier"),
    "tier.changed": mark("changed a tier"),
    "tier.libraries": mark("changed the libraries of a tier"),
    "tier.default": mark("made another tier the default"),
    "tier.leaving": mark("began to delete a tier"),
    "tier.stays": mark("kept a tier that was to be deleted"),
    "tier.deleted": mark("deleted a tier"),
    "plex.seats": mark("changed the seats of a server"),
    "access.apply_tier": mark("gave what the tier says now"),
    "access.granted": mark("gave access"),
    "access.imported": mark("matched an account on Plex with the member"),
    "share.released": mark("took the invite back on Plex"),
    "share.gone_already": mark("found the invite gone on Plex"),
    "share.not_found": mark("found no invite on Plex"),
    "share.left_alone": mark("left the share on Plex alone"),
    "share.left_to_others": mark("left it on Plex, as another Discord server needs it"),
    "bulk.started": mark("started a bulk action"),
    "bulk.stopped": mark("stopped a bulk action"),
    "bulk.finished": mark("finished a bulk action"),
    "plex.connected": mark("reached a Plex server"),
    "plex.linked": mark("connected a Plex server"),
    "plex.disconnected": mark("disconnected a Plex server"),
    "address.shown": mark("looked at the address"),
    "member.exported": mark("got their own data"),
    "member.forget_asked": mark("somebody asked to be forgotten"),
    "member.forgotten": mark("forgot somebody who had asked for it"),
    "member.kept_no_longer": mark("erased who was behind old requests"),
    "sign_in.done": mark("signed in with Plex"),
    "sign_in.held": mark("agreed that the sign-in is kept until the decision"),
    "sign_in.let_go": mark("had the sign-in ended"),
    "sign_in.not_accepted": mark("could not accept on Plex for the member"),
    "invite.proven": mark("showed by signing in that the account is theirs"),
    "plex.listing_trusted": mark("believed Plex's list"),
    "settings.changed": mark("changed a setting"),
    "work.retried": mark("had everything tried again"),
    "cards.blocked": mark("could not post cards"),
    "guild.left": mark("was removed from the server"),
    "guild.returned": mark("was added to the server again"),
}


def action_name(action: str, t: Texts) -> str:
    """A line of the audit log as a person says it; an unknown one by its name."""
    return t(_ACTIONS[action]) if action in _ACTIONS else action


def is_action(action: str) -> bool:
    """Whether the log may hold such lines."""
    return action in _ACTIONS


def actions_like(typed: str, t: Texts) -> list[tuple[str, str]]:
    """(action, its words) of those whose words hold what was typed, by words."""
    wanted = typed.strip().casefold()
    named = [(action, f"{t(words)}") for action, words in _ACTIONS.items()]
    return sorted(
        (one for one in named if wanted in one[1].casefold() or wanted in one[0]),
        key=lambda one: one[1].casefold(),
    )


def state_name(state: str, t: Texts) -> str:
    """A state as a person says it."""
    return t(_NAMES[state])


def end_reason_name(reason: EndReason, t: Texts) -> str:
    """Why an invite ended, as a person says it."""
    return t(_END_REASONS[reason])
