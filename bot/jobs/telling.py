"""Showing cards and telling members: rendered whole from the ledger, by REST alone."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp
import discord
from discord.http import Route, handle_message_parameters

from bot.domain.invites import Invite, InviteState
from bot.i18n import texts
from bot.log import logger
from bot.services.invites import MemberView
from bot.services.showing import CardData, ShowingService, TellData
from bot.ui.cards import review_card
from bot.ui.member import member_panel
from db.answers import Answer

log = logger(__name__)
T = TypeVar("T")

# Shorter than the lease of a look (bot.services.showing), so that two never run at once.
DEADLINE = 20.0
# Discord refused, failed, or could not be reached: tried again in a while.
UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
UNKNOWN_MESSAGE = 10008
# 401 (50027) once the token is over, 404 when the answer was dismissed.
TOKEN_OVER = {401, 403, 404}

# Worth a direct message once the private answer is over.
TOLD_BY_DM = frozenset(
    {
        InviteState.SENT,
        InviteState.ACTIVE,
        InviteState.SUSPENDED,
        InviteState.DENIED,
        InviteState.FAILED,
        InviteState.ENDED,
    }
)


class TellingJobs:
    """The jobs that speak to Discord. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, showing: ShowingService) -> None:
        self._client = client
        self._showing = showing

    async def show_card(self, invite_id: int) -> None:
        """Post or edit the review card, if it is not up to date."""
        data = await self._showing.card(invite_id)
        if data is None:
            return
        try:
            shown = await _in_time(self._put_card(data))
        except discord.NotFound as error:
            await self._card_not_found(data.invite, error)
        except UNREACHED as error:
            log.warning("card.not_shown", invite=invite_id, error=_code(error))
            await self._showing.cannot(data.invite, "card", refused=_is_refusal(error))
        else:
            if shown is None:
                await self._showing.card_not_wanted(data.invite)
            else:
                await self._showing.card_shown(data.invite, *shown)

    async def _put_card(self, data: CardData) -> tuple[int, int] | None:
        """Where the card now is, as (channel id, message id); None when there is no channel."""
        invite = data.invite
        view = review_card(data, texts(data.guild.locale))
        if invite.card_message_id is not None and invite.card_channel_id is not None:
            channel = self._client.get_partial_messageable(invite.card_channel_id)
            await channel.get_partial_message(invite.card_message_id).edit(view=view)
            return invite.card_channel_id, invite.card_message_id
        if data.guild.request_channel_id is None:
            return None
        channel = self._client.get_partial_messageable(data.guild.request_channel_id)
        # Discord drops a second message with the same nonce: a job that was killed, or cut off,
        # between the message and its commit posts no second card.
        message = await channel.send(view=view, nonce=f"card-{invite.id}-{invite.card_version}")
        if invite.version > max(invite.card_version, 1):
            # The invite has moved on since its first card was due, which may have been posted then:
            # if so, that old message is what came back, and it shows the old state.
            await channel.get_partial_message(message.id).edit(view=view)
        return data.guild.request_channel_id, message.id

    async def _card_not_found(self, invite: Invite, error: discord.NotFound) -> None:
        if error.code == UNKNOWN_MESSAGE and invite.is_open:
            log.info("card.deleted", invite=invite.id)
            await self._showing.card_lost(invite)
        elif error.code == UNKNOWN_MESSAGE:
            # Somebody tidied up after the decision.
            await self._showing.card_not_wanted(invite)
        else:
            log.warning("card.no_channel", invite=invite.id, error=_code(error))
            await self._showing.cannot(invite, "card", refused=True)

    async def tell_member(self, invite_id: int) -> None:
        """Edit the private answers that still can be; after those, one direct message."""
        data = await self._showing.tell(invite_id)
        if data is None:
            return
        try:
            told = await _in_time(self._edit_answers(data))
            dm = await _in_time(self._direct(data, told=told))
        except discord.Forbidden:
            # Closed direct messages (50007), or no server in common: /my-plex tells.
            await self._showing.told(data.invite, dm_closed=True)
        except discord.NotFound as error:
            # The direct message was deleted, or the person is gone: nobody is left to tell.
            log.info("member.gone", invite=invite_id, error=_code(error))
            await self._showing.told(data.invite)
        except UNREACHED as error:
            log.warning("member.not_told", invite=invite_id, error=_code(error))
            await self._showing.cannot(data.invite, "tell", refused=_is_refusal(error))
        else:
            await self._showing.told(data.invite, dm, dm_closed=False if dm else None)

    async def _edit_answers(self, data: TellData) -> bool:
        """True when at least one answer shows the news."""
        edited = [await self._edit_answer(data, answer) for answer in data.answers]
        return any(edited)

    async def _edit_answer(self, data: TellData, answer: Answer) -> bool:
        view = member_panel(_view(data), texts(data.invite.locale))
        # "@original" is Discord's name for the answer itself; discord.py only edits it where it
        # still holds the interaction.
        route = Route(
            "PATCH",
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
            webhook_id=answer.application_id,
            webhook_token=answer.token,
        )
        try:
            with handle_message_parameters(view=view) as params:
                await self._client.http.request(route, json=params.payload)
        except discord.HTTPException as error:
            if error.status not in TOKEN_OVER:
                raise
            log.info("answer.over", invite=data.invite.id, error=_code(error))
            await self._showing.answer_over(answer.id)
            return False
        return True

    async def _direct(self, data: TellData, *, told: bool) -> tuple[int, int] | None:
        """The one direct message, edited where there is one already."""
        invite = data.invite
        view = member_panel(_view(data), texts(invite.locale), as_dm=True)
        if invite.dm_channel_id is not None and invite.dm_message_id is not None:
            known = self._client.get_partial_messageable(invite.dm_channel_id)
            await known.get_partial_message(invite.dm_message_id).edit(view=view)
            return invite.dm_channel_id, invite.dm_message_id
        if told or invite.state not in TOLD_BY_DM:
            return None
        channel = await self._client.create_dm(discord.Object(invite.member_id))
        message = await channel.send(view=view, nonce=f"dm-{invite.id}-{invite.dm_version}")
        return channel.id, message.id


def _view(data: TellData) -> MemberView:
    return MemberView(data.invite, data.tier, data.link)


async def _in_time(work: Awaitable[T]) -> T:
    async with asyncio.timeout(DEADLINE / 2):
        return await work


def _is_refusal(error: BaseException) -> bool:
    """Discord said no, as against being unreachable or failing itself."""
    return isinstance(error, discord.HTTPException) and error.status < 500


def _code(error: BaseException) -> str:
    """Status and code, without the text: that may repeat what was sent."""
    if isinstance(error, discord.HTTPException):
        return f"{error.status}/{error.code}"
    return type(error).__name__
