"""The files: reading the marked texts of the source, and reading and writing the catalogues."""

import ast
import re
import string
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.i18n import COMMAND, DOMAIN, LOCALES, MENU, OPTION
from bot.i18n.commands import commands_in

ROOT = Path(__file__).parents[2]
TEMPLATE = LOCALES / f"{DOMAIN}.pot"
KEYWORDS = {"t": None, "n": (1, 2), "mark": None}
WIDTH = 100
_KEY = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
NOTES = {
    COMMAND: "Translators: what is typed after the slash: lower case, no spaces",
    OPTION: "Translators: what a command takes: lower case, no spaces",
    MENU: "Translators: an entry in the menu of a person, under Apps",
    "": "Translators: shown beside a command",
}


def extracted() -> Catalog:
    """Every text that the source marks, with where it stands and what is said to translators."""
    catalog = Catalog(project="Helpr", charset="utf-8")
    for room in ("bot", "cogs"):
        for name, line, message, comments, context in extract_from_dir(
            ROOT / room, [("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            if isinstance(message, str) and _KEY.fullmatch(message):
                # The key of an error whose text is looked up, not a text.
                continue
            catalog.add(
                message, None, [(f"{room}/{name}", line)], auto_comments=comments, context=context
            )
    for name, text, context, line in commands_in(ROOT / "cogs"):
        note = [NOTES[(context or "").split(" ")[0]]]
        catalog.add(text, None, [(f"cogs/{name}", line)], auto_comments=note, context=context)
    return catalog


def template() -> Catalog:
    """The template as it was last written."""
    with TEMPLATE.open("rb") as file:
        return read_po(file)


def write_template(wanted: Catalog) -> None:
    """Write the template anew."""
    with TEMPLATE.open("wb") as file:
        write_po(file, wanted, sort_output=True, no_location=True, omit_header=True, width=WIDTH)


def path_of(language: str) -> Path:
    """The catalogue of a language such as `pt_BR`."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def translated() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.parent.parent.name for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def read(language: str) -> Catalog:
    """The catalogue of a language; an empty one if it has none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, project="Helpr", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def write(language: str, catalog: Catalog, wanted: Catalog) -> None:
    """Write a catalogue with exactly the texts of `wanted`; what is translated is kept."""
    fresh = Catalog(locale=language, project="Helpr", charset="utf-8", fuzzy=False)
    for message in wanted:
        if message.id:
            kept = catalog.get(key_of(message), message.context)
            fresh.add(
                message.id,
                kept.string if kept is not None and not kept.fuzzy else None,
                auto_comments=notes_of(message),
                context=message.context,
            )
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        # A header of our own: Babel's holds the time of writing, which differs every time.
        file.write(_header(fresh).encode())
        write_po(file, fresh, sort_output=True, no_location=True, omit_header=True, width=WIDTH)


def _header(catalog: Catalog) -> str:
    fields = {
        "Project-Id-Version": "Helpr",
        "Language": str(catalog.locale_identifier),
        "Plural-Forms": catalog.plural_forms,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'msgid ""\nmsgstr ""\n{lines}\n'


@cache
def title_of(place: str) -> str:
    """What a source file says that it is about."""
    said = ast.get_docstring(ast.parse((ROOT / place).read_text("utf-8"))) or place
    return re.split(r"(?<=[.])\s|\n", said)[0].removesuffix(".")


def notes_of(message: Message) -> list[str]:
    """For translators: where a text is shown, and what is said about it."""
    about = [f"In: {title_of(place)}" for place in sorted({p for p, _ in message.locations})]
    return [*about, *dict.fromkeys(message.auto_comments)]


def ids_of(message: Message) -> tuple[str, ...]:
    """The English text; of a plural both forms."""
    return tuple(message.id) if isinstance(message.id, (list, tuple)) else (message.id,)


def strings_of(message: Message) -> tuple[str, ...]:
    """The translation; of a plural all forms. Empty where there is none."""
    found = message.string
    return tuple(found) if isinstance(found, (list, tuple)) else (found or "",)


def key_of(message: Message) -> str:
    """What a catalogue finds a text by."""
    return ids_of(message)[0]


def is_translated(message: Message | None) -> bool:
    """Every form is there, and nobody doubts it."""
    return message is not None and not message.fuzzy and all(strings_of(message))


def placeholders(text: str) -> set[str]:
    """The names in braces, with what follows them; raises `ValueError` for a lone brace."""
    return {
        name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
        for _, name, spec, conversion in string.Formatter().parse(text)
        if name is not None
    }
