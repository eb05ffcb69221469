"""The dashboard, the statistics and the log in a browser, at a desk and on a phone."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from conftest import PATIENCE_MS
from pages import DiscordTab, Stage, fits_the_screen, lines, window
from pictures import Album
from playwright.sync_api import Browser, Locator, Page, expect

from bench.many import fill

INVITES = 300
# Some days are busier than others, as they are in life.
_UPS_AND_DOWNS = """
INSERT INTO audit_event (guild_id, at, action)
SELECT $1, now() - interval '1 day' * day - interval '1 minute' * n AS at, action
FROM generate_series(0, 89) AS day,
  (VALUES ('invite.requested', 1.0), ('invite.approved', 0.8), ('invite.active', 0.65))
    AS part (action, share),
  generate_series(
    1, (share * (1 + 3 * abs(sin(day * 1.7) + sin(day * 0.45))))::int
  ) AS n
ORDER BY at
"""


async def _crowd(running: str) -> None:
    """The demo's server has had a few hundred requests in the last year."""
    _, _, _, port, sockets, *_ = running.splitlines()
    ledger = await asyncpg.connect(host=sockets, port=int(port), user="helpr", database="helpr")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        # The bot connects its server after the pages are up, and tells nobody here.
        query = "SELECT min(guild_id) FROM tier"
        while (guild_id := await ledger.fetchval(query)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await fill(ledger, guild_id, INVITES)
    await ledger.execute(_UPS_AND_DOWNS, guild_id)
    await ledger.close()


@pytest.mark.timeout(300)
def test_the_dashboard(page: Page, browser: Browser, album: Album, tmp_path: Path) -> None:
    """Alice opens the dashboard, looks at another period, opens a person, the figures, the log."""
    [running] = (tmp_path / "temporary").rglob("postmaster.pid")
    with ThreadPoolExecutor(1) as aside:  # the browser has a loop in this thread
        aside.submit(asyncio.run, _crowd(running.read_text())).result()
    stage = Stage(page)
    alice = stage.alice
    alice.show()
    alice.slash("/dashboard")
    board = alice.private.last
    expect(board).to_contain_text(lines("Home Media", "answers in", "1 stream: Sita Sings"))
    expect(board).to_contain_text(lines("Last 30 days", "Latest invites", "20."))
    _shows_a_picture(board)
    alice.press(board, "90 days")
    expect(board).to_contain_text("Last 90 days")
    _shows_a_picture(board)
    alice.slash("/stats")
    figures = alice.private.last
    expect(figures).to_contain_text(lines("Statistics of the last 30 days", "Until approval"))
    _shows_a_picture(figures)
    alice.slash("/audit")
    log = alice.private.last
    expect(log).to_contain_text(lines("Audit log", "found it accepted on Plex"))
    alice.press(log, "Older ones")
    expect(log).to_contain_text("asked for access")
    _fits_every_screen(browser, alice, album)


def _shows_a_picture(message: Locator) -> None:
    """Its picture is there, and is as large as it was painted."""
    shown = message.locator(".component-gallery img")
    expect(shown).to_be_visible()
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 1200)


def _fits_every_screen(browser: Browser, alice: DiscordTab, album: Album) -> None:
    """At a desk and on a screen 390 wide nothing has to be scrolled sideways."""
    for suffix, width in (("", 640), ("-phone", 390)):
        # As high as all three messages, so that nothing is scrolled while a picture is taken.
        with window(browser, alice.address, width, 6500) as page:
            messages = page.locator("#channel-timeline article.channel-message[data-message-id]")
            board = messages.filter(has_text="Latest invites").last
            expect(board).to_contain_text("Last 90 days")
            for shown in page.locator(".component-gallery img").all():
                expect(shown).to_have_js_property("naturalWidth", 1200)
            picture = board.locator(".component-gallery img")
            assert fits_the_screen(page)
            title = board.get_by_text("Dashboard", exact=True)
            turns = board.get_by_role("button", name="Look again")
            album.part(f"dashboard{suffix}", page, title, picture, turns, pad=(24, 16))
