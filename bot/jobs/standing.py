"""Standing messages: posted, edited, looked for and taken away, by REST alone."""

import asyncio
import hashlib
import json
from typing import Any

import discord
from discord.ui import LayoutView

from bot.i18n import texts
from bot.jobs.card_channel import custom_ids, raw
from bot.jobs.telling import UNREACHED, code_of, nonce_of
from bot.log import logger
from bot.services.panels import PanelData, PanelService
from bot.ui.standing import MARKS, render

log = logger(__name__)

# Shorter than the lease of a look, so that two never run at once.
DEADLINE = 15.0
# How far back a message of an attempt that was killed is looked for. One request.
LOOK_BACK = 50
UNKNOWN_CHANNEL = 10003


class StayAwayError(Exception):
    """The panel was deleted too often."""


class StandingJobs:
    """The job of panels. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, panels: PanelService) -> None:
        self._client = client
        self._panels = panels

    async def show_panel(self, panel_id: int) -> bool:
        """Bring a panel to what is wanted; False when it owed no look."""
        data = await self._panels.take(panel_id)
        if data is None:
            return False
        panel = data.panel
        try:
            async with asyncio.timeout(DEADLINE):
                if panel.removed_at is not None:
                    await self._take_away(data)
                else:
                    await self._show(data)
        except StayAwayError:
            log.info("panel.stays_away", panel=panel_id)
            await self._panels.stays_away(panel)
        except UNREACHED as error:
            log.warning("panel.not_shown", panel=panel_id, error=code_of(error))
            await self._failed(data, error)
        return True

    async def _failed(self, data: PanelData, error: BaseException) -> None:
        panel = data.panel
        if isinstance(error, discord.NotFound) and error.code == UNKNOWN_CHANNEL:
            await self._panels.channel_gone(panel)
        elif isinstance(error, discord.Forbidden) and panel.removed_at is None:
            await self._panels.closed(panel)
        elif isinstance(error, discord.Forbidden):
            # Out of reach, and not wanted any more.
            await self._panels.taken_away(panel)
        else:
            wait = error.retry_after if isinstance(error, discord.RateLimited) else 0.0
            await self._panels.cannot(panel, wait)

    async def _take_away(self, data: PanelData) -> None:
        message = self._message(data)
        if message is not None:
            try:
                await message.delete()
            except discord.NotFound as error:
                log.info("panel.gone", panel=data.panel.id, error=code_of(error))
        await self._panels.taken_away(data.panel)

    async def _show(self, data: PanelData) -> None:
        view = render(data, texts(data.guild.locale))
        shown = _digest(view)
        message_id = data.panel.message_id
        if message_id is None or not await self._stands(data, view, shown):
            message_id = await self._post(data, view)
        await self._panels.stands(data.panel, shown, message_id)

    async def _stands(self, data: PanelData, view: LayoutView, shown: str) -> bool:
        """Bring the message up to date; False when it was deleted."""
        panel, message = data.panel, self._message(data)
        if message is None:
            return False
        is_same = panel.shown == shown
        if is_same and not self._panels.in_doubt(panel):
            return True
        try:
            if is_same:
                await message.fetch()
            else:
                await message.edit(view=view)
        except discord.NotFound as error:
            if error.code == UNKNOWN_CHANNEL:
                raise
            return False
        except discord.Forbidden:
            if not is_same:
                raise
            # It may post, and not read back: then editing tells as well.
            return await self._stands_edited(message, view)
        return True

    async def _stands_edited(self, message: discord.PartialMessage, view: LayoutView) -> bool:
        try:
            await message.edit(view=view)
        except discord.NotFound as error:
            if error.code == UNKNOWN_CHANNEL:
                raise
            return False
        return True

    async def _post(self, data: PanelData, view: LayoutView) -> int:
        """Post the panel, or adopt what an attempt that was killed has posted."""
        panel = data.panel
        channel = self._client.get_partial_messageable(panel.channel_id)
        known = await self._posted_before(channel, data)
        if known is not None:
            await known.edit(view=view)
            return known.id
        if panel.message_id is not None and not self._panels.may_heal(panel):
            raise StayAwayError
        message = await channel.send(view=view, nonce=nonce_of("panel", panel.id, panel.message_id))
        return message.id

    async def _posted_before(
        self, channel: discord.PartialMessageable, data: PanelData
    ) -> discord.Message | None:
        mark, me = MARKS[data.panel.kind], self._client.user
        try:
            async for message in channel.history(limit=LOOK_BACK):
                is_mine = me is not None and message.author.id == me.id
                if is_mine and any(id_.startswith(mark) for id_ in custom_ids(raw(message))):
                    return message
        except discord.Forbidden as error:
            log.info("panel.cannot_look_back", panel=data.panel.id, error=code_of(error))
        return None

    def _message(self, data: PanelData) -> discord.PartialMessage | None:
        if data.panel.message_id is None:
            return None
        channel = self._client.get_partial_messageable(data.panel.channel_id)
        return channel.get_partial_message(data.panel.message_id)


def _digest(view: LayoutView) -> str:
    sent: list[Any] = view.to_components()  # type: ignore[no-untyped-call]
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
