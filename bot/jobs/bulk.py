"""The job that carries on with a bulk action and shows how far it is."""

import asyncio

import discord

from bot.domain.bulk import BulkProgress
from bot.i18n import texts
from bot.jobs.answers import edit_answer
from bot.jobs.telling import DEADLINE, UNREACHED
from bot.log import logger
from bot.services.bulk import BulkService
from bot.services.bulk_run import BulkRunService
from bot.ui.bulk import bulk_panel

log = logger(__name__)


class BulkJobs:
    """Runs bulk actions. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, bulks: BulkService, runs: BulkRunService) -> None:
        self._client = client
        self._bulks = bulks
        self._runs = runs

    async def run_bulk(self, bulk_id: int) -> bool:
        """Do what can be done now; False when nothing was due."""
        progress = await self._runs.carry_on(bulk_id)
        if progress is None:
            return False
        await self._show(progress)
        return True

    async def _show(self, progress: BulkProgress) -> None:
        """Bring the private answer up to date; what it misses stands among the bulk actions."""
        bulk = progress.bulk
        if bulk.answer is None:
            return
        view = bulk_panel(progress, texts(bulk.locale))
        try:
            async with asyncio.timeout(DEADLINE):
                shown = await edit_answer(
                    self._client, bulk.answer.application_id, bulk.answer.token, view
                )
        except UNREACHED as error:
            log.info("bulk.not_shown", bulk=bulk.id, error=type(error).__name__)
            return
        if not shown:
            await self._bulks.answer_over(bulk.id)
