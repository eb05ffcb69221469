"""What Plex says when it refuses, and how much of that may be repeated to people."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

REASON_LENGTH = 200
LONGEST_COMPLAINT = 65_536
"""So much of an answer's body is read, in bytes or characters, when it is no success."""

_HIDDEN = "…"
_SHORTEST_SECRET = 4
# The patterns below take a time that grows with the square of the length, and hold the interpreter
# meanwhile: 16,000 letters without a space took two seconds.
_CLEANED_AT_MOST = 2000
_DEPTH = 4
# In what Plex's answers call a sentence.
_SAYING = frozenset(
    {"base", "description", "detail", "error", "errors", "message", "reason", "status", "title"}
)

_PRIVATE = (
    re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE),
    re.compile(r"[^\s<>\"'(),;]+(?:@|%(?:25)*40)[^\s<>\"'(),;]+", re.IGNORECASE),
    re.compile(r"x-plex-token\S*", re.IGNORECASE),
    # Plex's tokens: 20 of these characters, or three such parts with points between (JWT).
    re.compile(r"[\w-]{20,}(?:\.[\w-]+)*"),
    re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[^\W\d_])[\w-]{12,}"),
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """The body of an error answer: its sentence, its error codes, and whether it is Plex's own.

    It is Plex's own when it has one of the shapes in which plex.tv is known to refuse; a page, or
    the document of a proxy in between, has not.
    """

    sentence: str = ""
    codes: frozenset[int] = frozenset()
    from_plex: bool = False


def read_complaint(body: str) -> Complaint:
    """Read any of the shapes in which plex.tv refuses.

    v1: `<Response code status/>` and `<error>`; v2: `<errors><error code message/></errors>` and
    `{"errors": [{"code", "message"}]}`; `{"error": ...}`. What Plex says when a server is full is
    not known, so that a sentence is looked for in any other XML, JSON or plain text as well.
    """
    text = body[:LONGEST_COMPLAINT].strip("\ufeff \t\r\n")
    try:
        if text.startswith(("{", "[")):
            document = json.loads(text)
            # A gateway says {"error": ...} too, and must not pass for Plex.
            known = isinstance(document, dict) and isinstance(document.get("errors"), list)
            return _from_entries(_json_entries(document), _said_in(document), known=known)
        if text.startswith("<"):
            # expat itself refuses the expansion attacks that this rule warns of.
            root = ElementTree.fromstring(text)  # noqa: S314
            return _from_entries(_xml_entries(root), _said_in_xml(root))
    except (ValueError, ElementTree.ParseError, RecursionError):
        return Complaint()
    return Complaint(text)


def _json_entries(document: Any) -> Iterator[tuple[Any, str]]:
    if not isinstance(document, dict):
        return
    errors = document.get("errors", document.get("error", ()))
    for error in errors if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            yield error.get("code"), _text(error.get("message"))
        elif error:
            yield None, _text(error)


def _said_in(document: Any, depth: int = _DEPTH, *, named: bool = False) -> Iterator[str]:
    """The sentences in a document of any shape; `named`: where its parent says that one comes."""
    if isinstance(document, str) and named and not document.isdecimal():
        yield document
    elif depth and isinstance(document, list):
        for one in document:
            yield from _said_in(one, depth - 1, named=named)
    elif depth and isinstance(document, dict):
        for name, value in document.items():
            # Rails names its complaints by field: {"errors": {"invited_email": ["is invalid"]}}.
            by_field = named and isinstance(value, list)
            yield from _said_in(value, depth - 1, named=by_field or name in _SAYING)


def _xml_entries(root: ElementTree.Element) -> Iterator[tuple[Any, str]]:
    if root.tag == "Response":
        yield root.get("code"), root.get("status", "")
    elif root.tag in {"error", "errors"}:
        for error in root.iter("error"):
            yield error.get("code"), error.get("message") or (error.text or "").strip()


def _said_in_xml(root: ElementTree.Element) -> Iterator[str]:
    for element in root.iter():
        found = (*(element.get(name, "") for name in sorted(_SAYING)), element.text or "")
        yield from (text for text in found if not text.strip().isdecimal())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _from_entries(
    entries: Iterable[tuple[Any, str]], otherwise: Iterable[str], *, known: bool = True
) -> Complaint:
    found = list(entries)
    codes = frozenset(
        int(code) for code in (str(code) for code, _ in found) if re.fullmatch(r"[0-9]{1,9}", code)
    )
    sentences = [sentence for _, sentence in found if sentence]
    sentences = sentences or [one.strip() for one in otherwise if one.strip()]
    # Each once: what is said in two places is said once.
    return Complaint(" ".join(dict.fromkeys(sentences)), codes, from_plex=known and bool(found))


def clean(sentence: str, secrets: Iterable[str] = ()) -> str:
    """`sentence` on one line without addresses, URLs and tokens, at most 200 characters long.

    Nor with characters that are not seen: a database takes no NUL, and people are misled by text
    that runs backwards. `secrets` are values that may not appear whatever they look like.
    """
    if len(sentence) > _CLEANED_AT_MOST:
        # Not within a word, of which half may be an address that no pattern knows any more.
        sentence = f"{sentence[:_CLEANED_AT_MOST].rpartition(' ')[0]} {_HIDDEN}"
    sentence = "".join(map(_seen, sentence))
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            sentence = re.sub(re.escape(secret), _HIDDEN, sentence, flags=re.IGNORECASE)
    for pattern in _PRIVATE:
        sentence = pattern.sub(_HIDDEN, sentence)
    sentence = " ".join(sentence.split())
    if len(sentence) > REASON_LENGTH:
        sentence = sentence[: REASON_LENGTH - 1] + _HIDDEN
    return sentence


def _seen(character: str) -> str:
    """A character that a person sees: for a control a space, for what is invisible nothing."""
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) in {"Cc", "Zs", "Zl", "Zp"} else ""
