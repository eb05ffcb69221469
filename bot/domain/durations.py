"""How long access lasts, as people type it: `30d`, `2 weeks`, `2027-03-31`."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.errors import Refused

LONGEST = timedelta(days=3660)
"""Ten years: longer is a slip of the finger, and access without an end is another thing."""

_AMOUNT = re.compile(r"(?P<n>-?\d{1,9})\s*(?P<unit>[a-z]+)", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAYS = {"d": 1, "day": 1, "w": 7, "week": 7, "m": 30, "month": 30, "y": 365, "year": 365}
_HOURS = {"h": 1, "hour": 1}


def parse_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; raises `Refused("zone.unknown")`."""
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("zone.unknown", zone=name.strip()[:60]) from None


def parse_days(typed: str) -> int | None:
    """A number of days (`30`, `30d`, `2 weeks`, `6 months`); None for nothing: without an end.

    Raises `Refused` (`duration.*`).
    """
    text = typed.strip()
    if not text:
        return None
    match = _AMOUNT.fullmatch(f"{text}d" if re.fullmatch(r"-?\d{1,9}", text) else text)
    unit = match["unit"].casefold() if match is not None else ""
    single = unit if len(unit) == 1 else unit.removesuffix("s")
    if match is None or single not in _DAYS:
        raise Refused("duration.not_days", typed=text[:60])
    days = int(match["n"]) * _DAYS[single]
    if days <= 0:
        raise Refused("duration.not_positive")
    if days > LONGEST.days:
        raise Refused("duration.too_long")
    return days


def parse_end(typed: str, *, now: datetime, base: datetime, zone: ZoneInfo) -> datetime:
    """The instant that was meant: an amount counts on from `base`, a date is the end of that day.

    Days are the calendar's in `zone`, so that access ends at the same time of day on both sides of
    a change of the clocks; hours are hours. Raises `Refused` (`duration.*`) for what is unreadable,
    zero, negative, in the past, or further away than `LONGEST`.
    """
    text = typed.strip()
    if _DATE.fullmatch(text):
        end = _end_of_day(text, now, zone)
    elif (match := _AMOUNT.fullmatch(text)) is not None:
        end = _later(base, int(match["n"]), match["unit"].casefold(), zone)
    else:
        raise Refused("duration.unreadable", typed=text[:60])
    if end <= now:
        raise Refused("duration.past")
    if end - now > LONGEST:
        raise Refused("duration.too_long")
    return end


def parse_past(typed: str, *, now: datetime, zone: ZoneInfo, whole_day: bool = False) -> datetime:
    """The instant that was meant: so long ago, or the start of a day in `zone`.

    `whole_day`: the end of that day instead. Raises `Refused` (`past.*` and `duration.*`).
    """
    text = typed.strip()
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=whole_day)
            return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))
        span = _span(text)
    except OverflowError:
        raise Refused("past.too_far") from None
    except ValueError:
        raise Refused("duration.no_such_day", typed=text) from None
    if span > LONGEST:
        raise Refused("past.too_far")
    return now - span


def _span(text: str) -> timedelta:
    match = _AMOUNT.fullmatch(text)
    unit = match["unit"].casefold() if match else ""
    single = unit if len(unit) == 1 else unit.removesuffix("s")
    if match is None or (single not in _DAYS and single not in _HOURS):
        raise Refused("past.unreadable", typed=text[:60])
    amount = int(match["n"])
    if amount <= 0:
        raise Refused("duration.not_positive")
    if single in _HOURS:
        return timedelta(hours=amount)
    return timedelta(days=amount * _DAYS[single])


def _end_of_day(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused("duration.no_such_day", typed=text) from None
    # Before the zone is asked, as the first and the last day of the calendar have no neighbour.
    if day < now.date() - timedelta(days=2):
        raise Refused("duration.past")
    if day > now.date() + LONGEST:
        raise Refused("duration.too_long")
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(ZoneInfo("UTC"))


def _later(base: datetime, amount: int, unit: str, zone: ZoneInfo) -> datetime:
    single = unit if len(unit) == 1 else unit.removesuffix("s")
    if single not in _DAYS and single not in _HOURS:
        raise Refused("duration.unreadable", typed=f"{amount} {unit}"[:60])
    if amount <= 0:
        raise Refused("duration.not_positive")
    try:
        if single in _HOURS:
            return base + timedelta(hours=amount)
        return days_later(base, amount * _DAYS[single], zone)
    except OverflowError:
        raise Refused("duration.too_long") from None


def days_later(base: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day in `zone`, so many days on.

    A time that the clocks jump over is taken as an hour later, one that comes twice as the first.
    """
    local = base.astimezone(zone)
    moved = datetime.combine(local.date() + timedelta(days=days), local.time(), zone)
    return moved.astimezone(ZoneInfo("UTC"))
