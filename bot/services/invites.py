"""What members and reviewers do with invites."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn

from bot.clock import Clock
from bot.domain.codes import Code
from bot.domain.errors import Forged, Refused
from bot.domain.invites import OPEN, WITHDRAWABLE, Change, Invite, InviteState
from bot.domain.jobs import ChangeShare, ShowCard, TellMember
from bot.domain.links import Link, LinkedLibrary, Tier
from bot.domain.logins import NOTE_LENGTH, REASON_LENGTH, Login, clean_text, parse_login
from bot.domain.people import Actor, Asking
from bot.domain.timing import FIRST_ANSWER
from bot.services.approving import approve, shareable_tier, wished_tier
from bot.services.mine import Mine, mine_of
from bot.services.notices import count_stuck
from bot.services.panels import queue_changed
from bot.services.redeeming import (
    RedeemingService,
    give_back,
    redeemed,
    take_use,
    tier_of,
    use_for,
)
from bot.services.showing import given_libraries
from bot.services.waiting import line_moved
from db.ledger import Ledger, Work

PAGE = 4


@dataclass(frozen=True, slots=True)
class AnswerToken:
    """The token of the private answer that a member is looking at, made just now."""

    application_id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """What a member asks for, as typed; `code` is empty where none was.

    `tier_id` is the tier they chose, if they had a choice; that of a code goes before it.
    """

    login: str = field(repr=False)
    note: str = field(repr=False, default="")
    code: str = field(repr=False, default="")
    locale: str = "en"
    joined_at: datetime | None = None
    tier_id: int | None = None
    answer: AnswerToken | None = None


@dataclass(frozen=True, slots=True)
class MemberView:
    """Everything that a member's own panel shows."""

    invite: Invite | None
    tier: Tier | None = None
    link: Link | None = None
    libraries: tuple[LinkedLibrary, ...] = ()
    mine: Mine = field(default_factory=Mine)


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of open requests, oldest first; ids to turn to, None at an end.

    `tiers` are those that a request can be approved as; `in_line` have been approved and wait for
    a seat; `wishes` is how many members with access ask for more.
    """

    invites: tuple[Invite, ...]
    waiting: int
    previous_before: int | None = None
    next_after: int | None = None
    tiers: tuple[Tier, ...] = ()
    wishes: int = 0
    in_line: int = 0


class InviteService:
    """Requests, decisions and withdrawals."""

    def __init__(self, ledger: Ledger, clock: Clock, redeeming: RedeemingService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._redeeming = redeeming

    async def live(self, actor: Actor) -> Invite | None:
        """The member's live invite, if there is one."""
        async with self._ledger.begin() as work:
            invite = await work.invites.latest_of(actor.guild_id, actor.user_id)
            return invite if invite and invite.is_live else None

    async def view(self, actor: Actor, answer: AnswerToken | None = None) -> MemberView:
        """The member's own invite; the private answer that shows it is kept up to date from now."""
        async with self._ledger.begin() as work:
            invite = await work.invites.latest_of(actor.guild_id, actor.user_id)
            if invite is None:
                return MemberView(None)
            if answer is not None and invite.is_live:
                now = self._clock.now()
                await _keep_answer(work, invite, answer, now)
                # News that comes before this view is shown would be overwritten by it.
                await work.owed.heal_answer(invite.id, now + FIRST_ANSWER)
                await work.commit()
            return await member_view(work, invite)

    async def request(self, actor: Actor, request: Request) -> MemberView:
        """Store a request, or show the one that is open.

        Raises `Refused` (`login.*`, `note.*`, `code.*`). A code that skips approval approves it in
        the same transaction. A request is kept while Plex is not connected yet: it can be approved
        later.
        """
        login = parse_login(request.login)
        note = clean_text(request.note, NOTE_LENGTH, "note.too_long")
        code = await self._code(actor, request.code)
        try:
            return await self._store(actor, request, login, note, code)
        except Refused as refusal:
            if refusal.key != "invite.open_already":
                raise
            # Another request of the same member came first, a moment ago.
            return await self.view(actor, request.answer)

    async def _code(self, actor: Actor, typed: str) -> Code | None:
        """The good code that was typed; raises `Refused` where one is needed, or it is not good."""
        if typed.strip():
            return await self._redeeming.check(actor, typed)
        known = await self._redeeming.known(actor)
        if known is not None:
            return known
        async with self._ledger.begin() as work:
            settings = await work.guilds.settings(actor.guild_id)
        if settings.asking is Asking.WITH_CODE:
            raise Refused("code.needed")
        return None

    async def _store(
        self, actor: Actor, request: Request, login: Login, note: str, code: Code | None
    ) -> MemberView:
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            own = await work.invites.latest_of(actor.guild_id, actor.user_id)
            if own is not None and own.is_live:
                raise Refused("invite.open_already")
            await refuse_taken(work, actor.guild_id, login)
            if code is not None:
                code = await take_use(work, code.id, now)
            tier = await tier_of(work, code) or await _asked_for(work, actor, request.tier_id)
            link = await work.links.get(tier.link_id) if tier else None
            if link is not None and await work.links.is_owner(link.id, login):
                raise Refused("login.owner")
            invite = await work.invites.add(
                guild_id=actor.guild_id,
                member_id=actor.user_id,
                member_joined_at=request.joined_at,
                login=login,
                note=note,
                locale=request.locale,
                now=now,
                tier_id=tier.id if tier else None,
                link_id=tier.link_id if tier else None,
                code_id=code.id if code else None,
            )
            await work.audit.moved(
                invite,
                "invite.requested",
                now=now,
                by=actor.user_id,
            )
            if code is not None:
                invite = await redeemed(work, invite, code, now)
            if request.answer is not None:
                await _keep_answer(work, invite, request.answer, now)
            await work.jobs.enqueue(ShowCard(invite.id))
            await queue_changed(work, actor.guild_id, now)
            await work.commit()
            return MemberView(invite, tier, link, mine=await mine_of(work, invite))

    async def redeem(
        self, actor: Actor, typed: str, answer: AnswerToken | None = None
    ) -> MemberView:
        """Use a code for one's own request, which nobody has decided yet. Raises `Refused`."""
        code = await self._redeeming.check(actor, typed)
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.invites.latest_of(actor.guild_id, actor.user_id)
            if invite is None or invite.state is not InviteState.REQUESTED:
                raise Refused("invite.moved_on")
            invite = await use_for(work, invite, code, now)
            await queue_changed(work, actor.guild_id, now)
            if answer is not None:
                await _keep_answer(work, invite, answer, now)
            await work.commit()
            return await member_view(work, invite)

    async def approve(
        self, actor: Actor, invite_id: int, version: int, tier_id: int | None = None
    ) -> Invite:
        """Store the decision and the job that sends the invite, as another tier if one is named.

        Raises `Refused`.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await _decidable(work, actor, invite_id, version)
            tier_id = tier_id or await wished_tier(work, invite)
            tier = await shareable_tier(work, actor.guild_id, invite.login, tier_id)
            settings = await work.guilds.settings(actor.guild_id)
            approved = await approve(
                work,
                invite,
                tier,
                by=actor.user_id,
                now=now,
                wait=timedelta(seconds=settings.undo_seconds),
            )
            if approved is None:
                # Another reviewer was faster; say who and what.
                _refuse_decided(await work.invites.get(invite.id) or invite)
            await work.commit()
            return approved

    async def undo(self, actor: Actor, invite_id: int, version: int) -> Invite:
        """Take an approval back that was not sent yet: the request waits again. Raises `Refused`.

        Sending moves the invite on in the same way, so that only one of the two happens.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id, actor.guild_id)
            if invite is None:
                raise Forged("invite.unknown")
            if invite.member_id == actor.user_id:
                raise Refused("invite.own")
            if not invite.can_be_undone or invite.version != version:
                raise Refused("invite.not_undoable", state=invite.state)
            undone = await work.invites.move(
                invite.id,
                InviteState.REQUESTED,
                now=now,
                from_={InviteState.APPROVED},
                version=version,
                decided_by=None,
                decided_at=None,
                share_due_at=None,
                waitlisted_at=None,
                take_by=None,
                tries=0,
                stuck_at=None,
                failure_key=None,
                failure_reason="",
            )
            if undone is None:
                raise Refused("invite.moved_on")
            await work.audit.moved(
                undone, "invite.undone", now=now, by=actor.user_id, was=invite.state
            )
            if invite.stuck_at is not None:
                await count_stuck(work, invite.guild_id, now)
            await work.jobs.enqueue(ShowCard(invite.id), TellMember(invite.id))
            await queue_changed(work, actor.guild_id, now)
            await work.commit()
            return undone

    async def deny(self, actor: Actor, invite_id: int, version: int, reason: str) -> Invite:
        """Store a refusal with its reason, which the member reads. Raises `Refused`."""
        reason = clean_text(reason, REASON_LENGTH, "reason.too_long")
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await _decidable(work, actor, invite_id, version)
            denied = await work.invites.move(
                invite.id,
                InviteState.DENIED,
                now=now,
                from_=OPEN,
                version=version,
                decided_by=actor.user_id,
                decided_at=now,
                decision_reason=reason,
            )
            if denied is None:
                _refuse_decided(await work.invites.get(invite.id) or invite)
            await work.audit.moved(
                denied, "invite.denied", now=now, by=actor.user_id, was=invite.state
            )
            await give_back(work, denied, now)
            await _leave_line(work, invite, now)
            await work.jobs.enqueue(TellMember(invite.id), ShowCard(invite.id))
            await queue_changed(work, actor.guild_id, now)
            await work.commit()
            return denied

    async def decidable(self, actor: Actor, invite_id: int, version: int) -> Invite:
        """The request, if this reviewer may decide it as it stands. Raises `Refused`."""
        async with self._ledger.begin() as work:
            return await _decidable(work, actor, invite_id, version)

    async def withdraw(self, actor: Actor, invite_id: int) -> MemberView:
        """Take one's own request back, from Plex too if it was sent. Raises `Refused`."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id, actor.guild_id)
            if invite is None or invite.member_id != actor.user_id:
                raise Forged("invite.unknown")
            if invite.state not in WITHDRAWABLE or invite.is_ending:
                raise Refused("invite.not_withdrawable")
            take_back = _is_to_be_taken_back(invite)
            withdrawn = await work.invites.move(
                invite.id,
                InviteState.WITHDRAWN,
                now=now,
                from_={invite.state},
                share_due_at=None,
                change=Change.TAKE_BACK if take_back else None,
                change_reason=None,
                # An attempt to send that is under way comes to its end first.
                change_due_at=now if take_back else None,
                tries=0,
                stuck_at=None,
                ended_at=now,
            )
            if withdrawn is None:
                raise Refused("invite.moved_on")
            await work.audit.moved(
                withdrawn, "invite.withdrawn", now=now, by=actor.user_id, was=invite.state
            )
            if invite.state in OPEN or invite.can_be_undone:
                await give_back(work, withdrawn, now)
            if invite.stuck_at is not None:
                await count_stuck(work, invite.guild_id, now)
            await work.jobs.enqueue(ShowCard(invite.id))
            await _leave_line(work, invite, now)
            if invite.is_open:
                await queue_changed(work, actor.guild_id, now)
            if take_back:
                await work.jobs.enqueue(ChangeShare(invite.id))
            await work.commit()
            return await member_view(work, withdrawn)

    async def queue(self, actor: Actor, *, after: int = 0, before: int | None = None) -> QueuePage:
        """Open requests of the guild: those after an id, or those before one."""
        async with self._ledger.begin() as work:
            guild_id = actor.guild_id
            if before is not None:
                found = await work.invites.queue_before(guild_id, before=before, limit=PAGE)
            else:
                found = await work.invites.queue(guild_id, after=after, limit=PAGE)
            if not found and (after or before is not None):
                # The page emptied meanwhile: begin anew.
                found = await work.invites.queue(guild_id, limit=PAGE)
            waiting = await work.invites.count_open(guild_id)
            wishes = await work.wishes.count_open(guild_id)
            in_line = sum((await work.waiting.counts(guild_id)).values())
            if not found:
                return QueuePage((), waiting, wishes=wishes, in_line=in_line)
            first, last = found[0].id, found[-1].id
            more_before = await work.invites.queue_before(guild_id, before=first, limit=1)
            more_after = await work.invites.queue(guild_id, after=last, limit=1)
            return QueuePage(
                tuple(found),
                waiting,
                previous_before=first if more_before else None,
                next_after=last if more_after else None,
                tiers=tuple(await work.tiers.of_guild(guild_id)),
                wishes=wishes,
                in_line=in_line,
            )


async def _keep_answer(work: Work, invite: Invite, answer: AnswerToken, now: datetime) -> None:
    await work.answers.add(
        invite.id, application_id=answer.application_id, token=answer.token, created_at=now
    )


async def member_view(work: Work, invite: Invite) -> MemberView:
    """Everything that the member's own panel shows of an invite."""
    tier = await work.tiers.get(invite.tier_id) if invite.tier_id else None
    link = await work.links.get(invite.link_id) if invite.link_id else None
    libraries = await given_libraries(work, invite, tier)
    return MemberView(invite, tier, link, libraries, await mine_of(work, invite))


