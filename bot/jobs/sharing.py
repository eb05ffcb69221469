"""Sharing on Plex. The ledger knows the intent before Plex is called."""

from bot.domain.errors import PlexAlreadyShared, PlexAnswerLost, PlexError, PlexShareGone
from bot.domain.plex import Grant, PlexShare
from bot.jobs.lease import LeaseLostError, Leases
from bot.log import logger
from bot.plex import PlexService
from bot.services.sending import Assignment, SendingService

log = logger(__name__)


class SharingJobs:
    """The job that invites somebody."""

    def __init__(self, plex: PlexService, sending: SendingService, leases: Leases) -> None:
        self._plex = plex
        self._sending = sending
        self._leases = leases

    async def share_invite(self, invite_id: int) -> bool:
        """Share what was approved; False when nothing was due.

        Whatever happens, the ledger knows it afterwards.
        """
        assignment = await self._sending.begin(invite_id)
        if assignment is None:
            return False
        try:
            async with self._leases.held(assignment.invite):
                share, found = await self._share(assignment)
        except LeaseLostError:
            return True
        except PlexError as error:
            log.warning("share.failed", key=error.key, reason=error.reason, invite=invite_id)
            await self._sending.went_wrong(assignment, error)
            return True
        log.info("share.sent", invite=invite_id, accepted=share.accepted, found=found)
        # Only what stood before Helpr's first word to Plex is somebody else's doing.
        adopted = found and not assignment.look_first
        await self._sending.sent(assignment.invite, share, found=found, adopted=adopted)
        return True

    async def _share(self, assignment: Assignment) -> tuple[PlexShare, bool]:
        """The share, and whether it stood already when this attempt came."""
        if assignment.look_first and (found := await self._find(assignment)) is not None:
            return await self._fitted(assignment, found), True
        invite, access = assignment.invite, assignment.link.access
        # Somebody whom Plex knows here already is named by the account, not by what was typed once.
        invited = invite.account_id if invite.is_restoring else None
        await self._leases.confirm(invite)
        try:
            share = await self._plex.share(access, invited or invite.login.value, assignment.grant)
        except PlexAlreadyShared:
            # Somebody shared before, by hand or in an attempt whose answer was lost: adopt it.
            there = await self._find(assignment) or await self._find_by_account(assignment)
            if there is None:
                await self._clear_stray(assignment)
                raise
            return await self._fitted(assignment, there), True
        share = share or await self._find(assignment)
        if share is None:
            raise PlexAnswerLost
        if invite.is_restoring:
            # Exactly the same as before, and read back to be sure.
            share = await self._fitted(assignment, await self._read(assignment, share))
        return share, False

    async def _find(self, assignment: Assignment) -> PlexShare | None:
        invite = assignment.invite
        return await self._plex.find_share(
            assignment.link.access, invite.login.value, invite.account_id
        )

    async def _find_by_account(self, assignment: Assignment) -> PlexShare | None:
        """An address and a user name can be one account; the lists may name only one of them."""
        access, login = assignment.link.access, assignment.invite.login.value
        account_id = await self._plex.account_of(access, login)
        if account_id is None:
            return None
        return await self._plex.find_share(access, login, account_id)

    async def _clear_stray(self, assignment: Assignment) -> None:
        """Remove what an invite that was withdrawn on Plex has left behind, so that the next works.

        Such a row stands in no v2 list, and still makes Plex say "already sharing".
        """
        access, login = assignment.link.access, assignment.invite.login.value
        for stray in await self._plex.strays(access):
            is_theirs = stray.belongs_to(login) or (
                stray.account_id is not None and stray.account_id == assignment.invite.account_id
            )
            if is_theirs and await self._plex.share_state(access, stray.share_id) is None:
                log.info("share.stray", invite=assignment.invite.id)
                await self._plex.withdraw(access, stray.share_id)

    async def _fitted(self, assignment: Assignment, share: PlexShare) -> PlexShare:
        """A share that stood already gets what it lacks; what it gives beyond that stays."""
        wanted = assignment.grant
        if not assignment.invite.is_restoring:
            if share.all_libraries or wanted.section_ids <= share.section_ids:
                return share
            # What the owner has allowed or filtered by hand is the owner's word.
            kept = share.settings or wanted.settings
            wanted = Grant(share.section_ids | wanted.section_ids, kept)
        elif share.gives(wanted):
            return share
        others = await self._sending.needed_by_others(assignment.invite, share.share_id)
        if others is not None:
            wanted = Grant(wanted.section_ids | others, wanted.settings)
        await self._leases.confirm(assignment.invite)
        try:
            await self._plex.update(assignment.link.access, share.share_id, wanted)
        except PlexShareGone:
            # Gone between the look and the deed: the next attempt sees what there is.
            raise PlexAnswerLost from None
        read = await self._read(assignment, share)
        if not wanted.section_ids <= read.section_ids and not read.all_libraries:
            raise PlexAnswerLost("the share has not changed")
        return read

    async def _read(self, assignment: Assignment, share: PlexShare) -> PlexShare:
        state = await self._plex.share_state(assignment.link.access, share.share_id)
        if state is None:
            raise PlexAnswerLost
        return state
