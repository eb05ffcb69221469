"""Catalogues and the translator: English texts are the keys, gettext catalogues hold the rest.

`t("Hello {name}", name=...)` looks up and fills; `t.n(one, many, n)` picks the plural. The
catalogues are `locales/<language>/LC_MESSAGES/helpr.po`, read as they are.
"""

import gettext
import io
from functools import lru_cache
from pathlib import Path

from babel.core import Locale, UnknownLocaleError, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "helpr"
SOURCE_LANGUAGE = "en"
# Where Discord's name of a language is not how the catalogue is called.
_DISCORD_NAMES = {"zh-CN": "zh_Hans", "zh-TW": "zh_Hant", "es-419": "es", "pt-BR": "pt_BR"}


def mark(text: str) -> str:
    """Mark a text for the catalogues where it is written; it is translated where it is used."""
    return text


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
        return self._catalogue.ngettext(one, many, n).format(n=n, **params)


def languages() -> list[str]:
    """Every language there is a catalogue for, and English."""
    found = sorted(path.parent.parent.name for path in LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return [SOURCE_LANGUAGE, *found]


@lru_cache
def texts(locale: str = SOURCE_LANGUAGE) -> Texts:
    """Texts for a Discord locale such as `de` or `es-419`; English where there is no catalogue."""
    wanted = _DISCORD_NAMES.get(locale, locale.replace("-", "_"))
    try:
        Locale.parse(wanted)
        language = negotiate_locale([wanted, wanted.split("_")[0]], languages(), sep="_")
    except (ValueError, UnknownLocaleError):
        language = None
    if language is None or language == SOURCE_LANGUAGE:
        return Texts(SOURCE_LANGUAGE, gettext.NullTranslations())
    with (LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Texts(language, gettext.GNUTranslations(compiled))
