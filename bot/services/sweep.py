"""What is owed stands in the ledger; the sweep wakes up whatever a lost job forgot."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.invites import EndReason
from bot.domain.jobs import (
    ChangeShare,
    ConnectLink,
    FillSeats,
    FollowSignIn,
    ForgetMember,
    GiveRole,
    Job,
    LookForMember,
    ReconcileLink,
    RunBulk,
    SendMessage,
    ShareInvite,
    ShowCard,
    ShowNotice,
    ShowPanel,
    ShowWish,
    TellMember,
)
from bot.services.keeping import KeepingService
from bot.services.messages import remind
from bot.services.notices import count_stuck
from bot.services.redeeming import calm_down
from bot.services.seats import first_in_line
from bot.services.tiers import finish_leaving
from db.ledger import Ledger, Work

# Members are looked for at this pace at most, so that Discord has nothing to complain of.
LOOKS_A_SWEEP = 20
# A trouble that has not come again for so long is over.
FORGOTTEN = timedelta(hours=1)
# A bulk action that nobody has confirmed for so long is forgotten.
UNCONFIRMED = timedelta(hours=1)
_OWED_BY_INVITES: dict[str, type[ShareInvite | ChangeShare | ShowCard | TellMember | GiveRole]] = {
    "share": ShareInvite,
    "change": ChangeShare,
    "card": ShowCard,
    "tell": TellMember,
    "role": GiveRole,
}
_OWED_BY_LINKS: dict[str, type[ConnectLink | ReconcileLink]] = {
    "connect": ConnectLink,
    "reconcile": ReconcileLink,
}


class SweepService:
    """Enqueues everything that is due."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keeping = KeepingService(ledger, clock)

    async def sweep(self) -> int:
        """Enqueue a job for all that is owed; how many were found due."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await finish_leaving(work, now)
            await work.commit()
        async with self._ledger.begin() as work:
            jobs: list[Job] = await self._what_time_brings(work, now)
            for what, invite_job in _OWED_BY_INVITES.items():
                jobs += [invite_job(id_) for id_ in await work.owed.due(what, now=now)]
            for what, link_job in _OWED_BY_LINKS.items():
                jobs += [link_job(id_) for id_ in await work.links.due(what, now)]
            jobs += [ShowNotice(id_) for id_ in await work.notices.due(now)]
            looks = await work.owed.due("presence", now=now, limit=LOOKS_A_SWEEP)
            jobs += [LookForMember(id_) for id_ in looks]
            jobs += [SendMessage(id_) for id_ in await work.messages.due(now)]
            jobs += [FollowSignIn(id_) for id_ in await work.sign_ins.due(now)]
            jobs += [RunBulk(id_) for id_ in await work.bulks.due(now)]
            jobs += [ShowPanel(id_) for id_ in await work.panels.due(now)]
            jobs += [ShowWish(id_) for id_ in await work.wishes.due(now)]
            jobs += [FillSeats(id_) for id_ in await _links_to_fill(work)]
            jobs += [ForgetMember(id_) for id_ in await work.forgettings.due(now)]
            await work.jobs.enqueue(*jobs)
            await work.commit()
            return len(jobs)

    async def _what_time_brings(self, work: Work, now: datetime) -> list[Job]:
        """Access whose time is over ends; who has not accepted is reminded, or taken back."""
        jobs: list[Job] = []
        for invite in await work.owed.expired(now):
            await work.audit.moved(
                invite, "access.end", now=now, was=invite.state, why=EndReason.EXPIRED
            )
            jobs += [ChangeShare(invite.id), ShowCard(invite.id), TellMember(invite.id)]
        for invite in [*await work.owed.not_taken(now), *await work.owed.never_accepted(now)]:
            await work.audit.moved(
                invite, "access.end", now=now, was=invite.state, why=EndReason.NEVER_ACCEPTED
            )
            jobs += [ChangeShare(invite.id), ShowCard(invite.id)]
        for invite in await work.owed.to_nudge(now):
            await work.audit.happened(
                invite.guild_id, "invite.nudged", now=now, invite_id=invite.id
            )
            jobs += [ShowCard(invite.id), TellMember(invite.id)]
        return jobs + await remind(work, now)

    async def follow_sign_ins(self) -> int:
        """The same for sign-ins alone, as somebody sits in front of each; how many were due."""
        async with self._ledger.begin() as work:
            due = await work.sign_ins.due(self._clock.now())
            if due:
                await work.jobs.enqueue(*map(FollowSignIn, due))
                await work.commit()
            return len(due)

    async def tidy(self) -> None:
        """Forget answers that are over, limits that no window reaches, troubles that went away.

        And people whose access or request was over for as long as their guild keeps that.
        """
        async with self._ledger.begin() as work:
            await work.answers.drop_expired(self._clock.now())
            await work.sign_ins.forget_answers(self._clock.now())
            await work.rates.forget_old()
            now = self._clock.now()
            await work.bulks.drop_drafts(now - UNCONFIRMED)
            for guild_id in await work.trouble.forget_old(now - FORGOTTEN):
                await count_stuck(work, guild_id, now)
            await calm_down(work, now)
            await work.commit()
        await self._keeping.keep_no_longer()


async def _links_to_fill(work: Work) -> list[int]:
    """Links with a seat free that somebody waits for."""
    found = []
    for id_ in await work.waiting.links():
        link = await work.links.get(id_)
        if link is not None and await first_in_line(work, link) is not None:
            found.append(id_)
    return found
