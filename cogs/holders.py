"""`/access list`: everybody with access, filtered, and what is done with all of them."""

from typing import Any

from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.bulk import Bulk, BulkAction, BulkDetails
from bot.domain.errors import Refused
from bot.domain.holders import HolderFilter, Standing
from bot.domain.people import Right, Rule
from bot.tree import Interaction, actor_of, join_group, rule
from bot.ui.access import access_panel
from bot.ui.bulk import draft_panel
from bot.ui.holders import holders_panel, move_panel
from bot.ui.items.base import chosen_number, ids_and_values
from bot.ui.items.holders import (
    ChooseStanding,
    ChooseTier,
    DoWithAll,
    MoveAll,
    OpenHolder,
    TurnHolders,
)
from bot.ui.modals.bulk import ExtendAllForm, extend_all_modal

ADMIN = Rule(Right.ADMIN)


class Holders(commands.Cog):
    """The list, its filters, and the way from it to a card or to a bulk action."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(TurnHolders, self.turn)
        bot.door.on(ChooseStanding, self.choose_standing)
        bot.door.on(ChooseTier, self.choose_tier)
        bot.door.on(OpenHolder, self.open)
        bot.door.on(DoWithAll, self.do)
        bot.door.on(MoveAll, self.move)
        bot.door.on(ExtendAllForm, self.extend)
        listing: app_commands.Command[Any, ..., Any] = app_commands.Command(
            name="list", description="Everybody with access, or on the way", callback=self.list
        )
        join_group(bot, "access", rule(ADMIN)(listing))

    async def list(self, interaction: Interaction) -> None:
        """The first page, of everybody."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, HolderFilter())

    async def turn(self, interaction: Interaction, pressed: TurnHolders) -> None:
        """Another page."""
        await interaction.response.defer()
        key = {} if pressed.way == "top" else {pressed.way: pressed.invite_id}
        await self._show(interaction, pressed.wanted, **key)

    async def choose_standing(self, interaction: Interaction, pressed: ChooseStanding) -> None:
        """Filter by how access stands."""
        await interaction.response.defer()
        [chosen] = ids_and_values(interaction)[:1] or [""]
        standing = Standing(chosen) if chosen in set(Standing) else Standing.ALL
        await self._show(interaction, HolderFilter(standing, pressed.tier_id or None))

    async def choose_tier(self, interaction: Interaction, pressed: ChooseTier) -> None:
        """Filter by tier."""
        await interaction.response.defer()
        chosen = chosen_number(interaction)
        await self._show(interaction, HolderFilter(Standing(pressed.standing), chosen or None))

    async def open(self, interaction: Interaction, _pressed: OpenHolder) -> None:
        """Somebody's card, below the list."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        access, actor = self._bot.services.access, actor_of(interaction)
        view = await access.get(actor, chosen_number(interaction))
        t = self._bot.texts_for(interaction)
        await interaction.edit_original_response(view=access_panel(view, t, can_change=True))

    async def do(self, interaction: Interaction, pressed: DoWithAll) -> None:
        """What is to be done: it is prepared, and confirmed next."""
        [chosen] = ids_and_values(interaction)[:1] or [""]
        if chosen not in set(BulkAction):
            raise Refused("bulk.unknown")
        action, t = BulkAction(chosen), self._bot.texts_for(interaction)
        if action is BulkAction.EXTEND:
            await interaction.response.send_modal(extend_all_modal(t, pressed.wanted))
            return
        await interaction.response.defer()
        if action is BulkAction.MOVE:
            page = await self._bot.services.holders.page(actor_of(interaction), pressed.wanted)
            await interaction.edit_original_response(view=move_panel(page, t))
            return
        await self._prepare(interaction, action, pressed.wanted, BulkDetails())

    async def move(self, interaction: Interaction, pressed: MoveAll) -> None:
        """The new tier was chosen."""
        await interaction.response.defer()
        details = BulkDetails(tier_id=chosen_number(interaction))
        await self._prepare(interaction, BulkAction.MOVE, pressed.wanted, details)

    async def extend(self, interaction: Interaction, form: ExtendAllForm) -> None:
        """The new end was typed."""
        await interaction.response.defer()
        details = BulkDetails(until=form.values.get("until", ""))
        await self._prepare(interaction, BulkAction.EXTEND, form.wanted, details)

    async def _prepare(
        self,
        interaction: Interaction,
        action: BulkAction,
        wanted: HolderFilter,
        details: BulkDetails,
    ) -> None:
        bulk = self._bot.services.bulk
        draft: Bulk = await bulk.prepare(actor_of(interaction), action, wanted, details)
        panel = draft_panel(draft, wanted, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def _show(self, interaction: Interaction, wanted: HolderFilter, **key: int) -> None:
        page = await self._bot.services.holders.page(actor_of(interaction), wanted, **key)
        panel = holders_panel(page, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension; the group `/access` is made by `cogs.access`."""
    await bot.add_cog(Holders(bot))
