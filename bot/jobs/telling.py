"""Showing cards and telling members: rendered whole from the ledger, by REST alone."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import aiohttp
import discord
from discord.ui import LayoutView

from bot.domain.invites import NO_CARD, Invite
from bot.domain.people import GuildSettings
from bot.i18n import texts
from bot.jobs.answers import edit_answer
from bot.jobs.card_channel import Blocked, CardChannel, raw, walk
from bot.log import logger
from bot.services.invites import MemberView
from bot.services.showing import WORTH_TELLING, CardData, ShowingService, TellData
from bot.ui.cards import review_card
from bot.ui.member import member_panel
from bot.ui.places import nowhere_notice
from db.answers import Answer

log = logger(__name__)
T = TypeVar("T")

# Shorter than the lease of a look (bot.services.showing), so that two never run at once.
DEADLINE = 20.0
# Discord refused, failed, or could not be reached: tried again in a while.
UNREACHED = (
    discord.HTTPException,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)
INVALID_RECIPIENT = 50033


class SwitchedOff(Exception):
    """The member wants no direct messages: the news waits for them."""


class TellingJobs:
    """The jobs that speak to Discord. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, showing: ShowingService) -> None:
        self._client = client
        self._showing = showing
        self._cards = CardChannel(client)

    async def show_card(self, invite_id: int) -> bool:
        """Post or edit the review card; False when it is up to date."""
        data = await self._showing.card(invite_id)
        if data is None:
            return False
        try:
            shown = await _in_time(self._put_card(data))
        except Blocked as blocked:
            await self._blocked(data, blocked)
        except UNREACHED as error:
            log.warning("card.not_shown", invite=invite_id, error=code_of(error))
            await self._cannot(data.invite, "card", error)
        else:
            if shown is None:
                await self._showing.card_not_wanted(data.invite)
            else:
                await self._showing.card_shown(data.invite, *shown)
        return True

    async def _put_card(self, data: CardData) -> tuple[int, int] | None:
        """Where the card now is, as (channel id, message id); None when it is not wanted."""
        invite = data.invite
        if invite.card_channel_id == NO_CARD:
            return None
        view = review_card(data, texts(data.guild.locale))
        known = _place_of_card(invite)
        if known is not None and not _moves(data):
            try:
                await self._cards.edit(*known, view)
            except discord.NotFound as error:
                if not invite.is_open:
                    # Somebody tidied up after the decision.
                    return None
                log.info("card.gone", invite=invite.id, error=code_of(error))
            else:
                return known
        channel_id = data.guild.request_channel_id
        if channel_id is None:
            return None
        message = await self._posted_before(channel_id, data)
        if message is None:
            nonce = nonce_of("card", invite.id, invite.card_message_id)
            message = await self._cards.post(channel_id, view, nonce)
        if _is_older(message, view):
            await self._cards.edit(channel_id, message.id, view)
        if known is not None and _moves(data):
            await self._cards.remove(*known)
        return channel_id, message.id

    async def _posted_before(self, channel_id: int, data: CardData) -> discord.Message | None:
        """The card of an attempt that was killed before it could note it down; raises `Blocked`."""
        if not data.is_late:
            return None
        return await self._cards.find(channel_id, f"helpr:approve:{data.invite.id}:")

    async def _blocked(self, data: CardData, blocked: Blocked) -> None:
        """Cards have nowhere to go: keep quiet for a while, after saying so once."""
        guild_id, channel_id = data.guild.guild_id, blocked.channel_id
        log.warning("cards.blocked", guild=guild_id, channel=channel_id, why=blocked.problem)
        if not await self._showing.card_blocked(data, channel_id, blocked.problem):
            return
        try:
            await _in_time(self._announce(data.guild, channel_id))
        except UNREACHED as error:
            # /requests says it too, to whoever asks.
            log.info("cards.not_announced", guild=guild_id, error=code_of(error))

    async def _announce(self, guild: GuildSettings, channel_id: int) -> None:
        """One message in the channel that the server has chosen for notices, if it has one."""
        found = (await self._client.http.get_guild(guild.guild_id)).get("system_channel_id")
        if found is None or int(found) == channel_id:
            return
        system = self._client.get_partial_messageable(int(found))
        await system.send(
            view=nowhere_notice(texts(guild.locale)), nonce=nonce_of("closed", channel_id)
        )

    async def _cannot(self, invite: Invite, what: str, error: BaseException) -> None:
        at_least = error.retry_after if isinstance(error, discord.RateLimited) else 0.0
        await self._showing.cannot(invite, what, refused=is_refusal(error), at_least=at_least)

    async def tell_member(self, invite_id: int) -> bool:
        """Edit the private answers that still can be; after those, one direct message.

        False when there is no news.
        """
        data = await self._showing.tell(invite_id)
        if data is None:
            return False
        try:
            told = await _in_time(self._edit_answers(data))
            dm = await _in_time(self._direct(data, told=told))
        except SwitchedOff:
            await self._showing.untold(data.invite)
        except UNREACHED as error:
            if is_unwelcome(error):
                # Closed direct messages, no server in common, nobody there any more.
                log.info("member.untold", invite=invite_id, error=code_of(error))
                await self._showing.untold(data.invite)
                return True
            log.warning("member.not_told", invite=invite_id, error=code_of(error))
            await self._cannot(data.invite, "tell", error)
        else:
            if told or dm is not None:
                await self._showing.told(data.invite, dm)
            else:
                await self._showing.not_worth_telling(data.invite)
        return True

    async def _edit_answers(self, data: TellData) -> bool:
        """True when at least one answer shows the news."""
        edited = [await self._edit_answer(data, answer) for answer in data.answers]
        return any(edited)

    async def _edit_answer(self, data: TellData, answer: Answer) -> bool:
        view = member_panel(_view(data), texts(data.locale))
        if await edit_answer(self._client, answer.application_id, answer.token, view):
            return True
        await self._showing.answer_over(answer.id)
        return False

    async def _direct(self, data: TellData, *, told: bool) -> tuple[int, int] | None:
        """The one direct message, edited where there is one; a reminder takes its place."""
        invite = data.invite
        view = member_panel(_view(data), texts(data.locale))
        known = self._known_dm(invite)
        if known is not None and (told or not _is_news(data)):
            try:
                await known.edit(view=view)
            except discord.NotFound as error:
                log.info("dm.gone", invite=invite.id, error=code_of(error))
                known = None
            else:
                return known.channel.id, known.id
        if told or invite.state not in WORTH_TELLING:
            return None
        if not data.may_write:
            raise SwitchedOff
        try:
            sent = await self._send_dm(invite, view)
        except discord.HTTPException as error:
            if known is not None and is_unwelcome(error):
                # Closed since: what still stands there shows it at least, and notifies nobody.
                with suppress(discord.NotFound):
                    await known.edit(view=view)
            raise
        if known is not None:
            await self._take_away(known)
        return sent

    def _known_dm(self, invite: Invite) -> discord.PartialMessage | None:
        if invite.dm_channel_id is None or invite.dm_message_id is None:
            return None
        channel = self._client.get_partial_messageable(invite.dm_channel_id)
        return channel.get_partial_message(invite.dm_message_id)

    async def _send_dm(self, invite: Invite, view: LayoutView) -> tuple[int, int]:
        channel = await self._client.create_dm(discord.Object(invite.member_id))
        nonce = nonce_of("dm", invite.id, invite.dm_message_id)
        message = await channel.send(view=view, nonce=nonce)
        if _is_older(message, view):
            await message.edit(view=view)
        return channel.id, message.id

    async def _take_away(self, old: discord.PartialMessage) -> None:
        """One message a matter; where Discord lets it stand, rather two than a third."""
        try:
            async with asyncio.timeout(DEADLINE / 5):
                await old.delete()
        except UNREACHED as error:
            log.info("dm.left", error=code_of(error))


