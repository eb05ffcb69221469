"""Compare what is pending in the ledger with what Plex really holds."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.errors import PlexError, Refused
from bot.domain.invites import EndReason, Invite, InviteState
from bot.domain.jobs import ShowCard, TellMember
from bot.domain.links import Link
from bot.domain.plex import PlexShare
from bot.domain.timing import WORK_LEASE, in_time_for
from bot.log import logger
from db.ledger import Ledger

log = logger(__name__)

# When nothing is pending, those who have access are still looked after, this much less often.
SLOWER = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """A link and what the ledger knows to be shared on it, pending or accepted."""

    link: Link
    known: tuple[Invite, ...]


def share_of(invite: Invite, shares: Collection[PlexShare]) -> PlexShare | None:
    """The share of an invite: by its id, else by the account or what was typed."""
    by_id = [share for share in shares if share.share_id == invite.share_id]
    if by_id:
        return by_id[0]
    for share in shares:
        same_account = share.account_id is not None and share.account_id == invite.account_id
        if same_account or share.belongs_to(invite.login.value):
            return share
    return None


class ReconcileService:
    """Moves the ledger forward to what Plex holds. It never removes anything on Plex."""

    def __init__(self, ledger: Ledger, clock: Clock, interval: timedelta) -> None:
        self._ledger = ledger
        self._clock = clock
        self._interval = interval

    async def begin(self, link_id: int) -> Comparison | None:
        """Take the comparison for this caller; None when it is not due or nothing is shared."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            link = await work.links.claim(link_id, "reconcile", now=now, until=now + WORK_LEASE)
            if link is None:
                return None
            known = await work.invites.shared_on(link_id)
            if not known or not link.is_connected:
                # The next invite that is sent, or the link's mending, asks for a comparison again.
                await work.links.schedule(link_id, "reconcile", None)
                await work.commit()
                return None
            await work.commit()
            return Comparison(link, tuple(known))

    async def accepted(self, invite: Invite, share: PlexShare) -> None:
        """The person has accepted on Plex."""
        await self._move(
            invite,
            InviteState.ACTIVE,
            "invite.active",
            share_id=share.share_id,
            account_id=share.account_id,
            active_at=self._clock.now(),
        )

    async def gone(self, invite: Invite) -> None:
        """Plex holds the share no more: declined, or left or removed after it was accepted."""
        pending = invite.state is InviteState.SENT
        await self._move(
            invite,
            InviteState.ENDED,
            "invite.ended",
            end_reason=EndReason.DECLINED if pending else EndReason.REMOVED_ON_PLEX,
            ended_at=self._clock.now(),
        )

    async def _move(self, invite: Invite, to: InviteState, action: str, **columns: Any) -> None:
        now = self._clock.now()
        async with self._ledger.begin() as work:
            try:
                moved = await work.invites.move(
                    invite.id, to, now=now, from_={invite.state}, **columns
                )
            except Refused as refusal:
                # Another live invite holds the Plex account; the rest of the listing goes on.
                log.warning("reconcile.refused", invite=invite.id, key=refusal.key)
                return
            if moved is not None:
                await work.audit.moved(moved, action, now=now, was=invite.state)
                await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
            await work.commit()

    async def done(self, link: Link, *, is_settled: bool) -> None:
        """Compared; the next comparison is owed after the interval, soon while one is pending."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            if is_settled:
                await work.links.reconciled(link.id, now)
            known = await work.invites.shared_on(link.id)
            pending = any(invite.state is InviteState.SENT for invite in known)
            wait = in_time_for(self._interval) if pending else self._interval * SLOWER
            await work.links.schedule(link.id, "reconcile", now + wait if known else None)
            await work.commit()

    async def went_wrong(self, link: Link, error: PlexError) -> None:
        """Nothing is concluded from a failure; a link that an admin has to mend is paused."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.links.pause_if_admin(link.id, error, now)
            wait = max(self._interval, timedelta(seconds=error.retry_after or 0))
            await work.links.schedule(link.id, "reconcile", now + wait)
            await work.commit()
