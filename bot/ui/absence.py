"""That somebody is missed, as one line for staff and one for themselves."""

from bot.domain.invites import Invite
from bot.domain.members import Absence
from bot.i18n import Texts
from bot.ui.plain import relative


def absence_line(invite: Invite, t: Texts) -> str:
    """For staff: why access is about to end although nobody has ended it."""
    if invite.absent_since is None or invite.grace_until is None or invite.is_ending:
        return ""
    since, until = relative(invite.absent_since), relative(invite.grace_until)
    if invite.absent_why is Absence.LEFT:
        return "🚪 " + t(
            "Has left the server {since}. I cannot write to them. Access ends {when}, unless they"
            " come back.",
            since=since,
            when=until,
        )
    return "🎭 " + t(
        "Has lost the role of their tier {since}. Access ends {when}, unless they get it back.",
        since=since,
        when=until,
    )


def own_absence_line(invite: Invite, t: Texts) -> str:
    """For the member: their role is gone, and what that means."""
    is_missed = invite.absent_why is Absence.ROLE and not invite.is_ending
    if not is_missed or invite.grace_until is None:
        return ""
    return "⚠️ " + t(
        "You no longer have the role for this. Your access ends {when}, unless you get it back.",
        when=relative(invite.grace_until),
    )
