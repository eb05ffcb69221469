"""The whole story in a browser, as somebody plays it who has just typed `make demo`."""

import re

import pytest
from pages import Discord, Stage, fits_the_screen, lines, message_id, window
from pictures import Album
from playwright.sync_api import Browser, Page, expect

LIBRARIES = ("Films", "Series", "Music", "Photos", "Kids")


@pytest.mark.timeout(300)
def test_the_whole_story(page: Page, browser: Browser, album: Album) -> None:
    """Bob asks, Alice approves, Bob accepts; Rita is denied; all of them read what became of it."""
    stage = Stage(page)
    _the_story_is_told(page)
    _bob_asks(stage, album)
    _alice_looks_from_her_phone(browser, stage, album)
    _alice_approves(stage, album)
    _bob_accepts(stage, album)
    _everybody_sees_it(stage, album)
    _rita_asks_and_cannot_decide_it(stage)
    _alice_denies_from_the_queue(stage)
    _bob_looks_again(stage)
    _alice_looks_at_plex(stage)
    _alice_chooses_libraries(browser, stage, album)
    _on_a_phone(browser, stage, album)
    album.montage("story")


def _the_story_is_told(page: Page) -> None:
    """The start page names every step, and who is who."""
    for step in range(1, 6):
        expect(page.locator(f"#step-{step}")).to_be_visible()
    expect(page.locator("#step-1")).to_contain_text("/invite")
    assert fits_the_screen(page)


def _bob_asks(stage: Stage, album: Album) -> None:
    bob = stage.bob
    bob.show()
    bob.ask()
    expect(bob.form).to_contain_text("Ask for access to Plex")
    expect(bob.form).to_contain_text("stored encrypted")
    bob.fill(login="bob@example.org", note="Hi Alice, it's Bob from the film club.")
    album.part("modal", stage.page, bob.form, pad=(12, 12), caption="Bob asks with /invite")
    bob.submit()
    expect(bob.private).to_have_count(1)
    expect(bob.private).to_contain_text("Your request is with the admins")
    expect(bob.private).to_contain_text("bob@example.org")
    album.part("ask", stage.page, bob.messages)


def _alice_looks_from_her_phone(browser: Browser, stage: Stage, album: Album) -> None:
    with window(browser, stage.alice.address, 390, 560) as page:
        alice = Discord(page, page)
        alice.ready()
        for label in ("Approve", "Deny"):
            button = alice.public.get_by_role("button", name=label, exact=True)
            expect(button).to_be_in_viewport(ratio=1)
        assert fits_the_screen(page)
        album.whole("phone", page)


