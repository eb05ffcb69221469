"""The channel for review cards, and what keeps Helpr from showing them there."""

from dataclasses import dataclass
from enum import StrEnum


class ChannelProblem(StrEnum):
    """Why cards have nowhere to go."""

    UNSET = "unset"
    """Nobody has named a channel."""
    GONE = "gone"
    """It was deleted."""
    HIDDEN = "hidden"
    """Helpr may not see it."""
    SILENT = "silent"
    """Helpr may not post in it."""
    LOCKED = "locked"
    """It is a thread that was locked, or closed in a way that Helpr cannot undo."""


@dataclass(frozen=True, slots=True)
class RequestChannel:
    """A guild's channel for review cards, as Discord shows it to the bot now.

    `missing` are the permissions that the bot lacks there, by Discord's names in its API.
    `is_public`: everybody in the guild sees it.
    """

    id: int | None
    problem: ChannelProblem | None = None
    missing: tuple[str, ...] = ()
    is_public: bool = False

    @property
    def can_be_had(self) -> bool:
        """Whether posting there is worth a try."""
        return self.problem not in {ChannelProblem.UNSET, ChannelProblem.GONE}
