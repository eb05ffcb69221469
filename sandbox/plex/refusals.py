"""Why Plex says no. The rules name a reason; each API has its own words and status for it."""

from enum import StrEnum


class Reason(StrEnum):
    """The reasons both APIs know."""

    NOT_SIGNED_IN = "no token"
    UNAUTHENTICATED = "invalid token"
    DEAUTHORISED = "deauthorised token"
    NO_CLIENT = "no client identifier"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    BAD_BODY = "bad body"
    UNKNOWN_SERVER = "unknown server"
    UNKNOWN_SECTIONS = "unknown sections"
    UNKNOWN_PERSON = "unknown person"
    YOURSELF = "yourself"
    ALREADY_SHARED = "already shared"
    FULL = "full"
    GONE = "gone"
    NOT_ALLOWED = "method not allowed"
    EXPIRED_PIN = "pin not found or expired"


class Refusal(Exception):
    """Plex refuses. `about` is the person or thing the sentence names."""

    def __init__(self, reason: Reason, about: str = "") -> None:
        super().__init__(reason, about)
        self.reason = reason
        self.about = about

    def __str__(self) -> str:
        return f"{self.reason}: {self.about}" if self.about else str(self.reason)
