"""The audit log, a page at a time."""

from collections.abc import Iterator
from typing import Any

from discord.ui import ActionRow, Item, LayoutView

from bot.domain.audit import AuditFilter, AuditLine, AuditPage
from bot.domain.logins import without_addresses
from bot.i18n import Texts
from bot.ui.errors import TEXTS
from bot.ui.items.board import TurnAudit
from bot.ui.layout import BLUE, contained, fitting, line, text
from bot.ui.plain import mention, plain, relative
from bot.ui.states import action_name, state_name

TEXT_LENGTH = 3600
WHY_LENGTH, DETAIL_LENGTH, DETAILS = 120, 60, 6


def audit_panel(page: AuditPage, wanted: AuditFilter, t: Texts) -> LayoutView:
    """A page of the log, newest first, with the ways to its neighbours and to the file."""
    head = ["### " + t("Audit log"), *_filter_lines(wanted, t)]
    if not page.lines:
        said = t("No such line. Leave a filter out to see more.")
        return contained(text(*head, said), colour=BLUE)
    shown = fitting((_shown(one, t) for one in page.lines), TEXT_LENGTH)
    buttons: list[Item[Any]] = []
    if page.has_newer:
        buttons.append(TurnAudit.of("newer", page.lines[0].event.id, wanted, t("Newer ones")))
    if page.has_older:
        # After the last line that had room.
        last = page.lines[len(shown) - 1].event.id
        buttons.append(TurnAudit.of("older", last, wanted, t("Older ones")))
    buttons.append(TurnAudit.of("file", page.lines[0].event.id, wanted, t("As a file")))
    return contained(text(*head), line(), text(*shown), ActionRow(*buttons), colour=BLUE)


def _filter_lines(wanted: AuditFilter, t: Texts) -> Iterator[str]:
    said = []
    if wanted.user_id is not None:
        said.append(t("by or about {user}", user=mention(wanted.user_id)))
    if wanted.action is not None:
        said.append(f"“{action_name(wanted.action, t)}”")
    if wanted.since is not None:
        said.append(t("since {when}", when=relative(wanted.since)))
    if wanted.until is not None:
        said.append(t("until {when}", when=relative(wanted.until)))
    if said:
        yield "-# " + ", ".join(said)


def _shown(one: AuditLine, t: Texts) -> str:
    event = one.event
    who = mention(event.actor_id) if event.actor_id else "Helpr"
    whose = f" ({mention(one.member_id)})" if one.member_id not in {None, event.actor_id} else ""
    moved = ""
    if event.to_state and event.from_state and event.from_state != event.to_state:
        moved = f", {state_name(event.from_state, t)} → {state_name(event.to_state, t)}"
    more = " · ".join(filter(None, [_why(event.why, t), _details(event.details)]))
    first = f"{relative(event.at)} {who}: **{plain(action_name(event.action, t))}**{whose}{moved}"
    return f"{first}\n-# {more}" if more else first


def _why(why: str, t: Texts) -> str:
    # A refusal is kept by its key; one that names something is not repeated without it.
    if why in TEXTS:
        return "" if "{" in TEXTS[why] else t(TEXTS[why])
    words = " ".join(without_addresses(why).split())
    return plain(words if len(words) <= WHY_LENGTH else words[: WHY_LENGTH - 1] + "…")


def _details(details: dict[str, Any]) -> str:
    told = []
    for name, value in list(details.items())[:DETAILS]:
        if name == "channel" and isinstance(value, int):
            told.append(f"channel: <#{value}>")
            continue
        words = without_addresses(f"{_words(name)}: {_told(value)}")
        cut = words if len(words) <= DETAIL_LENGTH else words[: DETAIL_LENGTH - 1] + "…"
        told.append(plain(cut))
    return ", ".join(told)


def _told(value: object) -> str:
    """A detail as people read it, without the marks of a program."""
    if isinstance(value, dict):
        return ", ".join(f"{_words(str(name))} {_told(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
