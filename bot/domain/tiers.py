"""What a tier may be: names, seats and limits, as people type them."""

import re
import unicodedata

from bot.domain.errors import Refused
from bot.domain.logins import clean_text

NAME_LENGTH = 60
# All tiers of a guild, and those open to members, who choose from one menu of Discord's.
MOST_TIERS = 100
MOST_OPEN = 25
# What Plex allows one owner account.
MOST_SEATS = 100

FLAGS = ("allow_sync", "allow_channels", "allow_camera_upload")
"""What a tier may allow, by its column."""


def read_name(typed: str) -> str:
    """A tier's name, on one line; raises `Refused` (`tier.name_*`)."""
    name = " ".join(clean_text(typed, 10**6, "tier.name_too_long").split())
    if not name:
        raise Refused("tier.name_missing")
    if len(name) > NAME_LENGTH:
        raise Refused("tier.name_too_long", limit=NAME_LENGTH)
    if not any(unicodedata.category(one)[0] in "LNS" for one in name):
        raise Refused("tier.name_missing")
    return name


def read_seats(typed: str) -> int | None:
    """How many seats; None for nothing. Raises `Refused("seats.not_a_number")`."""
    text = typed.strip()
    if not text:
        return None
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= MOST_SEATS:
        raise Refused("seats.not_a_number", typed=text[:NAME_LENGTH], most=MOST_SEATS)
    return int(text)
