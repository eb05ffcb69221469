"""The member's side in a browser: asking, `/my-plex`, languages, a name from right to left."""

import json
import re
import urllib.request

import pytest
from pages import Discord, Stage, fits_the_screen, lines, message_id, window
from pictures import Album
from playwright.sync_api import Browser, Locator, Page, expect

LIBRARIES = ("Films", "Series", "Music", "Photos", "Kids")
PHONE = (390, 844)
ARABIC = "محمد علي"
_TO_THE_END = "e => (e.ownerDocument.activeElement?.blur(), e.scrollIntoView({block: 'end'}))"
ARABIC_NOTE = "مرحبا، أنا محمد من نادي السينما."


@pytest.mark.timeout(300)
def test_the_members_side(page: Page, browser: Browser, album: Album, demo: str) -> None:
    """Bob signs in and uses all that `/my-plex` has, in three languages; Muhammad asks, too."""
    stage = Stage(page)
    _rita_is_called_muhammad(demo)
    _signing_in_is_enough(stage)
    with window(browser, stage.bob.address, *PHONE) as small:
        phone = Seen(stage, small, album)
        _bob_signs_in(stage, browser, phone)
        _alice_sets_an_end(stage)
        panel = _bob_looks(stage, phone)
        _bob_sees_no_libraries(stage, panel, phone)
        _bob_asks_for_more_time(stage, panel, phone)
        _bob_looks_at_his_data(stage, panel, phone)
        _bob_reads_german_and_japanese(stage, panel, phone)
    with window(browser, stage.rita.address, *PHONE) as small:
        _muhammad_asks(stage, Seen(stage, small, album))


class Seen:
    """The same person's page on a phone, which has to fit, and pictures of both."""

    def __init__(self, stage: Stage, phone: Page, album: Album) -> None:
        self._stage = stage
        self._phone = phone
        self._album = album

    def together(self, name: str, message: Locator, says: str) -> None:
        """What a message says, on the desk and on the phone."""
        expect(message).to_contain_text(says)
        message.evaluate(_TO_THE_END)
        self._album.part(name, self._stage.page, message, pad=(0, 2))
        there = Discord(self._phone, self._phone).message(message_id(message))
        expect(there).to_contain_text(says)
        there.evaluate(_TO_THE_END)
        assert fits_the_screen(self._phone)
        self._album.whole(f"{name}-phone", self._phone)

    def form(self, name: str, form: Locator) -> None:
        """A form that is open, on the desk alone."""
        self._album.part(name, self._stage.page, form, pad=(12, 12))


def _rita_is_called_muhammad(demo: str) -> None:
    order = json.dumps({"do": "name", "user": "rita", "name": ARABIC}).encode()
    urllib.request.urlopen(f"{demo}sandbox/api/owner", order).close()  # noqa: S310 - this machine


def _signing_in_is_enough(stage: Stage) -> None:
    """Alice lets in whoever signs in with Plex."""
    alice = stage.alice
    alice.show()
    alice.slash("/settings")
    panel = alice.private.last
    expect(panel).to_contain_text("What members may do: Everybody may ask")
    alice.choose(panel, "Change a setting", "What members may do")
    expect(panel).to_contain_text("That is the default")
    alice.choose(panel, "Everybody may ask", "approved at once")
    expect(panel).to_contain_text("It is now: Sign in with Plex, approved at once")


def _bob_signs_in(stage: Stage, browser: Browser, phone: Seen) -> None:
    """Of two ways the one on which nothing is typed."""
    bob = stage.bob
    bob.show()
    bob.slash("/invite")
    answer = bob.private.last
    expect(answer).to_contain_text(
        lines("Sign in with Plex", "Then you are approved at once", "Use e-mail or username")
    )
    phone.together("ways", answer, "Get access to Plex")
    link = answer.get_by_role("link", name="Sign in with Plex")
    with window(browser, link.get_attribute("href") or "", 1100, 800) as plex:
        asked = plex.locator(".pin.asked")
        asked.get_by_role("button", name="Sign in as bob with").click()
        # A page that is closed at once may never have sent it.
        expect(asked).to_have_count(0)
    expect(answer).to_contain_text(lines("You're in", "Good to know", "Remote Watch Pass"))
    phone.together("just-in", answer, "You're in")
    bob.press(answer, "Understood")
    expect(answer).not_to_contain_text("Good to know")


