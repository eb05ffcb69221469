"""Every message within Discord's limits, whatever people have typed and servers are called."""

import dataclasses
import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from discord.ui import LayoutView, Modal
from hypothesis import given
from hypothesis import strategies as st
from tongues import LANGUAGES, spoken, unmarked

from bot.domain.errors import PlexTokenRefused
from bot.domain.guild_settings import MOST_ROLES, SETTINGS, TYPED, Value
from bot.domain.invites import WITHDRAWABLE, EndReason, Invite, InviteState
from bot.domain.links import Link, LinkedLibrary, LinkState, Tier
from bot.domain.logins import LOGIN_LENGTH, NOTE_LENGTH, REASON_LENGTH, Login, LoginKind
from bot.domain.people import Asking, GuildSettings
from bot.domain.plex import PlexServerStatus
from bot.i18n import texts
from bot.services.invites import PAGE, MemberView, QueuePage
from bot.services.links import LibraryChoice, LinkReport
from bot.services.settings import SettingView
from bot.services.showing import CardData
from bot.ui.cards import review_card
from bot.ui.member import member_panel
from bot.ui.modals.members import request_modal
from bot.ui.modals.requests import deny_modal
from bot.ui.panels import (
    connected_panel,
    libraries_panel,
    status_panel,
)
from bot.ui.plain import plain, quoted
from bot.ui.queue import queue_panel
from bot.ui.settings import change_modal, setting_page, settings_panel

# https://discord.com/developers/docs/components/reference: of one message with Components V2.
COMPONENTS, TEXT = 40, 4000
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
SNOWFLAKE = 2**63 - 1
HOSTILE = "*_`|~[](<@1>#-+.!:&/\\@everyone "


def hostile(length: int) -> str:
    """The worst text of this length: every character has to be escaped."""
    return "".join(itertools.islice(itertools.cycle(HOSTILE.replace(" ", "")), length))


LOGIN = Login(LoginKind.EMAIL, f"{hostile(60)}@{'a' * (LOGIN_LENGTH - 65)}.org")
LIBRARIES = tuple(LinkedLibrary(n, n, f"{n}{hostile(97)}", "movie") for n in range(1, 301))
TIER = Tier(1, 1, 1, hostile(100), libraries=LIBRARIES)
LINK = Link(
    1,
    1,
    LinkState.PAUSED,
    "http://x",
    "t",
    server_name=hostile(300),
    problem_key="plex.token_refused",
    problem_reason=hostile(300),
    reconciled_at=NOW,
    connected_at=NOW,
)
FULL = Invite(
    id=10**18 - 1,
    guild_id=SNOWFLAKE,
    member_id=SNOWFLAKE,
    state=InviteState.REQUESTED,
    version=10**9 - 1,
    login=LOGIN,
    requested_at=NOW,
    member_joined_at=NOW,
    link_id=1,
    tier_id=1,
    note="\n".join([hostile(49)] * 6)[:NOTE_LENGTH],
    decided_by=SNOWFLAKE,
    decided_at=NOW,
    decision_reason=hostile(REASON_LENGTH),
    failure_key="plex.refused",
    failure_reason=hostile(300),
    active_at=NOW,
    ended_at=NOW,
)


def in_state(state: InviteState, **changes: Any) -> Invite:
    """The fullest invite there can be, in this state."""
    reason = EndReason.REMOVED_ON_PLEX if state is InviteState.ENDED else None
    return dataclasses.replace(FULL, state=state, end_reason=reason, **changes)


def components(view: LayoutView | Modal) -> Iterator[dict[str, Any]]:
    """Every component, from the outside in."""
    found = view.to_components() if isinstance(view, LayoutView) else view.to_dict()["components"]
    yield from walk(found)


