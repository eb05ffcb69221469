"""Every error that a person can meet has words, in every language."""

import ast
import inspect
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain import errors
from bot.domain.errors import (
    Forged,
    HelprError,
    LedgerUnavailable,
    PlexError,
    PlexRefused,
    Refused,
    Treatment,
)
from bot.domain.invites import EndReason, InviteState
from bot.i18n import SOURCE_LANGUAGE, languages, texts
from bot.ui.errors import TEXTS, error_text, plex_reason
from bot.ui.states import COLOURS, end_reason_name, state_name

ROOT = Path(__file__).resolve().parents[2]
# What a person is shown never holds more than this, so that it fits a phone's screen.
LONGEST = 400
PARAMS: dict[str, str | int] = {
    "limit": 254,
    "n": 37,
    "seconds": 61,
    "state": InviteState.APPROVED,
    "user": 123456789012345678,
    "tier": "Standard",
    "ref": "ABCDEFGH",
    "reason": "Invalid token",
    "why": "expired",
    "typed": "ab*c",
    "titles": "Films, Mu*sic",
    "zone": "Mars/Base",
    "least": 0,
    "most": 365,
    "nudge": 14,
    "withdraw": 3,
    "first": 7,
    "again": 8,
    "channel": 123456789012345679,
    "permissions": "view_channel send_messages",
    "role": 123456789012345680,
    "seats": 25,
    "unknown": 3,
    "server": "Home *Media*",
    "known": "G, PG, *",
    "addresses": "http://192.168.1.2:32400 https://x.plex.direct",
}


def refusals() -> Iterator[tuple[str, frozenset[str], str]]:
    """Every `Refused("key", names=…)` of the sources: key, names of its params, and place."""
    for room in ("bot", "cogs", "db"):
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
                    "Refused",
                    "Forged",
                }:
                    names = frozenset(keyword.arg or "" for keyword in node.keywords)
                    place = f"{file.relative_to(ROOT)}:{node.lineno}"
                    for key in keys_of(node.args[0]):
                        yield key, names, place


def keys_of(node: ast.expr) -> list[str]:
    """The keys that an argument may stand for; none for one that is only known when it runs."""
    match node:
        case ast.Constant(value=str(key)):
            return [key]
        case ast.IfExp(body=body, orelse=orelse):
            return [*keys_of(body), *keys_of(orelse)]
        case _:
            return []


REFUSALS = {"Refused", "Forged"}


def plex_errors(kind: type[PlexError] = PlexError) -> Iterator[type[PlexError]]:
    """`PlexError` and everything below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from plex_errors(below)


def params_of(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_refusal_of_the_sources_has_a_text() -> None:
    """No key is raised anywhere that has no words."""
    found = list(refusals())
    assert len(found) > 20
    assert [place for key, _, place in found if key not in TEXTS] == []


def test_every_refusal_brings_what_its_text_needs() -> None:
    """Whoever raises a key gives the params that its words name."""
    given_as = {"seconds": "when"}
    wrong = []
    for key, names, place in refusals():
        missing = params_of(TEXTS[key]) - {given_as.get(name, name) for name in names}
        if missing:
            wrong.append((place, key, missing))
    assert wrong == []


@pytest.mark.parametrize(
    "key",
    [
        "right.reviewer_needed",
        "right.admin_needed",
        "note.too_long",
        "reason.too_long",
        "invite.open_already",
        "invite.login_taken",
        "ledger.unavailable",
        "unexpected",
    ],
)
def test_keys_that_are_put_together_have_texts(key: str) -> None:
    """Keys that no source names in one piece have words as well."""
    assert key in TEXTS


def test_every_failure_of_plex_has_a_text_and_a_treatment() -> None:
    """Every class of failure has its own key, words, and a treatment."""
    kinds = list(plex_errors())
    assert {kind.key_of_class for kind in kinds} <= set(TEXTS)
    assert all(isinstance(kind.treatment, Treatment) for kind in kinds)
    own = [kind.key_of_class for kind in kinds if kind is not PlexError]
    assert len(own) == len(set(own))


def test_every_error_of_the_domain_is_known_here() -> None:
    """No class of error is left out of these tests."""
    known = {HelprError, Refused, Forged, LedgerUnavailable, *plex_errors()}
    defined = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, HelprError)
    }
    assert defined == known


def test_no_text_is_without_a_use() -> None:
    """Every key that has words can be met."""
    used = {key for key, _, _ in refusals()} | {kind.key_of_class for kind in plex_errors()}
    source = "".join(
        file.read_text()
        for room in ("bot", "cogs", "db")
        for file in (ROOT / room).rglob("*.py")
        if file.name != "errors.py" or "ui" not in file.parts
    )
    put_together = {"right.reviewer_needed", "right.admin_needed"}
    assert [
        key for key in TEXTS if key not in used | put_together and f'"{key}"' not in source
    ] == []


@pytest.mark.parametrize("language", languages())
def test_every_text_renders_in_every_language(language: str) -> None:
    """With its params every text becomes a sentence without braces, short enough for a phone."""
    longest = LONGEST if language == "en" else LONGEST * 1.5
    for key in TEXTS:
        shown = error_text(HelprError(key, **PARAMS), texts(language))
        assert shown, key
        assert "{" not in shown, key
        assert len(shown) < longest, key


@pytest.mark.parametrize("language", languages())
def test_every_failure_of_plex_renders(language: str) -> None:
    """A failure of Plex renders with and without Plex's own words."""
    for kind in plex_errors():
        assert error_text(kind("Plex's own *words*"), texts(language))
        assert error_text(kind(), texts(language))
    refused = PlexRefused.key_of_class
    assert r"\*words\*" in plex_reason(refused, "Plex's own *words*", texts(language))
    assert plex_reason(refused, "", texts(language)) == ""


@pytest.mark.parametrize("language", languages())
def test_every_state_and_end_has_a_name(language: str) -> None:
    """Every state and every reason of an end is said in words, and has a colour."""
    t = texts(language)
    assert all(state_name(state, t) for state in InviteState)
    assert all(end_reason_name(reason, t) for reason in EndReason)
    assert set(COLOURS) == set(InviteState)


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [
        (1, "in 1 second"),
        (59, "in 59 seconds"),
        (60, "in 1 minute"),
        (61, "in 2 minutes"),
        (3599, "in 60 minutes"),
        (3600, "in 1 hour"),
        (3601, "in 2 hours"),
    ],
)
def test_a_wait_is_spoken_and_never_too_short(seconds: int, spoken: str) -> None:
    """Whoever waits as long as the sentence says has waited long enough."""
    shown = error_text(Refused("limit.reached", seconds=seconds), texts(SOURCE_LANGUAGE))
    assert spoken in shown


def test_names_in_errors_are_shown_as_text() -> None:
    """A tier's name formats nothing and pings nobody."""
    shown = error_text(Refused("tier.no_libraries", tier="**@everyone**"), texts())
    assert r"\*\*\@everyone\*\*" in shown
