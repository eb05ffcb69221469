"""What a Plex holds: accounts, servers, libraries, shares, pins. Values with little behaviour."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

FLAG_NAMES = ("allowSync", "allowChannels", "allowCameraUpload")
FILTER_NAMES = ("filterAll", "filterMovies", "filterTelevision", "filterMusic", "filterPhotos")


def token_for(name: str) -> str:
    """A token that looks like Plex's (20 characters) and is the same at every start."""
    return hashlib.sha256(f"sandbox:{name}".encode()).hexdigest()[:20]


def truth(value: object) -> bool:
    """A flag as either API writes it: `"1"`, `"0"`, 1, 0, true or false."""
    return str(value).casefold() in {"1", "true"}


@dataclass(slots=True)
class Account:
    """A Plex account. `token` opens plex.tv as this person; `title` is the name others see."""

    id: int
    username: str
    email: str
    token: str = field(repr=False)
    title: str = ""

    def __post_init__(self) -> None:
        self.title = self.title or self.username

    @property
    def uuid(self) -> str:
        """Sixteen hexadecimal characters, as in avatars' addresses."""
        return hashlib.sha256(f"account:{self.id}".encode()).hexdigest()[:16]

    @property
    def thumb(self) -> str:
        """The address of the avatar."""
        return f"https://plex.tv/users/{self.uuid}/avatar?c=1700000000"

    def goes_by(self, login: str) -> bool:
        """Whether `login` is this account's username or e-mail address, in any case."""
        return login.strip().casefold() in {self.username.casefold(), self.email.casefold()}


@dataclass(slots=True)
class Library:
    """A library. `id` is plex.tv's global section id, `key` the server's own small number."""

    id: int
    key: int
    title: str
    type: str
    ratings: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Server:
    """A media server of the owner's. `access_token` opens it beside the owner's own token."""

    machine_identifier: str
    name: str
    access_token: str = field(repr=False)
    server_id: int = 0
    version: str = "1.42.1.10060-4e8b05daf"
    libraries: list[Library] = field(default_factory=list)
    base_url: str = ""

    def library(self, section_id: int) -> Library | None:
        """The library with this plex.tv section id, or None."""
        return next((found for found in self.libraries if found.id == section_id), None)


@dataclass(slots=True)
class SharingSettings:
    """Flags and filters. They belong to the PERSON: every share of one account has the same."""

    flags: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(FLAG_NAMES, False))
    filters: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FILTER_NAMES, ""))

    def update(self, wire: dict[str, Any]) -> None:
        """Take over what `wire` names, in either API's spelling; leave the rest."""
        self.flags.update({name: truth(wire[name]) for name in FLAG_NAMES if name in wire})
        self.filters.update({n: str(wire[n] or "") for n in FILTER_NAMES if n in wire})

    @property
    def wire(self) -> dict[str, bool | str]:
        """All flags and filters under Plex's names."""
        return {**self.flags, **self.filters}


@dataclass(slots=True)
class Share:
    """A server shared with a person: pending until they accept. `share_id` survives acceptance.

    `account` is None while the invited address has no Plex account. Instants are Unix seconds.
    An `orphan` is what a withdrawn invite may leave behind: only v1's list of a server's shares
    shows it, yet it blocks the next invite.
    """

    share_id: int
    server: Server
    account: Account | None
    invited_email: str
    settings: SharingSettings
    invited_at: float
    chosen: list[int] = field(default_factory=list)
    all_libraries: bool = False
    accepted_at: float | None = None
    skip_friendship: bool = False
    orphan: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the invited person has said yes."""
        return self.accepted_at is not None

    @property
    def account_id(self) -> int | None:
        """The invited account's id, or None while the address has no account."""
        return self.account.id if self.account else None

    @property
    def username(self) -> str:
        """The invited account's name; empty while there is no account."""
        return self.account.username if self.account else ""

    @property
    def email(self) -> str:
        """The invited account's address, or the invited address while there is no account."""
        return self.account.email if self.account else self.invited_email

    @property
    def person(self) -> str:
        """What to call the invited person on a page: the username, else the address."""
        return self.username or self.invited_email

    @property
    def libraries(self) -> list[Library]:
        """The libraries this share opens now; a share of all follows the server's libraries."""
        return [lib for lib in self.server.libraries if self.all_libraries or lib.id in self.chosen]

    @property
    def section_ids(self) -> list[int]:
        """The plex.tv section ids of `libraries`."""
        return [library.id for library in self.libraries]

    @property
    def access_token(self) -> str:
        """What opens the server for the invited person."""
        return token_for(f"share:{self.share_id}")

    @property
    def invite_token(self) -> str:
        """The secret in the invitation's link; it must never reach a log."""
        return token_for(f"invite:{self.share_id}")


@dataclass(slots=True)
class Pin:
    """A sign-in by code. `token` appears once a person has allowed it. Instants: Unix seconds."""

    id: int
    code: str
    client: str
    product: str
    created_at: float
    expires_at: float
    token: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Stream:
    """Something being watched now. `account_id` as plex.tv counts."""

    account_id: int
    username: str
    title: str
    type: str = "movie"
    state: str = "playing"


@dataclass(slots=True)
class Play:
    """Something that was watched. `viewed_at` in Unix seconds."""

    account_id: int
    title: str
    viewed_at: int
    type: str = "movie"


@dataclass(slots=True)
class RecordedRequest:
    """A request that reached Plex. `status` is None while it is under way or was cut off.

    `at` is the arrival in Unix seconds; `host` the name that was asked for (`plex.tv`, or the
    loopback address for the media server); `body` the JSON sent, or None; `headers` under
    lower-case names.
    """

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: Any
    at: float
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    status: int | None = None

    @property
    def line(self) -> str:
        """`METHOD path`, what a fault's pattern is compared with."""
        return f"{self.method} {self.path}"


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
