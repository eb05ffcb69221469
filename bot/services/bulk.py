"""One admin's word about many people's access: prepared, confirmed, stopped, looked at.

Intent first: who is meant is stored with the word, so that nobody who comes later is touched.
`bot.services.bulk_run` carries it out.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from bot.clock import Clock
from bot.domain.bulk import Bulk, BulkAction, BulkAnswer, BulkDetails, BulkItem, BulkProgress
from bot.domain.durations import parse_end, parse_zone
from bot.domain.errors import Forged, Refused
from bot.domain.holders import HolderFilter
from bot.domain.logins import REASON_LENGTH, clean_text, without_addresses
from bot.domain.people import Actor, Right
from db.ledger import Ledger, Work

RECENT = 10
NOTHING_MORE = BulkDetails()
# The interaction shows the panel first; whoever carries it out edits it from then on. The sweep
# finds it.
HEAD_START = timedelta(seconds=2)
# These take something away; that the owner of the server has it is not Helpr's to change.
_TAKING = {BulkAction.SUSPEND, BulkAction.REVOKE}


class BulkService:
    """What an admin does with bulk actions. `Refused` says what cannot be."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def start(
        self,
        actor: Actor,
        action: BulkAction,
        who: HolderFilter | Collection[int],
        details: BulkDetails = NOTHING_MORE,
        *,
        answer: BulkAnswer | None = None,
        locale: str = "en",
    ) -> BulkProgress:
        """Store an admin's word about many invites and begin at once, in one transaction.

        `who`: ids of invites of this guild (others are left out), or a filter, which is looked at
        now and never again. The actor's own access, and for SUSPEND and REVOKE the server
        owner's, are left out and counted in `bulk.details`; `details.with_own` takes the own one
        in, for a word about a whole tier. `answer` is the private answer that shows the progress
        (`bot.ui.bulk.bulk_panel`) and is edited as it goes on; `locale` is the reader's.

        MOVE needs `details.tier_id`; EXTEND `details.until`, as typed; APPLY_TIER nothing: each
        gets what the tier they are in says now.

        Raises `Refused` (`bulk.nobody`, `right.admin_needed`, `tier.unknown`,
        `tier.no_libraries`, `duration.*`, `reason.too_long`).
        """
        async with self._ledger.begin() as work:
            draft = await self._prepare(work, actor, action, who, details)
            begun = await self._confirm(work, actor, draft, answer, locale)
            await work.commit()
            return begun

    async def prepare(
        self,
        actor: Actor,
        action: BulkAction,
        who: HolderFilter | Collection[int],
        details: BulkDetails = NOTHING_MORE,
    ) -> Bulk:
        """The same, to be confirmed: who is meant is stored, and nothing is done yet."""
        async with self._ledger.begin() as work:
            draft = await self._prepare(work, actor, action, who, details)
            await work.commit()
            return draft

    async def confirm(
        self,
        actor: Actor,
        bulk_id: int,
        *,
        answer: BulkAnswer | None = None,
        locale: str = "en",
        typed_total: str | None = None,
        reason: str | None = None,
    ) -> BulkProgress:
        """Begin what was prepared, by whoever has prepared it.

        What ends access has to be confirmed by its number, typed. Raises `Refused`
        (`bulk.unknown`, `bulk.number_wrong`, `bulk.begun`, `reason.too_long`).
        """
        async with self._ledger.begin() as work:
            draft = await _found(work, actor, bulk_id)
            if draft.actor_id != actor.user_id:
                raise Forged("bulk.unknown")
            if draft.action is BulkAction.REVOKE and (typed_total or "").strip() != str(
                draft.total
            ):
                raise Refused("bulk.number_wrong", n=draft.total)
            if reason is not None:
                draft = replace(draft, details=replace(draft.details, reason=_clean(reason)))
            begun = await self._confirm(work, actor, draft, answer, locale)
            await work.commit()
            return begun

    async def stop(self, actor: Actor, bulk_id: int) -> BulkProgress:
        """Leave everybody alone who is still waiting; what Plex was asked for is finished.

        Any admin may. Raises `Refused` (`bulk.unknown`, `bulk.over`).
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            bulk = await _found(work, actor, bulk_id)
            stopped = await work.bulks.stop(bulk.id, now=now, due_at=now + HEAD_START)
            if stopped is None:
                raise Refused("bulk.over")
            await _note(work, stopped, "bulk.stopped", actor, self._clock)
            await work.commit()
            return await progress_of(work, stopped)

    async def get(
        self, actor: Actor, bulk_id: int, answer: BulkAnswer | None = None
    ) -> BulkProgress:
        """How one stands; `answer` is the private answer that shows it from now on."""
        async with self._ledger.begin() as work:
            bulk = await _found(work, actor, bulk_id)
            if answer is not None and bulk.due_at is not None:
                bulk = await work.bulks.show_in(bulk.id, answer, self._clock.now()) or bulk
                await work.commit()
            return await progress_of(work, bulk)

    async def recent(self, actor: Actor) -> list[BulkProgress]:
        """The last ones of this guild, newest first."""
        async with self._ledger.begin() as work:
            found = await work.bulks.recent(actor.guild_id, RECENT)
            return [await progress_of(work, bulk) for bulk in found]

    async def draft(self, actor: Actor, bulk_id: int) -> Bulk:
        """What was prepared and is not begun yet. Raises `Refused` (`bulk.*`)."""
        async with self._ledger.begin() as work:
            draft = await _found(work, actor, bulk_id)
        if not draft.is_draft:
            raise Refused("bulk.begun")
        return draft

    async def results(self, actor: Actor, bulk_id: int) -> tuple[Bulk, list[BulkItem]]:
        """What became of each."""
        async with self._ledger.begin() as work:
            bulk = await _found(work, actor, bulk_id)
            return bulk, await work.bulks.items(bulk.id)

    async def answer_over(self, bulk_id: int) -> None:
        """Discord no longer lets the private answer be edited."""
        async with self._ledger.begin() as work:
            await work.bulks.answer_over(bulk_id)
            await work.commit()

    async def _prepare(
        self,
        work: Work,
        actor: Actor,
        action: BulkAction,
        who: HolderFilter | Collection[int],
        details: BulkDetails,
    ) -> Bulk:
        if actor.right < Right.ADMIN:
            raise Refused("right.admin_needed")
        details = await self._checked(work, actor, action, details)
        now, chosen, left_own, left_owner = self._clock.now(), [], 0, 0
        for invite_id, is_own, is_owner in await work.holders.choose(
            actor.guild_id, who, actor_id=actor.user_id, now=now
        ):
            if is_own and not details.with_own:
                left_own += 1
            elif is_owner and action in _TAKING:
                left_owner += 1
            else:
                chosen.append(invite_id)
        if not chosen:
            raise Refused("bulk.nobody")
        return await work.bulks.add(
            guild_id=actor.guild_id,
            actor_id=actor.user_id,
            manages_server=actor.manages_server,
            action=action,
            details=replace(details, left_own=left_own, left_owner=left_owner),
            invite_ids=chosen,
            now=now,
        )

    async def _checked(
        self, work: Work, actor: Actor, action: BulkAction, details: BulkDetails
    ) -> BulkDetails:
        """Refuse now what would be refused for each."""
        if action is BulkAction.EXTEND:
            now = self._clock.now()
            zone = parse_zone((await work.guilds.settings(actor.guild_id)).timezone)
            parse_end(details.until, now=now, base=now, zone=zone)
        if action is BulkAction.MOVE:
            tier = await work.tiers.get(details.tier_id or 0)
            if tier is None or tier.guild_id != actor.guild_id or tier.is_deleted:
                raise Refused("tier.unknown")
            if tier.is_going:
                raise Refused("tier.leaving", tier=tier.name)
            if not tier.libraries:
                raise Refused("tier.no_libraries", tier=tier.name)
        return replace(details, reason=_clean(details.reason))

    async def _confirm(
        self, work: Work, actor: Actor, draft: Bulk, answer: BulkAnswer | None, locale: str
    ) -> BulkProgress:
        now = self._clock.now()
        begun = await work.bulks.confirm(
            draft, now=now, due_at=now + HEAD_START, locale=locale, answer=answer
        )
        if begun is None:
            raise Refused("bulk.begun")
        await _note(work, begun, "bulk.started", actor, self._clock)
        return await progress_of(work, begun)


async def progress_of(work: Work, bulk: Bulk) -> BulkProgress:
    """A bulk action, how many stand where, and why some could not be."""
    counts = await work.bulks.counts(bulk.id)
    return BulkProgress(bulk, counts, await work.bulks.problems(bulk.id))


def _clean(reason: str) -> str:
    """As much of a reason as the log may hold."""
    return without_addresses(clean_text(reason, REASON_LENGTH, "reason.too_long"))


async def _found(work: Work, actor: Actor, bulk_id: int) -> Bulk:
    bulk = await work.bulks.get(bulk_id)
    if bulk is None:
        # A draft that was forgotten may well be shown somewhere yet.
        raise Refused("bulk.unknown")
    if bulk.guild_id != actor.guild_id:
        raise Forged("bulk.unknown")
    return bulk


async def _note(work: Work, bulk: Bulk, action: str, actor: Actor, clock: Clock) -> None:
    await work.audit.happened(
        bulk.guild_id,
        action,
        now=clock.now(),
        by=actor.user_id,
        why=bulk.details.reason,
        bulk=bulk.id,
        action_name=bulk.action,
        total=bulk.total,
    )
