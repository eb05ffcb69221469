"""The ledger's side of sharing on Plex: intent before effect, outcome after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.errors import (
    PlexAlreadyShared,
    PlexError,
    PlexLibrariesUnknown,
    PlexNoLibraries,
    Refused,
    Treatment,
)
from bot.domain.invites import Change, Invite, InviteState
from bot.domain.jobs import ChangeShare, ShowCard, TellMember
from bot.domain.links import Link, Tier
from bot.domain.plex import Grant, PlexShare
from bot.domain.timing import PAUSED_WAIT, RECHECK, WORK_LEASE, in_time_for
from bot.log import logger
from bot.services.notices import count_stuck, pause_if_admin
from bot.services.outcomes import (
    DONE,
    NO_CHANGE,
    active_now,
    failed_once_more,
    is_stuck_now,
    next_try,
    told_to_the_same_person,
)
from bot.services.redeeming import give_back
from db.ledger import Ledger, Work

log = logger(__name__)

# A share that Plex says exists, and that its lists do not show after this many attempts, is an
# admin's matter.
UNSEEN_TRIES = 5
LIBRARIES_GONE = "restore.libraries_gone"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt to share. `look_first`: an earlier attempt may have reached Plex.

    `failed_with` is the failure of the attempt before, which card and member know already.
    """

    invite: Invite
    link: Link
    grant: Grant
    look_first: bool
    failed_with: str | None = None


