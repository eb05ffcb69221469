"""What Helpr has to tell a member who comes by, and whether it may write to them."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import ACTOR, HelprBot
from bot.domain.errors import LedgerUnavailable
from bot.log import logger
from bot.services.invites import AnswerToken
from bot.tree import UNREACHED, Interaction, actor_of
from bot.ui.items.messages import ShowMine, SwitchDms
from bot.ui.member import member_panel
from bot.ui.messages import message_panel

log = logger(__name__)


class Messages(commands.Cog):
    """Messages that waited, and the switch for direct messages."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(ShowMine, self.show_mine)
        bot.door.on(SwitchDms, self.switch)

    async def show_mine(self, interaction: Interaction, _pressed: ShowMine) -> None:
        """The member's own panel, from a message about it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction)

    async def switch(self, interaction: Interaction, pressed: SwitchDms) -> None:
        """No direct messages, or direct messages again; the panel says which it is."""
        in_guild = interaction.guild_id is not None
        # A direct message stays as it is: what it tells is still true.
        await interaction.response.defer(ephemeral=True, thinking=not in_guild)
        await self._bot.services.messages.switch(actor_of(interaction), off=pressed.to == "off")
        await self._show(interaction)

    async def _show(self, interaction: Interaction) -> None:
        answer = AnswerToken(interaction.application_id, interaction.token)
        view = await self._bot.services.invites.view(actor_of(interaction), answer)
        panel = member_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)
        await self._bot.services.showing.seen(view.invite)

    @commands.Cog.listener()
    async def on_app_command_completion(
        self, interaction: Interaction, _command: app_commands.Command[Any, ..., Any]
    ) -> None:
        """A command was answered."""
        await self._tell_what_waits(interaction)

    @commands.Cog.listener()
    async def on_answered(self, interaction: Interaction) -> None:
        """A button, a menu or a form was answered."""
        await self._tell_what_waits(interaction)

    async def _tell_what_waits(self, interaction: Interaction) -> None:
        """What no message could bring, in an answer of its own below the one that was given."""
        kind = interaction.response.type
        if kind is None or kind is discord.InteractionResponseType.modal:
            return
        if ACTOR not in interaction.extras:
            return
        messages, t = self._bot.services.messages, self._bot.texts_for(interaction)
        try:
            waiting = await messages.waiting(actor_of(interaction))
            panels = [message_panel(data, t) for data in waiting.messages]
            if waiting.news is not None:
                panels.append(member_panel(waiting.news, t))
            if not panels:
                return
            for panel in panels:
                await interaction.followup.send(view=panel, ephemeral=True)
            await messages.seen(waiting)
        except (LedgerUnavailable, *UNREACHED) as error:
            # It waits for the next time.
            log.info("message.still_waiting", error=type(error).__name__)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Messages(bot))