async def _leave_line(work: Work, invite: Invite, now: datetime) -> None:
    """Who is behind somebody who waited for a seat is a place further now."""
    link = await work.links.get(invite.link_id) if invite.link_id else None
    if invite.state is InviteState.WAITLISTED and link is not None:
        await line_moved(work, link, now)


async def _asked_for(work: Work, actor: Actor, tier_id: int | None) -> Tier | None:
    """The tier that a member chose, else the default one; raises `Refused("tier.not_open")`."""
    if tier_id is None:
        return await work.tiers.default_of(actor.guild_id)
    for tier in await work.tiers.open_in(actor.guild_id):
        if tier.id == tier_id:
            return tier
    raise Refused("tier.not_open")


async def refuse_taken(work: Work, guild_id: int, login: Login) -> None:
    """Raise `Refused` (`login.*`) when somebody has asked for this account, or has access."""
    holder = await work.invites.holder_of(guild_id, login)
    if holder is None:
        return
    if not holder.is_live:
        raise Refused("login.being_released")
    # Whose it is stays untold.
    has_access = holder.state in {InviteState.ACTIVE, InviteState.SUSPENDED}
    raise Refused("login.has_access" if has_access else "login.taken")


async def _decidable(work: Work, actor: Actor, invite_id: int, version: int) -> Invite:
    invite = await work.invites.get(invite_id, actor.guild_id)
    if invite is None:
        raise Forged("invite.unknown")
    if not invite.is_open or invite.version != version:
        _refuse_decided(invite)
    if invite.member_id == actor.user_id:
        raise Refused("invite.own")
    return invite


def _refuse_decided(invite: Invite) -> NoReturn:
    if invite.decided_by is None:
        raise Refused("invite.moved_on_to", state=invite.state)
    raise Refused("invite.decided", state=invite.state, user=invite.decided_by)


def _is_to_be_taken_back(invite: Invite) -> bool:
    """Whether Plex holds, or may hold, something; what stood there before Helpr asked stays."""
    on_plex = invite.state in {InviteState.SENT, InviteState.SENDING}
    return on_plex and not invite.share_adopted
