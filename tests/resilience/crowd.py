"""People who keep coming, whatever happens meanwhile."""

import asyncio
import time

from flows import FLOWS, play
from scene import Person, Scene

# People who meet a failure try again after this.
AGAIN = 3.0


class Crowd:
    """Somebody comes every `pace` seconds, and goes all the way to access."""

    def __init__(self, scene: Scene, pace: float = 0.25) -> None:
        self._scene = scene
        self._pace = pace
        self._lives: list[asyncio.Task[None]] = []
        self._coming = asyncio.create_task(self._come())

    async def _come(self) -> None:
        while True:
            person = self._scene.newcomer()
            self._lives.append(asyncio.create_task(self._live(person)))
            await asyncio.sleep(self._pace)

    async def _live(self, person: Person) -> None:
        for step in FLOWS["invite"].steps:
            await play(self._scene, step, person, again=AGAIN)

    async def end(self) -> int:
        """Nobody comes any more; wait for those who have, and say how many they were."""
        self._coming.cancel()
        await asyncio.gather(*self._lives)
        await self._scene.settled()
        return len(self._lives)


async def canary(scene: Scene) -> float:
    """Seconds until somebody who comes now is invited on Plex."""
    began = time.perf_counter()
    person = scene.newcomer()
    for step in FLOWS["invite"].steps[:2]:
        await play(scene, step, person, again=1.0)
    return time.perf_counter() - began
