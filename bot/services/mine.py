"""What a member has chosen for their own, and what else their panel shows."""

from dataclasses import dataclass, field

from bot.clock import Clock
from bot.domain.errors import Refused
from bot.domain.invites import OPEN, Invite, InviteState
from bot.domain.members import Member
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


async def mine_of(work: Work, invite: Invite) -> Mine:
    """All of it, for the member of this invite."""
    member = await work.members.get(invite.guild_id, invite.member_id)
    return Mine(member, await holding_of(work, invite), await ahead_of(work, invite))


async def holding_of(work: Work, invite: Invite) -> Holding | None:
    """The sign-in that is kept for an invite which still leads to accepting on Plex."""
    if not invite.is_proven or invite.state not in _LEADS_TO_ACCEPTING:
        return None
    sign_in = await work.sign_ins.of_invite(invite.id)
    if sign_in is None:
        return None
    return Holding(sign_in.held_until, sign_in.is_agreed, sign_in.problem_key)


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
