"""`/plex`: the connections to Plex, and what their tiers share."""

from dataclasses import replace
from typing import Any

from discord import Permissions, app_commands
from discord.ext import commands
from discord.ui import LayoutView

from bot.client import HelprBot, locale_of
from bot.domain.people import Right, Rule
from bot.domain.setup import Step
from bot.domain.sign_in import SignInPurpose
from bot.services.invites import AnswerToken
from bot.services.links import LibraryChoice
from bot.tree import Interaction, actor_of, rule
from bot.ui.items.access import RetryAll
from bot.ui.items.base import chosen_of
from bot.ui.items.plex import ChooseLibraries, Compare, Disconnect, TurnLibraries
from bot.ui.layout import GREEN, notice
from bot.ui.links import choose_link_panel, disconnect_panel, disconnected_notice
from bot.ui.panels import connected_panel, libraries_panel, status_panel
from bot.ui.setup import setup_panel

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
        bot.door.on(Disconnect, self.leave)

    @rule(ADMIN)
    @app_commands.command(name="status", description="Is Plex connected, and what is waiting?")
    async def status(self, interaction: Interaction) -> None:
        """One look at each server."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        first, *others = await self._bot.services.links.status(actor_of(interaction))
        panel = status_panel(first, self._bot.texts_for(interaction), others)
        await interaction.edit_original_response(view=panel)

    @rule(ADMIN)
    @app_commands.command(name="connect", description="Connect a Plex server, or one more")
    async def connect(self, interaction: Interaction) -> None:
        """Connect that of the operator's settings now; elsewhere sign in with Plex."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        services, actor = self._bot.services, actor_of(interaction)
        if services.links.is_home(actor.guild_id):
            choice = await services.links.connect(actor)
            panel = connected_panel(choice, self._bot.texts_for(interaction))
        else:
            panel = await self._sign_in(interaction)
        await interaction.edit_original_response(view=panel)

    async def _sign_in(self, interaction: Interaction) -> LayoutView:
        services, actor = self._bot.services, actor_of(interaction)
        sign_in = await services.sign_ins.begin(
            actor,
            SignInPurpose.LINK,
            locale=locale_of(interaction),
            answer=AnswerToken(interaction.application_id, interaction.token),
        )
        view = replace(await services.setup.view(actor), sign_in=sign_in)
        return setup_panel(view, Step.PLEX, self._bot.texts_for(interaction))

    @rule(ADMIN)
    @app_commands.command(name="disconnect", description="Let a Plex server go")
    async def disconnect(self, interaction: Interaction) -> None:
        """Which one, and whether really."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        links = await self._bot.services.linking.of_guild(actor_of(interaction))
        if len(links) == 1:
            await self._ask_whether(interaction, links[0].id)
            return
        panel = choose_link_panel(links, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def leave(self, interaction: Interaction, pressed: Disconnect) -> None:
        """Ask first, then let the server go."""
        await interaction.response.defer()
        t, actor = self._bot.texts_for(interaction), actor_of(interaction)
        if pressed.step == "ask":
            await self._ask_whether(interaction, pressed.link_id)
            return
        if pressed.step == "yes":
            link = await self._bot.services.linking.disconnect(actor, pressed.link_id)
            panel = disconnected_notice(link, t)
        else:
            panel = notice(t("Nothing was changed."), colour=GREEN)
        await interaction.edit_original_response(view=panel)

    async def _ask_whether(self, interaction: Interaction, link_id: int) -> None:
        leaving = await self._bot.services.linking.leaving(actor_of(interaction), link_id)
        panel = disconnect_panel(leaving, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    @rule(ADMIN)
    @app_commands.command(name="libraries", description="Choose what invited people can watch")
    @app_commands.describe(tier="Whose libraries; without it those of the tier that requests get")
    async def libraries(self, interaction: Interaction, tier: str | None = None) -> None:
        """Show the first page of the menu."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        links, actor = self._bot.services.links, actor_of(interaction)
        found = await links.tier_named(actor, tier) if tier is not None else None
        await self._show(interaction, await links.choice(actor, found), 0)

    @libraries.autocomplete("tier")
    async def _tiers(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        tiers = await self._bot.services.access.tiers(actor_of(interaction))
        wanted = typed.casefold()
        return [
            app_commands.Choice(name=tier.name[:100], value=tier.name[:100])
            for tier in tiers
            if wanted in tier.name.casefold()
        ][:25]

    async def turn(self, interaction: Interaction, pressed: TurnLibraries) -> None:
        """Show another page of the menu."""
        await interaction.response.defer()
        links, actor = self._bot.services.links, actor_of(interaction)
        await self._show(interaction, await links.choice(actor, pressed.tier_id), pressed.page)

    async def choose(self, interaction: Interaction, pressed: ChooseLibraries) -> None:
        """Store what was chosen on this page."""
        await interaction.response.defer()
        choice = await self._bot.services.links.choose(
            actor_of(interaction),
            pressed.tier_id,
            **chosen_of(pressed.item),
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
