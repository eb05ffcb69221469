"""Signing in with Plex by a PIN."""

from enum import StrEnum


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
