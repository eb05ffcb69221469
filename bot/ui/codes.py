"""Codes: a new one, the list, and what remains of one that was taken back."""

from datetime import datetime
from typing import Any

from discord.ui import ActionRow, Item, LayoutView

from bot.domain.codes import Code, CodeState
from bot.domain.errors import Refused
from bot.domain.logins import without_addresses
from bot.i18n import Texts, mark
from bot.services.codes import CodePage, CodeView
from bot.ui.errors import error_text
from bot.ui.items.codes import RevokeCode, TurnCodes
from bot.ui.layout import BLUE, GREEN, GREY, YELLOW, contained, layout, line, text
from bot.ui.plain import day, mention, plain, relative

INVITE_URL = "https://discord.gg/"

_STATES: dict[CodeState, str] = {
    CodeState.VALID: mark("works"),
    CodeState.USED_UP: mark("used up"),
    CodeState.EXPIRED: mark("over"),
    CodeState.REVOKED: mark("taken back"),
}


def made_panel(view: CodeView, t: Texts, problem: Refused | None = None) -> LayoutView:
    """A code was made; its text comes in a message of its own, to copy whole.

    `problem` is why it has no link, though one was wanted.
    """
    code = view.code
    guessable = "⚠️ " + t(
        "You have chosen it yourself, and what people think of, others guess. Let it end soon, or"
        " let me make one."
    )
    return layout(
        "### " + t("A new code: {name}", name=code_name(code, t)),
        *facts(view, t),
        "⚠️ " + error_text(problem, t) if problem is not None else None,
        guessable if code.is_chosen else None,
        t("The next message is what to send. **I do not show it again**, and nobody can read it"
          " back: copy it now."),
        colour=YELLOW if code.is_chosen or problem is not None else GREEN,
    )  # fmt: skip


def to_send(shown: str, code: Code, t: Texts) -> str:
    """Exactly what the admin copies and sends: the code, with its way in where there is a link."""
    if code.discord_code is None:
        return shown
    return t(
        "Join here: {link}\nThen press “I have a code”, or use /invite. Your code is:\n{code}",
        link=INVITE_URL + code.discord_code,
        code=shown,
    )


def list_panel(page: CodePage, t: Texts) -> LayoutView:
    """A page of codes, newest first, each with what it gives, who used it, and its way out."""
    if not page.codes:
        return layout(t("There are no codes yet. /code create makes one."), colour=GREY)
    items: list[Item[Any]] = [text("### " + t("Codes"))]
    for view in page.codes:
        items += [line(), text(*_entry(view, t, page.now))]
        if view.code.state(page.now) is not CodeState.REVOKED:
            items.append(ActionRow(RevokeCode(view.code.id, t("Revoke"))))
    turn: list[Item[Any]] = []
    if page.newer_than is not None:
        turn.append(TurnCodes("newer", page.newer_than, t("Newer ones")))
    if page.older_than is not None:
        turn.append(TurnCodes("older", page.older_than, t("Older ones")))
    if turn:
        items += [line(), ActionRow(*turn)]
    return contained(*items, colour=BLUE)


def revoked_panel(view: CodeView, t: Texts, *, link_stays: bool) -> LayoutView:
    """A code was taken back; who has used it keeps their access."""
    code = view.code
    kept = (
        t.n(
            "{n} person has used it and keeps their access; /access revoke ends it.",
            "{n} people have used it and keep their access; /access revoke ends it.",
            code.uses,
        )
        if code.uses
        else t("Nobody has used it.")
    )
    link = None
    if code.discord_code is not None and link_stays:
        link = "⚠️ " + t(
            "I could not delete its Discord link: that needs **Manage Channels**. It lets one"
            " person into this server, without access to Plex, and ends {when}. You can delete it"
            " in Server Settings, under Invites.",
            when=_link_end(code),
        )
    elif code.discord_code is not None:
        link = t("Its Discord link is deleted too.")
    return layout(
        "### " + t("Taken back: {name}", name=code_name(code, t)),
        t("Nobody can use it any more."),
        kept,
        link,
        colour=YELLOW if link_stays else GREEN,
    )


def code_name(code: Code, t: Texts) -> str:
    """What admins call a code: its label, else its number."""
    return plain(without_addresses(code.label)) or t("Code {n}", n=f"\\#{code.id}")


def facts(view: CodeView, t: Texts) -> list[str]:
    """What a code gives, how often, and until when."""
    code = view.code
    tier = (
        plain(view.tier.name)
        if view.tier is not None
        else t("the default one, or what they choose in the form")
    )
    gives = t("Tier: {tier}", tier=tier)
    skips = t("in at once") if code.skips_approval else t("a reviewer still decides")
    return [f"{gives} · {skips}", f"{_uses(code, t)} · {_end(code, t)}", _link(code, t)]


def _uses(code: Code, t: Texts) -> str:
    if code.uses_most is None:
        return t.n("Used once, no limit", "Used {n} times, no limit", code.uses)
    if code.uses == 0:
        return t.n("Works once", "Works {n} times", code.uses_most)
    return t("Used {n} of {most} times", n=code.uses, most=code.uses_most)


def _end(code: Code, t: Texts) -> str:
    if code.expires_at is None:
        return t("no end")
    return t("until {day}, {when}", day=day(code.expires_at), when=relative(code.expires_at))


def _link(code: Code, t: Texts) -> str:
    if code.discord_code is None or code.revoked_at is not None:
        return ""
    return t("With a Discord link for one person, which ends {when}", when=_link_end(code))


def _link_end(code: Code) -> str:
    return relative(code.discord_expires_at) if code.discord_expires_at else ""


def _entry(view: CodeView, t: Texts, now: datetime) -> list[str]:
    code = view.code
    made = t("made by {user} {when}", user=mention(code.created_by), when=relative(code.created_at))
    named = f"**{code_name(code, t)}** · {t(_STATES[code.state(now)])}"
    chosen = t("chosen by hand") if code.is_chosen else ""
    return [
        named,
        *facts(view, t),
        _users(view, t),
        "-# " + " · ".join(filter(None, [made, chosen])),
    ]


def _users(view: CodeView, t: Texts) -> str:
    if not view.users:
        return ""
    named = t.list(map(mention, view.users))
    more = view.code.uses - len(view.users)
    if more > 0:
        return t.n("Used by {users} and {n} more", "Used by {users} and {n} more", more,
                   users=named)  # fmt: skip
    return t("Used by {users}", users=named)
