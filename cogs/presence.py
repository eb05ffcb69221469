"""Members come and go: seen at once where Discord tells it, and by looking where it does not."""

from typing import Any

import discord
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.errors import LedgerUnavailable
from bot.log import logger
from bot.tree import Interaction, actor_of
from bot.ui.items.absence import Vouch
from bot.ui.layout import GREEN, notice

log = logger(__name__)


class PresenceCog(commands.Cog, name="Presence"):
    """Who is still there."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(Vouch, self.vouch)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, gone: discord.RawMemberRemoveEvent) -> None:
        """Somebody has left, or was sent away."""
        await self._changed(gone.guild_id, gone.user.id, came=False)

    @commands.Cog.listener()
    async def on_member_join(self, member: discord.Member) -> None:
        """Somebody has come, perhaps again."""
        await self._changed(member.guild.id, member.id, came=True)

    async def _changed(self, guild_id: int, user_id: int, *, came: bool) -> None:
        try:
            await self._bot.services.presence.changed(guild_id, user_id, came=came)
        except LedgerUnavailable:
            # The next look finds it.
            log.info("member.change_not_noted", guild=guild_id)

    async def vouch(self, interaction: Interaction, _pressed: Vouch) -> None:
        """An admin says that those who are missed are really gone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._bot.services.presence.vouch(actor_of(interaction))
        t = self._bot.texts_for(interaction)
        told = t("All right: their access ends when their grace is over.")
        await interaction.edit_original_response(view=notice(told, colour=GREEN))


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(PresenceCog(bot))
