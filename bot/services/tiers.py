"""Tiers: what there are, who holds them, making and deleting them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Forged, Refused
from bot.domain.jobs import ChangeShare, ShareInvite, ShowCard, TellMember
from bot.domain.links import Link, LinkedLibrary, Tier
from bot.domain.people import Actor
from bot.domain.roles import RoleProblem
from bot.domain.tiers import MOST_OPEN, MOST_TIERS, read_name, read_seats
from bot.services.seats import lock_seats
from db.ledger import Ledger, Work


@dataclass(frozen=True, slots=True)
class TierView:
    """A tier with all that its panel shows.

    `held` hold it; for `differing` of them Plex has something else than the tier says now.
    `libraries` are all of the server's; `links` the guild's, the tier's own first. `target` is
    where its people are being moved, before it is deleted.
    """

    tier: Tier
    link: Link
    held: int = 0
    differing: int = 0
    libraries: tuple[LinkedLibrary, ...] = ()
    links: tuple[Link, ...] = ()
    role_problems: dict[RoleProblem, int] = field(default_factory=dict)
    target: Tier | None = None


@dataclass(frozen=True, slots=True)
class LinkSeats:
    """The seats of a link's owner account; `unknown` of the taken ones nobody here has given."""

    link: Link
    taken: int
    unknown: int


@dataclass(frozen=True, slots=True)
class TierList:
    """Every tier of a guild, how many hold each and wait for it, role problems, and the seats."""

    tiers: tuple[Tier, ...]
    held: dict[int, int]
    seats: tuple[LinkSeats, ...] = ()
    role_problems: frozenset[int] = frozenset()
    waiting: dict[int, int] = field(default_factory=dict)


