"""`/setup`: from nothing to a server whose members can be invited, step by step."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot, locale_of
from bot.domain.channels import ChannelProblem
from bot.domain.guild_settings import SETTINGS, Kind
from bot.domain.numbers import number_of
from bot.domain.people import Right, Rule
from bot.domain.setup import Step
from bot.domain.sign_in import SignInPurpose
from bot.services.invites import AnswerToken
from bot.services.setup import SetupView
from bot.tree import Interaction, actor_of, rule
from bot.ui.items.base import chosen_of, ids_and_values
from bot.ui.items.setup import (
    ON,
    BeginSignIn,
    ChooseShared,
    LinkServer,
    OpenSetup,
    SetUpSetting,
    ShareAll,
    ShowStep,
    TurnSetup,
)
from bot.ui.rights import Rights, look
from bot.ui.setup import setup_panel
from bot.ui.setup_choices import KEYS

ADMIN = Rule(Right.ADMIN)
STEP_OF = {key: step for step, key in KEYS.items()}


class Setup(commands.Cog):
    """One private message that goes from step to step."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(OpenSetup, self.open)
        bot.door.on(ShowStep, self.show_step)
        bot.door.on(BeginSignIn, self.begin)
        bot.door.on(LinkServer, self.link)
        bot.door.on(TurnSetup, self.turn)
        bot.door.on(ShareAll, self.share_all)
        bot.door.on(ChooseShared, self.choose)
        bot.door.on(SetUpSetting, self.set)

    @rule(ADMIN)
    @app_commands.command(name="setup", description="Set me up here, step by step")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def setup(self, interaction: Interaction) -> None:
        """Go on where something is missing."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._go_on(interaction)

    async def open(self, interaction: Interaction, _pressed: OpenSetup) -> None:
        """The same from the message on joining."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._go_on(interaction)

    async def show_step(self, interaction: Interaction, pressed: ShowStep) -> None:
        """Show a step, or the next one that Plex's answer has opened meanwhile."""
        await interaction.response.defer()
        view = await self._view(interaction)
        if pressed.step is Step.LIBRARIES and view.tier is not None and not view.libraries:
            # There were none when the server was last asked.
            await self._bot.services.links.choice(actor_of(interaction), view.tier.id)
            view = await self._view(interaction)
        await self._show(
            interaction, view, pressed.step, pressed.way, looked_at=interaction.created_at
        )

    async def begin(self, interaction: Interaction, _pressed: BeginSignIn) -> None:
        """A new sign-in, in the place of one that waits."""
        await interaction.response.defer()
        await self._sign_in(interaction, await self._view(interaction), anew=True)

    async def link(self, interaction: Interaction, pressed: LinkServer) -> None:
        """Link the server that was chosen."""
        await interaction.response.defer()
        linking, actor = self._bot.services.linking, actor_of(interaction)
        await linking.link(actor, pressed.sign_in_id, pressed.number)
        view = await self._view(interaction)
        is_well = all(link.is_connected for link in view.links)
        await self._show(interaction, view, view.after(Step.PLEX) if is_well else Step.PLEX)

    async def turn(self, interaction: Interaction, pressed: TurnSetup) -> None:
        """Another page of the libraries."""
        await interaction.response.defer()
        actor = actor_of(interaction)
        view = await self._bot.services.setup.view_tier(actor, pressed.tier_id)
        await self._show(interaction, view, Step.LIBRARIES, pressed.way, pressed.page)

    async def share_all(self, interaction: Interaction, pressed: ShareAll) -> None:
        """Every library that the server has now."""
        await interaction.response.defer()
        services, actor = self._bot.services, actor_of(interaction)
        view = await services.setup.view_tier(actor, pressed.tier_id)
        every = [library.id for library in view.libraries]
        await services.links.choose(actor, pressed.tier_id, offered=every, chosen=every)
        view = await self._view(interaction)
        step = view.after(Step.LIBRARIES) if pressed.way == ON else Step.DONE
        await self._show(interaction, view, step)

    async def choose(self, interaction: Interaction, pressed: ChooseShared) -> None:
        """What was chosen on one page."""
        await interaction.response.defer()
        services, actor = self._bot.services, actor_of(interaction)
        await services.links.choose(
            actor,
            pressed.tier_id,
            **chosen_of(pressed.item),
        )
        view = await services.setup.view_tier(actor, pressed.tier_id)
        await self._show(interaction, view, Step.LIBRARIES, pressed.way, pressed.page)

    async def set(self, interaction: Interaction, pressed: SetUpSetting) -> None:
        """A channel, roles or the way of asking was chosen; a channel is looked at first."""
        await interaction.response.defer()
        actor, given, place = actor_of(interaction), ids_and_values(interaction), None
        if given and SETTINGS[pressed.key].kind is Kind.CHANNEL:
            place = await self._bot.look_at(actor.guild_id, number_of(given[0]))
        await self._bot.services.settings.change(actor, pressed.key, given, place)
        view = await self._view(interaction)
        step = view.after(STEP_OF[pressed.key]) if pressed.way == ON else Step.DONE
        await self._show(interaction, view, step)

    async def _go_on(self, interaction: Interaction) -> None:
        view = await self._view(interaction)
        if view.step is Step.PLEX and not view.links:
            await self._sign_in(interaction, view)
        else:
            await self._show(interaction, view, view.step)

    async def _sign_in(
        self, interaction: Interaction, view: SetupView, *, anew: bool = False
    ) -> None:
        sign_in = await self._bot.services.sign_ins.begin(
            actor_of(interaction),
            SignInPurpose.LINK,
            locale=locale_of(interaction),
            anew=anew,
            answer=_token(interaction),
        )
        await self._show(interaction, replace(view, sign_in=sign_in), Step.PLEX)

    async def _view(self, interaction: Interaction) -> SetupView:
        return await self._bot.services.setup.view(actor_of(interaction), _token(interaction))

    async def _show(
        self,
        interaction: Interaction,
        view: SetupView,
        step: Step,
        way: str = ON,
        page: int = 0,
        *,
        looked_at: datetime | None = None,
    ) -> None:
        guild = interaction.guild
        panel = setup_panel(
            view,
            step,
            self._bot.texts_for(interaction),
            way=way,
            page=page,
            rights=await self._rights(guild, view) if guild and step is Step.DONE else None,
            roles=_roles_of(guild),
            looked_at=looked_at,
        )
        await interaction.edit_original_response(view=panel)

    async def _rights(self, guild: discord.Guild, view: SetupView) -> Rights:
        """What the bot may do here, as things stand now."""
        channel_id = view.settings.request_channel_id
        place = await self._bot.look_at(guild.id, channel_id)
        roles = {tier.role_id for tier in view.tiers if tier.role_id is not None}
        rights = look(guild, channel_id, roles)
        if place.problem is ChannelProblem.GONE:
            return replace(rights, is_channel_gone=True)
        return replace(rights, in_channel=rights.in_channel or place.missing)


def _roles_of(guild: discord.Guild | None) -> set[int] | None:
    """The roles that the server has, None while Discord does not say."""
    if guild is None or guild.unavailable:
        return None
    return {role.id for role in guild.roles}


def _token(interaction: Interaction) -> AnswerToken:
    """What lets a worker edit this private answer for 15 minutes."""
    return AnswerToken(interaction.application_id, interaction.token)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Setup(bot))
