"""`docs/texts.md`: every English text, by the card, panel or form that it stands in."""

from collections import defaultdict
from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message

from bot.i18n.catalogues import ROOT, ids_of, title_of

PAGE = ROOT / "docs" / "texts.md"
_ABOUT = """# All texts

Everything that Helpr says, in English, by where it is said. Made by
`python -m bot.i18n.check --update` from the marked texts of the source; do not edit. What stands in
braces is filled in. `one / many` are the two forms of a number. A text that is said in several
places stands at each of them.
"""
# In which order a reader meets the rooms.
_ROOMS = ("bot/ui/", "bot/ui/modals/", "bot/", "cogs/")


def page(wanted: Catalog) -> str:
    """The whole page."""
    places: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for message in wanted:
        for place, line in message.locations if message.id else ():
            places[place].append((line, _line(message)))
    parts = [_ABOUT]
    for place in sorted(places, key=lambda one: (_room(one), one)):
        lines = dict.fromkeys(text for _, text in sorted(places[place]))
        parts.append(f"## {title_of(place)}\n\n`{place}`\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _room(place: str) -> int:
    fitting = [n for n, room in enumerate(_ROOMS) if place.startswith(room)]
    return max(fitting, key=lambda n: len(_ROOMS[n]), default=len(_ROOMS))


def _line(message: Message) -> str:
    ids = " / ".join(text.replace("\n", " ↵ ") for text in ids_of(message))
    return f"- `{ids}` ({message.context})" if message.context else f"- {ids}"


def out_of_date(wanted: Catalog) -> Iterator[str]:
    """A line if the page is not what it would be now."""
    if not PAGE.exists() or PAGE.read_text("utf-8") != page(wanted):
        yield f"{PAGE.name} is not up to date"
