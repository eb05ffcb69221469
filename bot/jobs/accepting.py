"""Accepting on Plex for a member who has signed in."""

from bot.domain.errors import PlexError, PlexShareGone
from bot.domain.sign_in import SignIn
from bot.log import logger
from bot.plex import PlexService
from bot.services.accepting import Acceptance, AcceptingService
from bot.services.reconcile import ReconcileService

log = logger(__name__)

REFUSED = "plex.refused"


class AcceptingJobs:
    """What a held sign-in does when it is due."""

    def __init__(
        self, plex: PlexService, accepting: AcceptingService, reconcile: ReconcileService
    ) -> None:
        self._plex = plex
        self._accepting = accepting
        self._reconcile = reconcile

    async def go_on(self, sign_in: SignIn) -> None:
        """Accept what was sent for a held sign-in, and note it once Plex shows it as accepted.

        Done once more after a kill, Plex says that nothing waits, and shows the same.
        """
        acceptance = await self._accepting.begin(sign_in)
        if acceptance is None:
            return
        invite = acceptance.invite
        try:
            was_there = await self._accept(acceptance)
        except PlexError as error:
            log.info("accepting.failed", key=error.key, invite=invite.id)
            await self._accepting.went_wrong(acceptance, error)
            return
        try:
            share = await self._plex.share_state(acceptance.link.access, acceptance.share_id)
        except PlexError as error:
            # The owner's token, or the answer: it says nothing about the member.
            log.info("accepting.unseen", key=error.key, invite=invite.id)
            await self._accepting.later(acceptance, error)
            return
        if share is not None and share.accepted:
            log.info("accepting.done", invite=invite.id)
            await self._reconcile.accepted(invite, share)
        elif share is not None and not was_there and acceptance.is_hopeless:
            await self._accepting.hopeless(acceptance, REFUSED)
            return
        await self._accepting.later(acceptance)

    async def _accept(self, acceptance: Acceptance) -> bool:
        """False when nothing waits for that account: accepted before, or it was never theirs."""
        try:
            await self._plex.accept(acceptance.token, acceptance.share_id)
        except PlexShareGone:
            return False
        return True
