"""Codes and the Get access panel: made by an admin, used by a member, each by hand."""

import re

from pages import DiscordTab, Stage, Tab, fits_the_screen, lines, message_id, window
from pictures import Album
from playwright.sync_api import Browser, Page, expect

CODE = re.compile(r"\b(?:[2-9A-Z]{4}-){4}[2-9A-Z]{4}\b")

MORE = re.compile(r"\+\d+ (more|options)")


def test_a_code(page: Page, browser: Browser, album: Album) -> None:
    """Alice posts the panel, which heals, and makes a code; Bob types it there and is in."""
    stage = Stage(page)
    _alice_posts_the_panel(stage, album)
    code = _alice_makes_a_code(stage, album)
    _bob_uses_it(stage, browser, album, code)
    _alice_sees_who_used_it(stage, browser, album)


def _write(stage: Stage, tab: DiscordTab, command: str, **options: str) -> None:
    """A command with options that need not be given, each found behind "+n more"."""
    keyboard = stage.page.keyboard
    tab.frame.locator("#channel-composer-input").click()
    keyboard.type(command)
    expect(tab.options.first).to_be_visible()
    keyboard.press("Enter")
    for name, value in options.items():
        if name == "kind":
            # Demanded, so it is offered at once.
            tab.options.filter(has_text=value).click()
            continue
        tab.frame.get_by_text(MORE).click()
        tab.options.filter(has_text=re.compile(rf"^\s*{name}\b")).click()
        keyboard.type(value)
        if name != "label":
            tab.options.filter(has_text=value).click()
    tab.frame.locator("#send-message").click()


def _alice_posts_the_panel(stage: Stage, album: Album) -> None:
    stage.alice.show()
    _write(stage, stage.alice, "/panel post", kind="Get access", channel="get-access")
    expect(stage.alice.private.last).to_contain_text("The panel appears in")
    stage.bob.show()
    panel = stage.bob.public.first
    expect(panel).to_contain_text(lines("Get access to Plex", "Press Get access"))
    album.part("get-access", stage.page, panel)
    before = message_id(panel)
    faults = Tab(stage.page, "faults")
    faults.show()
    faults.frame.get_by_role("button", name="Delete the latest message in #get-access").click()
    expect(stage.bob.message(before)).to_be_hidden()
    expect(stage.bob.public.first).to_contain_text("Get access to Plex")
    assert message_id(stage.bob.public.first) != before
    stage.alice.show()


def _alice_makes_a_code(stage: Stage, album: Album) -> str:
    alice = stage.alice
    _write(stage, alice, "/code create", label="For Bob", link="True")
    expect(alice.private.filter(has_text="A new code: For Bob")).to_contain_text("copy it now")
    sent = alice.private.last
    expect(sent).to_contain_text("https://discord.gg/")
    found = CODE.search(sent.inner_text())
    assert found is not None
    album.part("code-made", stage.page, alice.private.nth(-2), sent)
    return found[0]


def _bob_uses_it(stage: Stage, browser: Browser, album: Album, code: str) -> None:
    with window(browser, stage.bob.address, 390, 780) as small:
        expect(small.get_by_role("button", name="I have a code")).to_be_visible()
        assert fits_the_screen(small)
        album.whole("get-access-phone", small)
    bob = stage.bob
    bob.press(bob.public.first, "I have a code")
    expect(bob.form).to_contain_text("Your code")
    album.part("code-form", stage.page, bob.form)
    bob.fill(code=code.lower())
    bob.submit()
    expect(bob.private.last).to_contain_text("Your code is known already.")
    bob.by_form()
    bob.fill(login="bob@example.org")
    bob.submit()
    expect(bob.private.last).to_contain_text("Approved!")
    expect(stage.alice.public.first).to_contain_text(lines("Code: For Bob", "by their code"))
    album.part("code-card", stage.page, stage.alice.public.first)


def _alice_sees_who_used_it(stage: Stage, browser: Browser, album: Album) -> None:
    alice = stage.alice
    alice.slash("/code list")
    page = alice.private.last
    expect(page).to_contain_text(lines("For Bob", "used up", "Used by", "@Bob"))
    with window(browser, alice.address, 390, 780) as small:
        small.get_by_role("button", name="Revoke").last.scroll_into_view_if_needed()
        assert fits_the_screen(small)
        album.whole("code-list-phone", small)
    alice.press(page, "Revoke")
    expect(alice.private.last).to_contain_text(lines("Taken back: For Bob", "keeps their access"))
    album.part("code-revoked", stage.page, alice.private.last)
