"""The border: every exception that Plex's libraries know leaves as a PlexError, and says nothing.

The lists of exceptions are read from the libraries themselves, so that an update which adds one is
noticed here.
"""

import asyncio
import builtins
import concurrent.futures
import gzip
import http.client
import http.cookiejar
import inspect
import json
import socket
import ssl
import xml.etree.ElementTree as ET
import xml.parsers.expat
import zlib
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import plexapi.exceptions
import pytest
import requests.exceptions
import urllib3.exceptions
import urllib3.util.ssl_match_hostname
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import (
    PlexAlreadyShared,
    PlexAnswerLost,
    PlexBusy,
    PlexEndpointGone,
    PlexError,
    PlexLibrariesUnknown,
    PlexNotOwner,
    PlexNotUnderstood,
    PlexRefused,
    PlexShareGone,
    PlexTokenRefused,
    PlexUnreachable,
    PlexUntrusted,
    Treatment,
)
from bot.domain.plex import Grant, PlexAccess
from bot.plex import PlexService
from bot.plex.answers import SUCCESS, Answer, of_answer, seconds_of
from bot.plex.complaint import clean
from bot.plex.failures import of_exception
from bot.plex.visits import VISIT

TOKEN = "tok-Sx3vK9qLw2ZpR7"
MAIL = "secret.person@example.org"
SAYING = f"(400) bad_request; https://plex.tv/api?X-Plex-Token={TOKEN} <a status='{MAIL} {TOKEN}'/>"


def exceptions_of(module: ModuleType) -> list[type[BaseException]]:
    """Every exception class that a module names."""
    found = [value for _, value in inspect.getmembers(module, inspect.isclass)]
    return [found_one for found_one in found if issubclass(found_one, BaseException)]


FOREIGN = sorted(
    {
        *exceptions_of(requests.exceptions),
        *exceptions_of(urllib3.exceptions),
        *exceptions_of(plexapi.exceptions),
        *exceptions_of(json),
        *exceptions_of(ET),
        *exceptions_of(ssl),
        *exceptions_of(socket),
        *exceptions_of(http.client),
        *exceptions_of(http.cookiejar),
        *exceptions_of(xml.parsers.expat),
        *exceptions_of(zlib),
        *exceptions_of(gzip),
        *exceptions_of(concurrent.futures),
        urllib3.util.ssl_match_hostname.CertificateError,
        *(
            found
            for found in exceptions_of(builtins)
            if issubclass(found, Exception) and not issubclass(found, Warning | ExceptionGroup)
        ),
    },
    key=lambda cls: f"{cls.__module__}.{cls.__name__}",
)


def one(cls: type[BaseException]) -> BaseException:
    """An instance of any class, holding what must not leak, whatever its constructor wants."""
    made = cls.__new__(cls)
    made.args = (SAYING, MAIL, TOKEN)
    return made


