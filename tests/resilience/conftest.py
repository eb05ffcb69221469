"""The scene of this tier: real processes on a database that outlives them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from nursery import Nursery
from scene import Measured, Scene, open_scene

from sandbox.plex import PlexSandbox


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where bots are started from."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
async def scene(
    plex: PlexSandbox, own_database_url: str, tmp_path: Path, nursery: Nursery
) -> AsyncIterator[Scene]:
    """A Discord, a Plex and a database; no bot yet."""
    async with open_scene(plex, own_database_url, tmp_path, nursery) as scene:
        yield scene


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Keep a figure in the test's recorded properties; the end of the run shows it."""

    def keep(name: str, value: object) -> None:
        request.node.user_properties.append((name, value))

    return keep
