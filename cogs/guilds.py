"""The bot comes to a guild, is there, leaves it."""

from typing import Any

import discord
from discord.ext import commands

from bot.client import HelprBot


class Guilds(commands.Cog):
    """Keeps the ledger's guilds those that the bot is in."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """Every guild of the shard is known now, those that were joined while away included."""
        ids = [guild.id for guild in self._bot.guilds if guild.shard_id == shard_id]
        count = self._bot.shard_count or 1
        await self._bot.services.guilds.shard_ready(shard_id, count, ids)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Added to a guild, perhaps again."""
        await self._bot.services.guilds.present([guild.id])

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Removed from a guild: nothing is shown there any more, nothing is forgotten."""
        await self._bot.services.guilds.left(guild.id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted, perhaps that of the cards."""
        await self._bot.services.showing.channel_deleted(channel.guild.id, channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        """The same for a thread, which discord.py may not know."""
        await self._bot.services.showing.channel_deleted(thread.guild_id, thread.thread_id)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Guilds(bot))
