"""Seats: whoever is given access takes one, and there is never one too many."""

from bot.domain.drift import DriftKind
from bot.domain.errors import Refused
from bot.domain.invites import HOLDS_A_SEAT, Invite
from bot.domain.links import Link, Tier
from db.ledger import Work


async def take_seat(
    work: Work, tier: Tier, *, invite: Invite | None = None, share_id: int | None = None
) -> None:
    """Make sure of a seat of the tier and of its server's owner account; the caller commits.

    Others who want one wait until then. `invite` is whose seat it is to be, if that one is in the
    ledger already, and `share_id` a share that stands on Plex already: who has a seat of the owner
    account needs no second one. Raises `Refused` (`seats.tier_full`, `seats.server_full`,
    `tier.leaving`, `plex.not_connected`).
    """
    link = await work.links.get(tier.link_id)
    if link is None:
        raise Refused("plex.not_connected")
    if invite is not None:
        # Its row first: whoever holds that may want a seat next, and never the other way round.
        await work.invites.hold(invite.id)
    await work.seats.lock(link)
    # Read anew behind the lock: an admin may have changed it meanwhile.
    present = await work.tiers.get(tier.id)
    link = await work.links.get(tier.link_id) or link
    if present is None or present.is_going or present.link_id != tier.link_id:
        raise Refused("tier.leaving", tier=tier.name)
    own_id = invite.id if invite is not None else None
    seats = present.seats
    if seats is not None and await work.seats.taken_of_tier(tier.id, but=own_id) >= seats:
        raise Refused("seats.tier_full", tier=tier.name, seats=seats)
    taken, unknown = await work.seats.taken(link, but=own_id, share_id=share_id)
    if taken < link.seats or await _has_seat(work, link, invite, share_id):
        return
    raise Refused("seats.server_full", server=link.server_name, seats=link.seats, unknown=unknown)


async def _has_seat(work: Work, link: Link, invite: Invite | None, share_id: int | None) -> bool:
    """Whether Plex counts this person already: asked only where no seat is left."""
    if share_id is not None:
        return True
    if invite is None:
        return False
    if invite.state in HOLDS_A_SEAT and invite.link_id is not None:
        held = await work.links.get(invite.link_id)
        if held is not None and held.owner_account_id == link.owner_account_id:
            return True
    # Shared by hand, under the name that was asked for: Helpr will find that very share.
    wanted = {invite.login.value.casefold()}
    return any(
        drift.link_id == link.id
        and drift.kind is DriftKind.UNKNOWN
        and drift.name.casefold() in wanted
        for drift in await work.drift.of_guild(link.guild_id)
    )


async def lock_seats(work: Work, tier: Tier) -> None:
    """Nobody is given the tier, or any other of its owner account, until this work is over.

    The last lock that a unit of work takes: no invite and no code is changed after it.
    """
    link = await work.links.get(tier.link_id)
    if link is not None:
        await work.seats.lock(link)
