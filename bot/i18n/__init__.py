"""Catalogues and the translator: English texts are the keys, gettext catalogues hold the rest.

`t("Hello {name}", name=...)` looks up and fills; `t.n(one, many, n)` picks the plural. The
catalogues are `locales/<language>/LC_MESSAGES/helpr.po`, read as they are.
"""

import gettext
import io
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from babel.core import Locale, UnknownLocaleError, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "helpr"
SOURCE_LANGUAGE = "en"
# Contexts: what a command is called, what it takes, and an entry of a person's menu.
COMMAND = "command"
OPTION = "option"
MENU = "menu"
# Where Discord's name of a language is not how the catalogue is called.
_DISCORD_NAMES = {"zh-CN": "zh_Hans", "zh-TW": "zh_Hant", "es-419": "es", "pt-BR": "pt_BR"}
# A command as texts name it: "/my-plex", or "/plex status".
_MENTIONED = re.compile(r"(?<![\w/<])(?P<group>/[a-z][a-z-]+)(?P<rest> [a-z]+)?")


def mark(text: str) -> str:
    """Mark a text for the catalogues where it is written; it is translated where it is used."""
    return text


def below(group: str) -> str:
    """The context of a command's name in a group such as `tier`."""
    return f"{COMMAND} /{group}"


class Texts:
    """Texts in one language."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def __call__(self, text: str, /, **params: object) -> str:
        """`text` in this language, with `params` filled in."""
        found = self._catalogue.gettext(text)
        return found.format(**params) if params else found

    def n(self, one: str, many: str, n: int, /, **params: object) -> str:
        """The plural form for `n`, with `n` and `params` filled in."""
        shown = format_decimal(n, locale=self.language)
        return self._catalogue.ngettext(one, many, n).format(n=shown, **params)

    def list(self, items: Iterable[str]) -> str:
        """Names one after the other, as this language separates them."""
        between: str = Locale.parse(self.language).list_patterns["standard"]["middle"]
        return between.replace("{0}", "").replace("{1}", "").join(items)

    def named(self, context: str, name: str) -> str:
        """A name of a command or an option in this language."""
        return self._catalogue.pgettext(context, name)


def languages() -> list[str]:
    """Every language there is a catalogue for, and English."""
    found = sorted(path.parent.parent.name for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return [SOURCE_LANGUAGE, *found]


def load() -> None:
    """Read every catalogue, which takes a moment: at the start, and not when somebody waits."""
    for language in languages():
        texts(language)


@lru_cache
def texts(locale: str = SOURCE_LANGUAGE) -> Texts:
    """Texts for a Discord locale such as `de` or `es-419`; English where there is no catalogue."""
    wanted = _DISCORD_NAMES.get(locale, locale.replace("-", "_"))
    try:
        Locale.parse(wanted)
        language = negotiate_locale([wanted, wanted.split("_")[0]], languages(), sep="_")
    except (ValueError, UnknownLocaleError):
        language = None
    return _texts_of(language or SOURCE_LANGUAGE)


@lru_cache
def _texts_of(language: str) -> Texts:
    if language == SOURCE_LANGUAGE:
        return Texts(language, gettext.NullTranslations())
    with (LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    _localize_commands(catalog)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Texts(language, gettext.GNUTranslations(compiled))


def _localize_commands(catalog: Catalog) -> None:
    """Let the texts name commands as they are called in this language."""
    names = {
        f"/{message.id}" if message.context == COMMAND else f"{message.context[8:]} {message.id}": (
            message.string
        )
        for message in catalog
        if message.context and message.context.startswith(COMMAND) and message.string
    }

    def localized(match: re.Match[str]) -> str:
        group, rest = match["group"], match["rest"] or ""
        if f"{group}{rest}" in names and rest:
            rest = f" {names[f'{group}{rest}']}"
        return f"/{names.get(group, group[1:])}{rest}"

    for message in catalog:
        if not message.context and message.id:
            strings = message.string
            message.string = (
                tuple(_MENTIONED.sub(localized, text) for text in strings)
                if isinstance(strings, (list, tuple))
                else _MENTIONED.sub(localized, strings or "")
            )
