"""The line for a seat: who is next when one comes free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody in line: the invite, and the tier and link whose seats it needs."""

    invite_id: int
    tier_id: int
    link_id: int


@dataclass(frozen=True, slots=True)
class Room:
    """How many seats are free, by link and by tier; a tier that is not named has no limit.

    All links are of one owner account: who takes a seat of one takes it of the others too.
    """

    links: Mapping[int, int] = field(default_factory=dict)
    tiers: Mapping[int, int] = field(default_factory=dict)


def seated(line: Sequence[Waiter], room: Room) -> list[Waiter]:
    """Who of the line, the first one first, gets a seat of those that are free.

    Nobody is overtaken by somebody who needs the same seat: whoever is passed over waits for a
    seat of a full tier, and others take only what is of no use to them.
    """
    found: list[Waiter] = []
    taken_of: dict[int, int] = {}
    for waiter in line:
        taken = taken_of.get(waiter.tier_id, 0)
        has_tier = waiter.tier_id not in room.tiers or taken < room.tiers[waiter.tier_id]
        if has_tier and len(found) < room.links.get(waiter.link_id, 0):
            found.append(waiter)
            taken_of[waiter.tier_id] = taken + 1
    return found
