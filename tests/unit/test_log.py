"""The log: every line is one JSON object, and nothing secret or personal is in any."""

import asyncio
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import log

BOT_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gx9kQw.aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789ab"
INTERACTION = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OnNlY3JldA"
PLEX_TOKEN = "xXsEcReTpLeXtOkEnXx1"

SECRETS = [
    ("bob@example.org", "bob"),
    ("böb@bücher.example", "böb"),
    ("bob%40example.org", "bob"),
    ("GET /api/users?q=bob%40example.org&x=1", "bob"),
    ("to: Bob Builder <bob.builder+plex@mail.example.co.uk>;", "builder+plex"),
    (f"PATCH https://discord.com/api/v10/webhooks/123/{INTERACTION}/messages/@original", "aW50"),
    (f"POST /interactions/456/{INTERACTION}/callback", "aW50"),
    (f"GET https://plex.tv/api/v2/user?X-Plex-Token={PLEX_TOKEN}&a=b", PLEX_TOKEN),
    (f"GET https://plex.tv/api/v2/user?x-plex-token={PLEX_TOKEN}", PLEX_TOKEN),
    (f"{{'X-Plex-Token': '{PLEX_TOKEN}', 'Accept': 'x'}}", PLEX_TOKEN),
    (f'{{"X-Plex-Token": "{PLEX_TOKEN}"}}', PLEX_TOKEN),
    (f'failed: url="http://plex:32400/?X-Plex-Token={PLEX_TOKEN}"', PLEX_TOKEN),
    (f"X-Plex-Token: {PLEX_TOKEN}", PLEX_TOKEN),
    (f"https://app.plex.tv/accept?invitetoken={PLEX_TOKEN}", PLEX_TOKEN),
    (f"Authorization: Bot {BOT_TOKEN}", BOT_TOKEN),
    (f"{{'Authorization': 'Bot {PLEX_TOKEN}'}}", PLEX_TOKEN),
    (repr(f"""it's {{"X-Plex-Token": "{PLEX_TOKEN}"}}"""), PLEX_TOKEN),
    (f"login with {BOT_TOKEN} failed", BOT_TOKEN),
]

Logged = Callable[[], str]
Lines = Callable[[], list[str]]
SetUp = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _the_log_as_it_was() -> Any:
    """What these tests set up ends with them."""
    root = logging.getLogger()
    kept = (list(root.handlers), root.level, list(log._known), warnings.showwarning)
    yield
    root.handlers[:], log._known[:] = kept[0], kept[2]
    root.setLevel(kept[1])
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What stands for the standard error."""
    return io.StringIO()


@pytest.fixture
def set_up(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Set the log up as the settings say, towards `stream`."""

    def set_up(format_: Any, level: str) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stream)
            log.setup(format_, level)

    return set_up


@pytest.fixture
def logged(stream: io.StringIO) -> Logged:
    """What was logged since the last look."""

    def read() -> str:
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return text

    return read


@pytest.fixture
def lines(set_up: SetUp, logged: Logged) -> Lines:
    """What was logged, line by line, as in production."""
    set_up("json", "info")
    return lambda: logged().splitlines()


@pytest.fixture
def pretty(set_up: SetUp, logged: Logged) -> Logged:
    """What was logged, as on a terminal."""
    set_up("console", "info")
    return logged


def only(lines: Lines) -> dict[str, Any]:
    """The one line, read as JSON."""
    [line] = lines()
    found: dict[str, Any] = json.loads(line)
    return found


def fail(error: Exception, cause: Exception | None = None) -> None:
    """Raise an error, in doing so or because of another."""
    raise error from cause


def words(value: Any) -> str:
    """Every name and text in a value, as they are."""
    if isinstance(value, dict):
        return " ".join(f"{name} {words(inner)}" for name, inner in value.items())
    return " ".join(map(words, value)) if isinstance(value, list) else str(value)


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_in_an_event(lines: Lines, text: str, secret: str) -> None:
    """Wherever a secret stands in an event's text, the line is whole JSON without it."""
    log.logger("bot.test").warning(f"before {text} after")
    line = only(lines)
    assert secret not in line["event"]
    assert log.REDACTED in line["event"]
    assert line["event"].startswith("before ")


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_in_a_value(lines: Lines, text: str, secret: str) -> None:
    """Values of any shape are searched too, and the rest of the line stays readable."""
    log.logger("bot.test").warning("x", flat=text, deep=[{"inner": (text,)}], kept="kept")
    line = only(lines)
    assert secret not in words(line)
    assert line["kept"] == "kept"


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_from_other_libraries(lines: Lines, text: str, secret: str) -> None:
    """What libraries log through the standard library passes the same chain."""
    logging.getLogger("some.library").warning("asked %s", text)
    assert secret not in only(lines)["event"]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_in_a_traceback(lines: Lines, text: str, secret: str) -> None:
    """Neither the message of an exception nor that of its cause gives anything away."""
    try:
        try:
            fail(KeyError(text))
        except KeyError as error:
            fail(RuntimeError(f"while doing {text}"), error)
    except RuntimeError:
        log.logger("bot.test").exception("failed")
    [line] = lines()
    assert secret not in line
    assert secret not in words(json.loads(line))
    assert "RuntimeError" in line
    assert "KeyError" in line


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_on_a_terminal(pretty: Logged, text: str, secret: str) -> None:
    """On a terminal the same holds, tracebacks included."""
    try:
        fail(RuntimeError(text))
    except RuntimeError:
        log.logger("bot.test").exception(f"failed {text}", value=text, deep={"inner": [text]})
    shown = pretty()
    assert secret not in shown
    assert "RuntimeError" in shown
    assert log.REDACTED in shown


