"""The ledger's side of showing: which card or answer is out of date, and what it has to say."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.channels import ChannelProblem
from bot.domain.codes import Code
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import SendMessage, ShowCard, TellMember
from bot.domain.links import Link, LinkedLibrary, Tier
from bot.domain.messages import Matter, name_matter
from bot.domain.people import Actor, GuildSettings
from bot.domain.timing import SHOW_AGAIN_LATER, SHOW_AGAIN_SOON, SHOW_LEASE
from bot.services.mine import Mine, mine_of
from bot.services.seats import ahead_of
from db.answers import Answer
from db.ledger import Ledger, Work

# Discord remembers a nonce for "the past few minutes".
NONCE_LIFE = timedelta(minutes=2)
# A deleted channel does not come back; looked at all the same, as Discord may have been mistaken.
CHANNEL_GONE_AGAIN = timedelta(hours=1)
# What stands in the way of cards is told where everybody reads at most this often.
ANNOUNCED = timedelta(days=7)
# While the bot is away from a guild its members' news waits; this is the net below its return.
AWAY_AGAIN = timedelta(days=1)

# Worth a direct message once the private answer is over, and worth a look before asking anew.
WORTH_TELLING = frozenset(
    {
        InviteState.WAITLISTED,
        InviteState.SENT,
        InviteState.ACTIVE,
        InviteState.SUSPENDED,
        InviteState.DENIED,
        InviteState.FAILED,
        InviteState.ENDED,
    }
)


@dataclass(frozen=True, slots=True)
class CardData:
    """Everything that a review card shows; `tiers` are what an open request can be approved as;
    `ahead` are in line before somebody who waits for a seat.

    `is_late` says that an earlier attempt may have posted it longer ago than Discord remembers.
    """

    invite: Invite
    guild: GuildSettings
    tier: Tier | None = None
    link: Link | None = None
    earlier: tuple[Invite, ...] = ()
    code: Code | None = None
    is_late: bool = False
    tiers: tuple[Tier, ...] = ()
    ahead: int | None = None


@dataclass(frozen=True, slots=True)
class TellData:
    """A member's invite and the private answers that can still be edited."""

    invite: Invite
    tier: Tier | None
    link: Link | None
    libraries: tuple[LinkedLibrary, ...] = ()
    answers: tuple[Answer, ...] = ()
    mine: Mine = field(default_factory=Mine)

    @property
    def may_write(self) -> bool:
        """The member has not switched direct messages off."""
        return not self.mine.member.dms_off

    @property
    def locale(self) -> str:
        """The language to tell them in."""
        return self.mine.member.locale or self.invite.locale

    @property
    def is_reminder(self) -> bool:
        """The member is reminded to accept, and has not seen that yet: an edit notifies nobody.

        The same where a seat has come free, and is kept for so long only.
        """
        return _is_pressing(self.invite) and self.invite.dm_version == 0


