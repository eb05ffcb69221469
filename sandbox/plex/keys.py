"""What opens plex.tv: tokens, and the codes by which a person signs in to get one."""

import time
from collections.abc import Callable

from sandbox.plex.model import Account, Pin, token_for
from sandbox.plex.people import People
from sandbox.plex.refusals import Reason, Refusal

PIN_SECONDS = 15 * 60


class Keys:
    """Tokens and pins. `revoked` says why the owner's tokens are refused; None: they work."""

    def __init__(self, people: People, next_id: Callable[[], int]) -> None:
        self._people = people
        self._next_id = next_id
        self.pins: list[Pin] = []
        self.revoked: Reason | None = None
        self._by_pin: dict[str, int] = {}

    def bearer(self, token: str | None) -> Account:
        """The account that a plex.tv token speaks for."""
        if not token:
            raise Refusal(Reason.NOT_SIGNED_IN)
        signed_in = self._by_pin.get(token)
        known = (a for a in self._people.accounts if a.token == token or a.id == signed_in)
        account = next(known, None)
        if account is None:
            raise Refusal(Reason.UNAUTHENTICATED)
        if account is self._people.owner and self.revoked:
            raise Refusal(self.revoked)
        return account

    def open_pin(self, client: str, product: str, *, strong: bool) -> Pin:
        """A new code for signing in: four characters, or twenty-five when `strong`."""
        number = self._next_id()
        code = token_for(f"pin:{number}") + f"{number:05d}"
        now = time.time()
        pin = Pin(number, code if strong else code[:4], client, product, now, now + PIN_SECONDS)
        self.pins.append(pin)
        return pin

    def pin(self, pin_id: int | str, client: str | None = None) -> Pin:
        """The pin with this id, while it lives; for `client`, only if it opened the pin."""
        for pin in self.pins:
            mine = str(pin.id) == str(pin_id) and client in {None, pin.client}
            if mine and pin.expires_at > time.time():
                return pin
        raise Refusal(Reason.EXPIRED_PIN, str(pin_id))

    def allow_pin(self, pin_id: int, account_id: int) -> Pin:
        """The person with this account signs in through the code."""
        pin = self.pin(pin_id)
        account = self._people.by_id(account_id)
        if account is None:
            raise LookupError(account_id)
        # An app and an account have one token between them (a guess, and the worst case: signing
        # out of one sign-in ends the others).
        pin.token = token_for(f"device:{pin.client}:{account.id}")
        self._by_pin[pin.token] = account.id
        return pin

    def is_known(self, token: str) -> bool:
        """Whether somebody has signed in with this token, and nobody has signed it out."""
        return token in self._by_pin

    def tokens_of(self, account_id: int) -> list[str]:
        """The tokens by which somebody is signed in."""
        return [token for token, holder in self._by_pin.items() if holder == account_id]

    def sign_out(self, token: str) -> None:
        """The token opens nothing any more; one that no sign-in has made stays."""
        self._by_pin.pop(token, None)
