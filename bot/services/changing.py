"""The ledger's side of changing what Plex holds: suspend, end, take back, update, look after."""

from dataclasses import dataclass
from typing import Any

from bot.clock import Clock
from bot.domain.errors import PlexError, PlexNoLibraries, Refused, Treatment
from bot.domain.invites import SHARED, Change, Invite, InviteState
from bot.domain.jobs import ChangeShare, Job, ReconcileLink, ShareInvite, ShowCard, TellMember
from bot.domain.links import Link, Tier
from bot.domain.plex import Grant, PlexShare
from bot.domain.timing import GIVE_UP, LISTED_LATE, PAUSED_WAIT, STUCK_WAIT, WORK_LEASE
from bot.services.notices import count_stuck, pause_if_admin
from bot.services.outcomes import (
    NO_CHANGE,
    active_now,
    failed_once_more,
    is_stuck_now,
    next_try,
    told_to_the_same_person,
)
from db.ledger import Ledger, Work

# What has to be looked at once more after an errand that may have come too late.
AGAIN = {Change.SUSPEND: Change.KEEP, Change.END: Change.KEEP, Change.UPDATE: Change.UPDATE}


@dataclass(frozen=True, slots=True)
class Errand:
    """One attempt at the change that an invite asks for; `link` is where its share stands."""

    invite: Invite
    link: Link
    tier: Tier | None
    change: Change

    @property
    def leads_elsewhere(self) -> bool:
        """The new tier is on another server."""
        return self.tier is not None and self.tier.link_id != self.link.id


