"""Every language there is, and one more that nobody speaks, which finds what was never marked.

In it every text stands in brackets and is 40 % longer, as far as the catalogues' gate allows.
What is shown without brackets was typed by somebody, or was never marked for translators.
"""

import ast
import gettext
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message

from bot.i18n import Texts, languages, texts
from bot.i18n.catalogues import extracted, ids_of
from bot.i18n.wording import limit_of

ROOT = Path(__file__).parents[2]
PSEUDO = "pseudo"
LANGUAGES = [*languages(), PSEUDO]
LONGER = 0.4
_MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
# Shown in a field as an example of what to type there.
_EXAMPLES = re.compile(r"you@example\.org|@\w+|ABCD-EFGH-JKMN-PQRS-TVWX")
_WORD = re.compile(r"[^\W\d_]{3,}")
# Rooms whose texts people read.
_ROOMS = ("bot/ui", "bot/jobs", "cogs")


def spoken(language: str) -> Texts:
    """Texts in this language. The pseudo language counts and dates as German does."""
    return Texts("de", _Pseudo()) if language == PSEUDO else texts(language)


class _Pseudo(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return _stretched(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return _stretched(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return _stretched(message)


@cache
def _stretched(text: str) -> str:
    wanted = math.ceil(len(text) * LONGER)
    room = _limits().get(text, len(text) * 2) - len(text) - 2
    return f"⟦{(text + '~' * min(wanted, max(room, 0)))[: len(text) + room]}⟧"


@cache
def _limits() -> dict[str, int]:
    return {text: limit_of(message) for message in _messages() for text in ids_of(message)}


def _messages() -> Iterator[Message]:
    yield from (message for message in extracted() if message.id and not message.context)


def unmarked(shown: str) -> list[str]:
    """Words of a text in the pseudo language that the code itself says, unknown to translators."""
    if "⟦" not in shown:
        return []
    while shown != (shown := _MARKED.sub(" ", shown)):
        pass
    # What was cut off within Discord's limits has lost its second bracket.
    left = _EXAMPLES.sub(" ", re.sub(r"⟦.*", " ", shown))
    return [word for word in _WORD.findall(left) if word in _unmarked_words()]


@cache
def _unmarked_words() -> frozenset[str]:
    """Every word in a literal of the code that could be shown and is not marked."""
    found: set[str] = set()
    for room in _ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            if file.parent.name != "items":
                for text in _literals(ast.parse(file.read_text("utf-8"))):
                    found.update(_WORD.findall(text))
    return frozenset(found)


def _literals(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Call(func=ast.Name(id="t" | "mark")):
                continue
            case ast.Call(func=ast.Attribute(attr="n", value=ast.Name(id="t"))):
                continue
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Constant(value=str(text)) if " " in text.strip() or text[:1].isupper():
                yield text
        yield from _literals(node)
