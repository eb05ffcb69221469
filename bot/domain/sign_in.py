"""Signing in with Plex by a PIN."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class SignInPurpose(StrEnum):
    """What the account is wanted for."""

    LINK = "link"
    """An admin links one of the account's servers."""
    MEMBER = "member"
    """A member proves which account is theirs."""


class SignInState(StrEnum):
    """How far a sign-in has come."""

    WAITING = "waiting"
    """Plex's page is open, or was never opened."""
    SIGNED_IN = "signed_in"
    """Plex has said who it is; the token waits to be used."""
    USED = "used"
    EXPIRED = "expired"
    REPLACED = "replaced"
    """The same person has begun anew."""
    FAILED = "failed"


OPEN_SIGN_INS = frozenset({SignInState.WAITING, SignInState.SIGNED_IN})
"""One of these a person, a guild and a purpose."""


@dataclass(frozen=True, slots=True)
class PlexPin:
    """A PIN that Plex has given out; `code` belongs into the address of Plex's page."""

    id: int
    code: str = field(repr=False)
    seconds: float = 900.0
    """For so long somebody can confirm it."""


@dataclass(frozen=True, slots=True)
class PlexAccount:
    """Who has signed in, as Plex names them."""

    id: int
    username: str = field(repr=False, default="")
    email: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class OwnedServer:
    """A media server of an account's own, and the addresses to try, the best one first."""

    machine_identifier: str
    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignIn:
    """One person's sign-in with Plex, as the ledger holds it.

    `code` is the PIN's while it waits; `token` is there from when Plex has said yes until it is
    used. `servers` are the account's own, where the sign-in is for linking one. `invite_id` is the
    request that it proved; until `held_until` its token is kept to accept what Plex sends for that.
    """

    id: int
    guild_id: int
    user_id: int
    purpose: SignInPurpose
    state: SignInState
    pin_id: int
    created_at: datetime
    expires_at: datetime
    code: str | None = field(repr=False, default=None)
    token: str | None = field(repr=False, default=None)
    account: PlexAccount | None = None
    servers: tuple[OwnedServer, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    problem_key: str | None = None
    locale: str = "en"
    invite_id: int | None = None
    held_until: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        """Nobody has confirmed the PIN yet."""
        return self.state is SignInState.WAITING

    @property
    def is_held(self) -> bool:
        """Its token is kept, to accept on Plex for its member."""
        return self.held_until is not None and self.token is not None

    @property
    def is_agreed(self) -> bool:
        """The member wants it kept until the decision, or there is nothing left to decide."""
        return bool(self.details.get(AGREED))


AGREED = "agreed"
"""In the details of a sign-in: its member has agreed that it is held."""
JOINED = "joined_at"
"""When the member has joined the guild, in ISO 8601."""
CODE = "code_id"
"""The code that the member has typed before the sign-in."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A sign-in that has proved a request, as its member sees it.

    Kept until `until`, None when it is not kept any more; `problem_key` is why it could not accept.
    """

    until: datetime | None
    is_agreed: bool = False
    problem_key: str | None = None
