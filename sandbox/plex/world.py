"""The state of a Plex and its rules, in memory. No HTTP in here.

Sources of the rules are named where they are known from public evidence; a rule without a source
says that it is a guess.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.plex.faults import Faults
from sandbox.plex.model import (
    Account,
    Library,
    Pin,
    Play,
    RecordedRequest,
    Server,
    Share,
    SharingSettings,
    Stream,
    token_for,
)
from sandbox.plex.refusals import Reason, Refusal

PIN_SECONDS = 15 * 60
# plex.tv allows about this many people an owner; pending invites count.
SEATS = 100


@dataclass(frozen=True, slots=True)
class Invitation:
    """What either API may ask for. An empty or absent `section_ids` means ALL libraries.

    `login` is an e-mail address or username; `account_id` names a known account instead.
    """

    machine_identifier: str
    section_ids: tuple[int, ...] = ()
    login: str | None = None
    account_id: int | None = None
    settings: dict[str, Any] | None = None
    skip_friendship: bool = False


class PlexWorld:
    """Everything one owner's Plex holds. Build it with `demo()`, or empty and add to it.

    Switches a test may set: `seat_limit`; `v1_invites_gone` (`/api/invites/*` answers 410);
    `orphans` (a withdrawn v1 invite leaves a row behind); `listing_lag` (seconds until a new share
    shows in plex.tv's v2 lists).
    """

    def __init__(self, fill: Callable[["PlexWorld"], None] | None = None) -> None:
        self._fill = fill
        self.base_url = ""
        self.requests: list[RecordedRequest] = []
        self.faults = Faults()
        self.reset()

    @classmethod
    def demo(cls) -> "PlexWorld":
        """The owner `helpr-owner` (1001), the server "Home Media", five libraries, some people."""
        return cls(fill=_fill_demo)

    def reset(self) -> None:
        """Back to the beginning: state, faults and recorded requests."""
        self.requests.clear()
        self.faults.clear()
        self.owner = Account(1001, "helpr-owner", "owner@example.org", token_for("owner"))
        self.server = Server(
            "5a9db0c4e1f2a37b8d6c90412f7be35a1c8d0e44",
            "Home Media",
            token_for("server"),
            server_id=700001,
            base_url=self.base_url,
        )
        self.servers: list[Server] = [self.server]
        self.accounts: list[Account] = [self.owner]
        self.friends: set[int] = set()
        self.shares: list[Share] = []
        self.pins: list[Pin] = []
        self.streams: list[Stream] = []
        self.plays: list[Play] = []
        self.seat_limit = SEATS
        self.v1_invites_gone = True
        self.orphans = False
        self.listing_lag = 0.0
        self._revoked: Reason | None = None
        self._pin_tokens: dict[str, int] = {}
        self._settings: dict[str, SharingSettings] = {}
        self._next = {"account": 2001, "section": 90000001, "share": 5001, "pin": 77}
        if self._fill:
            self._fill(self)

    def _take(self, kind: str) -> int:
        number = self._next[kind]
        self._next[kind] += 1
        return number

    # -- tokens ---------------------------------------------------------------------------------

    @property
    def token_revoked(self) -> bool:
        """Whether the owner's token is dead at the moment."""
        return self._revoked is not None

    def revoke_token(self, *, invalid: bool = False) -> None:
        """Kill the owner's tokens: as deauthorised (v2 says 422), or as `invalid` (v2 says 401)."""
        self._revoked = Reason.UNAUTHENTICATED if invalid else Reason.DEAUTHORISED

    def mend_token(self) -> None:
        """Let the owner's tokens work again."""
        self._revoked = None

    def bearer(self, token: str | None) -> Account:
        """The account that a plex.tv token speaks for."""
        if not token:
            raise Refusal(Reason.NOT_SIGNED_IN)
        by_pin = self._pin_tokens.get(token)
        account = next((a for a in self.accounts if a.token == token or a.id == by_pin), None)
        if account is None:
            raise Refusal(Reason.UNAUTHENTICATED)
        if account is self.owner and self._revoked:
            raise Refusal(self._revoked)
        return account

    def guest(self, token: str | None) -> Account | None:
        """Who a token opens the media server for, the owner included; None for nobody."""
        if token == self.server.access_token:
            return None if self._revoked else self.owner
        for share in self.shares:
            mine = share.accepted and share.server is self.server
            if mine and share.account and token in {share.access_token, share.account.token}:
                return share.account
        try:
            account = self.bearer(token)
        except Refusal:
            return None
        return account if account is self.owner else None

    # -- people ---------------------------------------------------------------------------------

    def add_account(self, username: str, email: str) -> Account:
        """Register a person. Invites that wait for their address become theirs."""
        if self.find_account(username) or self.find_account(email):
            raise ValueError(f"taken: {username} or {email}")
        account = Account(self._take("account"), username, email, token_for(f"account:{email}"))
        self.accounts.append(account)
        for share in self.shares:
            if share.account is None and account.goes_by(share.invited_email):
                share.account = account
                self._settings[str(account.id)] = share.settings
        return account

    def account(self, account_id: int | str) -> Account | None:
        """The account with this id."""
        return next((a for a in self.accounts if str(a.id) == str(account_id)), None)

    def find_account(self, login: str) -> Account | None:
        """The account with this username or e-mail address."""
        return next((a for a in self.accounts if a.goes_by(login)), None)

    def settings_of(self, account: Account | None, invited_email: str = "") -> SharingSettings:
        """The one set of flags and filters this person has with the owner."""
        key = str(account.id) if account else invited_email.casefold()
        return self._settings.setdefault(key, SharingSettings())

    # -- servers and libraries ------------------------------------------------------------------

    def add_server(self, name: str) -> Server:
        """Another server of the same owner's, known to plex.tv only."""
        number = len(self.servers)
        machine = f"{number:04x}".rjust(40, "b")
        server = Server(machine, name, token_for(f"server:{number}"), server_id=700001 + number)
        self.servers.append(server)
        return server

    def listen_at(self, base_url: str) -> None:
        """Say where the media server is reached."""
        self.base_url = self.server.base_url = base_url

    def owned_server(self, machine_identifier: str) -> Server:
        """The owner's server with this machine identifier."""
        for server in self.servers:
            if server.machine_identifier == machine_identifier:
                return server
        raise Refusal(Reason.UNKNOWN_SERVER, machine_identifier)

    def add_library(self, title: str, type: str, server: Server | None = None) -> Library:  # noqa: A002
        """Add a library; shares of all libraries have it at once."""
        home = server or self.server
        key = max((library.key for library in home.libraries), default=0) + 1
        library = Library(self._take("section"), key, title, type)
        home.libraries.append(library)
        return library

    def remove_library(self, section_id: int) -> None:
        """Remove a library from its server, and so from every share."""
        for server in self.servers:
            if library := server.library(section_id):
                server.libraries.remove(library)
                return
        raise LookupError(section_id)

    # -- shares: what the owner does ------------------------------------------------------------

    def share(self, share_id: int | str) -> Share:
        """The share with this id."""
        for share in self.shares:
            if str(share.share_id) == str(share_id):
                return share
        raise Refusal(Reason.NOT_FOUND, str(share_id))

    def invite(self, wanted: Invitation) -> Share:
        """Share a server with a person; pending, unless a friend is invited by id."""
        server = self.owned_server(wanted.machine_identifier)
        account, email = self._invited(wanted)
        if account is self.owner:
            raise Refusal(Reason.YOURSELF)
        if self.shares_with(account, email, server):
            raise Refusal(Reason.ALREADY_SHARED, account.username if account else email)
        self._check_sections(server, wanted.section_ids)
        if self.seats_taken >= self.seat_limit and not self.shares_with(account, email):
            raise Refusal(Reason.FULL)
        settings = self.settings_of(account, email)
        settings.update(wanted.settings or {})
        share = Share(
            share_id=self._take("share"),
            server=server,
            account=account,
            invited_email=email,
            settings=settings,
            invited_at=time.time(),
            chosen=list(wanted.section_ids),
            all_libraries=not wanted.section_ids,
            skip_friendship=wanted.skip_friendship,
        )
        self.shares.append(share)
        if wanted.account_id is not None and account and account.id in self.friends:
            self.accept(share.share_id)
        return share

    def _invited(self, wanted: Invitation) -> tuple[Account | None, str]:
        if wanted.account_id is not None:
            account = self.account(wanted.account_id)
            if account is None:
                raise Refusal(Reason.UNKNOWN_PERSON, str(wanted.account_id))
            return account, account.email
        login = (wanted.login or "").strip()
        account = self.find_account(login)
        if account is None and "@" not in login:
            raise Refusal(Reason.UNKNOWN_PERSON, login)
        return account, account.email if account else login

    def _check_sections(self, server: Server, section_ids: Iterable[int]) -> None:
        unknown = [number for number in section_ids if server.library(number) is None]
        if unknown:
            raise Refusal(Reason.UNKNOWN_SECTIONS, ", ".join(map(str, unknown)))

    def set_sections(self, share: Share, section_ids: Iterable[int]) -> None:
        """Change what a share opens; an empty list opens ALL libraries."""
        chosen = list(section_ids)
        self._check_sections(share.server, chosen)
        share.chosen = chosen
        share.all_libraries = not chosen

    def shares_with(
        self, account: Account | None, email: str = "", server: Server | None = None
    ) -> list[Share]:
        """This person's shares, pending ones and orphans included."""

        def theirs(share: Share) -> bool:
            if account is not None:
                return share.account is account
            return share.account is None and share.invited_email.casefold() == email.casefold()

        return [s for s in self.shares if theirs(s) and server in (None, s.server)]

    def is_listed(self, share: Share) -> bool:
        """Whether plex.tv's v2 lists show this share already: they lag behind by `listing_lag`."""
        return time.time() - share.invited_at >= self.listing_lag

    @property
    def seats_taken(self) -> int:
        """How many people hold a share or a pending one, over all servers."""
        return len({share.email.casefold() for share in self.shares if not share.orphan})

    def revoke(self, share: Share) -> None:
        """Take a share back. The friendship stays."""
        self.shares.remove(share)

    def unfriend(self, account: Account) -> None:
        """End everything with a person: all shares on ALL servers, and the friendship."""
        if account.id not in self.friends and not self.shares_with(account):
            raise Refusal(Reason.NOT_FOUND, account.username)
        self.shares = [share for share in self.shares if share.account is not account]
        self.friends.discard(account.id)

    def withdraw(self, share: Share) -> None:
        """Take back a pending v1 invite; with `orphans` set it leaves its row behind."""
        if self.orphans:
            share.orphan = True
        else:
            self.shares.remove(share)

    # -- shares: what the invited person does ---------------------------------------------------

    def accept(self, share_id: int) -> Share:
        """The invited person accepts; whoever has no account yet signs up with the address."""
        share = self.share(share_id)
        if share.accepted or share.orphan:
            raise ValueError(f"share {share_id} is not pending")
        if share.account is None:
            self.add_account(self._free_username(share.invited_email), share.invited_email)
        share.accepted_at = time.time()
        if share.account and not share.skip_friendship:
            self.friends.add(share.account.id)
        return share

    def _free_username(self, email: str) -> str:
        stem = email.partition("@")[0] or "guest"
        names = (stem if n == 1 else f"{stem}{n}" for n in range(1, len(self.accounts) + 2))
        return next(name for name in names if not self.find_account(name))

    def decline(self, share_id: int) -> None:
        """The invited person says no: the invite is gone."""
        share = self.share(share_id)
        if share.accepted:
            raise ValueError(f"share {share_id} is not pending")
        self.shares.remove(share)

    def leave(self, share_id: int) -> None:
        """The invited person leaves the server. The friendship stays."""
        share = self.share(share_id)
        if not share.accepted:
            raise ValueError(f"share {share_id} is not accepted")
        self.shares.remove(share)

    # -- signing in by code ---------------------------------------------------------------------

    def open_pin(self, client: str, product: str, *, strong: bool) -> Pin:
        """A new code for signing in: four characters, or twenty-five when `strong`."""
        number = self._take("pin")
        code = token_for(f"pin:{number}") + f"{number:05d}"
        now = time.time()
        pin = Pin(number, code if strong else code[:4], client, product, now, now + PIN_SECONDS)
        self.pins.append(pin)
        return pin

    def pin(self, pin_id: int | str, client: str | None = None) -> Pin:
        """The pin with this id, while it lives; for `client`, only if it opened the pin."""
        for pin in self.pins:
            mine = str(pin.id) == str(pin_id) and client in {None, pin.client}
            if mine and pin.expires_at > time.time():
                return pin
        raise Refusal(Reason.EXPIRED_PIN, str(pin_id))

    def allow_pin(self, pin_id: int, account_id: int) -> Pin:
        """The person with this account signs in through the code."""
        pin = self.pin(pin_id)
        account = self.account(account_id)
        if account is None:
            raise LookupError(account_id)
        pin.token = token_for(f"pin-token:{pin.id}:{account.id}")
        self._pin_tokens[pin.token] = account.id
        return pin


def _fill_demo(world: PlexWorld) -> None:
    for title, kind in (
        ("Films", "movie"),
        ("Series", "show"),
        ("Music", "artist"),
        ("Photos", "photo"),
        ("Kids", "movie"),
    ):
        world.add_library(title, kind)
    for name in ("bob", "carol", "dave", "erin", "frank", "grace"):
        world.add_account(name, f"{name}@example.org")
    world.streams.append(Stream(world.owner.id, world.owner.username, "Sita Sings the Blues"))
