"""What Helpr knows of Plex, as values: servers, libraries, shares. No I/O."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlexAccess:
    """How to reach one linked media server.

    `base_url` is the server's own address (`http://host:32400`); `token` is the owner's.
    `machine_identifier` and `owner_account_id` are None until the first connection has named them;
    links of one owner account share its pace.
    """

    link_id: int
    base_url: str
    token: str = field(repr=False)
    machine_identifier: str | None = None
    owner_account_id: int | None = None


@dataclass(frozen=True, slots=True)
class PlexServerInfo:
    """A media server and the account that owns it, as Plex names them."""

    machine_identifier: str
    name: str
    version: str
    owner_account_id: int
    owner_username: str
    owner_email: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class PlexServerStatus:
    """The answer to a status look: name, version, and how long Plex took, in seconds."""

    name: str
    version: str
    seconds: float


@dataclass(frozen=True, slots=True)
class PlexStream:
    """What somebody is watching: its title, a series' before its episode's, and if it runs.

    Who it is is not kept.
    """

    title: str
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class PlexActivity:
    """What a media server plays now, and how long it took to say so, in seconds."""

    streams: tuple[PlexStream, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class PlexLibrary:
    """A library. `section_id` is plex.tv's global id (what a share names), `key` the server's."""

    section_id: int
    key: int
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class SharingSettings:
    """Plex's sharing settings: what a person may do beside watching, and what is kept from them.

    They belong to the owner account and the person, not to one share. Filters are in Plex's own
    form, `contentRating=G%2CPG|label!=a`; an empty one lets everything through.
    """

    allow_sync: bool = False
    allow_channels: bool = False
    allow_camera_upload: bool = False
    filter_movies: str = ""
    filter_television: str = ""
    filter_music: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody is to have on a server. Never without libraries: Plex reads that as ALL."""

    section_ids: frozenset[int]
    settings: SharingSettings = SharingSettings()


@dataclass(frozen=True, slots=True)
class PlexShare:
    """A server shared with an account: pending until the person accepts it.

    `account_id` is None while the address has no Plex account; `share_id` survives acceptance.
    `email` is the address that was invited, which need not be the account's own.
    """

    share_id: int
    accepted: bool
    account_id: int | None
    username: str = field(repr=False, default="")
    email: str = field(repr=False, default="")
    account_email: str = field(repr=False, default="", compare=False)
    section_ids: frozenset[int] = frozenset()
    all_libraries: bool = False
    settings: SharingSettings | None = field(default=None, compare=False)

    @property
    def grant(self) -> Grant:
        """What this share gives, as far as Plex has said."""
        return Grant(self.section_ids, self.settings or SharingSettings())

    def gives(self, grant: Grant) -> bool:
        """Whether it gives exactly that; settings count only where Plex has named them."""
        same_settings = self.settings is None or self.settings == grant.settings
        return self.section_ids == grant.section_ids and same_settings

    def belongs_to(self, login: str) -> bool:
        """Whether `login` (e-mail address or username, any case) names this share's account."""
        wanted = login.strip().casefold()
        names = (self.username, self.email, self.account_email)
        return bool(wanted) and wanted in {name.casefold() for name in names}
