"""Even spacing of requests, by owner account."""

from aiolimiter import AsyncLimiter


class Paces:
    """Gives each link its pace, and links of one owner account the same one.

    One request each `seconds`, because a bucket of more lets a burst through at its start:
    AsyncLimiter(5, 1) let 9 requests pass in its first second. 0 means no pace.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._of_owner: dict[int, AsyncLimiter] = {}

    def new(self) -> AsyncLimiter | None:
        """A pace for a link whose owner is not known yet."""
        return AsyncLimiter(1, self._seconds) if self._seconds > 0 else None

    def of_owner(self, account_id: int, present: AsyncLimiter | None) -> AsyncLimiter | None:
        """The pace of an account; `present` becomes it if the account has none yet."""
        if present is None:
            return None
        return self._of_owner.setdefault(account_id, present)
