"""Forgetting a person: their access ends first, Plex gives everything back, then they are erased.

The wish stands in the ledger until it is fulfilled, so that a process may die at any step.
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock
from bot.domain.errors import Refused
from bot.domain.forgetting import Forgetting
from bot.domain.invites import Invite
from bot.domain.jobs import FollowSignIn, ForgetMember, ShowCard
from bot.domain.people import Actor
from bot.services.access import AccessService
from bot.services.invites import InviteService
from db.ledger import Ledger

# Longer than taking a person's messages away may last (bot.jobs.forgetting).
LEASE = timedelta(minutes=1)
# How soon to look again whether Plex has given everything back.
LOOK_AGAIN = timedelta(seconds=3)
# While Plex does not answer there is no hurry.
LOOK_LATER = timedelta(minutes=1)
AT_IT = timedelta(minutes=2)
# What only Discord stands in the way of (a role, a message) is waited for no longer than this.
PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Farewell:
    """A person who can be erased now, and the messages they got: (channel id, message id).

    `threads` are the private threads that were made for them alone.
    """

    forgetting: Forgetting
    places: tuple[tuple[int, int], ...]
    threads: tuple[int, ...]
    out_of_patience: bool


class ForgettingService:
    """Notes the wish, brings access to its end, and erases."""

    def __init__(
        self, ledger: Ledger, clock: Clock, invites: InviteService, access: AccessService
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._invites = invites
        self._access = access

    async def ask(self, actor: Actor) -> None:
        """A member wants to be forgotten in this guild. Asking twice changes nothing."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            known = await work.forgettings.asked(actor.guild_id, actor.user_id)
            id_ = await work.forgettings.ask(actor.guild_id, actor.user_id, now)
            if not known:
                # Of whom it is stays out of the log, which is kept.
                await work.audit.happened(actor.guild_id, "member.forget_asked", now=now)
            await work.jobs.enqueue(ForgetMember(id_))
            await work.commit()

    # -- for the job ------------------------------------------------------------------------------

    async def begin(self, forgetting_id: int) -> Forgetting | None:
        """Take one for this caller; None when nothing is due."""
        async with self._ledger.begin() as work:
            taken = await work.forgettings.claim(forgetting_id, now=self._clock.now(), lease=LEASE)
            await work.commit()
            return taken

    async def advance(self, forgetting: Forgetting) -> Farewell | None:
        """End what is not over; who can be erased, None while something is still on its way."""
        now, whose = self._clock.now(), (forgetting.guild_id, forgetting.user_id)
        async with self._ledger.begin() as work:
            signed_out = await work.forgettings.sign_out(*whose, now)
            live = await work.forgettings.live_of(*whose)
            await work.jobs.enqueue(*map(FollowSignIn, signed_out))
            await work.commit()
        for invite in live:
            await self._end(forgetting, invite)
        async with self._ledger.begin() as work:
            await work.forgettings.keep_quiet(*whose)
            left = await work.forgettings.unsettled(*whose, now)
            waited = now - forgetting.asked_at
            if left.on_plex or (left.elsewhere and waited < PATIENCE):
                again = LOOK_AGAIN if waited < AT_IT else LOOK_LATER
                await work.forgettings.put_off(forgetting, now + again)
                await work.commit()
                return None
            places = await work.forgettings.places_of(*whose)
            threads = await work.forgettings.threads_of(*whose)
            await work.commit()
            return Farewell(forgetting, tuple(places), tuple(threads), waited >= PATIENCE)

    async def _end(self, forgetting: Forgetting, invite: Invite) -> None:
        """By the member's own word; what has moved on meanwhile is looked at again."""
        if invite.is_ending:
            return
        actor = Actor(forgetting.guild_id, forgetting.user_id)
        try:
            if invite.is_open:
                await self._invites.withdraw(actor, invite.id)
            else:
                await self._access.leave(actor, invite.id)
        except Refused:
            return

    async def cannot_yet(self, farewell: Farewell) -> None:
        """Discord did not answer: look again later."""
        async with self._ledger.begin() as work:
            await work.forgettings.put_off(farewell.forgetting, self._clock.now() + LOOK_LATER)
            await work.commit()

    async def erase(self, farewell: Farewell) -> bool:
        """Erase the person; False when something new has come meanwhile, or somebody was faster."""
        now, forgetting = self._clock.now(), farewell.forgetting
        whose = (forgetting.guild_id, forgetting.user_id)
        async with self._ledger.begin() as work:
            ids = await work.erasing.of_member(*whose)
            if (await work.forgettings.unsettled(*whose, now)).on_plex:
                await work.forgettings.put_off(forgetting, now + LOOK_AGAIN)
                await work.commit()
                return False
            if not await work.forgettings.finish(forgetting):
                return False
            cards = await work.erasing.erase(ids, now)
            await work.erasing.erase_person(*whose)
            await work.erasing.erase_mentions(*whose)
            await work.audit.happened(forgetting.guild_id, "member.forgotten", now=now)
            await work.jobs.enqueue(*map(ShowCard, cards))
            await work.commit()
            return True