class TierService:
    """Each method is for an admin of the actor's guild; `Refused` says what cannot be."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def all(self, actor: Actor) -> TierList:
        """Every tier. Raises `Refused("plex.not_set_up")` where there is no server."""
        async with self._ledger.begin() as work:
            links = await work.links.all_of(actor.guild_id)
            if not links:
                raise Refused("plex.not_set_up")
            seats = [LinkSeats(link, *await work.seats.taken(link)) for link in links]
            return TierList(
                tuple(await work.tiers.of_guild(actor.guild_id)),
                await work.tiers.count_held(actor.guild_id),
                tuple(seats),
                frozenset(await work.roles.problems(actor.guild_id)),
                await work.waiting.counts(actor.guild_id),
            )

    async def get(self, actor: Actor, tier_id: int) -> TierView:
        """One tier. Raises `Refused("tier.unknown")`."""
        async with self._ledger.begin() as work:
            return await view_of(work, await own_tier(work, actor, tier_id))

    async def named(self, actor: Actor, name: str) -> TierView:
        """The tier with this name, in any case. Raises `Refused("tier.unknown")`."""
        wanted = " ".join(name.split()).casefold()
        async with self._ledger.begin() as work:
            for tier in await work.tiers.of_guild(actor.guild_id):
                if tier.name.casefold() == wanted:
                    return await view_of(work, tier)
        raise Refused("tier.unknown")

    async def open_to(self, guild_id: int) -> list[Tier]:
        """What members may choose from, where there is a choice; empty otherwise."""
        async with self._ledger.begin() as work:
            found = await work.tiers.open_in(guild_id)
        return found if len(found) > 1 else []

    async def create(self, actor: Actor, typed: str, server: str | None = None) -> TierView:
        """A new tier, closed to members, without libraries.

        On the `server` of this name, or the guild's first one.
        """
        name, now = read_name(typed), self._clock.now()
        async with self._ledger.begin() as work:
            await work.guilds.lock(actor.guild_id)
            links = await work.links.all_of(actor.guild_id)
            if not links:
                raise Refused("plex.not_set_up")
            if server is not None:
                wanted = server.strip().casefold()
                links = [one for one in links if one.server_name.strip().casefold() == wanted]
            link = next((one for one in links if one.connected_at is not None), None)
            if link is None:
                raise Refused("plex.not_connected")
            if len(await work.tiers.of_guild(actor.guild_id)) >= MOST_TIERS:
                raise Refused("tier.too_many", most=MOST_TIERS)
            tier = await work.tiers.add(actor.guild_id, link.id, name)
            await told(work, actor, tier, "tier.created", now, name=name)
            await work.commit()
            return await view_of(work, tier)

    async def make_default(self, actor: Actor, tier_id: int) -> TierView:
        """Requests get this one, unless the member chose another."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.guilds.lock(actor.guild_id)
            tier = await editable(work, actor, tier_id)
            if not tier.is_default:
                await work.tiers.make_default(tier)
                await told(work, actor, tier, "tier.default", now)
                await offer_changed(work, actor.guild_id, now)
            view = await view_of(work, await own_tier(work, actor, tier_id))
            await work.commit()
            return view

    async def open_or_close(self, actor: Actor, tier_id: int, *, is_open: bool) -> TierView:
        """Whether members may ask for it."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.guilds.lock(actor.guild_id)
            tier = await editable(work, actor, tier_id)
            others = [one for one in await work.tiers.of_guild(actor.guild_id) if one.is_open]
            if is_open and not tier.is_open and len(others) >= MOST_OPEN:
                raise Refused("tier.too_many_open", most=MOST_OPEN)
            if tier.is_open is not is_open:
                tier = await work.tiers.change(tier.id, is_open=is_open)
                await told(work, actor, tier, "tier.changed", now, field="is_open", after=is_open)
            view = await view_of(work, tier)
            await work.commit()
            return view

    async def delete(self, actor: Actor, tier_id: int) -> Tier:
        """Delete a tier that nobody holds; open requests and codes get the default one instead.

        Raises `Refused` (`tier.is_default`, `tier.in_use`).
        """
        async with self._ledger.begin() as work:
            await work.guilds.lock(actor.guild_id)
            tier = await _deletable(work, actor, tier_id)
            await _delete(work, tier, self._clock.now(), by=actor.user_id)
            # Nobody can be given it any more: who has it by now has it.
            held = len(await work.tiers.holders(tier))
            if held:
                raise Refused("tier.in_use", tier=tier.name, n=held)
            await work.commit()
            return tier

    async def leave(self, actor: Actor, tier_id: int, to_id: int) -> Sequence[int]:
        """Nobody is given the tier any more; the invites that have to be moved to another one.

        It is deleted when they are there. Raises `Refused`.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.guilds.lock(actor.guild_id)
            tier = await _deletable(work, actor, tier_id)
            target = await own_tier(work, actor, to_id)
            if target.id == tier.id or target.is_going:
                raise Refused("tier.unknown")
            if not target.libraries:
                raise Refused("tier.no_libraries", tier=target.name)
            await offer_changed(work, actor.guild_id, now)
            await lock_seats(work, tier)
            await work.tiers.change(tier.id, leaving_for=target.id, is_open=False)
            await told(work, actor, tier, "tier.leaving", now, to=target.id)
            holders = await work.tiers.holders(tier)
            await work.commit()
            return holders

    async def differing(self, actor: Actor, tier_id: int) -> Sequence[int]:
        """The invites of those who have something else than the tier says.

        Raises `Refused` (`tier.no_libraries`, `tier.nobody_differs`).
        """
        async with self._ledger.begin() as work:
            tier = await editable(work, actor, tier_id)
            if not tier.libraries:
                raise Refused("tier.no_libraries", tier=tier.name)
            found = await work.tiers.differing(tier)
        if not found:
            raise Refused("tier.nobody_differs")
        return found

    async def stay(self, actor: Actor, tier_id: int) -> TierView:
        """Call off that the tier is to be deleted; who was moved already stays there."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            tier = await own_tier(work, actor, tier_id)
            if tier.leaving_for is not None:
                tier = await work.tiers.change(tier.id, leaving_for=None)
                await told(work, actor, tier, "tier.stays", now)
                await offer_changed(work, actor.guild_id, now)
            view = await view_of(work, tier)
            await work.commit()
            return view

    async def set_seats(self, actor: Actor, link_id: int, typed: str) -> TierList:
        """How many shares the owner account of a server may have."""
        seats, now = read_seats(typed), self._clock.now()
        if seats is None:
            raise Refused("seats.not_a_number", typed="", most=100)
        async with self._ledger.begin() as work:
            link = await work.links.get(link_id)
            if link is None or link.guild_id != actor.guild_id:
                raise Forged("plex.not_set_up")
            await work.seats.lock(link)
            if link.seats != seats:
                await work.links.set_seats(link.id, seats)
                await work.audit.happened(
                    actor.guild_id,
                    "plex.seats",
                    now=now,
                    by=actor.user_id,
                    link=link.id,
                    before=link.seats,
                    after=seats,
                )
            await work.commit()
        return await self.all(actor)


async def own_tier(work: Work, actor: Actor, tier_id: int) -> Tier:
    """A tier of the actor's guild. Raises `Refused("tier.unknown")`."""
    tier = await work.tiers.lock(tier_id)
    if tier is not None and tier.guild_id != actor.guild_id:
        raise Forged("tier.unknown")
    if tier is None or tier.is_deleted:
        raise Refused("tier.unknown")
    return tier


