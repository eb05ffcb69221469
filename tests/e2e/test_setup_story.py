"""A server set up from nothing, in a browser: Discord, Plex's page, Discord."""

import pytest
from pages import Stage, window
from pictures import Album
from playwright.sync_api import Browser, Locator, Page, expect

PHONE = (390, 780)


@pytest.fixture
def ways() -> tuple[str, ...]:
    """Nothing is connected yet."""
    return ("--bare",)


@pytest.mark.timeout(300)
def test_setup(page: Page, browser: Browser, album: Album) -> None:
    """Alice signs in with Plex and goes from step to step; Bob asks, Rita approves."""
    stage = Stage(page)
    alice = stage.alice
    alice.show()
    alice.slash("/setup")
    panel = alice.private.last
    expect(panel).to_contain_text("Step 1 of 5: Plex server")
    link = panel.get_by_role("link", name="Sign in with Plex")
    with window(browser, alice.address, *PHONE) as small:
        expect(small.get_by_role("heading", name="Step 1 of 5")).to_be_visible()
        album.whole("setup-phone", small)
    album.part("setup-plex", page, panel)
    with window(browser, link.get_attribute("href") or "", 1100, 800) as plex:
        asked = plex.locator(".pin.asked")
        expect(asked).to_contain_text("Helpr asks who you are")
        asked.get_by_role("button", name="Sign in as helpr-owner").click()
        # A page that is closed at once may never have sent it.
        expect(asked).to_have_count(0)
    # By itself, while Alice looks at Discord again.
    expect(panel).to_contain_text("Signed in as helpr-owner")
    album.part("setup-servers", page, panel)
    alice.press(panel, "Connect Home Media")
    expect(panel).to_contain_text("Step 2 of 5: Libraries")
    album.part("setup-libraries", page, panel)
    alice.press(panel, "All 5 libraries")
    expect(panel).to_contain_text("Step 3 of 5: Request channel")
    _choose(stage, panel, "access-requests")
    expect(panel).to_contain_text("Step 4 of 5: Reviewers")
    _choose(stage, panel, "Reviewers", several=True)
    expect(panel).to_contain_text("Step 5 of 5: What members may do")
    album.part("setup-asking", page, panel)
    alice.press(panel, "Continue")
    expect(panel).to_contain_text("All is set up")
    album.part("setup-done", page, panel)
    _bob_signs_in(stage, browser, album)


def _bob_signs_in(stage: Stage, browser: Browser, album: Album) -> None:
    """Nothing typed and nothing accepted: three clicks, and Rita's yes."""
    bob, rita = stage.bob, stage.rita
    bob.show()
    bob.slash("/invite")
    answer = bob.private.last
    link = answer.get_by_role("link", name="Sign in with Plex")
    expect(link).to_be_visible()
    album.part("sign-in-ways", stage.page, answer)
    with window(browser, bob.address, *PHONE) as small:
        expect(small.get_by_role("heading", name="Get access to Plex")).to_be_visible()
        album.whole("sign-in-phone", small)
    with window(browser, link.get_attribute("href") or "", 1100, 800) as plex:
        asked = plex.locator(".pin.asked")
        asked.get_by_role("button", name="Sign in as bob with").click()
        expect(asked).to_have_count(0)
    expect(answer).to_contain_text("Shall I accept the invite for you")
    album.part("sign-in-hold", stage.page, answer)
    with window(browser, bob.address, *PHONE) as small:
        expect(small.get_by_text("when they say yes?").last).to_be_visible()
        album.whole("sign-in-hold-phone", small)
    bob.press(answer, "Yes, accept for me")
    expect(answer).to_contain_text("Your sign-in is kept until then")
    album.part("sign-in-held", stage.page, answer)
    rita.show()
    rita.press(rita.public.first, "Approve")
    expect(rita.public.first).to_contain_text("Active since")
    bob.show()
    expect(answer).to_contain_text("You're in")
    album.part("sign-in-active", stage.page, answer)


def _choose(stage: Stage, panel: Locator, name: str, *, several: bool = False) -> None:
    """Choose one thing from the menu of a message; one for several is closed by hand."""
    menu = panel.locator("button.select-trigger")
    # While the page is still busy with what came before, it does not send a choice.
    _is_quiet(stage, panel)
    menu.click()
    stage.alice.options.filter(has_text=name).first.click()
    if several:
        stage.alice.close_menu(panel)


def _is_quiet(stage: Stage, panel: Locator) -> None:
    expect(panel).to_have_attribute("aria-busy", "false")
    stage.alice.ready()