@pytest.mark.parametrize("cls", FOREIGN, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_no_foreign_exception_passes_the_border(cls: type[BaseException]) -> None:
    """Each known exception becomes a PlexError with a treatment, without address, token or URL."""
    error = of_exception(one(cls), [TOKEN])

    assert isinstance(error, PlexError)
    assert type(error) is not PlexError
    assert isinstance(error.treatment, Treatment)
    shown = f"{error} {error!r} {error.params} {error.reason} {error.args} {vars(error)}"
    for secret in (TOKEN, MAIL, "secret", "://"):
        assert secret not in shown
    assert error.__cause__ is None
    assert error.__context__ is None
    assert len(error.reason) <= 200


class Breaking(requests.adapters.BaseAdapter):
    """A transport that raises what it is told to: no server makes urllib3 raise each of these."""

    def __init__(self) -> None:
        super().__init__()
        self.raises: Exception | None = None

    def send(self, *_: Any, **__: Any) -> requests.Response:
        """See BaseAdapter."""
        assert self.raises is not None
        raise self.raises

    def close(self) -> None:
        """See BaseAdapter."""


@pytest.fixture
async def service() -> AsyncIterator[PlexService]:
    """A service that never reaches anybody."""
    async with PlexService(client_identifier="helpr-test", seconds_between_calls=0) as made:
        yield made


@pytest.mark.parametrize("cls", FOREIGN, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
async def test_no_foreign_exception_leaves_the_service(
    service: PlexService, cls: type[BaseException]
) -> None:
    """Whatever transport or parser raises, every call of PlexService raises a PlexError alone."""
    if not issubclass(cls, Exception):
        pytest.skip("ends the process, and shall")
    access = PlexAccess(1, "http://plex.invalid", TOKEN, "M", 1001)
    visit = PlexAccess(VISIT, "", TOKEN)
    breaking = Breaking()
    calls = (
        lambda: service.connect(access),
        lambda: service.status(access),
        lambda: service.activity(access),
        lambda: service.filter_choices(access, [1], "label"),
        lambda: service.libraries(access, fresh=True),
        lambda: service.share(access, MAIL, Grant(frozenset({1}))),
        lambda: service.shares(access),
        lambda: service.find_share(access, MAIL),
        lambda: service.share_state(access, 1),
        lambda: service.withdraw(access, 1),
        lambda: service.update(access, 1, Grant(frozenset({1}))),
        lambda: service.account_of(access, MAIL),
        lambda: service.strays(access),
    )
    visits = (
        lambda: service.begin_sign_in(),  # noqa: PLW0108 - found by the next test
        lambda: service.token_of_pin(1),
        lambda: service.who(TOKEN),
        lambda: service.owned_servers(TOKEN),
        lambda: service.sign_out(TOKEN),
        lambda: service.accept(TOKEN, 1),
    )
    stranger = PlexAccess(VISIT, "", "")
    both = [*((access, call) for call in calls)]
    both += [(stranger, call) for call in visits[:2]]
    both += [(visit, call) for call in visits[2:]]
    for reached, call in both:
        session = service._link(reached).known(reached)._session
        session.mount("http://", breaking)
        session.mount("https://", breaking)
        breaking.raises = one(cls)  # type: ignore[assignment]
        with pytest.raises(PlexError) as caught:
            async with asyncio.timeout(5):
                await call()
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert TOKEN not in f"{caught.value!r} {vars(caught.value)}"
        assert MAIL not in f"{caught.value!r} {vars(caught.value)}"


def test_every_call_of_the_service_is_tried_above() -> None:
    """A new method of PlexService belongs into the test before this one.

    `forget` asks nothing of Plex, and `reach` takes whatever fails for "not there".
    """
    source = inspect.getsource(test_no_foreign_exception_leaves_the_service)
    public = {
        name
        for name, _ in inspect.getmembers(PlexService, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert {
        name for name in public - {"forget", "reach"} if f"service.{name}(" not in source
    } == set()


def test_the_lists_are_not_empty() -> None:
    """The libraries' own lists were found: an empty list would prove nothing."""
    for module, at_least in (
        (requests.exceptions, 20),
        (urllib3.exceptions, 30),
        (plexapi.exceptions, 7),
    ):
        assert len(exceptions_of(module)) >= at_least


def pool_error(reason: Exception) -> requests.exceptions.ConnectionError:
    """What requests raises for a failure of the connection pool."""
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.MaxRetryError(None, "/", reason)  # type: ignore[arg-type]
    )


def broken(reason: Exception) -> requests.exceptions.ConnectionError:
    """What requests raises for a connection that breaks while it is used."""
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.ProtocolError("Connection aborted.", reason)
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pool_error(urllib3.exceptions.NewConnectionError(None, "refused")), PlexUnreachable),
        (pool_error(urllib3.exceptions.NameResolutionError("h", None, OSError())), PlexUnreachable),
        (pool_error(urllib3.exceptions.ConnectTimeoutError()), PlexUnreachable),
        (requests.exceptions.ConnectTimeout(), PlexUnreachable),
        (
            requests.exceptions.SSLError(
                urllib3.exceptions.MaxRetryError(
                    None, "/", urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1, "no"))
                )
            ),
            PlexUntrusted,
        ),
        (requests.exceptions.MissingSchema(), PlexUnreachable),
        (requests.exceptions.InvalidURL(), PlexUnreachable),
        (requests.exceptions.SSLError(ssl.SSLEOFError()), PlexAnswerLost),
        (requests.exceptions.ReadTimeout(), PlexAnswerLost),
        (requests.exceptions.ChunkedEncodingError(), PlexAnswerLost),
        (requests.exceptions.TooManyRedirects(), PlexAnswerLost),
        (requests.exceptions.ConnectionError(), PlexAnswerLost),
        (broken(ConnectionResetError(104, "reset")), PlexAnswerLost),
        (broken(BrokenPipeError()), PlexAnswerLost),
        (ET.ParseError(), PlexAnswerLost),
        (json.JSONDecodeError("no", "", 0), PlexAnswerLost),
        (TypeError("'NoneType' object is not subscriptable"), PlexAnswerLost),
        (plexapi.exceptions.Unauthorized("no"), PlexTokenRefused),
        (plexapi.exceptions.TwoFactorRequired("no"), PlexTokenRefused),
        (plexapi.exceptions.NotFound("Unable to find user"), PlexAnswerLost),
        (plexapi.exceptions.BadRequest("(403) forbidden; http://h/accounts <html/>"), PlexNotOwner),
        (
            plexapi.exceptions.NotFound(
                "(404) not_found; https://plex.tv/api/users/ <error>Invalid authentication "
                "token.</error>"
            ),
            PlexTokenRefused,
        ),
        (plexapi.exceptions.BadRequest("(429) too_many_requests https://plex.tv/; "), PlexBusy),
        (PlexShareGone("its own"), PlexShareGone),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else repr(value)[:40],
)
def test_what_never_left_is_told_from_what_may_have(
    error: BaseException, kind: type[PlexError]
) -> None:
    """Only a failure before the request was sent may be repeated blindly."""
    assert type(of_exception(error)) is kind


