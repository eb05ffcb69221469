"""Keeps the bot's process in step with the world: ready or not, restarted on request."""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from sandbox.child import Child
from sandbox.discord import DiscordSandbox
from sandbox.discord.control import PREFIX, own_origin

# A first start unpacks a database and migrates it.
READY_SECONDS = 180.0


class BotKeeper:
    """The one bot of a world.

    `failed` says that a ready bot has ended although nobody asked it to; `on_failure` is called
    when that happens.

    `/sandbox/api/bot` answers GET with its state, and POST `{"do": …}` with `start`, `stop`,
    `kill` (as a crash) or `restart` (with `"kill": true` as a crash); start and restart answer
    when the bot is ready.
    """

    def __init__(self, discord_: DiscordSandbox) -> None:
        self.ready = False
        self.failed = False
        self.on_failure: Callable[[], None] = lambda: None
        self._child: Child
        self._discord = discord_
        self._ordered_end = False
        self._lock = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None

    def hire(self, child: Child) -> None:
        """Say which process is the bot, once the world's addresses are known."""
        self._child = child

    async def start(self, *, timeout: float = READY_SECONDS) -> None:
        """Start the bot and wait until it can serve people.

        It can when a session of it is welcomed and commands stand in the world. Raises
        BotFailedError when it ends before that, or takes longer than `timeout` seconds.
        """
        self._ordered_end = self.ready = self.failed = False
        before = self._discord.gateway.readies
        await self._child.start()
        deadline = time.monotonic() + timeout
        while not self._serves(before):
            if not self._child.running:
                raise BotFailedError(f"The bot ended with exit code {self._child.exit_code}.")
            if time.monotonic() > deadline:
                raise BotFailedError(f"The bot was not ready within {timeout:g} seconds.")
            await asyncio.sleep(0.05)
        self.ready = True
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End the bot; nothing of it is left."""
        self._ordered_end, self.ready = True, False
        await self._child.stop()

    async def kill(self) -> None:
        """End the bot as a crash would."""
        self._ordered_end, self.ready = True, False
        await self._child.kill()

    async def restart(self, *, kill: bool = False) -> None:
        """End the bot and start it again in the same world; see `start`."""
        await (self.kill() if kill else self.stop())
        await self.start()

    @property
    def standing(self) -> str:
        """How the bot's process is: `ready`, `starting` or `ended`."""
        if not self._child.running:
            return "ended"
        return "ready" if self.ready else "starting"

    @property
    def pid(self) -> int | None:
        """The bot's process id while it runs."""
        return self._child.pid

    @property
    def tail(self) -> str:
        """The last lines the bot printed."""
        return self._child.tail()

    def routes(self) -> list[web.RouteDef]:
        """The paths of the control interface that concern the bot."""
        return [
            web.get(f"{PREFIX}/bot", own_origin(self._state)),
            web.post(f"{PREFIX}/bot", own_origin(self._command)),
        ]

    async def _watch(self) -> None:
        await self._child.wait()
        if not self._ordered_end:
            self.ready, self.failed = False, True
            self.on_failure()

    def _serves(self, before: int) -> bool:
        gateway = self._discord.gateway
        welcomed = gateway.readies > before and gateway.connected > 0
        return welcomed and self._discord.commands_synced

    async def _state(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(
            {
                "running": self._child.running,
                "ready": self.ready,
                "pid": self.pid,
                "exit_code": self._child.exit_code,
                "tail": self.tail,
            }
        )

    async def _command(self, request: web.Request) -> web.StreamResponse:
        order = await request.json()
        async with self._lock:
            try:
                await self._obey(order["do"], kill=bool(order.get("kill")))
            except (BotFailedError, RuntimeError) as error:
                return web.json_response({"error": str(error)}, status=409)
        return await self._state(request)

    async def _obey(self, order: str, *, kill: bool) -> None:
        match order:
            case "start":
                await self.start()
            case "stop":
                await self.stop()
            case "kill":
                await self.kill()
            case "restart":
                await self.restart(kill=kill)
            case other:
                raise ValueError(f"cannot do {other!r}")


class BotFailedError(Exception):
    """The bot did not come up; the message says how, in a sentence for people."""
