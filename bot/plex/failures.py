"""The border: whatever fails behind it leaves as a `PlexError`.

Every exception is judged by `of_exception`, once, in the link's thread; every answer that is no
success by `bot.plex.answers`.
"""

import re
import socket
import ssl
from collections.abc import Iterable, Iterator

import plexapi.exceptions
import requests.exceptions
import urllib3.exceptions

from bot.domain.errors import (
    PlexAnswerLost,
    PlexError,
    PlexTokenRefused,
    PlexUnreachable,
    PlexUntrusted,
)
from bot.plex.answers import Answer, is_media_server, of_answer

_PLEXAPI_MESSAGE = re.compile(r"\((?P<status>\d{3})\) \S+ (?P<url>\S*?);? (?P<body>.*)", re.DOTALL)

# Raised while a request is prepared or a connection is made, so no byte of it was sent.
_NEVER_SENT = (
    ConnectionRefusedError,
    socket.gaierror,
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


def of_exception(error: BaseException, secrets: Iterable[str] = ()) -> PlexError:
    """The error that an exception of PlexAPI, requests, urllib3 or of parsing means.

    What is unknown is `PlexAnswerLost`: the request may have gone out. A foreign message is never
    repeated, because it holds URLs, addresses and bodies; its class name is the reason.
    """
    if isinstance(error, PlexError):
        return error
    if isinstance(error, plexapi.exceptions.PlexApiException):
        return _of_plexapi(error, secrets)
    for inner in _inside(error):
        if _is_untrusted(inner):
            return PlexUntrusted(type(inner).__name__)
        if isinstance(inner, _NEVER_SENT):
            return PlexUnreachable(type(inner).__name__)
    return PlexAnswerLost(type(error).__name__)


def _is_untrusted(error: BaseException) -> bool:
    if isinstance(error, ssl.SSLCertVerificationError):
        return True
    # The other side speaks no TLS: http behind an https address.
    return (
        isinstance(error, ssl.SSLError) and getattr(error, "reason", "") == "WRONG_VERSION_NUMBER"
    )


def _of_plexapi(error: plexapi.exceptions.PlexApiException, secrets: Iterable[str]) -> PlexError:
    if match := _PLEXAPI_MESSAGE.match(str(error)):
        answer = Answer(
            int(match["status"]),
            match["body"],
            path=match["url"].partition("?")[0],
            is_media_server=is_media_server(match["url"]),
        )
        return of_answer(answer, secrets)
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
