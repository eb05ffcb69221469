"""The one requests.Session of a link: what it sends where, what it refuses, how it is cut."""

import io
import re
import socket
import threading
import weakref
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bot.domain.errors import PlexTokenRefused
from bot.plex import answers
from bot.plex.complaint import LONGEST_COMPLAINT

LARGEST_ANSWER = 8 * 1024 * 1024
"""In bytes, unpacked. 5,000 friends are 1.4 MB; parsing takes ten times the memory."""

_PIECE = 65_536
_PLEX_HOSTS = re.compile(r"(?:^|\.)plex\.(?:tv|direct)$", re.IGNORECASE)
_TOKEN = re.compile(r"[!-~]+")


class Sockets:
    """The open sockets of a session, so that another thread can shut them.

    A timeout of requests counts from one piece to the next: an answer that drips holds its thread
    for ever. Shutting the socket is what ends it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._shut = False

    def add(self, opened: socket.socket) -> None:
        """Remember a socket; shut it at once when the session has been cut meanwhile."""
        with self._lock:
            self._open.add(opened)
            if self._shut:
                _shut(opened)

    def shut(self) -> None:
        """End whatever is under way on any of them. Never blocks."""
        with self._lock:
            self._shut = True
            for opened in self._open:
                _shut(opened)


def _shut(opened: socket.socket) -> None:
    with suppress(OSError):  # the other side may have closed it
        # Below TLS on purpose: SSLSocket.shutdown takes the TLS state from under the other thread.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _pools(sockets: Sockets) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools by scheme, with connections that report their socket to `sockets`."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class PlexAdapter(HTTPAdapter):
    """Carries requests without retrying any; with `tv_url`, sends every plex.tv host there."""

    def __init__(self, tv_url: str | None, sockets: Sockets) -> None:
        self._tv = urlsplit(tv_url.rstrip("/")) if tv_url else None
        self._sockets = sockets
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._sockets)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send `request`; its URL and the answer's keep the name that the caller knows."""
        asked = request.url or ""
        there = urlsplit(asked)
        if self._tv is None or not _PLEX_HOSTS.search(there.hostname or ""):
            return super().send(request, **kwargs)
        request.headers["Host"] = there.netloc
        path = self._tv.path + there.path
        request.url = urlunsplit((self._tv.scheme, self._tv.netloc, path, there.query, ""))
        try:
            response = super().send(request, **kwargs)
        finally:
            request.url = asked
        response.url = asked
        return response


class PlexSession(requests.Session):
    """A session for one link.

    It takes nothing from the environment (proxies, .netrc), follows no redirect (PlexAPI's token
    header would travel along), repeats nothing, reads no more of an answer than fits in memory, and
    turns every answer that is no success into a `PlexError`. `secrets` never appear in those.
    """

    def __init__(self, *, tv_url: str | None = None, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self.trust_env = False
        self.max_redirects = 0
        self._secrets = tuple(secrets)
        self._sockets = Sockets()
        adapter = PlexAdapter(tv_url, self._sockets)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.hooks["response"].append(self._judge)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """See requests.Session. A token that no header can carry raises PlexTokenRefused."""
        token = (request.headers or {}).get("X-Plex-Token")
        if token is not None and not _TOKEN.fullmatch(str(token)):
            raise PlexTokenRefused("malformed")
        return super().prepare_request(request)

    def cut(self) -> None:
        """End what is under way, from any thread. The session is of no use afterwards."""
        self._sockets.shut()

    def _judge(self, response: requests.Response, **_: Any) -> requests.Response:
        kind = response.headers.get("Content-Type", "")
        if "charset=" not in kind.lower():
            # requests would guess: ISO-8859-1 for text/xml (names break), and for application/xml
            # by statistics, which takes seconds for a long listing.
            response.encoding = "utf-8"
        is_whole = True
        if response.status_code in answers.SUCCESS:
            is_whole = _take(response, LARGEST_ANSWER)
        else:
            with suppress(OSError, urllib3.exceptions.HTTPError):
                # The status alone already says what is known.
                _take(response, LONGEST_COMPLAINT)
        answer = _answer_of(response, is_whole=is_whole)
        if not answer.is_usable:
            raise answers.of_answer(answer, self._secrets)
        if not response.content:
            # PlexAPI would parse the empty body of a 204 as JSON and fail after a success.
            response.headers.pop("Content-Type", None)
        return response


def _take(response: requests.Response, at_most: int) -> bool:
    """Read the body; whether it was no longer than that. Of a longer one its beginning is kept.

    requests itself would read all of it, however much comes.
    """
    taken = io.BytesIO()
    raw, response.raw = response.raw, taken
    is_whole = False
    try:
        for piece in raw.stream(_PIECE, decode_content=True):
            room = at_most - taken.tell()
            taken.write(piece[:room])
            if len(piece) > room:
                break
        else:
            is_whole = True
    finally:
        taken.seek(0)
        if not is_whole:
            raw.close()
    return is_whole


def _answer_of(response: requests.Response, *, is_whole: bool) -> answers.Answer:
    # For telling a page from a success its beginning is enough.
    wanted = answers.BEGINNING if response.status_code in answers.SUCCESS else LONGEST_COMPLAINT
    return answers.Answer(
        status=response.status_code,
        body=_text(response.content[:wanted], response.encoding),
        path=urlsplit(response.url).path,
        method=response.request.method or "",
        location=response.headers.get("Location"),
        retry_after=response.headers.get("Retry-After"),
        is_media_server=answers.is_media_server(response.url),
        is_whole=is_whole,
    )


def _text(body: bytes, encoding: str | None) -> str:
    try:
        return body.decode(encoding or "utf-8", "replace")
    except LookupError:  # an encoding that nobody knows
        return body.decode("utf-8", "replace")
