"""Everything that Plex is known, or feared, to do to a request: each case with its class.

One list for two readers: `test_plex_matrix` makes each case happen over HTTP, and `reliability`
turns the list into the table of `docs/reliability.md`.
"""

import email.utils
import json
import ssl
import time
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import requests.exceptions
import urllib3.exceptions

from bot.domain.errors import (
    PlexAlreadyShared,
    PlexAnswerLost,
    PlexBusy,
    PlexConsentMissing,
    PlexEndpointGone,
    PlexError,
    PlexLibrariesUnknown,
    PlexNoLibraries,
    PlexNotOwner,
    PlexNotUnderstood,
    PlexRedirected,
    PlexRefused,
    PlexServerChanged,
    PlexShareGone,
    PlexTokenRefused,
    PlexUnreachable,
    PlexUntrusted,
    PlexUnverified,
)
from bot.domain.plex import Grant, PlexAccess
from bot.plex import PlexService
from bot.plex.answers import Answer, of_answer
from bot.plex.failures import of_exception

ONE_LIBRARY = Grant(frozenset({90000001}))
MAIL = "secret.person@example.org"
SECRET = "tok-Sx3vK9qLw2ZpR7"


@dataclass(frozen=True)
class Asked:
    """One of Helpr's requests: in words, on the wire, and the call that makes it."""

    words: str
    method: str
    path: str
    call: Callable[[PlexService, PlexAccess], Awaitable[object]]

    @property
    def line(self) -> str:
        """What a fault of the sandbox has to match."""
        return f"{self.method} {self.path}"


INVITING = Asked(
    "an invite",
    "POST",
    "/api/servers/*/shared_servers",
    lambda service, access: service.share(access, MAIL, ONE_LIBRARY),
)
LISTING = Asked(
    "the list of shares",
    "GET",
    "/api/v2/shared_servers/owned/pending",
    lambda service, access: service.shares(access),
)
LIBRARIES = Asked(
    "the libraries",
    "GET",
    "/api/servers/*",
    lambda service, access: service.libraries(access, fresh=True),
)
ACCOUNT = Asked(
    "the owner's account",
    "GET",
    "/api/v2/user",
    lambda service, access: service.connect(access),
)
ENDING = Asked(
    "the end of one share",
    "DELETE",
    "/api/v2/shared_servers/5001",
    lambda service, access: service.withdraw(access, 5001),
)
READING_ONE = Asked(
    "one share",
    "GET",
    "/api/v2/shared_servers/5001",
    lambda service, access: service.share_state(access, 5001),
)
ACCEPTING = Asked(
    "accepting for a member",
    "POST",
    "/api/v2/shared_servers/5001/accept",
    lambda service, access: service.accept(access.token, 5001),
)
SERVER = Asked(
    "the media server",
    "GET",
    "/",
    lambda service, access: service.status(access),
)


WATCHED = Asked(
    "what is being watched",
    "GET",
    "/status/sessions",
    lambda service, access: service.activity(access),
)
SERVERS_OWN = (SERVER, WATCHED)


@dataclass(frozen=True)
class Case:
    """What Plex does to a request, and what that means.

    Either an answer (`status`, `body`, `headers`) or an `error` as the libraries raise it; for the
    latter `fault` tells the sandbox how to provoke it, where a sandbox can.
    """

    what: str
    kind: type[PlexError]
    asked: Asked = INVITING
    status: int = 0
    body: str = ""
    headers: Callable[[], dict[str, str]] = dict
    error: Callable[[], BaseException] | None = None
    fault: dict[str, Any] = field(default_factory=dict)

    @property
    def failure(self) -> PlexError:
        """What the border makes of it."""
        if self.error is not None:
            return of_exception(self.error())
        return of_answer(
            Answer(
                status=self.status,
                body=self.body,
                path=self.asked.path,
                method=self.asked.method,
                location=self.headers().get("Location"),
                retry_after=self.headers().get("Retry-After"),
                is_media_server=self.asked in SERVERS_OWN,
            )
        )

    def __str__(self) -> str:
        return f"{self.asked.words}: {self.what}"


def _pool(reason: Exception) -> requests.exceptions.ConnectionError:
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.MaxRetryError(None, "/", reason)  # type: ignore[arg-type]
    )


def _broken(reason: Exception) -> requests.exceptions.ConnectionError:
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.ProtocolError("Connection aborted.", reason)
    )


