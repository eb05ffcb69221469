"""Compare the ledger with what Plex really holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.comparison import Findings, Pair, compare, is_breaking
from bot.domain.errors import PlexError, Refused
from bot.domain.invites import EndReason, Invite, InviteState
from bot.domain.jobs import ReconcileLink, ShowCard, TellMember
from bot.domain.links import Link
from bot.domain.notices import NoticeKind
from bot.domain.people import Actor
from bot.domain.plex import PlexShare
from bot.domain.timing import WORK_LEASE, in_time_for
from bot.log import logger
from bot.services.notices import count_stuck, mended, pause_if_admin, tell
from bot.services.outcomes import NO_CHANGE, active_now
from db.ledger import Ledger, Work

log = logger(__name__)

# When nothing is pending, those who have access are still looked after, this much less often.
SLOWER = 10
# Comparisons that have failed for so long are shown to the admins.
SILENT = timedelta(minutes=30)
# So many missing invites are looked at one by one after a listing; the rest after the next.
LOOKS = 10
# While a listing is not believed, so many pending ones are.
A_FEW = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """A link and what the ledger knows to be on it. `is_trusted`: an admin vouches for the list."""

    link: Link
    known: tuple[Invite, ...]
    breaker_percent: int
    is_trusted: bool = False


class ReconcileService:
    """Moves the ledger forward to what Plex holds. It never removes anything on Plex."""

    def __init__(self, ledger: Ledger, clock: Clock, interval: timedelta) -> None:
        self._ledger = ledger
        self._clock = clock
        self._interval = interval

    async def ask(self, actor: Actor, link_id: int | None = None, *, trust: bool = False) -> int:
        """An admin's button: compare now; how many links. `trust`: believe the next listing.

        Raises `Refused("plex.not_set_up")`.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            own = [link.id for link in await work.links.all_of(actor.guild_id)]
            wanted = [id_ for id_ in own if link_id in {None, id_}]
            if not wanted:
                raise Refused("plex.not_set_up")
            asked = await work.links.owe_comparison(wanted, now)
            if not asked:
                raise Refused("plex.paused")
            if trust:
                await work.links.trust_listing(asked)
                await work.audit.happened(
                    actor.guild_id, "plex.listing_trusted", now=now, by=actor.user_id
                )
            await work.jobs.enqueue(*map(ReconcileLink, asked))
            await work.commit()
            return len(asked)

    async def at_start(self) -> None:
        """Whatever happened while nobody looked is caught up."""
        async with self._ledger.begin() as work:
            asked = await work.links.owe_comparison(None, self._clock.now())
            await work.jobs.enqueue(*map(ReconcileLink, asked))
            await work.commit()

    async def begin(self, link_id: int) -> Comparison | None:
        """Take the comparison for this caller; None when it is not due, or the link is paused."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            link = await work.links.claim(link_id, "reconcile", now=now, until=now + WORK_LEASE)
            if link is None:
                return None
            if not link.is_connected:
                # The link's mending asks for a comparison again.
                await work.links.schedule(link_id, "reconcile", None)
                await work.commit()
                return None
            known = await work.invites.known_on(link_id)
            settings = await work.guilds.settings(link.guild_id)
            is_trusted = await work.links.take_trust(link_id)
            await work.commit()
            return Comparison(link, tuple(known), settings.breaker_percent, is_trusted)

    async def settle(self, comparison: Comparison, shares: Sequence[PlexShare]) -> list[Invite]:
        """Write down what the listing shows; the invites that have to be looked at one by one.

        A listing that has lost too many is believed about nobody who had access: the admins are
        warned once.
        """
        now, link = self._clock.now(), comparison.link
        findings = compare(link.id, comparison.known, shares, now)
        for invite, share in findings.accepted:
            await self.accepted(invite, share)
        for invite, share in findings.renumbered:
            if invite.state is InviteState.ACTIVE and invite.change is None and not share.accepted:
                await self._waits_again(invite)
        is_broken = not comparison.is_trusted and is_breaking(
            comparison.known, findings, shares, comparison.breaker_percent
        )
        async with self._ledger.begin() as work:
            # The link before its invites, like whoever connects it or lets it go.
            if await work.links.lock(link.id, link.guild_id) is None:
                return []
            await self._note(work, findings)
            if is_broken:
                await self._warn(work, comparison, findings, now)
            else:
                await work.drift.found(link.id, findings.drift)
                await mended(work, link, NoticeKind.BREAKER, now)
                await work.links.reconciled(link.id, now)
            await work.commit()
        if not is_broken:
            return findings.missing if comparison.is_trusted else findings.missing[:LOOKS]
        pending = [invite for invite in findings.missing if invite.state is InviteState.SENT]
        return pending[:A_FEW]

    async def _note(self, work: Work, findings: Findings) -> None:
        pairs: list[Pair] = [*findings.renumbered, *findings.unmeasured]
        for invite, share in pairs:
            # Shared anew by hand: the same person, another share.
            grant = {"grant": share.grant} if not invite.grant and share.section_ids else {}
            try:
                await work.invites.note(
                    invite.id,
                    # Whoever has begun to work on it since knows better than this listing.
                    attempt=invite.attempt,
                    share_id=share.share_id,
                    account_id=invite.account_id or share.account_id,
                    **grant,
                )
            except Refused as refusal:
                # Another live invite holds the Plex account; the rest of the listing goes on.
                log.warning("reconcile.refused", invite=invite.id, key=refusal.key)

    async def _warn(
        self, work: Work, comparison: Comparison, findings: Findings, now: datetime
    ) -> None:
        known = [invite for invite in comparison.known if invite.state is InviteState.ACTIVE]
        lost = [invite for invite in findings.missing if invite.state is InviteState.ACTIVE]
        log.warning("reconcile.breaker", missing=len(lost), of=len(known))
        await tell(work, comparison.link, NoticeKind.BREAKER, now, missing=len(lost), of=len(known))

    async def accepted(self, invite: Invite, share: PlexShare) -> None:
        """The person has accepted on Plex."""
        # What was to be taken back because nobody accepted it stays.
        waited_in_vain = invite.change_reason is EndReason.NEVER_ACCEPTED
        async with self._ledger.begin() as work:
            columns = await active_now(work, invite, self._clock.now())
        await self._move(
            invite,
            InviteState.ACTIVE,
            "invite.active",
            share_id=share.share_id,
            account_id=share.account_id or invite.account_id,
            **columns,
            **(NO_CHANGE if waited_in_vain else {}),
        )

    async def _waits_again(self, invite: Invite) -> None:
        """Shared anew by hand, and not accepted: nobody has access by that yet."""
        await self._move(
            invite,
            InviteState.SENDING,
            "access.restoring",
            is_restoring=False,
            share_due_at=self._clock.now(),
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
            share_id=None,
            share_adopted=False,
        )

    async def _move(self, invite: Invite, to: InviteState, action: str, **columns: Any) -> None:
        now = self._clock.now()
        async with self._ledger.begin() as work:
            try:
                moved = await work.invites.move(
                    invite.id,
                    to,
                    now=now,
                    from_={invite.state},
                    # Whoever is at work on Plex for it right now knows better than this listing.
                    attempt=invite.attempt,
                    settles=invite,
                    **columns,
                )
            except Refused as refusal:
                # Another live invite holds the Plex account; the rest of the listing goes on.
                log.warning("reconcile.refused", invite=invite.id, key=refusal.key)
                return
            if moved is not None:
                why = moved.end_reason or ""
                await work.audit.moved(moved, action, now=now, was=invite.state, why=why)
                await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
            await work.commit()

    async def done(self, link: Link) -> None:
        """Compared; the next comparison is owed after the interval, soon while one is pending."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            known = await work.invites.known_on(link.id)
            pending = any(invite.state is InviteState.SENT for invite in known)
            wait = in_time_for(self._interval) if pending else self._interval * SLOWER
            await work.links.schedule(link.id, "reconcile", now + wait)
            await work.commit()

    async def went_wrong(self, link: Link, error: PlexError) -> None:
        """Nothing is concluded from a failure; a link that an admin has to mend is paused."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await pause_if_admin(work, link, error, now)
            wait = max(self._interval, timedelta(seconds=error.retry_after or 0))
            await work.links.schedule(link.id, "reconcile", now + wait)
            last = link.reconciled_at or link.connected_at or now
            if now - last > max(SILENT, self._interval * SLOWER * 2):
                # Nobody would see that acceptances are no longer noticed.
                await work.trouble.failed(ReconcileLink(link.id), reference=error.key, now=now)
                await count_stuck(work, link.guild_id, now)
            await work.commit()
