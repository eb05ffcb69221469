"""For members: what is done with their sign-in until the invite is accepted on Plex."""

from typing import Any

from discord.ui import Item

from bot.domain.invites import OPEN, Invite, InviteState
from bot.domain.sign_in import Holding
from bot.i18n import Texts, mark
from bot.ui.errors import member_text
from bot.ui.items.members import Hold
from bot.ui.plain import relative

PLEX_WEB = "https://app.plex.tv"
# Where Plex says why somebody may not accept; anything else gets the general steps.
_SAID = frozenset({"plex.unverified", "plex.consent_missing"})
_ACCEPT = mark(
    "Then accept the invite there, under Settings, Manage Library Access. I notice it by myself."
)


def holding_lines(invite: Invite, holding: Holding | None, t: Texts) -> list[str]:
    """What becomes of the sign-in, and what the member may choose or has to do."""
    if holding is None:
        return []
    if invite.state is InviteState.SENT:
        return _while_sent(holding, t)
    if holding.until is None:
        return []
    if holding.is_agreed:
        kept = t(
            "I accept the invite for you as soon as it is there. Your sign-in is kept until then,"
            " encrypted, and ends {when} at the latest.",
            when=relative(holding.until),
        )
        return ["-# " + kept]
    return [
        t("**Shall I accept the invite for you when they say yes?** Then your libraries are simply"
          " there. For that I keep your sign-in, encrypted, until they decide: three days at"
          " most."),
        "-# " + t("Without an answer I sign out {when}, and you accept by a link.",
                  when=relative(holding.until)),
    ]  # fmt: skip


def _while_sent(holding: Holding, t: Texts) -> list[str]:
    if holding.until is not None:
        return [
            t("I am accepting the invite for you. This takes a moment, and you need do nothing.")
        ]
    if holding.problem_key is None:
        return []
    if holding.problem_key in _SAID:
        return ["⚠️ " + member_text(holding.problem_key, t), t(_ACCEPT)]
    return [
        "⚠️ "
        + t("Plex did not let me accept for you. Sign in at {url}, and confirm your e-mail address"
            " if Plex asks for it.", url=PLEX_WEB),
        t(_ACCEPT),
    ]  # fmt: skip


def is_accepting(invite: Invite, holding: Holding | None) -> bool:
    """Whether Helpr is just accepting for the member."""
    return invite.state is InviteState.SENT and holding is not None and holding.until is not None


def has_to_mend(invite: Invite, holding: Holding | None) -> bool:
    """Whether Plex wants something of the member before it lets the account accept."""
    is_sent = invite.state is InviteState.SENT and holding is not None
    return is_sent and holding is not None and holding.problem_key is not None


def holding_buttons(invite: Invite, holding: Holding | None, t: Texts) -> list[Item[Any]]:
    """The choice, while there is one."""
    if holding is None or holding.until is None or invite.state is InviteState.SENT:
        return []
    if not holding.is_agreed:
        return [
            Hold("yes", invite.id, t("Yes, accept for me")),
            Hold("no", invite.id, t("No, sign out now")),
        ]
    if invite.state in OPEN:
        return [Hold("no", invite.id, t("Sign out now"))]
    return []
