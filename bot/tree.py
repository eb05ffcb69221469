"""The one gate and the one error handler, met by commands, buttons, menus and modals alike.

discord.py's tree never sees buttons and modals, and a DynamicItem swallows what its check or
callback raises. So everything comes through `Guard`: who is it, may they, within limits; then
the handler; and whatever goes wrong is told in words, once, here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.client import ACTOR, HelprBot, Pressed, locale_of
from bot.domain.errors import Forged, HelprError, LedgerUnavailable, Refused
from bot.domain.people import Actor, Budget, Rule
from bot.i18n import texts
from bot.log import REFERENCE, logger, new_reference
from bot.services import Services
from bot.ui.errors import TEXTS, error_text
from bot.ui.layout import notice
from bot.ui.modals import ALL_FORMS
from bot.ui.modals.base import Submitted

log = logger(__name__)

Interaction = discord.Interaction[HelprBot]
P = ParamSpec("P")
T = TypeVar("T")

# Discord waits 3 s for an answer; what takes longer than these could only fail silently.
GATE_SECONDS = 1.5
READ_SECONDS = 1.0
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
ALREADY_ACKNOWLEDGED = 40060
INVALID_WEBHOOK_TOKEN = 50027
OVER = {
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    UNKNOWN_INTERACTION,
    ALREADY_ACKNOWLEDGED,
    INVALID_WEBHOOK_TOKEN,
}
# How many interactions are remembered: more than come within the 3 s that one may be answered in.
REMEMBERED = 1024
ACTION = "action"
CUT_OFF = "discord.cut_off"
UNEXPECTED = "unexpected"


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """What is read before Discord can be answered; `LedgerUnavailable` if that takes long."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            yield
    except TimeoutError:
        raise LedgerUnavailable from None


def rule(given: Rule) -> Callable[[T], T]:
    """Declare what the gate demands of a command; a command without one is refused to everybody."""

    def declare(command: T) -> T:
        command.extras["rule"] = given  # type: ignore[attr-defined]  # an app command has extras
        return command

    return declare


def join_group(bot: HelprBot, name: str, command: app_commands.Command[Any, ..., Any]) -> None:
    """Add a command to the group of another cog, which is loaded before."""
    group = bot.tree.get_command(name)
    if not isinstance(group, app_commands.Group):
        raise TypeError(f"there is no group /{name} yet")
    group.add_command(command)


def actor_of(interaction: discord.Interaction[Any]) -> Actor:
    """The person as the gate has seen them."""
    actor: Actor = interaction.extras[ACTOR]
    return actor


