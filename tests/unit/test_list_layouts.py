"""The lists of people within Discord's limits, whatever people, tiers and libraries are called."""

import dataclasses
import sys
from datetime import timedelta

import pytest
from test_layouts import LIBRARIES, LINK, LOGIN, NOW, SNOWFLAKE, check, check_modal, hostile, shown
from test_layouts import TIER as ONE_TIER
from tongues import LANGUAGES, spoken

from bot.domain.bulk import Bulk, BulkAction, BulkDetails
from bot.domain.drift import Drift, DriftKind
from bot.domain.holders import HolderFilter, Standing
from bot.domain.invites import Change, EndReason, Invite, InviteState
from bot.i18n import texts
from bot.services.access_view import AccessView
from bot.services.holders import PAGE, HolderPage
from bot.services.importing import Stranger, StrangerPage
from bot.ui.bulk import draft_panel
from bot.ui.holders import holders_panel, move_panel
from bot.ui.imports import match_panel, matched_panel, stranger_panel, strangers_panel
from bot.ui.modals.bulk import end_all_modal, extend_all_modal

T = texts()


@pytest.fixture(params=LANGUAGES)
def every_tongue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test in every language there is, and in the pseudo-language."""
    monkeypatch.setattr(sys.modules[__name__], "T", spoken(request.param))


BIG = 10**18 - 1
TIERS = tuple(
    dataclasses.replace(ONE_TIER, id=BIG - n, duration_days=30, is_default=n == 0)
    for n in range(40)
)
INVITES = tuple(
    Invite(
        BIG - n,
        1,
        SNOWFLAKE,
        InviteState.ACTIVE,
        1,
        LOGIN,
        NOW,
        tier_id=TIERS[0].id,
        expires_at=NOW + timedelta(days=1),
        change=Change.UPDATE,
    )
    for n in range(PAGE)
)
DRIFTS = tuple(
    Drift(
        1,
        DriftKind.UNKNOWN,
        n,
        NOW,
        name=hostile(254),
        is_accepted=True,
        section_ids=frozenset(one.section_id for one in LIBRARIES),
        id=BIG - n,
    )
    for n in range(10)
)


@pytest.mark.usefixtures("every_tongue")
@pytest.mark.parametrize("standing", list(Standing))
def test_the_list(standing: Standing) -> None:
    """A full page with the longest names there are; nobody is cut off."""
    wanted = HolderFilter(standing, TIERS[3].id)
    page = HolderPage(wanted, 10**6, INVITES, TIERS, BIG, BIG, has_bulks=True)
    panel = holders_panel(page, T)
    check(panel)
    assert shown(panel).count("<@") == PAGE
    check(holders_panel(HolderPage(wanted, 0), T))
    check(move_panel(page, T))
    check(move_panel(HolderPage(wanted, 1, tiers=TIERS[3:4]), T))
    check_modal(extend_all_modal(T, wanted))


@pytest.mark.usefixtures("every_tongue")
@pytest.mark.parametrize("action", list(BulkAction))
def test_before_it_begins(action: BulkAction) -> None:
    """The question names what is done, and the number."""
    details = BulkDetails(until=hostile(60), left_own=1, left_owner=1)
    draft = Bulk(BIG, 1, SNOWFLAKE, False, action, details, 10**6, NOW)
    check(draft_panel(draft, HolderFilter(Standing.ENDED, BIG), T))
    check_modal(end_all_modal(T, draft))


@pytest.mark.usefixtures("every_tongue")
def test_people_from_before() -> None:
    """The accounts on Plex that nobody knows, and one of them."""
    panel = strangers_panel(StrangerPage(10**6, DRIFTS, BIG, BIG), T)
    check(panel)
    assert shown(panel).count(T.n("{n} library", "{n} libraries", 300)) == len(DRIFTS)
    for page in (StrangerPage(0), StrangerPage(0, is_connected=False)):
        check(strangers_panel(page, T))
    for tier in (None, TIERS[0]):
        stranger = Stranger(DRIFTS[0], LINK, LIBRARIES, TIERS if tier else (), tier)
        check(stranger_panel(stranger, T))
        check(match_panel(stranger, SNOWFLAKE, T))
    check(matched_panel(AccessView(INVITES[0]), T))


def test_an_address_is_masked_everywhere() -> None:
    """Somebody may look over an admin's shoulder."""
    drift = dataclasses.replace(DRIFTS[0], name="dave@example.org")
    stranger = Stranger(drift, LINK, LIBRARIES[:1], TIERS, TIERS[0])
    for panel in (
        strangers_panel(StrangerPage(1, (drift,)), T),
        stranger_panel(stranger, T),
        match_panel(stranger, SNOWFLAKE, T),
    ):
        assert "dave@" not in shown(panel).replace("\\", "")
        assert "d***@example.org" in shown(panel).replace("\\", "")


def test_an_end_is_told_once() -> None:
    """What is over says when, and not when it would have been."""
    over = dataclasses.replace(
        INVITES[0],
        state=InviteState.ENDED,
        change=None,
        ended_at=NOW,
        end_reason=EndReason.LEFT,
    )
    panel = holders_panel(HolderPage(HolderFilter(Standing.ENDED), 1, (over,), TIERS[:1]), T)
    assert "ends <t:" not in shown(panel)
    assert f"<t:{int(NOW.timestamp())}:R>" in shown(panel)
