"""What a translation must be like: the same placeholders, the same marks, within the limits."""

import re
from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message

from bot.i18n import MENU
from bot.i18n.catalogues import ids_of, placeholders, strings_of

# Discord's limits: for the title of a form and the name of a field, and for a button.
LABEL = 45
BUTTON = 80
DESCRIPTION = 100
# For the name of a command or an option.
NAME = 32
# A sentence may grow by so much; panels are tested with the longest there are.
GROWTH = 1.9
GROWTH_AT_LEAST = 30

_ONCE_ONLY = ("**", "`", "__", "||")
# A name as Discord takes it, except that upper case is looked at apart.
_NAME = re.compile(r"[-_\w]{1,32}")
_COMMAND = re.compile(r"(?<![\w/<])/[a-z][a-z-]+")


def limit_of(message: Message) -> int:
    """How many characters a translation may have."""
    longest = max(map(len, ids_of(message)))
    if message.context:
        return NAME
    places = {place for place, _ in message.locations}
    is_sentence = any(text.endswith((".", "?", "!")) for text in ids_of(message))
    if any("modals" in place for place in places) and longest <= DESCRIPTION:
        # A field may be called by a question; what stands below it is a sentence.
        is_below = longest > LABEL or ids_of(message)[0].endswith(".")
        return DESCRIPTION if is_below else LABEL
    if all(place.startswith("cogs/") for place in places) and longest <= DESCRIPTION:
        return DESCRIPTION
    if longest <= LABEL and not is_sentence:
        return BUTTON
    return max(int(longest * GROWTH), longest + GROWTH_AT_LEAST)


def faults(message: Message, catalog: Catalog, limit: int | None = None) -> Iterator[str]:
    """What is wrong with a translation, in words; nothing for one that is not there."""
    strings = [text for text in strings_of(message) if text]
    if not strings:
        return
    if message.fuzzy:
        yield "is marked as doubtful"
    if message.pluralizable and len(strings_of(message)) != catalog.num_plurals:
        yield f"has {len(strings_of(message))} forms where {catalog.num_plurals} are needed"
    wanted = set().union(*map(placeholders, ids_of(message)))
    # "One seat" may leave the number out, if English or the language has a form for one.
    needed = wanted - {"n"} if message.pluralizable else wanted
    if message.context and message.context != MENU:
        # Turkish has a capital whose small letter is two characters: Discord takes neither.
        if not _NAME.fullmatch(strings[0]) or strings[0] != strings[0].lower():
            yield "is not a name: lower case, no spaces, 1 to 32 letters, digits, - and _"
        return
    for text in strings:
        yield from _faults_of(text, message, wanted, needed)
        if limit is not None and len(text) > limit:
            yield f"has {len(text)} characters where {limit} fit"


def _faults_of(text: str, message: Message, wanted: set[str], needed: set[str]) -> Iterator[str]:
    try:
        named = placeholders(text)
    except ValueError as error:
        yield f"is not well formed: {error}"
        return
    if extra := named - wanted:
        yield f"names {sorted(extra)}, which the text does not have"
    if missing := needed - named:
        yield f"leaves out {sorted(missing)}"
    source = ids_of(message)[-1]
    if text != text.strip() and source == source.strip():
        yield "begins or ends with a space"
    for sign in _ONCE_ONLY:
        if text.count(sign) != source.count(sign):
            yield f"has {sign} {text.count(sign)} times, the text {source.count(sign)} times"
    if missing_commands := set(_COMMAND.findall(source)) - set(_COMMAND.findall(text)):
        yield f"leaves out {sorted(missing_commands)}"
