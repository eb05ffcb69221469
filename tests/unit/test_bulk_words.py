"""Bulk actions as panels and as a file, and what counts as done."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.bulk import (
    DONE,
    OVERTAKEN,
    Bulk,
    BulkAction,
    BulkDetails,
    BulkItem,
    BulkOutcome,
    BulkProblem,
    BulkProgress,
    Verdict,
    judge,
)
from bot.domain.holders import HolderFilter
from bot.domain.invites import Change, EndReason, Invite, InviteState
from bot.domain.logins import Login, LoginKind
from bot.i18n import texts
from bot.ui.bulk import bulk_panel, draft_panel, recent_panel, result_file

NOW = datetime(2026, 3, 1, tzinfo=UTC)
S, A, B = InviteState, BulkAction, BulkOutcome
INVITE = Invite(1, 2, 3, S.ACTIVE, 4, Login(LoginKind.EMAIL, "bob@example.org"), NOW)
BULK = Bulk(7, 2, 3, False, A.SUSPEND, BulkDetails(), 1000, NOW, due_at=NOW)


@pytest.mark.parametrize(
    ("action", "state", "change", "verdict"),
    [
        (A.SUSPEND, S.ACTIVE, Change.SUSPEND, None),
        (A.SUSPEND, S.SUSPENDED, None, DONE),
        (A.SUSPEND, S.ACTIVE, Change.KEEP, OVERTAKEN),
        (A.SUSPEND, S.SENDING, None, OVERTAKEN),
        (A.REVOKE, S.ACTIVE, Change.END, None),
        (A.REVOKE, S.ENDED, None, DONE),
        (A.REVOKE, S.ACTIVE, Change.KEEP, OVERTAKEN),
        (A.RESTORE, S.SENDING, None, None),
        (A.RESTORE, S.ACTIVE, Change.KEEP, None),
        (A.RESTORE, S.SENT, None, DONE),
        (A.RESTORE, S.SUSPENDED, None, OVERTAKEN),
        (A.EXTEND, S.ACTIVE, None, DONE),
        (A.EXTEND, S.APPROVED, None, None),
        (A.EXTEND, S.ACTIVE, Change.END, OVERTAKEN),
        (A.MOVE, S.ACTIVE, Change.UPDATE, None),
        (A.MOVE, S.SENDING, None, None),
        (A.MOVE, S.ACTIVE, None, DONE),
        (A.APPLY_TIER, S.SUSPENDED, None, DONE),
        (A.APPLY_TIER, S.ENDED, None, OVERTAKEN),
        (A.MOVE, S.ACTIVE, Change.SUSPEND, OVERTAKEN),
    ],
)
def test_what_counts_as_done(
    action: BulkAction, state: InviteState, change: Change | None, verdict: Verdict | None
) -> None:
    """Done is what Plex has done; another word in between is told."""
    reason = EndReason.REVOKED if change is Change.END else None
    invite = replace(INVITE, state=state, change=change, change_reason=reason)
    assert judge(action, invite) == verdict


@pytest.mark.parametrize("action", list(A))
def test_what_fails(action: BulkAction) -> None:
    """Refused by Plex for good, or tried for long: failed, with Plex's reason."""
    failed = replace(INVITE, state=S.FAILED, failure_key="plex.refused")
    stuck = replace(INVITE, change=Change.KEEP, stuck_at=NOW, failure_key="plex.busy")
    assert judge(action, failed) == Verdict(B.FAILED, "plex.refused")
    assert judge(action, stuck) == Verdict(B.FAILED, "plex.busy")
    gone = replace(
        INVITE, state=S.SUSPENDED, failure_key="restore.libraries_gone", failure_reason="Kids"
    )
    verdict = judge(A.RESTORE, gone)
    assert verdict == Verdict(B.FAILED, "restore.libraries_gone", {"titles": "Kids"})


def test_the_panels_fit() -> None:
    """However many people and reasons, text and buttons stay within Discord's limits."""
    problems = tuple(
        BulkProblem("restore.libraries_gone", {"titles": ", ".join(["*" * 90] * 9)}, n)
        for n in range(40)
    )
    counts = {B.REFUSED: 999, B.WAITING: 1}
    finished = replace(BULK, finished_at=NOW, stopped_at=NOW, due_at=None)
    for bulk in (BULK, replace(BULK, stopped_at=NOW), finished):
        progress = BulkProgress(bulk, counts, problems)
        for panel in (bulk_panel(progress, texts()), recent_panel([progress] * 10, texts())):
            assert panel.content_length() <= 4000
    left_out = BulkDetails(left_own=1, left_owner=1, until="**30d**" * 8)
    for action in A:
        draft = replace(BULK, action=action, details=left_out, total=10**6)
        shown = str(draft_panel(draft, HolderFilter(), texts()).to_components())
        assert "Your own access is left out" in shown
        assert "owner of the Plex server is left out" in shown
        assert "**30d" not in shown


def test_the_result_file_runs_nothing() -> None:
    """A name that a spreadsheet would run is defused, and reasons read as they are meant."""
    items = [
        BulkItem(1, 11, B.DONE, "=HYPERLINK(1)"),
        BulkItem(2, 12, B.REFUSED, "@b", "tier.no_libraries", {"tier": "A_b"}),
        BulkItem(3, 13, B.WAITING, "+1"),
    ]
    name, data = result_file(BULK, items, texts())
    assert name == "helpr-bulk-7.csv"
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0] == ["Discord user", "Plex account", "Outcome", "Why"]
    assert [row[:3] for row in rows[1:]] == [
        ["<@11>", "'=HYPERLINK(1)", "done"],
        ["<@12>", "'@b", "not possible"],
        ["<@13>", "'+1", "not begun"],
    ]
    assert rows[2][3].startswith("The tier A_b has no libraries yet.")