def _place_of_card(invite: Invite) -> tuple[int, int] | None:
    if invite.card_channel_id is None or invite.card_message_id is None:
        return None
    return invite.card_channel_id, invite.card_message_id


def _moves(data: CardData) -> bool:
    """Whether a card that is still of use stands where requests are shown no more."""
    wanted = data.guild.request_channel_id
    return data.invite.is_open and wanted not in {None, data.invite.card_channel_id}


def _is_news(data: TellData) -> bool:
    """Whether a message has to come anew: an edit of the old one notifies nobody.

    So it is with a reminder, and with a wish that was decided since that message.
    """
    dm_id = data.invite.dm_message_id
    if data.is_reminder or dm_id is None:
        return data.is_reminder
    written_at = discord.utils.snowflake_time(dm_id)
    decided = (wish.decided_at for wish in data.mine.wishes)
    return any(at is not None and at > written_at for at in decided)


def _view(data: TellData) -> MemberView:
    return MemberView(data.invite, data.tier, data.link, data.libraries, data.mine)


async def _in_time(work: Awaitable[T]) -> T:
    async with asyncio.timeout(DEADLINE / 2):
        return await work


def nonce_of(what: str, id_: int, lost_id: int | None = None) -> str:
    """Discord drops a second message with the same nonce, so that a job which was killed, or cut
    off, between the message and its commit posts no second one. `lost_id` is the message that
    the new one stands for, if it was deleted. At most 25 characters.
    """
    return f"{what}-{id_ % 10**9}-{(lost_id or 0) % 10**8}"


def _is_older(message: discord.Message, view: LayoutView) -> bool:
    """Whether this is the message of an earlier attempt, and shows an older state."""
    sent: list[Any] = view.to_components()  # type: ignore[no-untyped-call]
    return list(_texts(raw(message))) != list(_texts(sent))


def _texts(components: Sequence[Any]) -> Iterator[str]:
    return (str(one["content"]).strip() for one in walk(components) if "content" in one)


def is_unwelcome(error: BaseException) -> bool:
    """Discord will not bring a direct message to this person, now or in a minute."""
    if not isinstance(error, discord.HTTPException):
        return False
    return error.status in {403, 404} or error.code == INVALID_RECIPIENT


def is_refusal(error: BaseException) -> bool:
    """Discord said no, as against being unreachable or failing itself."""
    return isinstance(error, discord.HTTPException) and error.status < 500


def code_of(error: BaseException) -> str:
    """Status and code, without the text: that may repeat what was sent."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status}/{error.code}"
    return type(error).__name__
