"""The catalogues' gate: `python -m bot.i18n.check`, or with `--update` to bring them up to date.

Fails when a marked text is missing from the template or a catalogue, when a translation is empty
or fuzzy, and when a translation names a placeholder that the text does not have.
"""

import string
import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.i18n import DOMAIN, LOCALES

ROOT = Path(__file__).parents[2]
TEMPLATE = LOCALES / f"{DOMAIN}.pot"
KEYWORDS = {"t": None, "n": (1, 2), "mark": None}


def extracted() -> Catalog:
    """Every text that the source marks."""
    catalog = Catalog(project="Helpr", charset="utf-8")
    for room in ("bot", "cogs"):
        for name, _line, message, comments, context in extract_from_dir(
            ROOT / room, [("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            catalog.add(
                message, None, [(f"{room}/{name}", 0)], auto_comments=comments, context=context
            )
    return catalog


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _ids(catalog: Catalog) -> set[str]:
    return {repr(message.id) for message in catalog if message.id}


def _wrong_in(message: Message) -> Iterable[str]:
    ids = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
    translated = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
    if message.fuzzy or not all(translated):
        yield "is not translated"
        return
    allowed = set().union(*map(placeholders, ids))
    for text in filter(None, translated):
        if extra := placeholders(text) - allowed:
            yield f"names {sorted(extra)}, which the text does not have"


def problems() -> list[str]:
    """A line for everything that is wrong with template and catalogues."""
    wanted = extracted()
    with TEMPLATE.open("rb") as file:
        template = read_po(file)
    found = [
        f"{TEMPLATE.name}: {text} is missing" for text in sorted(_ids(wanted) - _ids(template))
    ]
    found += [
        f"{TEMPLATE.name}: {text} is unused" for text in sorted(_ids(template) - _ids(wanted))
    ]
    for path in sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        language = path.parent.parent.name
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
        found += [f"{language}: {text} is missing" for text in sorted(_ids(wanted) - _ids(catalog))]
        for message in catalog:
            if message.id and repr(message.id) in _ids(wanted):
                found += [f"{language}: {message.id!r} {what}" for what in _wrong_in(message)]
    return found


def update() -> None:
    """Write the template anew and bring every catalogue up to it."""
    wanted = extracted()
    LOCALES.mkdir(exist_ok=True)
    with TEMPLATE.open("wb") as file:
        write_po(file, wanted, sort_output=True, no_location=True, omit_header=True, width=100)
    for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"):
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.parent.parent.name)
        catalog.update(wanted)
        with path.open("wb") as file:
            write_po(
                file, catalog, sort_output=True, no_location=True, ignore_obsolete=True, width=100
            )


def main() -> int:
    """The exit code: 0 when nothing is wrong."""
    if "--update" in sys.argv[1:]:
        update()
    found = problems()
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
