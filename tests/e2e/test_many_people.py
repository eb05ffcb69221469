"""The list of everybody with access, many at once, and people from before, in a browser."""

import json
import re
import urllib.request

import pytest
from pages import Discord, Stage, fits_the_screen, lines, window
from pictures import Album
from playwright.sync_api import Browser, Locator, Page, expect


@pytest.mark.timeout(300)
def test_many_people(page: Page, browser: Browser, album: Album) -> None:
    """Alice takes in somebody from before, lists everybody, suspends and ends them all."""
    stage = Stage(page)
    _bob_has_access(stage)
    _carol_from_before(stage, browser, album)
    _the_list(stage, browser, album)
    _all_are_suspended(stage, album)
    _all_end(stage, browser, album)


def _picture(album: Album, name: str, page: Page, shown: Locator) -> None:
    shown.scroll_into_view_if_needed()
    album.part(name, page, shown)


def _bob_has_access(stage: Stage) -> None:
    bob, alice = stage.bob, stage.alice
    bob.show()
    bob.ask()
    bob.fill(login="bob@example.org")
    bob.submit()
    alice.press(alice.public.first, "Approve")
    expect(alice.public.first).to_contain_text("not accepted yet")
    stage.plex.show()
    stage.plex.answer("Accept", "bob")
    expect(alice.public.first).to_contain_text("Active since")


def _carol_from_before(stage: Stage, browser: Browser, album: Album) -> None:
    """Somebody has shared with Carol on Plex, without Helpr."""
    address = stage.plex.address
    with urllib.request.urlopen(f"{address}api/state") as answer:  # noqa: S310 - this machine
        libraries = json.load(answer)["libraries"]
    wanted = {"login": "carol", "section_ids": [libraries[0]["id"]], "accepted": True}
    order = urllib.request.Request(  # noqa: S310 - this machine
        f"{address}api/shares",
        json.dumps(wanted).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(order).close()  # noqa: S310 - this machine
    alice = stage.alice
    alice.show()
    alice.slash("/plex status")
    alice.press(alice.private.last, "Compare with Plex now")
    panel = _stranger_found(stage)
    _picture(album, "import", stage.page, panel)
    alice.choose(panel, "Choose an account", "carol")
    expect(panel).to_contain_text(lines("Whose account is carol?", "1 library", "Films"))
    _picture(album, "import-one", stage.page, panel)
    with window(browser, stage.alice.address, 390, 2000) as phone:
        Discord(phone, phone).ready()
        shown = phone.locator("article.channel-message").last
        expect(shown).to_contain_text("Whose account is carol?")
        assert fits_the_screen(phone)
        _picture(album, "import-one-phone", phone, shown)
    alice.choose(panel, "Choose the member", "Carol")
    expect(panel).to_contain_text(lines("Is carol", "@Carol", "?"))
    _picture(album, "import-confirm", stage.page, panel)
    alice.press(panel, "Yes, that is them")
    expect(panel).to_contain_text("Nothing was changed on Plex")
    _picture(album, "import-done", stage.page, panel)


def _stranger_found(stage: Stage) -> Locator:
    """The comparison takes a moment."""
    alice = stage.alice
    for _ in range(10):
        alice.slash("/access import")
        panel = alice.private.last
        expect(panel).to_contain_text(re.compile("Plex"))
        if "carol" in (panel.text_content() or ""):
            return panel
    raise AssertionError("Carol's share was not noticed")


def _the_list(stage: Stage, browser: Browser, album: Album) -> None:
    alice = stage.alice
    alice.slash("/access list")
    panel = alice.private.last
    expect(panel).to_contain_text(lines("2 people", "@Carol", "@Bob"))
    panel.scroll_into_view_if_needed()
    _picture(album, "access-list", stage.page, panel)
    with window(browser, stage.alice.address, 390, 2000) as phone:
        Discord(phone, phone).ready()
        shown = phone.locator("article.channel-message").last
        expect(shown).to_contain_text("2 people")
        assert fits_the_screen(phone)
        _picture(album, "access-list-phone", phone, shown)


def _all_are_suspended(stage: Stage, album: Album) -> None:
    alice = stage.alice
    panel = alice.private.last
    alice.choose(panel, "Do something with all 2", "Suspend")
    expect(panel).to_contain_text("Suspend: 2 people")
    _picture(album, "bulk-confirm", stage.page, panel)
    alice.press(panel, "Suspend: 2")
    expect(panel).to_contain_text("Under way")
    _picture(album, "bulk-under-way", stage.page, panel)
    expect(panel).to_contain_text(lines("Finished", "2 done"))
    _picture(album, "bulk-done", stage.page, panel)
    alice.press(panel, "Result file")
    expect(alice.private.last).to_contain_text("helpr-bulk-1.csv")
    _picture(album, "bulk-file", stage.page, alice.private.last)


def _all_end(stage: Stage, browser: Browser, album: Album) -> None:
    alice = stage.alice
    alice.slash("/access list")
    panel = alice.private.last
    expect(panel).to_contain_text("suspended")
    alice.choose(panel, "Do something with all 2", "End access")
    alice.press(panel, "End access: 2")
    expect(alice.form).to_contain_text("How many people lose their access?")
    _picture(album, "bulk-number", stage.page, alice.form)
    alice.fill(total="2", reason="The server moves.")
    alice.submit()
    expect(panel).to_contain_text(lines("Finished", "2 done"))
    with window(browser, stage.alice.address, 390, 2000) as phone:
        Discord(phone, phone).ready()
        shown = phone.locator("article.channel-message").last
        expect(shown).to_contain_text("2 done")
        assert fits_the_screen(phone)
        _picture(album, "bulk-phone", phone, shown)
