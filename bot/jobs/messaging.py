"""Telling a member about a matter: by direct message, else by a mention in a private thread."""

import asyncio
from contextlib import suppress
from typing import Any

import discord
from discord.http import Route

from bot.i18n import texts
from bot.jobs.card_channel import custom_ids, raw
from bot.jobs.telling import UNREACHED, code_of, is_refusal, is_unwelcome, nonce_of
from bot.log import logger
from bot.services.messages import MessageData, MessageService
from bot.ui.items.messages import SEEN
from bot.ui.messages import message_panel

log = logger(__name__)

# Shorter than the lease (bot.services.messages), so that two never write at once.
DEADLINE = 15.0
# How far back a message of an earlier attempt is looked for, when it is late. One request.
LOOK_BACK = 50
PRIVATE_THREAD = 12
# Minutes of silence after which Discord folds a thread away.
THREAD_SLEEPS = 1440


class MessagingJobs:
    """The job that writes to members by itself. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, messages: MessageService) -> None:
        self._client = client
        self._messages = messages

    async def send_message(self, message_id: int) -> bool:
        """Write to the member, or keep it for them; False when nothing is due."""
        data = await self._messages.take(message_id)
        if data is None:
            return False
        try:
            async with asyncio.timeout(DEADLINE):
                if not (data.may_write and await self._write(data)):
                    await self._messages.untold(data.message, await self._mention(data))
        except UNREACHED as error:
            log.warning("message.not_sent", message=message_id, error=code_of(error))
            wait = error.retry_after if isinstance(error, discord.RateLimited) else 0.0
            refused = is_refusal(error)
            await self._messages.cannot(data.message, refused=refused, at_least=wait)
        return True

    async def _write(self, data: MessageData) -> bool:
        """A direct message; False when this person takes none."""
        message = data.message
        try:
            channel = await self._client.create_dm(discord.Object(message.user_id))
            sent = await self._sent_before(channel, data)
            if sent is None:
                view = message_panel(data, texts(data.locale), is_direct=True)
                nonce = nonce_of("message", message.id)
                sent = await channel.send(view=view, nonce=nonce)
        except discord.HTTPException as error:
            if not is_unwelcome(error):
                raise
            log.info("message.untold", message=message.id, error=code_of(error))
            return False
        await self._messages.told(message, channel.id, sent.id)
        if data.earlier is not None:
            await self._take_away(data)
        return True

    async def _sent_before(
        self, channel: discord.abc.Messageable, data: MessageData
    ) -> discord.Message | None:
        """The message of an attempt that was killed before it could note it down.

        Discord itself recognises one by its nonce, but only for some minutes.
        """
        if not data.is_late:
            return None
        button = f"{SEEN}{data.message.invite_id}:{data.message.id}"
        async for message in channel.history(limit=LOOK_BACK):
            if button in custom_ids(raw(message)):
                return message
        return None

    async def _take_away(self, data: MessageData) -> None:
        """The earlier reminder of the same; where Discord lets it stand, so be it."""
        old = data.earlier
        if old is None or old.channel_id is None or old.message_id is None:
            return
        channel = self._client.get_partial_messageable(old.channel_id)
        with suppress(*UNREACHED):
            await channel.get_partial_message(old.message_id).delete()

    async def _mention(self, data: MessageData) -> tuple[int, int] | None:
        """Where the member is mentioned, as (channel id, message id); None for nowhere."""
        if data.threads_in is None:
            return None
        message = data.message
        try:
            thread_id = data.thread_id
            if thread_id is None or message.thread_id is None:
                thread_id = await self._open_thread(data)
            await self._client.http.add_user_to_thread(thread_id, message.user_id)
            thread = self._client.get_partial_messageable(thread_id)
            sent = await self._sent_before(thread, data)
            if sent is None:
                sent = await thread.send(
                    view=message_panel(data, texts(data.locale), mentions=True),
                    nonce=nonce_of("message", message.id),
                    allowed_mentions=discord.AllowedMentions(
                        everyone=False, roles=False, users=[discord.Object(message.user_id)]
                    ),
                )
        except discord.HTTPException as error:
            if not is_refusal(error) or error.status == 429:
                raise
            log.info("message.no_thread", message=message.id, error=code_of(error))
            return None
        return thread_id, sent.id

    async def _open_thread(self, data: MessageData) -> int:
        """The member's own thread: the one from before, if it is still there, else a new one."""
        thread_id = data.thread_id
        if thread_id is not None:
            try:
                known: Any = await self._client.http.get_channel(thread_id)
                if known["thread_metadata"]["archived"]:
                    # It closes by itself, and then nobody can be added.
                    await self._client.http.edit_channel(thread_id, archived=False)
            except discord.NotFound:
                thread_id = None
        if thread_id is None:
            route = Route("POST", "/channels/{channel_id}/threads", channel_id=data.threads_in)
            made = await self._client.http.request(
                route,
                json={
                    "name": texts(data.locale)("Your Plex access"),
                    "type": PRIVATE_THREAD,
                    "invitable": False,
                    "auto_archive_duration": THREAD_SLEEPS,
                },
            )
            thread_id = int(made["id"])
        await self._messages.thread_made(data.message, thread_id)
        return thread_id
