"""`/requests` and the buttons of the review card: what a reviewer does."""

from typing import Any

from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.people import Right, Rule
from bot.services.invites import QueuePage
from bot.tree import Interaction, actor_of, in_time, rule
from bot.ui.items import CARD, Approve, Deny, TurnQueue
from bot.ui.modals import DenyForm, deny_modal
from bot.ui.panels import queue_panel


class Requests(commands.Cog):
    """The queue of open requests."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(Approve, self.approve)
        bot.door.on(Deny, self.ask_reason)
        bot.door.on(DenyForm, self.deny)
        bot.door.on(TurnQueue, self.turn)

    @rule(Rule(Right.REVIEWER))
    @app_commands.command(name="requests", description="Decide the requests that are waiting")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def requests(self, interaction: Interaction) -> None:
        """Show the first page of the queue."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, await self._bot.services.invites.queue(actor_of(interaction)))

    async def turn(self, interaction: Interaction, pressed: TurnQueue) -> None:
        """Show another page."""
        await interaction.response.defer()
        invites, actor = self._bot.services.invites, actor_of(interaction)
        if pressed.way == "before":
            page = await invites.queue(actor, before=pressed.invite_id)
        else:
            page = await invites.queue(actor, after=pressed.invite_id)
        await self._show(interaction, page)

    async def approve(self, interaction: Interaction, pressed: Approve) -> None:
        """Approve; the card follows by its own job."""
        await interaction.response.defer()
        await self._bot.services.invites.approve(
            actor_of(interaction), pressed.invite_id, pressed.version
        )
        await self._refresh(interaction, pressed.place)

    async def ask_reason(self, interaction: Interaction, pressed: Deny) -> None:
        """Open the form for the reason, if there is still something to decide."""
        async with in_time():
            await self._bot.services.invites.decidable(
                actor_of(interaction), pressed.invite_id, pressed.version
            )
        t = self._bot.texts_for(interaction)
        modal = deny_modal(t, pressed.invite_id, pressed.version, pressed.place)
        await interaction.response.send_modal(modal)

    async def deny(self, interaction: Interaction, form: DenyForm) -> None:
        """Deny with the reason; the card follows by its own job."""
        await interaction.response.defer()
        reason = form.values.get("reason", "")
        await self._bot.services.invites.deny(
            actor_of(interaction), form.invite_id, form.version, reason
        )
        await self._refresh(interaction, form.place)

    async def _refresh(self, interaction: Interaction, place: str) -> None:
        """Show the same page of `/requests` again, without what was just decided."""
        if place != CARD:
            after = int(place.removeprefix("q"))
            page = await self._bot.services.invites.queue(actor_of(interaction), after=after)
            await self._show(interaction, page)

    async def _show(self, interaction: Interaction, page: QueuePage) -> None:
        panel = queue_panel(page, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Requests(bot))
