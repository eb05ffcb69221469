"""Accepting on Plex for a member, with the token of the sign-in that has proved their account.

What is owed stands in the sign-in's row: held, and due as soon as its invite was sent. So a kill
between sharing and accepting loses nothing, and whatever else becomes of the invite signs out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import Forged, PlexError, PlexTokenRefused, Refused, Treatment
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import FollowSignIn, ShowCard, TellMember
from bot.domain.links import Link
from bot.domain.people import Actor
from bot.domain.sign_in import SignIn
from bot.domain.timing import backoff
from bot.services.invites import MemberView, member_view
from bot.services.sign_ins import HELD
from db.ledger import Ledger, Work
from db.sign_ins import TRIES

# A sign-in is kept for its member's decision for so long; if they agree, until the admins'.
CHOOSING = timedelta(minutes=15)
# So often Plex may say that nothing waits, while its own list shows the share as not accepted.
PATIENCE = 5
_NOT_SENT = frozenset(
    {InviteState.REQUESTED, InviteState.WAITLISTED, InviteState.APPROVED, InviteState.SENDING}
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One share to accept: whose sign-in, which invite, on which link."""

    sign_in: SignIn
    invite: Invite
    link: Link
    token: str
    share_id: int

    @property
    def is_hopeless(self) -> bool:
        """Tried often enough."""
        return int(self.sign_in.details.get(TRIES, 0)) + 1 >= PATIENCE


class AcceptingService:
    """Holds sign-ins for as long as they are needed, and says what to accept with them."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def choose(self, actor: Actor, invite_id: int, *, hold: bool) -> MemberView:
        """The member wants the sign-in kept until the decision, or signed out now.

        Once more changes nothing. Raises `Refused` when it is over already.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id, actor.guild_id)
            if invite is None or invite.member_id != actor.user_id:
                raise Forged("invite.unknown")
            sign_in = await work.sign_ins.of_invite(invite.id)
            if sign_in is None or not sign_in.is_held:
                if hold and invite.state in _NOT_SENT:
                    raise Refused("sign_in.not_held")
                return await member_view(work, invite)
            if not hold:
                await let_go(work, sign_in, now)
            elif not sign_in.is_agreed:
                until = sign_in.created_at + HELD
                await work.sign_ins.hold(sign_in, invite.id, until=until, agreed=True)
            action = "sign_in.held" if hold else "sign_in.let_go"
            if hold is not sign_in.is_agreed:
                await work.audit.happened(
                    actor.guild_id, action, now=now, by=actor.user_id, invite_id=invite.id
                )
            await work.commit()
            return await member_view(work, invite)

    # -- for the job ------------------------------------------------------------------------------

    async def begin(self, sign_in: SignIn) -> Acceptance | None:
        """What a held sign-in, claimed by this caller, has to accept now; None when nothing.

        Not needed any more, or its time is over: it is let go, and signed out by the next job.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.invites.get(sign_in.invite_id or 0)
            is_late = sign_in.held_until is None or now >= sign_in.held_until
            if not is_late and invite is not None and invite.state in _NOT_SENT:
                # The invite's next move makes it due.
                await work.sign_ins.look_again(sign_in, sign_in.held_until or now)
                await work.commit()
                return None
            found = None if is_late else await _to_accept(work, sign_in, invite)
            if found is None:
                await let_go(work, sign_in, now)
                if invite is not None:
                    await _show(work, invite, now)
                await work.commit()
            return found

    async def went_wrong(self, acceptance: Acceptance, error: PlexError) -> None:
        """Plex does not let the account accept: its member has to. Anything else is tried again."""
        is_final = isinstance(error, PlexTokenRefused) or error.treatment is Treatment.PERMANENT
        if is_final:
            await self.hopeless(acceptance, error.key)
        else:
            await self.later(acceptance, error)

    async def hopeless(self, acceptance: Acceptance, key: str) -> None:
        """Signed out, and the member reads what to do: `key` is why."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await let_go(work, acceptance.sign_in, now, problem_key=key)
            await work.audit.happened(
                acceptance.invite.guild_id,
                "sign_in.not_accepted",
                now=now,
                invite_id=acceptance.invite.id,
                why=key,
            )
            await _show(work, acceptance.invite, now)
            await work.commit()

    async def later(self, acceptance: Acceptance, error: PlexError | None = None) -> None:
        """Accepted, if the ledger says so by now: signed out. Else it is tried again in a while."""
        now, sign_in = self._clock.now(), acceptance.sign_in
        at_least = timedelta(seconds=error.retry_after or 0.0) if error else timedelta(0)
        async with self._ledger.begin() as work:
            invite = await work.invites.get(acceptance.invite.id)
            if invite is not None and invite.state is InviteState.SENT and not invite.is_ending:
                wait = max(backoff(int(sign_in.details.get(TRIES, 0)) + 1), at_least)
                until = min(now + wait, sign_in.held_until or now)
                await work.sign_ins.try_again(sign_in, until)
            else:
                await let_go(work, sign_in, now)
            await work.commit()


async def let_go(
    work: Work, sign_in: SignIn, now: datetime, *, problem_key: str | None = None
) -> None:
    """A held sign-in is erased and signed out; the caller commits."""
    if await work.sign_ins.let_go(sign_in.id, now=now, problem_key=problem_key) is not None:
        await work.jobs.enqueue(FollowSignIn(sign_in.id))


async def hold_for(work: Work, sign_in: SignIn, invite: Invite, now: datetime) -> None:
    """Keep a sign-in that is being used: to accept at once, or until its member has chosen."""
    is_decided = not invite.is_open
    until = now + (HELD if is_decided else CHOOSING)
    await work.sign_ins.hold(sign_in, invite.id, until=until, agreed=is_decided)
    if invite.state not in _NOT_SENT:
        await work.sign_ins.due_now(sign_in.id, now)


async def _to_accept(work: Work, sign_in: SignIn, invite: Invite | None) -> Acceptance | None:
    """The share of an invite that was sent, if this account may be the one that was invited."""
    if invite is None or invite.state is not InviteState.SENT or invite.change is not None:
        return None
    account, link = sign_in.account, await work.links.get(invite.link_id or 0)
    if account is None or invite.account_id != account.id:
        return None
    if link is None or invite.share_id is None or sign_in.token is None:
        return None
    return Acceptance(sign_in, invite, link, sign_in.token, invite.share_id)


async def _show(work: Work, invite: Invite, now: datetime) -> None:
    await work.owed.owe_look(invite.id, now)
    await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
