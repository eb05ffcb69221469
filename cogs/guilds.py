"""The bot comes to a guild, is there, leaves it."""

from typing import Any

import aiohttp
import discord
from discord.ext import commands

from bot.client import HelprBot
from bot.i18n import texts
from bot.log import logger
from bot.ui.setup import greeting

log = logger(__name__)


class Guilds(commands.Cog):
    """Keeps the ledger's guilds those that the bot is in."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """Every guild of the shard is known now, those that were joined while away included."""
        ids = [guild.id for guild in self._bot.guilds if guild.shard_id == shard_id]
        count = self._bot.shard_count or 1
        guilds = self._bot.services.guilds
        new = await guilds.unknown(ids)
        await guilds.shard_ready(shard_id, count, ids)
        for guild_id in new:
            if (guild := self._bot.get_guild(guild_id)) is not None:
                await self._greet(guild)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Added to a guild, perhaps again."""
        await self._bot.services.guilds.present([guild.id])
        await self._greet(guild)

    async def _greet(self, guild: discord.Guild) -> None:
        """One message where the server reads notices, once; silence where that is not allowed."""
        settings = await self._bot.services.guilds.greet(guild.id, guild.preferred_locale.value)
        channel = guild.system_channel
        if settings is None or channel is None:
            return
        if not channel.permissions_for(guild.me).send_messages:
            return
        try:
            await channel.send(view=greeting(texts(settings.locale)))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("guild.not_greeted", guild=guild.id, error=type(error).__name__)

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
