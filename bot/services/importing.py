"""People whom Plex shares with already, and whom nobody here knows: matched with members by hand.

Nothing is changed on Plex. From then on their access is like anybody's: it can be suspended,
moved and ended, which is then an admin's deliberate word about them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.domain.drift import Drift
from bot.domain.errors import Refused
from bot.domain.invites import NO_CARD, Invite, InviteState
from bot.domain.jobs import ReconcileLink
from bot.domain.links import Link, LinkedLibrary, Tier
from bot.domain.logins import Login, LoginKind
from bot.domain.people import Actor
from bot.domain.plex import PlexShare
from bot.plex import PlexService
from bot.services.access_view import AccessView, view_of
from bot.services.newcomers import Newcomer, refuse_unfit
from bot.services.outcomes import active_now
from bot.services.seats import take_seat
from db.ledger import Ledger, Work

PAGE = 10


@dataclass(frozen=True, slots=True)
class StrangerPage:
    """A page of accounts that nobody here is known for, in the order they were found.

    `after` and `before` are ids to turn to, None at an end.
    """

    total: int
    strangers: tuple[Drift, ...] = ()
    before: int | None = None
    after: int | None = None
    is_connected: bool = True


@dataclass(frozen=True, slots=True)
class Stranger:
    """One of them: what Plex gives them, and the tiers of that server. `tier` fits best."""

    drift: Drift
    link: Link
    libraries: tuple[LinkedLibrary, ...] = ()
    tiers: tuple[Tier, ...] = ()
    tier: Tier | None = None


class ImportService:
    """Shows them, and takes them in."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex

    async def page(
        self, actor: Actor, *, after: int | None = None, before: int | None = None
    ) -> StrangerPage:
        """A page of what the last comparison has found; the first where there is none any more."""
        async with self._ledger.begin() as work:
            guild_id, drift = actor.guild_id, work.drift
            total = await drift.count_strangers(guild_id)
            found = await drift.strangers(guild_id, after=after, before=before, limit=PAGE)
            found = found or await drift.strangers(guild_id, limit=PAGE)
            if not found:
                links = await work.links.all_of(guild_id)
                return StrangerPage(total, is_connected=any(link.is_connected for link in links))
            first, last = found[0].id, found[-1].id
            more_before = await drift.strangers(guild_id, before=first, limit=1)
            more_after = await drift.strangers(guild_id, after=last, limit=1)
            return StrangerPage(
                total,
                tuple(found),
                before=first if more_before else None,
                after=last if more_after else None,
            )

    async def one(self, actor: Actor, drift_id: int, tier_id: int | None = None) -> Stranger:
        """One of them; `tier_id` was chosen by hand. Raises `Refused` (`import.gone`)."""
        async with self._ledger.begin() as work:
            return await self._one(work, actor, drift_id, tier_id)

    async def _one(self, work: Work, actor: Actor, drift_id: int, tier_id: int | None) -> Stranger:
        drift = await work.drift.stranger(actor.guild_id, drift_id)
        link = await work.links.get(drift.link_id) if drift else None
        if drift is None or link is None:
            raise Refused("import.gone")
        tiers = [
            tier
            for tier in await work.tiers.of_guild(actor.guild_id)
            if tier.link_id == link.id and not tier.is_going
        ]
        given = await work.links.libraries(link.id)
        return Stranger(
            drift,
            link,
            tuple(one for one in given if one.section_id in drift.section_ids),
            tuple(tiers),
            _fitting(tiers, drift, tier_id),
        )

    async def adopt(
        self, actor: Actor, drift_id: int, tier_id: int, newcomer: Newcomer
    ) -> AccessView:
        """That account is this member's: their share is known from now on, as it stands.

        Plex is looked at first: what has vanished meanwhile is not taken in, and the comparison is
        owed at once. Raises `Refused` (`import.*`, `newcomer.*`, `tier.*`, `seats.tier_full`) and
        `PlexError`.
        """
        async with self._ledger.begin() as work:
            stranger = await self._one(work, actor, drift_id, tier_id)
            await refuse_unfit(work, actor.guild_id, newcomer)
        if stranger.tier is None or stranger.tier.id != tier_id:
            raise Refused("tier.unknown")
        share = await self._plex.share_state(stranger.link.access, stranger.drift.share_id)
        if share is None:
            await self._forget(stranger)
            raise Refused("import.gone")
        return await self._take_in(actor, stranger, stranger.tier, newcomer, share)

    async def _forget(self, stranger: Stranger) -> None:
        async with self._ledger.begin() as work:
            await work.drift.drop(stranger.drift.id)
            await work.links.owe_comparison([stranger.link.id], self._clock.now())
            await work.jobs.enqueue(ReconcileLink(stranger.link.id))
            await work.commit()

    async def _take_in(
        self, actor: Actor, stranger: Stranger, tier: Tier, newcomer: Newcomer, share: PlexShare
    ) -> AccessView:
        now, link = self._clock.now(), stranger.link
        async with self._ledger.begin() as work:
            await refuse_unfit(work, actor.guild_id, newcomer)
            known = await work.holders.by_share(link.id, share.share_id, share.account_id)
            if known is not None and known.is_live:
                raise Refused("import.known_already", user=known.member_id)
            columns = {"decided_by": actor.user_id, "decided_at": now, "tier_id": tier.id}
            invite = await _added(work, stranger, newcomer, share, now=now)
            # Also against a tier, or its server, that an admin has let go meanwhile.
            await take_seat(work, tier, share_id=share.share_id)
            adopted = await _led_to_where_it_stands(work, invite, share, now=now, **columns)
            await work.audit.moved(
                adopted,
                "access.imported",
                now=now,
                by=actor.user_id,
                tier=tier.id,
                sections=sorted(share.section_ids),
            )
            await work.drift.drop(stranger.drift.id)
            view = await view_of(work, adopted)
            await work.commit()
            return view