class ShowingService:
    """Claims of cards and answers; rendering always starts from the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def card(self, invite_id: int) -> CardData | None:
        """Take the card for this caller; None when it is up to date or being shown."""
        async with self._ledger.begin() as work:
            invite = await work.owed.claim_look(
                invite_id, "card", now=self._clock.now(), lease=SHOW_LEASE
            )
            if invite is None:
                return None
            if await work.guilds.has_left(invite.guild_id):
                await work.invites.note(invite_id, card_due_at=None, card_leased_until=None)
                await work.commit()
                return None
            data = await self._card_data(work, invite)
            await work.commit()
            return data

    async def _card_data(self, work: Work, invite: Invite) -> CardData:
        return CardData(
            invite,
            await work.guilds.settings(invite.guild_id),
            await work.tiers.get(invite.tier_id) if invite.tier_id else None,
            await work.links.get(invite.link_id) if invite.link_id else None,
            tuple(await work.invites.earlier_of(invite)),
            await work.codes.get(invite.code_id, invite.guild_id) if invite.code_id else None,
            is_late=self._clock.now() - invite.requested_at > NONCE_LIFE,
            tiers=tuple(await work.tiers.of_guild(invite.guild_id)) if invite.is_open else (),
            ahead=await ahead_of(work, invite),
        )

    async def card_shown(self, invite: Invite, channel_id: int, message_id: int) -> None:
        """The card shows `invite.version`; it stays due if the invite has moved on since."""
        await self._settle(
            invite,
            "card",
            card_channel_id=channel_id,
            card_message_id=message_id,
            card_version=invite.version,
        )

    async def card_not_wanted(self, invite: Invite) -> None:
        """There is nowhere to show it (no request channel)."""
        await self._settle(invite, "card")

    async def card_blocked(self, data: CardData, channel_id: int, problem: ChannelProblem) -> bool:
        """The channel takes no cards: all of them wait. True when that should be announced.

        One card at a time finds out whether it takes them again, so that a closed channel costs
        a request in a while, however many cards wait for it.
        """
        now, invite = self._clock.now(), data.invite
        gone = problem is ChannelProblem.GONE
        until = now + (CHANNEL_GONE_AGAIN if gone else SHOW_AGAIN_LATER)
        async with self._ledger.begin() as work:
            await work.owed.settle(
                invite.id, "card", version=invite.version, now=now, again_at=until
            )
            await work.cards.put_off(
                invite.guild_id,
                channel_id,
                is_request_channel=channel_id == data.guild.request_channel_id,
                until=until,
            )
            known = await work.audit.happened_since(
                invite.guild_id, "cards.blocked", now - ANNOUNCED, channel=channel_id
            )
            if not known:
                await work.audit.happened(
                    invite.guild_id, "cards.blocked", now=now, why=problem, channel=channel_id
                )
            await work.commit()
        return not known

    async def owe_cards(self, actor: Actor) -> int:
        """A reviewer wants every missing card: look after all of them at once; how many."""
        return await self._owe_cards(actor.guild_id)

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        """A channel is gone: if the cards were there, find out now instead of at the next news."""
        async with self._ledger.begin() as work:
            settings = await work.guilds.settings(guild_id)
        if settings.request_channel_id == channel_id:
            await self._owe_cards(guild_id)

    async def _owe_cards(self, guild_id: int) -> int:
        async with self._ledger.begin() as work:
            owed = await work.cards.owe_all(guild_id, self._clock.now())
            await work.jobs.enqueue(*map(ShowCard, owed))
            await work.commit()
            return len(owed)

    async def card_of(self, actor: Actor, member_id: int) -> CardData | None:
        """What a reviewer asks to see of a member: the live invite, else the last one."""
        async with self._ledger.begin() as work:
            invite = await work.invites.latest_of(actor.guild_id, member_id)
            return None if invite is None else await self._card_data(work, invite)

    async def tell(self, invite_id: int) -> TellData | None:
        """Take the member's news for this caller; None when there are none."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.owed.claim_look(invite_id, "tell", now=now, lease=SHOW_LEASE)
            if invite is None:
                return None
            if not _took_access(invite) and await work.guilds.has_left(invite.guild_id):
                await work.invites.note(
                    invite_id, tell_due_at=now + AWAY_AGAIN, tell_leased_until=None
                )
                await work.commit()
                return None
            if await work.forgettings.asked(invite.guild_id, invite.member_id):
                # They asked for silence.
                await work.invites.note(invite_id, tell_due_at=None, tell_leased_until=None)
                await work.commit()
                return None
            tier = await work.tiers.get(invite.tier_id) if invite.tier_id else None
            data = TellData(
                invite,
                tier,
                await work.links.get(invite.link_id) if invite.link_id else None,
                await given_libraries(work, invite, tier),
                tuple(await work.answers.open_for(invite.id, now)),
                await mine_of(work, invite),
            )
            await work.commit()
            return data

    async def told(self, invite: Invite, dm: tuple[int, int] | None = None) -> None:
        """The member has seen `invite.version`; `dm` is (channel id, message id), if by DM."""
        columns: dict[str, Any] = {"dm_version": invite.version}
        if dm is not None:
            columns |= {"dm_channel_id": dm[0], "dm_message_id": dm[1], "dm_closed": False}
        await self._settle(invite, "tell", **columns)

    async def not_worth_telling(self, invite: Invite) -> None:
        """No private answer is open, and the news is not worth a direct message."""
        await self._settle(invite, "tell")

    async def untold(self, invite: Invite) -> None:
        """The member cannot be reached: the news waits for their next command.

        Where the admins allow it they are mentioned, if it is that an invite waits for them.
        """
        if _is_pressing(invite):
            await self._owe_mention(invite)
        await self._settle(invite, "tell", dm_closed=True)

    async def _owe_mention(self, invite: Invite) -> None:
        async with self._ledger.begin() as work:
            if not (await work.guilds.settings(invite.guild_id)).private_threads:
                return
            message_id = await work.messages.owe(
                invite.guild_id,
                invite.member_id,
                invite.id,
                name_matter(Matter.WAITS, invite.id, invite.nudged_at, invite.take_by),
                now=self._clock.now(),
                locale=invite.locale,
            )
            if message_id is not None:
                await work.jobs.enqueue(SendMessage(message_id))
            await work.commit()

    async def waits_for(self, actor: Actor) -> bool:
        """Whether the member has something to see before they may ask (anew).

        That is a live invite, or news that could not be told.
        """
        async with self._ledger.begin() as work:
            invite = await work.invites.latest_of(actor.guild_id, actor.user_id)
        return invite is not None and (invite.is_live or is_untold(invite))

    async def seen(self, invite: Invite | None) -> None:
        """The member has just looked at this; called for every look, costs nothing mostly."""
        if invite is None or not is_untold(invite):
            return
        async with self._ledger.begin() as work:
            await work.invites.note(invite.id, dm_version=invite.version)
            await work.commit()

    async def answer_over(self, answer_id: int) -> None:
        """Discord no longer knows this answer."""
        async with self._ledger.begin() as work:
            await work.answers.drop(answer_id)
            await work.commit()

    async def cannot(
        self, invite: Invite, what: str, *, refused: bool, at_least: float = 0.0
    ) -> None:
        """Discord refused, or did not answer: try again later, or soon.

        `at_least` is how many seconds Discord itself asks to wait.
        """
        wait = SHOW_AGAIN_LATER if refused else SHOW_AGAIN_SOON
        wait = max(wait, timedelta(seconds=at_least))
        await self._settle(invite, what, again_at=self._clock.now() + wait)

    async def _settle(self, invite: Invite, what: str, **columns: Any) -> None:
        async with self._ledger.begin() as work:
            settled = await work.owed.settle(
                invite.id, what, version=invite.version, now=self._clock.now(), **columns
            )
            if settled is not None and settled.version > invite.version:
                again = ShowCard(invite.id) if what == "card" else TellMember(invite.id)
                await work.jobs.enqueue(again)
            await work.commit()


async def given_libraries(
    work: Work, invite: Invite, tier: Tier | None
) -> tuple[LinkedLibrary, ...]:
    """What somebody really has, which need not be what the tier has by now."""
    if invite.grant is None or invite.link_id is None:
        return tier.libraries if tier is not None else ()
    there = await work.links.libraries(invite.link_id)
    return tuple(one for one in there if one.section_id in invite.grant.section_ids)


def _is_pressing(invite: Invite) -> bool:
    """The member is to accept on Plex, has waited with it, or has only so long."""
    is_pressing = invite.nudged_at is not None or invite.take_by is not None
    return invite.state is InviteState.SENT and is_pressing


def is_untold(invite: Invite) -> bool:
    """There is news that no message could bring, and that the member has not seen elsewhere."""
    unseen = invite.dm_closed and invite.dm_version < invite.version
    return unseen and invite.state in WORTH_TELLING


def _took_access(invite: Invite) -> bool:
    """The member could watch and no longer can: told even where the bot was removed.

    Everything else is a matter of that guild, and waits until the bot is back there.
    """
    lost = {InviteState.SUSPENDED, InviteState.ENDED}
    return invite.active_at is not None and invite.state in lost
