"""A link's session with its PlexAPI objects. Used in the link's thread alone.

Every public method but `run`, `cut` and `close` is one HTTP request.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

import plexapi
import plexapi.myplex
import plexapi.server
from plexapi.utils import parseXMLString

from bot.domain.errors import PlexError, PlexServerChanged, PlexTokenRefused
from bot.domain.plex import Grant, PlexAccess, PlexActivity, PlexLibrary, PlexShare
from bot.plex import failures, payloads
from bot.plex.session import PlexSession

T = TypeVar("T")

SHARES = "https://clients.plex.tv/api/v2/shared_servers"
"""Lists, reads and revokes shares. `/api/invites/*` of v1 answers 410 on and off."""

USERS = "https://plex.tv/api/users/"
SERVER = "https://plex.tv/api/servers/{machine}"
_CONNECT_SECONDS = 10.0
_JSON = {"Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Server:
    """A media server as it answered, and how many seconds that took."""

    machine_identifier: str
    name: str
    version: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Owner:
    """The account whose token a link holds."""

    account_id: int
    username: str
    email: str


class Connection:
    """What is kept of a link between two calls: session, account, and the server's identity.

    PlexAPI's cached properties never expire and its `reload()` loses the server's name, so objects
    are made anew instead.
    """

    needs_token: ClassVar[bool] = True

    def __init__(self, access: PlexAccess, *, tv_url: str | None, seconds: float) -> None:
        self.base_url = access.base_url
        self.token = access.token
        self.owner: Owner | None = None
        self.machine_identifier: str | None = None
        self._account: Any = None
        # requests counts per connect and per piece; the deadline of the whole call is the link's.
        # Connecting ends well before that one: who never connected has surely sent nothing.
        self._timeout = (min(_CONNECT_SECONDS, seconds / 2), seconds)
        self._secrets = (access.token,)
        self._session = PlexSession(tv_url=tv_url, secrets=self._secrets)

    def fits(self, access: PlexAccess) -> bool:
        """Whether this connection was made for that address and token."""
        return (self.base_url, self.token) == (access.base_url, access.token)

    def run(self, request: Callable[["Connection"], T]) -> T:
        """Make a request; whatever fails is raised as a `PlexError`."""
        if self.needs_token and not self.token:
            # PlexAPI would fall back to signing in with a user name and a password.
            raise PlexTokenRefused("no token")
        failure: PlexError
        try:
            return request(self)
        except Exception as error:
            failure = failures.of_exception(error, self._secrets)
        if isinstance(failure, PlexTokenRefused):
            self._account = self.owner = self.machine_identifier = None
        # Outside of `except`: a context would carry the foreign message into a traceback.
        raise failure.with_traceback(None)

    def open_server(self, expected: str | None) -> Server:
        """GET / of the media server. Another one than `expected` raises PlexServerChanged."""
        began = time.perf_counter()
        make: Callable[..., Any] = plexapi.server.PlexServer
        server = make(self.base_url, self.token, session=self._session, timeout=self._timeout)
        seconds = time.perf_counter() - began
        machine = server.machineIdentifier
        if not machine:
            raise ValueError("the server names no machineIdentifier")
        self.machine_identifier = machine
        if expected is not None and machine != expected:
            raise PlexServerChanged
        return Server(machine, server.friendlyName or "", server.version or "", seconds)

    def activity(self) -> PlexActivity:
        """GET /status/sessions of the media server.

        PlexAPI would ask GET / first, and for every stream's details when they are read.
        """
        began = time.perf_counter()
        answer = self._session.get(
            f"{self.base_url.rstrip('/')}/status/sessions",
            headers={**plexapi.BASE_HEADERS, "X-Plex-Token": self.token},
            timeout=self._timeout,
        )
        seconds = time.perf_counter() - began
        parse: Callable[[str], Any] = parseXMLString
        return PlexActivity(payloads.streams_of(parse(answer.text)), seconds)

    def open_account(self) -> Owner:
        """GET /api/v2/user."""
        make: Callable[..., Any] = plexapi.myplex.MyPlexAccount
        account = make(token=self.token, session=self._session, timeout=self._timeout)
        if not isinstance(account.id, int):
            # PlexAPI makes NaN of an id that is no number.
            raise TypeError("the account has no id")
        self._account = account
        self.owner = Owner(account.id, account.username or "", account.email or "")
        return self.owner

    def libraries(self, machine: str) -> tuple[PlexLibrary, ...]:
        """GET /api/servers/M: the libraries with plex.tv's global ids."""
        return payloads.libraries_of(self._query(_server(machine)))

    def filter_choices(self, key: int, field: str) -> frozenset[str]:
        """GET /library/sections/{key}/{field} of the media server."""
        return payloads.choices_of(
            self._query(f"{self.base_url.rstrip('/')}/library/sections/{key}/{quote(field)}")
        )

    def share(self, machine: str, invited: str | int, grant: Grant) -> PlexShare | None:
        """POST /api/servers/M/shared_servers; PlexAPI's `inviteFriend` needs two requests."""
        answer = self._query(
            _server(machine) + "/shared_servers",
            self._session.post,
            json=payloads.invitation(machine, invited, grant),
        )
        return payloads.share_made(answer)

    def pending(self, machine: str) -> payloads.Listing:
        """GET v2 owned/pending."""
        answer = self._query(f"{SHARES}/owned/pending", headers=_JSON)
        return payloads.shares_of(answer, machine, accepted=False)

    def accepted(self, machine: str) -> payloads.Listing:
        """GET v2 owned/accepted."""
        answer = self._query(f"{SHARES}/owned/accepted", headers=_JSON)
        return payloads.shares_of(answer, machine, accepted=True)

    def share_state(self, share_id: int) -> PlexShare | None:
        """GET v2 shared_servers/{id}; None when it has ended, PlexShareGone when it is unknown."""
        row = self._query(f"{SHARES}/{share_id}", headers=_JSON)
        share = payloads.share_of(row)
        return share if payloads.is_living(row) else None

    def update(self, share_id: int, grant: Grant) -> None:
        """POST v2 shared_servers/{id}; PUT and PATCH answer 405."""
        self._query(
            f"{SHARES}/{share_id}",
            self._session.post,
            headers=_JSON,
            json=payloads.changed_share(grant),
        )

    def accounts(self) -> tuple[tuple[int, frozenset[str]], ...]:
        """GET /api/users/: the accounts the owner shares with, each with all of its names."""
        return payloads.accounts_of(self._query(USERS))

    def strays(self, machine: str) -> list[PlexShare]:
        """GET /api/servers/M/shared_servers: v1's rows, leftovers of withdrawn invites included."""
        return payloads.strays_of(self._query(_server(machine) + "/shared_servers"))

    def withdraw(self, share_id: int) -> None:
        """DELETE v2 shared_servers/{id}."""
        self._query(f"{SHARES}/{share_id}", self._session.delete, headers=_JSON)

    def cut(self) -> None:
        """End what is under way, from any thread."""
        self._session.cut()

    def close(self) -> None:
        """Give the sockets back."""
        self._session.close()

    def _query(
        self,
        url: str,
        method: Callable[..., Any] | None = None,
        headers: dict[str, str] | None = None,
        **kwargs: object,
    ) -> Any:
        # An account takes over the token of each answer, or none when the answer holds none: the
        # token of the link is named in every request.
        headers = {**(headers or {}), "X-Plex-Token": self.token}
        return self._account.query(url, method, headers=headers, timeout=self._timeout, **kwargs)


def _server(machine: str) -> str:
    return SERVER.format(machine=quote(machine, safe=""))
