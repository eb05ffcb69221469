"""The pages on which Plex and Discord are made to fail, used by hand and by keyboard alone."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT, _free_port
from pages import fits_the_screen
from playwright.sync_api import Browser, Page, expect

DESK, PHONE = (1280, 900), (390, 800)


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The pages of a stage without a bot, by name."""
    arguments = ("-m", "sandbox", "--no-bot", "--no-open", "--port", str(_free_port()))
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        found: dict[str, str] = {}
        while "Discord's faults" not in found:
            line = process.stdout.readline()
            assert line, "the stage ended early"
            if named := re.match(r"  (\S.*?)\s+(http\S+)$", line):
                found[named[1]] = named[2]
        yield found
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def opened(browser: Browser, address: str, size: tuple[int, int]) -> Iterator[Page]:
    """A page in a window of this size; its scripts may not stumble, and it fits the window."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    troubles: list[str] = []
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    page = context.new_page()
    page.goto(address)
    yield page
    assert fits_the_screen(page)
    context.close()
    assert troubles == []


def asked(address: str, path: str):
    """What the control interface of a page says."""
    with urllib.request.urlopen(f"{address}api/{path}") as answer:  # noqa: S310 - this machine
        return json.load(answer)


def choose(page: Page, **choices: str) -> None:
    """Fill in the form that switches a fault on, and send it by keyboard."""
    for name, value in choices.items():
        page.locator(f"#add-fault [name={name}]").select_option(value)
    page.locator("#add-fault button").focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_plex_is_made_to_fail_on_its_page(
    browser: Browser, addresses: dict[str, str], size: tuple[int, int]
) -> None:
    """A fault is chosen in words, shown, refused where it makes no sense, and switched off."""
    address = addresses["Plex"]
    with opened(browser, address, size) as page:
        faults, live = page.locator("#faults"), page.locator("#live")
        expect(faults).to_contain_text("No fault is on")
        choose(page, endpoint="inviting", failure="drop_after", times="1")
        expect(faults).to_contain_text("Cut off after it is done")
        expect(faults).to_contain_text("Inviting · once")
        choose(page, endpoint="inviting", failure="short_listing")
        expect(live).to_contain_text("nothing to list")
        page.get_by_role("switch", name="Token revoked").press("Space")
        expect(live).to_have_text("Token revoked: on")
        expect(page.locator("#summary")).to_contain_text("2 faults on")
        assert page.evaluate("document.activeElement.id") == "fault-token"
        page.get_by_role("button", name="Mend the token").press("Enter")
        page.get_by_role("button", name=re.compile("Switch off: Cut off")).click()
        expect(faults).to_contain_text("No fault is on")
        assert asked(address, "faults") == []


def test_drift_is_made_by_hand_on_plexs_page(browser: Browser, addresses: dict[str, str]) -> None:
    """Somebody is shared with, given another library, and removed, on a phone."""
    address = addresses["Plex"]
    with opened(browser, address, PHONE) as page:
        page.locator("#by-hand summary").press("Enter")
        page.locator("#by-hand [name=login]").fill("carol")
        page.locator("#choices").select_option(label="Films")
        page.locator("#by-hand button").press("Enter")
        card = page.locator("#people article", has_text="carol@example.org")
        expect(card).to_contain_text("Accepted")
        card.locator("summary").press("Enter")
        card.get_by_role("button", name="Series", exact=True).press("Enter")
        expect(card.get_by_role("button", name="Series", exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(card.locator("details")).to_have_attribute("open", "")
        (share,) = asked(address, "state")["shares"]
        assert share["libraries"] == ["Films", "Series"]
        card.get_by_role("button", name="Remove carol's share").click()
        expect(page.locator("#people")).to_contain_text("Nobody has been invited yet")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_discord_is_made_to_fail_on_its_page(
    browser: Browser, addresses: dict[str, str], size: tuple[int, int]
) -> None:
    """Faults, closed messages, lost rights and a removed bot show, and are put in order at once."""
    address = addresses["Discord's faults"]
    with opened(browser, address, size) as page:
        faults, live = page.locator("#faults"), page.locator("#live")
        expect(faults).to_contain_text("No fault is on")
        choose(page, endpoint="posting messages", failure="503", times="null")
        expect(faults).to_contain_text("Posting messages · until switched off")
        page.locator("#twice").press("Enter")
        page.locator("#dms-bob").press("Space")
        expect(live).to_have_text("Bob's direct messages are closed: on")
        page.get_by_role("button", name="It may not write in it: #access-requests").press("Enter")
        page.locator("#bot-removed").press("Space")
        expect(page.locator("#summary")).to_contain_text("5 faults on")
        page.get_by_role("button", name="Delete the latest message in #get-access").click()
        expect(live).to_contain_text("there is no message")
        page.get_by_role("button", name="Close connection").click()
        expect(live).to_have_text("Done: Close connection")
        page.get_by_role("button", name="Put everything in order").click()
        expect(faults).to_contain_text("No fault is on")
        assert asked(address, "faults") == []
        assert asked(address, "world")["bot_is_in"] is True
