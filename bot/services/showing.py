"""The ledger's side of showing: which card or answer is out of date, and what it has to say."""

from dataclasses import dataclass
from typing import Any

from bot.clock import Clock
from bot.domain.invites import Invite
from bot.domain.jobs import ShowCard, TellMember
from bot.domain.links import Link, Tier
from bot.domain.people import GuildSettings
from bot.domain.timing import SHOW_AGAIN_LATER, SHOW_AGAIN_SOON, SHOW_LEASE
from db.answers import Answer
from db.ledger import Ledger, Work


@dataclass(frozen=True, slots=True)
class CardData:
    """Everything that a review card shows."""

    invite: Invite
    guild: GuildSettings
    tier: Tier | None = None
    link: Link | None = None
    earlier: tuple[Invite, ...] = ()


@dataclass(frozen=True, slots=True)
class TellData:
    """A member's invite and the private answers that can still be edited."""

    invite: Invite
    tier: Tier | None
    link: Link | None
    answers: tuple[Answer, ...] = ()


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

    async def card_lost(self, invite: Invite) -> None:
        """The message was deleted: forget it, so that an open request gets a new one."""
        async with self._ledger.begin() as work:
            await work.invites.note(
                invite.id,
                card_message_id=None,
                card_channel_id=None,
                card_due_at=self._clock.now(),
                card_leased_until=None,
            )
            await work.commit()

    async def tell(self, invite_id: int) -> TellData | None:
        """Take the member's news for this caller; None when there are none."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            invite = await work.owed.claim_look(invite_id, "tell", now=now, lease=SHOW_LEASE)
            if invite is None:
                return None
            data = TellData(
                invite,
                await work.tiers.get(invite.tier_id) if invite.tier_id else None,
                await work.links.get(invite.link_id) if invite.link_id else None,
                tuple(await work.answers.open_for(invite.id, now)),
            )
            await work.commit()
            return data

    async def told(
        self, invite: Invite, dm: tuple[int, int] | None = None, *, dm_closed: bool | None = None
    ) -> None:
        """The member has seen `invite.version`; `dm` is (channel id, message id), if by DM."""
        columns: dict[str, Any] = {}
        if dm is not None:
            columns |= {
                "dm_channel_id": dm[0],
                "dm_message_id": dm[1],
                "dm_version": invite.version,
            }
        if dm_closed is not None:
            columns["dm_closed"] = dm_closed
        await self._settle(invite, "tell", **columns)

    async def answer_over(self, answer_id: int) -> None:
        """Discord no longer knows this answer."""
        async with self._ledger.begin() as work:
            await work.answers.drop(answer_id)
            await work.commit()

    async def cannot(self, invite: Invite, what: str, *, refused: bool) -> None:
        """Discord refused, or did not answer: try again later, or soon."""
        wait = SHOW_AGAIN_LATER if refused else SHOW_AGAIN_SOON
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
