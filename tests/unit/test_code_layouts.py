"""Codes and standing panels: within Discord's limits, whatever they are called."""

import dataclasses
from datetime import timedelta

import pytest
from test_layouts import (
    NOW,
    SNOWFLAKE,
    TIER,
    check,
    check_modal,
    components,
    every_language,
    hostile,
    shown,
)
from tongues import spoken

from bot.domain.codes import LABEL_LENGTH, MOST_TYPED, MOST_USES, Code, new_code
from bot.domain.errors import Refused
from bot.domain.notices import Notice, NoticeKind
from bot.domain.panels import Panel, PanelKind, PanelProblem
from bot.domain.people import Asking, GuildSettings
from bot.i18n import texts
from bot.services.codes import NAMED, PAGE, CodePage, CodeView
from bot.services.notices import NoticeData
from bot.services.panels import PanelData
from bot.ui.codes import list_panel, made_panel, revoked_panel, to_send
from bot.ui.modals.members import redeem_modal, request_modal
from bot.ui.notices import notice_card
from bot.ui.standing import render

FULL = Code(
    id=10**18 - 1,
    guild_id=SNOWFLAKE,
    created_by=SNOWFLAKE,
    created_at=NOW,
    tier_id=1,
    label=hostile(LABEL_LENGTH),
    is_chosen=True,
    skips_approval=False,
    uses=MOST_USES - 1,
    uses_most=MOST_USES,
    expires_at=NOW + timedelta(days=1),
    discord_code="x" * 20,
    discord_expires_at=NOW + timedelta(days=1),
)
VIEW = CodeView(FULL, TIER, (SNOWFLAKE,) * NAMED)
LEAST = CodeView(Code(1, 1, 1, NOW))


@every_language
def test_the_list_of_codes(language: str) -> None:
    """A full page holds, each code with its button, and so does an empty one."""
    page = CodePage(
        tuple(
            dataclasses.replace(VIEW, code=dataclasses.replace(FULL, id=FULL.id - n))
            for n in range(PAGE)
        ),
        NOW,
        newer_than=10**18 - 1,
        older_than=10**18 - 2,
    )
    panel = list_panel(page, spoken(language))
    check(panel)
    buttons = [c["custom_id"] for c in components(panel) if c["type"] == 2]
    assert sum("revoke" in id_ for id_ in buttons) == PAGE
    assert sum("turn" in id_ for id_ in buttons) == 2
    check(list_panel(CodePage((), NOW), spoken(language)))


@every_language
@pytest.mark.parametrize("view", [VIEW, LEAST], ids=["full", "least"])
def test_a_code_made_and_taken_back(language: str, view: CodeView) -> None:
    """Both messages hold, and what is to be sent fits one message of plain text."""
    t = spoken(language)
    for problem in (None, Refused("code.link_failed", channel=SNOWFLAKE)):
        check(made_panel(view, t, problem))
    for link_stays in (False, True):
        check(revoked_panel(view, t, link_stays=link_stays))
    sent = to_send(new_code(), view.code, t)
    assert len(sent) <= 2000
    # By itself on its last line, so that it is not broken in the middle.
    assert sent.splitlines()[-1].count("-") == 4


def test_a_label_with_an_address() -> None:
    """What an admin has called a code shows nobody's e-mail address."""
    code = dataclasses.replace(FULL, label="for bob@example.org")
    panel = list_panel(CodePage((CodeView(code),), NOW), texts())
    assert "bob@example.org" not in shown(panel).replace("\\", "")


@every_language
@pytest.mark.parametrize("asking", Asking)
def test_the_panel_for_members(language: str, asking: Asking) -> None:
    """It holds however one asks here; with a code only it has one way in."""
    panel = Panel(1, 1, PanelKind.GET_ACCESS, 1, 1)
    view = render(PanelData(panel, GuildSettings(1, asking=asking)), spoken(language))
    check(view)
    ids = [c["custom_id"] for c in components(view) if c["type"] == 2]
    assert ("helpr:get:access" in ids) is (asking is not Asking.WITH_CODE)
    assert {"helpr:get:code", "helpr:get:mine"} < {*ids, ""}


@every_language
def test_forms_with_a_code(language: str) -> None:
    """The forms hold, with the longest code that can be typed."""
    t = spoken(language)
    for needs_code in (False, True):
        check_modal(request_modal(t, needs_code=needs_code, code="x" * (MOST_TYPED + 1)))
    check_modal(redeem_modal(t))


@every_language
@pytest.mark.parametrize("problem", PanelProblem)
def test_many_panels_that_do_not_stand(language: str, problem: PanelProblem) -> None:
    """A notice about all of a server's panels holds."""
    named = [[kind, str(SNOWFLAKE - n), problem] for n in range(40) for kind in PanelKind]
    notice = Notice(1, 1, NoticeKind.PANELS, NOW, 1, details={"panels": named})
    check(notice_card(NoticeData(notice, GuildSettings(1), None), spoken(language)))
