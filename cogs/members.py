"""`/invite` and `/my-plex`: what a member does."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import HelprBot, locale_of
from bot.domain.codes import Code
from bot.domain.errors import PlexError
from bot.domain.numbers import number_of
from bot.domain.people import Asking, Budget, Right, Rule
from bot.domain.sign_in import CODE, JOINED, SignInPurpose
from bot.services.invites import AnswerToken, Request
from bot.tree import Interaction, actor_of, in_time, rule
from bot.ui.items.members import Hold, Leave, Prove, SignInMine, Withdraw
from bot.ui.items.standing import GetAccess, HaveCode, MyAccess, SignInToGet
from bot.ui.member import leave_panel, member_panel
from bot.ui.modals.members import RedeemForm, RequestForm, redeem_modal, request_modal
from bot.ui.proving import (
    no_own_sign_in_panel,
    no_sign_in_panel,
    own_sign_in_panel,
    ways_panel,
)


class Members(commands.Cog):
    """Asking for access, and one's own request."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        bot.door.on(RequestForm, self.submitted)
        bot.door.on(Withdraw, self.withdraw)
        bot.door.on(Leave, self.leave)
        bot.door.on(GetAccess, self.get_access)
        bot.door.on(HaveCode, self.have_code)
        bot.door.on(RedeemForm, self.redeem)
        bot.door.on(MyAccess, self.show_mine)
        # On panels that were posted when it was a way of its own.
        bot.door.on(SignInToGet, self.get_access)
        bot.door.on(Prove, self.prove)
        bot.door.on(Hold, self.hold)
        bot.door.on(SignInMine, self.sign_in)

    @rule(Rule(Right.MEMBER, Budget.INVITE))
    @app_commands.command(name="invite", description="Ask for access to Plex")
    @app_commands.describe(code="A code, if an admin gave you one")
    @app_commands.guild_only()
    async def invite(self, interaction: Interaction, code: str | None = None) -> None:
        """Open the form, or show the request that is open already, or news that got lost."""
        if code is None:
            await self._offer(interaction)
            return
        actor = actor_of(interaction)
        async with in_time():
            known = await self._bot.services.redeeming.check(actor, code)
            is_waiting = await self._is_waiting(interaction)
            is_offered = await self._is_sign_in_offered(interaction)
        if is_waiting:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._redeem(interaction, code)
        elif is_offered:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._show_ways(interaction, code=known)
        else:
            await self._open_form(interaction, code=code)

    async def get_access(self, interaction: Interaction, _pressed: GetAccess | SignInToGet) -> None:
        """The same from the standing panel."""
        await self._offer(interaction)

    async def prove(self, interaction: Interaction, pressed: Prove) -> None:
        """Begin the sign-in anew, or type the account after all."""
        if pressed.way == "form":
            await self._open_form(interaction)
            return
        await interaction.response.defer()
        known = await self._bot.services.redeeming.known(actor_of(interaction))
        await self._show_ways(interaction, anew=True, code=known)

    async def sign_in(self, interaction: Interaction, _pressed: SignInMine) -> None:
        """A message of its own: the panel's is edited by whatever news comes meanwhile."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, t = actor_of(interaction), self._bot.texts_for(interaction)
        view = await self._bot.services.invites.view(actor)
        if view.invite is None or not view.mine.may_sign_in:
            await interaction.edit_original_response(view=member_panel(view, t))
            return
        try:
            signing_in = await self._bot.services.sign_ins.begin(
                actor,
                SignInPurpose.MEMBER,
                locale=locale_of(interaction),
                anew=True,
                answer=_token(interaction),
            )
        except PlexError:
            panel = no_own_sign_in_panel(t)
        else:
            panel = own_sign_in_panel(signing_in, view.invite, t)
        await interaction.edit_original_response(view=panel)

    async def hold(self, interaction: Interaction, pressed: Hold) -> None:
        """Keep one's own sign-in until the decision, or end it now."""
        await interaction.response.defer()
        view = await self._bot.services.accepting.choose(
            actor_of(interaction), pressed.invite_id, hold=pressed.choice == "yes"
        )
        panel = member_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def _is_sign_in_offered(self, interaction: Interaction) -> bool:
        """Whether members may sign in with Plex here, and this one may ask at all."""
        actor = actor_of(interaction)
        settings = await self._bot.services.guilds.settings(actor.guild_id)
        return settings.sign_in and not await self._bot.services.showing.waits_for(actor)

    async def _offer(self, interaction: Interaction) -> None:
        """The two ways where members may sign in, after the code if one is needed; else the form.

        Who has something to see first is shown that.
        """
        async with in_time():
            is_offered = await self._is_sign_in_offered(interaction)
            settings = await self._bot.services.guilds.settings(actor_of(interaction).guild_id)
        if not is_offered:
            await self._open_form(interaction)
        elif settings.asking is Asking.WITH_CODE:
            await interaction.response.send_modal(redeem_modal(self._bot.texts_for(interaction)))
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._show_ways(interaction)

    async def _show_ways(
        self, interaction: Interaction, *, anew: bool = False, code: Code | None = None
    ) -> None:
        actor, member, t = actor_of(interaction), interaction.user, self._bot.texts_for(interaction)
        joined = member.joined_at if isinstance(member, discord.Member) else None
        details: dict[str, Any] = {JOINED: joined.isoformat()} if joined is not None else {}
        if code is not None:
            details[CODE] = code.id
        try:
            signing_in = await self._bot.services.sign_ins.begin(
                actor,
                SignInPurpose.MEMBER,
                locale=locale_of(interaction),
                anew=anew,
                details=details,
                answer=_token(interaction),
            )
        except PlexError:
            # Plex has no PIN to give, which is no reason to keep the other way shut.
            await interaction.edit_original_response(view=no_sign_in_panel(t))
            return
        settings = await self._bot.services.guilds.settings(actor.guild_id)
        await interaction.edit_original_response(view=ways_panel(signing_in, settings.asking, t))

    async def show_mine(self, interaction: Interaction, _pressed: MyAccess) -> None:
        """The member's own panel, from the standing one."""
        await self._show_own(interaction)

    async def have_code(self, interaction: Interaction, _pressed: HaveCode) -> None:
        """The code alone for a request that waits, and before the two ways; else with the form."""
        async with in_time():
            is_waiting = await self._is_waiting(interaction)
            is_offered = await self._is_sign_in_offered(interaction)
        if is_waiting or is_offered:
            await interaction.response.send_modal(redeem_modal(self._bot.texts_for(interaction)))
        else:
            await self._open_form(interaction, needs_code=True)

    async def redeem(self, interaction: Interaction, form: RedeemForm) -> None:
        """A code for the request that waits, or for the one that comes next."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        typed = form.values.get("code", "")
        if await self._is_sign_in_offered(interaction):
            code = await self._bot.services.redeeming.check(actor_of(interaction), typed)
            await self._show_ways(interaction, code=code)
        else:
            await self._redeem(interaction, typed)

    async def _redeem(self, interaction: Interaction, code: str) -> None:
        view = await self._bot.services.invites.redeem(
            actor_of(interaction), code, _token(interaction)
        )
        panel = member_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def _is_waiting(self, interaction: Interaction) -> bool:
        """Whether the member has a request that nobody has decided."""
        live = await self._bot.services.invites.live(actor_of(interaction))
        return live is not None and live.is_open

    async def _open_form(
        self, interaction: Interaction, *, code: str = "", needs_code: bool = False
    ) -> None:
        actor = actor_of(interaction)
        async with in_time():
            waits = await self._bot.services.showing.waits_for(actor)
            settings = await self._bot.services.guilds.settings(actor.guild_id)
            tiers = [] if waits else await self._bot.services.tiers.open_to(actor.guild_id)
            known = await self._bot.services.redeeming.known(actor)
        if waits:
            await self._show_own(interaction)
            return
        needs_code = needs_code or bool(code) or settings.asking is Asking.WITH_CODE
        t = self._bot.texts_for(interaction)
        is_known = known is not None and not code
        form = request_modal(t, tiers, needs_code=needs_code, code=code, is_known=is_known)
        await interaction.response.send_modal(form)

    async def submitted(self, interaction: Interaction, form: RequestForm) -> None:
        """The form was sent; its answer takes the place of the two ways, if it came from there."""
        came_from = interaction.message
        if came_from is not None and came_from.flags.ephemeral:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
        member = interaction.user
        request = Request(
            login=form.values.get("login", ""),
            note=form.values.get("note", ""),
            code=form.values.get("code", ""),
            locale=locale_of(interaction),
            tier_id=_chosen_tier(form),
            joined_at=member.joined_at if isinstance(member, discord.Member) else None,
            answer=_token(interaction),
        )
        view = await self._bot.services.invites.request(actor_of(interaction), request)
        panel = member_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    @rule(Rule())
    @app_commands.command(name="my-plex", description="Show my Plex access")
    @app_commands.guild_only()
    async def my_plex(self, interaction: Interaction) -> None:
        """Show the member's own panel."""
        await self._show_own(interaction)

    async def _show_own(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._bot.services.invites.view(actor_of(interaction), _token(interaction))
        panel = member_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)
        await self._bot.services.showing.seen(view.invite)

    async def withdraw(self, interaction: Interaction, pressed: Withdraw) -> None:
        """Take one's own request back."""
        await interaction.response.defer()
        view = await self._bot.services.invites.withdraw(actor_of(interaction), pressed.invite_id)
        panel = member_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)

    async def leave(self, interaction: Interaction, pressed: Leave) -> None:
        """Ask first, then give one's own access up."""
        if pressed.step == "ask":
            await self._ask_whether_to_leave(interaction)
            return
        await interaction.response.defer()
        actor, t = actor_of(interaction), self._bot.texts_for(interaction)
        if pressed.step == "yes":
            await self._bot.services.access.leave(actor, pressed.invite_id)
        view = await self._bot.services.invites.view(actor, _token(interaction))
        await interaction.edit_original_response(view=member_panel(view, t))

    async def _ask_whether_to_leave(self, interaction: Interaction) -> None:
        """A message of its own: the panel's is edited by whatever news comes meanwhile."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._bot.services.invites.view(actor_of(interaction))
        panel = leave_panel(view, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


def _chosen_tier(form: RequestForm) -> int | None:
    """The tier that was chosen, where there was a choice."""
    value = form.values.get("tier", "")
    return number_of(value) if value else None


def _token(interaction: Interaction) -> AnswerToken:
    """What lets a worker edit this private answer for 15 minutes."""
    return AnswerToken(interaction.application_id, interaction.token)


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Members(bot))