def _untrusted() -> requests.exceptions.SSLError:
    inner = urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1, "self-signed"))
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, "/", inner))  # type: ignore[arg-type]


def _plain_text_server() -> requests.exceptions.SSLError:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    inner = urllib3.exceptions.SSLError(error)
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, "/", inner))  # type: ignore[arg-type]


def _errors(message: str, code: int | None = None, status: int = 400) -> str:
    entry: dict[str, object] = {"message": message, "status": status}
    return json.dumps({"errors": [entry if code is None else {"code": code, **entry}]})


def _retry_after(value: str) -> Callable[[], dict[str, str]]:
    return lambda: {"Retry-After": value}


def _retry_at(seconds: float) -> Callable[[], dict[str, str]]:
    # A date has whole seconds: half a second more, so that nothing is lost by cutting them off.
    return lambda: {
        "Retry-After": email.utils.formatdate(round(time.time() + seconds + 0.5), usegmt=True)
    }


PAGE = "<!DOCTYPE html><html><head><title>502</title></head><body>nginx<br><hr></body></html>"
XHTML = (
    '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Sign in to the'
    " hotel</title></head><body/></html>"
)
ALREADY = (
    f'<Response code="400" status="You\'re already sharing this server with {MAIL}.'
    ' Please edit your existing share."/>'
)

# -- section 3 of what is known of plex.tv, row by row --------------------------------------------

KNOWN = [
    Case('400 "You\'re already sharing this server with …"', PlexAlreadyShared, status=400,
         body=ALREADY),
    Case("422 with Plex's code 1999", PlexAlreadyShared, status=422,
         body='<errors><error code="1999" field="base" status="400"/></errors>'),
    Case("404 with Plex's code 1002: libraries that are gone", PlexLibrariesUnknown, status=404,
         body=_errors("Not found", 1002, 404)),
    Case("422, a sentence about libraries", PlexLibrariesUnknown, status=422,
         body='<Response code="422" status="Some of these libraries could not be found"/>'),
    Case("422, any other sentence (server full, already in the Home)", PlexRefused, status=422,
         body='<Response code="422" status="You have reached the maximum number of users"/>'),
    Case("422, a body of a shape nobody knows", PlexRefused, status=422,
         body='{"errors": {"base": ["You have reached the maximum number of users"]}}'),
    Case("422, nothing else", PlexRefused, status=422),
    Case("400, an unknown sentence", PlexRefused, status=400,
         body='<Response code="400" status="There is no such account"/>'),
    Case("401 with Plex's code 1001 (v2)", PlexTokenRefused, asked=LISTING, status=401,
         body='<errors> <error code="1001" message="User could not be authenticated"'
              ' status="401"/> </errors>'),
    Case('422 "Invalid token": deauthorised', PlexTokenRefused, status=422,
         body="<errors><error>Invalid token</error></errors>"),
    Case('401 "Please sign in." (v1)', PlexTokenRefused, status=401,
         body="<error>Please sign in.</error>"),
    Case('404 "Invalid authentication token." (v1; reads like "no such person")',
         PlexTokenRefused, status=404, body="<error>Invalid authentication token.</error>"),
    Case('404 "Invalid authentication token."', PlexTokenRefused, asked=ENDING, status=404,
         body="<error>Invalid authentication token.</error>"),
    Case("400 with Plex's code 1000: no client identifier", PlexNotUnderstood, status=400,
         body=_errors("X-Plex-Client-Identifier is missing", 1000)),
    Case('404 "Not found": the share is gone', PlexShareGone, asked=ENDING, status=404,
         body="<errors><error>Not found</error></errors>"),
    Case("410: switched off", PlexEndpointGone, status=410,
         body='<Response code="410" status="This endpoint was deprecated and removed"/>'),
    Case("410: switched off", PlexEndpointGone, asked=LISTING, status=410,
         body='<Response code="410" status="This endpoint was deprecated and removed"/>'),
    Case("403, it requires a Plex Pass", PlexRefused, status=403,
         body='<Response code="403" status="Invite a user requires a Plex Pass"/>'),
    Case("429, Retry-After: 30", PlexBusy, status=429, headers=_retry_after("30")),
    Case("429, Retry-After: a date in ten minutes", PlexBusy, status=429,
         headers=_retry_at(600)),
    Case("429, Retry-After: a year", PlexBusy, status=429, headers=_retry_after("31536000")),
    Case("429, Retry-After: nonsense", PlexBusy, status=429, headers=_retry_after("soon, maybe")),
    Case("429 without Retry-After", PlexBusy, status=429),
    Case("502, a gateway's page", PlexAnswerLost, status=502, body=PAGE),
    Case("502, a gateway's page", PlexAnswerLost, asked=LISTING, status=502, body=PAGE),
    Case("401, a page", PlexTokenRefused, asked=SERVER, status=401,
         body="<html><head><title>Unauthorized</title></head><body>401</body></html>"),
    Case("403, a page", PlexNotOwner, asked=SERVER, status=403,
         body="<html><head><title>Forbidden</title></head><body>403</body></html>"),
    Case("403, a page: a guest's token", PlexNotOwner, asked=WATCHED, status=403,
         body="<html><head><title>Forbidden</title></head><body>403</body></html>"),
    Case("403 in Plex's words", PlexNotOwner, asked=LIBRARIES, status=403,
         body='<Response code="403" status="You do not have access to this server"/>'),
    Case("403 in Plex's words", PlexNotOwner, status=403,
         body='<Response code="403" status="You do not have access to this server"/>'),
]  # fmt: skip

