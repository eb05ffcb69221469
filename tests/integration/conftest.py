"""The story of this tier: a house on its own database, connected to a sandbox Plex."""

from collections.abc import Callable
from typing import Any

import pytest
from story import Story

from bot import compose
from bot.clock import ShiftedClock
from sandbox.plex import PlexSandbox


@pytest.fixture
def unconnected(house: compose.House, plex: PlexSandbox, clock: ShiftedClock) -> Story:
    """A house whose guild is not connected to Plex yet."""
    return Story(house, plex, clock)


@pytest.fixture
async def story(unconnected: Story) -> Story:
    """A guild that is connected; Plex has not been asked anything since."""
    await unconnected.connect()
    return unconnected


@pytest.fixture
async def impatient(
    open_house: Callable[..., Any], plex: PlexSandbox, clock: ShiftedClock
) -> Story:
    """A connected guild whose Plex is given up after a second."""
    settings = {"tv_url": plex.base_url, "seconds_between_calls": 0, "deadline": 1}
    story = Story(await open_house(plex=settings), plex, clock)
    await story.connect()
    return story
