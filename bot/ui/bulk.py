"""Bulk actions: what is about to be done to how many, how far it is, and what became of it."""

import re
from collections.abc import Iterable
from typing import Any

from discord import SelectOption
from discord.ui import Item, LayoutView

from bot.domain.bulk import Bulk, BulkAction, BulkItem, BulkOutcome, BulkProgress
from bot.domain.errors import Refused
from bot.domain.holders import HolderFilter, Standing
from bot.domain.sheets import sheet
from bot.i18n import Texts, mark
from bot.ui.errors import error_text
from bot.ui.items.bulk import ConfirmBulk, OpenBulk, ResultFile, StopBulk
from bot.ui.items.holders import TurnHolders
from bot.ui.layout import BLUE, GREEN, GREY, YELLOW, layout
from bot.ui.plain import bare_mention, mention, plain, relative

S = BulkOutcome
BAR = 12
# So many reasons are told on the panel; the file has them all.
REASONS = 5
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()<>#+\-.!|~@:&/])")

_ACTIONS: dict[BulkAction, str] = {
    BulkAction.APPLY_TIER: mark("Apply the tier"),
    BulkAction.MOVE: mark("Move to another tier"),
    BulkAction.SUSPEND: mark("Suspend"),
    BulkAction.RESTORE: mark("Restore"),
    BulkAction.EXTEND: mark("Extend"),
    BulkAction.REVOKE: mark("End access"),
}
_MEANINGS: dict[BulkAction, str] = {
    BulkAction.APPLY_TIER: mark("Everybody gets what their tier says now."),
    BulkAction.MOVE: mark("Everybody gets the libraries and settings of the new tier."),
    BulkAction.SUSPEND: mark(
        "Plex takes their libraries away. All of it is kept and can be restored."
    ),
    BulkAction.RESTORE: mark("Everybody gets back exactly what was taken away."),
    BulkAction.EXTEND: mark(
        "Access lasts until: {until}. An amount counts on from each one's own end."
    ),
    BulkAction.REVOKE: mark(
        "Plex takes their libraries away for good. To come back they would have to ask again."
    ),
}
_OUTCOMES: dict[BulkOutcome, str] = {
    S.WAITING: mark("not begun"),
    S.ASKED: mark("under way"),
    S.DONE: mark("done"),
    S.REFUSED: mark("not possible"),
    S.FAILED: mark("failed"),
}


def bulk_action_name(action: BulkAction, t: Texts) -> str:
    """What is done, as a person says it."""
    return t(_ACTIONS[action])


def outcome_name(outcome: BulkOutcome, t: Texts) -> str:
    """Where one stands, as a person says it."""
    return t(_OUTCOMES[outcome])


def bulk_panel(progress: BulkProgress, t: Texts) -> LayoutView:
    """How far a bulk action is, with Stop; in the end what became of it, with the file."""
    bulk = progress.bulk
    buttons: list[Item[Any]] = []
    if bulk.finished_at is None and bulk.stopped_at is None:
        buttons.append(StopBulk(bulk.id, t("Stop")))
    if bulk.finished_at is not None:
        buttons.append(ResultFile(bulk.id, t("Result file")))
        buttons.append(TurnHolders("top", 0, Standing.ALL, 0, t("To the list")))
    return layout(
        f"### {bulk_title(bulk, t)}",
        _where(progress, t),
        *_count_lines(progress, t),
        *left_out_lines(bulk, t),
        *_problem_lines(progress, t),
        _by(bulk, t),
        rows=[buttons],
        colour=_colour(progress),
    )


def draft_panel(draft: Bulk, wanted: HolderFilter, t: Texts) -> LayoutView:
    """What is about to be done, to how many; nothing is done before the button is pressed."""
    name, ends = bulk_action_name(draft.action, t), draft.action is BulkAction.REVOKE
    tier_id = wanted.tier_id or 0
    confirm = ConfirmBulk(draft.id, f"{name}: {t.number(draft.total)}"[:80], is_ending=ends)
    return layout(
        f"### {bulk_title(draft, t)}",
        t(_MEANINGS[draft.action], until=plain(draft.details.until)),
        *left_out_lines(draft, t),
        t("Only these people are meant, also if others come to match meanwhile."),
        rows=[[confirm, TurnHolders("top", 0, wanted.standing, tier_id, t("Back"))]],
        colour=YELLOW,
    )


