"""What a member has chosen for their own, and what else their panel shows."""

from dataclasses import dataclass, field

from bot.clock import Clock
from bot.domain.errors import Refused
from bot.domain.invites import OPEN, EndReason, Invite, InviteState
from bot.domain.links import Tier
from bot.domain.members import Member, Wish, WishState
from bot.domain.people import Actor
from bot.domain.sign_in import Holding
from bot.i18n import languages
from bot.services.seats import ahead_of
from db.ledger import Ledger, Work

_LEADS_TO_ACCEPTING = OPEN | {InviteState.APPROVED, InviteState.SENDING, InviteState.SENT}


@dataclass(frozen=True, slots=True)
class Mine:
    """What a member's panel shows beside the invite itself.

    `ahead` are in line before somebody who waits for a seat; None for whoever does not.
    """

    member: Member = field(default_factory=Member)
    holding: Holding | None = None
    ahead: int | None = None
    wishes: tuple[Wish, ...] = ()
    """Of each kind the latest, unless it was withdrawn."""
    may_have_time: bool = False
    choices: tuple[Tier, ...] = ()
    """The tiers that the member may ask to be moved to."""
    may_sign_in: bool = False
    """A sign-in with Plex would have the invite accepted for the member."""


async def mine_of(work: Work, invite: Invite) -> Mine:
    """All of it, for the member of this invite."""
    member = await work.members.get(invite.guild_id, invite.member_id)
    latest = await work.wishes.latest_of(invite.id)
    holding = await holding_of(work, invite)
    return Mine(
        member,
        holding,
        await ahead_of(work, invite),
        tuple(one for one in latest if one.state is not WishState.WITHDRAWN),
        await may_have_time(work, invite),
        await choices(work, invite),
        await _may_sign_in(work, invite, holding),
    )


async def _may_sign_in(work: Work, invite: Invite, holding: Holding | None) -> bool:
    if invite.is_ending or invite.state not in _LEADS_TO_ACCEPTING:
        return False
    if holding is not None and holding.until is not None:
        return False
    return (await work.guilds.settings(invite.guild_id)).sign_in


async def holding_of(work: Work, invite: Invite) -> Holding | None:
    """The sign-in that is kept for an invite which still leads to accepting on Plex."""
    if not invite.is_proven or invite.state not in _LEADS_TO_ACCEPTING:
        return None
    sign_in = await work.sign_ins.of_invite(invite.id)
    if sign_in is None:
        return None
    return Holding(sign_in.held_until, sign_in.is_agreed, sign_in.problem_key)


async def may_have_time(work: Work, invite: Invite) -> bool:
    """Whether the member may ask for more time: what has an end, or has run out lately.

    Nobody renews what an admin has suspended or ended, nor after having been turned away.
    """
    has_expired = invite.state is InviteState.ENDED and invite.end_reason is EndReason.EXPIRED
    is_given = invite.state is InviteState.ACTIVE and invite.expires_at is not None
    if not (has_expired or is_given) or (
        invite.is_ending and invite.change_reason is not EndReason.EXPIRED
    ):
        return False
    if await work.holders.was_suspended(invite.id):
        return False
    return is_given or await work.holders.turned_away_at(invite) is None


async def choices(work: Work, invite: Invite) -> tuple[Tier, ...]:
    """The other tiers that members may ask for; none but for access that stands."""
    if invite.state is not InviteState.ACTIVE or invite.is_ending:
        return ()
    if await work.holders.was_suspended(invite.id):
        return ()
    return tuple(
        tier
        for tier in await work.tiers.open_in(invite.guild_id)
        if tier.id != invite.tier_id and not tier.is_going and tier.libraries
    )


class MineService:
    """A member's own choices."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def member(self, actor: Actor) -> Member:
        """What this member has chosen."""
        async with self._ledger.begin() as work:
            return await work.members.get(actor.guild_id, actor.user_id)

    async def choose_language(self, actor: Actor, language: str | None) -> None:
        """Answer in this language; None: in Discord's. Raises `Refused("language.unknown")`."""
        if language is not None and language not in languages():
            raise Refused("language.unknown")
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            await work.members.set_locale(actor.guild_id, actor.user_id, language)
            await work.commit()

    async def understood(self, actor: Actor) -> None:
        """The member has read what Plex itself demands for watching from afar."""
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            await work.members.read_streaming(actor.guild_id, actor.user_id, self._clock.now())
            await work.commit()
