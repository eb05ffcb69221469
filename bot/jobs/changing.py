"""Changing what Plex holds. A share is named by its id, never by the person it belongs to.

`removeFriend` and its like address a person, and would hit the shares of other guilds.
"""

from dataclasses import replace

from bot.domain.comparison import share_of
from bot.domain.errors import PlexAnswerLost, PlexError, PlexNoLibraries, PlexShareGone
from bot.domain.invites import Change, EndReason
from bot.domain.plex import Grant, PlexShare
from bot.jobs.lease import LeaseLostError, Leases
from bot.log import logger
from bot.plex import PlexService
from bot.services.changing import ChangingService, Errand

log = logger(__name__)


class ChangingJobs:
    """The job that suspends, ends, updates and looks after."""

    def __init__(self, plex: PlexService, changing: ChangingService, leases: Leases) -> None:
        self._plex = plex
        self._changing = changing
        self._leases = leases
        self._how = {
            Change.SUSPEND: self._suspend,
            Change.END: self._end,
            Change.TAKE_BACK: self._take_back,
            Change.UPDATE: self._update,
            Change.KEEP: self._keep,
        }

    async def change_share(self, invite_id: int) -> bool:
        """Do what is wanted; False when nothing was due.

        Whatever happens, the ledger knows it afterwards.
        """
        errand = await self._changing.begin(invite_id)
        if errand is None:
            return False
        try:
            async with self._leases.held(errand.invite):
                await self._how[errand.change](errand)
        except LeaseLostError:
            return True
        except PlexError as error:
            log.warning(
                "change.failed",
                key=error.key,
                reason=error.reason,
                invite=invite_id,
                change=errand.change,
            )
            await self._changing.went_wrong(errand, error)
            return True
        log.info("change.done", invite=invite_id, change=errand.change)
        return True

    async def _suspend(self, errand: Errand) -> None:
        share = await self._share_of(errand)
        if share is not None:
            given = share.grant if share.section_ids else errand.invite.grant
            if given is None:
                raise PlexAnswerLost
            if not await self._changing.remember(errand, given):
                return
            await self._remove(errand, share)
        elif errand.invite.grant is None:
            # It went from Plex before anybody could look: nothing is left to put back.
            await self._changing.vanished(errand)
            return
        await self._changing.suspended(errand)

    async def _end(self, errand: Errand) -> None:
        share = await self._share_of(errand)
        if share is None:
            if not await self._changing.look_again(errand):
                await self._changing.over(errand, "not_found")
            return
        reason = errand.invite.change_reason
        if reason is EndReason.NEVER_ACCEPTED and share.accepted:
            await self._changing.accepted_after_all(errand, share)
            return
        await self._changing.over(errand, await self._remove(errand, share))

    async def _take_back(self, errand: Errand) -> None:
        share = await self._share_of(errand)
        if share is None:
            if not await self._changing.look_again(errand):
                outcome = "not_found" if errand.invite.share_id is None else "gone_already"
                await self._changing.over(errand, outcome)
            return
        invite = errand.invite
        if invite.share_id is None and share.accepted and invite.active_at is None:
            # Withdrawn while it was being sent: what is accepted was there before Helpr.
            await self._changing.over(errand, "left_alone")
            return
        await self._changing.over(errand, await self._remove(errand, share))

    async def _update(self, errand: Errand) -> None:
        if errand.tier is None or not errand.tier.libraries:
            raise PlexNoLibraries
        share = await self._share_of(errand)
        if errand.leads_elsewhere:
            if share is not None:
                await self._remove(errand, share)
            await self._changing.elsewhere(errand)
            return
        if share is None:
            await self._changing.vanished(errand)
            return
        wanted = errand.tier.grant
        others = await self._changing.needed_by_others(errand.invite, share.share_id)
        if others is not None:
            # One share serves several guilds: none takes from the others.
            wanted = Grant(wanted.section_ids | others, wanted.settings)
        if not share.gives(wanted):
            await self._leases.confirm(errand.invite)
            try:
                await self._plex.update(errand.link.access, share.share_id, wanted)
            except PlexShareGone:
                raise PlexAnswerLost from None
            share = await self._share_of(errand)
            if share is None or not share.gives(wanted):
                raise PlexAnswerLost("the share has not changed")
        await self._changing.updated(errand, wanted)

    async def _keep(self, errand: Errand) -> None:
        if await self._share_of(errand) is not None:
            await self._changing.kept(errand)
        else:
            await self._changing.put_back(errand)

    async def _share_of(self, errand: Errand) -> PlexShare | None:
        """The share as it stands on Plex now, also one that was made anew by hand."""
        invite, access = errand.invite, errand.link.access
        if invite.share_id is not None:
            share = await self._plex.share_state(access, invite.share_id)
            if share is not None:
                return share
        found = await self._plex.find_share(access, invite.login.value, invite.account_id)
        if found is None or await self._changing.belongs_to_another(invite, found):
            return None
        return found

    async def _remove(self, errand: Errand, share: PlexShare) -> str:
        """Take a share back; done only when Plex's own listing shows it no more."""
        invite, access = errand.invite, errand.link.access
        if await self._changing.needed_by_others(invite, share.share_id) is not None:
            return "left_to_others"
        await self._leases.confirm(invite)
        outcome = "released"
        try:
            await self._plex.withdraw(access, share.share_id)
        except PlexShareGone:
            outcome = "gone_already"
        still = share_of(replace(invite, share_id=share.share_id), await self._plex.shares(access))
        if still is not None and not await self._changing.belongs_to_another(invite, still):
            raise PlexAnswerLost("the share is still listed")
        return outcome
