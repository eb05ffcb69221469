"""The audit log, a page at a time."""

from collections.abc import Iterator, Mapping
from typing import Any

from discord.ui import ActionRow, Item, LayoutView

from bot.domain.audit import AuditFilter, AuditLine, AuditPage
from bot.i18n import Texts
from bot.ui.audit_details import details_text, why_text
from bot.ui.items.board import TurnAudit
from bot.ui.layout import BLUE, contained, fitting, line, text
from bot.ui.plain import mention, plain, relative
from bot.ui.states import action_name, state_name

TEXT_LENGTH = 3600


def audit_panel(page: AuditPage, wanted: AuditFilter, t: Texts) -> LayoutView:
    """A page of the log, newest first, with the ways to its neighbours and to the file."""
    head = ["### " + t("Audit log"), *_filter_lines(wanted, t)]
    if not page.lines:
        said = t("No such line. Leave a filter out to see more.")
        return contained(text(*head, said), colour=BLUE)
    shown = fitting((_shown(one, page.tiers, t) for one in page.lines), TEXT_LENGTH)
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


def _shown(one: AuditLine, tiers: Mapping[int, str], t: Texts) -> str:
    event = one.event
    who = mention(event.actor_id) if event.actor_id else "Helpr"
    whose = f" ({mention(one.member_id)})" if one.member_id not in {None, event.actor_id} else ""
    moved = ""
    if event.to_state and event.from_state and event.from_state != event.to_state:
        moved = f", {state_name(event.from_state, t)} → {state_name(event.to_state, t)}"
    more = " · ".join(filter(None, [why_text(event, t), details_text(event, tiers, t)]))
    first = f"{relative(event.at)} {who}: **{plain(action_name(event.action, t))}**{whose}{moved}"
    return f"{first}\n-# {more}" if more else first