def _alice_sets_an_end(stage: Stage) -> None:
    alice = stage.alice
    alice.slash("/access show", member="Bob")
    panel = alice.private.last
    alice.press(panel, "Extend")
    alice.fill(until="30d")
    alice.submit()
    expect(panel).to_contain_text("Ends in")


def _bob_looks(stage: Stage, phone: Seen) -> Locator:
    bob = stage.bob
    bob.slash("/my-plex")
    expect(bob.private).to_have_count(2)
    expect(bob.private.last).to_contain_text(
        lines("You're in", "Home Media", "Libraries", ", ".join(LIBRARIES), "Ends in")
    )
    panel = bob.message(message_id(bob.private.last))
    phone.together("my-plex", panel, "You're in")
    return panel


def _bob_sees_no_libraries(stage: Stage, panel: Locator, phone: Seen) -> None:
    bob = stage.bob
    bob.press(panel, "I can't see the libraries")
    found = bob.private.last
    expect(found).to_contain_text(lines("Home Media", "bob", "Close the app and open it again"))
    phone.together("cannot-see", found, "All is well on Plex's side")


def _bob_asks_for_more_time(stage: Stage, panel: Locator, phone: Seen) -> None:
    """The reviewer who says yes has a name from right to left; the date behind it stays there."""
    bob, rita = stage.bob, stage.rita
    bob.press(panel, "Ask for more time")
    expect(bob.form).to_contain_text(lines("Ask for more time", "A word to the admins"))
    phone.form("more-time-form", bob.form)
    bob.fill(note="Two seasons to go!")
    bob.submit()
    phone.together("more-time", panel, "You asked for more time")
    rita.show()
    card = rita.public.filter(has_text="asks for more time")
    expect(card).to_contain_text(lines("@Bob", "Two seasons to go!"))
    rita.press(card, "Approve")
    expect(card).to_contain_text(lines("Approved by", f"@{ARABIC}"))
    expect(card).to_contain_text(re.compile("ago|now"))
    name, ago = card.locator(".mention").last, card.locator(".discord-timestamp").last
    assert _left_of(name) < _left_of(ago)
    expect(panel).to_contain_text("The admins gave you more time")


def _bob_looks_at_his_data(stage: Stage, panel: Locator, phone: Seen) -> None:
    bob = stage.bob
    bob.press(panel, "My data")
    data = bob.private.last
    expect(data).to_contain_text(lines("My data", "gives you all of it as a file", "Forget me"))
    phone.together("my-data", data, "Only you see it")


def _bob_reads_german_and_japanese(stage: Stage, panel: Locator, phone: Seen) -> None:
    bob = stage.bob
    bob.press(panel, "Language")
    expect(bob.form).to_contain_text("In which language shall I answer?")
    _choose_language(stage, "Deutsch")
    expect(panel).to_contain_text(lines("Home Media ist mit dir geteilt", *LIBRARIES, "Endet"))
    expect(panel.get_by_role("button")).to_contain_text(
        ["Ich sehe die Mediatheken nicht", "Um mehr Zeit bitten", "Verlassen", "Sprache"]
    )
    phone.together("my-plex-de", panel, "Du bist dabei")
    bob.press(panel, "Sprache")
    expect(bob.form).to_contain_text("In welcher Sprache soll ich antworten?")
    phone.form("language-form", bob.form)
    _choose_language(stage, "日本語")
    expect(panel).to_contain_text(lines("Home Media", "ライブラリ", *LIBRARIES, "期限"))
    phone.together("my-plex-ja", panel, "準備ができました")


def _choose_language(stage: Stage, name: str) -> None:
    menu = stage.bob.form.locator("[data-custom-id=language]")
    menu.get_by_role("combobox").or_(menu.locator("button, select")).first.click()
    stage.bob.options.filter(has_text=name).first.click()
    stage.bob.submit()


def _muhammad_asks(stage: Stage, phone: Seen) -> None:
    """An English sentence stays in its order, and so does the note."""
    rita = stage.rita
    rita.show()
    rita.ask()
    rita.fill(login="grace", note=ARABIC_NOTE)
    rita.submit()
    expect(rita.private.last).to_contain_text("Your request is with the admins")
    card = rita.public.last
    expect(card).to_contain_text(lines(f"@{ARABIC}", "asks for access", ARABIC_NOTE))
    sentence = card.locator("h1, h2, h3, [role=heading]").first
    assert _left_of(card.locator(".mention").first) - _left_of(sentence) < 5
    phone.together("arabic-name", card, "asks for access")


def _left_of(shown: Locator) -> float:
    box = shown.bounding_box()
    assert box is not None
    return box["x"]
