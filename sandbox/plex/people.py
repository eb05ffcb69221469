"""Who has a Plex account, who is a friend of the owner's, and what each person is allowed."""

from collections.abc import Callable

from sandbox.plex.model import Account, SharingSettings, token_for


class People:
    """The accounts plex.tv knows; the first is the owner."""

    def __init__(self, next_id: Callable[[], int]) -> None:
        self._next_id = next_id
        self.owner = Account(1001, "helpr-owner", "owner@example.org", token_for("owner"))
        self.accounts: list[Account] = [self.owner]
        self.friends: set[int] = set()
        self._settings: dict[str, SharingSettings] = {}

    def add(self, username: str, email: str) -> Account:
        """Register a person; names and addresses are theirs alone."""
        if not username.strip() or "@" not in email:
            raise ValueError("a username and an e-mail address are needed")
        if self.find(username) or self.find(email):
            raise ValueError(f"taken: {username} or {email}")
        account = Account(self._next_id(), username, email, token_for(f"account:{email}"))
        self.accounts.append(account)
        if waiting := self._settings.pop(email.casefold(), None):
            self._settings[str(account.id)] = waiting
        return account

    def by_id(self, account_id: int | str) -> Account | None:
        """The account with this id."""
        return next((a for a in self.accounts if str(a.id) == str(account_id)), None)

    def find(self, login: str) -> Account | None:
        """The account with this username or e-mail address."""
        return next((a for a in self.accounts if a.goes_by(login)), None)

    def free_username(self, email: str) -> str:
        """A username nobody has, after the address."""
        stem = email.partition("@")[0] or "guest"
        names = (stem if n == 1 else f"{stem}{n}" for n in range(1, len(self.accounts) + 2))
        return next(name for name in names if not self.find(name))

    def settings_of(self, account: Account | None, invited_email: str = "") -> SharingSettings:
        """The one set of flags and filters this person has with the owner."""
        key = str(account.id) if account else invited_email.casefold()
        return self._settings.setdefault(key, SharingSettings())