class Guard:
    """The door of `bot.client.Door`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._handlers: dict[type[Any], Callable[..., Awaitable[None]]] = {}
        self._met: OrderedDict[int, None] = OrderedDict()

    def on(self, kind: type[Any], handler: Callable[..., Awaitable[None]]) -> None:
        """Let `handler(interaction, what)` take care of every button or modal of this kind."""
        self._handlers[kind] = handler

    def handled(self) -> set[type[Any]]:
        """Every kind that has a handler."""
        return set(self._handlers)

    async def enter(self, interaction: Interaction, what: Pressed) -> None:
        """Gate, handler, error handler."""
        begin(interaction, action=type(what).__name__)
        if not self.is_new(interaction):
            return
        try:
            await self.admit(interaction, what.rule, what)
            await self._handlers[type(what)](interaction, what)
        except Exception as error:
            await self.tell(interaction, error)
        else:
            # discord.py says the same of commands: `app_command_completion`.
            interaction.client.dispatch("answered", interaction)

    async def submitted(self, interaction: Interaction) -> None:
        """A modal: found by its custom_id, then as above."""
        found = (form.found_in(interaction) for form in ALL_FORMS)
        what: Submitted | None = next((form for form in found if form is not None), None)
        if what is not None:
            await self.enter(interaction, what)
        else:
            await self.unknown(interaction)

    async def unknown(self, interaction: Interaction) -> None:
        """Something that no version of today's shows: an old message, or made by hand."""
        begin(interaction, action="unknown")
        if self.is_new(interaction):
            await self.tell(interaction, Forged("button.unknown"))

    def is_new(self, interaction: Interaction) -> bool:
        """False for an interaction that was delivered before, as happens around a reconnect.

        This spares the person a second answer. That nothing is done twice does not depend on it,
        as another process may be the one that met it first: every deed is conditional in the
        ledger.
        """
        if interaction.id in self._met:
            log.info("interaction.repeated")
            return False
        self._met[interaction.id] = None
        if len(self._met) > REMEMBERED:
            self._met.popitem(last=False)
        return True

    async def admit(
        self, interaction: Interaction, demanded: Rule, what: Pressed | None = None
    ) -> None:
        """Note the actor on the interaction; raises `Refused` or `LedgerUnavailable`."""
        try:
            async with asyncio.timeout(GATE_SECONDS):
                member, manages = await self._member(interaction, what)
                interaction.extras[ACTOR] = await self._services.admission.admit(
                    demanded,
                    guild_id=member.guild.id,
                    user_id=member.id,
                    role_ids=_role_ids(member),
                    manage_guild=manages,
                )
        except TimeoutError:
            raise LedgerUnavailable from None

    async def _member(
        self, interaction: Interaction, what: Pressed | None
    ) -> tuple[discord.Member, bool]:
        """Whoever acts, as a member of the guild, and whether they may manage it."""
        user = interaction.user
        if interaction.guild_id is None:
            return await self._member_by_dm(interaction, what)
        if not isinstance(user, discord.Member):
            raise Refused("place.guild_only")
        if interaction.client.get_guild(interaction.guild_id) is None:
            raise Refused("place.not_here")
        # Computed by Discord for this person in this channel, owner included.
        return user, interaction.permissions.manage_guild

    async def _member_by_dm(
        self, interaction: Interaction, what: Pressed | None
    ) -> tuple[discord.Member, bool]:
        """A direct message carries no member: ask Discord for that of the guild it is about."""
        if not getattr(what, "in_dms", False):
            raise Refused("place.guild_only")
        user_id = interaction.user.id
        guild_id = await self._services.guilds.of_invite(getattr(what, "invite_id", 0), user_id)
        guild = interaction.client.get_guild(guild_id)
        if guild is None:
            raise Refused("place.not_here")
        try:
            member = await guild.fetch_member(user_id)
        except discord.NotFound:
            raise Refused("place.left") from None
        return member, member.guild_permissions.manage_guild

    async def tell(self, interaction: Interaction, error: BaseException) -> None:
        """Say what went wrong, privately; details go to the log under the same reference."""
        if isinstance(error, app_commands.CommandInvokeError):
            error = error.original
        if _is_over(error):
            log.warning("interaction.over", code=getattr(error, "code", None))
            return
        t = texts(locale_of(interaction))
        if isinstance(error, HelprError) and error.key in TEXTS:
            log.info("interaction.refused", key=error.key)
            text = error_text(error, t)
            if isinstance(error, Forged):
                await self._note_forged(interaction)
        elif _is_discords_fault(error):
            log.warning("interaction.cut_off", error=_code(error))
            text = t(TEXTS[CUT_OFF])
        else:
            log.error("interaction.failed", exc_info=error)
            text = t(TEXTS[UNEXPECTED], ref=f"`{reference_of(interaction)}`")
        try:
            await _answer(interaction, text)
        except UNREACHED as failure:
            log.warning("interaction.untold", error=_code(failure))

    async def _note_forged(self, interaction: Interaction) -> None:
        """Write down who sent it, and what; a ledger that is away keeps nobody from an answer."""
        data: Any = interaction.data or {}
        actor: Actor | None = interaction.extras.get(ACTOR)
        guild_id = actor.guild_id if actor else interaction.guild_id
        log.warning("interaction.forged")
        if guild_id is None or "custom_id" not in data:
            return
        try:
            async with asyncio.timeout(READ_SECONDS):
                action = str(interaction.extras.get(ACTION, ""))
                await self._services.guilds.forged(
                    guild_id, interaction.user.id, action, str(data["custom_id"])
                )
        except (LedgerUnavailable, TimeoutError):
            log.warning("interaction.not_written_down")


