"""`/access`: what becomes of access once it was given."""

from typing import Any

import discord
from discord import Permissions, app_commands
from discord.ext import commands

from bot.client import HelprBot
from bot.domain.errors import Refused
from bot.domain.people import Right, Rule
from bot.services.access_view import AccessView
from bot.tree import Interaction, actor_of, in_time, rule
from bot.ui.access import access_panel
from bot.ui.items.access import ChangeAccess, ExtendAccess, Retry, TurnHistory
from bot.ui.layout import GREEN, notice
from bot.ui.modals.access import ExtendForm, ReasonForm, extend_modal, reason_modal

ADMIN = Rule(Right.ADMIN)
REVIEWER = Rule(Right.REVIEWER)
MEMBER = "Whose access"


class Access(commands.GroupCog, group_name="access", group_description="The access of one person"):
    """Show, extend, suspend, restore, move, end."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(ChangeAccess, self.pressed)
        bot.door.on(ExtendAccess, self.ask_until)
        bot.door.on(ReasonForm, self.reasoned)
        bot.door.on(ExtendForm, self.extended)
        bot.door.on(Retry, self.retry)
        bot.door.on(TurnHistory, self.turn)

    @rule(REVIEWER)
    @app_commands.command(name="show", description="Show somebody's access and its history")
    @app_commands.describe(member=MEMBER, plex="Or the exact Plex name or e-mail address")
    async def show(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        plex: str | None = None,
    ) -> None:
        """The card of one person."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if (member is None) is (plex is None):
            raise Refused("access.which")
        if member is not None:
            view = await self._of(interaction, member)
        else:
            view = await self._bot.services.holders.find(actor_of(interaction), plex or "")
        await self._show(interaction, view)

    @rule(ADMIN)
    @app_commands.command(name="suspend", description="Take the libraries away for a while")
    @app_commands.describe(member=MEMBER, reason="For the log")
    async def suspend(
        self, interaction: Interaction, member: discord.User, reason: str = ""
    ) -> None:
        """Suspend."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._of(interaction, member)
        access = self._bot.services.access
        view = await access.suspend(actor_of(interaction), view.invite.id, reason)
        await self._show(interaction, view)

    @rule(ADMIN)
    @app_commands.command(name="restore", description="Put back exactly what was taken away")
    @app_commands.describe(member=MEMBER)
    async def restore(self, interaction: Interaction, member: discord.User) -> None:
        """Restore."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._of(interaction, member)
        await self._restore(interaction, view)

    @rule(REVIEWER)
    @app_commands.command(name="extend", description="Let somebody's access last longer")
    @app_commands.describe(member=MEMBER, until="30d, 2 weeks, 6 months, or a day: 2027-03-31")
    async def extend(self, interaction: Interaction, member: discord.User, until: str) -> None:
        """Extend, or renew what has expired."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._of(interaction, member)
        access = self._bot.services.access
        view = await access.extend(actor_of(interaction), view.invite.id, until)
        await self._show(interaction, view)

    @rule(ADMIN)
    @app_commands.command(name="move", description="Move somebody to another tier")
    @app_commands.describe(member=MEMBER, tier="The new tier")
    async def move(self, interaction: Interaction, member: discord.User, tier: str) -> None:
        """Move to another tier, chosen by autocomplete or typed by name."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, access = actor_of(interaction), self._bot.services.access
        view = await self._of(interaction, member)
        view = await access.move(actor, view.invite.id, await self._tier(interaction, tier))
        await self._show(interaction, view)

    @move.autocomplete("tier")
    async def _tiers(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        tiers = await self._bot.services.access.tiers(actor_of(interaction))
        wanted = typed.casefold()
        return [
            app_commands.Choice(name=tier.name[:100], value=tier.name[:100])
            for tier in tiers
            if wanted in tier.name.casefold()
        ][:25]

    @rule(ADMIN)
    @app_commands.command(name="revoke", description="End somebody's access")
    @app_commands.describe(member=MEMBER, reason="For the log")
    async def revoke(
        self, interaction: Interaction, member: discord.User, reason: str = ""
    ) -> None:
        """End access."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._of(interaction, member)
        access = self._bot.services.access
        view = await access.revoke(actor_of(interaction), view.invite.id, reason)
        await self._show(interaction, view)

    async def turn(self, interaction: Interaction, pressed: TurnHistory) -> None:
        """Another page of the history."""
        await interaction.response.defer()
        access, actor = self._bot.services.access, actor_of(interaction)
        key = {pressed.way: pressed.event_id}
        await self._show(interaction, await access.get(actor, pressed.invite_id, **key))

    async def pressed(self, interaction: Interaction, pressed: ChangeAccess) -> None:
        """A button of the card: a reason first where something is taken away."""
        if pressed.what in {"suspend", "revoke"}:
            t = self._bot.texts_for(interaction)
            await interaction.response.send_modal(reason_modal(t, pressed.what, pressed.invite_id))
            return
        await interaction.response.defer()
        access = self._bot.services.access
        view = await access.get(actor_of(interaction), pressed.invite_id)
        await self._restore(interaction, view, without_gone=pressed.what == "rest")

    async def reasoned(self, interaction: Interaction, form: ReasonForm) -> None:
        """The reason was given: suspend, or end."""
        await interaction.response.defer()
        actor, access = actor_of(interaction), self._bot.services.access
        act = access.suspend if form.what == "suspend" else access.revoke
        view = await act(actor, form.invite_id, form.values.get("reason", ""))
        await self._show(interaction, view)

    async def ask_until(self, interaction: Interaction, pressed: ExtendAccess) -> None:
        """Open the form for the new end."""
        async with in_time():
            await self._bot.services.access.get(actor_of(interaction), pressed.invite_id)
        t = self._bot.texts_for(interaction)
        await interaction.response.send_modal(extend_modal(t, pressed.invite_id))

    async def extended(self, interaction: Interaction, form: ExtendForm) -> None:
        """The new end was given."""
        await interaction.response.defer()
        access = self._bot.services.access
        view = await access.extend(
            actor_of(interaction), form.invite_id, form.values.get("until", "")
        )
        await self._show(interaction, view)

    async def retry(self, interaction: Interaction, pressed: Retry) -> None:
        """Try again; the card follows by its own job."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._bot.services.access.retry(actor_of(interaction), pressed.invite_id)
        t = self._bot.texts_for(interaction)
        await interaction.edit_original_response(
            view=notice(t("I try again now. The card shows how it goes."), colour=GREEN)
        )

    async def _restore(
        self, interaction: Interaction, view: AccessView, *, without_gone: bool = False
    ) -> None:
        actor, access = actor_of(interaction), self._bot.services.access
        try:
            restored = await access.restore(actor, view.invite.id, without_gone=without_gone)
        except Refused as refusal:
            if refusal.key != "restore.libraries_gone":
                raise
            # The sentence comes with the button that does what is still possible.
            await self._show(interaction, view, refusal=refusal)
            return
        await self._show(interaction, restored)

    async def _of(self, interaction: Interaction, member: discord.User) -> AccessView:
        return await self._bot.services.access.of_member(actor_of(interaction), member.id)

    async def _tier(self, interaction: Interaction, name: str) -> int:
        tiers = await self._bot.services.access.tiers(actor_of(interaction))
        found = [tier.id for tier in tiers if tier.name.casefold() == name.strip().casefold()]
        if not found:
            raise Refused("tier.unknown")
        return found[0]

    async def _show(
        self, interaction: Interaction, view: AccessView, refusal: Refused | None = None
    ) -> None:
        panel = access_panel(
            view,
            self._bot.texts_for(interaction),
            can_change=actor_of(interaction).right is Right.ADMIN,
            refusal=refusal,
        )
        await interaction.edit_original_response(view=panel)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    cog = Access(bot)
    if cog.app_command is not None:
        cog.app_command.guild_only = True
        cog.app_command.default_permissions = Permissions(manage_guild=True)
    await bot.add_cog(cog)
