"""A whole address for staff who ask for it; a member's own data as a file, and being forgotten."""

import io
from typing import Any

import discord
from discord.ext import commands
from discord.ui import File, LayoutView

from bot.client import HelprBot
from bot.tree import Interaction, actor_of
from bot.ui.items.privacy import MyData, ShowAddress
from bot.ui.layout import GREEN, contained, notice, text
from bot.ui.privacy import (
    EXPORT,
    address_panel,
    exported_line,
    forget_panel,
    forgetting_panel,
    my_data_panel,
)


class Privacy(commands.Cog):
    """Who sees what is kept about a person."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(ShowAddress, self.show_address)
        bot.door.on(MyData, self.my_data)

    async def show_address(self, interaction: Interaction, pressed: ShowAddress) -> None:
        """The whole address, to whoever has pressed alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        login = await self._bot.services.privacy.address(actor_of(interaction), pressed.invite_id)
        panel = address_panel(login, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def my_data(self, interaction: Interaction, pressed: MyData) -> None:
        """Look, export, or ask and then forget."""
        t = self._bot.texts_for(interaction)
        match pressed.step:
            case "yes":
                await interaction.response.defer()
                await self._bot.services.forgetting.ask(actor_of(interaction))
                panel = forgetting_panel(t)
            case "export":
                await interaction.response.defer(ephemeral=True, thinking=True)
                await self._export(interaction)
                return
            case "show":
                # An answer of its own: the panel's is edited by whatever news comes meanwhile.
                await interaction.response.defer(ephemeral=True, thinking=True)
                panel = my_data_panel(pressed.invite_id, t)
            case "forget":
                await interaction.response.defer()
                panel = forget_panel(pressed.invite_id, t)
            case _:
                await interaction.response.defer()
                panel = notice(t("Nothing was changed: your data is kept."), colour=GREEN)
        await interaction.edit_original_response(view=panel)

    async def _export(self, interaction: Interaction) -> None:
        content = await self._bot.services.privacy.export(actor_of(interaction))
        said = exported_line(self._bot.texts_for(interaction))
        view: LayoutView = contained(text(said), File(f"attachment://{EXPORT}"), colour=GREEN)
        await interaction.edit_original_response(
            view=view, attachments=[discord.File(io.BytesIO(content), EXPORT)]
        )


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Privacy(bot))