def _alice_approves(stage: Stage, album: Album) -> None:
    alice = stage.alice
    card = alice.public.first
    expect(card).to_contain_text(lines("@Bob", "asks for access", "b***@example.org"))
    expect(card).to_contain_text("Hi Alice, it's Bob from the film club.")
    expect(card).not_to_contain_text("bob@example.org")
    album.whole("stage", stage.page)
    album.part("review-card", stage.page, card, caption="Alice approves with a button")
    alice.press(card, "Approve")
    expect(card).to_contain_text(lines("Approved by", "@Alice", "not accepted yet"))
    expect(card.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    expect(stage.bob.private).to_contain_text("Now accept on Plex")


def _bob_accepts(stage: Stage, album: Album) -> None:
    answer = message_id(stage.bob.private)
    plex = stage.plex
    plex.show()
    expect(plex.people).to_contain_text(lines("bob", "Pending", *LIBRARIES))
    album.part("plex", stage.page, plex.people, pad=(14, 14), caption="Bob accepts on Plex")
    plex.answer("Accept", "bob")
    expect(plex.people).to_contain_text("Accepted")
    stage.bob.show()
    expect(stage.bob.private).to_contain_text("You're in")
    assert message_id(stage.bob.private) == answer


def _everybody_sees_it(stage: Stage, album: Album) -> None:
    expect(stage.alice.public).to_have_count(1)
    expect(stage.alice.public).to_contain_text(lines("Active since", "@Alice"))
    expect(stage.bob.messages).to_have_count(1)
    expect(stage.bob.private).to_contain_text(", ".join(LIBRARIES))
    album.part("active", stage.page, stage.bob.messages, stage.alice.messages)
    album.part("", stage.page, stage.bob.messages, caption="Bob's message follows, edited in place")
    stage.bobs_messages.show()
    expect(stage.bobs_messages.messages).to_have_count(0)


def _rita_asks_and_cannot_decide_it(stage: Stage) -> None:
    rita = stage.rita
    rita.show()
    rita.ask()
    expect(rita.form).to_be_visible()
    rita.fill(login="grace")
    rita.submit()
    card = rita.public.last
    expect(card).to_contain_text(lines("@Rita", "asks for access"))
    rita.press(card, "Approve")
    expect(rita.private.last).to_contain_text("your own request")
    expect(rita.private.filter(has_text="with the admins")).to_have_count(1)


def _alice_denies_from_the_queue(stage: Stage) -> None:
    alice, rita = stage.alice, stage.rita
    alice.show()
    alice.slash("/requests")
    queue = alice.private.last
    expect(queue).to_contain_text(lines("1 request is waiting", "@Rita"))
    alice.press(queue, "Deny")
    expect(alice.form).to_contain_text("Deny this request")
    alice.fill(reason="Every seat is taken until May.")
    alice.submit()
    expect(queue).to_contain_text("Nobody is waiting")
    card = alice.public.last
    expect(card).to_contain_text(lines("@Rita", "Denied by", "@Alice", "Every seat is taken"))
    rita.show()
    answer = rita.private.filter(has_text="Not this time")
    expect(answer).to_contain_text("Every seat is taken until May.")


def _bob_looks_again(stage: Stage) -> None:
    bob = stage.bob
    bob.show()
    bob.slash("/my-plex")
    expect(bob.private).to_have_count(2)
    expect(bob.private.last).to_contain_text(lines("You're in", "Home Media"))


def _alice_looks_at_plex(stage: Stage) -> None:
    alice = stage.alice
    alice.show()
    alice.slash("/plex status")
    report = alice.private.last
    expect(report).to_contain_text(lines("Home Media", "Connected, answers in", "1 × active"))


def _alice_chooses_libraries(browser: Browser, stage: Stage, album: Album) -> None:
    """In a tab of her own, where the whole menu has room."""
    with window(browser, stage.alice.address, 720, 1400) as page:
        alice = Discord(page, page)
        alice.ready()
        alice.slash("/plex libraries")
        panel = alice.private.last
        expect(panel).to_contain_text(f"5 libraries are shared: {', '.join(LIBRARIES)}")
        menu = panel.locator("button.select-trigger")
        menu.click()
        expect(alice.options).to_have_text([re.compile(name) for name in LIBRARIES])
        alice.options.filter(has_text="Kids").click()
        menu.click()
        expect(panel).to_contain_text("4 libraries are shared: Films, Series, Music, Photos")
        menu.blur()
        album.part("libraries", page, panel)


def _on_a_phone(browser: Browser, stage: Stage, album: Album) -> None:
    """The start page and Bob's own page fit a phone."""
    with window(browser, stage.page.url, 390, 780) as page:
        small = Stage(page)
        assert fits_the_screen(page)
        page.locator("label[for=front-admins]").click()
        expect(small.alice.public.first).to_contain_text("Active since")
        expect(small.bob.view).to_be_hidden()
        page.locator("label[for=front-bob]").click()
        expect(small.bob.view).to_be_visible()
    with window(browser, stage.bob.address, 390, 780) as page:
        bob = Discord(page, page)
        bob.ready()
        expect(bob.private.first).to_contain_text("You're in")
        assert fits_the_screen(page)
