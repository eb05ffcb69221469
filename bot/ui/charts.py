"""Charts as SVG, made for a phone: large words, no legend to look up, nothing told by colour alone.

Each series has a band of its own, with its name and sum above it; a shared scale would let the
small ones vanish, a shared band would need colours to tell them apart. All words come in from
outside, in the reader's language. Lengths are in the picture's own units, `WIDTH` across.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category
from xml.sax.saxutils import escape

WIDTH = 800
MARGIN = 28
# Discord shows the picture 300 to 340 wide on a phone: 32 units are 12 to 14 points there.
LARGE, SMALL = 38, 32
GROUND, INK, QUIET, LINE = "#2b2d31", "#f2f3f5", "#b5bac1", "#4e5058"
# Okabe and Ito's colours that stand out from a dark ground, told apart by most eyes.
COLOURS = ("#56b4e9", "#e69f00", "#00b386", "#cc79a7", "#f0e442", "#d55e00")
BAND, BAR = 150, 34
NAME_LENGTH = 28
_NOT_DRAWN = {"So", "Sk", "Cn", "Cs"}
# Room for a number at the end of the longest bar.
NUMBER = 140


@dataclass(frozen=True, slots=True)
class Series:
    """What happened by day (or week), the oldest first; what its highest one is, in words."""

    name: str
    values: Sequence[int]
    highest: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a picture and how high it is."""

    svg: str
    height: float


def bands(title: str, series: Sequence[Series], ticks: Sequence[tuple[int, str]]) -> Part:
    """A band of columns for each series above one axis; `ticks` are (place, word)."""
    pieces, top = [_text(MARGIN, LARGE, title, size=LARGE)], LARGE + 24.0
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        name = f"{one.name}: {sum(one.values)}"
        pieces.append(_rect(MARGIN, top + 8, 24, 24, colour))
        pieces.append(_text(MARGIN + 38, top + SMALL, name))
        pieces.append(_text(WIDTH - MARGIN, top + SMALL, one.highest, fill=QUIET, anchor="end"))
        pieces.append(_columns(one.values, top + SMALL + 14, BAND - SMALL - 24, colour))
        top += BAND + 14
    places = max((len(one.values) for one in series), default=1)
    pieces += [_tick(place, places, word, top + SMALL) for place, word in ticks]
    return Part("".join(pieces), top + SMALL + 40)


def bars(title: str, rows: Sequence[tuple[str, int]]) -> Part:
    """A bar for each row, its name above it and its number behind it."""
    pieces, top = [_text(MARGIN, LARGE, title, size=LARGE)], LARGE + 22.0
    most = max((value for _, value in rows), default=0) or 1
    for number, (name, value) in enumerate(rows):
        long = (WIDTH - 2 * MARGIN - NUMBER) * value / most
        colour = COLOURS[number % len(COLOURS)] if value else LINE
        pieces.append(_text(MARGIN, top + SMALL, _short(name), fill=QUIET))
        pieces.append(_rect(MARGIN, top + SMALL + 10, max(long, 4), BAR, colour))
        pieces.append(_text(MARGIN + long + 14, top + SMALL + 10 + SMALL, str(value)))
        top += SMALL + BAR + 26
    return Part("".join(pieces), top + 6)


def picture(*parts: Part) -> str:
    """The parts below each other, as one SVG."""
    pieces, top = [], float(MARGIN)
    for part in parts:
        pieces.append(f'<g transform="translate(0 {top:g})">{part.svg}</g>')
        top += part.height
    height = top + MARGIN / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}"'
        f' width="{WIDTH}" height="{height:g}" font-family="Noto Sans">'
        f'<rect width="{WIDTH}" height="{height:g}" fill="{GROUND}"/>{"".join(pieces)}</svg>'
    )


def _columns(values: Sequence[int], top: float, height: float, colour: str) -> str:
    most, inner = max(values, default=0), WIDTH - 2 * MARGIN
    each = inner / max(len(values), 1)
    gap = min(each * 0.25, 6)
    pieces = [_rect(MARGIN, top + height, inner, 2, LINE)]
    for place, value in enumerate(values):
        if value:
            tall = max(height * value / most, 3)
            left = MARGIN + place * each + gap / 2
            pieces.append(_rect(left, top + height - tall, each - gap, tall, colour))
    return "".join(pieces)


def _tick(place: int, places: int, word: str, top: float) -> str:
    """A word below a column: at the edges it leans inwards."""
    part = (place + 0.5) / max(places, 1)
    if part < 0.1:
        return _text(MARGIN, top, word, fill=QUIET)
    if part > 0.9:
        return _text(WIDTH - MARGIN, top, word, fill=QUIET, anchor="end")
    x = MARGIN + (WIDTH - 2 * MARGIN) * part
    return _text(x, top, word, fill=QUIET, anchor="middle")


def _text(
    x: float, y: float, word: str, *, size: int = SMALL, fill: str = INK, anchor: str = "start"
) -> str:
    # Emoji are in no font that could be drawn here.
    kept = "".join(one for one in word if one.isprintable() and category(one) not in _NOT_DRAWN)
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"'
        f' text-anchor="{anchor}">{escape(kept.strip())}</text>'
    )


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' rx="2" fill="{fill}"/>'
    )


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
