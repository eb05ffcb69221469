"""`/requests` and the buttons of the review card: what a reviewer does."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.invites import Invite
from bot.domain.people import Right, Rule
from bot.services.invites import QueuePage
from bot.tree import Interaction, actor_of, in_time, rule
from bot.ui.cards import review_card
from bot.ui.items.base import chosen_number
from bot.ui.items.requests import CARD, Approve, Deny, OpenQueue, PostCards, TurnQueue, Undo
from bot.ui.items.tiers import ApproveAs
from bot.ui.layout import GREY, notice
from bot.ui.modals.requests import DenyForm, deny_modal
from bot.ui.plain import mention
from bot.ui.queue import queue_panel

REVIEWER = Rule(Right.REVIEWER)


class Requests(commands.Cog):
    """The queue of open requests."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(Approve, self.approve)
        bot.door.on(ApproveAs, self.approve_as)
        bot.door.on(Deny, self.ask_reason)
        bot.door.on(DenyForm, self.deny)
        bot.door.on(Undo, self.undo)
        bot.door.on(TurnQueue, self.turn)
        bot.door.on(PostCards, self.post_cards)
        bot.door.on(OpenQueue, self.open_queue)
        menu = app_commands.ContextMenu(name="Plex access", callback=self.plex_access)
        menu.guild_only = True
        menu.default_permissions = discord.Permissions(manage_guild=True)
        bot.tree.add_command(rule(REVIEWER)(menu))

    @rule(REVIEWER)
    @app_commands.command(name="requests", description="Decide the requests that are waiting")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def requests(self, interaction: Interaction) -> None:
        """Show the first page of the queue."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, await self._bot.services.invites.queue(actor_of(interaction)))

    async def open_queue(self, interaction: Interaction, _pressed: OpenQueue) -> None:
        """The same from the standing panel."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, await self._bot.services.invites.queue(actor_of(interaction)))

    async def plex_access(self, interaction: Interaction, member: discord.User) -> None:
        """Show one person's card, privately: for example when the one in the channel is gone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show_card_of(interaction, member.id)

    async def post_cards(self, interaction: Interaction, _pressed: PostCards) -> None:
        """Post the cards again that are gone; every other one is only brought up to date."""
        await interaction.response.defer()
        actor = actor_of(interaction)
        await self._bot.services.showing.owe_cards(actor)
        await self._bot.services.wishes.owe_cards(actor)
        page = await self._bot.services.invites.queue(actor)
        await self._show(interaction, page, posting=True)

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
        invite = await self._bot.services.invites.approve(
            actor_of(interaction), pressed.invite_id, pressed.version
        )
        await self._refresh(interaction, pressed.place, invite)

    async def approve_as(self, interaction: Interaction, pressed: ApproveAs) -> None:
        """Approve as the tier that was chosen; the card follows by its own job."""
        await interaction.response.defer()
        invite = await self._bot.services.invites.approve(
            actor_of(interaction), pressed.invite_id, pressed.version, chosen_number(interaction)
        )
        await self._refresh(interaction, pressed.place, invite)

    async def undo(self, interaction: Interaction, pressed: Undo) -> None:
        """Take the approval back; the card follows by its own job."""
        await interaction.response.defer()
        invite = await self._bot.services.invites.undo(
            actor_of(interaction), pressed.invite_id, pressed.version
        )
        await self._refresh(interaction, pressed.place, invite)

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
        invite = await self._bot.services.invites.deny(
            actor_of(interaction), form.invite_id, form.version, reason
        )
        await self._refresh(interaction, form.place, invite)

    async def _refresh(self, interaction: Interaction, place: str, invite: Invite) -> None:
        """Show a private page or card as it is after the decision; the public card has its job."""
        if place != CARD:
            after = int(place.removeprefix("q"))
            page = await self._bot.services.invites.queue(actor_of(interaction), after=after)
            await self._show(interaction, page, decided=invite)
        elif interaction.message is not None and interaction.message.flags.ephemeral:
            await self._show_card_of(interaction, invite.member_id)

    async def _show(
        self,
        interaction: Interaction,
        page: QueuePage,
        *,
        posting: bool = False,
        decided: Invite | None = None,
    ) -> None:
        guild_id = actor_of(interaction).guild_id
        settings = await self._bot.services.guilds.settings(guild_id)
        place = await self._bot.look_at(guild_id, settings.request_channel_id)
        t = self._bot.texts_for(interaction)
        panel = queue_panel(page, t, place, posting=posting, decided=decided)
        await interaction.edit_original_response(view=panel)

    async def _show_card_of(self, interaction: Interaction, member_id: int) -> None:
        t = self._bot.texts_for(interaction)
        data = await self._bot.services.showing.card_of(actor_of(interaction), member_id)
        if data is None:
            nobody = t("{member} has not asked for access.", member=mention(member_id))
            await interaction.edit_original_response(view=notice(nobody, colour=GREY))
        else:
            await interaction.edit_original_response(view=review_card(data, t))


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Requests(bot))
