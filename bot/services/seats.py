"""Seats: whoever is given access takes one, and there is never one too many.

Where none is left one can wait for it (`bot.services.waiting`); a seat that comes free belongs to
whoever is next in line.
"""

from collections.abc import Iterable

from bot.domain.drift import DriftKind
from bot.domain.errors import Refused
from bot.domain.invites import HOLDS_A_SEAT, Invite, InviteState
from bot.domain.links import Link, Tier
from bot.domain.waiting import Room, Waiter, seated
from db.ledger import Work

NO_SEAT = frozenset({"seats.tier_full", "seats.server_full", "seats.awaited"})
"""What whoever finds no seat is refused with."""


async def take_seat(
    work: Work,
    tier: Tier,
    *,
    invite: Invite | None = None,
    share_id: int | None = None,
    in_turn: bool = False,
) -> None:
    """Make sure of a seat of the tier and of its server's owner account; the caller commits.

    Others who want one wait until then. `invite` is whose seat it is to be, if that one is in the
    ledger already, and `share_id` a share that stands on Plex already: who has a seat of the owner
    account needs no second one. `in_turn`: only one that nobody waits for who is before it in line.
    Raises `Refused` (`seats.*`, `tier.leaving`, `plex.not_connected`).
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
    if taken >= link.seats:
        if await _has_seat(work, link, invite, share_id):
            return
        seats = link.seats
        raise Refused("seats.server_full", server=link.server_name, seats=seats, unknown=unknown)
    if in_turn and invite is not None:
        await _refuse_out_of_turn(work, link, Waiter(invite.id, tier.id, link.id))


async def _refuse_out_of_turn(work: Work, link: Link, own: Waiter) -> None:
    line = await work.waiting.line(link)
    if not line:
        return
    place = next((n for n, one in enumerate(line) if one.invite_id == own.invite_id), len(line))
    wanting = [*line[:place], own]
    if own not in seated(wanting, await _room(work, link, wanting)):
        raise Refused("seats.awaited", n=place)


async def first_in_line(work: Work, link: Link) -> Waiter | None:
    """Who is next to be given a seat of the link's owner account that is free now, if anybody."""
    line = await work.waiting.line(link)
    found = seated(line, await _room(work, link, line)) if line else []
    return found[0] if found else None


async def _room(work: Work, link: Link, wanting: Iterable[Waiter]) -> Room:
    """The free seats that these people want; none where nothing could be given by them."""
    taken, _unknown = await work.seats.taken(link)
    links, tiers = {}, {}
    for id_ in {one.link_id for one in wanting}:
        one = await work.links.get(id_)
        links[id_] = one.seats - taken if one is not None and one.is_usable else 0
    for id_ in {one.tier_id for one in wanting}:
        tier = await work.tiers.get(id_)
        if tier is None or tier.is_going or not tier.libraries:
            tiers[id_] = 0
        elif tier.seats is not None:
            tiers[id_] = tier.seats - await work.seats.taken_of_tier(id_)
    return Room(links, tiers)


async def ahead_of(work: Work, invite: Invite) -> int | None:
    """How many are in line before somebody who waits; None for whoever does not.

    While the server is full that is everybody before them, as any seat is of use to each; else
    those who wait for the same tier.
    """
    tier = await work.tiers.get(invite.tier_id) if invite.tier_id else None
    link = await work.links.get(tier.link_id) if tier else None
    if invite.state is not InviteState.WAITLISTED or link is None:
        return None
    taken, _unknown = await work.seats.taken(link)
    return await work.waiting.ahead(invite, link, of_tier=taken < link.seats)


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
