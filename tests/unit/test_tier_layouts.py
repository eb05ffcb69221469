"""The panels of tiers within Discord's limits, whatever tiers, servers and libraries are called."""

import dataclasses
import sys
from typing import Any

import pytest
from test_layouts import (
    LIBRARIES,
    LINK,
    SNOWFLAKE,
    check,
    check_menu,
    components,
    hostile,
    in_state,
    shown,
)
from tongues import LANGUAGES, spoken

from bot.domain.filters import KINDS, MOST_VALUES, ContentFilter, Media
from bot.domain.invites import InviteState
from bot.domain.links import Tier
from bot.domain.people import GuildSettings
from bot.domain.plex import SharingSettings
from bot.domain.roles import RoleProblem
from bot.domain.tiers import MOST_TIERS, NAME_LENGTH
from bot.i18n import texts
from bot.services.invites import PAGE, QueuePage
from bot.services.showing import CardData
from bot.services.tiers import LinkSeats, TierList, TierView
from bot.ui.cards import review_card
from bot.ui.modals.members import request_modal
from bot.ui.modals.tiers import filter_modal, new_tier_modal, seats_modal, tier_modal
from bot.ui.queue import queue_panel
from bot.ui.tier_pages import (
    delete_page,
    filters_page,
    role_page,
    server_page,
    tier_libraries_page,
)
from bot.ui.tiers import tier_panel, tiers_panel

T = texts()


@pytest.fixture(params=LANGUAGES)
def every_tongue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test in every language there is, and in the pseudo-language."""
    monkeypatch.setattr(sys.modules[__name__], "T", spoken(request.param))


VALUES = tuple(f"{n}{'x' * 96}" for n in range(MOST_VALUES))
FILTER = ContentFilter(*[VALUES] * len(KINDS)).stored
# An emoji is two units for Discord's client, and one here.
NAME = "🎬" * NAME_LENGTH
SETTINGS = SharingSettings(True, True, True, FILTER, FILTER, FILTER)
FULL = Tier(
    10**18 - 1,
    1,
    1,
    hostile(NAME_LENGTH),
    SETTINGS,
    tuple(dataclasses.replace(one, title=f"{NAME}{one.title}" * 2) for one in LIBRARIES),
    duration_days=3660,
    seats=100,
    role_id=SNOWFLAKE,
)
OTHERS = tuple(dataclasses.replace(FULL, id=n, name=NAME) for n in range(1, MOST_TIERS))
LINKS = tuple(dataclasses.replace(LINK, id=n) for n in range(1, 31))
VIEW = TierView(
    FULL,
    LINK,
    held=10**6,
    differing=10**6,
    libraries=FULL.libraries,
    links=LINKS,
    role_problems=dict.fromkeys(RoleProblem, 10**6),
)
EMPTY = TierView(Tier(1, 1, 1, "x", is_default=True), LINK, links=(LINK,))


@pytest.mark.usefixtures("every_tongue")
@pytest.mark.parametrize("page", [0, 3, 99])
def test_all_tiers(page: int) -> None:
    """A hundred tiers with the longest names, on 30 servers, by pages."""
    tiers = (FULL, *OTHERS)
    seats = tuple(LinkSeats(link, 10**6, 10**6) for link in LINKS)
    found = TierList(tiers, dict.fromkeys(range(200), 10**6), seats, frozenset(range(200)))
    check(tiers_panel(found, page, T))
    check(tiers_panel(TierList((), {}, seats[:1]), page, T, saved=True))


@pytest.mark.usefixtures("every_tongue")
@pytest.mark.parametrize("view", [VIEW, EMPTY, dataclasses.replace(VIEW, target=OTHERS[0])])
def test_one_tier_and_its_pages(view: TierView) -> None:
    """The fullest tier there can be, an empty one, and one that is being deleted."""
    for saved in (False, True):
        check(tier_panel(view, T, saved=saved))
        check(filters_page(view, T, saved=saved, is_checked=not saved))
        check(role_page(view, T, roles=None, saved=saved))
    check(role_page(view, T, roles=()))
    check(server_page(view, T))
    for others in ((), (FULL, *OTHERS)):
        check(delete_page(view, others, T))
    for page in (0, 11, 99):
        check(tier_libraries_page(view, page, T))


def test_what_is_wrong_is_said() -> None:
    """Each problem of a role, missing libraries, and who has something else, stand on the panel."""
    text = shown(tier_panel(VIEW, T))
    assert text.count("⚠️") == len(RoleProblem)
    assert "On Plex, 1,000,000 people with this tier still have something else" in text
    assert "It has no libraries" in shown(tier_panel(EMPTY, T))


@pytest.mark.usefixtures("every_tongue")
def test_forms() -> None:
    """Every form within Discord's limits, filled with what the fullest tier has."""
    forms = [new_tier_modal(T), tier_modal(FULL, T), seats_modal(LINK, T)]
    forms += [filter_modal(FULL, media, T) for media in Media]
    forms.append(request_modal(T, [FULL, *OTHERS]))
    for form in forms:
        raw: dict[str, Any] = form.to_dict()
        assert 1 <= len(raw["title"]) <= 45
        assert len(raw["components"]) <= 5
        for component in components(form):
            if component["type"] == 18:
                assert 1 <= len(component["label"]) <= 45
                assert len(component.get("description") or "") <= 100
            elif component["type"] == 4:
                assert len(component.get("value") or "") <= component["max_length"]
            elif component["type"] == 3:
                check_menu({"placeholder": "x", **component})


@pytest.mark.usefixtures("every_tongue")
def test_the_menu_of_tiers_on_cards_and_in_the_queue() -> None:
    """A full page of the queue holds with a menu for each; one tier alone needs no menu."""
    tiers, waiting = (FULL, *OTHERS), in_state(InviteState.REQUESTED)
    invites = tuple(dataclasses.replace(waiting, id=10**18 - n) for n in range(1, PAGE + 1))
    panel = queue_panel(QueuePage(invites, 9, 10**17, 10**17, tiers), T, decided=waiting)
    check(panel)
    assert sum("approve-as" in c.get("custom_id", "") for c in components(panel)) == PAGE
    for offered, menus in ((tiers, 1), (tiers[:1], 0), ((), 0)):
        card = review_card(CardData(waiting, GuildSettings(1), FULL, tiers=offered), T)
        check(card)
        assert sum(c["type"] == 3 for c in components(card)) == menus
