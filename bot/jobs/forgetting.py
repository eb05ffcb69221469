"""Forgetting a person: the messages they got are taken away, then the ledger forgets them."""

import asyncio
from contextlib import suppress

import discord

from bot.jobs.telling import DEADLINE, UNREACHED, code_of
from bot.log import logger
from bot.services.forgetting import Farewell, ForgettingService

log = logger(__name__)


class ForgettingJobs:
    """The job behind "Forget me". `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, forgetting: ForgettingService) -> None:
        self._client = client
        self._forgetting = forgetting

    async def forget_member(self, forgetting_id: int) -> bool:
        """Go on as far as can be gone now; False when nothing was due."""
        taken = await self._forgetting.begin(forgetting_id)
        if taken is None:
            return False
        farewell = await self._forgetting.advance(taken)
        if farewell is None:
            return True
        try:
            async with asyncio.timeout(DEADLINE):
                await self._take_messages_away(farewell)
        except UNREACHED as error:
            log.info("forgetting.waits", error=code_of(error))
            if not farewell.out_of_patience:
                await self._forgetting.cannot_yet(farewell)
                return True
        if await self._forgetting.erase(farewell):
            log.info("forgetting.done")
        return True

    async def _take_messages_away(self, farewell: Farewell) -> None:
        """Each of them; one that is gone, or out of reach for good, is as good."""
        user_id = farewell.forgetting.user_id
        gone = {id_ for id_ in farewell.threads if await self._take_thread_away(id_, user_id)}
        for channel_id, message_id in farewell.places:
            if channel_id in gone:
                continue
            channel = self._client.get_partial_messageable(channel_id)
            try:
                await channel.get_partial_message(message_id).delete()
            except (discord.NotFound, discord.Forbidden) as error:
                log.info("forgetting.message_gone", error=code_of(error))

    async def _take_thread_away(self, thread_id: int, user_id: int) -> bool:
        """A private thread of theirs, with all that is in it; False where Helpr may not do that.

        Then they are taken out of it, and it is opened, so that its messages can be deleted.
        """
        http = self._client.http
        try:
            await http.delete_channel(thread_id)
        except discord.NotFound:
            return True
        except discord.Forbidden as error:
            log.info("forgetting.thread_stays", error=code_of(error))
        else:
            return True
        with suppress(discord.NotFound, discord.Forbidden):
            await http.edit_channel(thread_id, archived=False)
            await http.remove_user_from_thread(thread_id, user_id)
        return False
