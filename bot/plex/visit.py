"""A session with Plex for who is no link yet: PINs, and the account that a token belongs to.

Used in its own thread alone; every public method is one HTTP request.
"""

from typing import Any
from urllib.parse import urlencode

import plexapi
import plexapi.myplex

from bot.domain.sign_in import OwnedServer, PlexAccount, PlexPin
from bot.plex.connection import SHARES, Connection

PINS = "https://plex.tv/api/v2/pins"
PAGE = "https://app.plex.tv"
_JSON = {"Accept": "application/json"}


class Visit(Connection):
    """What is asked before a server is linked.

    PlexAPI's `MyPlexPinLogin` keeps the PIN's id to itself, so that nobody could go on after a
    restart, and its `checkLogin` swallows every failure: the two requests are made here.
    """

    needs_token = False

    def open_pin(self) -> PlexPin:
        """POST /api/v2/pins: a PIN for Plex's own page."""
        answer = self._session.post(
            PINS, params={"strong": "true"}, headers=_named(), timeout=self._timeout
        ).json()
        return PlexPin(int(answer["id"]), str(answer["code"]), float(answer["expiresIn"]))

    def token_of(self, pin_id: int) -> str | None:
        """GET /api/v2/pins/{id}: the token, once somebody has confirmed the PIN."""
        answer = self._session.get(
            f"{PINS}/{pin_id}", headers=_named(), timeout=self._timeout
        ).json()
        token = answer["authToken"]
        return str(token) if token else None

    def who(self) -> PlexAccount:
        """GET /api/v2/user: the account of the token."""
        owner = self.open_account()
        return PlexAccount(owner.account_id, owner.username, owner.email)

    def owned_servers(self) -> tuple[OwnedServer, ...]:
        """GET /api/v2/resources: the media servers of the account's own."""
        resources: Any = plexapi.myplex.MyPlexAccount.resources
        return tuple(
            OwnedServer(found.clientIdentifier, found.name or "", _addresses(found))
            for found in resources(self._account)
            if found.owned and "server" in (found.provides or "").split(",")
        )

    def accept(self, share_id: int) -> None:
        """POST v2 shared_servers/{id}/accept: the invited account says yes to one share."""
        headers = {**_named(), "X-Plex-Token": self.token}
        self._session.post(f"{SHARES}/{share_id}/accept", headers=headers, timeout=self._timeout)

    def sign_out(self) -> None:
        """DELETE /api/v2/users/signout: Plex forgets the token."""
        headers = {**_named(), "X-Plex-Token": self.token}
        url = plexapi.myplex.MyPlexAccount.SIGNOUT
        self._session.delete(url, headers=headers, timeout=self._timeout)

    def identity(self) -> str:
        """GET /identity of the media server, which needs no token: its machineIdentifier."""
        url = f"{self.base_url.rstrip('/')}/identity"
        answer = self._session.get(url, headers=_named(), timeout=self._timeout)
        return str(answer.json()["MediaContainer"]["machineIdentifier"])


def page_url(client_identifier: str, code: str, tv_url: str | None) -> str:
    """Where a person confirms a PIN: Plex's own page, or that of the Plex in its place."""
    query = urlencode(
        {"clientID": client_identifier, "code": code, "context[device][product]": "Helpr"}
    )
    return f"{(tv_url or PAGE).rstrip('/')}/auth#?{query}"


def _named() -> dict[str, str]:
    return {**plexapi.BASE_HEADERS, **_JSON}


def _addresses(found: Any) -> tuple[str, ...]:
    """In the order in which to try them, each once.

    The token goes along later, so that without https only the own network is tried.
    """
    ways = (
        *found.preferred_connections(ssl=True, locations=["local", "remote"]),
        *found.preferred_connections(ssl=False, locations=["local"]),
        *found.preferred_connections(ssl=True, locations=["relay"]),
    )
    return tuple(dict.fromkeys(filter(None, ways)))