def walk(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """These components and all inside them."""
    for component in found:
        yield component
        inner = component.get("component")
        yield from walk([*component.get("components", []), *([inner] if inner else [])])


def shown(view: LayoutView) -> str:
    """All the text of a message."""
    return "\n".join(c["content"] for c in components(view) if "content" in c)


def check(view: LayoutView) -> None:
    """Everything that Discord would refuse a message for."""
    found = list(components(view))
    assert len(found) <= COMPONENTS
    contents = [component["content"] for component in found if "content" in component]
    # Counted as JavaScript counts, the stricter of the two ways.
    assert sum(len(text.encode("utf-16-le")) // 2 for text in contents) <= TEXT
    assert all(text.strip() for text in contents)
    check_marked(view)
    ids = [component["custom_id"] for component in found if "custom_id" in component]
    assert len(ids) == len(set(ids))
    assert all(len(custom_id) <= 100 for custom_id in ids)
    for component in found:
        match component["type"]:
            case 1:
                assert 1 <= len(component["components"]) <= 5
            case 2:
                assert 1 <= len(component["label"]) <= 80
            case 3:
                check_menu(component)
            case 6 | 8:
                chosen = component.get("default_values", [])
                assert component["min_values"] <= component["max_values"] <= 25
                assert len(chosen) <= component["max_values"]
                assert 1 <= len(component["placeholder"]) <= 150


def check_marked(view: LayoutView | Modal) -> None:
    """In the pseudo language: nothing is shown that translators have never seen."""
    found = list(components(view))
    texts_of = [c[key] for c in found for key in ("content", "label", "placeholder") if c.get(key)]
    texts_of += [c["description"] for c in found if c["type"] == 18 and c.get("description")]
    options = [option for c in found for option in c.get("options", [])]
    texts_of += [o[key] for o in options for key in ("label", "description") if o.get(key)]
    if any("⟦" in text for text in texts_of):
        assert [(text, words) for text in texts_of if (words := unmarked(f"⟦⟧{text}"))] == []


def check_menu(menu: dict[str, Any]) -> None:
    """Everything that Discord would refuse a menu for."""
    options = menu["options"]
    assert 1 <= len(options) <= 25
    assert menu["min_values"] <= menu["max_values"] <= len(options)
    assert len({option["value"] for option in options}) == len(options)
    assert all(1 <= len(option["label"]) <= 100 for option in options)
    assert all(1 <= len(option.get("description") or "x") <= 100 for option in options)
    assert 1 <= len(menu["placeholder"]) <= 150


every_language = pytest.mark.parametrize("language", LANGUAGES)
every_state = pytest.mark.parametrize("state", list(InviteState))


@every_language
@every_state
def test_cards(language: str, state: InviteState) -> None:
    """A card holds in every state, with its buttons: two to decide, one where Plex refused."""
    earlier = tuple(in_state(past) for past in (InviteState.DENIED, InviteState.ENDED) * 2)[:3]
    invite = in_state(state)
    card = review_card(CardData(invite, GuildSettings(1), TIER, LINK, earlier), spoken(language))
    check(card)
    # While it is open a third one shows the address.
    buttons = 3 if invite.is_open else int(state is InviteState.FAILED)
    assert sum(c["type"] == 2 for c in components(card)) == buttons


@every_state
def test_a_card_with_the_least_that_can_be(state: InviteState) -> None:
    """A card also holds where hardly anything is known."""
    invite = Invite(1, 1, 1, state, 1, Login(LoginKind.USERNAME, "b"), NOW)
    check(review_card(CardData(invite, GuildSettings(1)), texts()))


@every_state
def test_cards_show_no_address(state: InviteState) -> None:
    """No card gives an address away, whether it was asked for, noted or said by Plex."""
    invite = in_state(
        state,
        login=Login(LoginKind.EMAIL, "bob@example.org"),
        note="I am bob@example.org, write to <bob@example.org>",
        decision_reason="bob@example.org is no friend",
    )
    text = shown(review_card(CardData(invite, GuildSettings(1), TIER), texts()))
    assert "bob@" not in text.replace("\\", "")
    assert r"b\*\*\*\@example\.org" in text


@every_language
@every_state
def test_member_panels(language: str, state: InviteState) -> None:
    """The member's panel holds in every state; Withdraw is there exactly while that is possible."""
    panel = member_panel(MemberView(in_state(state), TIER, LINK), spoken(language))
    check(panel)
    withdraws = [c for c in components(panel) if "withdraw" in c.get("custom_id", "")]
    assert bool(withdraws) == (state in WITHDRAWABLE)


def test_a_member_panel_without_a_request() -> None:
    """Whoever has not asked reads how to ask."""
    panel = member_panel(MemberView(None), texts())
    check(panel)
    assert "/invite" in shown(panel)


@every_language
@pytest.mark.parametrize("number", range(PAGE + 1))
def test_queue_pages(language: str, number: int) -> None:
    """A page of the queue holds with the longest requests there can be, both ways to turn."""
    invites = tuple(in_state(InviteState.REQUESTED, id=10**17 + n) for n in range(number))
    page = QueuePage(invites, 100_000, previous_before=10**17, next_after=10**17)
    panel = queue_panel(page, spoken(language))
    check(panel)
    assert sum("approve" in c.get("custom_id", "") for c in components(panel)) == number


def test_every_request_of_a_page_shows_its_note() -> None:
    """On a full page of long requests the end of each note is still there to read."""
    note = "x" * (NOTE_LENGTH - 3) + "end"
    login = Login(LoginKind.EMAIL, "bob.builder@mail.example.org")
    waiting = in_state(InviteState.REQUESTED, note=note, login=login, failure_key=None)
    invites = tuple(dataclasses.replace(waiting, id=n) for n in range(1, PAGE + 1))
    assert shown(queue_panel(QueuePage(invites, 4), texts())).count("xend") == PAGE


@every_language
@pytest.mark.parametrize("tier", [TIER, dataclasses.replace(TIER, libraries=()), None])
def test_status_panels(language: str, tier: Tier | None) -> None:
    """The status holds, with and without an answer of Plex's."""
    counts = dict.fromkeys(InviteState, 10**6)
    status = PlexServerStatus(hostile(300), hostile(100), 12.3456)
    problem = PlexTokenRefused(hostile(300))
    for report in (
        LinkReport(LINK, tier, counts, status=status),
        LinkReport(LINK, tier, counts, problem=problem),
        LinkReport(LINK, tier, {}),
        LinkReport(dataclasses.replace(LINK, state=LinkState.CONNECTED), tier, {}, status=status),
    ):
        check(status_panel(report, spoken(language)))


@every_language
@pytest.mark.parametrize("page", [0, 1, 11, 12, 10**6])
def test_library_panels(language: str, page: int) -> None:
    """300 libraries with titles of 100 characters, all chosen: every page holds."""
    panel = libraries_panel(LibraryChoice(LINK, TIER, LIBRARIES), page, spoken(language))
    check(panel)
    [menu] = [component for component in components(panel) if component["type"] == 3]
    assert len(menu["options"]) == 25
    assert all(option["default"] for option in menu["options"])


def test_every_library_can_be_reached() -> None:
    """The pages together offer every library once."""
    choice = LibraryChoice(LINK, TIER, LIBRARIES[:60])
    offered: list[str] = []
    for page in range(3):
        panel = libraries_panel(choice, page, texts())
        turns = [c["custom_id"] for c in components(panel) if "turn" in c.get("custom_id", "")]
        assert len(turns) == (2 if page == 1 else 1)
        [menu] = [component for component in components(panel) if component["type"] == 3]
        offered += [option["value"] for option in menu["options"]]
    assert offered == [str(library.id) for library in LIBRARIES[:60]]


def test_libraries_without_a_title_or_type() -> None:
    """A library without a title has something to click on."""
    odd = (LinkedLibrary(1, 1, "", ""), LinkedLibrary(2, 2, " ", " "))
    choice = LibraryChoice(LINK, dataclasses.replace(TIER, libraries=()), odd)
    panel = libraries_panel(choice, 0, texts())
    check(panel)
    [menu] = [component for component in components(panel) if component["type"] == 3]
    assert all(option["label"].strip() for option in menu["options"])


def test_no_libraries_at_all() -> None:
    """A server without libraries gets a sentence instead of an empty menu."""
    empty = LibraryChoice(LINK, dataclasses.replace(TIER, libraries=()), ())
    check(libraries_panel(empty, 0, texts()))
    check(connected_panel(empty, texts()))
    check(connected_panel(LibraryChoice(LINK, TIER, LIBRARIES), texts()))


def settings_views(**changes: Any) -> list[SettingView]:
    """Every setting as long as it can be."""
    roles = frozenset(SNOWFLAKE - n for n in range(MOST_ROLES))
    longest: dict[str, Value] = {
        "request_channel_id": SNOWFLAKE,
        "reviewer_role_ids": roles,
        "admin_role_ids": roles,
        "nudge_days": 60,
        "withdraw_days": 365,
        "breaker_percent": 100,
        "remind_days": 60,
        "remind_again_days": 59,
        "grace_days": 90,
        "retention_days": 3650,
        "private_threads": True,
        "undo_seconds": 300,
        "waiting_list": False,
        "take_hours": 720,
        "asking": Asking.SIGNED_IN,
        "sign_in": True,
        "timezone": "America/Argentina/ComodRivadavia",
        "locale": "en",
    }
    variable = "HELPR_HOME__REQUEST_CHANNEL_ID"
    return [
        SettingView(SETTINGS[key], value, **{"operator": variable, **changes})
        for key, value in longest.items()
    ]


@every_language
@pytest.mark.parametrize("may_change", [True, False])
def test_settings(language: str, may_change: bool) -> None:
    """The list and every page hold with the longest values; forms too; a page has one control."""
    views, t = settings_views(may_change=may_change), spoken(language)
    assert {view.setting.key for view in views} == set(SETTINGS)
    check(settings_panel(views, t))
    for view in views:
        page = setting_page(view, t, saved=True)
        check(page)
        ids = [c["custom_id"] for c in components(page) if "custom_id" in c]
        assert len([one for one in ids if view.setting.key in one]) == 2 * may_change
        assert "helpr:settings:all" in ids
        if view.setting.kind in TYPED:
            check_modal(change_modal(view, t))


def test_settings_that_nobody_has_set() -> None:
    """With every value at its default there is nothing to go back to."""
    views = [SettingView(setting, setting.default) for setting in SETTINGS.values()]
    check(settings_panel(views, texts()))
    for view in views:
        page = setting_page(view, texts(), roles=())
        check(page)
        [back] = [c for c in components(page) if "reset" in c.get("custom_id", "")]
        assert back["disabled"]


@every_language
def test_modals(language: str) -> None:
    """Modals hold: title, labels, descriptions and fields."""
    t = spoken(language)
    for modal in (request_modal(t), deny_modal(t, 10**18 - 1, 10**9 - 1, f"q{10**18 - 1}")):
        check_modal(modal)


def check_modal(modal: Modal) -> None:
    """Everything that Discord would refuse a form for."""
    payload = modal.to_dict()
    assert 1 <= len(payload["title"]) <= 45
    assert len(payload["custom_id"]) <= 100
    assert 1 <= len(payload["components"]) <= 5
    check_marked(modal)
    for component in components(modal):
        if component["type"] == 18:
            assert 1 <= len(component["label"]) <= 45
            assert len(component.get("description") or "") <= 100
        if component["type"] == 4:
            assert component["max_length"] <= 4000
            assert len(component.get("value") or "") <= component["max_length"]
            assert len(component.get("placeholder") or "") <= 100


# -- what people typed ------------------------------------------------------------------------


@given(text=st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_plain_text_shows_exactly_what_was_typed(text: str) -> None:
    """Taking Discord's backslashes away gives the text again; no markup is left without one."""
    escaped, turns = plain(text), "[\u202a-\u202e\u2066-\u2069]"
    unescaped = re.sub(r"\\([^0-9A-Za-z\s])", r"\1", re.sub(turns, "", escaped))
    assert unescaped == re.sub(turns, "", text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`~|<>\[\]@#]", escaped)


@pytest.mark.parametrize(
    "text",
    [
        "@everyone",
        "<@123>",
        "<@&123>",
        "<#123>",
        "</invite:1>",
        "<t:1:R>",
        "<:name:1>",
        "**bold** __under__ ~~gone~~ ||hidden|| `code` ```block```",
        "# head",
        "-# small",
        "> quote",
        "- list",
        "1. list",
        "[text](https://example.org)",
        "https://example.org",
    ],
)
def test_nothing_that_was_typed_works(text: str) -> None:
    """Mentions, markup, links and commands are text: the sign that starts them is escaped."""
    escaped = plain(text)
    first = next(index for index, char in enumerate(text) if not char.isalnum())
    assert escaped[first : first + 2] == f"\\{text[first]}"
    assert "://" not in escaped


@pytest.mark.parametrize("name", ["محمد", "דוד (1)", "Ali علي!", "\u202eevil\u2069 محمد"])
def test_a_name_from_right_to_left_stands_apart(name: str) -> None:
    """Arabic and Hebrew names do not turn the sentence around them, nor do invisible signs."""
    shown = plain(name)
    assert (shown[0], shown[-1]) == ("\u2068", "\u2069")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", shown[1:-1])
    assert plain("Zoë 山田") == "Zoë 山田"


def test_a_name_from_right_to_left_on_a_card() -> None:
    """The line around it is in its own order: name, then the rest."""
    login = Login(LoginKind.USERNAME, "שלום")
    invite = in_state(InviteState.REQUESTED, login=login)
    card = shown(review_card(CardData(invite, GuildSettings(1)), texts()))
    assert "\u2068שלום\u2069" in card
    # What Discord puts in the place of a mention may be such a name.
    assert f"### \u2068<@{invite.member_id}>\u2069 asks for access" in card


def test_a_quotation_stays_one() -> None:
    """Every line of a quotation is quoted, so that no line of a note poses as Helpr's own."""
    note = "Hi\n### Approved by Alice\n\n-# done"
    assert all(line.startswith("> ") for line in quoted(note).splitlines())
    for separator in ("\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"):
        assert all(line.startswith("> ") for line in quoted(f"a{separator}b").splitlines())


def test_timestamps_count_in_each_readers_zone() -> None:
    """Instants are Discord's timestamps, whatever zone they were taken in."""
    later = NOW.astimezone() + timedelta(hours=1)
    invite = in_state(InviteState.REQUESTED, requested_at=later)
    text = shown(review_card(CardData(invite, GuildSettings(1)), texts()))
    assert f"<t:{int(NOW.timestamp()) + 3600}:R>" in text
