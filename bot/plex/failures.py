"""The border: whatever fails behind it leaves as a `PlexError`.

Every status that is not a success is judged by `of_answer` in the session's response hook, before
PlexAPI sees it: PlexAPI raises TypeError for a status it does not know (498, 52x), and drops
Retry-After and the codes. Every exception is judged by `of_exception`, once, in the link's thread.
"""

import email.utils
import math
import re
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import plexapi.exceptions
import requests.exceptions
import urllib3.exceptions

from bot.domain.errors import (
    PlexAlreadyShared,
    PlexAnswerLost,
    PlexBusy,
    PlexEndpointGone,
    PlexError,
    PlexLibrariesUnknown,
    PlexNotOwner,
    PlexRefused,
    PlexShareGone,
    PlexTokenRefused,
    PlexUnreachable,
)
from bot.plex.complaint import Complaint, clean, read_complaint

SUCCESS = frozenset({200, 201, 204})
"""The only statuses that PlexAPI takes for a success; 202 and 206 are none to it."""

_LONGEST_WAIT = 86_400.0
_ONE_SHARE = re.compile(r"/shared_servers/\d+/?$")
_PLEXAPI_MESSAGE = re.compile(r"\((?P<status>\d{3})\) \S+ (?P<url>\S*?);? (?P<body>.*)", re.DOTALL)

_BY_STATUS: dict[int, type[PlexError]] = {
    401: PlexTokenRefused,
    403: PlexNotOwner,
    408: PlexAnswerLost,
    410: PlexEndpointGone,
    429: PlexBusy,
    498: PlexTokenRefused,
}

# Words of a refusal that weigh more than its status. The first row is a trap: v1 answers a dead
# token with 404, which must never be read as "no such person" or "no such share".
_BY_WORDS: tuple[tuple[frozenset[int], str, type[PlexError]], ...] = (
    (frozenset({400, 404, 422}), "invalid authentication token", PlexTokenRefused),
    (frozenset({400, 422}), "invalid token", PlexTokenRefused),
    (frozenset({400, 409, 422}), "already sharing", PlexAlreadyShared),
    # v1's refusal of stale libraries is known by its status alone; its sentence names them.
    (frozenset({422}), "librar", PlexLibrariesUnknown),
)

_BY_CODE: tuple[tuple[frozenset[int], int, type[PlexError]], ...] = (
    (frozenset({400, 404, 422}), 1001, PlexTokenRefused),
    (frozenset({400, 409, 422}), 1999, PlexAlreadyShared),
    (frozenset({404}), 1002, PlexLibrariesUnknown),
)

# Raised while a request is prepared or a connection is made, so no byte of it was sent.
_NEVER_SENT = (
    ConnectionRefusedError,
    ssl.SSLCertVerificationError,
    requests.exceptions.ConnectTimeout,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.URLRequired,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.LocationValueError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxySchemeUnsupported,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no success, as far as judging it needs."""

    status: int
    body: str = ""
    path: str = ""
    retry_after: str | None = None


def of_answer(answer: Answer, secrets: Iterable[str] = ()) -> PlexError:
    """The error that an unsuccessful answer means. Its reason is Plex's own sentence, cleaned."""
    complaint = read_complaint(answer.body)
    reason = clean(complaint.sentence, secrets) or f"HTTP {answer.status}"
    return _class_of(answer, complaint)(reason, retry_after=seconds_of(answer.retry_after))


def _class_of(answer: Answer, complaint: Complaint) -> type[PlexError]:
    body = answer.body.casefold()
    for statuses, words, kind in _BY_WORDS:
        if answer.status in statuses and words in body:
            return kind
    if answer.status == 404 and _ONE_SHARE.search(answer.path):
        # A foreign "not found" page says nothing about the share: somebody would lose access by it.
        return PlexShareGone if complaint.from_plex else PlexAnswerLost
    for statuses, code, kind in _BY_CODE:
        if answer.status in statuses and code in complaint.codes:
            return kind
    other = PlexRefused if 400 <= answer.status < 500 else PlexAnswerLost
    return _BY_STATUS.get(answer.status, other)


def seconds_of(retry_after: str | None) -> float | None:
    """Retry-After (RFC 9110: seconds or an HTTP date) in seconds from now; None if unreadable."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            until = email.utils.parsedate_to_datetime(retry_after)
        except (ValueError, OverflowError):
            return None
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_WAIT)


def of_exception(error: BaseException, secrets: Iterable[str] = ()) -> PlexError:
    """The error that an exception of PlexAPI, requests, urllib3 or of parsing means.

    What is unknown is `PlexAnswerLost`: the request may have gone out. A foreign message is never
    repeated, because it holds URLs, addresses and bodies; its class name is the reason.
    """
    if isinstance(error, PlexError):
        return error
    if isinstance(error, plexapi.exceptions.PlexApiException):
        return _of_plexapi(error, secrets)
    name = next((type(e).__name__ for e in _inside(error) if isinstance(e, _NEVER_SENT)), "")
    return PlexUnreachable(name) if name else PlexAnswerLost(type(error).__name__)


def _of_plexapi(error: plexapi.exceptions.PlexApiException, secrets: Iterable[str]) -> PlexError:
    if match := _PLEXAPI_MESSAGE.match(str(error)):
        path = match["url"].partition("?")[0]
        return of_answer(Answer(int(match["status"]), match["body"], path), secrets)
    if isinstance(error, plexapi.exceptions.Unauthorized):
        return PlexTokenRefused(type(error).__name__)
    return PlexAnswerLost(type(error).__name__)


def _inside(error: BaseException, depth: int = 6) -> Iterator[BaseException]:
    """`error` and what it wraps: requests and urllib3 carry causes in `args` and `reason`."""
    yield error
    if depth:
        for wrapped in (*error.args, getattr(error, "reason", None)):
            if isinstance(wrapped, BaseException):
                yield from _inside(wrapped, depth - 1)
