"""What Plex says when it refuses, and how much of that may be repeated to people."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

REASON_LENGTH = 200
_HIDDEN = "…"
_READ_AT_MOST = 65_536
_SHORTEST_SECRET = 4

_PRIVATE = (
    re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE),
    re.compile(r"[^\s<>\"'(),;]+(?:@|%40)[^\s<>\"'(),;]+", re.IGNORECASE),
    re.compile(r"x-plex-token\S*", re.IGNORECASE),
    # Plex's tokens: 20 of these characters, or three such parts with points between (JWT).
    re.compile(r"[\w-]{20,}(?:\.[\w-]+)*"),
    re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[^\W\d_])[\w-]{12,}"),
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """The body of an error answer: its sentence, its error codes, and whether it is Plex's own.

    A page of a proxy or of a web server in between is not Plex's own.
    """

    sentence: str = ""
    codes: frozenset[int] = frozenset()
    from_plex: bool = False


def read_complaint(body: str) -> Complaint:
    """Read any of the shapes in which plex.tv refuses.

    v1: `<Response code status/>` and `<error>`; v2: `<errors><error code message/></errors>` and
    `{"errors": [{"code", "message"}]}`; `{"error": ...}`. Anything else is an empty complaint.
    """
    text = body[:_READ_AT_MOST].strip()
    try:
        if text.startswith(("{", "[")):
            return _from_entries(_json_entries(json.loads(text)))
        if text.startswith("<"):
            # expat itself refuses the expansion attacks that this rule warns of.
            return _from_entries(_xml_entries(ElementTree.fromstring(text)))  # noqa: S314
    except (ValueError, ElementTree.ParseError, RecursionError):
        return Complaint()
    return Complaint()


def _json_entries(document: Any) -> Iterator[tuple[Any, str]]:
    if not isinstance(document, dict):
        return
    errors = document.get("errors", document.get("error", ()))
    for error in errors if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            yield error.get("code"), str(error.get("message") or "")
        elif error:
            yield None, str(error)


def _xml_entries(root: ElementTree.Element) -> Iterator[tuple[Any, str]]:
    if root.tag == "Response":
        yield root.get("code"), root.get("status", "")
    elif root.tag in {"error", "errors"}:
        for error in root.iter("error"):
            yield error.get("code"), error.get("message") or (error.text or "").strip()


def _from_entries(entries: Iterable[tuple[Any, str]]) -> Complaint:
    found = list(entries)
    codes = frozenset(int(str(code)) for code, _ in found if str(code).isdecimal())
    sentence = " ".join(sentence for _, sentence in found if sentence)
    return Complaint(sentence, codes, from_plex=bool(found))


def clean(sentence: str, secrets: Iterable[str] = ()) -> str:
    """`sentence` on one line without addresses, URLs and tokens, at most 200 characters long.

    `secrets` are values that may not appear whatever they look like.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            sentence = re.sub(re.escape(secret), _HIDDEN, sentence, flags=re.IGNORECASE)
    for pattern in _PRIVATE:
        sentence = pattern.sub(_HIDDEN, sentence)
    sentence = " ".join(sentence.split())
    if len(sentence) > REASON_LENGTH:
        sentence = sentence[: REASON_LENGTH - 1] + _HIDDEN
    return sentence
