"""Sharing on Plex, taking back, comparing. The ledger knows the intent before Plex is called."""

from collections.abc import Sequence

from bot.domain.errors import PlexAlreadyShared, PlexAnswerLost, PlexError, PlexShareGone
from bot.domain.invites import Invite, InviteState
from bot.domain.plex import PlexShare
from bot.log import logger
from bot.plex import PlexService
from bot.services.reconcile import Comparison, ReconcileService, share_of
from bot.services.releasing import Release, ReleaseService
from bot.services.sending import Assignment, SendingService

log = logger(__name__)

# A listing in which more than this many, and more than half, of the known shares are missing says
# more about Plex than about people: only so many are looked at one by one, the rest is left alone.
BREAKER = 3


class SharingJobs:
    """The jobs that call Plex."""

    def __init__(
        self,
        plex: PlexService,
        sending: SendingService,
        releasing: ReleaseService,
        reconcile: ReconcileService,
    ) -> None:
        self._plex = plex
        self._sending = sending
        self._releasing = releasing
        self._reconcile = reconcile

    async def share_invite(self, invite_id: int) -> None:
        """Share what was approved. Whatever happens, the ledger knows it afterwards."""
        assignment = await self._sending.begin(invite_id)
        if assignment is None:
            return
        try:
            share, found = await self._share(assignment)
        except PlexError as error:
            log.warning("share.failed", key=error.key, reason=error.reason, invite=invite_id)
            await self._sending.went_wrong(assignment, error)
            return
        log.info("share.sent", invite=invite_id, accepted=share.accepted, found=found)
        # Only what stood before Helpr's first word to Plex is somebody else's doing.
        adopted = found and assignment.invite.attempt == 1
        await self._sending.sent(assignment.invite, share, found=found, adopted=adopted)

    async def _share(self, assignment: Assignment) -> tuple[PlexShare, bool]:
        """The share, and whether it stood already when this attempt came."""
        if assignment.look_first and (found := await self._find(assignment)) is not None:
            return found, True
        try:
            share = await self._plex.share(
                assignment.link.access,
                assignment.invite.login.value,
                assignment.tier.section_ids,
                assignment.tier.flags,
            )
        except PlexAlreadyShared:
            # Somebody shared before, by hand or in an attempt whose answer was lost: adopt it.
            if (there := await self._find(assignment)) is None:
                raise
            return there, True
        share = share or await self._find(assignment)
        if share is None:
            raise PlexAnswerLost
        return share, False

    async def _find(self, assignment: Assignment) -> PlexShare | None:
        invite = assignment.invite
        return await self._plex.find_share(
            assignment.link.access, invite.login.value, invite.account_id
        )

    async def release_share(self, invite_id: int) -> None:
        """Take back from Plex what was withdrawn."""
        release = await self._releasing.begin(invite_id)
        if release is None:
            return
        try:
            outcome = await self._release(release)
        except PlexError as error:
            log.warning("release.failed", key=error.key, reason=error.reason, invite=invite_id)
            await self._releasing.later(release.invite, error)
            return
        await self._releasing.done(release.invite, outcome)

    async def _release(self, release: Release) -> str:
        access, invite = release.link.access, release.invite
        share_id = invite.share_id
        if share_id is None:
            # Withdrawn while it was being sent. What is found accepted was there before Helpr.
            share = await self._plex.find_share(access, invite.login.value, invite.account_id)
            if share is None:
                return "not_found"
            if share.accepted or await self._releasing.is_anothers(invite, share):
                return "left_alone"
            share_id = share.share_id
        try:
            await self._plex.withdraw(access, share_id)
        except PlexShareGone:
            return "gone_already"
        return "released"

    async def reconcile_link(self, link_id: int) -> None:
        """Find out who accepted, who declined, and whose share is gone."""
        comparison = await self._reconcile.begin(link_id)
        if comparison is None:
            return
        try:
            is_settled = await self._compare(comparison)
        except PlexError as error:
            log.warning("reconcile.failed", key=error.key, reason=error.reason, link=link_id)
            await self._reconcile.went_wrong(comparison.link, error)
            return
        await self._reconcile.done(comparison.link, is_settled=is_settled)

    async def _compare(self, comparison: Comparison) -> bool:
        """False when the listing lost so many that most of them were left for another time."""
        shares = await self._plex.shares(comparison.link.access)
        missing: list[Invite] = []
        for invite in comparison.known:
            share = share_of(invite, shares)
            if share is None:
                missing.append(invite)
            elif share.accepted and invite.state is InviteState.SENT:
                await self._reconcile.accepted(invite, share)
        too_many = len(missing) > max(BREAKER, len(comparison.known) / 2)
        if too_many:
            log.warning("reconcile.breaker", missing=len(missing), of=len(comparison.known))
            missing = missing[:BREAKER]
        await self._look_closer(comparison, missing)
        return not too_many

    async def _look_closer(self, comparison: Comparison, missing: Sequence[Invite]) -> None:
        """A listing alone proves no absence; Plex's own word about the one share does."""
        for invite in missing:
            if invite.share_id is None:
                continue
            share = await self._plex.share_state(comparison.link.access, invite.share_id)
            if share is None:
                await self._reconcile.gone(invite)
            elif share.accepted and invite.state is InviteState.SENT:
                await self._reconcile.accepted(invite, share)
