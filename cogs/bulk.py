"""The buttons of a bulk action: begin, how far it is, stop, what became of it."""

import asyncio
import io
from typing import Any

import discord
from discord.ext import commands

from bot.client import HelprBot, locale_of
from bot.domain.bulk import BulkAction, BulkAnswer, BulkProgress
from bot.tree import Interaction, actor_of, in_time
from bot.ui.bulk import bulk_panel, recent_panel, result_file
from bot.ui.items.base import chosen_number
from bot.ui.items.bulk import ConfirmBulk, OpenBulk, RecentBulks, ResultFile, StopBulk
from bot.ui.modals.bulk import EndAllForm, end_all_modal


class BulkActions(commands.Cog):
    """What an admin does with a bulk action."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(ConfirmBulk, self.confirm)
        bot.door.on(EndAllForm, self.confirm_end)
        bot.door.on(StopBulk, self.stop)
        bot.door.on(ResultFile, self.result)
        bot.door.on(RecentBulks, self.recent)
        bot.door.on(OpenBulk, self.open)

    async def confirm(self, interaction: Interaction, pressed: ConfirmBulk) -> None:
        """Begin; what ends access asks for its number first."""
        bulk, actor = self._bot.services.bulk, actor_of(interaction)
        async with in_time():
            draft = await bulk.draft(actor, pressed.bulk_id)
        if draft.action is BulkAction.REVOKE:
            modal = end_all_modal(self._bot.texts_for(interaction), draft)
            await interaction.response.send_modal(modal)
            return
        await interaction.response.defer()
        begun = await bulk.confirm(
            actor, draft.id, answer=_answer(interaction), locale=locale_of(interaction)
        )
        await self._show(interaction, begun)

    async def confirm_end(self, interaction: Interaction, form: EndAllForm) -> None:
        """The number was typed."""
        await interaction.response.defer()
        begun = await self._bot.services.bulk.confirm(
            actor_of(interaction),
            form.bulk_id,
            answer=_answer(interaction),
            locale=locale_of(interaction),
            typed_total=form.values.get("total", ""),
            reason=form.values.get("reason", ""),
        )
        await self._show(interaction, begun)

    async def stop(self, interaction: Interaction, pressed: StopBulk) -> None:
        """Stop; what Plex was asked for is finished."""
        await interaction.response.defer()
        stopped = await self._bot.services.bulk.stop(actor_of(interaction), pressed.bulk_id)
        await self._show(interaction, stopped)

    async def result(self, interaction: Interaction, pressed: ResultFile) -> None:
        """What became of each, as a file that nobody else sees."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        bulk, items = await self._bot.services.bulk.results(actor_of(interaction), pressed.bulk_id)
        t = self._bot.texts_for(interaction)
        # There may be thousands of lines.
        name, data = await asyncio.to_thread(result_file, bulk, items, t)
        await interaction.edit_original_response(attachments=[discord.File(io.BytesIO(data), name)])

    async def recent(self, interaction: Interaction, _pressed: RecentBulks) -> None:
        """The last ones, in place of the list."""
        await interaction.response.defer()
        found = await self._bot.services.bulk.recent(actor_of(interaction))
        panel = recent_panel(found, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def open(self, interaction: Interaction, _pressed: OpenBulk) -> None:
        """One of them, which this answer shows from now on."""
        await interaction.response.defer()
        progress = await self._bot.services.bulk.get(
            actor_of(interaction), chosen_number(interaction), _answer(interaction)
        )
        await self._show(interaction, progress)

    async def _show(self, interaction: Interaction, progress: BulkProgress) -> None:
        panel = bulk_panel(progress, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


def _answer(interaction: Interaction) -> BulkAnswer:
    """The private answer that is being looked at."""
    return BulkAnswer(interaction.application_id, interaction.token)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(BulkActions(bot))
