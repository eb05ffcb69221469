"""The state of a Plex and its rules, in memory. No HTTP in here.

Sources of the rules are named where they are known from public evidence; a rule without a source
says that it is a guess.
"""

import time
from collections.abc import Callable, Iterable

from sandbox.plex import demo
from sandbox.plex.faults import Faults
from sandbox.plex.keys import Keys
from sandbox.plex.model import (
    Account,
    Invitation,
    Library,
    Play,
    RecordedRequest,
    Server,
    Share,
    Stream,
    token_for,
)
from sandbox.plex.people import People
from sandbox.plex.refusals import Reason, Refusal

# plex.tv allows about this many people an owner; pending invites count.
SEATS = 100


class PlexWorld:
    """Everything one owner's Plex holds. Build it with `demo()`, or empty and add to it.

    Switches a test may set: `seat_limit`; `v1_invites_gone` (`/api/invites/*` answers 410);
    `orphans` (a pending share that is taken back leaves a row behind); `fresh_acceptance` (who is
    a friend already has to accept a new share all the same); `listing_lag` (seconds until a new
    share shows in plex.tv's v2 lists).
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
        return cls(fill=demo.fill)

    def reset(self) -> None:
        """Back to the beginning: state, faults and recorded requests."""
        self.requests.clear()
        self.faults.clear()
        self._next = {"account": 2001, "section": 90000001, "share": 5001, "pin": 77}
        self.people = People(lambda: self._take("account"))
        self.keys = Keys(self.people, lambda: self._take("pin"))
        self.server = Server(
            "5a9db0c4e1f2a37b8d6c90412f7be35a1c8d0e44",
            "Home Media",
            token_for("server"),
            server_id=700001,
            base_url=self.base_url,
        )
        self.servers: list[Server] = [self.server]
        self.shares: list[Share] = []
        self.streams: list[Stream] = []
        self.plays: list[Play] = []
        self.seat_limit = SEATS
        self.v1_invites_gone = True
        self.orphans = False
        self.fresh_acceptance = False
        self.listing_lag = 0.0
        if self._fill:
            self._fill(self)

    def _take(self, kind: str) -> int:
        number = self._next[kind]
        self._next[kind] += 1
        return number

    # -- people and what opens doors ------------------------------------------------------------

    @property
    def owner(self) -> Account:
        """Whose Plex this is."""
        return self.people.owner

    @property
    def accounts(self) -> list[Account]:
        """Everybody with a Plex account, the owner first."""
        return self.people.accounts

    @property
    def friends(self) -> set[int]:
        """The ids of the owner's friends. Friendship outlives a revoked share."""
        return self.people.friends

    @property
    def token_revoked(self) -> bool:
        """Whether the owner's token is dead at the moment."""
        return self.keys.revoked is not None

    def revoke_token(self, *, invalid: bool = False) -> None:
        """Kill the owner's tokens: as deauthorised (v2 says 422), or as `invalid` (v2 says 401)."""
        self.keys.revoked = Reason.UNAUTHENTICATED if invalid else Reason.DEAUTHORISED

    def mend_token(self) -> None:
        """Let the owner's tokens work again."""
        self.keys.revoked = None

    def add_account(self, username: str, email: str) -> Account:
        """Register a person. Invites that wait for their address become theirs."""
        account = self.people.add(username, email)
        for share in self.shares:
            if share.account is None and account.goes_by(share.invited_email):
                share.account = account
        return account

    def guest(self, token: str | None) -> Account | None:
        """Who a token opens the media server for, the owner included; None for nobody."""
        if token in {server.access_token for server in self.servers}:
            return None if self.token_revoked else self.owner
        for share in self.shares:
            mine = share.accepted and share.server is self.server
            if mine and share.account and token in {share.access_token, share.account.token}:
                return share.account
        try:
            account = self.keys.bearer(token)
        except Refusal:
            return None
        return account if account is self.owner else None

    # -- servers and libraries ------------------------------------------------------------------

    def add_server(self, name: str, *, running: bool = False) -> Server:
        """Another server of the same owner's; unless it is `running`, only plex.tv knows it.

        One that is answers below `/server/{number}`, as it has no port of its own.
        """
        number = len(self.servers)
        machine = f"{number:04x}".rjust(40, "b")
        server = Server(machine, name, token_for(f"server:{number}"), server_id=700001 + number)
        server.base_url = f"{self.base_url}/server/{number}" if running else ""
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
        """Share a server with a person; pending, unless they are a friend already.

        That a friend need not accept is evidenced for v2 and an id; that it holds for an address
        or name, and over v1, is a guess, which `fresh_acceptance` turns around.
        """
        server = self.owned_server(wanted.machine_identifier)
        account, email = self._invited(wanted)
        if account is self.owner:
            raise Refusal(Reason.YOURSELF)
        if self.shares_with(account, email, server):
            raise Refusal(Reason.ALREADY_SHARED, account.username if account else email)
        self._check_sections(server, wanted.section_ids)
        if self.seats_taken >= self.seat_limit and not self.shares_with(account, email):
            raise Refusal(Reason.FULL)
        settings = self.people.settings_of(account, email)
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
        if account and account.id in self.friends and not self.fresh_acceptance:
            self.accept(share.share_id)
        return share

    def _invited(self, wanted: Invitation) -> tuple[Account | None, str]:
        if wanted.account_id is not None:
            account = self.people.by_id(wanted.account_id)
            if account is None:
                raise Refusal(Reason.UNKNOWN_PERSON, str(wanted.account_id))
            return account, account.email
        login = (wanted.login or "").strip()
        account = self.people.find(login)
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
        """Take a share back, and no other one of this person. The friendship stays."""
        self.shares.remove(share)

    def unfriend(self, account: Account) -> None:
        """End everything with a person: all shares on ALL servers, and the friendship."""
        if account.id not in self.friends and not self.shares_with(account):
            raise Refusal(Reason.NOT_FOUND, account.username)
        self.shares = [share for share in self.shares if share.account is not account]
        self.friends.discard(account.id)

    def withdraw(self, share: Share) -> None:
        """Take back a share that waits; with `orphans` set it leaves its row behind."""
        if self.orphans and not share.accepted and not share.orphan:
            share.orphan = True
        else:
            self.revoke(share)

    # -- shares: what the invited person does ---------------------------------------------------

    def accept(self, share_id: int) -> Share:
        """The invited person accepts; whoever has no account yet signs up with the address."""
        share = self.share(share_id)
        if share.accepted or share.orphan:
            raise ValueError(f"share {share_id} is not pending")
        if share.account is None:
            self.add_account(self.people.free_username(share.invited_email), share.invited_email)
        share.accepted_at = time.time()
        if share.account and not share.skip_friendship:
            self.friends.add(share.account.id)
        return share

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
