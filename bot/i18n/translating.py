"""For translators: what is missing as lines of JSON, and lines of JSON into the catalogue."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from babel.messages.catalog import Catalog, Message

from bot.i18n.catalogues import extracted, ids_of, is_translated, key_of, notes_of, read, write
from bot.i18n.wording import faults, limit_of


def missing(language: str, *, everything: bool = False) -> Iterator[str]:
    """A line for each text without a translation, or for every text with the one it has."""
    catalog = read(language)
    for message in extracted():
        if not message.id:
            continue
        has = catalog.get(key_of(message), message.context)
        if everything or not is_translated(has):
            yield json.dumps(_entry(message, has, catalog), ensure_ascii=False)


def _entry(message: Message, has: Message | None, catalog: Catalog) -> dict[str, Any]:
    ids = ids_of(message)
    entry: dict[str, Any] = {"id": ids[0]}
    if message.pluralizable:
        entry |= {"plural": ids[1], "forms": catalog.num_plurals}
    if message.context:
        entry["context"] = message.context
    entry["note"] = ". ".join(notes_of(message)).replace("Translators: ", "")
    entry["where"] = ", ".join(sorted({place for place, _ in message.locations})[:3])
    entry["limit"] = limit_of(message)
    if is_translated(has):
        entry["strs" if message.pluralizable else "str"] = has and has.string
    return entry


def fill(language: str, lines: Iterable[str]) -> tuple[int, list[str]]:
    """Take translations over: how many, and a line for each that was refused, and why."""
    wanted, catalog = extracted(), read(language)
    taken, refused = 0, []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            message = _filled(json.loads(line), wanted)
            wrong = "; ".join(dict.fromkeys(faults(message, catalog, limit_of(message))))
        except (ValueError, LookupError, TypeError) as error:
            wrong = str(error)
        if wrong:
            refused.append(f"line {number}: {line.strip()[:160]}\n  {wrong}")
            continue
        catalog.delete(key_of(message), message.context)
        catalog.add(message.id, message.string, context=message.context)
        taken += 1
    write(language, catalog, wanted)
    return taken, refused


def _filled(given: dict[str, Any], wanted: Catalog) -> Message:
    """The text that a line translates, with the translation; raises `ValueError`."""
    message = wanted.get(given["id"], given.get("context"))
    if message is None:
        raise ValueError("there is no such text (any more)")
    strings = given.get("strs") or [given.get("str")]
    if isinstance(strings, str) or not all(isinstance(s, str) and s for s in strings):
        raise ValueError('needs "str" with a text, or "strs" with a list of them')
    if not message.pluralizable and len(strings) != 1:
        raise ValueError('is not a plural: needs "str"')
    return Message(
        message.id,
        tuple(strings) if message.pluralizable else strings[0],
        locations=message.locations,
        context=message.context,
    )
