"""Codes: what they look like, what they are worth, and what a wrong one is answered with."""

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Refused

# No 0 O, 1 I L, and no U: 30 characters that nobody mixes up, 4.9 bits each.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS, GROUP = 5, 4
"""Five groups of four characters: 98 bits."""
LEAST_CHOSEN, MOST_CHOSEN = 8, 40
"""Letters and digits of a code that an admin chooses."""
MOST_TYPED = 80
LABEL_LENGTH = 60
MOST_USES = 100_000

# Wrong tries, by person and by guild, that are taken within so many seconds.
WRONG_BY_PERSON, PERSON_SECONDS = 5, 600.0
WRONG_IN_GUILD, GUILD_SECONDS = 50, 3600.0
# From this many within an hour on the admins are told.
BURST = 15

LONGEST_LINK = timedelta(days=7)
"""Discord lets no invite last longer, unless for ever."""


class CodeState(StrEnum):
    """Whether a code still opens anything."""

    VALID = "valid"
    USED_UP = "used_up"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Code:
    """A code without its words, which nobody can read back. `tier_id` None: the default tier.

    `uses_most` None: as often as people like. `discord_code` is the Discord invite that it travels
    with, which ends by itself at `discord_expires_at`.
    """

    id: int
    guild_id: int
    created_by: int
    created_at: datetime
    tier_id: int | None = None
    label: str = ""
    is_chosen: bool = False
    skips_approval: bool = True
    uses: int = 0
    uses_most: int | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    discord_code: str | None = None
    discord_expires_at: datetime | None = None

    def state(self, now: datetime) -> CodeState:
        """What it is worth now."""
        if self.revoked_at is not None:
            return CodeState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return CodeState.EXPIRED
        if self.uses_most is not None and self.uses >= self.uses_most:
            return CodeState.USED_UP
        return CodeState.VALID


@dataclass(frozen=True, slots=True)
class Wish:
    """A code as an admin asks for it, as typed; `chosen` empty: one is made."""

    uses: int = 1
    expires: str = ""
    tier: str = ""
    skips_approval: bool = True
    label: str = ""
    chosen: str = field(repr=False, default="")


def new_code() -> str:
    """A code that nobody can guess, in groups that can be read out."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def normal(typed: str) -> str:
    """What counts of a code as typed: letters and digits, whatever their case and width.

    Spaces, dashes and what cannot be seen do not count. Empty for what can be no code at all.
    """
    if len(typed) > MOST_TYPED:
        return ""
    text = unicodedata.normalize("NFKC", typed).casefold()
    return "".join(character for character in text if not _is_nothing(character))


def _is_nothing(character: str) -> bool:
    return unicodedata.category(character) in {"Zs", "Pd", "Cf", "Cc"}


def tidy(typed: str) -> str:
    """A chosen code as it is shown and sent: what was typed, with plain spaces and dashes."""
    kinds = {"Zs": " ", "Pd": "-", "Cf": "", "Cc": " "}
    plain = "".join(kinds.get(unicodedata.category(one), one) for one in typed)
    return " ".join(plain.split()).strip(" -")


def choose(typed: str) -> str:
    """A code of an admin's own, normalised; raises `Refused` (`code.*`)."""
    text = normal(typed)
    if not text.isalnum() and text:
        raise Refused("code.letters")
    if len(text) < LEAST_CHOSEN:
        raise Refused("code.too_long" if len(typed) > MOST_TYPED else "code.too_short",
                      least=LEAST_CHOSEN, most=MOST_CHOSEN)  # fmt: skip
    if len(text) > MOST_CHOSEN:
        raise Refused("code.too_long", most=MOST_CHOSEN)
    return text


_DEAD: dict[CodeState, str] = {
    CodeState.USED_UP: "code.used_up",
    CodeState.EXPIRED: "code.expired",
    CodeState.REVOKED: "code.revoked",
}


def refusal(code: Code | None, now: datetime) -> str | None:
    """The key of what somebody reads who has typed this code; None when it is good.

    What is wrong with a generated code is told: nobody can have guessed it, so whoever types it had
    it in hand. Of a chosen one nothing is told, not even that it ever was one.
    """
    if code is None:
        return "code.wrong"
    state = code.state(now)
    if state is CodeState.VALID:
        return None
    return "code.wrong" if code.is_chosen else _DEAD[state]
