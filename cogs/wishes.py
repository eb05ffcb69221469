"""What members with access ask for, and what reviewers decide about it."""

from typing import Any

from discord.ext import commands

from bot.client import HelprBot
from bot.domain.members import WishKind
from bot.services.invites import AnswerToken
from bot.tree import Interaction, actor_of, in_time
from bot.ui.items.wishes import LIST, AskWish, GrantWish, RefuseWish, TakeWishBack, Wishes
from bot.ui.member import member_panel
from bot.ui.modals.wishes import RefuseWishForm, WishForm, refuse_wish_modal, wish_modal
from bot.ui.wishes import wishes_panel

# Digits of the largest id there can be.
LONGEST_ID = 18


class WishCog(commands.Cog, name="Wishes"):
    """Asking for more time or another tier, and deciding it."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(AskWish, self.open_form)
        bot.door.on(WishForm, self.ask)
        bot.door.on(TakeWishBack, self.take_back)
        bot.door.on(Wishes, self.show)
        bot.door.on(GrantWish, self.grant)
        bot.door.on(RefuseWish, self.ask_reason)
        bot.door.on(RefuseWishForm, self.refuse)

    async def open_form(self, interaction: Interaction, pressed: AskWish) -> None:
        """The form, if that can be asked for."""
        kind = WishKind(pressed.kind)
        async with in_time():
            tiers = await self._bot.services.wishes.offered(
                actor_of(interaction), pressed.invite_id, kind
            )
        t = self._bot.texts_for(interaction)
        await interaction.response.send_modal(wish_modal(t, kind, pressed.invite_id, tiers))

    async def ask(self, interaction: Interaction, form: WishForm) -> None:
        """The form was sent; the card follows by its own job."""
        await _answer_privately(interaction)
        value = form.values.get("tier", "")
        is_id = value.isdecimal() and len(value) <= LONGEST_ID
        await self._bot.services.wishes.ask(
            actor_of(interaction),
            form.invite_id,
            WishKind(form.kind),
            note=form.values.get("note", ""),
            tier_id=int(value) if is_id else None,
        )
        await self._show_own(interaction)

    async def take_back(self, interaction: Interaction, pressed: TakeWishBack) -> None:
        """The member wants it no more."""
        await _answer_privately(interaction)
        await self._bot.services.wishes.take_back(
            actor_of(interaction), pressed.invite_id, WishKind(pressed.kind)
        )
        await self._show_own(interaction)

    async def show(self, interaction: Interaction, pressed: Wishes) -> None:
        """Open wishes, in the place of the page that the button stands on."""
        await interaction.response.defer()
        await self._show_page(interaction, pressed.after)

    async def grant(self, interaction: Interaction, pressed: GrantWish) -> None:
        """Give it; the card follows by its own job."""
        await interaction.response.defer()
        await self._bot.services.wishes.grant(
            actor_of(interaction), pressed.wish_id, pressed.version
        )
        if pressed.place == LIST:
            await self._show_page(interaction)

    async def ask_reason(self, interaction: Interaction, pressed: RefuseWish) -> None:
        """Open the form for the reason, if there is still something to decide."""
        async with in_time():
            await self._bot.services.wishes.decidable(
                actor_of(interaction), pressed.wish_id, pressed.version
            )
        t = self._bot.texts_for(interaction)
        modal = refuse_wish_modal(t, pressed.wish_id, pressed.version, pressed.place)
        await interaction.response.send_modal(modal)

    async def refuse(self, interaction: Interaction, form: RefuseWishForm) -> None:
        """Deny with the reason; the card follows by its own job."""
        await interaction.response.defer()
        await self._bot.services.wishes.refuse(
            actor_of(interaction), form.wish_id, form.version, form.values.get("reason", "")
        )
        if form.place == LIST:
            await self._show_page(interaction)

    async def _show_page(self, interaction: Interaction, after: int = 0) -> None:
        page = await self._bot.services.wishes.page(actor_of(interaction), after)
        panel = wishes_panel(page, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def _show_own(self, interaction: Interaction) -> None:
        answer = AnswerToken(interaction.application_id, interaction.token)
        view = await self._bot.services.invites.view(actor_of(interaction), answer)
        panel = member_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


async def _answer_privately(interaction: Interaction) -> None:
    """In the place of one's own panel; a message about it stays: what it tells is still true."""
    came_from = interaction.message
    if came_from is not None and came_from.flags.ephemeral:
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(WishCog(bot))
