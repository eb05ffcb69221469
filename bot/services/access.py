"""What becomes of access once it was given: suspend, restore, extend, move, end, leave, retry.

Each method stores what is wanted, with its audit line and its job, in one transaction. The state
follows when Plex has done it (`bot.services.changing`).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn

from bot.clock import Clock
from bot.domain.bulk import ASKED, BulkOutcome
from bot.domain.durations import parse_end, parse_zone
from bot.domain.errors import Forged, Refused
from bot.domain.invites import (
    LIVE,
    REVOCABLE,
    SHARED,
    Change,
    EndReason,
    Invite,
    InviteState,
)
from bot.domain.jobs import ChangeShare, Job, ShareInvite, ShowCard, ShowWish, TellMember
from bot.domain.links import Tier
from bot.domain.logins import REASON_LENGTH, clean_text, without_addresses
from bot.domain.members import WishKind, WishState
from bot.domain.people import Actor, Right
from bot.domain.plex import Grant
from bot.services.access_view import AccessView, view_of
from bot.services.approving import shareable_tier, wished_tier
from bot.services.notices import count_stuck
from bot.services.redeeming import give_back, take_again
from bot.services.seats import take_seat
from db.ledger import Ledger, Work

_GIVEN = {InviteState.ACTIVE, InviteState.SUSPENDED, InviteState.SENT}


class AccessService:
    """Changes of access. `Refused` says what cannot be; nothing is changed then."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def of_member(self, actor: Actor, member_id: int) -> AccessView:
        """The latest invite of a member of this guild. Raises `Refused("access.none")`."""
        async with self._ledger.begin() as work:
            invite = await work.invites.latest_of(actor.guild_id, member_id)
            if invite is None:
                raise Refused("access.none", user=member_id)
            return await view_of(work, invite)

    async def get(
        self,
        actor: Actor,
        invite_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> AccessView:
        """One invite of this guild, with its history before or after a line, else the latest.

        Raises `Refused("invite.unknown")`.
        """
        async with self._ledger.begin() as work:
            invite = await _found(work, actor, invite_id)
            return await view_of(work, invite, before=before, after=after)

    async def tiers(self, actor: Actor) -> list[Tier]:
        """The tiers that somebody may be moved to."""
        async with self._ledger.begin() as work:
            return await work.tiers.of_guild(actor.guild_id)

    async def suspend(self, actor: Actor, invite_id: int, reason: str = "") -> AccessView:
        """Take the libraries away for a while. Active access only."""
        why = clean_text(reason, REASON_LENGTH, "reason.too_long")
        async with self._ledger.begin() as work:
            invite = await _found(work, actor, invite_id)
            await _refuse_owner(work, invite)
            _refuse_ending(invite)
            if invite.state is InviteState.SUSPENDED or invite.change is Change.SUSPEND:
                raise Refused("access.suspended_already")
            if invite.state is not InviteState.ACTIVE:
                _refuse_state(invite)
            if invite.change is Change.UPDATE and invite.stuck_at is None:
                # What is kept for a restore is what Plex gives, and that is the old tier's yet.
                raise Refused("access.being_changed")
            return await self._change(
                work,
                actor,
                invite,
                "access.suspend",
                from_={InviteState.ACTIVE},
                why=why,
                version=invite.version,
                change=Change.SUSPEND,
            )

    async def restore(
        self, actor: Actor, invite_id: int, *, without_gone: bool = False
    ) -> AccessView:
        """Put back exactly what was taken away.

        Libraries that the server no longer has are named in a refusal, unless `without_gone`.
        """
        async with self._ledger.begin() as work:
            invite = await _found(work, actor, invite_id, own=False)
            _refuse_ending(invite)
            if invite.state is InviteState.ACTIVE and invite.change is Change.SUSPEND:
                # Not taken away yet, or just now: whoever looks will know.
                return await self._change(
                    work,
                    actor,
                    invite,
                    "access.restore",
                    from_={InviteState.ACTIVE},
                    unless=(Change.END, Change.TAKE_BACK),
                    change=Change.KEEP,
                )
            if invite.state is not InviteState.SUSPENDED:
                raise Refused("access.not_suspended")
            grant = await _restorable(work, invite, without_gone=without_gone)
            now = self._clock.now()
            restoring = await work.invites.move(
                invite.id,
                InviteState.SENDING,
                now=now,
                from_={InviteState.SUSPENDED},
                version=invite.version,
                is_restoring=True,
                grant=grant,
                share_due_at=now,
                tries=0,
                failure_key=None,
                failure_reason="",
            )
            if restoring is None:
                raise Refused("access.moved_on")
            return await self._stored(
                work, actor, invite, restoring, "access.restore", ShareInvite(invite.id)
            )

    async def extend(self, actor: Actor, invite_id: int, typed: str) -> AccessView:
        """Give access until another instant; what has expired is given anew.

        `typed` is an amount (`30d`) or a date (`bot.domain.durations`); an amount counts on from
        the present end, or from now.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await _found(work, actor, invite_id, own=False)
            zone = parse_zone((await work.guilds.settings(actor.guild_id)).timezone)
            base = max(invite.expires_at or now, now)
            end = parse_end(typed, now=now, base=base, zone=zone)
            if invite.expires_at is not None and end > invite.expires_at and not actor.bulk_id:
                actor = await _granting(work, actor, invite, WishKind.TIME)
            expired = EndReason.EXPIRED in {invite.end_reason, invite.change_reason}
            if invite.state is InviteState.ENDED and expired:
                return await self._renew(work, actor, invite, end)
            if invite.is_ending and not expired:
                raise Refused("access.ending")
            if invite.state not in REVOCABLE or (
                invite.state not in _GIVEN and invite.active_at is None
            ):
                _refuse_state(invite)
            _refuse_shortening(actor, invite, end)
            called_off: dict[str, Any] = {}
            if invite.is_ending and invite.state in SHARED:
                called_off = {"change": Change.KEEP, "change_reason": None}
            elif invite.is_ending:
                # Plex holds nothing: calling off is all there is to do.
                called_off = {"change": None, "change_reason": None, "change_due_at": None}
                if invite.state is not InviteState.SUSPENDED:
                    called_off["share_due_at"] = now
            return await self._change(
                work,
                actor,
                invite,
                "access.extend",
                from_={invite.state},
                version=invite.version,
                until=end.isoformat(),
                expires_at=end,
                **called_off,
            )

    async def _renew(self, work: Work, actor: Actor, invite: Invite, end: datetime) -> AccessView:
        if actor.right < Right.ADMIN and await work.holders.was_suspended(invite.id):
            # To restore is an admin's, also where time has ended what was suspended.
            raise Refused("right.admin_needed")
        now = self._clock.now()
        tier = await work.tiers.get(await wished_tier(work, invite) or 0)
        tier = tier or await work.tiers.default_of(invite.guild_id)
        if tier is None or not tier.libraries:
            raise Refused("tier.no_libraries", tier=tier.name if tier else "?")
        await take_seat(work, tier, invite=invite)
        renewed = await _revived(
            work,
            invite,
            now,
            decided_by=actor.user_id,
            decided_at=now,
            expires_at=end,
            end_reason=None,
            link_id=tier.link_id,
            tier_id=tier.id,
            grant=None,
            share_adopted=False,
        )
        return await self._stored(
            work,
            actor,
            invite,
            renewed,
            "access.renew",
            ShareInvite(invite.id),
            until=end.isoformat(),
        )

    async def move(self, actor: Actor, invite_id: int, tier_id: int) -> AccessView:
        """Give somebody another tier: its libraries and settings, on its server."""
        async with self._ledger.begin() as work:
            invite = await _found(work, actor, invite_id, own=False)
            tier = await work.tiers.get(tier_id)
            if tier is None or tier.guild_id != actor.guild_id or tier.is_deleted:
                raise Refused("tier.unknown")
            if tier.is_going:
                raise Refused("tier.leaving", tier=tier.name)
            if not tier.libraries:
                raise Refused("tier.no_libraries", tier=tier.name)
            _refuse_ending(invite)
            if invite.change is Change.SUSPEND:
                raise Refused("access.being_suspended")
            if invite.change is Change.KEEP:
                raise Refused("access.being_changed")
            if invite.state not in REVOCABLE:
                _refuse_state(invite)
            if invite.tier_id == tier.id:
                raise Refused("access.tier_already", tier=tier.name)
            if invite.state is InviteState.SENDING:
                raise Refused("access.being_sent")
            await take_seat(work, tier, invite=invite)
            actor = await _granting(work, actor, invite, WishKind.TIER, tier.id)
            columns: dict[str, Any] = {"tier_id": tier.id}
            if invite.state in SHARED:
                columns |= {"change": Change.UPDATE}
            else:
                # Nothing stands on Plex: what is given next is the new tier's, whatever was
                # wrong with the old one's.
                columns |= {"link_id": tier.link_id, "grant": tier.grant}
                columns |= {"failure_key": None, "failure_reason": ""}
            return await self._change(
                work,
                actor,
                invite,
                "access.move",
                from_={invite.state},
                version=invite.version,
                tier=tier.id,
                was_tier=invite.tier_id,
                **columns,
            )

    async def apply_tier(self, actor: Actor, invite_id: int) -> AccessView:
        """Give somebody what their tier says now: at once, or when access is given or restored.

        What Helpr is just doing for the tier as it was before counts for nothing.
        """
        async with self._ledger.begin() as work:
            invite = await _found(work, actor, invite_id)
            tier = await work.tiers.get(invite.tier_id or 0)
            if tier is None:
                raise Refused("tier.unknown")
            if not tier.libraries:
                raise Refused("tier.no_libraries", tier=tier.name)
            _refuse_ending(invite)
            if invite.change is Change.SUSPEND:
                raise Refused("access.being_suspended")
            if invite.change is Change.KEEP:
                raise Refused("access.being_changed")
            if invite.state is InviteState.SENDING:
                raise Refused("access.being_sent")
            if invite.state not in REVOCABLE:
                _refuse_state(invite)
            columns: dict[str, Any] = {"grant": tier.grant}
            if invite.state in SHARED:
                columns = {"change": Change.UPDATE, "is_overriding": True}
            return await self._change(
                work,
                actor,
                invite,
                "access.apply_tier",
                from_={invite.state},
                version=invite.version,
                tier=tier.id,
                **columns,
            )

    async def revoke(self, actor: Actor, invite_id: int, reason: str = "") -> AccessView:
        """End access, or the invite on its way to it."""
        why = clean_text(reason, REASON_LENGTH, "reason.too_long")
        async with self._ledger.begin() as work:
            invite = await _found(work, actor, invite_id)
            await _refuse_owner(work, invite)
            return await self._end(work, actor, invite, EndReason.REVOKED, why)

    async def leave(self, actor: Actor, invite_id: int) -> AccessView:
        """The member's own word: they want no access any more."""
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id, actor.guild_id)
            if invite is None or invite.member_id != actor.user_id:
                raise Forged("invite.unknown")
            if invite.state not in REVOCABLE:
                raise Refused("leave.over")
            return await self._end(work, actor, invite, EndReason.LEFT, "")

    async def _end(
        self, work: Work, actor: Actor, invite: Invite, reason: EndReason, why: str
    ) -> AccessView:
        if invite.is_ending and reason in {invite.change_reason, EndReason.LEFT}:
            raise Refused("access.ending")
        if invite.state not in REVOCABLE:
            _refuse_state(invite)
        action = f"access.{'leave' if reason is EndReason.LEFT else 'revoke'}"
        if invite.state is InviteState.APPROVED:
            # Plex has not been asked yet.
            now = self._clock.now()
            ended = await work.invites.move(
                invite.id,
                InviteState.ENDED,
                now=now,
                from_={InviteState.APPROVED},
                version=invite.version,
                end_reason=reason,
                ended_at=now,
                share_due_at=None,
            )
            if ended is None:
                raise Refused("access.moved_on")
            await give_back(work, ended, now)
            return await self._stored(work, actor, invite, ended, action, why=why)
        return await self._change(
            work,
            actor,
            invite,
            action,
            from_=REVOCABLE - {InviteState.APPROVED},
            # Of two presses at the same moment one is the first.
            version=invite.version,
            why=why,
            change=Change.END,
            change_reason=reason,
            share_due_at=None,
        )

    async def retry(self, actor: Actor, invite_id: int) -> AccessView:
        """Try again at once what keeps failing, or what Plex has refused."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id, actor.guild_id)
            if invite is None:
                raise Forged("invite.unknown")
            if invite.is_forgotten:
                raise Refused("invite.forgotten")
            if invite.state is InviteState.FAILED:
                again = await self._try_again(work, actor, invite, now)
                return await self._stored(
                    work, actor, invite, again, "invite.retried", ShareInvite(invite.id)
                )
            if invite.stuck_at is None:
                raise Refused("access.nothing_to_retry")
            due: dict[str, Any] = {
                "change_due_at" if invite.change is not None else "share_due_at": now
            }
            woken = await work.invites.note(invite.id, tries=0, **due)
            await work.audit.happened(
                actor.guild_id, "invite.retried", now=now, by=actor.user_id, invite_id=invite.id
            )
            job: Job = ChangeShare(invite.id) if invite.change else ShareInvite(invite.id)
            await work.jobs.enqueue(job)
            await work.commit()
            return await view_of(work, woken or invite)

    async def _try_again(self, work: Work, actor: Actor, invite: Invite, now: datetime) -> Invite:
        """What Plex has refused takes a seat again, of the default tier if its own is gone.

        And it takes its code's use again. The order of locks is that of `lock_seats`.
        """
        await take_again(work, invite, now, actor.user_id)
        wished = await wished_tier(work, invite)
        tier = await shareable_tier(work, invite.guild_id, invite.login, wished)
        await take_seat(work, tier, invite=invite)
        return await _revived(
            work,
            invite,
            now,
            failure_key=None,
            failure_reason="",
            tier_id=tier.id,
            link_id=tier.link_id,
        )

    async def _change(
        self,
        work: Work,
        actor: Actor,
        invite: Invite,
        action: str,
        *,
        from_: Collection[InviteState],
        unless: Collection[Change] = (),
        version: int | None = None,
        why: str = "",
        until: str | None = None,
        tier: int | None = None,
        was_tier: int | None = None,
        **columns: Any,
    ) -> AccessView:
        now = self._clock.now()
        if columns.get("change") is not None:
            columns = {
                "change_reason": None,
                "change_by": actor.user_id,
                "change_due_at": now,
                "tries": 0,
                "stuck_at": None,
                "failure_key": None,
                "failure_reason": "",
                **columns,
            }
        changed = await work.invites.change(
            invite.id, now=now, from_=from_, unless=unless, version=version, **columns
        )
        if changed is None:
            raise Refused("access.moved_on")
        if invite.stuck_at is not None:
            await count_stuck(work, invite.guild_id, now)
        details = {
            name: value
            for name, value in (("until", until), ("tier", tier), ("was_tier", was_tier))
            if value is not None
        }
        jobs: list[Job] = [ChangeShare(invite.id)] if changed.change is not None else []
        return await self._stored(work, actor, invite, changed, action, *jobs, why=why, **details)

    async def _stored(
        self,
        work: Work,
        actor: Actor,
        was: Invite,
        now_is: Invite,
        action: str,
        *jobs: Job,
        why: str = "",
        **details: Any,
    ) -> AccessView:
        if actor.bulk_id is not None:
            # In this very transaction, so that it is done once, whoever is killed.
            if not await work.bulks.settle(actor.bulk_id, was.id, ASKED, from_=BulkOutcome.WAITING):
                raise Refused("access.moved_on")
            details["bulk"] = actor.bulk_id
        if actor.wish is not None:
            # The same: of two reviewers one is the first, and nobody gets twice what they ask for.
            id_, version = actor.wish
            now = self._clock.now()
            granted = await work.wishes.decide(
                id_, version, WishState.GRANTED, by=actor.user_id, now=now
            )
            if granted is None:
                raise Refused("wish.moved_on")
            jobs = (*jobs, ShowWish(id_))
            details["wish"] = id_
        await work.audit.moved(
            now_is,
            action,
            now=self._clock.now(),
            by=actor.user_id,
            was=was.state,
            # The log is read by many, and addresses are kept sealed.
            why=without_addresses(why),
            **details,
        )
        if was.stuck_at is not None and now_is.stuck_at is None:
            await count_stuck(work, was.guild_id, self._clock.now())
        await work.jobs.enqueue(*jobs, ShowCard(was.id), TellMember(was.id))
        view = await view_of(work, now_is)
        await work.commit()
        return view


async def _found(work: Work, actor: Actor, invite_id: int, *, own: bool = True) -> Invite:
    """An invite of this guild; `own=False`: nobody decides about their own."""
    invite = await work.invites.get(invite_id, actor.guild_id)
    if invite is None:
        raise Forged("invite.unknown")
    if invite.is_forgotten:
        raise Refused("invite.forgotten")
    if not own and invite.member_id == actor.user_id and not actor.for_all:
        raise Refused("access.own")
    return invite


async def _granting(
    work: Work, actor: Actor, invite: Invite, kind: WishKind, tier_id: int | None = None
) -> Actor:
    """Whoever gives what the member asks for, without their card, has granted it all the same."""
    if actor.wish is None:
        for wish in await work.wishes.latest_of(invite.id):
            if wish.is_open and wish.kind is kind and wish.tier_id == tier_id:
                return replace(actor, wish=(wish.id, wish.version))
    return actor


async def _revived(work: Work, invite: Invite, now: datetime, **columns: Any) -> Invite:
    """What was over is approved once more, as it stood at its version."""
    try:
        revived = await work.invites.move(
            invite.id,
            InviteState.APPROVED,
            now=now,
            from_={invite.state},
            version=invite.version,
            share_due_at=now,
            ended_at=None,
            **columns,
        )
    except Refused as refusal:
        if refusal.key == "invite.open_already":
            raise Refused("access.asked_anew", user=invite.member_id) from None
        raise
    if revived is None:
        raise Refused("access.moved_on")
    return revived


async def _refuse_owner(work: Work, invite: Invite) -> None:
    link = await work.links.get(invite.link_id) if invite.link_id else None
    if link is not None and (
        await work.links.is_owner(link.id, invite.login)
        or (invite.account_id is not None and invite.account_id == link.owner_account_id)
    ):
        raise Refused("access.of_owner")


def _refuse_shortening(actor: Actor, invite: Invite, end: datetime) -> None:
    """A reviewer may let access last longer, which is not to end it."""
    if actor.right is Right.ADMIN:
        return
    if invite.expires_at is None:
        raise Refused("access.endless")
    if end < invite.expires_at:
        raise Refused("access.shorter")


def _refuse_ending(invite: Invite) -> None:
    if invite.is_ending:
        raise Refused("access.ending")


def _refuse_state(invite: Invite) -> NoReturn:
    """Say where the invite stands, which is not where this can be done."""
    if invite.state is InviteState.ENDED and invite.end_reason is not None:
        raise Refused("access.ended", why=invite.end_reason)
    if invite.state not in LIVE:
        raise Refused("access.over", state=invite.state)
    raise Refused("access.not_active", state=invite.state)


async def _restorable(work: Work, invite: Invite, *, without_gone: bool) -> Grant:
    if invite.grant is None or invite.link_id is None:
        raise LookupError(f"invite {invite.id} is suspended without a grant")
    gone = await work.links.gone_titles(invite.link_id, invite.grant.section_ids)
    if not gone:
        return invite.grant
    there = {library.section_id for library in await work.links.libraries(invite.link_id)}
    rest = invite.grant.section_ids & there
    if not rest:
        raise Refused("restore.nothing_left")
    if not without_gone:
        raise Refused("restore.libraries_gone", titles=", ".join(gone))
    return Grant(frozenset(rest), invite.grant.settings)
