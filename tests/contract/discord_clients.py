"""Hand-made clients of the sandbox Discord, and a real bot beside it."""

import asyncio
import json
import os
import sys
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.discord import DiscordSandbox

WIRE_BOT = Path(__file__).with_name("wire_bot.py")
GUILDS_AND_MEMBERS = 0b11


@dataclass
class Api:
    """A hand-made client of the REST interface."""

    session: aiohttp.ClientSession
    sandbox: DiscordSandbox

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON and headers of one request, with the bot's token unless another is given."""
        headers = {"Authorization": f"Bot {token or self.sandbox.bot_token}"}
        url = self.sandbox.api_url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None, dict(answer.headers)

    async def control(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Status and JSON of the control interface."""
        url = f"{self.sandbox.base_url}/sandbox/api/{path}"
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None


@dataclass
class Line:
    """A hand-made client of the gateway."""

    socket: aiohttp.ClientWebSocketResponse
    inflate: Any = None
    last: int | None = None
    seen: list[str] = field(default_factory=list)

    async def read(self) -> dict[str, Any]:
        """The next frame; `{"close": code}` when the connection ended."""
        message = await asyncio.wait_for(self.socket.receive(), 5)
        if message.type is aiohttp.WSMsgType.BINARY:
            frame = json.loads(self.inflate.decompress(message.data))
        elif message.type is aiohttp.WSMsgType.TEXT:
            frame = json.loads(message.data)
        else:
            return {"close": self.socket.close_code}
        self.last = frame.get("s") or self.last
        return frame

    async def until(self, event: str) -> dict[str, Any]:
        """Read on to this event and return its payload."""
        while True:
            frame = await self.read()
            assert "close" not in frame, frame
            if frame.get("t"):
                self.seen.append(frame["t"])
            if frame.get("t") == event:
                return dict(frame["d"])

    async def send(self, op: int, data: Any) -> None:
        """Write a frame."""
        await self.socket.send_json({"op": op, "d": data})


@dataclass
class Page:
    """A person's page, read as its own script reads it."""

    web: aiohttp.ClientSession
    origin: str
    headers: dict[str, str]

    @classmethod
    async def open(cls, web: aiohttp.ClientSession, url: str) -> "Page":
        """Open the page at this address."""
        origin, capability = url.split("/#")
        headers = {"X-Simcord-Capability": capability}
        async with web.post(f"{origin}/api/pages", json={}, headers=headers) as answer:
            context = (await answer.json())["context"]["id"]
        return cls(web, origin, {**headers, "X-Simcord-Context": context})

    async def read(self) -> str:
        """The messages that the page shows now, as JSON text."""
        async with self.web.get(f"{self.origin}/api/state", headers=self.headers) as answer:
            return json.dumps((await answer.json())["messages"])

    async def shows(self, text: str, timeout: float = 1.0) -> None:
        """Wait until the page shows this text."""
        async with asyncio.timeout(timeout):
            while text not in await self.read():  # noqa: ASYNC110 - a page is polled
                await asyncio.sleep(0.05)


async def dial(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox, *, squeezed: bool = False
) -> Line:
    """Connect to the gateway and read its hello."""
    compress = "&compress=zlib-stream" if squeezed else ""
    socket = await web.ws_connect(f"{sandbox.gateway_url}?v=10&encoding=json{compress}")
    line = Line(socket, zlib.decompressobj() if squeezed else None)
    assert (await line.read())["op"] == 10
    return line


async def identified(
    web: aiohttp.ClientSession,
    sandbox: DiscordSandbox,
    *,
    intents: int = GUILDS_AND_MEMBERS,
    shard: tuple[int, int] = (0, 1),
    squeezed: bool = False,
) -> tuple[Line, dict[str, Any]]:
    """Connect and identify; the line and READY's payload."""
    line = await dial(web, sandbox, squeezed=squeezed)
    await line.send(2, {"token": sandbox.bot_token, "intents": intents, "shard": list(shard)})
    return line, await line.until("READY")


@asynccontextmanager
async def wire_bot(sandbox: DiscordSandbox) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real discord.py bot in another process, ready to serve."""
    env = {
        **os.environ,
        "HELPR_DISCORD__API_URL": sandbox.api_url,
        "HELPR_DISCORD__GATEWAY_URL": sandbox.gateway_url,
        "HELPR_DISCORD__TOKEN": sandbox.bot_token,
        "HELPR_HOME__REQUEST_CHANNEL_ID": str(sandbox.request_channel_id),
    }
    before = sandbox.gateway.readies
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(WIRE_BOT), env=env, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await sandbox.until(
            lambda: sandbox.gateway.readies > before and sandbox.commands_synced, 20
        )
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def asked(sandbox: DiscordSandbox, line: Line) -> tuple[Any, dict[str, Any]]:
    """Bob's /hello as it reaches the bot, and the task in which he waits."""
    if not sandbox.commands_synced:
        sandbox.backend.register_commands(None, [{"name": "hello", "description": "Hello"}])
    waiting = asyncio.create_task(sandbox.bob.slash(sandbox.world.get_access, "hello"))
    return waiting, await line.until("INTERACTION_CREATE")


def callback(interaction: dict[str, Any]) -> str:
    """Where this interaction is answered."""
    return f"/interactions/{interaction['id']}/{interaction['token']}/callback"


def webhook(interaction: dict[str, Any]) -> str:
    """Where its answer is edited."""
    application, token = interaction["application_id"], interaction["token"]
    return f"/webhooks/{application}/{token}/messages/@original"
