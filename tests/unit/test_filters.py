"""Filters: between what people type and Plex's own form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plexapi.myplex import MyPlexAccount

from bot.domain.durations import parse_days
from bot.domain.errors import Refused
from bot.domain.filters import KINDS, ContentFilter, Field, as_known, read_filter
from bot.domain.tiers import read_name, read_seats

VALUE = st.from_regex(r"[A-Za-z0-9 &'.()-]{1,20}", fullmatch=True).map(
    lambda text: " ".join(text.split())
)
VALUES = st.lists(VALUE.filter(bool), max_size=5, unique_by=str.casefold)


@given(ratings=VALUES, labels=VALUES)
def test_what_is_typed_becomes_what_plexapi_would_send(
    ratings: list[str], labels: list[str]
) -> None:
    """Plex's form is PlexAPI's own, and reads back as what was typed."""
    wanted = read_filter({"ratings": ", ".join(ratings), "not_labels": "\n".join(labels)}).wanted
    theirs = {"contentRating": ratings, "label!": labels}
    filled = {name: values for name, values in theirs.items() if values}
    written = MyPlexAccount._filterDictToStr(None, filled)  # type: ignore[no-untyped-call]  # untyped library
    assert wanted.stored == written
    assert ContentFilter.parse(wanted.stored) == wanted


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    """Nothing but a refusal comes of any text, and what is read can be stored and read again."""
    try:
        wanted = read_filter(dict.fromkeys(KINDS[:1], text)).wanted
    except Refused:
        return
    assert ContentFilter.parse(wanted.stored) == wanted


def test_quotes_insist_and_may_hold_spaces() -> None:
    """A value in quotes is taken as it is, also in a person's own curly ones."""
    read = read_filter({"labels": 'kids, “Not There”; x\n"PG14"', "ratings": ""})
    assert read.wanted.labels == ("kids", "Not There", "x", "PG14")
    assert read.insisted == {"Not There", "PG14"}


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ({"labels": "a|b"}, "filter.unwritable"),
        ({"labels": "50%"}, "filter.unwritable"),
        ({"labels": '"a,b"'}, "filter.unwritable"),
        ({"labels": "x" * 101}, "filter.too_long"),
        ({"labels": ",".join(map(str, range(51)))}, "filter.too_many"),
        ({"ratings": "g", "not_ratings": "G"}, "filter.both_ways"),
    ],
)
def test_what_plex_cannot_filter_by_is_refused(typed: dict[str, str], key: str) -> None:
    """Each has a refusal of its own."""
    with pytest.raises(Refused) as caught:
        read_filter(typed)
    assert caught.value.key == key


def test_an_unknown_form_is_left_alone() -> None:
    """What Plex may hold beside ratings and labels is not taken for nothing."""
    assert ContentFilter.parse("genre=Horror") is None
    assert ContentFilter.parse("") == ContentFilter()
    assert ContentFilter.parse("label=a,b") == ContentFilter(labels=("a", "b"))


def test_values_are_spelt_as_plex_spells_them() -> None:
    """Case does not matter to a person; what Plex does not know stays as typed."""
    known = {Field.RATING: frozenset({"PG", "pg"}), Field.LABEL: frozenset({"Kids"})}
    spelt = as_known(ContentFilter(ratings=("PG", "pg"), labels=("KIDS", "new")), known)
    assert spelt == ContentFilter(ratings=("PG", "pg"), labels=("Kids", "new"))


@pytest.mark.parametrize(
    ("typed", "days"),
    [("", None), (" 30 ", 30), ("30d", 30), ("2 weeks", 14), ("6 months", 180), ("1y", 365)],
)
def test_days_as_people_type_them(typed: str, days: int | None) -> None:
    """An amount of days, or nothing for no end."""
    assert parse_days(typed) == days


@pytest.mark.parametrize(
    "typed", ["-1", "0", "2027-03-31", "5 hours", "soon", "99999", "٣ دقائق", "1.5d"]
)
def test_days_that_make_no_sense(typed: str) -> None:
    """Hours, zero, words and eternities are refused."""
    with pytest.raises(Refused, match=r"duration\."):
        parse_days(typed)


def test_names_and_seats() -> None:
    """Names are one line with something to read; seats a whole number up to Plex's own limit."""
    assert read_name("  Fa\u200bmily \n\n 🎬 ") == "Family 🎬"
    for bad in ("", "  ", "\u202e", "---", "x" * 61):
        with pytest.raises(Refused, match=r"tier\.name"):
            read_name(bad)
    assert (read_seats(""), read_seats(" 7 "), read_seats("100")) == (None, 7, 100)
    for bad in ("0", "-1", "101", "7.5", "٣٣٣", "many"):
        with pytest.raises(Refused, match=r"seats\.not_a_number"):
            read_seats(bad)
