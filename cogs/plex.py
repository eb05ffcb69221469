"""`/plex`: the connection to Plex and what the default tier shares."""

from typing import Any

from discord import Permissions, app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.people import Right, Rule
from bot.services.links import LibraryChoice
from bot.tree import Interaction, actor_of, rule
from bot.ui.items.access import RetryAll
from bot.ui.items.plex import ChooseLibraries, Compare, TurnLibraries
from bot.ui.layout import GREEN, notice
from bot.ui.panels import connected_panel, libraries_panel, status_panel

ADMIN = Rule(Right.ADMIN)


class Plex(
    commands.GroupCog,
    group_name="plex",
    group_description="The connection to Plex",
):
    """Status, connection, libraries."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(TurnLibraries, self.turn)
        bot.door.on(ChooseLibraries, self.choose)
        bot.door.on(Compare, self.compare)
        bot.door.on(RetryAll, self.retry_all)

    @rule(ADMIN)
    @app_commands.command(name="status", description="Is Plex connected, and what is waiting?")
    async def status(self, interaction: Interaction) -> None:
        """One look at Plex."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        report = await self._bot.services.links.status(actor_of(interaction))
        panel = status_panel(report, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    @rule(ADMIN)
    @app_commands.command(
        name="connect", description="Connect the Plex server of the bot's settings"
    )
    async def connect(self, interaction: Interaction) -> None:
        """Connect now."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        choice = await self._bot.services.links.connect(actor_of(interaction))
        panel = connected_panel(choice, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    @rule(ADMIN)
    @app_commands.command(name="libraries", description="Choose what invited people can watch")
    async def libraries(self, interaction: Interaction) -> None:
        """Show the first page of the menu."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, await self._choice(interaction), 0)

    async def turn(self, interaction: Interaction, pressed: TurnLibraries) -> None:
        """Show another page of the menu."""
        await interaction.response.defer()
        await self._show(interaction, await self._choice(interaction), pressed.page)

    async def choose(self, interaction: Interaction, pressed: ChooseLibraries) -> None:
        """Store what was chosen on this page."""
        await interaction.response.defer()
        choice = await self._bot.services.links.choose(
            actor_of(interaction),
            pressed.tier_id,
            offered=[int(option.value) for option in pressed.item.options],
            chosen=[int(value) for value in pressed.item.values],
        )
        await self._show(interaction, choice, pressed.page)

    async def compare(self, interaction: Interaction, pressed: Compare) -> None:
        """Compare ledger and Plex now."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        t = self._bot.texts_for(interaction)
        trust = pressed.way == "trust"
        await self._bot.services.reconcile.ask(actor_of(interaction), pressed.link_id, trust=trust)
        said = (
            t("I look once more, and believe Plex this time.")
            if trust
            else t("I compare with Plex now. Cards and /plex status show what has changed.")
        )
        await interaction.edit_original_response(view=notice(said, colour=GREEN))

    async def retry_all(self, interaction: Interaction, _pressed: RetryAll) -> None:
        """Try everything again that keeps failing."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        t = self._bot.texts_for(interaction)
        count = await self._bot.services.troubles.retry_all(actor_of(interaction))
        said = (
            t.n("I try {n} thing again now.", "I try {n} things again now.", count)
            if count
            else t("Nothing is stuck any more.")
        )
        await interaction.edit_original_response(view=notice(said, colour=GREEN))

    async def _choice(self, interaction: Interaction) -> LibraryChoice:
        return await self._bot.services.links.choice(actor_of(interaction))

    async def _show(self, interaction: Interaction, choice: LibraryChoice, page: int) -> None:
        panel = libraries_panel(choice, page, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    cog = Plex(bot)
    if cog.app_command is not None:
        cog.app_command.guild_only = True
        cog.app_command.default_permissions = Permissions(manage_guild=True)
    await bot.add_cog(cog)
