"""Who somebody is to Discord, as an admin names them, and whether they can be given access."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import Refused
from db.ledger import Work


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A Discord user, as Discord has described them just now; `is_here`: a member of the guild."""

    user_id: int
    is_here: bool = True
    is_bot: bool = False
    joined_at: datetime | None = None


async def refuse_unfit(work: Work, guild_id: int, newcomer: Newcomer) -> None:
    """Raise `Refused` (`newcomer.*`) for bots, strangers, and whoever has or awaits access."""
    if newcomer.is_bot:
        raise Refused("newcomer.bot", user=newcomer.user_id)
    if not newcomer.is_here:
        raise Refused("newcomer.not_here", user=newcomer.user_id)
    present = await work.invites.latest_of(guild_id, newcomer.user_id)
    if present is not None and present.is_open:
        raise Refused("newcomer.has_asked", user=newcomer.user_id)
    if present is not None and present.is_live:
        raise Refused("newcomer.has_access", user=newcomer.user_id, state=present.state)
