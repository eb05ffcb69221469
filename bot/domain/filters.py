"""What a tier keeps from people: ratings and labels, between what is typed and Plex's own form.

Plex's form is `contentRating=G%2CPG|label!=horror`: parts divided by `|`, values by `%2C`, as
PlexAPI writes it. Nothing else in it is encoded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import Refused
from bot.domain.logins import clean_text

# A value, and all values of one kind.
VALUE_LENGTH = 100
MOST_VALUES = 50
# As long as Discord lets a field be.
TYPED_LENGTH = 4000
# As much of a value as a refusal repeats.
REPEATED = 60
# What divides Plex's form cannot be part of a value.
_UNWRITABLE = re.compile(r"[|%=\x00-\x1f]")
_QUOTED = re.compile(r'["“”„](.*?)["“”]', re.DOTALL)


class Media(StrEnum):
    """What is filtered; the value ends the name of the tier's column."""

    MOVIES = "movies"
    TELEVISION = "television"
    MUSIC = "music"

    @property
    def library_type(self) -> str:
        """Plex's type of the libraries that hold it."""
        return {"movies": "movie", "television": "show", "music": "artist"}[self.value]


class Field(StrEnum):
    """What is looked at, by Plex's name."""

    RATING = "contentRating"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class ContentFilter:
    """Only what has one of `ratings` and one of `labels`, and nothing that is `not_` allowed.

    An empty tuple filters nothing.
    """

    ratings: tuple[str, ...] = ()
    not_ratings: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    not_labels: tuple[str, ...] = ()

    @classmethod
    def parse(cls, stored: str) -> "ContentFilter | None":
        """Plex's form; None for one that holds more than ratings and labels."""
        found: dict[str, tuple[str, ...]] = {}
        for part in filter(None, stored.split("|")):
            name, _, values = part.partition("=")
            if name not in _PARTS or name in found:
                return None
            found[name] = tuple(filter(None, re.split(r"%2C|,", values, flags=re.IGNORECASE)))
        return cls(**{_PARTS[name]: values for name, values in found.items()})

    @property
    def stored(self) -> str:
        """Plex's form."""
        parts = {name: getattr(self, ours) for name, ours in _PARTS.items()}
        return "|".join(f"{name}={'%2C'.join(values)}" for name, values in parts.items() if values)

    def values_of(self, field: Field) -> frozenset[str]:
        """All values of a field, allowed or blocked."""
        if field is Field.RATING:
            return frozenset({*self.ratings, *self.not_ratings})
        return frozenset({*self.labels, *self.not_labels})


_PARTS = {
    "contentRating": "ratings",
    "contentRating!": "not_ratings",
    "label": "labels",
    "label!": "not_labels",
}
KINDS = tuple(_PARTS.values())
"""The fields of a `ContentFilter`, in the order of Plex's form."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed for a filter. `insisted`: values in quotes, taken as they are."""

    wanted: ContentFilter
    insisted: frozenset[str] = frozenset()


def read_filter(typed: dict[str, str]) -> Typed:
    """The fields of a form, each values with commas between them; raises `Refused` (`filter.*`).

    A value in quotes is meant exactly so, also if Plex does not know it.
    """
    insisted: set[str] = set()
    read: dict[str, tuple[str, ...]] = {}
    for kind in KINDS:
        values = []
        for value, is_quoted in _split(
            clean_text(typed.get(kind, ""), TYPED_LENGTH, "filter.too_much")
        ):
            if is_quoted:
                insisted.add(value)
            values.append(_checked(value))
        unique = tuple(dict.fromkeys(values))
        if len(unique) > MOST_VALUES:
            raise Refused("filter.too_many", most=MOST_VALUES)
        read[kind] = unique
    wanted = ContentFilter(**read)
    for allowed, blocked in (
        (wanted.ratings, wanted.not_ratings),
        (wanted.labels, wanted.not_labels),
    ):
        if both := _folded(allowed) & _folded(blocked):
            raise Refused("filter.both_ways", typed=min(both))
    return Typed(wanted, frozenset(insisted))


def _folded(values: Iterable[str]) -> set[str]:
    return {value.casefold() for value in values}


def _split(text: str) -> Iterable[tuple[str, bool]]:
    """Values with commas or line breaks between them, and whether each stands in quotes."""
    rest = text
    while rest.strip(" ,;\n\t"):
        rest = rest.lstrip(" ,;\n\t")
        if quoted := _QUOTED.match(rest):
            value, rest = quoted[1], rest[quoted.end() :]
            if value.strip():
                yield " ".join(value.split()), True
            continue
        value, _, rest = rest.replace("\n", ",").partition(",")
        if value.strip():
            yield " ".join(value.split()), False


def _checked(value: str) -> str:
    if len(value) > VALUE_LENGTH:
        raise Refused("filter.too_long", typed=value[:REPEATED], most=VALUE_LENGTH)
    if _UNWRITABLE.search(value) or "," in value:
        raise Refused("filter.unwritable", typed=value[:REPEATED])
    return value


def as_known(wanted: ContentFilter, known: dict[Field, frozenset[str]]) -> ContentFilter:
    """The same values, spelt as Plex spells them."""

    def spelt(values: tuple[str, ...], field: Field) -> tuple[str, ...]:
        by_fold = {one.casefold(): one for one in sorted(known.get(field, ()))}
        there = known.get(field, frozenset())
        return tuple(v if v in there else by_fold.get(v.casefold(), v) for v in values)

    return ContentFilter(
        spelt(wanted.ratings, Field.RATING),
        spelt(wanted.not_ratings, Field.RATING),
        spelt(wanted.labels, Field.LABEL),
        spelt(wanted.not_labels, Field.LABEL),
    )
