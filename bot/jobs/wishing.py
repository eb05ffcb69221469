"""The cards of wishes: posted and edited, by REST alone."""

import asyncio

import discord

from bot.i18n import texts
from bot.jobs.card_channel import Blocked, CardChannel
from bot.jobs.telling import DEADLINE, UNREACHED, code_of, nonce_of
from bot.log import logger
from bot.services.wishes import WishData, WishService
from bot.ui.wishes import wish_card

log = logger(__name__)


class WishJobs:
    """The job of wishes. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, wishes: WishService) -> None:
        self._cards = CardChannel(client)
        self._wishes = wishes

    async def show_wish(self, wish_id: int) -> bool:
        """Post or edit the card; False when it is up to date."""
        data = await self._wishes.card(wish_id)
        if data is None:
            return False
        try:
            async with asyncio.timeout(DEADLINE):
                shown = await self._put(data)
        except Blocked as blocked:
            log.warning("wish.blocked", wish=wish_id, why=blocked.problem)
            await self._wishes.cannot(data.wish, refused=True)
        except UNREACHED as error:
            log.warning("wish.not_shown", wish=wish_id, error=code_of(error))
            at_least = error.retry_after if isinstance(error, discord.RateLimited) else 0.0
            await self._wishes.cannot(data.wish, refused=False, at_least=at_least)
        else:
            if shown is None:
                await self._wishes.not_wanted(data.wish)
            else:
                await self._wishes.shown(data.wish, *shown)
        return True

    async def _put(self, data: WishData) -> tuple[int, int] | None:
        """Where the card now is, as (channel id, message id); None when it is not wanted."""
        wish, wanted = data.wish, data.guild.request_channel_id
        view = wish_card(data, texts(data.guild.locale))
        known = None
        if wish.card_channel_id is not None and wish.card_message_id is not None:
            known = wish.card_channel_id, wish.card_message_id
        moves = known is not None and wish.is_open and wanted not in {None, known[0]}
        if known is not None and not moves:
            try:
                await self._cards.edit(*known, view)
            except discord.NotFound as error:
                log.info("wish.gone", wish=wish.id, error=code_of(error))
            else:
                return known
        if wanted is None or (known is not None and not wish.is_open):
            # Nowhere to go, or somebody tidied up after the decision.
            return None
        message = await self._posted_before(wanted, data)
        if message is not None:
            await self._cards.edit(wanted, message.id, view)
        elif wish.is_open:
            nonce = nonce_of("wish", wish.id, wish.card_message_id)
            message = await self._cards.post(wanted, view, nonce)
        else:
            # It was decided before there was a card.
            return None
        if known is not None and moves:
            await self._cards.remove(*known)
        return wanted, message.id

    async def _posted_before(self, channel_id: int, data: WishData) -> discord.Message | None:
        """The card of an attempt that was killed before it could note it down; raises `Blocked`."""
        wish = data.wish
        if wish.is_open and not data.is_late:
            return None
        try:
            return await self._cards.find(channel_id, f"helpr:wish_grant:{wish.id}:")
        except Blocked:
            if wish.is_open:
                raise
            return None
