"""Forgetting a person: the messages they got are taken away, then the ledger forgets them."""

import asyncio

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
        for channel_id, message_id in farewell.places:
            channel = self._client.get_partial_messageable(channel_id)
            try:
                await channel.get_partial_message(message_id).delete()
            except (discord.NotFound, discord.Forbidden) as error:
                log.info("forgetting.message_gone", error=code_of(error))
