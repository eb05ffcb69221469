"""The ledger's side of telling a member about a matter: once, wherever they can be reached."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import Job, SendMessage
from bot.domain.messages import Matter, Message, name_matter
from bot.domain.panels import PanelKind
from bot.domain.people import Actor
from bot.domain.timing import SHOW_AGAIN_LATER, SHOW_AGAIN_SOON, SHOW_LEASE
from bot.services.invites import MemberView, member_view
from bot.services.showing import NONCE_LIFE, is_untold
from db.ledger import Ledger, Work

# While the bot is away from a guild its members' news waits.
AWAY_AGAIN = timedelta(days=1)
_HAS_ACCESS = frozenset({InviteState.SENT, InviteState.ACTIVE, InviteState.SUSPENDED})


@dataclass(frozen=True, slots=True)
class MessageData:
    """A message, the invite that it is about, and where it may go.

    `may_write`: by direct message. `threads_in` is the channel in which a private thread may be
    made, `thread_id` the one that was made for this member. `earlier` is the direct message that
    this one stands for from now on. `is_late`: an earlier attempt may have sent it longer ago than
    Discord remembers.
    """

    message: Message
    view: MemberView
    locale: str
    may_write: bool = True
    threads_in: int | None = None
    thread_id: int | None = None
    earlier: Message | None = None
    is_late: bool = False

    @property
    def invite(self) -> Invite:
        """What it is about."""
        if self.view.invite is None:
            raise LookupError(f"message {self.message.id} is about nothing")
        return self.view.invite


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a member has not been told yet: messages, and news of their invite."""

    messages: tuple[MessageData, ...] = ()
    news: MemberView | None = None


