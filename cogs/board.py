"""`/dashboard`, `/stats` and `/audit`: how everything is, how it went, who did what."""

import io
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands
from discord.ui import File, LayoutView

from bot.client import HelprBot
from bot.domain.audit import AuditFilter, AuditPage
from bot.domain.errors import Refused
from bot.domain.people import Right, Rule
from bot.log import logger
from bot.services.audit import MOST_LINES
from bot.tree import Interaction, actor_of, rule
from bot.ui import stats as figures
from bot.ui.access import access_panel
from bot.ui.audit import audit_panel
from bot.ui.board import PICTURE, board_panel, board_picture
from bot.ui.items.base import chosen_number
from bot.ui.items.board import PickInvite, TurnAudit, TurnBoard, TurnStats
from bot.ui.layout import GREEN, contained, text
from bot.ui.painter import CannotPaint, Painter
from bot.ui.states import actions_like, is_action

log = logger(__name__)

ADMIN = Rule(Right.ADMIN)
FIRST_DAYS = 30


class Board(commands.Cog):
    """Reads alone: whatever changes something has its own cog."""

    def __init__(self, bot: HelprBot) -> None:
        self._bot = bot
        self._painter = Painter()
        bot.door.on(TurnBoard, self.turn)
        bot.door.on(PickInvite, self.pick)
        bot.door.on(TurnStats, self.turn_stats)
        bot.door.on(TurnAudit, self.turn_audit)

    async def cog_unload(self) -> None:
        """Let the painter go."""
        await self._painter.close()

    # -- the dashboard ----------------------------------------------------------------------------

    @rule(ADMIN)
    @app_commands.command(name="dashboard", description="How everything is, and what needs you")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def dashboard(self, interaction: Interaction) -> None:
        """Show the last 30 days."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction, FIRST_DAYS)

    async def turn(self, interaction: Interaction, pressed: TurnBoard) -> None:
        """Another period, or the same as it is now."""
        await interaction.response.defer()
        await self._show(interaction, pressed.days)

    async def pick(self, interaction: Interaction, _pressed: PickInvite) -> None:
        """Open the card of one person, beside the dashboard."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        access, actor = self._bot.services.access, actor_of(interaction)
        view = await access.get(actor, chosen_number(interaction))
        t = self._bot.texts_for(interaction)
        await interaction.edit_original_response(view=access_panel(view, t, can_change=True))

    async def _show(self, interaction: Interaction, days: int) -> None:
        board = await self._bot.services.board.dashboard(actor_of(interaction), days)
        t = self._bot.texts_for(interaction)
        files = await self._painted(board_picture(board, t), PICTURE)
        panel = board_panel(board, t, has_picture=bool(files))
        await interaction.edit_original_response(view=panel, attachments=files)

    # -- the statistics ---------------------------------------------------------------------------

    @rule(ADMIN)
    @app_commands.command(name="stats", description="How fast, how many, by whom, and why not")
    @app_commands.describe(days="How far back to look")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def stats(self, interaction: Interaction, days: Literal[7, 30, 90, 365] = 30) -> None:
        """Show one period."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show_stats(interaction, days)

    async def turn_stats(self, interaction: Interaction, pressed: TurnStats) -> None:
        """Another period, or this one as a file."""
        if pressed.way == "show":
            await interaction.response.defer()
            await self._show_stats(interaction, pressed.days)
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = await self._bot.services.stats.of_period(actor_of(interaction), pressed.days)
        t = self._bot.texts_for(interaction)
        name = f"statistics-{pressed.days}-days.csv"
        said = t.n("The last {n} day.", "The last {n} days.", pressed.days)
        await _send_file(interaction, name, figures.stats_file(view, t), said)

    async def _show_stats(self, interaction: Interaction, days: int) -> None:
        view = await self._bot.services.stats.of_period(actor_of(interaction), days)
        t = self._bot.texts_for(interaction)
        files = await self._painted(figures.stats_picture(view, t), figures.PICTURE)
        panel = figures.stats_panel(view, t, has_picture=bool(files))
        await interaction.edit_original_response(view=panel, attachments=files)

    async def _painted(self, svg: str, name: str) -> list[discord.File]:
        """The picture as a file; none when it cannot be made, which the panel says."""
        try:
            return [discord.File(io.BytesIO(await self._painter.paint(svg)), name)]
        except CannotPaint as error:
            log.warning("picture.failed", why=str(error))
            return []

    # -- the audit log ----------------------------------------------------------------------------

    @rule(ADMIN)
    @app_commands.command(name="audit", description="Who did what, and when")
    @app_commands.describe(
        person="What they did, and what was done about their access",
        action="Only this",
        since="How long ago at most (7d, 2 weeks), or a day: 2026-10-31",
        until="How long ago at least, or the last day",
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def audit(
        self,
        interaction: Interaction,
        person: discord.User | None = None,
        action: str = "",
        since: str = "",
        until: str = "",
    ) -> None:
        """Show the latest lines."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor, services = actor_of(interaction), self._bot.services
        if action and not is_action(action):
            raise Refused("audit.no_action", typed=action[:60])
        wanted = await services.audit.wanted(
            actor,
            user_id=person.id if person else None,
            action=action or None,
            since=since,
            until=until,
        )
        await self._show_audit(interaction, wanted, await services.audit.page(actor, wanted))

    @audit.autocomplete("action")
    async def actions(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Actions by the words that the log has for them."""
        t = self._bot.texts_for(interaction)
        found = actions_like(typed, t)[:25]
        return [app_commands.Choice(name=words[:100], value=action) for action, words in found]

    async def turn_audit(self, interaction: Interaction, pressed: TurnAudit) -> None:
        """A neighbouring page, or all of it as a file."""
        actor, audit = actor_of(interaction), self._bot.services.audit
        if pressed.way == "file":
            await self._send_audit(interaction, pressed.wanted)
            return
        await interaction.response.defer()
        if pressed.way == "older":
            page = await audit.page(actor, pressed.wanted, before=pressed.edge)
        else:
            page = await audit.page(actor, pressed.wanted, after=pressed.edge)
        await self._show_audit(interaction, pressed.wanted, page)

    async def _send_audit(self, interaction: Interaction, wanted: AuditFilter) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        content, rows, cut = await self._bot.services.audit.file(actor_of(interaction), wanted)
        t = self._bot.texts_for(interaction)
        said = t.n("{n} line, newest first.", "{n} lines, newest first.", rows)
        if cut:
            said += " " + t(
                "Older ones had no room: one file holds {n} at most. Choose a time to get them.",
                n=MOST_LINES,
            )
        await _send_file(interaction, "audit.csv", content, said)

    async def _show_audit(
        self, interaction: Interaction, wanted: AuditFilter, page: AuditPage
    ) -> None:
        panel = audit_panel(page, wanted, self._bot.texts_for(interaction))
        await interaction.edit_original_response(view=panel)


async def _send_file(interaction: Interaction, name: str, content: bytes, said: str) -> None:
    """A private file with a sentence."""
    view: LayoutView = contained(text(said), File(f"attachment://{name}"), colour=GREEN)
    await interaction.edit_original_response(
        view=view, attachments=[discord.File(io.BytesIO(content), name)]
    )


async def setup(bot: Any) -> None:
    """discord.py's entry of an extension."""
    await bot.add_cog(Board(bot))
