"""The building blocks of every message: Components V2 in one container, fit for a phone."""

from collections.abc import Iterable, Sequence
from typing import Any

import discord
from discord.ui import ActionRow, Container, Item, LayoutView, Separator, TextDisplay

GREY = discord.Colour(0x80848E)
BLUE = discord.Colour(0x5865F2)
YELLOW = discord.Colour(0xE5A00D)
GREEN = discord.Colour(0x3BA55D)
RED = discord.Colour(0xDA373C)

# Discord's limit for all the text of one message; a text beyond it is cut, never refused.
TEXT_LIMIT = 3800
# And for the buttons of one row.
ROW = 5


def layout(
    *lines: str | None,
    rows: Iterable[Iterable[Item[Any]]] = (),
    colour: discord.Colour = GREY,
) -> LayoutView:
    """One container: the lines as one text, then rows of buttons."""
    items: list[Item[Any]] = [text(*lines)]
    items += [ActionRow(*row) for row in map(list, rows) if row]
    return contained(*items, colour=colour)


def in_rows(buttons: Sequence[Item[Any]]) -> list[Sequence[Item[Any]]]:
    """Rows of as many buttons as Discord takes in one."""
    return [buttons[at : at + ROW] for at in range(0, len(buttons), ROW)]


def text(*lines: str | None, limit: int = TEXT_LIMIT) -> TextDisplay[Any]:
    """The lines that are not empty, as one text of at most `limit` characters."""
    whole = "\n".join(filter(None, lines))
    # Discord may count an emoji as two, as JavaScript does.
    units = whole.encode("utf-16-le")
    if len(units) <= limit * 2:
        return TextDisplay(whole)
    return TextDisplay(units[: (limit - 1) * 2].decode("utf-16-le", "ignore") + "…")


def apart(sentence: str) -> str:
    """The same below an empty line; nothing of nothing."""
    return f"\n{sentence}" if sentence else ""


def fitting(lines: Iterable[str], limit: int) -> list[str]:
    """As many whole lines as `limit` characters hold: half a mention would be a number."""
    kept, left = [], limit
    for one in lines:
        left -= len(one) + 1
        if left < 0:
            break
        kept.append(one)
    return kept


def contained(*items: Item[Any], colour: discord.Colour = GREY) -> LayoutView:
    """These items in one container."""
    view = LayoutView(timeout=None)
    view.add_item(Container(*items, accent_colour=colour))
    return view


def notice(sentence: str, *, colour: discord.Colour = RED) -> LayoutView:
    """One short text."""
    return layout(sentence, colour=colour)


def line() -> Separator[Any]:
    """A thin line between two parts."""
    return Separator()