class MessageService:
    """Claims of messages, and what waits for a member who comes by."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def take(self, message_id: int) -> MessageData | None:
        """Take a message that is to be sent; None when there is nothing to do."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            message = await work.messages.claim(message_id, now=now, lease=SHOW_LEASE)
            if message is None:
                return None
            data = None
            if await work.guilds.has_left(message.guild_id):
                await work.messages.settle(message.id, again_at=now + AWAY_AGAIN)
            elif await work.forgettings.asked(message.guild_id, message.user_id):
                # They asked for silence.
                await work.messages.settle(message.id, seen_at=now)
            elif (data := await self._data(work, message)) is None:
                await work.messages.settle(message.id, seen_at=now)
            await work.commit()
            return data

    async def _data(self, work: Work, message: Message) -> MessageData | None:
        """Everything that it shows; None when it is no news any more."""
        invite = await work.invites.get(message.invite_id)
        if invite is None or not _is_still_so(message, invite):
            return None
        settings = await work.guilds.settings(message.guild_id)
        chosen = await work.members.get(message.guild_id, message.user_id)
        threads_in = None
        if settings.private_threads:
            panels = await work.panels.of_guild(message.guild_id)
            standing = (p for p in panels if p.kind is PanelKind.GET_ACCESS and p.problem is None)
            threads_in = next((panel.channel_id for panel in standing), None)
        return MessageData(
            message,
            await member_view(work, invite),
            chosen.locale or message.locale,
            may_write=not chosen.dms_off,
            threads_in=threads_in,
            thread_id=message.thread_id
            or await work.messages.thread_of(message.guild_id, message.user_id),
            earlier=await work.messages.before(message),
            is_late=self._clock.now() - message.created_at > NONCE_LIFE,
        )

    async def told(self, message: Message, channel_id: int, message_id: int) -> None:
        """It stands in the member's direct messages."""
        now = self._clock.now()
        await self._settle(
            message, sent_at=now, seen_at=now, channel_id=channel_id, message_id=message_id
        )

    async def thread_made(self, message: Message, thread_id: int) -> None:
        """A private thread is there; noted before anything is said in it."""
        async with self._ledger.begin() as work:
            details = {**message.details, "thread": thread_id}
            await work.messages.set(message.id, details=details)
            await work.commit()

    async def untold(self, message: Message, mentioned: tuple[int, int] | None = None) -> None:
        """It waits for the member; `mentioned` is where they were pointed to it, if anywhere."""
        now = self._clock.now()
        columns: dict[str, Any] = {"untold_at": now}
        if message.kind is Matter.WAITS:
            # The news itself waits for them as well (`bot.services.showing.is_untold`).
            columns["seen_at"] = now
        if mentioned is not None:
            columns |= {"sent_at": now, "channel_id": mentioned[0], "message_id": mentioned[1]}
        await self._settle(message, **columns)

    async def cannot(self, message: Message, *, refused: bool, at_least: float = 0.0) -> None:
        """Discord refused for now, or did not answer: try again later, or soon."""
        wait = SHOW_AGAIN_LATER if refused else SHOW_AGAIN_SOON
        again = self._clock.now() + max(wait, timedelta(seconds=at_least))
        await self._settle(message, again_at=again, tries=message.tries + 1)

    async def _settle(self, message: Message, **columns: Any) -> None:
        async with self._ledger.begin() as work:
            await work.messages.settle(message.id, **columns)
            await work.commit()

    async def waiting(self, actor: Actor) -> Waiting:
        """What this member has not been told; asked at every answer, costs nothing mostly."""
        async with self._ledger.begin() as work:
            messages = await self._kept(work, actor)
            invite = await work.invites.latest_of(actor.guild_id, actor.user_id)
            is_news = invite is not None and is_untold(invite)
            news = await member_view(work, invite) if invite is not None and is_news else None
            await work.commit()
            return Waiting(tuple(messages), news)

    async def _kept(self, work: Work, actor: Actor) -> list[MessageData]:
        """A few of them; what is no news any more is done with, and in the way of nothing."""
        while True:
            kept = await work.messages.waiting_for(actor.guild_id, actor.user_id)
            found = [await self._data(work, message) for message in kept]
            stale = [one.id for one, data in zip(kept, found, strict=True) if data is None]
            if not stale:
                return [data for data in found if data is not None]
            await work.messages.seen(stale, self._clock.now())

    async def seen(self, waiting: Waiting) -> None:
        """The member has just read it."""
        async with self._ledger.begin() as work:
            ids = [data.message.id for data in waiting.messages]
            await work.messages.seen(ids, self._clock.now())
            if waiting.news is not None and waiting.news.invite is not None:
                invite = waiting.news.invite
                await work.invites.note(invite.id, dm_version=invite.version)
            await work.commit()

    async def switch(self, actor: Actor, *, off: bool) -> None:
        """A member wants direct messages, or none."""
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            await work.members.set_dms_off(actor.guild_id, actor.user_id, off)
            await work.commit()


async def remind(work: Work, now: datetime) -> list[Job]:
    """Members whose access ends soon are owed a word about it, once a stage."""
    jobs: list[Job] = []
    for invite in await work.owed.to_remind(now):
        end, days = invite.expires_at, invite.reminded_days
        if end is None or days is None:
            continue
        message_id = await work.messages.owe(
            invite.guild_id,
            invite.member_id,
            invite.id,
            name_matter(Matter.ENDING, invite.id, days, end),
            now=now,
            locale=invite.locale,
            days=days,
            end=int(end.timestamp()),
        )
        if message_id is not None:
            await work.audit.happened(
                invite.guild_id, "member.reminded", now=now, invite_id=invite.id, days=days
            )
            jobs.append(SendMessage(message_id))
    return jobs


def _is_still_so(message: Message, invite: Invite) -> bool:
    """Whether what it says is still true, and still news."""
    if invite.is_ending:
        return False
    match message.kind:
        case Matter.ENDING:
            ends = invite.expires_at
            same_end = ends is not None and int(ends.timestamp()) == message.details.get("end")
            return invite.state in {InviteState.ACTIVE, InviteState.SUSPENDED} and same_end
        case Matter.WAITS:
            return invite.state is InviteState.SENT
        case Matter.ROLE_LOST:
            return invite.state in _HAS_ACCESS and invite.absent_since is not None
        case Matter.STAYS:
            return invite.state in _HAS_ACCESS and invite.absent_since is None
