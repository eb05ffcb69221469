"""Differences between the ledger and Plex that a comparison finds and does not touch."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DriftKind(StrEnum):
    """What differs."""

    LIBRARIES = "libraries"
    """Somebody changed a share's libraries or settings by hand."""
    UNKNOWN = "unknown"
    """Plex shares with somebody whom the ledger does not know; can be imported."""
    UNWANTED = "unwanted"
    """Plex shares with somebody whose access is suspended."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference, as the last comparison saw it.

    `name` is the account's name on Plex, for admins only; `member_id` is whose invite it is about.
    `section_ids` are what Plex gives. `id` is 0 until it is stored.
    """

    link_id: int
    kind: DriftKind
    share_id: int
    since: datetime
    invite_id: int | None = None
    member_id: int | None = None
    account_id: int | None = None
    name: str = field(repr=False, default="")
    is_accepted: bool = False
    section_ids: frozenset[int] = frozenset()
    id: int = 0