SHARE = "/api/v2/shared_servers/5001"
INVITE = "/api/servers/M/shared_servers"


@pytest.mark.parametrize(
    ("status", "path", "body", "kind"),
    [
        (401, INVITE, "<error>Please sign in.</error>", PlexTokenRefused),
        (404, INVITE, "<error>Invalid authentication token.</error>", PlexTokenRefused),
        (404, SHARE, "<error>Invalid authentication token.</error>", PlexTokenRefused),
        (422, SHARE, "<errors><error>Invalid token</error></errors>", PlexTokenRefused),
        (422, SHARE, '{"errors":[{"message":"Invalid token","status":422}]}', PlexTokenRefused),
        (
            401,
            SHARE,
            '<errors> <error code="1001" message="User could not be authenticated"/> </errors>',
            PlexTokenRefused,
        ),
        (498, SHARE, "", PlexTokenRefused),
        (
            400,
            INVITE,
            """<Response code="400" status="You're already sharing this server with X."/>""",
            PlexAlreadyShared,
        ),
        (
            422,
            "/api/v2/shared_servers",
            '<errors><error code="1999" field="base" status="400"/></errors>',
            PlexAlreadyShared,
        ),
        (
            404,
            "/api/v2/shared_servers",
            '{"errors":[{"code":1002,"message":"Not found","status":404}]}',
            PlexLibrariesUnknown,
        ),
        (404, SHARE, "<errors><error>Not found</error></errors>", PlexShareGone),
        (404, SHARE, '{"errors":[{"code":1002,"message":"Not found"}]}', PlexShareGone),
        (404, SHARE, "<html><body>404 Not Found</body></html>", PlexAnswerLost),
        (404, SHARE, "", PlexAnswerLost),
        (404, SHARE, "[1]", PlexAnswerLost),
        (404, SHARE, "{nonsense", PlexAnswerLost),
        (404, SHARE, '{"error": "no such route"}', PlexAnswerLost),
        (404, SHARE, '{"message": "no Route matched with those values"}', PlexAnswerLost),
        (404, SHARE, "not found", PlexAnswerLost),
        (400, INVITE, "<Response status=\"You're already sharing with A & B", PlexAlreadyShared),
        (404, INVITE, "<errors><error>Not found</error></errors>", PlexRefused),
        (
            410,
            "/api/invites/requested",
            '<Response code="410" status="This endpoint was deprecated and removed"/>',
            PlexEndpointGone,
        ),
        (
            400,
            SHARE,
            '{"errors":[{"code":1000,"message":"X-Plex-Client-Identifier is missing"}]}',
            PlexNotUnderstood,
        ),
        (422, INVITE, '<Response code="422" status="The server is full"/>', PlexRefused),
        (422, INVITE, '{"message": "You can share your libraries with 100 users"}', PlexRefused),
        (422, INVITE, '{"message": "Invalid library section"}', PlexLibrariesUnknown),
        (422, INVITE, "librar" * 10_000, PlexRefused),
        (429, INVITE, "", PlexBusy),
        (502, "/api/users/", "<html>502 Bad Gateway</html>", PlexAnswerLost),
    ],
)
def test_plexs_documented_refusals(
    status: int, path: str, body: str, kind: type[PlexError]
) -> None:
    """Each refusal that is publicly known of plex.tv has its class."""
    assert type(of_answer(Answer(status, body, path))) is kind


