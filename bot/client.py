"""The Discord client: typed, least rights, and with nothing cached that grows with a guild."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Protocol

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.domain.people import Rule
from bot.i18n import Texts, texts
from bot.log import logger
from bot.services import Services
from bot.settings import DiscordSettings

log = logger(__name__)

EXTENSIONS = ("cogs.access", "cogs.guilds", "cogs.members", "cogs.plex", "cogs.requests")


class Pressed(Protocol):
    """A button, menu or modal of Helpr's that somebody has used."""

    rule: ClassVar[Rule]


class Door(Protocol):
    """The one way in: the gate, the handler of what was pressed, the one error handler."""

    async def enter(self, interaction: discord.Interaction[Any], what: Pressed) -> None:
        """Admit, handle, or tell what went wrong."""

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        """The same for a modal, found by its custom_id."""

    async def admit(self, interaction: discord.Interaction[Any], demanded: Rule) -> None:
        """The gate alone; raises what it refuses with."""

    async def tell(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """The error handler alone."""

    def on(self, kind: type[Any], handler: Callable[..., Awaitable[None]]) -> None:
        """Let `handler` take care of everything of this kind."""


# Helpr never speaks: discord.py need not warn that it could not.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


def point_at(discord_: DiscordSettings) -> None:
    """Send every request to the Discord of the settings, where that is not the real one."""
    if discord_.api_url is not None:
        Route.BASE = discord_.api_url
    if discord_.gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(discord_.gateway_url)


class HelprBot(commands.AutoShardedBot):
    """The bot of one process. `services` and `door` are handed to it by the composition root."""

    def __init__(
        self,
        *,
        services: Services,
        door: Door,
        tree_cls: type[app_commands.CommandTree[Any]],
        **options: Any,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=tree_cls,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            # READY already names every guild; how long to wait for more details of them.
            guild_ready_timeout=0.5,
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self.services = services
        self.door = door
        self.synced = asyncio.Event()

    async def setup_hook(self) -> None:
        """Load the cogs and bring Discord's copy of the commands up to date."""
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        await self.sync_commands()

    async def sync_commands(self) -> None:
        """Sync the tree only when its hash differs from the stored one, once in the fleet."""
        payload = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        text = json.dumps([self.application_id, payload], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()
        guilds = self.services.guilds
        while not await guilds.commands_are(digest):
            if not await guilds.claim_commands():
                # Another process is at it; its outcome decides.
                await asyncio.sleep(1)
                continue
            done = None
            try:
                await self.tree.sync()
                done = digest
            finally:
                await guilds.commands_synced(done)
            log.info("commands.synced", commands=len(payload))
        self.synced.set()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Modals go through the door by their custom_id, so that a restart does not lose one."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.door.submitted(interaction)

    def texts_for(self, interaction: discord.Interaction[Any]) -> Texts:
        """Texts in the reader's own language."""
        return texts(interaction.locale.value)
