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


def state_name(state: str, t: Texts) -> str:
    """A state as a person says it."""
    return t(_NAMES[state])


def end_reason_name(reason: EndReason, t: Texts) -> str:
    """Why an invite ended, as a person says it."""
    return t(_END_REASONS[reason])
