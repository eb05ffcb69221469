"""Sealing and blind look-ups: what is personal or secret never lies open in the database.

AES-256-GCM with the row and column as associated data, so that a ciphertext moved to another
row does not open. Beside it a keyed HMAC-SHA256 finds a value without opening any.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_ID_BYTES = 4
NONCE_BYTES = 12


class CannotOpen(Exception):
    """A sealed value was made with a key that is not at hand, or was tampered with."""


class _Key:
    """One operator's key, split by purpose so that sealing and look-up never share key material."""

    def __init__(self, secret: str) -> None:
        self.id = hashlib.sha256(b"helpr key id\0" + secret.encode()).digest()[:KEY_ID_BYTES]
        self.cipher = AESGCM(_derive(secret, b"helpr seal"))
        self.blind = _derive(secret, b"helpr blind")


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())


class Keyring:
    """Several keys, newest first: the first one seals, every one opens.

    A sealed value is `key id (4) + nonce (12) + ciphertext and tag`.
    """

    def __init__(self, secrets_newest_first: Sequence[str]) -> None:
        if not secrets_newest_first:
            raise ValueError("a keyring needs at least one key")
        self._keys = [_Key(secret) for secret in secrets_newest_first]
        self._by_id = {key.id: key for key in reversed(self._keys)}

    def seal(self, text: str, where: str) -> bytes:
        """Encrypt `text`; `where` is `table:row:column` and has to be given again to open it."""
        key = self._keys[0]
        nonce = os.urandom(NONCE_BYTES)
        return key.id + nonce + key.cipher.encrypt(nonce, text.encode(), where.encode())

    def open(self, sealed: bytes, where: str) -> str:
        """Decrypt what `seal` made; raises `CannotOpen`."""
        key = self._by_id.get(sealed[:KEY_ID_BYTES])
        if key is None:
            raise CannotOpen(f"{where} was sealed with a key that HELPR_SECRET_KEY does not hold")
        nonce, body = sealed[KEY_ID_BYTES:][:NONCE_BYTES], sealed[KEY_ID_BYTES + NONCE_BYTES :]
        try:
            return key.cipher.decrypt(nonce, body, where.encode()).decode()
        except (InvalidTag, ValueError):
            # ValueError: too short to hold a nonce.
            raise CannotOpen(f"{where} does not open: it was changed or moved") from None

    def blind(self, text: str, purpose: str) -> bytes:
        """The look-up value of `text` (32 bytes) under the newest key."""
        return self.blinds(text, purpose)[0]

    def blinds(self, text: str, purpose: str) -> list[bytes]:
        """The look-up values under every key, newest first, for rows from before a rotation."""
        message = f"{purpose}\0{text}".encode()
        return [hmac.digest(key.blind, message, "sha256") for key in self._keys]


def kept_secret(path: Path) -> str:
    """The secret in `path`, made once with mode 0600.

    Several processes may come first at once: the file appears whole or not at all, and whoever
    loses the race reads the winner's. Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - the mode has to be right from the first instant
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