@pytest.mark.parametrize("format_", ["json", "console"])
@pytest.mark.parametrize("name", ["X-Plex-Token", "authorization", "x_plex_token", "invitetoken"])
def test_a_value_with_a_telling_name_is_hidden(
    set_up: SetUp, logged: Logged, format_: str, name: str
) -> None:
    """A value that is called a token is hidden, whatever it looks like."""
    set_up(format_, "info")
    log.logger("bot.test").warning("x", **{name: "plain-looking"}, deep={name: "plain-looking"})
    shown = logged()
    assert "plain-looking" not in shown
    assert log.REDACTED in shown


@pytest.mark.parametrize("value", ["pässwörd-123", 'quo"te\\d', "one/two+three=="])
def test_what_was_hidden_stays_hidden(lines: Lines, value: str) -> None:
    """A value that was given to `hide` never appears, whatever characters it has."""
    log.hide(value, None, "")
    log.logger("bot.test").warning(f"url postgresql://helpr:{value}@db/helpr", again=value)
    try:
        fail(RuntimeError(value))
    except RuntimeError:
        log.logger("bot.test").exception("failed")
    for line in lines():
        assert value not in words(json.loads(line))


def test_the_longer_of_two_hidden_values_goes_first(lines: Lines) -> None:
    """Where one hidden value is part of another, no rest of the longer one stays."""
    log.hide("secret", "secret-and-more")
    log.logger("bot.test").warning("a secret-and-more b")
    assert only(lines)["event"] == f"a {log.REDACTED} b"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(alphabet=st.characters(exclude_categories=("Cs",))),
    secret=st.sampled_from([text for text, _ in SECRETS]),
)
def test_every_line_is_json(lines: Lines, text: str, secret: str) -> None:
    """Whatever is logged, beside whatever secret, a line is one JSON object."""
    lines()
    log.logger("bot.test").warning(text + secret + text, value=secret + text, other=text)
    assert only(lines)["level"] == "warning"


def test_what_is_harmless_stays(lines: Lines) -> None:
    """Ids, numbers, addresses of machines and plain words are logged as they are."""
    log.logger("bot.test").info(
        "share.sent", invite=7, accepted=False, url="http://127.0.0.1:32400/x?y=1", none=None
    )
    line = only(lines)
    assert (line["invite"], line["accepted"], line["none"]) == (7, False, None)
    assert line["url"] == "http://127.0.0.1:32400/x?y=1"
    assert (line["event"], line["level"], line["logger"]) == ("share.sent", "info", "bot.test")
    assert line["timestamp"].endswith("Z")


def test_objects_are_shown_by_their_repr_without_secrets(lines: Lines) -> None:
    """What is no text is shown as Python shows it, and searched as well."""

    class Odd:
        def __repr__(self) -> str:
            return "<Odd bob@example.org>"

    log.logger("bot.test").warning("x", odd=Odd())
    assert only(lines)["odd"] == f"<Odd {log.REDACTED}>"


def test_warnings_of_python_are_lines_too(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning becomes a line of the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # What `logging.captureWarnings` sets; the test runner has put its own in its place.
        monkeypatch.setattr(warnings, "showwarning", logging._showwarning)
        warnings.warn("mind bob@example.org", UserWarning, stacklevel=1)
    assert "mind [redacted]" in only(lines)["event"]


def test_chatty_libraries_are_quiet(set_up: SetUp, logged: Logged) -> None:
    """Libraries that would print every request are heard from warnings upwards alone."""
    set_up("json", "debug")
    for name in ("discord.http", "urllib3.connectionpool", "plexapi", "aiohttp.access"):
        logging.getLogger(name).info("a request")
        logging.getLogger(name).debug("its secrets")
    assert logged() == ""
    logging.getLogger("discord.http").warning("rate limited")
    assert "rate limited" in logged()


def test_a_level_is_kept(set_up: SetUp, logged: Logged) -> None:
    """Below the level that was set nothing is said."""
    set_up("json", "error")
    log.logger("bot.test").warning("x")
    assert logged() == ""
    log.logger("bot.test").error("y")
    assert logged() != ""


def test_a_reference_is_on_every_line_inside(lines: Lines) -> None:
    """Lines of one job carry its reference; lines after it do not."""
    with log.reference(job="share_invite") as ref:
        log.logger("bot.test").info("one")
        logging.getLogger("some.library").warning("two")
    log.logger("bot.test").info("three")
    one, two, three = map(json.loads, lines())
    assert one["ref"] == two["ref"] == ref
    assert one["job"] == "share_invite"
    assert "ref" not in three


async def test_references_of_tasks_stay_apart(lines: Lines) -> None:
    """Two jobs at once never carry each other's reference."""

    async def job(number: int) -> None:
        with log.reference(number=number):
            await asyncio.sleep(0)
            log.logger("bot.test").info("done")

    await asyncio.gather(job(1), job(2))
    first, second = map(json.loads, lines())
    assert {first["number"], second["number"]} == {1, 2}
    assert first["ref"] != second["ref"]


def test_a_reference_can_be_read_out() -> None:
    """A reference has eight characters that nobody mistakes for another."""
    references = {log.new_reference() for _ in range(200)}
    assert len(references) == 200
    for reference in references:
        assert len(reference) == 8
        assert not set(reference) & set("0O1IlUabcdefgh")
