"""The ledger's side of taking a share back from Plex after a withdrawal."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.domain.errors import PlexError
from bot.domain.invites import Invite
from bot.domain.links import Link
from bot.domain.plex import PlexShare
from bot.domain.timing import WORK_LEASE, backoff
from db.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Release:
    """One attempt to take a share back."""

    invite: Invite
    link: Link


class ReleaseService:
    """Begins releases and writes down how they went."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def begin(self, invite_id: int) -> Release | None:
        """Take the release for this caller; None when nothing is due."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.owed.claim(invite_id, "release", now=now, lease=WORK_LEASE)
            link = await work.links.get(invite.link_id or 0) if invite else None
            await work.commit()
            if invite is None or link is None:
                return None
            return Release(invite, link)

    async def is_anothers(self, invite: Invite, share: PlexShare) -> bool:
        """Whether a share that was found belongs to another live invite."""
        async with self._ledger.begin() as work:
            return await work.invites.share_is_anothers(invite, share.share_id)

    async def done(self, invite: Invite, outcome: str) -> None:
        """Plex holds nothing for this invite any more (or what it holds is not ours)."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.invites.note(invite.id, release_due_at=None)
            await work.audit.happened(
                invite.guild_id, f"share.{outcome}", now=now, invite_id=invite.id
            )
            await work.commit()

    async def later(self, invite: Invite, error: PlexError) -> None:
        """Plex did not do it; try again."""
        async with self._ledger.begin() as work:
            attempt = invite.release_attempt + 1
            wait = backoff(attempt, error.retry_after)
            await work.invites.note(
                invite.id, release_due_at=self._clock.now() + wait, release_attempt=attempt
            )
            await work.commit()
