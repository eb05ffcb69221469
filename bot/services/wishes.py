"""What members with access ask for: more time, or another tier. Asked, decided, shown."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NoReturn

from bot.clock import Clock
from bot.domain.errors import Forged, Refused
from bot.domain.invites import Invite
from bot.domain.jobs import ShowCard, ShowWish, TellMember
from bot.domain.links import Tier
from bot.domain.logins import NOTE_LENGTH, REASON_LENGTH, clean_text
from bot.domain.members import DEFAULT_DAYS, Wish, WishKind, WishState
from bot.domain.people import Actor, GuildSettings
from bot.domain.timing import SHOW_AGAIN_LATER, SHOW_AGAIN_SOON, SHOW_LEASE
from bot.services.access import AccessService
from bot.services.mine import choices, may_have_time
from bot.services.showing import NONCE_LIFE
from db.ledger import Ledger, Work

PAGE = 5
REFUSED_FOR = timedelta(days=7)
"""For how long what was refused is not asked for again."""


@dataclass(frozen=True, slots=True)
class WishData:
    """Everything that the card of a wish shows. `wished` is the tier that is asked for.

    `is_late` says that an earlier attempt may have posted it longer ago than Discord remembers.
    """

    wish: Wish
    invite: Invite
    guild: GuildSettings
    tier: Tier | None = None
    wished: Tier | None = None
    is_late: bool = False

    @property
    def days(self) -> int:
        """By how many days granting makes the access last longer."""
        return (self.tier.duration_days if self.tier else None) or DEFAULT_DAYS


@dataclass(frozen=True, slots=True)
class WishPage:
    """A page of open wishes, oldest first; `next_after` is the id to turn to, None at the end."""

    wishes: tuple[WishData, ...]
    waiting: int
    next_after: int | None = None


class WishService:
    """Wishes. `Refused` says what cannot be; nothing is changed then."""

    def __init__(self, ledger: Ledger, clock: Clock, access: AccessService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._access = access

    async def offered(self, actor: Actor, invite_id: int, kind: WishKind) -> tuple[Tier, ...]:
        """The tiers to choose from, for a wish of that kind; raises `Refused` (`wish.*`)."""
        async with self._ledger.begin() as work:
            return await self._offered(work, await _own(work, actor, invite_id), kind)

    async def ask(
        self, actor: Actor, invite_id: int, kind: WishKind, *, note: str, tier_id: int | None
    ) -> Wish:
        """Store a wish, which the reviewers read on a card. Raises `Refused` (`wish.*`)."""
        note = clean_text(note, NOTE_LENGTH, "note.too_long")
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.invites.hold(invite_id)
            invite = await _own(work, actor, invite_id)
            offered = await self._offered(work, invite, kind)
            if kind is WishKind.TIER and tier_id not in {tier.id for tier in offered}:
                raise Refused("tier.not_open")
            tier_id = tier_id if kind is WishKind.TIER else None
            wish = await work.wishes.add(invite, kind, now=now, note=note, tier_id=tier_id)
            await work.audit.happened(
                invite.guild_id,
                f"wish.{kind}",
                now=now,
                by=actor.user_id,
                invite_id=invite.id,
                wish=wish.id,
            )
            await work.jobs.enqueue(ShowWish(wish.id))
            await work.commit()
            return wish

    async def take_back(self, actor: Actor, invite_id: int, kind: WishKind) -> None:
        """The member's own open wish is withdrawn. Raises `Refused("wish.moved_on")`."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.invites.hold(invite_id)
            invite = await _own(work, actor, invite_id)
            for wish in await work.wishes.latest_of(invite.id):
                if wish.kind is kind and wish.is_open:
                    await work.wishes.decide(
                        wish.id, wish.version, WishState.WITHDRAWN, by=actor.user_id, now=now
                    )
                    await work.audit.happened(
                        invite.guild_id,
                        "wish.withdrawn",
                        now=now,
                        by=actor.user_id,
                        invite_id=invite.id,
                        wish=wish.id,
                    )
                    await work.jobs.enqueue(ShowWish(wish.id))
                    await work.commit()
                    return
        raise Refused("wish.moved_on")

    async def decidable(self, actor: Actor, wish_id: int, version: int) -> WishData:
        """The wish, if this reviewer may decide it as it stands. Raises `Refused`."""
        async with self._ledger.begin() as work:
            return await _decidable(work, actor, wish_id, version)

    async def grant(self, actor: Actor, wish_id: int, version: int) -> None:
        """Give what is asked for, and note the decision, in one transaction. Raises `Refused`."""
        data = await self.decidable(actor, wish_id, version)
        granting = replace(actor, wish=(wish_id, version))
        if data.wish.tier_id is None:
            await self._access.extend(granting, data.invite.id, f"{data.days}d")
        else:
            await self._access.move(granting, data.invite.id, data.wish.tier_id)

    async def refuse(self, actor: Actor, wish_id: int, version: int, reason: str) -> None:
        """Store a refusal with its reason, which the member reads. Raises `Refused`."""
        reason = clean_text(reason, REASON_LENGTH, "reason.too_long")
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite_id = (await _decidable(work, actor, wish_id, version)).invite.id
            # A new version, so that the member is told; and whoever ends it meanwhile waits.
            await work.invites.hold(invite_id)
            invite = await work.invites.get(invite_id)
            refused = await work.wishes.decide(
                wish_id, version, WishState.REFUSED, by=actor.user_id, now=now, reason=reason
            )
            if refused is None or invite is None:
                raise Refused("wish.moved_on")
            await work.invites.change(invite.id, now=now, from_={invite.state})
            await work.audit.happened(
                invite.guild_id,
                "wish.refused",
                now=now,
                by=actor.user_id,
                invite_id=invite.id,
                wish=wish_id,
            )
            await work.jobs.enqueue(ShowWish(wish_id), ShowCard(invite.id), TellMember(invite.id))
            await work.commit()

    async def page(self, actor: Actor, after: int = 0) -> WishPage:
        """Open wishes of the guild, those after an id."""
        async with self._ledger.begin() as work:
            found = await work.wishes.open_in(actor.guild_id, after=after, limit=PAGE + 1)
            if not found and after:
                # The page emptied meanwhile: begin anew.
                found = await work.wishes.open_in(actor.guild_id, limit=PAGE + 1)
            waiting = await work.wishes.count_open(actor.guild_id)
            read = [await _data(work, wish) for wish in found[:PAGE]]
            more = found[PAGE - 1].id if len(found) > PAGE else None
            return WishPage(tuple(one for one in read if one is not None), waiting, more)

    async def owe_cards(self, actor: Actor) -> None:
        """A reviewer wants every missing card: look after all of them at once."""
        async with self._ledger.begin() as work:
            owed = await work.wishes.owe_cards(actor.guild_id, self._clock.now())
            await work.jobs.enqueue(*map(ShowWish, owed))
            await work.commit()

    # -- the card's job ---------------------------------------------------------------------------

    async def card(self, wish_id: int) -> WishData | None:
        """Take the card for this caller; None when it is up to date or being shown."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            wish = await work.wishes.claim(wish_id, now=now, lease=SHOW_LEASE)
            if wish is None:
                return None
            data = await _data(work, wish)
            if data is None or await work.guilds.has_left(wish.guild_id):
                await work.wishes.settle(wish, now=now)
                data = None
            await work.commit()
            if data is None:
                return None
            return replace(data, is_late=now - wish.created_at > NONCE_LIFE)

    async def shown(self, wish: Wish, channel_id: int, message_id: int) -> None:
        """The card shows `wish.version`."""
        async with self._ledger.begin() as work:
            has_moved_on = await work.wishes.settle(
                wish,
                now=self._clock.now(),
                card_channel_id=channel_id,
                card_message_id=message_id,
                card_version=wish.version,
            )
            if has_moved_on:
                await work.jobs.enqueue(ShowWish(wish.id))
            await work.commit()

    async def not_wanted(self, wish: Wish) -> None:
        """There is nowhere to show it, or nobody needs it any more."""
        async with self._ledger.begin() as work:
            await work.wishes.settle(wish, now=self._clock.now())
            await work.commit()

    async def cannot(self, wish: Wish, *, refused: bool, at_least: float = 0.0) -> None:
        """Discord refused, or did not answer: try again later, or soon; `at_least` in seconds."""
        wait = SHOW_AGAIN_LATER if refused else SHOW_AGAIN_SOON
        now = self._clock.now()
        again_at = now + max(wait, timedelta(seconds=at_least))
        async with self._ledger.begin() as work:
            await work.wishes.settle(wish, now=now, again_at=again_at)
            await work.commit()

    async def _offered(self, work: Work, invite: Invite, kind: WishKind) -> tuple[Tier, ...]:
        """The tiers to choose from, where that kind can be asked for at all."""
        for wish in await work.wishes.latest_of(invite.id):
            if wish.kind is kind:
                self._refuse_again(wish)
        if kind is WishKind.TIME:
            if not await may_have_time(work, invite):
                raise Refused("wish.not_possible")
            return ()
        found = await choices(work, invite)
        if not found:
            raise Refused("wish.not_possible")
        return found

    def _refuse_again(self, wish: Wish) -> None:
        if wish.is_open:
            raise Refused("wish.open_already")
        if wish.state is WishState.REFUSED and wish.decided_at is not None:
            left = wish.decided_at + REFUSED_FOR - self._clock.now()
            if left > timedelta():
                raise Refused("wish.refused_lately", seconds=int(left.total_seconds()))


async def _own(work: Work, actor: Actor, invite_id: int) -> Invite:
    """The member's own invite, if it is the one that counts."""
    invite = await work.invites.get(invite_id, actor.guild_id)
    if invite is None or invite.member_id != actor.user_id:
        raise Forged("invite.unknown")
    latest = await work.invites.latest_of(actor.guild_id, actor.user_id)
    if latest is None or latest.id != invite.id:
        raise Refused("wish.not_possible")
    return invite


async def _data(work: Work, wish: Wish) -> WishData | None:
    invite = await work.invites.get(wish.invite_id)
    if invite is None:
        return None
    return WishData(
        wish,
        invite,
        await work.guilds.settings(wish.guild_id),
        await work.tiers.get(invite.tier_id) if invite.tier_id else None,
        await work.tiers.get(wish.tier_id) if wish.tier_id else None,
    )


async def _decidable(work: Work, actor: Actor, wish_id: int, version: int) -> WishData:
    wish = await work.wishes.get(wish_id, actor.guild_id)
    data = await _data(work, wish) if wish is not None else None
    if data is None:
        raise Forged("invite.unknown")
    if not data.wish.is_open or data.wish.version != version:
        _refuse_decided(data.wish)
    if data.wish.member_id == actor.user_id:
        raise Refused("wish.own")
    return data


def _refuse_decided(wish: Wish) -> NoReturn:
    if wish.state in {WishState.GRANTED, WishState.REFUSED} and wish.decided_by is not None:
        raise Refused("wish.decided", user=wish.decided_by)
    raise Refused("wish.moved_on")
