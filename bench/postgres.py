"""A PostgreSQL that can be switched off, hung, and switched on again at the same address.

`python -m bench.postgres FOLDER` is the process whose end the server does not outlive.
"""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import Self

import asyncpg
import psutil

from db.embedded import EmbeddedPostgres

CONNECTED = "SELECT EXISTS (SELECT FROM plex_link WHERE state = 'connected')"
ROOT = Path(__file__).resolve().parents[1]
GLANCE = 0.01
SECONDS_TO_END = 15.0


class Power:
    """The server and its switch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._host: asyncio.subprocess.Process | None = None
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        await self.on()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.resume()
        if self._connection is not None:
            await self._connection.close()
        await self.off()

    async def on(self) -> None:
        """Start it; returns when it takes connections."""
        self._host = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.postgres", str(self._folder)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._host.stdout is not None
        self.url = (await self._host.stdout.readline()).decode().strip()

    async def off(self) -> None:
        """Stop it: connections break at once, nothing answers any more."""
        assert self._host is not None
        family = self._family()
        self._host.kill()
        await self._host.wait()
        async with asyncio.timeout(SECONDS_TO_END):
            while any(map(_is_alive, family)):  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(GLANCE)

    def hang(self) -> None:
        """Let no process of the server go on: connections stay, and say nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    async def befall(self, what: str, seconds: float) -> None:
        """Be `stopped` or `hung` for so long. Stopped for no time at all is a restart."""
        if what == "hung":
            self.hang()
            await asyncio.sleep(seconds)
            self.resume()
        else:
            await self.off()
            await asyncio.sleep(seconds)
            await self.on()

    async def says(self, question: str, *values: object) -> object:
        """The first value that a query gives."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self.url.replace("+asyncpg", ""))
        return await self._connection.fetchval(question, *values)

    def _family(self) -> list[psutil.Process]:
        assert self._host is not None
        return psutil.Process(self._host.pid).children(recursive=True)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _host(folder: str) -> None:
    async with EmbeddedPostgres(Path(folder)) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_host(sys.argv[1]))
