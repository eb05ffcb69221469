"""The world of the demo: one owner, one server, five libraries, and people who have accounts."""

from typing import TYPE_CHECKING

from sandbox.plex.model import Play, Stream

if TYPE_CHECKING:
    from sandbox.plex.world import PlexWorld

LIBRARIES = (
    ("Films", "movie"),
    ("Series", "show"),
    ("Music", "artist"),
    ("Photos", "photo"),
    ("Kids", "movie"),
)
PEOPLE = ("bob", "carol", "dave", "erin", "frank", "grace")
# What the filters of people can name, by type of library.
RATINGS = {"movie": ("G", "PG", "PG-13", "R"), "show": ("TV-Y", "TV-PG", "TV-MA")}
LABELS = {"movie": ("horror", "family"), "show": ("crime",), "artist": ("explicit", "quiet")}
PLAYED = ("Big Buck Bunny", "Tears of Steel", "Sintel")
# 14 November 2023, 22:13:20 UTC: a fixed past, so that two runs show the same.
FIRST_PLAY = 1700000000


def fill(world: "PlexWorld") -> None:
    """Fill an empty world. `bob` is account 2001, the first library section 90000001."""
    for title, kind in LIBRARIES:
        library = world.add_library(title, kind)
        library.ratings += RATINGS.get(kind, ())
        library.labels += LABELS.get(kind, ())
    for name in PEOPLE:
        world.add_account(name, f"{name}@example.org")
    owner = world.owner
    world.streams.append(Stream(owner.id, owner.username, "Sita Sings the Blues"))
    for number, title in enumerate(PLAYED):
        world.plays.append(Play(owner.id, title, FIRST_PLAY + number * 3600))
