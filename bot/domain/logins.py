"""What a person types to name their Plex account, and a word to the admins."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

from bot.domain.errors import Refused

LOGIN_LENGTH = 254
NOTE_LENGTH = 300
REASON_LENGTH = 300

# Plex does not publish its rule. These are the characters its sign-up form has been seen to take;
# what Plex itself refuses comes back as PlexRefused.
_USERNAME = re.compile(r"[^\W_](?:[\w.+-]{0,58}[\w])?")
_EMAIL_IN_TEXT = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+")
# Kept because emoji are joined with them.
_JOINERS = {"\u200d", "\ufe0f"}


class LoginKind(StrEnum):
    """Plex's invite field takes either."""

    EMAIL = "email"
    USERNAME = "username"


@dataclass(frozen=True, slots=True)
class Login:
    """An e-mail address or a Plex username, as it is sent to Plex."""

    kind: LoginKind
    value: str = field(repr=False)

    @property
    def lookup(self) -> str:
        """The form in which two spellings of one login are equal."""
        return unicodedata.normalize("NFKC", self.value).casefold()

    @property
    def masked(self) -> str:
        """`b***@example.org` for an address; a username as it is."""
        if self.kind is LoginKind.USERNAME:
            return self.value
        name, _, host = self.value.rpartition("@")
        return f"{name[:1]}***@{host}"


def parse_login(text: str) -> Login:
    """Read what was typed; raises `Refused` (`login.*`) with the reason."""
    value = unicodedata.normalize("NFC", text).strip()
    if not value:
        raise Refused("login.empty")
    if len(value) > LOGIN_LENGTH:
        raise Refused("login.too_long", limit=LOGIN_LENGTH)
    if any(unicodedata.category(character) in {"Cf", "Cc", "Co", "Cn"} for character in value):
        raise Refused("login.invisible")
    if "@" in value:
        return _email(value)
    if not _USERNAME.fullmatch(value):
        raise Refused("login.username_wrong")
    return Login(LoginKind.USERNAME, value)


def _email(value: str) -> Login:
    try:
        checked = validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        raise Refused("login.email_wrong") from None
    return Login(LoginKind.EMAIL, checked.normalized)


def clean_text(text: str, limit: int, key: str) -> str:
    """`text` without invisible and direction-changing characters; raises `Refused(key)` if long."""
    kept = [
        character
        for character in unicodedata.normalize("NFC", text)
        if character == "\n" or character in _JOINERS or unicodedata.category(character)[0] != "C"
    ]
    cleaned = re.sub(r"\n{3,}", "\n\n", "".join(kept)).strip()
    if len(cleaned) > limit:
        raise Refused(key, limit=limit)
    return cleaned


def without_addresses(text: str) -> str:
    """`text` with every e-mail address masked, for a channel that others read."""
    return _EMAIL_IN_TEXT.sub(lambda found: f"{found[0][:1]}***@***", text)
