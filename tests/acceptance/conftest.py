"""The stage, and the check of every request that was made to Discord."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from stage import Stage, set_the_stage

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.plex import PlexSandbox


@pytest.fixture
async def make_stage(
    make_settings: Callable[..., Settings], plex: PlexSandbox, clock: ShiftedClock
) -> AsyncIterator[Callable[..., Awaitable[Stage]]]:
    """A stage under other settings: `stage = await make_stage(limits={...})`.

    After the test every request that was made to Discord is judged (`discord_openapi`), answers
    have to be private, and no error may have been logged: a test that wants one forgives it.
    """
    async with AsyncExitStack() as stack:
        made: list[Stage] = []

        async def make(**sections: Any) -> Stage:
            stage = await stack.enter_async_context(
                set_the_stage(make_settings, plex, clock, **sections)
            )
            made.append(stage)
            return stage

        yield make
        for stage in made:
            assert stage.complaints() == []
            assert stage.surprises() == []


@pytest.fixture
async def stage(make_stage: Callable[..., Awaitable[Stage]]) -> Stage:
    """A guild with Alice (admin), Rita (reviewer), Bob and Carol (members), connected to Plex."""
    return await make_stage()
