"""The steps by which a guild is set up."""

from enum import StrEnum


class Step(StrEnum):
    """The steps, in their order. Each can be taken alone at any later time."""

    PLEX = "plex"
    """A Plex server is linked."""
    LIBRARIES = "libraries"
    """The first tier shares something."""
    CHANNEL = "channel"
    """Requests are shown somewhere."""
    REVIEWERS = "reviewers"
    """Who beside the admins may decide; nobody is fine too."""
    ASKING = "asking"
    """What members may do; there is a default."""
    DONE = "done"
    """All at a glance, with a test of what the bot may do."""
