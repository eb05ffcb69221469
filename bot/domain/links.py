"""Links to Plex servers and tiers, as values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.plex import Grant, PlexAccess, SharingSettings


class LinkState(StrEnum):
    """Whether a link can be used."""

    CONNECTING = "connecting"
    """Not connected yet, or on the way back from a failure; tried again by itself."""
    CONNECTED = "connected"
    PAUSED = "paused"
    """An admin has to mend something first; what waits goes on afterwards."""


@dataclass(frozen=True, slots=True)
class Link:
    """The connection of a guild to a Plex account and server."""

    id: int
    guild_id: int
    state: LinkState
    base_url: str
    token: str = field(repr=False)
    machine_identifier: str | None = None
    server_name: str = ""
    owner_account_id: int | None = None
    from_home: bool = False
    problem_key: str | None = None
    problem_reason: str = ""
    connected_at: datetime | None = None
    reconciled_at: datetime | None = None
    seats: int = 100
    disconnected_at: datetime | None = None

    @property
    def access(self) -> PlexAccess:
        """What the Plex service needs to reach the server."""
        return PlexAccess(
            self.id, self.base_url, self.token, self.machine_identifier, self.owner_account_id
        )

    @property
    def is_connected(self) -> bool:
        """Connected at least once and not paused since."""
        return self.state is LinkState.CONNECTED and self.disconnected_at is None

    @property
    def is_usable(self) -> bool:
        """Connected at least once, and no admin has disconnected it: what waits goes on."""
        return self.connected_at is not None and self.disconnected_at is None


@dataclass(frozen=True, slots=True)
class LinkedLibrary:
    """A library of a linked server, by its id in the ledger."""

    id: int
    section_id: int
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A named bundle: libraries, permission flags, filters, duration, seats, role.

    `seats` is None where only the server's own count. `role_id` is a Discord role that is granted
    while access is active. Members may ask for an `is_open` one. The people of one that is
    `leaving_for` another are being moved there; after that it `is_deleted`.
    """

    id: int
    guild_id: int
    link_id: int
    name: str
    settings: SharingSettings = field(default_factory=SharingSettings)
    libraries: tuple[LinkedLibrary, ...] = ()
    duration_days: int | None = None
    seats: int | None = None
    role_id: int | None = None
    is_open: bool = True
    is_default: bool = False
    leaving_for: int | None = None
    is_deleted: bool = False

    @property
    def is_going(self) -> bool:
        """Deleted, or about to be: nobody is given it any more."""
        return self.is_deleted or self.leaving_for is not None

    @property
    def section_ids(self) -> tuple[int, ...]:
        """What a share of this tier names to Plex."""
        return tuple(library.section_id for library in self.libraries)

    @property
    def grant(self) -> Grant:
        """What somebody of this tier is to have."""
        return Grant(frozenset(self.section_ids), self.settings)
