"""The stage, and the check of every request that was made to Discord."""

from collections.abc import AsyncIterator, Callable

import pytest
from stage import Stage, set_the_stage

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.plex import PlexSandbox


@pytest.fixture
async def stage(
    make_settings: Callable[..., Settings], plex: PlexSandbox, clock: ShiftedClock
) -> AsyncIterator[Stage]:
    """A guild with Alice (admin), Rita (reviewer), Bob and Carol (members), connected to Plex."""
    async with set_the_stage(make_settings, plex, clock) as stage:
        yield stage
