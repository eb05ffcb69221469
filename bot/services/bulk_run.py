"""Carrying out an admin's word about many, one by one, each in a transaction of its own.

Each takes the way of a single action (`AccessService`), whose transaction also takes the item out
of those that wait: so whoever is killed, and however many are at it, each is done once. Only a few
are with Plex at the same time: the rest of the house goes on, and Stop has something to stop.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.domain.bulk import (
    NOT_YET,
    Bulk,
    BulkAction,
    BulkOutcome,
    BulkProgress,
    Verdict,
    judge,
)
from bot.domain.errors import LedgerUnavailable, Refused
from bot.domain.people import Actor, Right
from bot.domain.timing import WORK_LEASE
from bot.log import REFERENCE, logger
from bot.services.access import AccessService
from bot.services.access_view import AccessView
from bot.services.bulk import progress_of
from db.ledger import Ledger, Work

log = logger(__name__)

# So many are with Plex at the same time, out of the worker's places for all that Plex is asked.
AT_ONCE = 6
# Something else is just being done for them: tried again for a while, then refused.
_NOT_NOW = {"access.being_changed", "access.being_sent"}
PATIENCE = timedelta(minutes=5)
# What Plex has not done by then is told as not done; the wish itself stays.
LONGEST = timedelta(days=1)
# How soon to look again: while it goes on, and at most when nothing moves.
SOON, LATER = timedelta(seconds=3), timedelta(minutes=2)


@dataclass(slots=True)
class _Run:
    """One claim of a bulk action, and whether anything has moved in it."""

    bulk: Bulk
    moved: bool = False

    @property
    def actor(self) -> Actor:
        """Whoever gave the word, as they were then."""
        bulk = self.bulk
        return Actor(
            bulk.guild_id,
            bulk.actor_id,
            Right.ADMIN,
            manages_server=bulk.manages_server,
            bulk_id=bulk.id,
            for_all=bulk.details.with_own,
        )


class BulkRunService:
    """Carries on with bulk actions."""

    def __init__(self, ledger: Ledger, clock: Clock, access: AccessService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._do: Mapping[BulkAction, Callable[[Actor, int, Bulk], Awaitable[AccessView]]] = {
            BulkAction.SUSPEND: lambda a, id_, b: access.suspend(a, id_, b.details.reason),
            BulkAction.RESTORE: lambda a, id_, b: access.restore(
                a, id_, without_gone=b.details.without_gone
            ),
            BulkAction.EXTEND: lambda a, id_, b: access.extend(a, id_, b.details.until),
            BulkAction.MOVE: lambda a, id_, b: access.move(a, id_, b.details.tier_id or 0),
            BulkAction.REVOKE: lambda a, id_, b: access.revoke(a, id_, b.details.reason),
            BulkAction.APPLY_TIER: lambda a, id_, _: access.apply_tier(a, id_),
        }

    async def carry_on(self, bulk_id: int) -> BulkProgress | None:
        """Do as much as can be done now; None when it is not due, or somebody else is at it."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            bulk = await work.bulks.claim(bulk_id, now=now, until=now + WORK_LEASE)
            if bulk is None:
                return None
            run = _Run(bulk)
            await self._hear(work, run, now)
            await work.commit()
        after = 0
        while (invite_id := await self._next(run, after)) is not None:
            await self._ask(run, invite_id)
            after = invite_id
        return await self._let_go(run)

    async def _hear(self, work: Work, run: _Run, now: datetime) -> None:
        """What has become of those that Plex was asked about."""
        bulk = run.bulk
        is_late = now - bulk.created_at > LONGEST
        for invite in await work.bulks.asked(bulk.id):
            verdict = judge(bulk.action, invite) or (NOT_YET if is_late else None)
            if verdict is not None:
                run.moved = True
                await work.bulks.settle(bulk.id, invite.id, verdict, from_=BulkOutcome.ASKED)

    async def _next(self, run: _Run, after: int) -> int | None:
        """Whose turn it is; None when it was stopped or taken over, or enough are with Plex."""
        async with self._ledger.begin() as work:
            kept = await work.bulks.renew(run.bulk, self._clock.now() + WORK_LEASE)
            if kept is None:
                return None
            run.bulk = kept
            counts = await work.bulks.counts(kept.id)
            is_full = counts.get(BulkOutcome.ASKED, 0) >= AT_ONCE
            found = None
            if not is_full and kept.stopped_at is None:
                found = await work.bulks.next_waiting(kept.id, after)
            await work.commit()
            return found

    async def _ask(self, run: _Run, invite_id: int) -> None:
        """One of them: the ledger takes it, or says why not."""
        bulk, from_ = run.bulk, BulkOutcome.WAITING
        verdict: Verdict | None
        try:
            view = await self._do[bulk.action](run.actor, invite_id, bulk)
        except Refused as refusal:
            is_early = self._clock.now() - bulk.created_at < PATIENCE
            if refusal.key in _NOT_NOW and is_early:
                return
            verdict = Verdict(BulkOutcome.REFUSED, refusal.key, refusal.params)
        except LedgerUnavailable:
            raise
        except Exception:
            # One that nobody foresaw does not keep the rest from being done.
            log.exception("bulk.item_failed", bulk=bulk.id, invite=invite_id)
            known = structlog.contextvars.get_contextvars()
            reference = str(known.get(REFERENCE, ""))
            verdict = Verdict(BulkOutcome.FAILED, "unexpected", {"ref": reference})
        else:
            verdict, from_ = judge(bulk.action, view.invite), BulkOutcome.ASKED
        run.moved = True
        if verdict is not None:
            async with self._ledger.begin() as work:
                await work.bulks.settle(bulk.id, invite_id, verdict, from_=from_)
                await work.commit()

    async def _let_go(self, run: _Run) -> BulkProgress | None:
        """Over, or to be looked at again; None when somebody else has taken it over."""
        bulk, now = run.bulk, self._clock.now()
        async with self._ledger.begin() as work:
            progress = await progress_of(work, bulk)
            waiting = 0 if bulk.stopped_at else progress.of(BulkOutcome.WAITING)
            if waiting or progress.of(BulkOutcome.ASKED):
                kept = await work.bulks.release(bulk, due_at=now + _wait(run, now))
            else:
                kept = await work.bulks.release(bulk, due_at=None, finished_at=now)
            if kept is None:
                return None
            if kept.finished_at is not None:
                await work.audit.happened(
                    kept.guild_id,
                    "bulk.finished",
                    now=now,
                    bulk=kept.id,
                    action_name=kept.action,
                    counts={str(outcome): n for outcome, n in progress.counts.items()},
                )
            await work.commit()
            if kept.answer_expires_at is not None and kept.answer_expires_at <= now:
                kept = replace(kept, answer=None)
            return replace(progress, bulk=kept)


def _wait(run: _Run, now: datetime) -> timedelta:
    if run.moved:
        return SOON
    return min(max((now - run.bulk.created_at) / 10, SOON), LATER)
