"""The card of somebody's access, and the notices: within Discord's limits, whatever happened."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from test_layouts import (
    FULL,
    LIBRARIES,
    LINK,
    NOW,
    SNOWFLAKE,
    TIER,
    check,
    components,
    every_language,
    every_state,
    hostile,
    in_state,
    shown,
)
from tongues import spoken

from bot.domain.audit import Event
from bot.domain.errors import Refused
from bot.domain.invites import Change, EndReason, InviteState
from bot.domain.jobs import ALL_JOBS, Trouble
from bot.domain.links import LinkState
from bot.domain.logins import REASON_LENGTH
from bot.domain.notices import Notice, NoticeKind
from bot.domain.people import GuildSettings
from bot.i18n import texts
from bot.services.access_view import PAGE, AccessView
from bot.services.invites import MemberView
from bot.services.links import LinkReport
from bot.services.notices import NoticeData
from bot.ui.access import access_panel
from bot.ui.member import leave_panel, member_panel
from bot.ui.modals.access import extend_modal, reason_modal
from bot.ui.notices import notice_card
from bot.ui.panels import status_panel
from bot.ui.states import action_name

MANY = tuple(
    Event(NOW, "access.suspend", actor_id=SNOWFLAKE, why=hostile(REASON_LENGTH)) for _ in range(50)
)
STUCK = {"stuck_at": NOW, "tries": 99, "expires_at": NOW + timedelta(days=1)}


def labels(view: Any) -> list[str]:
    """The labels of the buttons."""
    return [component["label"] for component in components(view) if component["type"] == 2]


@every_language
@every_state
@pytest.mark.parametrize("change", [None, *Change])
@pytest.mark.parametrize("can_change", [True, False])
def test_access_panels(
    language: str, state: InviteState, change: Change | None, can_change: bool
) -> None:
    """The card holds in every state and change, with the longest history there can be."""
    reason = EndReason.REMOVED_ON_PLEX if change is Change.END else None
    invite = in_state(state, change=change, change_reason=reason, **STUCK)
    gone = Refused("restore.libraries_gone", titles=", ".join([hostile(100)] * 100))
    for refusal in (None, gone):
        view = AccessView(invite, TIER, LINK, MANY)
        panel = access_panel(view, spoken(language), can_change=can_change, refusal=refusal)
        check(panel)
        # In two rows, as `check` has seen: the last one shows the address.
        assert len(labels(panel)) <= 6


@every_state
def test_reviewers_only_extend(state: InviteState) -> None:
    """Whatever happened, there is no other button for them."""
    invite = in_state(state, **STUCK)
    panel = access_panel(AccessView(invite, TIER, LINK), texts(), can_change=False)
    assert set(labels(panel)) <= {"Extend", "Show address"}


def test_the_latest_lines_of_a_long_history() -> None:
    """They are there to read, however much was written for the log before."""
    events = [*MANY, Event(NOW, "invite.ended"), Event(NOW, "access.renew", actor_id=SNOWFLAKE)]
    invite = dataclasses.replace(in_state(InviteState.ACTIVE), note="", failure_key=None)
    view = AccessView(invite, TIER, LINK, tuple(events[-PAGE:]))
    panel = access_panel(view, texts(), can_change=True)
    assert "renewed" in shown(panel)


def test_a_reason_shows_no_address() -> None:
    """What an admin wrote for the log may be read over a shoulder."""
    events = (Event(NOW, "access.revoke", actor_id=1, why="bob@example.org has moved"),)
    panel = access_panel(AccessView(FULL, TIER, LINK, events), texts(), can_change=True)
    assert "bob@" not in shown(panel).replace("\\", "")
    assert "has moved" in shown(panel)


def test_every_action_has_words() -> None:
    """No line of the history shows a name of the code."""
    text = action_name("access.suspend", texts())
    assert "." not in text
    assert action_name("no.such", texts()) == "no.such"


@every_language
@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("mended", [False, True])
def test_notices(language: str, kind: NoticeKind, mended: bool) -> None:
    """A notice holds with the longest names and answers; a mended one has no buttons."""
    details = {
        "key": "plex.token_refused",
        "reason": hostile(300),
        "missing": 10**6,
        "of": 10**6,
        "n": 10**6,
    }
    cleared = NOW if mended else None
    notice = Notice(10**17, SNOWFLAKE, kind, NOW, 1, 10**17, details, cleared)
    card = notice_card(NoticeData(notice, GuildSettings(1), LINK), spoken(language))
    check(card)
    assert ("✅" in shown(card)) is mended
    if mended:
        assert labels(card) == []


@every_language
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_notices_of_which_little_is_known(language: str, kind: NoticeKind) -> None:
    """Without a link and without details there is still a sentence."""
    check(
        notice_card(
            NoticeData(Notice(1, 1, kind, NOW, 1), GuildSettings(1), None), spoken(language)
        )
    )


@every_language
def test_a_status_of_everything_that_is_wrong(language: str) -> None:
    """Twenty stuck invites, twenty broken jobs and a listing that nobody believes."""
    stuck = tuple(in_state(InviteState.SENDING, **STUCK) for _ in range(20))
    troubles = tuple(
        Trouble(ALL_JOBS[n % len(ALL_JOBS)].name, 10**17, 10**6, "ABCD2345", NOW) for n in range(20)
    )
    details = {"missing": 99, "of": 100}
    notice = Notice(1, 1, NoticeKind.BREAKER, NOW, 1, LINK.id, details)
    report = LinkReport(
        LINK,
        TIER,
        dict.fromkeys(InviteState, 10**6),
        notices=(notice,),
        stuck=stuck,
        troubles=troubles,
    )
    panel = status_panel(report, spoken(language))
    check(panel)
    assert len(labels(panel)) == 3


def test_what_is_wrong_is_not_cut_off() -> None:
    """It stands above the libraries, of which there may be more than a message holds."""
    link = dataclasses.replace(LINK, state=LinkState.CONNECTED, server_name="Home")
    trouble = Trouble("share_invite", 1, 3, "ABCD2345", NOW)
    text = shown(status_panel(LinkReport(link, TIER, {}, troubles=(trouble,)), texts()))
    assert "Invite somebody on Plex, number 1: failed 3 times. Reference: ABCD2345" in text
    assert text.endswith("…")


@pytest.mark.parametrize("job", ALL_JOBS, ids=lambda job: job.name)
def test_every_job_has_words(job: Any) -> None:
    """An admin reads what a job does, not what the code calls it."""
    trouble = Trouble(job.name, 1, 3, "ABCD2345", NOW)
    report = LinkReport(LINK, None, {}, troubles=(trouble,))
    assert job.name not in shown(status_panel(report, texts())).replace("\\", "")


@every_language
@every_state
def test_the_question_before_leaving(language: str, state: InviteState) -> None:
    """It holds, and so does the panel with every library of a big server."""
    invite = in_state(state, expires_at=NOW)
    view = MemberView(invite, TIER, LINK, LIBRARIES)
    check(leave_panel(view, spoken(language)))
    check(member_panel(view, spoken(language)))


@every_language
def test_modals(language: str) -> None:
    """Forms for a reason and for an end hold."""
    t = spoken(language)
    number = 10**18 - 1
    for modal in (
        reason_modal(t, "suspend", number),
        reason_modal(t, "revoke", number),
        extend_modal(t, number),
    ):
        payload = modal.to_dict()
        assert 1 <= len(payload["title"]) <= 45
        assert len(payload["custom_id"]) <= 100
        for component in components(modal):
            if component["type"] == 18:
                assert 1 <= len(component["label"]) <= 45
                assert len(component.get("description") or "") <= 100