def _fitting(tiers: list[Tier], drift: Drift, tier_id: int | None) -> Tier | None:
    """The chosen tier; else the one with the same libraries, the default one, any."""
    if tier_id:
        return next((tier for tier in tiers if tier.id == tier_id), None)
    same = [tier for tier in tiers if frozenset(tier.section_ids) == drift.section_ids]
    default = [tier for tier in tiers if tier.is_default]
    return next(iter([*same, *default, *tiers]), None)


async def _added(
    work: Work, stranger: Stranger, newcomer: Newcomer, share: PlexShare, *, now: datetime
) -> Invite:
    guild_id = stranger.link.guild_id
    name = share.username or share.email or stranger.drift.name
    kind = LoginKind.EMAIL if "@" in name else LoginKind.USERNAME
    try:
        return await work.invites.add(
            guild_id=guild_id,
            member_id=newcomer.user_id,
            member_joined_at=newcomer.joined_at,
            login=Login(kind, name),
            note="",
            locale=(await work.guilds.settings(guild_id)).locale,
            now=now,
            link_id=stranger.link.id,
        )
    except Refused as refusal:
        if refusal.key == "invite.open_already":
            raise Refused("newcomer.has_asked", user=newcomer.user_id) from None
        raise Refused("import.name_taken") from None


async def _led_to_where_it_stands(
    work: Work, invite: Invite, share: PlexShare, *, now: datetime, **columns: Any
) -> Invite:
    """Through the states that everybody takes, in one transaction, without asking Plex."""
    await work.invites.move(invite.id, InviteState.APPROVED, now=now, **columns)
    # What Plex does not name the next comparison measures.
    grant = share.grant if share.section_ids else None
    sending = await work.invites.move(invite.id, InviteState.SENDING, now=now, grant=grant)
    if sending is None:
        raise LookupError(f"invite {invite.id} moved while nobody else could know it")
    first = await active_now(work, sending, now) if share.accepted else {}
    try:
        moved = await work.invites.move(
            invite.id,
            InviteState.ACTIVE if share.accepted else InviteState.SENT,
            now=now,
            share_id=share.share_id,
            share_adopted=True,
            account_id=share.account_id,
            sent_at=now,
            **first,
        )
    except Refused:
        raise Refused("import.name_taken") from None
    version = moved.version if moved is not None else sending.version
    # No card, as there was nothing to decide; and no message about what they have had for long.
    quiet = await work.invites.note(
        invite.id,
        card_channel_id=NO_CARD,
        card_due_at=None,
        tell_due_at=None,
        dm_version=version,
    )
    return quiet or sending
