"""Messages that stand in a channel."""

from enum import StrEnum


class PanelKind(StrEnum):
    """Who a panel is for."""

    GET_ACCESS = "get_access"
    """Members: ask for access, or redeem a code."""
    QUEUE = "queue"
    """Reviewers: what waits."""
