"""A Discord, a Plex, and bots between them, each a process of its own."""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import psutil

from sandbox.child import Child
from sandbox.discord import DiscordSandbox
from sandbox.plex import PlexSandbox, PlexWorld

ROOT = Path(__file__).resolve().parents[1]
HELPR = (sys.executable, "-m", "bot", "run")
WORKER = (sys.executable, "-m", "bot", "worker")
PROBED = (sys.executable, "-m", "bench.launcher", "run")
BARE = (sys.executable, "-m", "bench.bare")
PATIENCE = 60.0
SEATS = 10_000
GLANCE = 0.002
LOOK = 0.02


class CannotMeasure(Exception):
    """Something that has to work before it can be measured does not; the text says what."""


class Bot:
    """A running bot process, ready `seconds_to_ready` after its start.

    `busy_to_ready` is the processor time of that: what a start costs however busy the machine is.
    PostgreSQL's processes count for neither it nor `resident`.
    """

    def __init__(self, pid: int, seconds_to_ready: float) -> None:
        self._process = psutil.Process(pid)
        self.seconds_to_ready = seconds_to_ready
        times = self._process.cpu_times()
        self.busy_to_ready = float(times.user + times.system)

    @property
    def resident(self) -> float:
        """Megabytes of memory that it holds."""
        return float(self._process.memory_info().rss / 1e6)

    def suspend(self) -> None:
        """Let it stand still."""
        self._process.suspend()

    def resume(self) -> None:
        """Let it go on."""
        self._process.resume()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()


class Stage:
    """A Discord with people in it and a Plex, both in this process."""

    def __init__(self, folder: Path, discord_: DiscordSandbox, plex: PlexSandbox) -> None:
        self.discord = discord_
        self.plex = plex
        self.folder = folder

    @asynccontextmanager
    async def bot(
        self, command: tuple[str, ...] = HELPR, data: str = "data", **settings: str
    ) -> AsyncIterator[Bot]:
        """A bot with its data in the folder `data`, ready; ended afterwards."""
        port = _free_port()
        child = Child(
            command,
            {**_environment(), **self._settings(data, port), **settings},
            log=self.folder / "bot.log",
            cwd=self.folder,
        )
        started = time.perf_counter()
        await child.start()
        try:
            pid = await _ready(child, f"http://127.0.0.1:{port}/readyz")
            yield Bot(pid, time.perf_counter() - started)
        except (CannotMeasure, TimeoutError) as trouble:
            raise CannotMeasure(f"{trouble}; the bot's last words:\n{child.tail()}") from None
        finally:
            await child.stop()

    def _settings(self, data: str, port: int) -> dict[str, str]:
        discord_, plex = self.discord, self.plex
        return {
            "HELPR_DISCORD__TOKEN": discord_.bot_token,
            "HELPR_DISCORD__API_URL": discord_.api_url,
            "HELPR_DISCORD__GATEWAY_URL": discord_.gateway_url,
            "HELPR_PLEX__TV_URL": plex.base_url,
            "HELPR_DATA_DIR": str(self.folder / data),
            "HELPR_HOME__GUILD_ID": str(discord_.guild_id),
            "HELPR_HOME__PLEX_URL": plex.base_url,
            "HELPR_HOME__PLEX_TOKEN": plex.owner_token,
            "HELPR_HOME__REQUEST_CHANNEL_ID": str(discord_.request_channel_id),
            "HELPR_HTTP__PORT": str(port),
            # The one who presses all the buttons here is no person.
            **dict.fromkeys(
                (
                    "HELPR_LIMITS__INVITE_PER_MINUTE",
                    "HELPR_LIMITS__INVITE_PER_HOUR",
                    "HELPR_LIMITS__ALL_PER_HOUR",
                    "HELPR_LIMITS__ALL_PER_DAY",
                ),
                "0",
            ),
        }


@asynccontextmanager
async def set_the_stage() -> AsyncIterator[Stage]:
    """Everything but the bot, gone afterwards."""
    async with AsyncExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(prefix="helpr-bench-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        plex = await stack.enter_async_context(PlexSandbox(PlexWorld.demo()))
        plex.world.seat_limit = SEATS
        discord_ = await stack.enter_async_context(DiscordSandbox())
        yield Stage(folder, discord_, plex)


async def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> float:
    """Wait for something; returns when it was seen. Raises CannotMeasure after `patience` s."""
    end = time.perf_counter() + patience
    while not condition():
        if time.perf_counter() > end:
            raise CannotMeasure(f"{what} did not happen within {patience:g} s")
        await asyncio.sleep(GLANCE)
    return time.perf_counter()


async def until_so(
    condition: Callable[[], Awaitable[object]], what: str, patience: float = PATIENCE
) -> float:
    """The same for a question that takes a while."""
    end = time.perf_counter() + patience
    while not await condition():
        if time.perf_counter() > end:
            raise CannotMeasure(f"{what} did not happen within {patience:g} s")
        await asyncio.sleep(LOOK)
    return time.perf_counter()


async def _ready(child: Child, address: str) -> int:
    """Ask /readyz until it says yes; returns the process id."""
    end = time.perf_counter() + PATIENCE
    async with aiohttp.ClientSession() as web:
        while child.pid is not None and time.perf_counter() < end:
            if await _says_yes(web, address):
                return child.pid
            await asyncio.sleep(0.01)
    raise CannotMeasure("the bot does not come up")


async def _says_yes(web: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with web.get(address) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


def _environment() -> dict[str, str]:
    """This process's, without settings of Helpr's, and with this source tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HELPR_")}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
