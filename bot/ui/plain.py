"""Making what people typed harmless: shown as text, formatting nothing, pinging nobody."""

import re
import unicodedata
from datetime import datetime

from bot.domain.logins import without_addresses

# Discord takes a backslash before any of these as "this character, as it is".
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~@:&/])")


# Invisible signs that turn the direction of what follows, names and sentences alike.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_APART, _TOGETHER = "\u2068", "\u2069"


def plain(text: str) -> str:
    """`text` so that Discord shows exactly these characters.

    What is written from right to left stands apart, so that the sentence around a name in Arabic
    or Hebrew keeps its order.
    """
    escaped = _MARKUP.sub(r"\\\1", _TURNS.sub("", text))
    if any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in escaped):
        return f"{_APART}{escaped}{_TOGETHER}"
    return escaped


def short(text: str, limit: int = 60) -> str:
    """The same of a name that may be of any length."""
    return plain(text if len(text) <= limit else text[: limit - 1] + "…")


def quoted(text: str) -> str:
    """`text` as a quotation, harmless and without e-mail addresses."""
    return "\n".join(f"> {plain(line)}" for line in without_addresses(text).splitlines())


def relative(instant: datetime) -> str:
    """A Discord timestamp such as "2 hours ago", in each reader's own zone."""
    return f"<t:{int(instant.timestamp())}:R>"


def day(instant: datetime) -> str:
    """A Discord timestamp of the day, in each reader's own zone and language."""
    return f"<t:{int(instant.timestamp())}:D>"


def mention(user_id: int) -> str:
    """A user's mention; with allowed_mentions none it pings nobody.

    It stands apart: the name that Discord puts there may be written from right to left.
    Somebody who was forgotten (an id below 0) is nobody any more.
    """
    bare = bare_mention(user_id)
    return f"{_APART}{bare}{_TOGETHER}" if user_id >= 0 else bare


def bare_mention(user_id: int) -> str:
    """The same without a sentence around it, as a file has it."""
    return f"<@{user_id}>" if user_id >= 0 else "👤"
