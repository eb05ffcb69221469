"""The looks at cards and members' news of a whole guild: owed at once, or put off together."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.invites import OPEN
from db.invites import INVITE, C


class Cards:
    """What the invites of a guild have in common, in one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owe_all(self, guild_id: int, now: datetime) -> Sequence[int]:
        """Let every open request owe its card, and every card that was left behind; their ids.

        A card that stands is edited to what it shows already; one that is gone is posted again, and
        one that stands in another channel than that of the guild moves there.
        """
        behind = and_(C.card_message_id.is_not(None), C.card_version < C.version)
        owed = await self._session.execute(
            update(INVITE)
            .where(C.guild_id == guild_id, or_(C.state.in_(OPEN), behind))
            .values(card_due_at=now)
            .returning(C.id)
        )
        return sorted(owed.scalars())

    async def put_off(
        self, guild_id: int, channel_id: int, *, is_request_channel: bool, until: datetime
    ) -> None:
        """Let all cards of a channel wait that owe a look, as it takes none for now."""
        there = C.card_channel_id == channel_id
        if is_request_channel:
            # Those of open requests that stand elsewhere are to move here.
            there = or_(there, C.card_message_id.is_(None), C.state.in_(OPEN))
        await self._session.execute(
            update(INVITE)
            .where(C.guild_id == guild_id, there, C.card_due_at < until)
            .values(card_due_at=until)
        )

    async def owe_news(self, guild_id: int, now: datetime) -> None:
        """Let members hear now what was put off while the bot was away from their guild."""
        await self._session.execute(
            update(INVITE)
            .where(C.guild_id == guild_id, C.tell_due_at.is_not(None))
            .values(tell_due_at=now)
        )
