"""Seats: whoever is given access takes one, and there is never one too many."""

from bot.domain.errors import Refused
from bot.domain.links import Tier
from db.ledger import Work


async def take_seat(
    work: Work, tier: Tier, *, invite_id: int | None = None, share_id: int | None = None
) -> None:
    """Make sure of a seat of the tier and of its server's owner account; the caller commits.

    Others who want one wait until then. `invite_id` is whose seat it is to be, if that one is in
    the ledger already, and `share_id` a share that stands on Plex already: neither needs a second
    one. Raises `Refused` (`seats.tier_full`, `seats.server_full`, `plex.not_connected`).
    """
    link = await work.links.get(tier.link_id)
    if link is None:
        raise Refused("plex.not_connected")
    await work.seats.lock(link)
    # Read anew behind the lock: an admin may have changed it meanwhile.
    present = await work.tiers.get(tier.id)
    link = await work.links.get(tier.link_id) or link
    if present is None or present.is_going or present.link_id != tier.link_id:
        raise Refused("tier.leaving", tier=tier.name)
    seats = present.seats
    if seats is not None and await work.seats.taken_of_tier(tier.id, but=invite_id) >= seats:
        raise Refused("seats.tier_full", tier=tier.name, seats=seats)
    taken, unknown = await work.seats.taken(link, but=invite_id, share_id=share_id)
    if taken >= link.seats:
        raise Refused(
            "seats.server_full", server=link.server_name, seats=link.seats, unknown=unknown
        )


async def lock_seats(work: Work, tier: Tier) -> None:
    """Nobody is given the tier, or any other of its owner account, until this work is over."""
    link = await work.links.get(tier.link_id)
    if link is not None:
        await work.seats.lock(link)
