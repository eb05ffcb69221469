"""Members who leave, or lose the role of their tier: missed, found again, or at last let go."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.absence import SETTLE, Presence, believed
from bot.domain.invites import EndReason, Invite, InviteState
from bot.domain.jobs import (
    ChangeShare,
    GiveRole,
    LookForMember,
    SendMessage,
    ShowCard,
    ShowNotice,
    TellMember,
)
from bot.domain.members import Absence
from bot.domain.messages import Matter, name_matter
from bot.domain.notices import NoticeKind
from bot.domain.people import Actor
from bot.domain.timing import PRESENCE, SHOW_AGAIN_LATER, SHOW_LEASE
from bot.services.redeeming import give_back
from db.ledger import Ledger, Work

# Mistaken clocks of Discord's own machines.
SAME_JOIN = timedelta(seconds=5)
# While too many are missed at once: how soon each of them is looked for again.
DOUBTED_AGAIN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Look:
    """Whom to look for. `role_id`: the role of their tier, where they surely had it."""

    invite: Invite
    role_id: int | None


class PresenceService:
    """The ledger's side of looking for members. The look itself decides; events only hasten it."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def at_start(self) -> None:
        """Whoever left while nobody looked is missed from now on."""
        async with self._ledger.begin() as work:
            await work.absences.owe_looks(self._clock.now())
            await work.commit()

    async def changed(self, guild_id: int, user_id: int, *, came: bool) -> None:
        """Somebody left, or came: look at once, and tell what they could not be told before."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            owed = await work.absences.owe_look(guild_id, user_id, now)
            news = await work.absences.owe_news(guild_id, user_id, now) if came else []
            if not owed and not news:
                return
            await work.jobs.enqueue(*map(LookForMember, owed), *map(TellMember, news))
            await work.commit()

    async def begin(self, invite_id: int) -> Look | None:
        """Take a look that is due; None when it is not, or cannot be taken now."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.owed.claim_look(invite_id, "presence", now=now, lease=SHOW_LEASE)
            if invite is None:
                return None
            if await work.guilds.has_left(invite.guild_id) or invite.is_ending:
                await self._put_off(work, invite, PRESENCE)
                await work.commit()
                return None
            role_id = await work.roles.surely_given(invite.id)
            await work.commit()
            return Look(invite, role_id)

    async def unknown(self, look: Look) -> None:
        """Discord did not say."""
        async with self._ledger.begin() as work:
            await self._put_off(work, look.invite, SHOW_AGAIN_LATER)
            await work.commit()

    async def seen(self, look: Look, presence: Presence) -> None:
        """Settle what Discord says of them."""
        async with self._ledger.begin() as work:
            await work.invites.hold(look.invite.id)
            why = _missed(look, presence)
            now_given = await work.roles.surely_given(look.invite.id)
            if why is Absence.ROLE and now_given != look.role_id:
                # Helpr itself has given and taken roles since; the next look knows.
                await self._put_off(work, look.invite, SHOW_AGAIN_LATER)
            elif why is None:
                await self._found(work, look, presence)
            else:
                await self._absent(work, look.invite, why)
            await count_absent(work, look.invite.guild_id, self._clock.now())
            await work.commit()

    async def _found(self, work: Work, look: Look, presence: Presence) -> None:
        invite, now = look.invite, self._clock.now()
        lacks_role = look.role_id is not None and look.role_id not in presence.roles
        if lacks_role and presence.role_exists:
            await work.absences.owe_role(invite, now)
            await work.jobs.enqueue(GiveRole(invite.id))
        if presence.joined_at is not None and _has_rejoined(invite, presence):
            await work.invites.note(invite.id, member_joined_at=presence.joined_at)
        back = await work.absences.found(invite, now)
        why = invite.absent_why
        if back is not None and invite.absent_since is not None and why is not None:
            await work.audit.happened(
                invite.guild_id, "member.back", now=now, invite_id=invite.id, why=why
            )
            await work.jobs.enqueue(ShowCard(invite.id))
            if invite.state is not InviteState.WAITLISTED:
                await self._tell(work, invite, Matter.STAYS, invite.absent_since, why=why)
        await self._put_off(work, invite, PRESENCE)

    async def _absent(self, work: Work, invite: Invite, why: Absence) -> None:
        now = self._clock.now()
        settings = await work.guilds.settings(invite.guild_id)
        until = now + max(timedelta(days=settings.grace_days), SETTLE)
        missed = await work.absences.miss(invite, why, now=now, until=until)
        if missed is not None:
            await self._missed_now(work, missed, why)
        absent = missed or invite
        if absent.absent_since is None or absent.grace_until is None:
            await self._put_off(work, invite, PRESENCE)
        elif absent.grace_until > now:
            await self._put_off(work, invite, min(PRESENCE, absent.grace_until - now))
        elif not believed(
            absent.absent_since,
            await work.absences.unvouched(invite.guild_id),
            await work.absences.holders(invite.guild_id),
            settings.breaker_percent,
        ):
            await self._put_off(work, invite, DOUBTED_AGAIN)
        else:
            await self._end(work, absent, why)

    async def _missed_now(self, work: Work, invite: Invite, why: Absence) -> None:
        now = self._clock.now()
        await work.audit.happened(
            invite.guild_id, "member.missed", now=now, invite_id=invite.id, why=why
        )
        await work.jobs.enqueue(ShowCard(invite.id))
        if why is Absence.ROLE and invite.absent_since is not None:
            await self._tell(work, invite, Matter.ROLE_LOST, invite.absent_since)

    async def _tell(
        self, work: Work, invite: Invite, matter: Matter, since: datetime, **details: str
    ) -> None:
        message_id = await work.messages.owe(
            invite.guild_id,
            invite.member_id,
            invite.id,
            name_matter(matter, invite.id, since),
            now=self._clock.now(),
            locale=invite.locale,
            **details,
        )
        if message_id is not None:
            await work.jobs.enqueue(SendMessage(message_id))

    async def _leave_line(self, work: Work, invite: Invite) -> None:
        """Whoever has left, and does not come back, waits for no seat any more."""
        now = self._clock.now()
        gone = await work.invites.move(
            invite.id,
            InviteState.WITHDRAWN,
            now=now,
            from_={InviteState.WAITLISTED},
            version=invite.version,
            ended_at=now,
        )
        if gone is None:
            return
        why = EndReason.LEFT_DISCORD
        await work.audit.moved(gone, "invite.withdrawn", now=now, was=invite.state, why=why)
        await give_back(work, gone, now)
        await work.jobs.enqueue(ShowCard(invite.id))

    async def _end(self, work: Work, invite: Invite, why: Absence) -> None:
        now = self._clock.now()
        await self._put_off(work, invite, PRESENCE)
        if invite.state is InviteState.WAITLISTED:
            await self._leave_line(work, invite)
            return
        ending = await work.absences.end(invite, why, now)
        if ending is None:
            return
        reason = ending.change_reason or ""
        await work.audit.moved(ending, "access.end", now=now, was=invite.state, why=reason)
        await work.jobs.enqueue(ChangeShare(invite.id), ShowCard(invite.id), TellMember(invite.id))

    async def _put_off(self, work: Work, invite: Invite, wait: timedelta) -> None:
        again = self._clock.now() + wait
        await work.invites.note(invite.id, presence_due_at=again, presence_leased_until=None)

    async def vouch(self, actor: Actor) -> None:
        """An admin says that those who are missed are really gone."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.absences.vouch(actor.guild_id, now)
            await work.audit.happened(
                actor.guild_id, "member.vouched_gone", now=now, by=actor.user_id
            )
            await count_absent(work, actor.guild_id, now)
            await work.commit()


async def count_absent(work: Work, guild_id: int, now: datetime) -> None:
    """Warn the admins when sharply more people than usual are missed at once, or no longer."""
    absences = await work.absences.unvouched(guild_id)
    holders = await work.absences.holders(guild_id)
    settings = await work.guilds.settings(guild_id)
    doubted = [
        since
        for since in absences
        if not believed(since, absences, holders, settings.breaker_percent)
    ]
    if doubted:
        notice_id = await work.notices.open(
            guild_id,
            NoticeKind.PEOPLE_GONE,
            now=now,
            missing=len(doubted),
            of=holders,
        )
    else:
        notice_id = await work.notices.clear(guild_id, NoticeKind.PEOPLE_GONE, now=now)
    if notice_id is not None:
        await work.jobs.enqueue(ShowNotice(notice_id))


def _has_rejoined(invite: Invite, presence: Presence) -> bool:
    """Whether they joined again since we have known them."""
    known = invite.member_joined_at or invite.active_at
    return (
        presence.joined_at is not None
        and known is not None
        and presence.joined_at > known + SAME_JOIN
    )


def _missed(look: Look, presence: Presence) -> Absence | None:
    """Why they are missed; None when all is well."""
    invite = look.invite
    if not presence.is_here:
        return Absence.LEFT
    if look.role_id is None or not presence.role_exists:
        return None
    if look.role_id in presence.roles:
        return None
    if invite.absent_why is Absence.LEFT or _has_rejoined(invite, presence):
        # Discord takes all roles of who leaves: that is no admin's word.
        return None
    return Absence.ROLE
