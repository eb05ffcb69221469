"""Pictures: words that can be read anywhere, a process that may die, a loop that goes on."""

import asyncio
import os
import signal
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.board import Daily
from bot.i18n import texts
from bot.ui import painter
from bot.ui.charts import Series, bands, bars, picture
from bot.ui.figures import bars_of, daily_part
from bot.ui.painter import CannotPaint, Painter, render

PNG = b"\x89PNG\r\n\x1a\n"
SAMPLE = picture(
    bands("Last 30 days", [Series("Requests", [0, 1, 5] * 10, "at most 5 a day")] * 3, [(0, "a")]),
    bars("People by tier", [("Standard", 42), ("Kids", 0)]),
)


@pytest.fixture
async def paints() -> AsyncIterator[Painter]:
    """A painter that ends with the test."""
    made = Painter()
    yield made
    await made.close()


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the bytes of the picture's lines, filters undone no further."""
    assert png.startswith(PNG)
    width, height = struct.unpack(">II", png[16:24])
    at, packed = 8, b""
    while at < len(png):
        [length] = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += 12 + length
    return width, height, zlib.decompress(packed)


def test_words_are_drawn_by_the_font_of_the_house() -> None:
    """Without any font of the machine's own, letters of three scripts leave their mark."""
    for word in ("Requests", "Zugänge", "Заявки", "Αιτήματα"):
        blank = pixels(render(picture(bars("", []))))
        drawn = pixels(render(picture(bars(word, []))))
        assert drawn[:2] == blank[:2]
        assert drawn[2] != blank[2]
    # Other letters, another picture: it is no row of empty boxes.
    assert render(picture(bars("Ж", []))) != render(picture(bars("Я", [])))
    assert painter.FONT.with_name("OFL.txt").exists()


def test_a_phone_shows_words_that_can_be_read() -> None:
    """300 points wide, as Discord shows it on a phone, no word is smaller than 12 points."""
    root = ET.fromstring(SAMPLE)  # noqa: S314 - of our own
    width = float(root.attrib["width"])
    sizes = [float(one.attrib["font-size"]) for one in root.iter() if one.tag.endswith("text")]
    assert sizes
    assert min(sizes) * 300 / width >= 12


@given(
    name=st.text(max_size=200),
    values=st.lists(st.integers(0, 10**9), max_size=100),
    rows=st.lists(st.tuples(st.text(max_size=100), st.integers(0, 10**9)), max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_drawn_is_whole(
    name: str, values: list[int], rows: list[tuple[str, int]]
) -> None:
    """Any name and any number make an SVG that can be read, with nothing outside of it."""
    root = ET.fromstring(  # noqa: S314 - of our own
        picture(
            bands(name, [Series(name, values, name)], [(0, name)]), bars_of(name, rows, texts())
        )
    )
    assert float(root.attrib["height"]) > 0
    for one in root.iter():
        if one.tag.endswith("rect"):
            left, wide = float(one.attrib.get("x", 0)), float(one.attrib["width"])
            assert left >= 0
            assert wide > 0
            assert left + wide <= 801


def test_a_year_is_drawn_by_week() -> None:
    """A day of a year would be two points wide; the axis says where it begins and ends."""
    first = date(2025, 11, 24)
    counts = {(first + timedelta(days=n), "invite.requested"): 1 for n in range(365)}
    part = daily_part(Daily(first, 365, counts), texts())
    assert "at most 7 a week" in part.svg
    assert "Requests: 365" in part.svg
    for word in ("Nov 24", "Nov 23"):
        assert f">{word}<" in part.svg
    part = daily_part(Daily(first, 7, counts), texts())
    assert "at most 1 a day" in part.svg
    part = daily_part(Daily(first, 7, counts), texts("de"))
    assert "höchstens 1 am Tag" in part.svg


async def test_a_picture_stops_nobody(paints: Painter) -> None:
    """While pictures are made the loop goes on: they are made in another process."""
    await paints.paint(SAMPLE)
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    watching = asyncio.create_task(watch())
    made = await asyncio.gather(*(paints.paint(SAMPLE) for _ in range(5)))
    watching.cancel()
    assert all(png.startswith(PNG) for png in made)
    # Made in this process, they would let it turn a few times at most.
    assert turns > 20


async def test_a_painter_that_is_killed_is_replaced(paints: Painter) -> None:
    """Killed between two pictures: the next one starts another. Killed in one: the same."""
    await paints.paint(SAMPLE)
    first = paints.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert (await paints.paint(SAMPLE)).startswith(PNG)
    second = paints.pid
    assert second not in {None, first}
    under_way = asyncio.create_task(paints.paint(SAMPLE))
    await asyncio.sleep(0)
    os.kill(second or 0, signal.SIGKILL)
    assert (await under_way).startswith(PNG)


async def test_what_is_no_picture_is_refused(paints: Painter) -> None:
    """The process survives it and makes the next one."""
    with pytest.raises(CannotPaint, match="refused"):
        await paints.paint("<svg")
    first = paints.pid
    assert (await paints.paint(SAMPLE)).startswith(PNG)
    assert paints.pid == first


async def test_a_picture_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up, with its process; the next one has a process of its own."""
    slow = Painter(deadline=0.3)
    with monkeypatch.context() as patched:
        patched.setattr(painter, "PROGRAM", ("sleep", "60"))
        with pytest.raises(CannotPaint, match="deadline"):
            await slow.paint(SAMPLE)
    assert slow.pid is None
    quick = Painter()
    assert (await quick.paint(SAMPLE)).startswith(PNG)
    await quick.close()
    await slow.close()


async def test_no_process_is_left_behind() -> None:
    """Closing ends it; so does the end of the bot, as nobody is left to ask."""
    closed = Painter()
    await closed.paint(SAMPLE)
    process = closed._process
    await closed.close()
    assert process is not None
    assert process.returncode is not None
    left = Painter()
    await left.paint(SAMPLE)
    process = left._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    async with asyncio.timeout(5):
        assert await process.wait() == 0
