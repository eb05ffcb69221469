"""Saying yes to a request: the one way to it, whoever says so."""

from datetime import datetime, timedelta

from bot.domain.errors import Forged, Refused
from bot.domain.invites import OPEN, Invite, InviteState
from bot.domain.jobs import ShareInvite, ShowCard, TellMember
from bot.domain.links import Tier
from bot.domain.logins import Login
from bot.domain.timing import FIRST_ANSWER
from bot.services.panels import queue_changed
from bot.services.seats import NO_SEAT, take_seat
from db.ledger import Work


async def shareable_tier(
    work: Work, guild_id: int, login: Login, tier_id: int | None = None
) -> Tier:
    """The tier, by default the guild's default one, if somebody with this login can be given it.

    Raises `Refused` (`tier.unknown`, `tier.leaving`, `plex.not_connected`, `tier.no_libraries`,
    `invite.of_owner`).
    """
    tier = (
        await work.tiers.default_of(guild_id) if tier_id is None else await work.tiers.get(tier_id)
    )
    if tier_id is not None and (tier is None or tier.guild_id != guild_id):
        raise Forged("tier.unknown")
    if tier is not None and tier.is_going:
        raise Refused("tier.unknown" if tier.is_deleted else "tier.leaving", tier=tier.name)
    link = await work.links.get(tier.link_id) if tier else None
    if tier is None or link is None or not link.is_usable:
        raise Refused("plex.not_connected")
    if not tier.libraries:
        raise Refused("tier.no_libraries", tier=tier.name)
    if await work.links.is_owner(link.id, login):
        raise Refused("invite.of_owner")
    return tier


async def wished_tier(work: Work, invite: Invite) -> int | None:
    """The tier that an invite names, if it can still be given; None for the default one."""
    tier = await work.tiers.get(invite.tier_id) if invite.tier_id else None
    return None if tier is None or tier.is_going else tier.id


async def approve(
    work: Work,
    invite: Invite,
    tier: Tier,
    *,
    by: int | None,
    now: datetime,
    action: str = "invite.approved",
    wait: timedelta = timedelta(0),
    may_wait: bool = True,
) -> Invite | None:
    """Move an open request to approved, with its audit line and its jobs; None when it moved on.

    `by` is a Discord user, None where a rule of the guild's has decided (a code, a sign-in). For
    `wait` it is not sent yet. Where no seat is left it goes on the waiting list instead, if it
    `may_wait` and the guild has one; whoever waits there already is let in out of turn.

    The caller commits. Raises `Refused` (`seats.*`) when all is full.
    """
    may_wait = may_wait and invite.state is InviteState.REQUESTED
    try:
        await take_seat(work, tier, invite=invite, in_turn=may_wait)
    except Refused as refusal:
        settings = await work.guilds.settings(invite.guild_id)
        if refusal.key not in NO_SEAT or not may_wait or not settings.waiting_list:
            raise
        return await _wait_in_line(work, invite, tier, by=by, now=now)
    approved = await work.invites.move(
        invite.id,
        InviteState.APPROVED,
        now=now,
        from_=OPEN,
        version=invite.version,
        decided_by=by,
        decided_at=now,
        link_id=tier.link_id,
        tier_id=tier.id,
        share_due_at=now + wait,
    )
    if approved is None:
        return None
    await work.audit.moved(approved, action, now=now, by=by, was=invite.state, tier=tier.id)
    if not wait:
        await work.jobs.enqueue(ShareInvite(invite.id))
    await work.jobs.enqueue(ShowCard(invite.id))
    await queue_changed(work, invite.guild_id, now)
    return approved


async def _wait_in_line(
    work: Work, invite: Invite, tier: Tier, *, by: int | None, now: datetime
) -> Invite | None:
    """Put an approved request at the end of the line; the seats are locked already."""
    link = await work.links.get(tier.link_id)
    if link is None:
        raise Refused("plex.not_connected")
    waits = await work.invites.move(
        invite.id,
        InviteState.WAITLISTED,
        now=now,
        from_={InviteState.REQUESTED},
        version=invite.version,
        decided_by=by,
        decided_at=now,
        link_id=link.id,
        tier_id=tier.id,
        waitlisted_at=await work.waiting.next_turn(link, now),
        # Who has just asked reads it in the answer to that.
        tell_due_at=now if by is not None else now + FIRST_ANSWER,
    )
    if waits is None:
        return None
    await work.audit.moved(
        waits, "invite.waitlisted", now=now, by=by, was=invite.state, tier=tier.id
    )
    jobs = (ShowCard(invite.id), *((TellMember(invite.id),) if by is not None else ()))
    await work.jobs.enqueue(*jobs)
    await queue_changed(work, invite.guild_id, now)
    return waits
