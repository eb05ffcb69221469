"""Comparing ledger and Plex."""

from bot.domain.errors import PlexError
from bot.domain.invites import Invite, InviteState
from bot.log import logger
from bot.plex import PlexService
from bot.services.reconcile import Comparison, ReconcileService

log = logger(__name__)


class ComparingJobs:
    """The job that finds out who accepted, who declined, and whose share is gone."""

    def __init__(self, plex: PlexService, reconcile: ReconcileService) -> None:
        self._plex = plex
        self._reconcile = reconcile

    async def reconcile_link(self, link_id: int) -> bool:
        """Compare a link when that is owed; False when nothing was, or Plex did not answer."""
        comparison = await self._reconcile.begin(link_id)
        if comparison is None:
            return False
        try:
            shares = await self._plex.shares(comparison.link.access)
            for invite in await self._reconcile.settle(comparison, shares):
                await self._look_closer(comparison, invite)
        except PlexError as error:
            log.warning("reconcile.failed", key=error.key, reason=error.reason, link=link_id)
            await self._reconcile.went_wrong(comparison.link, error)
            return False
        await self._reconcile.done(comparison.link)
        return True

    async def _look_closer(self, comparison: Comparison, invite: Invite) -> None:
        """A listing alone proves no absence; Plex's own word about the one share does."""
        if invite.share_id is None:
            return
        share = await self._plex.share_state(comparison.link.access, invite.share_id)
        if share is None:
            await self._reconcile.gone(invite)
        elif share.accepted and invite.state is InviteState.SENT:
            await self._reconcile.accepted(invite, share)
