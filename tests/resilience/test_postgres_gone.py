"""PostgreSQL is restarted, stopped and hung under load: the bot comes back, and nothing is lost."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from crowd import Crowd, canary
from nursery import Nursery
from scene import Measured, Scene, open_scene

from bench.postgres import Power
from sandbox.plex import PlexSandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# Regularly at most five seconds; with HELPR_TEST_LONG=1 also a minute.
LONG = os.environ.get("HELPR_TEST_LONG", "") not in {"", "0"}


@pytest.fixture
async def power(tmp_path: Path) -> AsyncIterator[Power]:
    """The database's own server."""
    async with Power(tmp_path / "postgres") as power:
        yield power


@pytest.fixture
async def scene(
    plex: PlexSandbox, power: Power, tmp_path: Path, nursery: Nursery
) -> AsyncIterator[Scene]:
    """A scene on a database that can be switched off, with a bot as in production."""
    async with open_scene(plex, power.url, tmp_path, nursery) as scene:
        await scene.start(hurry=False, controlled=False)
        yield scene


SHORT = [[("stopped", 1.0), ("hung", 5.0)]]
LONGER = [[("stopped", 0.0), ("stopped", 5.0)], [("stopped", 60.0)], [("hung", 60.0)]]


@pytest.mark.parametrize("faults", SHORT + LONGER if LONG else SHORT, ids=str)
async def test_postgres_goes_away_under_load(
    scene: Scene, power: Power, faults: list[tuple[str, float]], measured: Measured
) -> None:
    """However long PostgreSQL is away, the bot and its worker go on by themselves when it is back,
    every request ends as it should, and none is sent twice."""
    await canary(scene)
    crowd = Crowd(scene, pace=0.8)
    for what, seconds in faults:
        await asyncio.sleep(2.0)
        await power.befall(what, seconds)
        name = f"PostgreSQL {what} for {seconds:g} s"
        measured(f"{name}: next invite after, s", round(await canary(scene), 1))
    back = time.perf_counter()
    people = await crowd.end()
    measured(f"{name}: {people} people at rest after, s", round(time.perf_counter() - back, 1))
    assert await scene.violations() == []
    assert scene.complaints() == []
