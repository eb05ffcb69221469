"""`/access grant` and `/access import`: access that begins with an admin, not with a request."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.errors import Forged, Refused
from bot.domain.numbers import number_of
from bot.domain.people import Right, Rule
from bot.services.granting import Gift
from bot.services.newcomers import Newcomer
from bot.tree import Interaction, actor_of, join_group, rule
from bot.ui.access import access_panel
from bot.ui.imports import match_panel, matched_panel, stranger_panel, strangers_panel
from bot.ui.items.base import chosen_number
from bot.ui.items.imports import (
    ChooseTheirTier,
    ChooseWho,
    MatchStranger,
    OpenStranger,
    TurnStrangers,
)

ADMIN = Rule(Right.ADMIN)


class Imports(commands.Cog):
    """Give access, and take in people who have it on Plex already."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(TurnStrangers, self.turn)
        bot.door.on(OpenStranger, self.open)
        bot.door.on(ChooseTheirTier, self.choose_tier)
        bot.door.on(ChooseWho, self.choose_who)
        bot.door.on(MatchStranger, self.match)
        grant: app_commands.Command[Any, ..., Any] = app_commands.Command(
            name="grant",
            description="Give access to somebody who has not asked",
            callback=self.grant,
        )
        grant.autocomplete("tier")(self.tiers)
        join_group(bot, "access", rule(ADMIN)(grant))
        importing: app_commands.Command[Any, ..., Any] = app_commands.Command(
            name="import",
            description="Match people whom Plex shares with already",
            callback=self.importing,
        )
        join_group(bot, "access", rule(ADMIN)(importing))

    @app_commands.describe(
        member="Who gets access",
        login="Their Plex e-mail or username",
        tier="The tier; the usual one if you leave it out",
        until="30d, 2 weeks, 6 months, or a day: 2027-03-31",
    )
    async def grant(
        self,
        interaction: Interaction,
        member: discord.User,
        login: str,
        tier: str | None = None,
        until: str | None = None,
    ) -> None:
        """Approve somebody who has not asked."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        tier_id = await self._tier(interaction, tier) if tier else None
        gift = Gift(_newcomer(member), login, tier_id, until)
        view = await self._bot.services.granting.grant(actor_of(interaction), gift)
        t = self._bot.texts_for(interaction)
        await interaction.edit_original_response(view=access_panel(view, t, can_change=True))

    async def tiers(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the tiers."""
        tiers = await self._bot.services.access.tiers(actor_of(interaction))
        wanted = typed.casefold()
        return [
            app_commands.Choice(name=tier.name[:100], value=tier.name[:100])
            for tier in tiers
            if wanted in tier.name.casefold()
        ][:25]

    async def importing(self, interaction: Interaction) -> None:
        """The first page."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show_page(interaction)

    async def turn(self, interaction: Interaction, pressed: TurnStrangers) -> None:
        """Another page."""
        await interaction.response.defer()
        key = {} if pressed.way == "top" else {pressed.way: pressed.drift_id}
        await self._show_page(interaction, **key)

    async def open(self, interaction: Interaction, _pressed: OpenStranger) -> None:
        """One of them."""
        await interaction.response.defer()
        await self._show_one(interaction, chosen_number(interaction))

    async def choose_tier(self, interaction: Interaction, pressed: ChooseTheirTier) -> None:
        """The same one, for another tier."""
        await interaction.response.defer()
        await self._show_one(interaction, pressed.drift_id, chosen_number(interaction))

    async def choose_who(self, interaction: Interaction, pressed: ChooseWho) -> None:
        """Ask once more before it is done."""
        await interaction.response.defer()
        user = _chosen_user(interaction)
        stranger = await self._bot.services.importing.one(
            actor_of(interaction), pressed.drift_id, pressed.tier_id
        )
        panel = match_panel(stranger, user, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def match(self, interaction: Interaction, pressed: MatchStranger) -> None:
        """They are taken in."""
        await interaction.response.defer()
        newcomer = await self._look_at(interaction, pressed.user_id)
        view = await self._bot.services.importing.adopt(
            actor_of(interaction), pressed.drift_id, pressed.tier_id, newcomer
        )
        panel = matched_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def _look_at(self, interaction: Interaction, user_id: int) -> Newcomer:
        """Who it is, as Discord says now: the button knows only a number."""
        guild = interaction.guild
        if guild is None:
            raise Refused("place.guild_only")
        try:
            return _newcomer(await guild.fetch_member(user_id))
        except discord.NotFound:
            return Newcomer(user_id, is_here=False)

    async def _tier(self, interaction: Interaction, name: str) -> int:
        tiers = await self._bot.services.access.tiers(actor_of(interaction))
        wanted = name.strip().casefold()
        found = [tier.id for tier in tiers if tier.name.casefold() == wanted]
        if not found:
            raise Refused("tier.unknown")
        return found[0]

    async def _show_page(self, interaction: Interaction, **key: int) -> None:
        page = await self._bot.services.importing.page(actor_of(interaction), **key)
        panel = strangers_panel(page, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def _show_one(self, interaction: Interaction, drift_id: int, tier_id: int = 0) -> None:
        importing, actor = self._bot.services.importing, actor_of(interaction)
        stranger = await importing.one(actor, drift_id, tier_id or None)
        panel = stranger_panel(stranger, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


def _newcomer(person: discord.User | discord.Member) -> Newcomer:
    if isinstance(person, discord.Member):
        return Newcomer(person.id, is_bot=person.bot, joined_at=person.joined_at)
    return Newcomer(person.id, is_here=False, is_bot=person.bot)


def _chosen_user(interaction: Interaction) -> int:
    """Whom Discord has found for the choice."""
    data: Any = interaction.data or {}
    found = data.get("resolved", {}).get("users", {})
    chosen = [str(value) for value in data.get("values", [])]
    if not chosen or chosen[0] not in found:
        raise Forged("import.gone")
    return number_of(chosen[0])


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension; the group `/access` is made by `cogs.access`."""
    await bot.add_cog(Imports(bot))
