"""What becomes of access, in a browser: suspended, restored, extended, ended."""

import pytest
from pages import Stage, lines, message_id, window
from pictures import Album
from playwright.sync_api import Browser, Page, expect

LIBRARIES = ("Films", "Series", "Music", "Photos", "Kids")


@pytest.mark.timeout(300)
def test_the_life_of_access(page: Page, browser: Browser, album: Album) -> None:
    """Alice suspends, restores, extends and ends Bob's access; Plex and Bob see each of it."""
    stage = Stage(page)
    _bob_has_access(stage)
    _alice_suspends(stage, album)
    _alice_restores(stage)
    _alice_extends(stage, browser, album)
    _plex_signs_the_owner_out(stage, album)
    _alice_ends_it(stage)
    _bob_may_ask_again(stage)


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


def _alice_suspends(stage: Stage, album: Album) -> None:
    alice = stage.alice
    alice.slash("/access show", member="Bob")
    panel = alice.private.last
    expect(panel).to_contain_text(
        lines("Access of", "@Bob", "Active since", "found it accepted on Plex")
    )
    album.part("access", stage.page, panel)
    alice.press(panel, "Suspend")
    expect(alice.form).to_contain_text("Suspend this access")
    alice.fill(reason="Six streams at once.")
    alice.submit()
    expect(alice.public.first).to_contain_text("Suspended. The libraries are kept")
    expect(stage.plex.people).not_to_contain_text("Films")
    stage.bob.show()
    expect(stage.bob.private.last).to_contain_text("Your access is paused")


def _alice_restores(stage: Stage) -> None:
    stage.alice.press(stage.alice.private.last, "Restore")
    expect(stage.alice.public.first).to_contain_text("Active since")
    expect(stage.bob.private.last).to_contain_text("You're in")
    stage.plex.show()
    expect(stage.plex.people).to_contain_text(lines("bob", "Accepted", *LIBRARIES))


def _alice_extends(stage: Stage, browser: Browser, album: Album) -> None:
    alice = stage.alice
    alice.slash("/access show", member="Bob")
    panel = alice.private.last
    expect(panel.get_by_role("button", name="Extend", exact=True)).to_be_visible()
    answer = message_id(panel)
    alice.press(panel, "Extend")
    expect(alice.form).to_contain_text("Extend this access")
    alice.fill(until="500 years")
    alice.submit()
    expect(alice.private.last).to_contain_text("more than ten years")
    panel = alice.message(answer)
    alice.press(panel, "Extend")
    alice.fill(until="30d")
    alice.submit()
    expect(panel).to_contain_text("Ends in")
    expect(alice.public.first).to_contain_text("Ends in")
    with window(browser, stage.alice.address, 390, 780) as small:
        expect(small.get_by_text("Ends in").first).to_be_visible()
        album.whole("access-phone", small)


def _plex_signs_the_owner_out(stage: Stage, album: Album) -> None:
    """The token is revoked while Alice ends the access: one notice, and nothing is lost."""
    alice, plex = stage.alice, stage.plex
    plex.frame.get_by_role("switch", name="Token revoked").click()
    panel = alice.private.filter(has_text="Ends in").last
    alice.press(panel, "End access")
    alice.fill(reason="Moved away.")
    alice.submit()
    notice = alice.public.filter(has_text="needs an admin")
    expect(notice).to_contain_text("Nothing is lost")
    expect(notice).to_have_count(1)
    expect(alice.public.first).to_contain_text("Access is being taken back")
    expect(plex.people).to_contain_text("Accepted")
    notice.scroll_into_view_if_needed()
    album.part("notice", stage.page, notice)


def _alice_ends_it(stage: Stage) -> None:
    """Mended, everything goes on by itself."""
    plex, alice = stage.plex, stage.alice
    plex.frame.get_by_role("button", name="Mend the token").click()
    alice.slash("/plex connect")
    expect(alice.public.filter(has_text="works again")).to_contain_text("Mended")
    expect(alice.public.first).to_contain_text("Ended: an admin ended it.")
    expect(plex.people).not_to_contain_text("Films")


def _bob_may_ask_again(stage: Stage) -> None:
    bob = stage.bob
    bob.show()
    bob.ask()
    expect(bob.form).to_contain_text("Ask for access to Plex")
