"""The ledger's side of sharing on Plex: intent before effect, outcome after it."""

import random
from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock
from bot.domain.errors import PlexError, PlexLibrariesUnknown, Refused, Treatment
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import ReleaseShare, ShowCard, TellMember
from bot.domain.links import Link, LinkState, Tier
from bot.domain.plex import PlexShare
from db.ledger import Ledger, Work

# How long one attempt may take before somebody else may look after it. Longer than the slowest
# attempt: a look (two requests) and a POST, each with Plex's deadline of 30 s by default.
SEND_LEASE = timedelta(seconds=120)
# While a link is paused its invites wait; mending it wakes them at once, this is the net below.
PAUSED_WAIT = timedelta(minutes=5)
RECHECK = timedelta(seconds=60)
SLOWEST_RETRY = 300.0


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt to share. `look_first`: an earlier attempt may have reached Plex."""

    invite: Invite
    link: Link
    tier: Tier
    look_first: bool


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
            invite = await work.invites.claim(invite_id, "share", now=now, lease=SEND_LEASE)
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
        attempt = invite.attempt + 1
        if invite.state is InviteState.SENDING:
            # Without the old failure, so that mending the link does not wake what is under way.
            noted = await work.invites.note(invite.id, attempt=attempt, failure_key=None)
            return Assignment(noted or invite, link, tier, look_first=True)
        sending = await work.invites.move(
            invite.id, InviteState.SENDING, now=now, from_={invite.state}, attempt=attempt
        )
        if sending is None:
            return None
        await work.audit.moved(sending, "invite.sending", now=now, was=invite.state)
        return Assignment(sending, link, tier, look_first=False)

    async def sent(self, invite: Invite, share: PlexShare, *, adopted: bool = False) -> None:
        """Plex holds the share: pending, or accepted already; `adopted` if it stood before."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            try:
                moved = await self._note_sent(work, invite, share)
            except Refused as refusal:
                # Another live invite holds this Plex account under another spelling of its name.
                await self._fail(work, invite, refusal.key, "")
                return
            if moved is None:
                # Withdrawn while the request was under way: what was shared has to go again. What
                # was there before is not named, so that the release looks whose it is.
                known = {} if adopted else {"share_id": share.share_id}
                await work.invites.note(invite.id, release_due_at=now, **known)
                await work.jobs.enqueue(ReleaseShare(invite.id))
                await work.commit()
                return
            if moved.state is InviteState.SENT and moved.link_id is not None:
                await work.links.reconcile_soon(moved.link_id, now + self._reconcile_interval)
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
            await work.commit()

    async def _note_sent(self, work: Work, invite: Invite, share: PlexShare) -> Invite | None:
        now = self._clock.now()
        if await work.invites.share_is_anothers(invite, share.share_id):
            raise Refused("invite.login_taken")
        to = InviteState.ACTIVE if share.accepted else InviteState.SENT
        moved = await work.invites.move(
            invite.id,
            to,
            now=now,
            from_={InviteState.SENDING},
            share_id=share.share_id,
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
        async with self._ledger.begin() as work:
            if error.treatment is Treatment.PERMANENT:
                await self._fail(work, invite, error.key, error.reason)
                return
            now = self._clock.now()
            if error.treatment is Treatment.ADMIN:
                await work.links.problem(
                    assignment.link.id,
                    state=LinkState.PAUSED,
                    key=error.key,
                    reason=error.reason,
                    retry_at=now + RECHECK,
                )
            due = now + backoff(invite.attempt, error.retry_after)
            if isinstance(error, PlexLibrariesUnknown):
                # Connecting reads the libraries anew and wakes what waits; below is only the net.
                await work.links.schedule(assignment.link.id, "connect", due)
                due += RECHECK
            await work.invites.remark(
                invite.id,
                now=now,
                share_due_at=due,
                failure_key=error.key,
                failure_reason=error.reason,
            )
            await work.jobs.enqueue(ShowCard(invite.id))
            await work.commit()

    async def _fail(self, work: Work, invite: Invite, key: str, reason: str) -> None:
        now = self._clock.now()
        failed = await work.invites.move(
            invite.id,
            InviteState.FAILED,
            now=now,
            from_={InviteState.SENDING},
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


def backoff(attempt: int, retry_after: float | None = None) -> timedelta:
    """2 s doubled with each attempt, at most 5 min, with jitter; never sooner than Plex asks."""
    doubled = 2.0 * 2 ** min(max(attempt - 1, 0), 16)
    seconds = min(doubled, SLOWEST_RETRY) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter is no secret
    return timedelta(seconds=max(seconds, retry_after or 0.0))