class ChangingService:
    """Begins changes and writes down how they went. Only the latest attempt may do so."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def begin(self, invite_id: int) -> Errand | None:
        """Take the change for this caller; None when nothing is due, or the link is paused."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.owed.claim(invite_id, "change", now=now, lease=WORK_LEASE)
            if invite is None:
                return None
            link = await work.links.get(invite.link_id or 0)
            if invite.change is None or link is None:
                await work.invites.note(invite.id, **NO_CHANGE)
                await work.commit()
                return None
            if not link.is_connected:
                await work.invites.note(
                    invite.id, change_due_at=now + PAUSED_WAIT, work_leased_until=None
                )
                await work.commit()
                return None
            tier = await work.tiers.get(invite.tier_id) if invite.tier_id else None
            await work.commit()
            return Errand(invite, link, tier, invite.change)

    async def belongs_to_another(self, invite: Invite, share: PlexShare) -> bool:
        """Whether a share that was found is another live invite's of this guild."""
        async with self._ledger.begin() as work:
            return await work.invites.share_is_anothers(invite, share.share_id)

    async def needed_by_others(self, invite: Invite, share_id: int) -> frozenset[int] | None:
        """The sections that others have by the same share; None when there are no others."""
        async with self._ledger.begin() as work:
            return await work.invites.needed_by_others(invite, share_id)

    async def look_again(self, errand: Errand) -> bool:
        """Whether Plex shall be looked at once more before its silence is believed.

        What was sent a moment ago may not be listed yet, and a share must not be forgotten.
        """
        invite, now = errand.invite, self._clock.now()
        is_in_doubt = invite.state in {InviteState.SENDING, InviteState.WITHDRAWN}
        if invite.tries > 0 or invite.share_id is not None or not is_in_doubt:
            return False
        async with self._ledger.begin() as work:
            await work.invites.remark(
                invite.id,
                now=now,
                attempt=invite.attempt,
                settles=invite,
                shown=False,
                change_due_at=now + LISTED_LATE,
                work_leased_until=None,
                tries=1,
            )
            await work.commit()
        return True

    async def remember(self, errand: Errand, grant: Grant) -> bool:
        """Keep what Plex gives, before it is taken away; False when the errand is not wanted."""
        async with self._ledger.begin() as work:
            kept = await work.invites.remark(
                errand.invite.id,
                now=self._clock.now(),
                attempt=errand.invite.attempt,
                settles=errand.invite,
                shown=False,
                grant=grant,
            )
            if kept is None:
                await self._let_go(work, errand)
                return False
            await work.commit()
            return True

    async def suspended(self, errand: Errand) -> None:
        """Plex holds nothing any more, and the grant is kept."""
        await self._done(
            errand, InviteState.SUSPENDED, "access.suspended", share_id=None, share_adopted=False
        )

    async def over(self, errand: Errand, outcome: str) -> None:
        """Plex holds nothing for this invite any more (or what it holds is not ours)."""
        now = self._clock.now()
        if errand.change is Change.TAKE_BACK:
            async with self._ledger.begin() as work:
                if await self._settle(work, errand, share_id=None) is not None:
                    await work.audit.happened(
                        errand.invite.guild_id,
                        f"share.{outcome}",
                        now=now,
                        invite_id=errand.invite.id,
                    )
                await work.commit()
            return
        await self._done(
            errand,
            InviteState.ENDED,
            "invite.ended",
            outcome=outcome,
            share_id=None,
            share_adopted=False,
            end_reason=errand.invite.change_reason,
            ended_at=now,
        )

    async def elsewhere(self, errand: Errand) -> None:
        """The old server has given the share back; now the new one is asked."""
        tier = errand.tier
        if tier is None:
            raise LookupError(f"invite {errand.invite.id} moves to no tier")
        await self._done(
            errand,
            InviteState.SENDING,
            "access.moved_server",
            ShareInvite(errand.invite.id),
            share_id=None,
            share_adopted=False,
            link_id=tier.link_id,
            grant=tier.grant if tier.libraries else None,
            share_due_at=self._clock.now(),
        )

    async def accepted_after_all(self, errand: Errand, share: PlexShare) -> None:
        """It was to be withdrawn because nobody accepted it; somebody has."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            columns = await active_now(work, errand.invite, now)
        await self._done(
            errand,
            InviteState.ACTIVE,
            "invite.active",
            account_id=share.account_id or errand.invite.account_id,
            **columns,
        )

    async def updated(self, errand: Errand, grant: Grant) -> None:
        """Plex gives what the tier has."""
        async with self._ledger.begin() as work:
            updated = await self._settle(work, errand, grant=grant, share_adopted=False)
            if updated is not None:
                await told_to_the_same_person(work, updated, grant, self._clock.now())
                await self._tell(work, errand, "access.updated", sections=sorted(grant.section_ids))
            await work.commit()

    async def kept(self, errand: Errand) -> None:
        """The share still stands: the change that was called off had not reached Plex."""
        async with self._ledger.begin() as work:
            if await self._settle(work, errand) is not None:
                await self._tell(work, errand, "access.kept")
            await work.commit()

    async def put_back(self, errand: Errand) -> None:
        """The share went before the change was called off: it is made anew."""
        await self._done(
            errand,
            InviteState.SENDING,
            "access.restoring",
            ShareInvite(errand.invite.id),
            share_id=None,
            share_adopted=False,
            is_restoring=errand.invite.grant is not None,
            share_due_at=self._clock.now(),
        )

    async def vanished(self, errand: Errand) -> None:
        """There is no share to update: the comparison finds out what became of it."""
        async with self._ledger.begin() as work:
            if await self._settle(work, errand) is not None:
                await work.links.schedule(errand.link.id, "reconcile", self._clock.now())
                await work.jobs.enqueue(ReconcileLink(errand.link.id))
            await work.commit()

    async def went_wrong(self, errand: Errand, error: PlexError) -> None:
        """Try again later; what Plex refuses for good, and what keeps failing, admins see."""
        invite, now = errand.invite, self._clock.now()
        refused = error.treatment is Treatment.PERMANENT
        async with self._ledger.begin() as work:
            await pause_if_admin(work, errand.link, error, now)
            columns = failed_once_more(invite, error, now)
            due = next_try(invite, error, now)
            if isinstance(error, PlexNoLibraries):
                due = now + PAUSED_WAIT
            if refused:
                columns |= {"tries": GIVE_UP, "stuck_at": invite.stuck_at or now}
                due = now + STUCK_WAIT
            news = error.key != invite.failure_key or is_stuck_now(invite, columns)
            noted = await work.invites.remark(
                invite.id,
                now=now,
                attempt=invite.attempt,
                settles=invite,
                shown=news,
                change_due_at=due,
                **columns,
            )
            if noted is None:
                await self._let_go(work, errand)
                return
            await count_stuck(work, invite.guild_id, now)
            if news:
                await work.jobs.enqueue(ShowCard(invite.id))
            await work.commit()

    async def _done(
        self,
        errand: Errand,
        to: InviteState,
        action: str,
        *then: Job,
        outcome: str = "",
        **columns: Any,
    ) -> None:
        invite, now = errand.invite, self._clock.now()
        details = {"outcome": outcome} if outcome else {}
        async with self._ledger.begin() as work:
            try:
                moved = await work.invites.move(
                    invite.id,
                    to,
                    now=now,
                    from_={invite.state},
                    attempt=invite.attempt,
                    settles=invite,
                    **{**NO_CHANGE, **columns},
                )
            except Refused as refusal:
                await self._blocked(work, errand, refusal)
                return
            if moved is None:
                await self._let_go(work, errand)
                return
            reason = invite.change_reason or ""
            await work.audit.moved(
                moved, action, now=now, by=invite.change_by, was=invite.state, why=reason, **details
            )
            if invite.stuck_at is not None:
                await count_stuck(work, invite.guild_id, now)
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id), *then)
            await work.commit()

    async def _settle(self, work: Work, errand: Errand, **columns: Any) -> Invite | None:
        """End the errand without a move; None when something else is wanted by now."""
        settled = await work.invites.remark(
            errand.invite.id,
            now=self._clock.now(),
            attempt=errand.invite.attempt,
            settles=errand.invite,
            **{**NO_CHANGE, **columns},
        )
        if settled is None:
            await self._let_go(work, errand)
        elif errand.invite.stuck_at is not None:
            await count_stuck(work, settled.guild_id, self._clock.now())
        return settled

    async def _let_go(self, work: Work, errand: Errand) -> None:
        """Something else is wanted by now: let whoever does that begin at once.

        Where nothing more is wanted, an errand that took or changed the share may have come too
        late for a look that found it as it was: it is looked at once more.
        """
        now, id_ = self._clock.now(), errand.invite.id
        await work.invites.remark(
            id_, now=now, attempt=errand.invite.attempt, shown=False, work_leased_until=None
        )
        if errand.change in AGAIN:
            await work.invites.change(
                id_,
                now=now,
                from_=SHARED,
                unless=list(Change),
                change=AGAIN[errand.change],
                change_due_at=now,
            )
        await work.jobs.enqueue(ChangeShare(id_), ShareInvite(id_))
        await work.commit()

    async def _blocked(self, work: Work, errand: Errand, refusal: Refused) -> None:
        """Another live invite holds the Plex account: admins see it, it is tried now and then."""
        invite, now = errand.invite, self._clock.now()
        await work.invites.remark(
            invite.id,
            now=now,
            attempt=invite.attempt,
            change_due_at=now + STUCK_WAIT,
            work_leased_until=None,
            failure_key=refusal.key,
            failure_reason="",
            stuck_at=invite.stuck_at or now,
        )
        await count_stuck(work, invite.guild_id, now)
        await work.jobs.enqueue(ShowCard(invite.id))
        await work.commit()

    async def _tell(self, work: Work, errand: Errand, action: str, **details: Any) -> None:
        invite = errand.invite
        await work.audit.happened(
            invite.guild_id,
            action,
            now=self._clock.now(),
            by=invite.change_by,
            invite_id=invite.id,
            **details,
        )
        await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
