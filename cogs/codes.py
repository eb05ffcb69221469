"""`/code`: make a code, see them all, take one back."""

import asyncio
from typing import Any

import discord
from discord import Permissions, app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.codes import LABEL_LENGTH, MOST_TYPED, MOST_USES, Code, Wish
from bot.domain.errors import Refused
from bot.domain.people import Right, Rule
from bot.log import logger
from bot.services.codes import CodePage, Made
from bot.tree import UNREACHED as CUT_OFF
from bot.tree import Interaction, actor_of, rule
from bot.ui.codes import list_panel, made_panel, revoked_panel, to_send
from bot.ui.items.codes import RevokeCode, TurnCodes

log = logger(__name__)

# A person waits for it.
DISCORD_SECONDS = 10.0
UNREACHED = (*CUT_OFF, TimeoutError)
ADMIN = Rule(Right.ADMIN)


class Codes(commands.GroupCog, group_name="code", group_description="Codes that open the door"):
    """Create, list, revoke."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(RevokeCode, self.pressed)
        bot.door.on(TurnCodes, self.turn)

    @rule(ADMIN)
    @app_commands.command(name="create", description="Make a code for somebody")
    @app_commands.describe(
        uses="How often it works: once if you say nothing, 0 for no limit",
        expires="How long it works: 7d, 2 weeks, or a day like 2027-03-31; for ever if nothing",
        tier="Which tier it gives; if none, the default one or what they choose in the form",
        decide="Does a reviewer still decide? If not, who has the code is in at once",
        label="What you call it, so that you know it again",
        code="A code of your own; mine nobody can guess",
        link="Make a Discord invite for one person that goes with it",
        channel="Where that invite leads to",
    )
    async def create(  # noqa: PLR0917 - each is an option that Discord shows
        self,
        interaction: Interaction,
        uses: app_commands.Range[int, 0, MOST_USES] = 1,
        expires: app_commands.Range[str, 0, 60] = "",
        tier: str = "",
        decide: bool = False,
        label: app_commands.Range[str, 0, LABEL_LENGTH] = "",
        code: app_commands.Range[str, 0, MOST_TYPED] = "",
        link: bool = False,
        channel: discord.TextChannel | None = None,
    ) -> None:
        """A code, and perhaps a Discord invite with it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = actor_of(interaction)
        door = await self._door(interaction, channel) if link or channel is not None else None
        made = await self._bot.services.codes.create(
            actor, Wish(uses, expires, tier, not decide, label, code)
        )
        problem = None
        if door is not None:
            made, problem = await self._link(made, door)
        t = self._bot.texts_for(interaction)
        await interaction.edit_original_response(view=made_panel(made.view, t, problem))
        # Alone in its message, as plain text: what is copied is what is sent.
        await interaction.followup.send(to_send(made.text, made.view.code, t), ephemeral=True)

    @create.autocomplete("tier")
    async def _tiers(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        tiers = await self._bot.services.access.tiers(actor_of(interaction))
        wanted = typed.casefold()
        return [
            app_commands.Choice(name=tier.name[:100], value=tier.name[:100])
            for tier in tiers
            if wanted in tier.name.casefold()
        ][:25]

    @rule(ADMIN)
    @app_commands.command(name="list", description="See all codes and who has used them")
    async def show_all(self, interaction: Interaction) -> None:
        """The first page."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, await self._bot.services.codes.page(actor_of(interaction)))

    @rule(ADMIN)
    @app_commands.command(name="revoke", description="Let nobody use a code any more")
    @app_commands.describe(code="Its label, its number, or the code itself")
    async def revoke(self, interaction: Interaction, code: str) -> None:
        """Take a code back."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._bot.services.codes.named(actor_of(interaction), code)
        await self._revoke(interaction, found.id)

    @revoke.autocomplete("code")
    async def _codes(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = await self._bot.services.codes.offered(actor_of(interaction), typed)
        return [
            app_commands.Choice(name=f"#{code.id} {code.label}".strip()[:100], value=f"#{code.id}")
            for code in found
        ]

    async def pressed(self, interaction: Interaction, pressed: RevokeCode) -> None:
        """Take a code of the list back; the answer is a message of its own."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._revoke(interaction, pressed.code_id)

    async def turn(self, interaction: Interaction, pressed: TurnCodes) -> None:
        """Another page."""
        await interaction.response.defer()
        codes, actor = self._bot.services.codes, actor_of(interaction)
        if pressed.way == "newer":
            page = await codes.page(actor, newer_than=pressed.code_id)
        else:
            page = await codes.page(actor, older_than=pressed.code_id)
        await self._show(interaction, page)

    async def _revoke(self, interaction: Interaction, code_id: int) -> None:
        view = await self._bot.services.codes.revoke(actor_of(interaction), code_id)
        has_link = view.code.discord_code is not None
        link_stays = has_link and not await self._delete_link(view.code)
        panel = revoked_panel(view, self._bot.texts_for(interaction), link_stays=link_stays)
        await interaction.edit_original_response(view=panel)

    async def _door(
        self, interaction: Interaction, channel: discord.TextChannel | None
    ) -> discord.TextChannel:
        """The channel that a link leads to: the one named, that of the Get access panel, or here.

        Raises `Refused` (`code.link_*`) before anything is made.
        """
        guild = interaction.guild
        here = await self._bot.services.panels.place_of_get_access(actor_of(interaction))
        for id_ in (channel.id if channel else None, here, interaction.channel_id):
            found = guild.get_channel(id_) if guild is not None and id_ is not None else None
            if isinstance(found, discord.TextChannel):
                me = found.guild.get_member(self._bot.user.id if self._bot.user else 0)
                # In doubt Discord itself decides.
                if me is not None and not found.permissions_for(me).create_instant_invite:
                    raise Refused(
                        "code.link_rights_missing",
                        channel=found.id,
                        permissions="create_instant_invite",
                    )
                return found
        raise Refused("code.link_nowhere")

    async def _link(self, made: Made, door: discord.TextChannel) -> tuple[Made, Refused | None]:
        """Have Discord make the invite, or say why it did not: the code works without one."""
        codes = self._bot.services.codes
        lasts = codes.link_lasts(made.view.code)
        try:
            async with asyncio.timeout(DISCORD_SECONDS):
                link = await door.create_invite(
                    max_age=int(lasts.total_seconds()), max_uses=1, unique=True
                )
        except UNREACHED as error:
            log.warning("code.no_link", code=made.view.code.id, error=type(error).__name__)
            return made, Refused("code.link_failed", channel=door.id)
        return await codes.link_made(made, link.code, lasts), None

    async def _delete_link(self, code: Code) -> bool:
        """Whether the Discord invite of a code is gone."""
        try:
            async with asyncio.timeout(DISCORD_SECONDS):
                await self._bot.delete_invite(str(code.discord_code))
        except discord.NotFound:
            log.info("code.link_gone_already", code=code.id)
        except UNREACHED as error:
            log.warning("code.link_stays", code=code.id, error=type(error).__name__)
            return False
        await self._bot.services.codes.link_gone(code)
        return True

    async def _show(self, interaction: Interaction, page: CodePage) -> None:
        panel = list_panel(page, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    cog = Codes(bot)
    if cog.app_command is not None:
        cog.app_command.guild_only = True
        cog.app_command.default_permissions = Permissions(manage_guild=True)
    await bot.add_cog(cog)
