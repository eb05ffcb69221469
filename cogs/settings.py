"""`/settings`: everything that an admin may set for the server."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.guild_settings import SETTINGS, Kind
from bot.domain.numbers import number_of
from bot.domain.people import Right, Rule
from bot.services.settings import SettingView
from bot.tree import Interaction, actor_of, in_time, rule
from bot.ui.items.base import ids_and_values
from bot.ui.items.settings import (
    ChooseSetting,
    PickSetting,
    ResetSetting,
    ShowSettings,
    TypeSetting,
)
from bot.ui.modals.settings import SettingForm
from bot.ui.settings import change_modal, setting_page, settings_panel

ADMIN = Rule(Right.ADMIN)


class Settings(commands.Cog):
    """One panel, and a page for each setting."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(PickSetting, self.pick)
        bot.door.on(ShowSettings, self.show_all)
        bot.door.on(TypeSetting, self.ask_value)
        bot.door.on(SettingForm, self.typed)
        bot.door.on(ChooseSetting, self.chosen)
        bot.door.on(ResetSetting, self.reset)

    @rule(ADMIN)
    @app_commands.command(name="settings", description="See and change how I work here")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def settings(self, interaction: Interaction) -> None:
        """Show all settings."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show_all(interaction)

    async def show_all(self, interaction: Interaction, _pressed: ShowSettings) -> None:
        """Back from a page to all settings."""
        await interaction.response.defer()
        await self._show_all(interaction)

    async def pick(self, interaction: Interaction, _pressed: PickSetting) -> None:
        """Show the page of one setting."""
        await interaction.response.defer()
        [key] = ids_and_values(interaction)[:1] or [""]
        view = await self._bot.services.settings.one(actor_of(interaction), key)
        await self._show(interaction, view)

    async def ask_value(self, interaction: Interaction, pressed: TypeSetting) -> None:
        """Open the form, filled with what holds now."""
        async with in_time():
            view = await self._bot.services.settings.one(actor_of(interaction), pressed.key)
        modal = change_modal(view, self._bot.texts_for(interaction))
        await interaction.response.send_modal(modal)

    async def typed(self, interaction: Interaction, form: SettingForm) -> None:
        """Something was typed."""
        await interaction.response.defer()
        settings, given = self._bot.services.settings, [form.values.get("value", "")]
        view = await settings.change(actor_of(interaction), form.key, given)
        await self._show(interaction, view, saved=True)

    async def chosen(self, interaction: Interaction, pressed: ChooseSetting) -> None:
        """A channel, roles or a value was chosen; a channel is looked at first."""
        await interaction.response.defer()
        actor, given, place = actor_of(interaction), ids_and_values(interaction), None
        if given and SETTINGS[pressed.key].kind is Kind.CHANNEL:
            place = await self._bot.look_at(actor.guild_id, number_of(given[0]))
        view = await self._bot.services.settings.change(actor, pressed.key, given, place)
        await self._show(interaction, view, saved=True)

    async def reset(self, interaction: Interaction, pressed: ResetSetting) -> None:
        """Back to the default."""
        await interaction.response.defer()
        view = await self._bot.services.settings.reset(actor_of(interaction), pressed.key)
        await self._show(interaction, view, saved=True)

    async def _show_all(self, interaction: Interaction) -> None:
        views = await self._bot.services.settings.all(actor_of(interaction))
        panel = settings_panel(views, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def _show(
        self, interaction: Interaction, view: SettingView, *, saved: bool = False
    ) -> None:
        t, roles = self._bot.texts_for(interaction), _roles_of(interaction.guild)
        page = setting_page(view, t, roles=roles, saved=saved)
        await interaction.edit_original_response(view=page)


def _roles_of(guild: discord.Guild | None) -> set[int] | None:
    """The roles that the server has, None while Discord does not say."""
    if guild is None or guild.unavailable:
        return None
    return {role.id for role in guild.roles}


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Settings(bot))
