"""Changing what Plex holds. A share is named by its id, never by the person it belongs to.

`removeFriend` and its like address a person, and would hit the shares of other guilds.
"""

from bot.domain.errors import PlexAnswerLost, PlexError, PlexNoLibraries, PlexShareGone
from bot.domain.invites import Change, EndReason
from bot.domain.plex import Grant, PlexShare
from bot.jobs.lease import Leases
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

    async def change_share(self, invite_id: int) -> None:
        """Do what is wanted. Whatever happens, the ledger knows it afterwards."""
        errand = await self._changing.begin(invite_id)
        if errand is None:
            return
        try:
            async with self._leases.held(errand.invite):
                await self._how[errand.change](errand)
        except PlexError as error:
            log.warning(
                "change.failed",
                key=error.key,
                reason=error.reason,
                invite=invite_id,
                change=errand.change,
            )
            await self._changing.went_wrong(errand, error)
            return
        log.info("change.done", invite=invite_id, change=errand.change)

    async def _suspend(self, errand: Errand) -> None:
        share = await self._share_of(errand)
        if share is not None:
            given = share.grant if share.section_ids else errand.invite.grant
            if given is None:
                raise PlexAnswerLost
            if not await self._changing.remember(errand, given):
                return
            await self._remove(errand, share.share_id)
        elif errand.invite.grant is None and errand.tier is not None:
            # It went from Plex before anybody could look; the tier says what there was.
            await self._changing.remember(errand, errand.tier.grant)
        await self._changing.suspended(errand)

    async def _end(self, errand: Errand) -> None:
        if errand.invite.change_reason is EndReason.NEVER_ACCEPTED:
            share = await self._share_of(errand)
            if share is not None and share.accepted:
                await self._changing.accepted_after_all(errand, share)
                return
        share_id = errand.invite.share_id
        if share_id is None and (found := await self._find(errand)) is not None:
            is_anothers = await self._changing.belongs_to_another(errand.invite, found)
            share_id = None if is_anothers else found.share_id
        outcome = "not_found" if share_id is None else await self._remove(errand, share_id)
        await self._changing.over(errand, outcome)

    async def _take_back(self, errand: Errand) -> None:
        share_id = errand.invite.share_id
        if share_id is None:
            # Withdrawn while it was being sent. What is found accepted was there before Helpr.
            share = await self._find(errand)
            if share is None:
                await self._changing.over(errand, "not_found")
                return
            if share.accepted or await self._changing.belongs_to_another(errand.invite, share):
                await self._changing.over(errand, "left_alone")
                return
            share_id = share.share_id
        await self._changing.over(errand, await self._remove(errand, share_id))

    async def _update(self, errand: Errand) -> None:
        if errand.tier is None or not errand.tier.libraries:
            raise PlexNoLibraries
        if errand.leads_elsewhere:
            share_id = errand.invite.share_id
            if share_id is not None:
                await self._remove(errand, share_id)
            await self._changing.elsewhere(errand)
            return
        share = await self._share_of(errand)
        if share is None:
            await self._changing.vanished(errand)
            return
        wanted = errand.tier.grant
        if not share.gives(wanted):
            await self._plex.update(errand.link.access, share.share_id, wanted)
            share = await self._share_of(errand)
            if share is None or not share.gives(wanted):
                raise PlexAnswerLost
        await self._changing.updated(errand, Grant(share.section_ids, wanted.settings))

    async def _keep(self, errand: Errand) -> None:
        if await self._share_of(errand) is not None:
            await self._changing.kept(errand)
        else:
            await self._changing.put_back(errand)

    async def _share_of(self, errand: Errand) -> PlexShare | None:
        """The invite's share as it stands on Plex now."""
        share_id = errand.invite.share_id
        if share_id is None:
            return await self._find(errand)
        return await self._plex.share_state(errand.link.access, share_id)

    async def _find(self, errand: Errand) -> PlexShare | None:
        invite = errand.invite
        return await self._plex.find_share(
            errand.link.access, invite.login.value, invite.account_id
        )

    async def _remove(self, errand: Errand, share_id: int) -> str:
        """Take a share back; done only when Plex's own listing shows it no more."""
        if await self._changing.is_needed(errand.invite, share_id):
            return "left_to_others"
        outcome = "released"
        try:
            await self._plex.withdraw(errand.link.access, share_id)
        except PlexShareGone:
            outcome = "gone_already"
        shares = await self._plex.shares(errand.link.access)
        if any(share.share_id == share_id for share in shares):
            raise PlexAnswerLost("the share is still listed")
        return outcome
