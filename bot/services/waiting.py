"""The waiting list: whoever finds no seat waits for one, and gets it when it is their turn."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.errors import Refused
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import ShareInvite, ShowCard, TellMember
from bot.domain.links import Link
from bot.services.approving import shareable_tier
from bot.services.panels import queue_changed
from bot.services.seats import first_in_line, take_seat
from db.ledger import Ledger, Work

# So many are given a seat by one job; the next one goes on.
AT_ONCE = 20
# Somebody else takes what is free at the same moment: looked at anew so often.
LOOKS = 5
OUT_OF_LINE: dict[str, None] = {"waitlisted_at": None, "decided_by": None, "decided_at": None}
"""The columns of a request that nobody has decided, and that has waited in line."""
# So many of those who wait see at once that the line has moved.
SHOWN = 10


class WaitingService:
    """Gives free seats to those who wait, one transaction each."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def fill(self, link_id: int) -> bool:
        """Give the free seats of the link's owner account to who is next; False if to nobody."""
        given = looks = 0
        while given < AT_ONCE and looks < LOOKS:
            outcome = await self._promote(link_id)
            if outcome is None:
                break
            given, looks = given + outcome, looks + 1 - outcome
        if given:
            async with self._ledger.begin() as work:
                link = await work.links.get(link_id)
                if link is not None:
                    await line_moved(work, link, self._clock.now())
                await work.commit()
        return given > 0

    async def _promote(self, link_id: int) -> bool | None:
        """Give one seat to the first in line; False if somebody was faster, None if there is none.

        The invite is chosen first and held, then comes the lock of the seats, behind which the
        choice is looked at again (`take_seat`): the same order as for whoever approves.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            link = await work.links.get(link_id)
            first = None if link is None else await first_in_line(work, link)
            invite = None if first is None else await work.invites.get(first.invite_id)
            if invite is None:
                return None
            try:
                tier = await shareable_tier(work, invite.guild_id, invite.login, invite.tier_id)
                await take_seat(work, tier, invite=invite, in_turn=True)
            except Refused as refusal:
                if refusal.key == "invite.of_owner":
                    await _ask_anew(work, invite, now)
                    await work.commit()
                return False
            promoted = await work.invites.move(
                invite.id,
                InviteState.APPROVED,
                now=now,
                from_={InviteState.WAITLISTED},
                version=invite.version,
                link_id=tier.link_id,
                share_due_at=now,
            )
            if promoted is None:
                return False
            await work.audit.moved(promoted, "invite.promoted", now=now, was=invite.state)
            await work.jobs.enqueue(ShareInvite(invite.id), ShowCard(invite.id))
            await work.commit()
            return True


async def _ask_anew(work: Work, invite: Invite, now: datetime) -> None:
    """It cannot be given any more: the reviewers see why, and nobody waits behind it."""
    back = await work.invites.move(
        invite.id,
        InviteState.REQUESTED,
        now=now,
        from_={InviteState.WAITLISTED},
        version=invite.version,
        **OUT_OF_LINE,
    )
    if back is not None:
        await work.audit.moved(back, "invite.unlisted", now=now, was=invite.state)
        await work.jobs.enqueue(ShowCard(invite.id))
        await queue_changed(work, invite.guild_id, now)


async def line_moved(work: Work, link: Link, now: datetime) -> None:
    """Some left the line: those who wait see their new places."""
    cards, answers = await work.waiting.show_again(link, now, SHOWN)
    await work.jobs.enqueue(*map(ShowCard, cards), *map(TellMember, answers))