# -- statuses and pages ----------------------------------------------------------------------------

ANSWERS = [
    Case("498: the token has expired", PlexTokenRefused, status=498),
    Case("500", PlexAnswerLost, status=500),
    Case("503, Retry-After: 120", PlexAnswerLost, status=503, headers=_retry_after("120")),
    Case("504", PlexAnswerLost, status=504),
    *(Case("520 to 530: Cloudflare's", PlexAnswerLost, status=one) for one in range(520, 531)),
    Case("408", PlexAnswerLost, status=408),
    Case("a status of 4xx that nobody knows (419, 430, 499)", PlexAnswerLost, status=499),
    Case("405 or 415: not asked in a way that Plex takes", PlexNotUnderstood, status=405,
         body='<Response code="405" status="Method not allowed"/>'),
    Case("404, a page that is not Plex's", PlexAnswerLost, status=404, body=PAGE),
    Case("403, a page that is not Plex's", PlexAnswerLost, status=403, body=PAGE),
    Case("404 in Plex's words: no such person, perhaps", PlexRefused, status=404,
         body="<errors><error>Not found</error></errors>"),
    Case("404, a page that is not Plex's", PlexAnswerLost, asked=ENDING, status=404, body=PAGE),
    Case("400, 404, 422 or another refusal of a mere question", PlexNotUnderstood, asked=LISTING,
         status=400, body=_errors("Bad request")),
    Case("404", PlexNotUnderstood, asked=LISTING, status=404, body=_errors("Not found", 1002)),
    Case("422", PlexNotUnderstood, asked=ACCOUNT, status=422, body=_errors("Unprocessable")),
    Case("404", PlexNotUnderstood, asked=LIBRARIES, status=404,
         body="<errors><error>Not found</error></errors>"),
    Case("404: something else answers there", PlexNotUnderstood, asked=SERVER, status=404,
         body=PAGE),
    Case("422", PlexNotUnderstood, asked=READING_ONE, status=422),
    Case("202 or 206: neither yes nor no", PlexAnswerLost, status=202),
    Case("206", PlexAnswerLost, asked=LISTING, status=206, body="[]"),
    Case("a redirect, to the same host or another", PlexRedirected, status=307,
         headers=lambda: {"Location": "https://plex.tv/elsewhere"}),
    Case("a redirect", PlexRedirected, asked=SERVER, status=301,
         headers=lambda: {"Location": "https://media.example.org/"}),
    Case("200 with a page", PlexAnswerLost, status=200, body=PAGE),
    Case("200 with a page", PlexAnswerLost, asked=LISTING, status=200, body=PAGE),
    Case("200 with a page", PlexAnswerLost, asked=ENDING, status=200, body=PAGE),
    Case("200 with a page that is proper XML", PlexAnswerLost, status=200, body=XHTML),
    Case("200 with a page that is proper XML", PlexAnswerLost, asked=ENDING, status=200,
         body=XHTML),
    Case("200 with a page", PlexAnswerLost, asked=SERVER, status=200, body=PAGE),
]  # fmt: skip

# -- what happens on the way -----------------------------------------------------------------------

