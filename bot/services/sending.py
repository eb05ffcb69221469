"""The ledger's side of sharing on Plex: intent before effect, outcome after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import (
    PlexAlreadyShared,
    PlexError,
    PlexLibrariesUnknown,
    PlexNoLibraries,
    Refused,
    Treatment,
)
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import ReleaseShare, ShowCard, TellMember
from bot.domain.links import Link, Tier
from bot.domain.plex import PlexShare
from bot.domain.timing import PAUSED_WAIT, RECHECK, WORK_LEASE, backoff, in_time_for
from db.ledger import Ledger, Work

# A share that Plex says exists, and that its lists do not show after this many attempts, is an
# admin's matter.
UNSEEN_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt to share. `look_first`: an earlier attempt may have reached Plex.

    `failed_with` is the failure of the attempt before, which card and member know already.
    """

    invite: Invite
    link: Link
    tier: Tier
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
                await work.invites.note(invite.id, share_due_at=None)
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
            await work.invites.note(invite.id, share_due_at=now + PAUSED_WAIT)
            return None
        if not tier.libraries:
            await self._wait_for_libraries(work, invite)
            return None
        if invite.state is InviteState.SENDING:
            # Without the old failure, so that mending the link does not wake what is under way.
            again = await work.invites.note(invite.id, attempt=invite.attempt + 1, failure_key=None)
            return Assignment(
                again or invite, link, tier, look_first=True, failed_with=invite.failure_key
            )
        sending = await work.invites.move(
            invite.id, InviteState.SENDING, now=now, from_={invite.state}
        )
        if sending is None:
            return None
        await work.audit.moved(sending, "invite.sending", now=now, was=invite.state)
        return Assignment(sending, link, tier, look_first=False)

    async def _wait_for_libraries(self, work: Work, invite: Invite) -> None:
        """The tier was emptied after the approval; choosing libraries wakes the invite."""
        now = self._clock.now()
        key = PlexNoLibraries.key_of_class
        await work.invites.note(invite.id, share_due_at=now + PAUSED_WAIT, failure_key=key)
        if invite.failure_key != key:
            await work.owed.owe_look(invite.id, now)
            await work.jobs.enqueue(ShowCard(invite.id))

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
                await self._fail(work, invite, refusal.key, "")
                return
            if moved is None:
                await self._too_late(work, invite, share, found=found)
                return
            if moved.state is InviteState.SENT and moved.link_id is not None:
                soon = self._clock.now() + in_time_for(self._reconcile_interval)
                await work.links.reconcile_soon(moved.link_id, soon)
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
            await work.commit()

    async def _too_late(self, work: Work, invite: Invite, share: PlexShare, *, found: bool) -> None:
        """The invite moved on during the attempt.

        Withdrawn: what was shared has to go again; what was there before is not named, so that
        the release looks whose it is. Otherwise a later attempt has taken over and found this
        very share: it stays.
        """
        present = await work.invites.get(invite.id)
        if present is None or present.state is not InviteState.WITHDRAWN:
            return
        known = {} if found else {"share_id": share.share_id}
        await work.invites.note(invite.id, release_due_at=self._clock.now(), **known)
        await work.jobs.enqueue(ReleaseShare(invite.id))
        await work.commit()

    async def _note_sent(
        self, work: Work, invite: Invite, share: PlexShare, *, adopted: bool
    ) -> Invite | None:
        now = self._clock.now()
        if await work.invites.share_is_anothers(invite, share.share_id):
            raise Refused("invite.login_taken")
        to = InviteState.ACTIVE if share.accepted else InviteState.SENT
        moved = await work.invites.move(
            invite.id,
            to,
            now=now,
            from_={InviteState.SENDING},
            attempt=invite.attempt,
            share_id=share.share_id,
            share_adopted=adopted,
            account_id=share.account_id,
            sent_at=now,
            active_at=now if share.accepted else None,
            share_due_at=None,
            failure_key=None,
            failure_reason="",
        )
        if moved is not None:
            action = "invite.active" if share.accepted else "invite.sent"
            await work.audit.moved(moved, action, now=now, was=InviteState.SENDING)
        return moved

    async def went_wrong(self, assignment: Assignment, error: PlexError) -> None:
        """Decide by the failure's class: stop, try again later, or wait for an admin."""
        invite = assignment.invite
        unseen = isinstance(error, PlexAlreadyShared) and invite.attempt >= UNSEEN_ATTEMPTS
        async with self._ledger.begin() as work:
            if error.treatment is Treatment.PERMANENT or unseen:
                await self._fail(work, invite, error.key, error.reason)
                return
            now = self._clock.now()
            await work.links.pause_if_admin(assignment.link.id, error, now)
            await work.invites.remark(
                invite.id,
                now=now,
                attempt=invite.attempt,
                # The same failure once more is no news.
                shown=error.key != assignment.failed_with,
                share_due_at=await self._next_try(work, assignment, error, now),
                failure_key=error.key,
                failure_reason=error.reason,
            )
            await work.jobs.enqueue(ShowCard(invite.id))
            await work.commit()

    async def _next_try(
        self, work: Work, assignment: Assignment, error: PlexError, now: datetime
    ) -> datetime:
        due = now + backoff(assignment.invite.attempt, error.retry_after)
        if isinstance(error, PlexLibrariesUnknown):
            # Connecting reads the libraries anew and wakes what waits; below is only the net.
            await work.links.schedule(assignment.link.id, "connect", due)
            due += RECHECK
        return due

    async def _fail(self, work: Work, invite: Invite, key: str, reason: str) -> None:
        now = self._clock.now()
        failed = await work.invites.move(
            invite.id,
            InviteState.FAILED,
            now=now,
            from_={InviteState.SENDING},
            attempt=invite.attempt,
            failure_key=key,
            failure_reason=reason,
            share_due_at=None,
            ended_at=now,
        )
        if failed is not None:
            await work.audit.moved(
                failed, "invite.failed", now=now, was=InviteState.SENDING, why=key
            )
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
        await work.commit()
