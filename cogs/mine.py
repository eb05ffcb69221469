"""The buttons of a member's own panel: looking, reading up, the language."""

from typing import Any

from discord.ext import commands

from bot.client import HelprBot
from bot.i18n import Texts, texts
from bot.services.invites import AnswerToken
from bot.tree import Interaction, actor_of, in_time
from bot.ui.items.mine import CannotSee, Language, Understood
from bot.ui.member import member_panel
from bot.ui.modals.mine import AS_DISCORD, LanguageForm, language_modal
from bot.ui.sight import sight_panel


class Mine(commands.Cog):
    """What a member does about access that was given."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(CannotSee, self.look)
        bot.door.on(Understood, self.understood)
        bot.door.on(Language, self.ask_language)
        bot.door.on(LanguageForm, self.choose_language)

    async def look(self, interaction: Interaction, pressed: CannotSee) -> None:
        """A message of its own: the panel's is edited by whatever news comes meanwhile."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._bot.services.sight.look(actor_of(interaction), pressed.invite_id)
        panel = sight_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def understood(self, interaction: Interaction, _pressed: Understood) -> None:
        """What Plex demands was read; it is not shown again."""
        await interaction.response.defer()
        await self._bot.services.mine.understood(actor_of(interaction))
        await self._show(interaction, self._bot.texts_for(interaction))

    async def ask_language(self, interaction: Interaction, pressed: Language) -> None:
        """Open the menu of languages."""
        async with in_time():
            member = await self._bot.services.mine.member(actor_of(interaction))
        t = self._bot.texts_for(interaction)
        await interaction.response.send_modal(language_modal(t, pressed.invite_id, member.locale))

    async def choose_language(self, interaction: Interaction, form: LanguageForm) -> None:
        """Answer in that language from now on, beginning with the panel itself."""
        await interaction.response.defer()
        value = form.values.get("language", AS_DISCORD)
        chosen = None if value == AS_DISCORD else value
        await self._bot.services.mine.choose_language(actor_of(interaction), chosen)
        await self._show(interaction, texts(chosen or interaction.locale.value))

    async def _show(self, interaction: Interaction, t: Texts) -> None:
        answer = AnswerToken(interaction.application_id, interaction.token)
        view = await self._bot.services.invites.view(actor_of(interaction), answer)
        await interaction.edit_original_response(view=member_panel(view, t))


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Mine(bot))