async def editable(work: Work, actor: Actor, tier_id: int) -> Tier:
    """The same, of one that stays. Raises `Refused("tier.leaving")`."""
    tier = await own_tier(work, actor, tier_id)
    if tier.leaving_for is not None:
        raise Refused("tier.leaving", tier=tier.name)
    return tier


async def view_of(work: Work, tier: Tier) -> TierView:
    """All that the panel of a tier shows."""
    own = await work.links.get(tier.link_id)
    if own is None:
        raise LookupError(f"tier {tier.id} is on a link that is gone")
    others = [one for one in await work.links.all_of(tier.guild_id) if one.id != own.id]
    return TierView(
        tier,
        own,
        held=await work.seats.taken_of_tier(tier.id),
        differing=len(await work.tiers.differing(tier)) if tier.libraries else 0,
        libraries=tuple(await work.links.libraries(tier.link_id)),
        links=(own, *others),
        role_problems=(await work.roles.problems(tier.guild_id)).get(tier.id, {}),
        target=await work.tiers.get(tier.leaving_for) if tier.leaving_for else None,
    )


async def told(
    work: Work, actor: Actor, tier: Tier, action: str, now: datetime, **details: Any
) -> None:
    """A line of the audit log about a tier."""
    await work.audit.happened(
        actor.guild_id, action, now=now, by=actor.user_id, tier=tier.id, **details
    )


async def offer_changed(work: Work, guild_id: int, now: datetime) -> None:
    """Cards of open requests name the tiers that there are to approve as: show them anew."""
    owed = await work.cards.owe_all(guild_id, now)
    await work.jobs.enqueue(*map(ShowCard, owed))


async def share_libraries(
    work: Work, actor: Actor, tier: Tier, wanted: Collection[int], now: datetime
) -> Tier:
    """A tier shares these libraries of its server from now on; what waited for some goes on."""
    changed = await work.tiers.set_libraries(tier, wanted)
    if set(changed.libraries) == set(tier.libraries):
        return changed
    titles = sorted(library.title for library in changed.libraries)
    await told(work, actor, changed, "tier.libraries", now, libraries=titles)
    # How many there are stands on the cards, and which tiers there are to approve as.
    await offer_changed(work, tier.guild_id, now)
    if not tier.libraries:
        # What was approved meanwhile waits for libraries.
        shares, changes = await work.owed.wake(tier.link_id, now)
        await work.jobs.enqueue(*map(ShareInvite, shares), *map(ChangeShare, changes))
    return changed


async def finish_leaving(work: Work, now: datetime) -> None:
    """Delete a tier whose people are all somewhere else by now; the next one the next time.

    In a transaction of its own: it takes locks that others hold who wait for invites.
    """
    for found in await work.tiers.leaving(limit=1):
        tier = await work.tiers.lock(found.id)
        # An admin may have called it off meanwhile.
        if tier is not None and tier.leaving_for is not None:
            await _delete(work, tier, now)


async def _deletable(work: Work, actor: Actor, tier_id: int) -> Tier:
    tier = await own_tier(work, actor, tier_id)
    if tier.is_default:
        raise Refused("tier.is_default", tier=tier.name)
    return tier


async def _delete(work: Work, tier: Tier, now: datetime, by: int | None = None) -> None:
    """Open requests, then codes, then the lock: see `lock_seats`."""
    default = await work.tiers.default_of(tier.guild_id)
    if default is None:
        raise LookupError(f"guild {tier.guild_id} has no default tier")
    target = await work.tiers.get(tier.leaving_for) if tier.leaving_for else None
    # With its people, where those went: the default one may give more.
    heir = default if target is None or target.is_going else target
    await work.tiers.hold_requests(tier)
    await work.tiers.free_codes(tier, heir)
    requests = await work.tiers.free_requests(tier, heir, now)
    await offer_changed(work, tier.guild_id, now)
    await lock_seats(work, tier)
    await work.tiers.delete(tier, now)
    await work.audit.happened(
        tier.guild_id, "tier.deleted", now=now, by=by, tier=tier.id, name=tier.name
    )
    await work.jobs.enqueue(*map(ShowCard, requests), *map(TellMember, requests))