ON_THE_WAY = [
    Case("nobody listens: connection refused", PlexUnreachable, asked=SERVER,
         error=lambda: _pool(urllib3.exceptions.NewConnectionError(None, "refused"))),  # type: ignore[arg-type]
    Case("no such name", PlexUnreachable, asked=SERVER,
         error=lambda: _pool(urllib3.exceptions.NameResolutionError("h", None, OSError()))),  # type: ignore[arg-type]
    Case("no connection in time", PlexUnreachable, asked=SERVER,
         error=lambda: requests.exceptions.ConnectTimeout(
             urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.ConnectTimeoutError())  # type: ignore[arg-type]
         )),
    Case("a certificate that nobody vouches for", PlexUntrusted, asked=SERVER, error=_untrusted),
    Case("https:// where only http is spoken", PlexUntrusted, asked=SERVER,
         error=_plain_text_server),
    Case("silence until the deadline", PlexAnswerLost,
         error=lambda: PlexAnswerLost("deadline"), fault={"kind": "hang"}),
    Case("silence until the deadline, and it was done", PlexAnswerLost,
         error=lambda: PlexAnswerLost("deadline"), fault={"kind": "hang", "processed": True}),
    Case("an answer that drips, byte by byte", PlexAnswerLost,
         error=lambda: PlexAnswerLost("deadline"), fault={"kind": "drip", "seconds": 30}),
    Case("reset before anything was done", PlexAnswerLost,
         error=lambda: _broken(ConnectionResetError(104, "reset")), fault={"kind": "drop_before"}),
    Case("reset after it was done", PlexAnswerLost,
         error=lambda: _broken(ConnectionResetError(104, "reset")), fault={"kind": "drop_after"}),
    Case("XML that breaks off", PlexAnswerLost, error=lambda: ET.ParseError("no element"),
         fault={"kind": "malformed"}),
    Case("JSON that breaks off", PlexAnswerLost, asked=LISTING,
         error=lambda: requests.exceptions.JSONDecodeError("no", "[", 1),
         fault={"kind": "malformed"}),
    Case("an empty answer", PlexAnswerLost, asked=WATCHED,
         error=lambda: ValueError("not a list of sessions"), fault={"kind": "empty"}),
    Case("an empty answer", PlexAnswerLost, asked=LISTING, error=lambda: TypeError("not a list"),
         fault={"kind": "empty"}),
    Case("an empty 204", PlexAnswerLost, asked=LIBRARIES, error=lambda: ValueError("no Server"),
         fault={"kind": "empty", "status": 204}),
]  # fmt: skip

# -- what Helpr refuses or notices by itself -------------------------------------------------------

BY_ITSELF = [
    Case("another server answers at the address", PlexServerChanged, asked=SERVER,
         error=PlexServerChanged),
    Case("never asked: a tier without libraries would share them all", PlexNoLibraries,
         error=PlexNoLibraries),
    Case("never asked: the token is none", PlexTokenRefused,
         error=lambda: PlexTokenRefused("malformed")),
    Case("an answer that is too big", PlexAnswerLost, asked=LISTING,
         error=lambda: PlexAnswerLost("oversized")),
    Case("a list with a row that cannot be read, and not the one looked for", PlexAnswerLost,
         asked=LISTING, error=lambda: PlexAnswerLost("unreadable")),
]  # fmt: skip

# -- when a member's sign-in accepts what was sent; Plex's own words for it are not known ----------

ACCEPTED = [
    Case("the e-mail address is not verified", PlexUnverified, asked=ACCEPTING, status=422,
         body=_errors("Please verify your email address", status=422)),
    Case("403: the account is to be confirmed", PlexUnverified, asked=ACCEPTING, status=403,
         body=_errors("You must confirm your account first", status=403)),
    Case("a consent is missing", PlexConsentMissing, asked=ACCEPTING, status=403,
         body=_errors("You have to agree to the new terms", status=403)),
    Case("403, no reason given", PlexRefused, asked=ACCEPTING, status=403,
         body=_errors("Forbidden", status=403)),
    Case("nothing of that number waits", PlexShareGone, asked=ACCEPTING, status=404,
         body=_errors("Not found", status=404)),
]  # fmt: skip

CASES = [*KNOWN, *ANSWERS, *ACCEPTED, *ON_THE_WAY, *BY_ITSELF]
