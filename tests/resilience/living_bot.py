"""The real bot as a process of its own, between a Discord and a Plex, on its embedded database."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from discord_openapi import validate
from simcord.components import walk_components

from db.embedded import place
from sandbox.discord import DiscordSandbox
from sandbox.plex import PlexSandbox

ROOT = Path(__file__).resolve().parents[2]


class LivingBot:
    """`python -m bot run`, started, stopped and killed as often as a test likes."""

    def __init__(self, discord: DiscordSandbox, plex: PlexSandbox, folder: Path) -> None:
        self.discord, self.plex = discord, plex
        self.data = folder / "data"
        self._folder = folder
        self._log = folder / "log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process of the last start."""
        assert self._process is not None
        return self._process

    def _env(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HELPR_DATA_DIR": str(self.data),
            "HELPR_DISCORD__TOKEN": self.discord.bot_token,
            "HELPR_DISCORD__API_URL": self.discord.api_url,
            "HELPR_DISCORD__GATEWAY_URL": self.discord.gateway_url,
            "HELPR_PLEX__TV_URL": self.plex.base_url,
            "HELPR_PLEX__SECONDS_BETWEEN_CALLS": "0",
            "HELPR_HOME__GUILD_ID": str(self.discord.guild_id),
            "HELPR_HOME__PLEX_URL": self.plex.base_url,
            "HELPR_HOME__PLEX_TOKEN": self.plex.owner_token,
            "HELPR_HOME__REQUEST_CHANNEL_ID": str(self.discord.request_channel_id),
            "HELPR_HOME__REVIEWER_ROLE_ID": str(self.discord.reviewer_role_id),
            "HELPR_RECONCILE__INTERVAL": "1",
            "HELPR_HTTP__PORT": "0",
            "HELPR_LOG__FORMAT": "json",
        }

    async def start(self) -> None:
        """Start it and wait until it serves."""
        before = self.discord.gateway.readies
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"),
                cwd=self._folder,
                env=self._env(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await self.discord.until(
            lambda: self.discord.gateway.readies > before and self.discord.commands_synced, 40
        )

    def family(self) -> list[psutil.Process]:
        """Every process that the bot has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    async def kill(self) -> None:
        """Kill the bot, and it alone; what it has started has to end by itself."""
        family = self.family()
        assert any("postgres" in process.name() for process in family)
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await eventually(lambda: not any(map(alive, family)))

    async def stop(self) -> int:
        """Ask it to stop; the exit code."""
        family = self.family()
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            code = await self.process.wait()
        await eventually(lambda: not any(map(alive, family)))
        return code

    async def end(self) -> None:
        """Leave nothing behind, whatever became of the test."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def complaints(self) -> list[str]:
        """What Discord would say against anything that it was asked, and what nobody has built."""
        asked = self.discord.requests
        wrong = [said for one in asked for said in validate(one.method, one.path, one.body)]
        return wrong + [str(gap) for gap in self.discord.rest.gaps]

    def log(self) -> list[dict[str, Any]]:
        """Every line that it has logged."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    async def query(self, sql: str) -> list[Any]:
        """Ask its database."""
        found = place.find(self.data / "postgres")
        assert found is not None
        connection = await asyncpg.connect(found.url.replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    async def until_noted(self, sql: str) -> None:
        """Wait until its database finds something."""
        async with asyncio.timeout(20):
            while not await self.query(sql):  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.05)

    # -- what people do ----------------------------------------------------------------------

    async def ask(self, login: str = "bob@example.org") -> Any:
        """Bob asks for access: his private answer."""
        discord = self.discord
        await self.query("UPDATE guild SET sign_in = false WHERE sign_in")
        shown = await discord.bob.slash(discord.world.get_access, "invite")
        answer = await discord.bob.submit_modal(shown, {"login": login})
        return await discord.finished(answer, 10)

    def cards(self) -> list[Any]:
        """The messages in the request channel."""
        return list(self.discord.world.access_requests.history())

    async def card(self, *, shows: str = "") -> Any:
        """The one card, once it shows this."""
        await self.discord.until(lambda: self.cards() and shows in words(self.cards()[-1]), 30)
        [card] = self.cards()
        return card

    async def approve(self) -> None:
        """Alice presses Approve on the card."""
        await self.discord.alice.click(await self.card(), label="Approve")


def words(message: Any) -> str:
    """All that a person reads in a message."""
    raw = [item if isinstance(item, dict) else item.to_dict() for item in message.components]
    return "\n".join(str(c["content"]) for c in walk_components(raw) if c.get("content"))


def alive(process: psutil.Process) -> bool:
    """Whether a process still runs (one that nobody reaps does not)."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for what other processes do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.05)
