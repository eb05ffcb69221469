"""An admin gives access to somebody who has not asked."""

from dataclasses import dataclass, field
from typing import Any

from bot.clock import Clock
from bot.domain.durations import parse_end, parse_zone
from bot.domain.errors import Refused
from bot.domain.invites import NO_CARD
from bot.domain.links import Tier
from bot.domain.logins import Login, parse_login
from bot.domain.people import Actor
from bot.services.access_view import AccessView, view_of
from bot.services.approving import approve, shareable_tier
from bot.services.newcomers import Newcomer, refuse_unfit
from db.ledger import Ledger, Work

# What is said to somebody who decides a request does not fit where there is none.
_IN_OTHER_WORDS = {"invite.of_owner": "login.owner", "plex.not_connected": "plex.not_set_up"}


@dataclass(frozen=True, slots=True)
class Gift:
    """What is given to whom: `login` and `until` as typed, `tier_id` None for the default tier."""

    newcomer: Newcomer
    login: str = field(repr=False)
    tier_id: int | None = None
    until: str | None = None


class GrantService:
    """Access without a request: asked for and approved in one transaction."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def grant(self, actor: Actor, gift: Gift) -> AccessView:
        """Store it as approved, with the job that sends the invite.

        No card is posted: there is nothing to decide. Raises `Refused` (`access.own`, `login.*`,
        `newcomer.*`, `grant.login_taken`, `tier.*`, `plex.not_set_up`, `duration.*`).
        """
        login, now = parse_login(gift.login), self._clock.now()
        if gift.newcomer.user_id == actor.user_id:
            raise Refused("access.own")
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            settings = await work.guilds.settings(actor.guild_id)
            columns: dict[str, Any] = {"card_channel_id": NO_CARD}
            if gift.until:
                zone = parse_zone(settings.timezone)
                columns["expires_at"] = parse_end(gift.until, now=now, base=now, zone=zone)
            await refuse_unfit(work, actor.guild_id, gift.newcomer)
            await _refuse_taken(work, actor, login)
            tier = await _tier(work, actor, login, gift.tier_id)
            invite = await work.invites.add(
                guild_id=actor.guild_id,
                member_id=gift.newcomer.user_id,
                member_joined_at=gift.newcomer.joined_at,
                login=login,
                note="",
                locale=settings.locale,
                now=now,
                tier_id=tier.id,
                link_id=tier.link_id,
            )
            noted = await work.invites.note(invite.id, **columns) or invite
            approved = await approve(
                work,
                noted,
                tier,
                by=actor.user_id,
                now=now,
                action="access.granted",
                may_wait=False,
            )
            view = await view_of(work, approved or noted)
            await work.commit()
            return view


async def _tier(work: Work, actor: Actor, login: Login, tier_id: int | None) -> Tier:
    try:
        return await shareable_tier(work, actor.guild_id, login, tier_id)
    except Refused as refusal:
        key = _IN_OTHER_WORDS.get(refusal.key)
        if key is None:
            raise
        raise Refused(key) from None


async def _refuse_taken(work: Work, actor: Actor, login: Login) -> None:
    holder = await work.invites.holder_of(actor.guild_id, login)
    if holder is None:
        return
    if not holder.is_live:
        raise Refused("login.being_released")
    raise Refused("grant.login_taken", user=holder.member_id)
