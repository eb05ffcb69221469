"""The whole bot in this process, and a whole Discord that it reaches over HTTP and a WebSocket.

Unlike the acceptance tests' Discord this one can cut lines, lose answers, and end sessions; unlike
the resilience tests' bot this one lives under the test's clock, and its jobs run on demand.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import procrastinate
from stage import opened_queue, words
from story import rows

from bot import compose
from bot.client import HelprBot, point_at
from bot.clock import ShiftedClock
from bot.jobs.queue import WORK
from bot.settings import Settings
from sandbox.discord import DiscordSandbox
from sandbox.plex import PlexSandbox


@dataclass
class Wire:
    """A bot at the end of a line."""

    discord: DiscordSandbox
    plex: PlexSandbox
    house: compose.House
    bot: HelprBot
    queue: procrastinate.App
    clock: ShiftedClock

    # -- what people do --------------------------------------------------------------------------

    async def ask(self, who: Any = None, login: str = "bob@example.org") -> Any:
        """Somebody (Bob) asks for access: the private answer."""
        who = who or self.discord.bob
        shown = await who.slash(self.discord.world.get_access, "invite")
        answer = await who.submit_modal(shown, {"login": login})
        return await self.discord.finished(answer, 10)

    async def press(self, label: str, who: Any = None) -> Any:
        """Somebody (Alice) presses a button of the newest card."""
        return await (who or self.discord.alice).click(self.cards()[-1], label=label)

    async def approve(self) -> None:
        """Alice approves the newest request on its card."""
        await self.press("Approve")
        await self.until_noted("SELECT state FROM invite", [("approved",)])

    async def run_jobs(self) -> None:
        """Run everything that is ready and owed, and what follows from it."""
        for _ in range(6):
            owed = await self.house.services.sweep.sweep()
            await self.queue.run_worker_async(
                queues=[WORK],
                wait=False,
                concurrency=1,
                listen_notify=False,
                install_signal_handlers=False,
                delete_jobs="successful",
            )
            if not owed:
                return

    async def pass_time(self, **by: float) -> None:
        """Time passes, for Discord too, and what is owed by then is done."""
        before = self.clock.now()
        self.clock.advance(**by)
        self.discord.advance((self.clock.now() - before).total_seconds())
        await self.run_jobs()

    # -- what can be seen ------------------------------------------------------------------------

    def cards(self) -> list[Any]:
        """The messages in the request channel, oldest first."""
        return list(self.discord.world.access_requests.history())

    def shown(self) -> list[str]:
        """What each of them says."""
        return [words(card) for card in self.cards()]

    def asked(self, method: str, part: str) -> int:
        """How many requests with this method and this in their path Discord has got."""
        return len(self.discord.requests.select(method, part))

    async def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the ledger."""
        return [tuple(row) for row in await rows(self.house.ledger, sql)]

    async def until(self, condition: Callable[[], Any], seconds: float = 15.0) -> None:
        """Wait for what comes over the line."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - the line sets no event
                await asyncio.sleep(0.02)

    async def until_noted(self, sql: str, answer: list[Any]) -> None:
        """Wait until the ledger says so."""
        async with asyncio.timeout(15):
            while await self.query(sql) != answer:  # noqa: ASYNC110 - the database sets no event
                await asyncio.sleep(0.05)


@asynccontextmanager
async def connected(
    make_settings: Callable[..., Settings], plex: PlexSandbox, clock: ShiftedClock
) -> AsyncIterator[Wire]:
    """Everything started: the bot is ready, its commands are known, Plex is connected."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(DiscordSandbox())
        settings = make_settings(
            discord={
                "token": discord.bot_token,
                "api_url": discord.api_url,
                "gateway_url": discord.gateway_url,
            },
            home={
                "guild_id": discord.guild_id,
                "request_channel_id": discord.request_channel_id,
                "reviewer_role_id": discord.reviewer_role_id,
            },
        )
        point_at(settings.discord)
        house = await stack.enter_async_context(compose.house(settings, clock))
        bot = compose.make_bot(house.services)
        await stack.enter_async_context(bot)
        await bot.login(discord.bot_token)
        # simcord, which is the sandbox's world, answers interactions of its own context itself.
        line = asyncio.create_task(bot.connect(), context=contextvars.Context())
        stack.push_async_callback(_end, line)
        queue = await stack.enter_async_context(opened_queue(house, bot))
        wire = Wire(discord, plex, house, bot, queue, clock)
        await house.services.links.adopt_home()
        # People type here: `/invite` is the form.
        async with house.ledger.begin() as work:
            await work.guilds.set(discord.world.guild.id, sign_in=False)
            await work.commit()
        await wire.run_jobs()
        await wire.until(lambda: bot.is_ready() and discord.commands_synced)
        yield wire


async def _end(line: asyncio.Task[None]) -> None:
    line.cancel()
    await asyncio.gather(line, return_exceptions=True)
