"""What members with access ask for: cards, pages, forms and panels within Discord's limits."""

import dataclasses
from typing import Any

import pytest
from test_layouts import (
    LINK,
    NOW,
    SNOWFLAKE,
    TIER,
    check,
    check_modal,
    components,
    every_language,
    every_state,
    hostile,
    in_state,
    shown,
)
from test_member_layouts import ACTIVE
from tongues import spoken

from bot.domain.channels import ChannelProblem, RequestChannel
from bot.domain.invites import InviteState
from bot.domain.links import Tier
from bot.domain.logins import NOTE_LENGTH, REASON_LENGTH
from bot.domain.members import Wish, WishKind, WishState
from bot.domain.messages import Matter, Message
from bot.domain.people import GuildSettings
from bot.domain.sign_in import Holding
from bot.domain.tiers import MOST_OPEN
from bot.i18n import texts
from bot.services import invites, wishes
from bot.services.invites import MemberView, QueuePage
from bot.services.messages import MessageData
from bot.services.mine import Mine
from bot.services.wishes import WishData, WishPage
from bot.ui.member import member_panel
from bot.ui.messages import message_panel
from bot.ui.modals.wishes import refuse_wish_modal, wish_modal
from bot.ui.queue import queue_panel
from bot.ui.wishes import wish_card, wishes_panel

TIERS = tuple(Tier(n, 1, 1, hostile(100), libraries=TIER.libraries) for n in range(1, 31))


def wish(kind: WishKind, state: WishState = WishState.OPEN, **changes: Any) -> Wish:
    """The longest wish there can be."""
    full = Wish(
        10**18 - 1,
        SNOWFLAKE,
        10**18 - 1,
        SNOWFLAKE,
        kind,
        state,
        10**9 - 1,
        NOW,
        tier_id=1 if kind is WishKind.TIER else None,
        note=hostile(NOTE_LENGTH),
        decided_by=SNOWFLAKE,
        decided_at=NOW,
        reason=hostile(REASON_LENGTH),
    )
    return dataclasses.replace(full, **changes)


def data(one: Wish, **changes: Any) -> WishData:
    """All that its card shows."""
    return dataclasses.replace(WishData(one, ACTIVE, GuildSettings(1), TIER, TIER), **changes)


@every_language
@pytest.mark.parametrize("kind", list(WishKind))
def test_cards_of_wishes(language: str, kind: WishKind) -> None:
    """A card holds however it was decided; it has buttons only while nobody has."""
    for state in WishState:
        for one in (wish(kind, state), wish(kind, state, note="", reason="", decided_by=None)):
            card = wish_card(data(one), spoken(language))
            check(card)
            buttons = sum(component["type"] == 2 for component in components(card))
            assert buttons == (2 if one.is_open else 0)


@every_language
def test_a_page_of_wishes(language: str) -> None:
    """A full page of the longest wishes holds, and each can be decided."""
    one = wish(WishKind.TIER)
    full = tuple(data(dataclasses.replace(one, id=n)) for n in range(1, wishes.PAGE + 1))
    panel = wishes_panel(WishPage(full, 10**6, 10**17), spoken(language))
    check(panel)
    ids = [component.get("custom_id", "") for component in components(panel)]
    assert sum("wish_grant" in one for one in ids) == wishes.PAGE
    check(wishes_panel(WishPage((), 0), spoken(language)))


def test_a_note_hides_nothing_on_the_page() -> None:
    """What is cut off is the note, not what approving would do."""
    text = shown(wishes_panel(WishPage((data(wish(WishKind.TIME)),), 1), texts()))
    assert "Approving gives 30 days more." in text
    assert "Asked <t:" in text


@every_language
def test_forms_of_wishes(language: str) -> None:
    """The forms hold, also with as many tiers as can be open."""
    t = spoken(language)
    check_modal(wish_modal(t, WishKind.TIME, 10**18 - 1, ()))
    check_modal(refuse_wish_modal(t, 10**18 - 1, 10**9 - 1, "card"))
    form = wish_modal(t, WishKind.TIER, 10**18 - 1, TIERS)
    check_modal(form)
    [menu] = [component for component in components(form) if component["type"] == 3]
    assert len(menu["options"]) == MOST_OPEN


@every_language
@every_state
def test_a_member_panel_with_all_that_can_be(language: str, state: InviteState) -> None:
    """Whatever a member asks for, and may ask for, the panel holds in every state."""
    invite = dataclasses.replace(in_state(state), is_proven=True, expires_at=ACTIVE.expires_at)
    held = Holding(NOW), Holding(NOW, is_agreed=True, problem_key="plex.refused")
    for is_open in (WishState.OPEN, WishState.REFUSED, WishState.GRANTED):
        asked = tuple(wish(kind, is_open) for kind in WishKind)
        for holding in (None, *held):
            for of in ((), asked):
                mine = Mine(holding=holding, wishes=of, may_have_time=True, choices=TIERS[:2])
                check(member_panel(MemberView(invite, TIER, LINK, mine=mine), spoken(language)))


@every_language
def test_a_reminder_with_the_way_to_more_time(language: str) -> None:
    """It holds with the button to ask, and with what was asked already."""
    for asked in ((), (wish(WishKind.TIME),), (wish(WishKind.TIME, WishState.REFUSED),)):
        view = MemberView(ACTIVE, TIER, LINK, mine=Mine(wishes=asked, may_have_time=True))
        message = Message(1, 1, 1, 1, Matter.ENDING, NOW)
        panel = message_panel(MessageData(message, view, "en"), spoken(language), is_direct=True)
        check(panel)
        ids = [component.get("custom_id", "") for component in components(panel)]
        assert sum("helpr:wish" in one for one in ids) == 1


def test_what_was_granted_is_said_while_it_lasts() -> None:
    """On the panel of access that stands; neither in a reminder nor when it is over."""
    mine = Mine(wishes=(wish(WishKind.TIME, WishState.GRANTED),), may_have_time=True)
    view, gave = MemberView(ACTIVE, TIER, LINK, mine=mine), "The admins gave you more time"
    assert gave in shown(member_panel(view, texts()))
    over = dataclasses.replace(view, invite=in_state(InviteState.ENDED))
    assert gave not in shown(member_panel(over, texts()))
    reminder = MessageData(Message(1, 1, 1, 1, Matter.ENDING, NOW), view, "en")
    text = shown(message_panel(reminder, texts()))
    assert gave not in text
    assert "Ask the admins for more time" in text


@every_language
@pytest.mark.parametrize("number", [0, invites.PAGE])
def test_the_fullest_queue(language: str, number: int) -> None:
    """A full page with a menu for each, every way to turn, what was decided, and the wishes."""
    waiting = in_state(InviteState.REQUESTED)
    asking = tuple(dataclasses.replace(waiting, id=10**18 - n) for n in range(1, number + 1))
    page = QueuePage(asking, 10**5, 10**17, 10**17, TIERS, wishes=10**5, in_line=10**5)
    decided = in_state(InviteState.APPROVED, active_at=None)
    place = RequestChannel(SNOWFLAKE, ChannelProblem.HIDDEN, ("view_channel",))
    for where in (place, RequestChannel(SNOWFLAKE)):
        panel = queue_panel(page, spoken(language), where, decided=decided)
        check(panel)
        ids = [component.get("custom_id", "") for component in components(panel)]
        assert "helpr:wishes:0" in ids
