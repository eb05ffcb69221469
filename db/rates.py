"""Limits: exact over processes and restarts, in one round trip (`rate_acquire`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.crypto import Keyring

_ACQUIRE = text(
    "SELECT rate_acquire(CAST(:keys AS text[]), CAST(:lims AS int[]), CAST(:wins AS float8[]))"
)
_FORGET = text("DELETE FROM rate_hit WHERE touched < now() - interval '2 days'")


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` hits of `key` within `seconds`; 0 means no limit."""

    key: str
    most: int
    seconds: float


class Rates:
    """The limits of one unit of work.

    A key names a person; what is stored is its keyed hash.
    """

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def acquire(self, limits: Sequence[Limit]) -> float:
        """Take one hit under every key, or none: the seconds to wait, 0 when they were taken."""
        answer = await self._session.execute(
            _ACQUIRE,
            {
                "keys": [self._keyring.blind(limit.key, "rate").hex() for limit in limits],
                "lims": [limit.most for limit in limits],
                "wins": [limit.seconds for limit in limits],
            },
        )
        return float(answer.scalar_one())

    async def forget_old(self) -> None:
        """Delete rows that no window reaches any more."""
        await self._session.execute(_FORGET)
