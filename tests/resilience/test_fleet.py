"""Two bots and two workers on one database, while everything around them fails now and then."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import discord
import pytest
from crowd import AGAIN
from faults import SEED, SHARING, sprinkled
from flows import FLOWS, play
from nursery import Nursery
from scene import BEYOND_LEASES, Measured, Person, Place, Scene, open_scene

from sandbox.discord.hooks import born_at
from sandbox.plex import Fault, PlexSandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# It waits for one lease after the other, a minute in all: not for every run.
THOROUGH = os.environ.get("HELPR_TEST_THOROUGH", "") not in {"", "0"}
PEOPLE = 10
# A guild is of a shard by the number of the millisecond in which it was made.
BORN = datetime(2022, 5, 14, 17, 30, 0, 1000, tzinfo=UTC)


@pytest.fixture
async def scene(
    plex: PlexSandbox, own_database_url: str, tmp_path: Path, nursery: Nursery
) -> AsyncIterator[Scene]:
    """A Discord with two shards."""
    async with open_scene(plex, own_database_url, tmp_path, nursery, shards=2) as scene:
        yield scene


def another_guild(scene: Scene) -> Place:
    """A second guild, on the other shard."""
    env = scene.discord.env
    with born_at(env, BORN):
        guild = env.create_guild("Away Media")
        staff = guild.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
        reviewers = guild.create_role("Reviewers")
        get_access = guild.create_text_channel("get-access")
        access_requests = guild.create_text_channel("access-requests")
    assert (guild.id >> 22) % 2 != (scene.home.guild.id >> 22) % 2
    admin = guild.add_member(env.create_user("olga"), roles=[staff])
    return Place(guild, get_access, access_requests, reviewers, admin)


async def go_all_the_way(scene: Scene, person: Person, after: float) -> None:
    """Somebody comes after a while, and gets access."""
    await asyncio.sleep(after)
    for step in FLOWS["invite"].steps:
        await play(scene, step, person, again=AGAIN)


@pytest.mark.skipif(not THOROUGH, reason="a minute: make resilience")
async def test_two_bots_and_two_workers(scene: Scene, measured: Measured) -> None:
    """A fleet whose members are killed, between a Discord and a Plex that fail at random, brings
    every invite of both guilds to its end, once."""
    places = [scene.home, another_guild(scene)]
    bots = [
        await scene.start(
            *("run", "--no-worker", "--shards", str((place.guild.id >> 22) % 2), "--of", "2"),
            hurry=False,
            controlled=False,
            **place.settings(),
        )
        for place in places
    ]
    workers = [
        await scene.start("worker", hurry=False, controlled=False, **place.settings())
        for place in places
    ]
    people = [scene.newcomer(places[number % 2]) for number in range(2 * PEOPLE)]
    began = time.perf_counter()
    async with sprinkled(scene) as ordered:
        lives = [
            asyncio.create_task(go_all_the_way(scene, person, 0.3 * number))
            for number, person in enumerate(people)
        ]
        for victim in (workers[0], bots[1], workers[1], bots[0]):
            await asyncio.sleep(2.0)
            victim.kill()
            await scene.restart(victim, beyond_leases=False)
    await asyncio.gather(*lives)
    struck = f"{ordered.total()} of {len(ordered)} kinds"
    measured(f"Fleet, seed {SEED}: faults", struck)
    await scene.settled(BEYOND_LEASES + 40)
    measured(f"Fleet: {len(people)} people at rest after, s", round(time.perf_counter() - began, 1))
    assert await scene.violations() == [], f"seed {SEED}, {dict(ordered)}"
    assert scene.complaints() == []


async def test_a_dead_workers_work_is_taken_over(scene: Scene, measured: Measured) -> None:
    """What a worker had begun when it died, the other one brings to its end, by itself."""
    await scene.start("run", "--no-worker", hurry=False, controlled=False)
    workers = [await scene.start("worker", hurry=False, controlled=False)]
    person = scene.newcomer()
    await play(scene, FLOWS["invite"].steps[0], person)
    await scene.settled()
    hang = scene.plex.world.faults.add(Fault(match=SHARING, kind="hang", processed=True))
    await FLOWS["invite"].steps[1].act(scene, person)
    await scene.eventually(lambda: scene.share_of(person), "the share")
    workers.append(await scene.start("worker", hurry=False, controlled=False))
    died = time.perf_counter()
    workers[0].kill()
    scene.plex.world.faults.remove(hang)
    await scene.settled(BEYOND_LEASES + 40)
    measured("Worker killed in a share: taken over, s", round(time.perf_counter() - died, 1))
    assert await scene.state_of(person) == "sent"
    assert await scene.violations() == []


async def test_started_twice_by_mistake(scene: Scene) -> None:
    """Two whole bots on one token, which both hear everything, do everything once."""
    for _ in range(2):
        await scene.start(hurry=False, controlled=False)
    people = [scene.newcomer() for _ in range(5)]
    await asyncio.gather(*(go_all_the_way(scene, person, 0) for person in people))
    await scene.settled(BEYOND_LEASES + 40)
    assert await scene.violations() == []