class HelprTree(app_commands.CommandTree[HelprBot]):
    """Slash commands meet the same gate and the same handler."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Admit; a refusal is told here and ends the command."""
        command = interaction.command
        if interaction.type is discord.InteractionType.autocomplete:
            return await self._may_be_offered(interaction)
        begin(interaction, action=command.qualified_name if command else "unknown")
        door = interaction.client.door
        if not door.is_new(interaction):
            return False
        try:
            await door.admit(interaction, command.extras["rule"])  # type: ignore[union-attr]
        except Exception as error:
            await door.tell(interaction, error)
            return False
        return True

    async def _may_be_offered(self, interaction: Interaction) -> bool:
        """At every keystroke: the same rights, no limits; who may not is offered nothing."""
        demanded: Rule = interaction.command.extras["rule"]  # type: ignore[union-attr]
        try:
            await interaction.client.door.admit(interaction, replace(demanded, budget=Budget.NONE))
        except HelprError as error:
            log.info("autocomplete.refused", key=error.key)
            await interaction.response.autocomplete([])
            return False
        return True

    async def on_error(
        self, interaction: Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Whatever a command raised."""
        await interaction.client.door.tell(interaction, error)


def begin(interaction: Interaction, *, action: str) -> None:
    """Give the interaction a reference; its task's log lines carry it from now on."""
    interaction.extras[REFERENCE] = new_reference()
    interaction.extras[ACTION] = action
    structlog.contextvars.bind_contextvars(
        ref=interaction.extras[REFERENCE],
        action=action,
        guild=interaction.guild_id,
        user=interaction.user.id,
    )
    log.info("interaction")


def _role_ids(member: discord.Member) -> frozenset[int]:
    """The ids of the roles as the interaction names them.

    `Member.roles` leaves out what the guild's cache does not hold, which right after a start, or
    in an outage of Discord's, is everything.
    """
    return frozenset(member._roles)  # noqa: SLF001 - there is no public way to the bare ids


def reference_of(interaction: Interaction) -> str:
    """What the person can tell an admin."""
    return str(interaction.extras.get(REFERENCE, ""))


# What may go wrong on the way to Discord, whoever is to blame.
UNREACHED = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)


def _is_over(error: BaseException) -> bool:
    """Discord no longer takes an answer, or the message is gone: there is nobody to tell.

    Too late means that nothing was done, as every handler answers first; a message that was
    deleted meanwhile means that all was done but the showing. Already acknowledged means that
    this interaction is somebody else's: another process has met it first.
    """
    return isinstance(error, discord.HTTPException) and error.code in OVER


def _is_discords_fault(error: BaseException) -> bool:
    """Discord failed or could not be reached; a request that it refuses is our own fault."""
    if isinstance(error, discord.HTTPException):
        return error.status >= 500 or error.status == 429
    return isinstance(error, (discord.RateLimited, aiohttp.ClientError))


def _code(error: BaseException) -> str:
    """Status and code, without the text: that may repeat what was sent."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status}/{error.code}"
    return type(error).__name__


async def _answer(interaction: Interaction, text: str) -> None:
    view = notice(text)
    if not interaction.response.is_done():
        try:
            await interaction.response.send_message(view=view, ephemeral=True)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            # Our own acknowledgement had arrived, only its answer was lost.
            await interaction.followup.send(view=view, ephemeral=True)
    elif interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        await interaction.edit_original_response(view=view)
    else:
        await interaction.followup.send(view=view, ephemeral=True)
