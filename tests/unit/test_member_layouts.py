"""What a member reads beside the panel itself, in every language and within Discord's limits."""

import dataclasses
from datetime import timedelta

from test_layouts import (
    LIBRARIES,
    LINK,
    LOGIN,
    NOW,
    check,
    check_modal,
    every_language,
    hostile,
    in_state,
)
from tongues import spoken

from bot.domain.invites import InviteState
from bot.domain.members import Sight
from bot.domain.messages import Matter, Message
from bot.services.invites import MemberView
from bot.services.messages import MessageData
from bot.services.sight import SightView
from bot.ui.cards import forgotten_card
from bot.ui.messages import message_panel
from bot.ui.modals.mine import language_modal
from bot.ui.places import nowhere_notice
from bot.ui.privacy import address_panel, forget_panel, forgetting_panel, my_data_panel
from bot.ui.sight import sight_panel

ACTIVE = dataclasses.replace(
    in_state(InviteState.ACTIVE),
    expires_at=NOW + timedelta(days=7),
    grace_until=NOW + timedelta(days=7),
)


@every_language
def test_why_the_libraries_are_not_seen(language: str) -> None:
    """Every finding holds, with many libraries and hostile names, and with hardly anything."""
    t = spoken(language)
    for sight in Sight:
        check(sight_panel(SightView(sight, ACTIVE, LINK, LIBRARIES[:20], hostile(60)), t))
        check(sight_panel(SightView(sight, ACTIVE), t))


@every_language
def test_messages(language: str) -> None:
    """Every matter holds, as a direct message and in a thread."""
    t, view = spoken(language), MemberView(ACTIVE, None, LINK)
    for matter in Matter:
        message = Message(1, 1, 1, 1, matter, NOW)
        data = MessageData(message, view, "en")
        check(message_panel(data, t, is_direct=True))
        check(message_panel(data, t, mentions=True))


@every_language
def test_own_data_and_language(language: str) -> None:
    """What is kept, forgetting it, the language, and what remains on a card."""
    t = spoken(language)
    forgotten = dataclasses.replace(in_state(InviteState.ENDED), erased_at=NOW)
    for panel in (
        my_data_panel(10**17, t),
        forget_panel(10**17, t),
        forgetting_panel(t),
        address_panel(LOGIN, t),
        forgotten_card(forgotten, t),
        nowhere_notice(t),
    ):
        check(panel)
    for chosen in (None, "de", "pt_BR"):
        check_modal(language_modal(t, 10**17, chosen))
