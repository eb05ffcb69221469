"""The Discord client: typed, least rights, and with nothing cached that grows with a guild."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Protocol, cast

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.state import AutoShardedConnectionState

from bot.domain.channels import ChannelProblem, RequestChannel
from bot.domain.people import Actor, Rule
from bot.i18n import COMMAND, MENU, OPTION, Texts, below, load, texts
from bot.log import logger
from bot.services import Services
from bot.settings import DiscordSettings

log = logger(__name__)

# A person waits for this look; what it might find is no reason to let them wait for long.
LOOK_SECONDS = 3.0
# A pause that Discord asks for is waited for, up to so many seconds (discord.py takes no less).
# A longer one is raised, so that a job can come back later instead of holding its place.
LONGEST_PAUSE = 30.0

# Where the gate notes on an interaction who acts.
ACTOR = "actor"
EXTENSIONS = (
    "cogs.access",
    "cogs.board",
    "cogs.bulk",
    "cogs.codes",
    "cogs.guilds",
    "cogs.holders",
    "cogs.imports",
    "cogs.members",
    "cogs.messages",
    "cogs.mine",
    "cogs.panels",
    "cogs.plex",
    "cogs.presence",
    "cogs.privacy",
    "cogs.requests",
    "cogs.settings",
    "cogs.setup",
    "cogs.tiers",
    "cogs.wishes",
)


class Pressed(Protocol):
    """A button, menu or modal of Helpr's that somebody has used."""

    rule: ClassVar[Rule]


class Door(Protocol):
    """The one way in: the gate, the handler of what was pressed, the one error handler."""

    async def enter(self, interaction: discord.Interaction[Any], what: Pressed) -> None:
        """Admit, handle, or tell what went wrong."""

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        """The same for a modal, found by its custom_id."""

    async def unknown(self, interaction: discord.Interaction[Any]) -> None:
        """A button or menu that nobody knows."""

    async def admit(
        self, interaction: discord.Interaction[Any], demanded: Rule, what: Pressed | None = None
    ) -> None:
        """The gate alone; raises what it refuses with."""

    async def tell(self, interaction: discord.Interaction[Any], error: BaseException) -> None:
        """The error handler alone."""

    def is_new(self, interaction: discord.Interaction[Any]) -> bool:
        """False for an interaction that was delivered before."""

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


class _State(AutoShardedConnectionState[Any]):
    """discord.py's picture of the world, corrected, and without what people write."""

    def parse_ready(self, data: Any) -> None:
        """Forget the guilds that a new session no longer names.

        The bot was removed from them while the connection was down. discord.py keeps them when it
        runs several shards.
        """
        shard_id, named = data["shard"][0], {int(guild["id"]) for guild in data["guilds"]}
        for guild in list(self.guilds):
            if guild.shard_id == shard_id and guild.id not in named:
                self._remove_guild(guild)
        super().parse_ready(data)

    def hear_of_members(self) -> None:
        """Ask the gateway, before it is connected, to tell who leaves and who comes."""
        self._intents.members = True

    def parse_message_create(self, data: Any) -> None:
        """Leave what people write unread: Helpr only needs to know what is deleted."""

    def parse_message_update(self, data: Any) -> None:
        """The same for what they edit."""


