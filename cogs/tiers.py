"""`/tier`: what people can be given, to whom, and for how long."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

import discord
from discord import Permissions, app_commands
from discord.ext import commands
from discord.ui import LayoutView, Modal

from bot.client import HelprBot, locale_of
from bot.domain.bulk import BulkAction, BulkAnswer, BulkDetails
from bot.domain.errors import Refused
from bot.domain.filters import Media
from bot.domain.people import Actor, Right, Rule
from bot.domain.roles import ChosenRole
from bot.services.tiers import TierList, TierView
from bot.tree import Interaction, actor_of, in_time, rule
from bot.ui.bulk import bulk_panel
from bot.ui.items.base import chosen_number, chosen_of
from bot.ui.items.tiers import (
    ChangeTier,
    ChooseForTier,
    ChooseTierLibraries,
    ChooseTierRole,
    NewTier,
    PickTier,
    SetSeats,
    SwitchTier,
    TierPage,
    TurnTierLibraries,
    TurnTiers,
)
from bot.ui.modals.tiers import (
    FilterForm,
    NewTierForm,
    SeatsForm,
    TierForm,
    filter_modal,
    new_tier_modal,
    seats_modal,
    tier_modal,
)
from bot.ui.tier_pages import (
    delete_page,
    filters_page,
    role_page,
    server_page,
    tier_libraries_page,
)
from bot.ui.tiers import tier_panel, tiers_panel

ADMIN = Rule(Right.ADMIN)
TIER = "The tier's name"


class Tiers(commands.GroupCog, group_name="tier", group_description="What people can be given"):
    """One private message: all tiers, one of them, and its pages."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        for kind, handler in (
            (TierPage, self.show_page),
            (ChangeTier, self.change),
            (SwitchTier, self.switch),
            (TurnTiers, self.turn),
            (NewTier, self.ask_name),
            (NewTierForm, self.made),
            (TierForm, self.typed),
            (FilterForm, self.filtered),
            (SetSeats, self.ask_seats),
            (SeatsForm, self.seated),
            (PickTier, self.pick),
            (TurnTierLibraries, self.turn_libraries),
            (ChooseTierLibraries, self.choose_libraries),
            (ChooseForTier, self.chosen),
            (ChooseTierRole, self.choose_role),
        ):
            bot.door.on(kind, handler)

    # -- commands --------------------------------------------------------------------------------

    @rule(ADMIN)
    @app_commands.command(name="list", description="See and change all tiers")
    async def show_list(self, interaction: Interaction) -> None:
        """Every tier."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show_all(interaction)

    @rule(ADMIN)
    @app_commands.command(name="create", description="Make a new tier")
    @app_commands.describe(
        name="What people read: Standard, Family, Kids",
        server="Of several Plex servers, the one that it shares",
    )
    async def create(self, interaction: Interaction, name: str, server: str | None = None) -> None:
        """A tier by its name; everything else is chosen on its panel."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._bot.services.tiers.create(actor_of(interaction), name, server)
        await self._show(interaction, view, saved=True)

    @create.autocomplete("server")
    async def _servers(
        self, interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        links = await self._bot.services.linking.of_guild(actor_of(interaction))
        names = [link.server_name[:100] for link in links if link.server_name]
        return [
            app_commands.Choice(name=name, value=name)
            for name in names
            if typed.casefold() in name.casefold()
        ][:25]

    @rule(ADMIN)
    @app_commands.command(name="edit", description="Change a tier")
    @app_commands.describe(tier=TIER)
    async def edit(self, interaction: Interaction, tier: str) -> None:
        """The panel of a tier."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._bot.services.tiers.named(actor_of(interaction), tier)
        await self._show(interaction, view)

    @rule(ADMIN)
    @app_commands.command(name="delete", description="Delete a tier, after its people have moved")
    @app_commands.describe(tier=TIER)
    async def delete(self, interaction: Interaction, tier: str) -> None:
        """The question before a tier is deleted."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._bot.services.tiers.named(actor_of(interaction), tier)
        await self._ask_to_delete(interaction, view)

    @edit.autocomplete("tier")
    @delete.autocomplete("tier")
    async def _tiers(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = await self._bot.services.access.tiers(actor_of(interaction))
        wanted = typed.casefold()
        return [
            app_commands.Choice(name=tier.name, value=tier.name)
            for tier in found
            if wanted in tier.name.casefold()
        ][:25]

    # -- all tiers -------------------------------------------------------------------------------

    async def turn(self, interaction: Interaction, pressed: TurnTiers) -> None:
        """Another page of all tiers."""
        await interaction.response.defer()
        await self._show_all(interaction, pressed.page)

    async def pick(self, interaction: Interaction, _pressed: PickTier) -> None:
        """One of them."""
        await interaction.response.defer()
        view = await self._get(interaction, chosen_number(interaction))
        await self._show(interaction, view)

    async def ask_name(self, interaction: Interaction, _pressed: NewTier) -> None:
        """Open the form for a new tier."""
        await interaction.response.send_modal(new_tier_modal(self._bot.texts_for(interaction)))

    async def made(self, interaction: Interaction, form: NewTierForm) -> None:
        """The form was sent."""
        await interaction.response.defer()
        name = form.values.get("name", "")
        view = await self._bot.services.tiers.create(actor_of(interaction), name)
        await self._show(interaction, view, saved=True)

    async def ask_seats(self, interaction: Interaction, pressed: SetSeats) -> None:
        """Open the form for the seats of a server."""
        async with in_time():
            found = await self._bot.services.tiers.all(actor_of(interaction))
        links = [one.link for one in found.seats if one.link.id == pressed.link_id]
        if not links:
            raise Refused("plex.not_set_up")
        t = self._bot.texts_for(interaction)
        await interaction.response.send_modal(seats_modal(links[0], t))

    async def seated(self, interaction: Interaction, form: SeatsForm) -> None:
        """The seats of a server were typed."""
        await interaction.response.defer()
        tiers, seats = self._bot.services.tiers, form.values.get("seats", "")
        found = await tiers.set_seats(actor_of(interaction), form.link_id, seats)
        await self._show_all(interaction, found=found)

    # -- one tier --------------------------------------------------------------------------------

    async def show_page(self, interaction: Interaction, pressed: TierPage) -> None:
        """A page, or a form."""
        forms: dict[str, Callable[[TierView], Modal]] = {
            "details": lambda view: tier_modal(view.tier, self._bot.texts_for(interaction)),
            **{media: self._filter_form(interaction, media) for media in Media},
        }
        if pressed.what in forms:
            async with in_time():
                view = await self._get(interaction, pressed.tier_id)
            await interaction.response.send_modal(forms[pressed.what](view))
            return
        await interaction.response.defer()
        view, t = await self._get(interaction, pressed.tier_id), self._bot.texts_for(interaction)
        match pressed.what:
            case "filters":
                await self._put(interaction, filters_page(view, t))
            case "role":
                await self._put(interaction, role_page(view, t, roles=_roles_of(interaction)))
            case "server":
                await self._put(interaction, server_page(view, t))
            case "delete":
                await self._ask_to_delete(interaction, view)
            case _:
                await self._show(interaction, view)

    def _filter_form(self, interaction: Interaction, media: Media) -> Callable[[TierView], Modal]:
        return lambda view: filter_modal(view.tier, media, self._bot.texts_for(interaction))

    async def change(self, interaction: Interaction, pressed: ChangeTier) -> None:
        """A button that does something at once."""
        await interaction.response.defer()
        deeds: dict[str, Callable[[Interaction, Actor, int], Awaitable[None]]] = {
            "all": self._all_libraries,
            "none": self._no_libraries,
            "unfilter": self._unfilter,
            "default": self._make_default,
            "erase": self._erase,
            "stay": self._stay,
            "roles": self._retry_roles,
            "apply": self._apply,
            "rest": self._move_rest,
        }
        await deeds[pressed.what](interaction, actor_of(interaction), pressed.tier_id)

    async def switch(self, interaction: Interaction, pressed: SwitchTier) -> None:
        """Something was switched on or off."""
        await interaction.response.defer()
        actor, services, on = actor_of(interaction), self._bot.services, bool(pressed.on)
        if pressed.flag == "is_open":
            view = await services.tiers.open_or_close(actor, pressed.tier_id, is_open=on)
        else:
            view = await services.tier_edits.set_flag(actor, pressed.tier_id, pressed.flag, on=on)
        await self._show(interaction, view, saved=True)

    async def typed(self, interaction: Interaction, form: TierForm) -> None:
        """Name, days and seats were typed."""
        await interaction.response.defer()
        typed = {name: form.values.get(name, "") for name in ("name", "days", "seats")}
        edits = self._bot.services.tier_edits
        view = await edits.set_details(actor_of(interaction), form.tier_id, **typed)
        await self._show(interaction, view, saved=True)

    async def filtered(self, interaction: Interaction, form: FilterForm) -> None:
        """A filter was typed; Plex is asked whether it knows the words."""
        await interaction.response.defer()
        view, is_checked = await self._bot.services.tier_edits.set_filter(
            actor_of(interaction), form.tier_id, Media(form.media), dict(form.values)
        )
        t = self._bot.texts_for(interaction)
        await self._put(interaction, filters_page(view, t, saved=True, is_checked=is_checked))

    async def turn_libraries(self, interaction: Interaction, pressed: TurnTierLibraries) -> None:
        """Another page of libraries."""
        await interaction.response.defer()
        await self._libraries(
            interaction, await self._get(interaction, pressed.tier_id), pressed.page
        )

    async def choose_libraries(
        self, interaction: Interaction, pressed: ChooseTierLibraries
    ) -> None:
        """What was chosen on a page."""
        await interaction.response.defer()
        view = await self._bot.services.tier_edits.choose(
            actor_of(interaction),
            pressed.tier_id,
            **chosen_of(pressed.item),
        )
        await self._libraries(interaction, view, pressed.page)

    async def chosen(self, interaction: Interaction, pressed: ChooseForTier) -> None:
        """A server for the tier, or a tier for its people."""
        await interaction.response.defer()
        if pressed.what == "to":
            actor, to_id = actor_of(interaction), chosen_number(interaction)
            await self._move_away(interaction, actor, pressed.tier_id, to_id)
            return
        view = await self._bot.services.tier_edits.set_link(
            actor_of(interaction), pressed.tier_id, chosen_number(interaction)
        )
        await self._show(interaction, view, saved=True)

    async def choose_role(self, interaction: Interaction, pressed: ChooseTierRole) -> None:
        """A role, or none."""
        await interaction.response.defer()
        role_id = chosen_number(interaction)
        role = _facts_of(interaction, role_id) if role_id else None
        edits, t = self._bot.services.tier_edits, self._bot.texts_for(interaction)
        view = await edits.set_role(actor_of(interaction), pressed.tier_id, role)
        page = role_page(view, t, roles=_roles_of(interaction), saved=True)
        await self._put(interaction, page)

    # -- deeds -----------------------------------------------------------------------------------

    async def _all_libraries(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        view = await self._bot.services.tier_edits.choose(actor, tier_id)
        await self._libraries(interaction, view, 0)

    async def _no_libraries(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        view = await self._bot.services.tier_edits.choose(actor, tier_id, chosen=())
        await self._libraries(interaction, view, 0)

    async def _unfilter(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        view = await self._bot.services.tier_edits.unfilter(actor, tier_id)
        t = self._bot.texts_for(interaction)
        await self._put(interaction, filters_page(view, t, saved=True))

    async def _apply(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        """Its people get what it says now."""
        who = await self._bot.services.tiers.differing(actor, tier_id)
        await self._begin(interaction, BulkAction.APPLY_TIER, who)

    async def _move_rest(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        """Its people go on to the tier that takes its place."""
        view = await self._get(interaction, tier_id)
        if view.target is None:
            await self._show(interaction, view)
            return
        await self._move_away(interaction, actor, tier_id, view.target.id)

    async def _move_away(
        self, interaction: Interaction, actor: Actor, tier_id: int, to_id: int
    ) -> None:
        who = await self._bot.services.tiers.leave(actor, tier_id, to_id)
        if who:
            await self._begin(interaction, BulkAction.MOVE, who, tier_id=to_id)
        else:
            await self._show_all(interaction, saved=True)

    async def _begin(
        self,
        interaction: Interaction,
        action: BulkAction,
        who: Collection[int],
        tier_id: int | None = None,
    ) -> None:
        """A word about everybody in a tier; this message shows from now on how far it is."""
        progress = await self._bot.services.bulk.start(
            actor_of(interaction),
            action,
            who,
            BulkDetails(tier_id=tier_id, with_own=True),
            answer=BulkAnswer(interaction.application_id, interaction.token),
            locale=locale_of(interaction),
        )
        await self._put(interaction, bulk_panel(progress, self._bot.texts_for(interaction)))

    async def _make_default(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        view = await self._bot.services.tiers.make_default(actor, tier_id)
        await self._show(interaction, view, saved=True)

    async def _erase(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        await self._bot.services.tiers.delete(actor, tier_id)
        await self._show_all(interaction, saved=True)

    async def _stay(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        view = await self._bot.services.tiers.stay(actor, tier_id)
        await self._show(interaction, view, saved=True)

    async def _retry_roles(self, interaction: Interaction, actor: Actor, tier_id: int) -> None:
        view = await self._bot.services.tier_edits.retry_roles(actor, tier_id)
        await self._show(interaction, view)

    # -- showing ---------------------------------------------------------------------------------

    async def _get(self, interaction: Interaction, tier_id: int) -> TierView:
        return await self._bot.services.tiers.get(actor_of(interaction), tier_id)

    async def _ask_to_delete(self, interaction: Interaction, view: TierView) -> None:
        if view.tier.is_default:
            raise Refused("tier.is_default", tier=view.tier.name)
        tiers = await self._bot.services.access.tiers(actor_of(interaction))
        page = delete_page(view, tiers, self._bot.texts_for(interaction))
        await self._put(interaction, page)

    async def _libraries(self, interaction: Interaction, view: TierView, page: int) -> None:
        shown = tier_libraries_page(view, page, self._bot.texts_for(interaction))
        await self._put(interaction, shown)

    async def _show(self, interaction: Interaction, view: TierView, *, saved: bool = False) -> None:
        panel = tier_panel(view, self._bot.texts_for(interaction), saved=saved)
        await self._put(interaction, panel)

    async def _show_all(
        self,
        interaction: Interaction,
        page: int = 0,
        *,
        found: TierList | None = None,
        saved: bool = False,
    ) -> None:
        saved = saved or found is not None
        found = found or await self._bot.services.tiers.all(actor_of(interaction))
        panel = tiers_panel(found, page, self._bot.texts_for(interaction), saved=saved)
        await self._put(interaction, panel)

    async def _put(self, interaction: Interaction, view: LayoutView) -> None:
        await interaction.edit_original_response(view=view)


def _roles_of(interaction: Interaction) -> set[int] | None:
    """The roles that the server has, None while Discord does not say."""
    guild = interaction.guild
    if guild is None or guild.unavailable:
        return None
    return {role.id for role in guild.roles}


def _facts_of(interaction: Interaction, role_id: int) -> ChosenRole:
    """A role, as Discord shows it; raises `Refused("role.unknown")`."""
    guild = interaction.guild
    role = guild.get_role(role_id) if guild is not None else None
    if guild is None or role is None:
        raise Refused("role.unknown")
    me, setter = _own_member(interaction), interaction.user
    rights = role.permissions
    return ChosenRole(
        role.id,
        is_everybodys=role.is_default(),
        is_managed=role.managed,
        gives_rights=rights.administrator or rights.manage_guild,
        # In doubt it is tried, and what comes of it is shown.
        bot_may=me is None or me.guild_permissions.manage_roles,
        is_below_bot=me is None or role < me.top_role,
        is_below_setter=setter.id == guild.owner_id
        or (isinstance(setter, discord.Member) and role < setter.top_role),
    )


def _own_member(interaction: Interaction) -> discord.Member | None:
    guild, user = interaction.guild, interaction.client.user
    return guild.get_member(user.id) if guild is not None and user is not None else None


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    cog = Tiers(bot)
    if cog.app_command is not None:
        cog.app_command.guild_only = True
        cog.app_command.default_permissions = Permissions(manage_guild=True)
    await bot.add_cog(cog)
