"""Inside the measured bot: a command that does nothing, and one that tells how the loop fared."""

import asyncio
from typing import Any

from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.people import Budget, Right, Rule
from bot.tree import Interaction, rule

TICK = 0.005


class Probe(commands.Cog):
    """`/noop` and `/stall`, behind the same gate as every command."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._ticker: asyncio.Task[None] | None = None

    async def cog_load(self) -> None:
        """Begin to watch the loop."""
        self._ticker = asyncio.create_task(self._tick())

    async def cog_unload(self) -> None:
        """Watch no longer."""
        if self._ticker is not None:
            self._ticker.cancel()

    async def _tick(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            before = clock()
            await asyncio.sleep(TICK)
            self._longest = max(self._longest, clock() - before - TICK)

    @rule(Rule(Right.MEMBER, Budget.ALL))
    @app_commands.command(name="noop", description="Does nothing")
    async def noop(self, interaction: Interaction) -> None:
        """Acknowledge, and that is all."""
        await interaction.response.defer(ephemeral=True, thinking=True)

    @rule(Rule(Right.MEMBER, Budget.ALL))
    @app_commands.command(name="stall", description="The longest stall since the last time")
    async def stall(self, interaction: Interaction) -> None:
        """Answer with seconds, and begin anew."""
        longest, self._longest = self._longest, 0.0
        await interaction.response.send_message(f"{longest:.6f}", ephemeral=True)


async def setup(bot: HelprBot) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Probe())


def seconds_in(result: Any) -> float:
    """What `/stall` answered."""
    return float(result.response.content)
