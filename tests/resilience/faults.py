"""Faults of Discord and Plex, sprinkled over whatever goes on, the same ones for the same seed."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from scene import Scene

from sandbox import discord, plex

SEED = int(os.environ.get("HELPR_TEST_SEED", "20240229"))

# So many failures wait for their victims at most: each should meet some, and none all of them.
AT_ONCE = 4

SHARING = "POST /api/servers/*/shared_servers"
ON_PLEX: list[dict[str, Any]] = [
    {"kind": "drop_after", "match": SHARING},
    {"kind": "drop_before", "match": SHARING},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "match": SHARING},
    {"kind": "status", "status": 503, "match": SHARING},
    {"kind": "empty", "match": SHARING},
    {"kind": "html", "match": SHARING},
    {"kind": "latency", "seconds": 0.5, "match": SHARING},
    {"kind": "drop_before", "match": "GET *"},
    {"kind": "status", "status": 502, "match": "GET *"},
]
MESSAGES = ["/channels/*/messages", "/channels/*/messages/*", "/webhooks/*/messages/@original"]
ON_DISCORD: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 502, "applied": True},
    {"status": 0},
    {"status": 0, "applied": True},
    {"status": 429, "retry_after": 0.5},
    {"status": None, "delay": 0.5},
]


@asynccontextmanager
async def sprinkled(
    scene: Scene, *, pause: float = 0.4, seed: int = SEED
) -> AsyncIterator[Counter[str]]:
    """While inside, something fails again and again; what and how often is counted."""
    chance = random.Random(seed)  # noqa: S311 - the same faults for the same seed
    ordered: Counter[str] = Counter()

    async def go_on() -> None:
        while True:
            await asyncio.sleep(chance.uniform(0, 2 * pause))
            if len(scene.plex.world.faults) + len(scene.discord.rest.faults.waiting) < AT_ONCE:
                ordered[_order(scene, chance)] += 1

    task = asyncio.create_task(go_on())
    try:
        yield ordered
    finally:
        task.cancel()
        scene.plex.world.faults.clear()
        scene.discord.rest.faults.clear()


def _order(scene: Scene, chance: random.Random) -> str:
    if chance.random() < 0.5:
        fields = chance.choice(ON_PLEX)
        scene.plex.world.faults.add(plex.Fault(times=1, **fields))
        return f"plex {fields['kind']} {fields.get('status', '')}".strip()
    fields = chance.choice(ON_DISCORD)
    path = chance.choice(MESSAGES)
    scene.discord.rest.faults.add(discord.Fault(path=path, times=1, **fields))
    return f"discord {fields['status']}{' applied' if fields.get('applied') else ''}"