def test_every_status_has_a_class() -> None:
    """No status is left out, and nothing that Plex may have done is ever simply repeated."""
    surely_undone = {405, 406, 410, 411, 413, 414, 415, 426, 429, 431}
    for status in set(range(100, 1000)) - SUCCESS:
        error = of_answer(Answer(status))
        assert error.reason == f"HTTP {status}"
        assert error.treatment is not Treatment.RETRY or status in surely_undone
        assert 400 <= status < 500 or error.treatment is Treatment.DOUBT


def test_no_question_ends_an_invite() -> None:
    """However a mere question is refused, it is never "no" to a person: nobody asked Plex that."""
    for status in set(range(100, 1000)) - SUCCESS:
        for body in ("", "<html/>", '{"errors":[{"code":1999,"message":"already sharing"}]}'):
            error = of_answer(Answer(status, body, "/api/v2/shared_servers/owned/pending", "GET"))
            assert error.treatment is not Treatment.PERMANENT
            assert not isinstance(error, PlexAlreadyShared | PlexLibrariesUnknown)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_changing_a_share_with_stale_libraries_does_not_end_it(method: str) -> None:
    """Code 1002 for a change of one share is about its libraries; without it the share is gone."""
    stale = '{"errors":[{"code":1002,"message":"Not found"}]}'
    gone = "<errors><error>Not found</error></errors>"
    assert type(of_answer(Answer(404, stale, SHARE, method))) is PlexLibrariesUnknown
    assert type(of_answer(Answer(404, gone, SHARE, method))) is PlexShareGone
    assert type(of_answer(Answer(404, stale, SHARE, "DELETE"))) is PlexShareGone


def test_a_page_is_a_media_servers_own_and_not_plex_tvs() -> None:
    """A media server refuses by a page; plex.tv does not, so that a page there is a proxy's."""
    page = "<html><body>403 Forbidden</body></html>"
    assert type(of_answer(Answer(403, page, is_media_server=True))) is PlexNotOwner
    assert type(of_answer(Answer(403, page))) is PlexAnswerLost


@given(st.text(max_size=80) | st.from_regex(r"(Mon|,|[0-9]| |:|GMT|Jan|-|\+){1,14}"))
def test_no_retry_after_is_too_odd(header: str) -> None:
    """Whatever a header holds is a wait within an hour, or none."""
    seconds = seconds_of(header)
    assert seconds is None or 0 <= seconds <= 3600


@given(st.text(max_size=300))
def test_no_body_is_too_odd(body: str) -> None:
    """Whatever a refusal holds has a class and a short reason on one line that a database takes."""
    for wrapped in (body, f"{{{body}", f"[{body}", f"<{body}", f"<error>{body}</error>"):
        error = of_answer(Answer(422, wrapped, INVITE, "POST"))
        assert len(error.reason) <= 200
        assert error.reason.isprintable()
        assert error.reason.encode()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Shared with a.b+c@example.co.uk already", "Shared with … already"),
        ("Shared with a%40example.org.", "Shared with …"),
        ("See https://plex.tv/x?X-Plex-Token=abc now", "See … now"),
        (f"token {TOKEN} of {TOKEN.upper()}", "token … of …"),
        ("the token abcdefghijklmnopqrst", "the token …"),
        ("X-Plex-Token=abc refused", "… refused"),
        ("eyJhbGciOiJFZERTQSJ9aaaa.eyJzdWIiOiIx.c2ln", "…"),
        ("You have\n reached  the maximum", "You have reached the maximum"),
        ("This endpoint was deprecated and removed", "This endpoint was deprecated and removed"),
        ("a " * 300, ("a " * 100)[:199] + "…"),
    ],
)
def test_a_sentence_is_cleaned_before_anybody_reads_it(said: str, shown: str) -> None:
    """Addresses, links and tokens are taken out, and 200 characters are enough."""
    assert clean(said, [TOKEN]) == shown
    assert len(clean(said)) <= 200


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("1e9", 3600),
        ("inf", 3600),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 3600),
        ("Wed, 99 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_retry_after_in_all_its_shapes(header: str | None, seconds: float | None) -> None:
    """Seconds and dates are understood, nonsense is nothing, and no wait is longer than an hour."""
    assert seconds_of(header) == seconds
