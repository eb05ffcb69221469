"""The one clock. Everything that asks what time it is gets it from here, in UTC."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class ShiftedClock(Clock):
    """Real time moved by an offset: lets a rehearsal or a test live through days."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """The present instant plus the offset."""
        return super().now() + self.offset

    def advance(self, **by: float) -> None:
        """Move on by `timedelta(**by)`, for example `advance(minutes=20)`."""
        self.offset += timedelta(**by)
