"""Codes as members meet them: typed, checked, used, given back, and guarded against guessing."""

import math
from collections.abc import Collection
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.codes import (
    BURST,
    GUILD_SECONDS,
    PERSON_SECONDS,
    WRONG_BY_PERSON,
    WRONG_IN_GUILD,
    Code,
    normal,
    refusal,
)
from bot.domain.errors import Refused
from bot.domain.invites import Invite
from bot.domain.jobs import ShowCard, ShowNotice
from bot.domain.links import Tier
from bot.domain.logins import Login
from bot.domain.notices import NoticeKind
from bot.domain.people import Actor
from bot.domain.sign_in import CODE, SignInPurpose
from bot.services.approving import approve, shareable_tier, wished_tier
from bot.services.codes import note_code
from db.ledger import Ledger, Work
from db.rates import Limit


class RedeemingService:
    """The look at a code that somebody has typed."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def check(self, actor: Actor, typed: str) -> Code:
        """The good code that somebody has typed; nothing is used yet.

        Raises `Refused` (`code.*`), and then the try is counted, by person and by guild.
        """
        now, guild_id, text = self._clock.now(), actor.guild_id, normal(typed)
        async with self._ledger.begin() as work:
            # Taken before anything is looked up, and only kept when the code is wrong: tries at
            # the same instant wait for each other here.
            wait = await work.rates.acquire([_of_person(actor)])
            if wait > 0:
                raise Refused("code.too_many", seconds=math.ceil(wait))
            code = await work.codes.find(guild_id, text) if text else None
            key = refusal(code, now)
            if code is not None and not code.is_chosen:
                # Nobody guesses one of these, so they neither count nor wait with the rest.
                guild_wait = 0.0
            else:
                guild_wait = await work.rates.acquire([_of_guild(guild_id)])
            if guild_wait > 0:
                raise Refused("code.too_many", seconds=math.ceil(guild_wait))
            if key is None and code is not None:
                return code
            await work.guilds.ensure(guild_id)
            await work.audit.happened(
                guild_id, "code.refused", now=now, by=actor.user_id, why=key or ""
            )
            if code is None or code.is_chosen:
                await _warn_of_burst(work, actor, now)
            await work.commit()
        raise Refused(key or "code.wrong")

    async def known(self, actor: Actor) -> Code | None:
        """The code that somebody has typed before a sign-in that is still open, if it is good."""
        async with self._ledger.begin() as work:
            sign_in = await work.sign_ins.open_of(
                actor.guild_id, actor.user_id, SignInPurpose.MEMBER
            )
            code_id = sign_in.details.get(CODE) if sign_in is not None else None
            code = await work.codes.get(code_id, actor.guild_id) if code_id else None
            return code if refusal(code, self._clock.now()) is None else None


async def take_use(work: Work, code_id: int, now: datetime) -> Code:
    """Take one use of a code that was good a moment ago. Raises `Refused` when it no longer is."""
    code = await work.codes.use(code_id, now)
    if code is None:
        raise Refused("code.just_used_up")
    return code


async def tier_of(work: Work, code: Code | None) -> Tier | None:
    """The tier that a code names, while it can be given."""
    named = await work.tiers.get(code.tier_id) if code is not None and code.tier_id else None
    return None if named is None or named.is_going else named


async def redeemed(
    work: Work, invite: Invite, code: Code, now: datetime, names: Collection[Login] = ()
) -> Invite:
    """A request has used a code, which may say yes to it.

    Where that cannot be carried out now, the request waits for a reviewer like any other. So it
    does for somebody who was sent away after the code was made. `names`: what else their Plex
    account is called, where that is known.
    """
    await note_code(work, code, "code.used", now=now, by=invite.member_id, invite_id=invite.id)
    if not code.skips_approval:
        return invite
    turned_away_at = await work.holders.turned_away_at(invite, names)
    if turned_away_at is not None and turned_away_at >= code.created_at:
        return invite
    try:
        tier_id = await wished_tier(work, invite)
        tier = await shareable_tier(work, invite.guild_id, invite.login, tier_id)
        approved = await approve(
            work, invite, tier, by=None, now=now, action="invite.approved_by_code"
        )
    except Refused:
        return invite
    return approved or invite


async def use_for(work: Work, invite: Invite, code: Code, now: datetime) -> Invite:
    """Use a code for a request that waits: its tier, and its yes. Raises `Refused`."""
    # One member's presses one after the other: each would take a use.
    await work.invites.hold(invite.id)
    invite = await work.invites.get(invite.id) or invite
    if invite.code_id == code.id:
        return invite
    await give_back(work, invite, now)
    code = await take_use(work, code.id, now)
    tier = await tier_of(work, code)
    known = {} if tier is None else {"tier_id": tier.id, "link_id": tier.link_id}
    with_code = await work.invites.note(
        invite.id, code_id=code.id, code_given_back=False, card_due_at=now, **known
    )
    if with_code is None or not with_code.is_open:
        # Decided a moment ago, before this row could be held.
        raise Refused("invite.moved_on")
    await work.jobs.enqueue(ShowCard(invite.id))
    return await redeemed(work, with_code, code, now)


async def give_back(work: Work, invite: Invite, now: datetime) -> None:
    """An invite came to nothing before anything was shared: its code can be used in its place."""
    if invite.code_id is None or invite.sent_at is not None:
        return
    code = await work.codes.give_back(invite.id)
    if code is not None:
        await note_code(work, code, "code.given_back", now=now, invite_id=invite.id)


async def take_again(work: Work, invite: Invite, now: datetime, by: int) -> None:
    """An invite that had come to nothing goes on: it uses its code again, unless others have.

    Raises `Refused("access.code_used_up")`. The caller changes the invite next.
    """
    code_id = await work.codes.reclaim(invite.id)
    if code_id is None:
        return
    # Who lets the invite in decides about it anew, so the code's time need not last.
    code = await work.codes.use_again(code_id)
    if code is None:
        raise Refused("access.code_used_up", user=invite.member_id)
    await note_code(work, code, "code.used", now=now, by=by, invite_id=invite.id)


async def calm_down(work: Work, now: datetime) -> None:
    """Clear the warnings about wrong codes of guilds where none was typed for a while."""
    for notice in await work.notices.open_of(NoticeKind.WRONG_CODES):
        since = now - timedelta(seconds=GUILD_SECONDS)
        if await work.audit.happened_since(notice.guild_id, "code.refused", since):
            continue
        cleared = await work.notices.clear(notice.guild_id, NoticeKind.WRONG_CODES, now=now)
        if cleared is not None:
            await work.jobs.enqueue(ShowNotice(cleared))


async def _warn_of_burst(work: Work, actor: Actor, now: datetime) -> None:
    burst = Limit(f"guild:{actor.guild_id}:code-burst", BURST - 1, GUILD_SECONDS)
    if await work.rates.acquire([burst]) == 0:
        return
    notice_id = await work.notices.open(
        actor.guild_id, NoticeKind.WRONG_CODES, now=now, news="n", n=BURST
    )
    if notice_id is not None:
        await work.jobs.enqueue(ShowNotice(notice_id))


def _of_person(actor: Actor) -> Limit:
    key = f"guild:{actor.guild_id}:user:{actor.user_id}:code"
    return Limit(key, WRONG_BY_PERSON, PERSON_SECONDS)


def _of_guild(guild_id: int) -> Limit:
    return Limit(f"guild:{guild_id}:code", WRONG_IN_GUILD, GUILD_SECONDS)
