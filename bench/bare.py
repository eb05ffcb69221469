"""The smallest discord.py bot: what a start and the memory of Helpr are compared with."""

import asyncio
import os

import discord
import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route


async def main() -> None:
    """Log in, connect, and say on /readyz when that is done."""
    Route.BASE = os.environ["HELPR_DISCORD__API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["HELPR_DISCORD__GATEWAY_URL"])
    client = discord.Client(intents=discord.Intents(guilds=True))

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(status=200 if client.is_ready() else 503)

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(os.environ["HELPR_HTTP__PORT"])).start()
    async with client:
        await client.start(os.environ["HELPR_DISCORD__TOKEN"])


if __name__ == "__main__":
    asyncio.run(main())