class SendingService:
    """Begins attempts and writes down how they went."""

    def __init__(self, ledger: Ledger, clock: Clock, reconcile_interval: timedelta) -> None:
        self._ledger = ledger
        self._clock = clock
        self._reconcile_interval = reconcile_interval

    async def begin(self, invite_id: int) -> Assignment | None:
        """Commit the intent to send; None when nothing is due, or the link is paused."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.owed.claim(invite_id, "share", now=now, lease=WORK_LEASE)
            if invite is None:
                return None
            if invite.state not in {InviteState.APPROVED, InviteState.SENDING}:
                await work.invites.note(invite.id, share_due_at=None, work_leased_until=None)
                await work.commit()
                return None
            assignment = await self._assign(work, invite)
            await work.commit()
            return assignment

    async def _assign(self, work: Work, invite: Invite) -> Assignment | None:
        now = self._clock.now()
        link = await work.links.get(invite.link_id or 0)
        tier = await work.tiers.get(invite.tier_id or 0)
        if link is None or tier is None:
            raise LookupError(f"invite {invite.id} is approved for a tier that is gone")
        if not link.is_connected:
            await work.invites.note(
                invite.id, share_due_at=now + PAUSED_WAIT, work_leased_until=None
            )
            return None
        grant = await self._grant(work, invite, tier)
        if grant is None:
            return None
        if invite.state is InviteState.SENDING:
            # Without the old failure, so that mending the link does not wake what is under way.
            again = await work.invites.note(invite.id, grant=grant, failure_key=None)
            return Assignment(
                again or invite, link, grant, look_first=True, failed_with=invite.failure_key
            )
        sending = await work.invites.move(
            invite.id,
            InviteState.SENDING,
            now=now,
            from_={invite.state},
            attempt=invite.attempt,
            grant=grant,
        )
        if sending is None:
            return None
        await work.audit.moved(sending, "invite.sending", now=now, was=invite.state)
        return Assignment(sending, link, grant, look_first=False)

    async def _grant(self, work: Work, invite: Invite, tier: Tier) -> Grant | None:
        """What to share: the tier's libraries, or exactly those that were taken away."""
        if invite.is_restoring and invite.grant is not None:
            gone = await work.links.gone_titles(tier.link_id, invite.grant.section_ids)
            if not gone:
                return invite.grant
            await self._cannot_restore(work, invite, gone)
            return None
        if tier.libraries:
            return tier.grant
        await self._wait_for_libraries(work, invite)
        return None

    async def _wait_for_libraries(self, work: Work, invite: Invite) -> None:
        """The tier was emptied after the approval; choosing libraries wakes the invite."""
        now = self._clock.now()
        key = PlexNoLibraries.key_of_class
        await work.invites.note(
            invite.id, share_due_at=now + PAUSED_WAIT, failure_key=key, work_leased_until=None
        )
        if invite.failure_key != key:
            await work.owed.owe_look(invite.id, now)
            await work.jobs.enqueue(ShowCard(invite.id))

    async def _cannot_restore(self, work: Work, invite: Invite, gone: list[str]) -> None:
        """Libraries went from the server meanwhile: it stays suspended, and the card says which."""
        now = self._clock.now()
        back = await work.invites.move(
            invite.id,
            InviteState.SUSPENDED,
            now=now,
            from_={InviteState.SENDING},
            share_due_at=None,
            work_leased_until=None,
            is_restoring=False,
            failure_key=LIBRARIES_GONE,
            failure_reason=", ".join(gone),
            tries=0,
            stuck_at=None,
        )
        if back is not None:
            await count_stuck(work, invite.guild_id, now)
            await work.audit.moved(
                back, "access.not_restored", now=now, was=invite.state, why=LIBRARIES_GONE
            )
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))

    async def sent(
        self, invite: Invite, share: PlexShare, *, found: bool = False, adopted: bool = False
    ) -> None:
        """Plex holds the share: pending, or accepted already.

        `found`: this attempt has not made it; `adopted`: nor has an earlier one of Helpr's.
        """
        async with self._ledger.begin() as work:
            try:
                moved = await self._note_sent(work, invite, share, adopted=adopted)
            except Refused as refusal:
                # Another live invite holds this Plex account under another spelling of its name.
                is_anothers = await work.invites.share_is_anothers(invite, share.share_id)
                stray = None if adopted or is_anothers else share
                await self._fail(work, invite, refusal.key, "", stray)
                return
            if moved is None:
                await self._too_late(work, invite, share, found=found)
                return
            if moved.state is InviteState.SENT and moved.link_id is not None:
                soon = self._clock.now() + in_time_for(self._reconcile_interval)
                await work.links.reconcile_soon(moved.link_id, soon)
            if invite.stuck_at is not None:
                await count_stuck(work, invite.guild_id, self._clock.now())
            if moved.change is not None:
                await work.jobs.enqueue(ChangeShare(invite.id))
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
            await work.commit()

    async def _too_late(self, work: Work, invite: Invite, share: PlexShare, *, found: bool) -> None:
        """The invite moved on during the attempt.

        Withdrawn, or over: what was shared has to go again; what was there before is not named, so
        that taking it back looks whose it is. Suspended, or failed: what this attempt has made
        goes. Otherwise a later attempt has taken over and found this very share: it stays.
        """
        present = await work.invites.get(invite.id)
        state = None if present is None else present.state
        is_over = state in {InviteState.WITHDRAWN, InviteState.ENDED}
        is_unwanted = (
            state in {InviteState.SUSPENDED, InviteState.FAILED}
            and not found
            and present is not None
            and present.change is None
        )
        if not is_over and not is_unwanted:
            await self._let_go(work, invite)
            return
        known = {} if found else {"share_id": share.share_id}
        try:
            await work.invites.note(
                invite.id,
                change=Change.TAKE_BACK,
                change_reason=None,
                change_due_at=self._clock.now(),
                work_leased_until=None,
                **known,
            )
        except Refused:
            # Somebody has asked for this account anew, and takes over what is found.
            log.info("share.left_to_the_next", invite=invite.id)
            return
        await work.jobs.enqueue(ChangeShare(invite.id))
        await work.commit()

    async def _note_sent(
        self, work: Work, invite: Invite, share: PlexShare, *, adopted: bool
    ) -> Invite | None:
        now = self._clock.now()
        if await work.invites.share_is_anothers(invite, share.share_id):
            raise Refused("invite.login_taken")
        to = InviteState.ACTIVE if share.accepted else InviteState.SENT
        in_time: dict[str, Any] = {}
        is_first = invite.waitlisted_at is not None and invite.active_at is None
        if is_first and to is InviteState.SENT:
            settings = await work.guilds.settings(invite.guild_id)
            # To be told anew: an edit of what was told before would notify nobody.
            in_time = {"take_by": now + timedelta(hours=settings.take_hours), "dm_version": 0}
        moved = await work.invites.move(
            invite.id,
            to,
            now=now,
            from_={InviteState.SENDING},
            attempt=invite.attempt,
            share_id=share.share_id,
            share_adopted=adopted,
            account_id=share.account_id or invite.account_id,
            grant=_given(invite, share),
            is_restoring=False,
            sent_at=now,
            nudged_at=None,
            share_due_at=None,
            **DONE,
            **in_time,
            **(await active_now(work, invite, now) if share.accepted else {}),
        )
        if moved is not None:
            action = "invite.active" if share.accepted else "invite.sent"
            await work.audit.moved(moved, action, now=now, was=InviteState.SENDING)
            if moved.grant is not None:
                await told_to_the_same_person(work, moved, moved.grant, now)
        return moved

    async def went_wrong(self, assignment: Assignment, error: PlexError) -> None:
        """Decide by the failure's class: stop, try again later, or wait for an admin."""
        invite = assignment.invite
        unseen = isinstance(error, PlexAlreadyShared) and invite.tries + 1 >= UNSEEN_TRIES
        async with self._ledger.begin() as work:
            if error.treatment is Treatment.PERMANENT or unseen:
                await self._fail(work, invite, error.key, error.reason)
                return
            now = self._clock.now()
            await pause_if_admin(work, assignment.link, error, now)
            due = await self._next_try(work, assignment, error, now)
            columns = failed_once_more(invite, error, now)
            noted = await work.invites.remark(
                invite.id,
                now=now,
                attempt=invite.attempt,
                state=InviteState.SENDING,
                # The same failure once more is no news, until it is one time too many.
                shown=error.key != assignment.failed_with or is_stuck_now(invite, columns),
                share_due_at=due,
                **columns,
            )
            if noted is None:
                await self._let_go(work, invite)
                return
            await count_stuck(work, invite.guild_id, now)
            await work.jobs.enqueue(ShowCard(invite.id))
            await work.commit()

    async def _let_go(self, work: Work, invite: Invite) -> None:
        """The invite moved on during the attempt: what it asks for now can begin at once."""
        await work.invites.remark(
            invite.id,
            now=self._clock.now(),
            attempt=invite.attempt,
            shown=False,
            work_leased_until=None,
        )
        await work.jobs.enqueue(ChangeShare(invite.id))
        await work.commit()

    async def _next_try(
        self, work: Work, assignment: Assignment, error: PlexError, now: datetime
    ) -> datetime:
        due = next_try(assignment.invite, error, now)
        if isinstance(error, PlexLibrariesUnknown):
            # Connecting reads the libraries anew and wakes what waits; below is only the net.
            await work.links.schedule(assignment.link.id, "connect", due)
            due += RECHECK
        return due

    async def _fail(
        self, work: Work, invite: Invite, key: str, reason: str, stray: PlexShare | None = None
    ) -> None:
        """Refused for good: whoever had access before keeps the way back to it.

        `stray` is a share that was made for it all the same, and has to go again.
        """
        now = self._clock.now()
        present = await work.invites.get(invite.id)
        if present is not None and present.change is Change.END:
            await self._end_unsent(work, present, invite.attempt)
            return
        to = InviteState.SUSPENDED if invite.is_restoring else InviteState.FAILED
        taken_back: dict[str, Any] = {}
        if stray is not None:
            taken_back = {
                "change": Change.TAKE_BACK,
                "change_due_at": now,
                "share_id": stray.share_id,
            }
        failed = await work.invites.move(
            invite.id,
            to,
            now=now,
            from_={InviteState.SENDING},
            attempt=invite.attempt,
            failure_key=key,
            failure_reason=reason,
            share_due_at=None,
            work_leased_until=None,
            tries=0,
            stuck_at=None,
            is_restoring=False,
            ended_at=now if to is InviteState.FAILED else None,
            **taken_back,
        )
        if failed is None:
            await self._let_go(work, invite)
            return
        await work.audit.moved(failed, "invite.failed", now=now, was=InviteState.SENDING, why=key)
        if to is InviteState.FAILED:
            await give_back(work, failed, now)
        await count_stuck(work, invite.guild_id, now)
        if taken_back:
            await work.jobs.enqueue(ChangeShare(invite.id))
        await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
        await work.commit()

    async def needed_by_others(self, invite: Invite, share_id: int) -> frozenset[int] | None:
        """The sections that others have by the same share; None when there are no others."""
        async with self._ledger.begin() as work:
            return await work.invites.needed_by_others(invite, share_id)

    async def _end_unsent(self, work: Work, invite: Invite, attempt: int) -> None:
        """It was to end anyhow, and Plex has just said that there is nothing to take back."""
        now = self._clock.now()
        ended = await work.invites.move(
            invite.id,
            InviteState.ENDED,
            now=now,
            from_={InviteState.SENDING},
            attempt=attempt,
            settles=invite,
            end_reason=invite.change_reason,
            ended_at=now,
            share_due_at=None,
            is_restoring=False,
            **NO_CHANGE,
        )
        if ended is not None:
            await work.audit.moved(
                ended,
                "invite.ended",
                now=now,
                by=invite.change_by,
                was=invite.state,
                why=invite.change_reason or "",
            )
            await count_stuck(work, invite.guild_id, now)
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
        await work.commit()


def _given(invite: Invite, share: PlexShare) -> Grant | None:
    """What the share gives. v1's answer names no settings: then they are those that were sent."""
    if not share.section_ids:
        return invite.grant
    if share.settings is None and invite.grant is not None:
        return Grant(share.section_ids, invite.grant.settings)
    return share.grant
