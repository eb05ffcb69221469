"""Telling admins, once, and showing them in the same message when it is mended."""

import asyncio

import aiohttp
import discord

from bot.i18n import texts
from bot.log import logger
from bot.services.notices import NoticeData, NoticeService
from bot.ui.notices import notice_card

log = logger(__name__)

# Shorter than the lease of a look, so that two never run at once.
DEADLINE = 10.0
UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


class Deleted(Exception):
    """The notice's message is gone."""


class NoticingJobs:
    """The job that speaks to a guild's admins. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, notices: NoticeService) -> None:
        self._client = client
        self._notices = notices

    async def show_notice(self, notice_id: int) -> bool:
        """Post or edit a notice; False when there is no news."""
        data = await self._notices.take(notice_id)
        if data is None:
            return False
        try:
            async with asyncio.timeout(DEADLINE):
                shown = await self._put(data)
        except Deleted:
            await self._notices.lost(data.notice)
        except UNREACHED as error:
            refused = isinstance(error, discord.HTTPException) and error.status < 500
            log.warning("notice.not_shown", notice=notice_id, error=type(error).__name__)
            await self._notices.cannot(data.notice, refused=refused)
        else:
            if shown is None:
                await self._notices.nowhere(data.notice)
            else:
                await self._notices.shown(data.notice, *shown)
        return True

    async def _put(self, data: NoticeData) -> tuple[int, int] | None:
        """Where it now is, as (channel id, message id); None when there is no channel."""
        notice = data.notice
        view = notice_card(data, texts(data.guild.locale))
        if notice.channel_id is not None and notice.message_id is not None:
            channel = self._client.get_partial_messageable(notice.channel_id)
            try:
                await channel.get_partial_message(notice.message_id).edit(view=view)
            except discord.NotFound as error:
                raise Deleted from error
            return notice.channel_id, notice.message_id
        if data.guild.request_channel_id is None:
            return None
        channel = self._client.get_partial_messageable(data.guild.request_channel_id)
        # Discord drops a second message with the same nonce: one that was posted by a job which
        # died before its commit is not posted twice.
        message = await channel.send(view=view, nonce=f"notice-{notice.id}")
        return data.guild.request_channel_id, message.id
