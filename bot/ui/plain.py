"""Making what people typed harmless: shown as text, formatting nothing, pinging nobody."""

import re
from datetime import datetime

from bot.domain.logins import without_addresses

# Discord takes a backslash before any of these as "this character, as it is".
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~@:&/])")


def plain(text: str) -> str:
    """`text` so that Discord shows exactly these characters."""
    return _MARKUP.sub(r"\\\1", text)


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

    Somebody who was forgotten (an id below 0) is nobody any more.
    """
    return f"<@{user_id}>" if user_id >= 0 else "👤"
