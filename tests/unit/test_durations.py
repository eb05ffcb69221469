"""How long access lasts, as people type it, and what the clocks' changes do to it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.durations import LONGEST, days_later, parse_end, parse_zone
from bot.domain.errors import Refused

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UTC_ZONE = parse_zone("UTC")
BERLIN = parse_zone("Europe/Berlin")
NEW_YORK = parse_zone("America/New_York")


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def end(typed: str, *, now: datetime = NOW, base: datetime = NOW, zone: str = "UTC") -> datetime:
    """The instant that was meant."""
    return parse_end(typed, now=now, base=base, zone=parse_zone(zone))


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("1d", 1),
        ("30d", 30),
        ("30 d", 30),
        (" 30D ", 30),
        ("1 day", 1),
        ("3 days", 3),
        ("2w", 14),
        ("2 weeks", 14),
        ("1 Week", 7),
        ("6 months", 180),
        ("1m", 30),
        ("1y", 365),
        ("2 years", 730),
        ("24h", 1),
        ("48 hours", 2),
    ],
)
def test_amounts(typed: str, days: int) -> None:
    """Amounts are read in every usual way of writing them."""
    assert end(typed) - NOW == timedelta(days=days)


def test_an_amount_counts_on_from_the_present_end() -> None:
    """Not from now."""
    assert end("30d", base=NOW + timedelta(days=10)) == NOW + timedelta(days=40)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("", "unreadable"),
        ("   ", "unreadable"),
        ("30", "unreadable"),
        ("d", "unreadable"),
        ("soon", "unreadable"),
        ("30 parsecs", "unreadable"),
        ("1.5d", "unreadable"),
        ("1,5 d", "unreadable"),
        ("30d and a bit", "unreadable"),
        ("1w 2d", "unreadable"),
        ("1d\n", None),
        ("9999999999d", "unreadable"),
        ("2026/03/31", "unreadable"),
        ("31.03.2026", "unreadable"),
        ("26-03-31", "unreadable"),
        ("2026-3-31", "unreadable"),
        ("2026-03-31T00:00", "unreadable"),
        ("2026-02-30", "no_such_day"),
        ("2026-13-01", "no_such_day"),
        ("2026-00-00", "no_such_day"),
        ("0000-01-01", "no_such_day"),
        ("0d", "not_positive"),
        ("0 hours", "not_positive"),
        ("-1d", "not_positive"),
        ("-999999999 years", "not_positive"),
        ("2025-12-31", "past"),
        ("0001-01-01", "past"),
        ("500 years", "too_long"),
        ("11y", "too_long"),
        ("999999999y", "too_long"),
        ("999999999h", "too_long"),
        ("2036-12-31", "too_long"),
        ("9999-12-31", "too_long"),
    ],
)
@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
)
def test_what_cannot_be(typed: str, key: str | None, zone: str) -> None:
    """Every refusal names its reason, in every zone."""
    if key is None:
        assert end(typed, zone=zone) > NOW
        return
    with pytest.raises(Refused) as caught:
        end(typed, zone=zone)
    assert caught.value.key == f"duration.{key}"


def test_ten_years_at_most() -> None:
    """From now, wherever the counting began."""
    assert end("3660d") == NOW + LONGEST
    with pytest.raises(Refused, match=r"duration\.too_long"):
        end("3661d")
    with pytest.raises(Refused, match=r"duration\.too_long"):
        end("3650d", base=NOW + timedelta(days=30))


def test_a_long_text_is_not_repeated_whole() -> None:
    """What a sentence quotes stays short."""
    with pytest.raises(Refused) as caught:
        end("x" * 4000)
    assert len(str(caught.value.params["typed"])) <= 60


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("UTC", "2026-03-02T00:00"),
        ("Europe/Berlin", "2026-03-01T23:00"),
        ("America/New_York", "2026-03-02T05:00"),
        ("Asia/Kolkata", "2026-03-01T18:30"),
        ("Pacific/Kiritimati", "2026-03-01T10:00"),
        ("Pacific/Pago_Pago", "2026-03-02T11:00"),
    ],
)
def test_a_date_is_the_end_of_that_day(zone: str, instant: str) -> None:
    """Where the guild is at home."""
    assert end("2026-03-01", zone=zone) == at(instant)


def test_today_is_a_date() -> None:
    """While the day is not over where the guild is at home; in the evening in Samoa it is."""
    assert end("2026-01-02") == at("2026-01-03T00:00")
    assert end("2026-01-01", zone="Pacific/Pago_Pago") == at("2026-01-02T11:00")
    with pytest.raises(Refused, match=r"duration\.past"):
        end("2026-01-01", zone="Europe/Berlin")


def test_a_leap_day() -> None:
    """It is a day in the years that have it."""
    assert end("2028-02-29") == at("2028-03-01T00:00")
    with pytest.raises(Refused, match=r"duration\.no_such_day"):
        end("2027-02-29")


# -- the nights in which the clocks change ------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "begun", "ended"),
    [
        # Clocks go forward in Berlin on 29 March 2026 at 2:00, back on 25 October at 3:00.
        (BERLIN, "2026-03-28T19:00", "2026-03-29T18:00"),
        (BERLIN, "2026-10-24T18:00", "2026-10-25T19:00"),
        # In New York on 8 March at 2:00, and on 1 November at 2:00.
        (NEW_YORK, "2026-03-07T17:00", "2026-03-08T16:00"),
        (NEW_YORK, "2026-10-31T16:00", "2026-11-01T17:00"),
    ],
)
def test_a_day_across_a_change_of_the_clocks(zone: object, begun: str, ended: str) -> None:
    """The same time of day: the day has 23 or 25 hours."""
    assert days_later(at(begun), 1, zone) == at(ended)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "begun", "ended"),
    [
        # 2:30 in the morning, which the next day does not have: taken as 3:30.
        (BERLIN, "2026-03-28T01:30", "2026-03-29T01:30"),
        (NEW_YORK, "2026-03-07T07:30", "2026-03-08T07:30"),
        # 2:30 (1:30 in New York), which the next day has twice: the first of them.
        (BERLIN, "2026-10-24T00:30", "2026-10-25T00:30"),
        (NEW_YORK, "2026-10-31T05:30", "2026-11-01T05:30"),
        # From the second 2:30 of such a night on, a day later there is only one.
        (BERLIN, "2026-10-25T01:30", "2026-10-26T01:30"),
        (NEW_YORK, "2026-11-01T06:30", "2026-11-02T06:30"),
    ],
)
def test_times_that_a_night_has_not_or_twice(zone: object, begun: str, ended: str) -> None:
    """Such a night ends access once, at an instant that exists."""
    assert days_later(at(begun), 1, zone) == at(ended)  # type: ignore[arg-type]


def test_the_same_time_of_day_half_a_year_on() -> None:
    """30 days and 180 days end at the hour at which they began."""
    begun = at("2026-01-10T11:00")
    for days in (30, 180, 365):
        later = days_later(begun, days, BERLIN).astimezone(BERLIN)
        assert (later.hour, later.minute) == (12, 0)


def test_hours_are_hours() -> None:
    """24 hours across a change of the clocks are 24 hours."""
    begun = at("2026-03-28T19:00")
    assert end("24h", now=begun, base=begun, zone="Europe/Berlin") == at("2026-03-29T19:00")
    assert end("1d", now=begun, base=begun, zone="Europe/Berlin") == at("2026-03-29T18:00")


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Europe/Berlin", "2026-03-28", "2026-03-28T23:00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T22:00"),
        ("Europe/Berlin", "2026-10-24", "2026-10-24T22:00"),
        ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00"),
        ("America/New_York", "2026-03-07", "2026-03-08T05:00"),
        ("America/New_York", "2026-03-08", "2026-03-09T04:00"),
        ("America/New_York", "2026-10-31", "2026-11-01T04:00"),
        ("America/New_York", "2026-11-01", "2026-11-02T05:00"),
        # Midnight itself is jumped over in Santiago on 6 September 2026: the day begins at 1:00.
        ("America/Santiago", "2026-09-05", "2026-09-06T04:00"),
    ],
)
def test_the_end_of_a_day_with_a_change_of_the_clocks(zone: str, day: str, instant: str) -> None:
    """Midnight of the right side."""
    assert end(day, zone=zone) == at(instant)


@given(
    seconds=st.integers(0, 100 * 365 * 86400),
    days=st.integers(1, 3660),
    zone=st.sampled_from([UTC_ZONE, BERLIN, NEW_YORK, parse_zone("Australia/Lord_Howe")]),
)
def test_days_are_as_long_as_days(seconds: int, days: int, zone: object) -> None:
    """However the clocks change, so many days are that long to within two hours."""
    start = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    length = days_later(start, days, zone) - start  # type: ignore[arg-type]
    assert abs(length - timedelta(days=days)) <= timedelta(hours=2)
    assert length > timedelta(0)


@given(typed=st.text(max_size=80))
def test_any_text_is_read_or_refused(typed: str) -> None:
    """Nothing but `Refused` comes out of nonsense, and what is read lies in the future."""
    try:
        found = end(typed, zone="Europe/Berlin")
    except Refused as refusal:
        key = refusal.key
    else:
        key = "duration.read"
        assert NOW < found <= NOW + LONGEST
    assert key.startswith("duration.")


# -- zones --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Europe/Berlin", " UTC ", "America/New_York"])
def test_zones(name: str) -> None:
    """Zones are known by their IANA names."""
    assert str(parse_zone(name)) == name.strip()


@pytest.mark.parametrize(
    "name", ["", "Berlin", "Europe/", "../../etc/passwd", "/etc/passwd", "x" * 500, "UTC+1", "a\0b"]
)
def test_no_zones(name: str) -> None:
    """Anything else is refused, whatever the file system thinks of it."""
    with pytest.raises(Refused, match=r"zone\.unknown"):
        parse_zone(name)