class CommandNames(app_commands.Translator):
    """Names and descriptions of commands in every language that there is a catalogue for."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """None where the language calls it as English does."""
        t, place = texts(locale.value), app_commands.TranslationContextLocation
        match context.location:
            case place.command_name if isinstance(context.data, app_commands.ContextMenu):
                name = t.named(MENU, string.message)
            case place.command_name if group := getattr(context.data, "parent", None):
                name = t.named(below(group.name), string.message)
            case place.command_name | place.group_name:
                name = t.named(COMMAND, string.message)
            case place.parameter_name:
                name = t.named(OPTION, string.message)
            case _:
                name = t(string.message)
        return None if name == string.message else name


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
            # Messages for one reason: a standing panel that is deleted is posted again at once.
            intents=discord.Intents(guilds=True, guild_messages=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            # READY already names every guild; how long to wait for more details of them.
            guild_ready_timeout=0.5,
            max_ratelimit_timeout=LONGEST_PAUSE,
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self.services = services
        self.door = door
        self.synced = asyncio.Event()
        self._known_ids: list[re.Pattern[str]] = []

    def add_dynamic_items(self, *items: type[discord.ui.DynamicItem[Any]]) -> None:
        """The same as discord.py's, and remember what their custom_ids look like."""
        super().add_dynamic_items(*items)
        self._known_ids += [item.__discord_ui_compiled_template__ for item in items]

    @property
    def state(self) -> _State:
        """discord.py's picture of the world, which is ours."""
        return cast("_State", self._connection)

    def _get_state(self, **options: Any) -> _State:
        return _State(
            dispatch=self.dispatch,
            handlers=self._handlers,
            hooks=self._hooks,
            http=self.http,
            **options,
        )

    async def setup_hook(self) -> None:
        """Load the cogs and bring Discord's copy of the commands up to date."""
        await asyncio.to_thread(load)
        flags = self.application_flags
        if flags.gateway_guild_members or flags.gateway_guild_members_limited:
            # Asked for only where the operator has switched it on: Discord refuses it otherwise.
            self.state.hear_of_members()
            log.info("members.heard_of")
        await self.tree.set_translator(CommandNames())
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        await self.sync_commands()

    async def sync_commands(self) -> None:
        """Sync the tree only when its hash differs from the stored one, once in the fleet."""
        names = CommandNames()
        payload = [
            await command.get_translated_payload(self.tree, names)
            for command in self.tree.get_commands()
        ]
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
            except discord.RateLimited as error:
                log.warning("commands.later", seconds=error.retry_after)
                await asyncio.sleep(error.retry_after)
                continue
            finally:
                await guilds.commands_synced(done)
            log.info("commands.synced", commands=len(payload))
        self.synced.set()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Modals go through the door by their custom_id, so that a restart does not lose one.

        What discord.py finds no class for would otherwise stay without an answer.
        """
        if interaction.type is discord.InteractionType.modal_submit:
            await self.door.submitted(interaction)
        elif interaction.type is discord.InteractionType.component:
            data: Any = interaction.data or {}
            custom_id = str(data.get("custom_id", ""))
            if not any(one.fullmatch(custom_id) for one in self._known_ids):
                await self.door.unknown(interaction)

    async def look_at(self, guild_id: int, channel_id: int | None) -> RequestChannel:
        """The channel for cards: is it there, and may the bot show cards in it?

        Answered from what the gateway has told; only for a channel that it has not named Discord
        is asked, by one request. In doubt all is well.
        """
        guild = self.get_guild(guild_id)
        if channel_id is None:
            return RequestChannel(None, ChannelProblem.UNSET)
        if guild is None or guild.unavailable:
            return RequestChannel(channel_id)
        channel = guild.get_channel_or_thread(channel_id)
        try:
            if channel is None:
                async with asyncio.timeout(LOOK_SECONDS):
                    channel = await guild.fetch_channel(channel_id)
        except (discord.NotFound, discord.InvalidData):
            return RequestChannel(channel_id, ChannelProblem.GONE)
        except discord.Forbidden:
            return RequestChannel(channel_id, ChannelProblem.HIDDEN, ("view_channel",))
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
            return RequestChannel(channel_id)
        return _judged(guild, channel, self.user.id if self.user else 0)

    def texts_for(self, interaction: discord.Interaction[Any]) -> Texts:
        """Texts in the reader's own language."""
        return texts(locale_of(interaction))


def locale_of(interaction: discord.Interaction[Any]) -> str:
    """The language that the reader has chosen here, or else has Discord in."""
    actor: Actor | None = interaction.extras.get(ACTOR)
    return (actor.locale if actor is not None else None) or interaction.locale.value


def _judged(guild: discord.Guild, channel: Any, bot_id: int) -> RequestChannel:
    thread = isinstance(channel, discord.Thread)
    me = guild.get_member(bot_id)
    if me is None or (thread and channel.parent is None):
        return RequestChannel(channel.id)
    has = channel.permissions_for(me)
    needed = ("view_channel", "send_messages_in_threads" if thread else "send_messages")
    missing = tuple(name for name in needed if not getattr(has, name))
    if "view_channel" in missing:
        return RequestChannel(channel.id, ChannelProblem.HIDDEN, missing)
    if missing:
        return RequestChannel(channel.id, ChannelProblem.SILENT, missing)
    if thread and channel.locked and not has.manage_threads:
        return RequestChannel(channel.id, ChannelProblem.LOCKED)
    everybody = (channel.parent if thread else channel).permissions_for(guild.default_role)
    private = thread and channel.is_private()
    return RequestChannel(channel.id, is_public=everybody.view_channel and not private)
