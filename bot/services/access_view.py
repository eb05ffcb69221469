"""Everything that a card about one person's access shows."""

from dataclasses import dataclass

from bot.domain.audit import Event
from bot.domain.invites import Invite
from bot.domain.links import Link, Tier
from bot.services.seats import ahead_of
from db.ledger import Work

# Lines of history at once.
PAGE = 12


@dataclass(frozen=True, slots=True)
class AccessView:
    """One person's access with a page of its history, oldest line first.

    `has_earlier` and `has_later` say that there is more of it; `ahead` are in line before somebody
    who waits for a seat.
    """

    invite: Invite
    tier: Tier | None = None
    link: Link | None = None
    events: tuple[Event, ...] = ()
    has_earlier: bool = False
    has_later: bool = False
    ahead: int | None = None


async def view_of(
    work: Work, invite: Invite, *, before: int | None = None, after: int | None = None
) -> AccessView:
    """The latest page of its history, or the one before or after the line with this id."""
    found = await work.audit.history(invite.id, PAGE, before=before, after=after)
    if not found:
        found = await work.audit.history(invite.id, PAGE)
    earlier = later = False
    if found:
        earlier = bool(await work.audit.history(invite.id, 1, before=found[0].id))
        later = bool(await work.audit.history(invite.id, 1, after=found[-1].id))
    return AccessView(
        invite,
        await work.tiers.get(invite.tier_id) if invite.tier_id else None,
        await work.links.get(invite.link_id) if invite.link_id else None,
        tuple(found),
        has_earlier=earlier,
        has_later=later,
        ahead=await ahead_of(work, invite),
    )
