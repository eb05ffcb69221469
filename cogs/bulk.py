"""The buttons of a bulk action: how far it is, stop, what became of it."""

import io
from typing import Any

import discord
from discord.ext import commands

from bot.client import HelprBot
from bot.tree import Interaction, actor_of
from bot.ui.bulk import bulk_panel, result_file
from bot.ui.items.bulk import ResultFile, StopBulk


class BulkActions(commands.Cog):
    """What an admin does with a bulk action."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(StopBulk, self.stop)
        bot.door.on(ResultFile, self.result)

    async def stop(self, interaction: Interaction, pressed: StopBulk) -> None:
        """Stop; what Plex was asked for is finished."""
        await interaction.response.defer()
        progress = await self._bot.services.bulk.stop(actor_of(interaction), pressed.bulk_id)
        panel = bulk_panel(progress, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def result(self, interaction: Interaction, pressed: ResultFile) -> None:
        """What became of each, as a file that nobody else sees."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        bulk, items = await self._bot.services.bulk.results(actor_of(interaction), pressed.bulk_id)
        name, data = result_file(bulk, items, self._bot.texts_for(interaction))
        await interaction.edit_original_response(attachments=[discord.File(io.BytesIO(data), name)])


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(BulkActions(bot))
