"""The ledger's side of sharing on Plex: intent before effect, outcome after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.durations import days_later, parse_zone
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
from bot.domain.timing import (
    GIVE_UP,
    PAUSED_WAIT,
    RECHECK,
    STUCK_WAIT,
    WORK_LEASE,
    backoff,
    in_time_for,
)
from bot.services.notices import count_stuck, pause_if_admin
from db.ledger import Ledger, Work

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
        )
        if back is not None:
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
                await self._fail(work, invite, refusal.key, "")
                return
            if moved is None:
                await self._too_late(work, invite, share, found=found)
                return
            if moved.state is InviteState.SENT and moved.link_id is not None:
                soon = self._clock.now() + in_time_for(self._reconcile_interval)
                await work.links.reconcile_soon(moved.link_id, soon)
            if moved.stuck_at is None and invite.stuck_at is not None:
                await count_stuck(work, invite.guild_id, self._clock.now())
            if moved.change is not None:
                await work.jobs.enqueue(ChangeShare(invite.id))
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
            await work.commit()

    async def _too_late(self, work: Work, invite: Invite, share: PlexShare, *, found: bool) -> None:
        """The invite moved on during the attempt.

        Withdrawn: what was shared has to go again; what was there before is not named, so that
        taking it back looks whose it is. Otherwise a later attempt has taken over and found this
        very share: it stays.
        """
        present = await work.invites.get(invite.id)
        if present is None or present.state is not InviteState.WITHDRAWN:
            await self._let_go(work, invite)
            return
        known = {} if found else {"share_id": share.share_id}
        await work.invites.note(
            invite.id,
            change=Change.TAKE_BACK,
            change_due_at=self._clock.now(),
            work_leased_until=None,
            **known,
        )
        await work.jobs.enqueue(ChangeShare(invite.id))
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
            account_id=share.account_id or invite.account_id,
            grant=share.grant if share.section_ids else invite.grant,
            is_restoring=False,
            sent_at=now,
            nudged_at=None,
            share_due_at=None,
            **DONE,
            **(await active_now(work, invite, now) if share.accepted else {}),
        )
        if moved is not None:
            action = "invite.active" if share.accepted else "invite.sent"
            await work.audit.moved(moved, action, now=now, was=InviteState.SENDING)
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
            noted = await work.invites.remark(
                invite.id,
                now=now,
                attempt=invite.attempt,
                state=InviteState.SENDING,
                # The same failure once more is no news.
                shown=error.key != assignment.failed_with,
                share_due_at=due,
                **failed_once_more(invite, error, now),
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
            work_leased_until=None,
            tries=0,
            stuck_at=None,
            is_restoring=False,
            ended_at=now,
        )
        if failed is None:
            await self._let_go(work, invite)
            return
        await work.audit.moved(failed, "invite.failed", now=now, was=InviteState.SENDING, why=key)
        await count_stuck(work, invite.guild_id, now)
        await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
        await work.commit()


DONE: dict[str, Any] = {
    "work_leased_until": None,
    "failure_key": None,
    "failure_reason": "",
    "tries": 0,
    "stuck_at": None,
}
"""The columns of an invite whose work on Plex has just succeeded."""


def next_try(invite: Invite, error: PlexError, now: datetime) -> datetime:
    """When work that has failed is tried again."""
    tries = invite.tries + 1
    wait = STUCK_WAIT if tries >= GIVE_UP else backoff(tries)
    return now + max(wait, timedelta(seconds=error.retry_after or 0.0))


def failed_once_more(invite: Invite, error: PlexError, now: datetime) -> dict[str, Any]:
    """The columns of an invite whose work on Plex has just failed."""
    tries = invite.tries + 1
    return {
        "work_leased_until": None,
        "failure_key": error.key,
        "failure_reason": error.reason,
        "tries": tries,
        "stuck_at": (invite.stuck_at or now) if tries >= GIVE_UP else None,
    }


async def active_now(work: Work, invite: Invite, now: datetime) -> dict[str, Any]:
    """The columns of an invite that was accepted just now.

    The time of the tier runs from the first acceptance on; a fresh one after a suspension, or an
    end that somebody has set by hand, does not change it.
    """
    first = invite.active_at is None
    columns: dict[str, Any] = {"active_at": now if first else invite.active_at}
    tier = await work.tiers.get(invite.tier_id) if invite.tier_id else None
    if first and invite.expires_at is None and tier is not None and tier.duration_days:
        settings = await work.guilds.settings(invite.guild_id)
        zone = parse_zone(settings.timezone)
        columns["expires_at"] = days_later(now, tier.duration_days, zone)
    return columns
