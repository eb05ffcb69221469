"""`/panel`: messages that stand in a channel."""

from typing import Any

import discord
from discord import Permissions, app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.panels import PanelKind
from bot.domain.people import Right, Rule
from bot.tree import Interaction, actor_of, rule
from bot.ui.layout import GREEN, notice

ADMIN = Rule(Right.ADMIN)
KINDS = [
    app_commands.Choice(name="Get access, for members", value=PanelKind.GET_ACCESS.value),
    app_commands.Choice(name="Waiting requests, for reviewers", value=PanelKind.QUEUE.value),
]
Place = discord.TextChannel | discord.Thread


class Panels(
    commands.GroupCog, group_name="panel", group_description="Messages that stand in a channel"
):
    """Post one, take one away."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot

    @rule(ADMIN)
    @app_commands.command(name="post", description="Post a panel that stays in a channel")
    @app_commands.describe(kind="For whom it is", channel="Where; here if you name none")
    @app_commands.choices(kind=KINDS)
    async def post(
        self,
        interaction: Interaction,
        kind: app_commands.Choice[str],
        channel: Place | None = None,
    ) -> None:
        """A panel is wanted; its job posts it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, t = actor_of(interaction), self._bot.texts_for(interaction)
        place = await self._bot.look_at(actor.guild_id, _where(interaction, channel))
        panel = await self._bot.services.panels.post(actor, PanelKind(kind.value), place)
        said = t(
            "The panel appears in {channel} in a moment. If somebody deletes it, I post it again;"
            " /panel remove takes it away.",
            channel=f"<#{panel.channel_id}>",
        )
        await interaction.edit_original_response(view=notice(said, colour=GREEN))

    @rule(ADMIN)
    @app_commands.command(name="remove", description="Take a panel away")
    @app_commands.describe(kind="For whom it is", channel="Where it stands; here if you name none")
    @app_commands.choices(kind=KINDS)
    async def remove(
        self,
        interaction: Interaction,
        kind: app_commands.Choice[str],
        channel: Place | None = None,
    ) -> None:
        """A panel is not wanted any more; its job deletes the message."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        t = self._bot.texts_for(interaction)
        panel = await self._bot.services.panels.remove(
            actor_of(interaction), PanelKind(kind.value), _where(interaction, channel)
        )
        said = t("I take the panel in {channel} away.", channel=f"<#{panel.channel_id}>")
        await interaction.edit_original_response(view=notice(said, colour=GREEN))

    @commands.Cog.listener()
    async def on_raw_message_delete(self, deleted: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted, perhaps a panel."""
        await self._deleted(deleted.guild_id, {deleted.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, deleted: discord.RawBulkMessageDeleteEvent) -> None:
        """Many were deleted at once."""
        await self._deleted(deleted.guild_id, deleted.message_ids)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted, and its panels with it."""
        await self._bot.services.panels.channel_deleted(channel.guild.id, channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        """The same for a thread, which discord.py may not know."""
        await self._bot.services.panels.channel_deleted(thread.guild_id, thread.thread_id)

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """A new session: what was deleted before it began nobody has told."""
        ids = [guild.id for guild in self._bot.guilds if guild.shard_id == shard_id]
        await self._bot.services.panels.look(ids)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Added to a guild, perhaps again."""
        await self._bot.services.panels.look([guild.id])

    async def _deleted(self, guild_id: int | None, message_ids: set[int]) -> None:
        if guild_id is not None:
            await self._bot.services.panels.messages_deleted(guild_id, message_ids)


def _where(interaction: Interaction, channel: Place | None) -> int:
    return channel.id if channel is not None else interaction.channel_id or 0


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    cog = Panels(bot)
    if cog.app_command is not None:
        cog.app_command.guild_only = True
        cog.app_command.default_permissions = Permissions(manage_guild=True)
    await bot.add_cog(cog)
