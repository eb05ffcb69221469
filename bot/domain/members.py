"""A member's own side: why somebody is missed, and what somebody with access may ask for."""

from enum import StrEnum


class Absence(StrEnum):
    """Why access is about to end although nobody has ended it."""

    LEFT = "left"
    """The member is not in the guild any more."""
    ROLE = "role"
    """The role of the member's tier was taken away."""


class WishKind(StrEnum):
    """What a member with access asks for."""

    TIME = "time"
    TIER = "tier"


class WishState(StrEnum):
    """What became of it."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """By the member, or because the access has ended."""
