"""`/tier` in a browser: a tier is made and filled in by buttons, menus and forms alone."""

import pytest
from pages import Stage, fits_the_screen, lines, window
from pictures import Album
from playwright.sync_api import Browser, Locator, Page, expect


@pytest.mark.timeout(300)
def test_a_tier_from_nothing(page: Page, browser: Browser, album: Album) -> None:
    """Alice makes a tier, chooses libraries, filters by rating, and looks at it on a phone."""
    stage = Stage(page)
    alice = stage.alice
    alice.show()
    alice.slash("/tier list")
    panel = alice.private.last
    expect(panel).to_contain_text(lines("Standard", "5 libraries", "0 of 100 seats are taken"))
    album.part("tiers", page, panel)
    alice.press(panel, "New tier")
    alice.fill(name="Family")
    alice.submit()
    expect(panel).to_contain_text("It has no libraries")
    alice.press(panel, "Libraries")
    expect(panel).to_contain_text("None is chosen")
    album.part("tier-libraries", page, panel)
    alice.press(panel, "All libraries")
    expect(panel).to_contain_text("Films, Series, Music, Photos, Kids (5)")
    alice.press(panel, "Back to the tier")
    alice.press(panel, "Downloads: off")
    alice.press(panel, "Members may ask: off")
    alice.press(panel, "Name, time, seats")
    alice.fill(name="Family", days="30d", seats="10")
    alice.submit()
    alice.press(panel, "Filters")
    alice.press(panel, "Films")
    album.part("tier-filter-form", page, alice.form)
    alice.fill(ratings="g, pg", not_labels="horror")
    alice.submit()
    expect(panel).to_contain_text("only rated G, PG; not labelled horror")
    album.part("tier-filters", page, panel)
    alice.press(panel, "Back to the tier")
    expect(panel).to_contain_text(lines("Access lasts: 30 days", "Seats: 0 of 10 are taken"))
    album.part("tier", page, panel)
    _on_a_phone(stage, browser, album)
    _as_a_member(stage, album)


def _on_a_phone(stage: Stage, browser: Browser, album: Album) -> None:
    with window(browser, stage.alice.address, 390, 844) as phone:
        shown = phone.locator("article.channel-message").last
        expect(shown).to_contain_text("Tier Family")
        assert fits_the_screen(phone)
        album.part("tier-phone", phone, shown)


def _as_a_member(stage: Stage, album: Album) -> None:
    bob, alice = stage.bob, stage.alice
    bob.show()
    bob.ask()
    expect(bob.form).to_contain_text("What you would like")
    album.part("tier-choice", stage.page, bob.form)
    _choose(stage, bob.form, "Family")
    bob.fill(login="bob@example.org")
    bob.submit()
    alice.show()
    card = alice.public.first
    expect(card).to_contain_text("Tier: Family (5 libraries)")
    album.part("approve-as", stage.page, card)


def _choose(stage: Stage, form: Locator, label: str) -> None:
    menu = form.locator("[data-custom-id=tier]")
    menu.get_by_role("combobox").or_(menu.locator("button, select")).first.click()
    stage.bob.options.filter(has_text=label).first.click()