def recent_panel(found: list[BulkProgress], t: Texts) -> LayoutView:
    """The last bulk actions, and a menu that opens one."""
    back = TurnHolders("top", 0, Standing.ALL, 0, t("To the list"))
    if not found:
        return layout(t("There was no bulk action yet."), rows=[[back]], colour=GREY)
    options = [
        SelectOption(
            label=bulk_title(progress.bulk, t)[:100],
            value=str(progress.bulk.id),
            description=_short(progress, t)[:100],
        )
        for progress in found
    ]
    lines = [
        f"• {bulk_title(progress.bulk, t)} · {_short(progress, t)}"
        f" · {mention(progress.bulk.actor_id)} {relative(progress.bulk.created_at)}"
        for progress in found
    ]
    menu = OpenBulk(placeholder=t("Open one of them"), options=options)
    title = "### " + t("The last bulk actions")
    return layout(title, *lines, rows=[[menu], [back]], colour=BLUE)


def _short(progress: BulkProgress, t: Texts) -> str:
    """How one stands, in a few words."""
    bulk = progress.bulk
    if bulk.finished_at is None:
        return t("under way")
    if bulk.stopped_at is not None:
        return t("stopped")
    bad = progress.of(S.REFUSED, S.FAILED)
    return t("{n} not done", n=bad) if bad else t("done")


def bulk_title(bulk: Bulk, t: Texts) -> str:
    """What is done, and to how many."""
    people = t.n("{n} person", "{n} people", bulk.total)
    return f"{bulk_action_name(bulk.action, t)}: {people}"


def left_out_lines(bulk: Bulk, t: Texts) -> list[str]:
    """Who matched and is left alone all the same."""
    lines = []
    if bulk.details.left_own:
        lines.append(t("Your own access is left out: somebody else has to decide it."))
    if bulk.details.left_owner:
        lines.append(t("The owner of the Plex server is left out."))
    return lines


def _where(progress: BulkProgress, t: Texts) -> str:
    bulk = progress.bulk
    if bulk.finished_at is not None and bulk.stopped_at is not None:
        return "⏹️ " + t("Stopped {when}.", when=relative(bulk.stopped_at))
    if bulk.finished_at is not None:
        return "✅ " + t("Finished {when}.", when=relative(bulk.finished_at))
    over = progress.of(S.DONE, S.REFUSED, S.FAILED)
    filled = BAR * over // max(bulk.total, 1)
    bar = "🟩" * filled + "⬜" * (BAR - filled)
    if bulk.stopped_at is not None:
        return bar + "\n⏹️ " + t("Stopping: what Plex was asked for is being finished.")
    return bar + "\n⏳ " + t("Under way. It goes on when you close this.")


def _count_lines(progress: BulkProgress, t: Texts) -> list[str]:
    waiting = progress.of(S.WAITING)
    told = {
        S.DONE: t("✅ {n} done", n=progress.of(S.DONE)),
        S.ASKED: t("⏳ {n} with Plex", n=progress.of(S.ASKED)),
        S.WAITING: t("▫️ {n} left alone", n=waiting)
        if progress.bulk.stopped_at
        else t("▫️ {n} waiting", n=waiting),
        S.REFUSED: t("⚠️ {n} not possible", n=progress.of(S.REFUSED)),
        S.FAILED: t("⛔ {n} failed", n=progress.of(S.FAILED)),
    }
    return [line for outcome, line in told.items() if progress.of(outcome) or outcome is S.DONE]


def _problem_lines(progress: BulkProgress, t: Texts) -> list[str]:
    if not progress.problems:
        return []
    lines = [
        f"• {problem.n} × {error_text(Refused(problem.key, **problem.params), t)}"
        for problem in progress.problems[:REASONS]
    ]
    more = [t("The rest is in the result file.")] if len(progress.problems) > REASONS else []
    return ["", "**" + t("What could not be:") + "**", *lines, *more]


def _by(bulk: Bulk, t: Texts) -> str:
    began = relative(bulk.created_at)
    return "-# " + t("Begun by {user} {when}", user=mention(bulk.actor_id), when=began)


def _colour(progress: BulkProgress) -> Any:
    if progress.bulk.finished_at is None:
        return BLUE
    if progress.bulk.stopped_at is not None:
        return GREY
    return YELLOW if progress.of(S.REFUSED, S.FAILED) else GREEN


def result_file(bulk: Bulk, items: Iterable[BulkItem], t: Texts) -> tuple[str, bytes]:
    """Name and content of the file that tells what became of each; addresses are masked."""
    titles = [t("Discord user"), t("Plex account"), t("Outcome"), t("Why")]
    rows = (
        (
            # As Discord takes it; a bare number this long a spreadsheet would round.
            bare_mention(item.member_id),
            item.login,
            outcome_name(item.outcome, t),
            unescaped(error_text(Refused(item.problem_key, **item.problem_params), t))
            if item.problem_key
            else "",
        )
        for item in items
    )
    return f"helpr-bulk-{bulk.id}.csv", sheet(titles, rows)


def unescaped(text: str) -> str:
    """Without the backslashes that Discord takes before a character that is shown as it is."""
    return _ESCAPED.sub(r"\1", text)
