"""A member proves by signing in with Plex which account is theirs, and asks for access with it."""

from dataclasses import dataclass
from datetime import datetime

from bot.clock import Clock
from bot.domain.errors import Refused
from bot.domain.invites import Invite
from bot.domain.jobs import ShowCard
from bot.domain.links import Tier
from bot.domain.logins import Login, parse_login
from bot.domain.people import Asking
from bot.domain.sign_in import CODE, JOINED, PlexAccount, SignIn, SignInState
from bot.services.accepting import hold_for
from bot.services.approving import approve, shareable_tier
from bot.services.invites import MemberView, member_view, refuse_taken
from bot.services.panels import queue_changed
from bot.services.redeeming import redeemed, take_use, tier_of
from bot.services.sign_ins import end
from db.ledger import Ledger, Work


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a member's sign-in: their request, or the refusal that they read."""

    view: MemberView | None = None
    refusal: Refused | None = None


class ProvingService:
    """Requests that come with a sign-in."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def settle(self, sign_in: SignIn) -> Proof:
        """Store the request of who has signed in, and approve it where the guild has it so.

        The sign-in is held then, to accept on Plex with it; for how long is its member's choice
        where admins decide first. What came to nothing is signed out. Once more changes nothing.
        """
        try:
            return await self._ask(sign_in)
        except Refused as refusal:
            return await self.fail(sign_in, refusal)

    async def fail(self, sign_in: SignIn, refusal: Refused) -> Proof:
        """Nothing comes of a sign-in: it is signed out, and its member reads why."""
        async with self._ledger.begin() as work:
            key = refusal.key
            await end(work, sign_in, SignInState.FAILED, self._clock.now(), problem_key=key)
            await work.commit()
        return Proof(refusal=refusal)

    async def _ask(self, sign_in: SignIn) -> Proof:
        now = self._clock.now()
        async with self._ledger.begin() as work:
            present = await work.sign_ins.get(sign_in.id, lock=True)
            own = await work.invites.latest_of(sign_in.guild_id, sign_in.user_id)
            if own is not None and own.is_live:
                # Asked in another way meanwhile, or this is done once more after a crash.
                own = await _prove(work, present, own, now)
                await end(work, sign_in, SignInState.USED, now)
                await work.commit()
                return Proof(await member_view(work, own))
            if present is None or present.account is None:
                raise Refused("sign_in.member_over")
            if present.state is not SignInState.SIGNED_IN:
                raise Refused("sign_in.member_over")
            invite = await self._store(work, present, present.account, now)
            await _hand_over_answer(work, present, invite, now)
            await hold_for(work, present, invite, now)
            await work.jobs.enqueue(ShowCard(invite.id))
            await queue_changed(work, invite.guild_id, now)
            await work.commit()
            return Proof(await member_view(work, invite))

    async def _store(
        self, work: Work, sign_in: SignIn, account: PlexAccount, now: datetime
    ) -> Invite:
        settings = await work.guilds.settings(sign_in.guild_id)
        code_id = sign_in.details.get(CODE)
        if settings.asking is Asking.WITH_CODE and code_id is None:
            raise Refused("code.needed")
        names = _logins(account)
        code = await take_use(work, code_id, now) if code_id is not None else None
        tier = await tier_of(work, code) or await work.tiers.default_of(sign_in.guild_id)
        await _refuse_anothers(work, sign_in.guild_id, account, names, tier)
        joined = sign_in.details.get(JOINED)
        invite = await work.invites.add(
            guild_id=sign_in.guild_id,
            member_id=sign_in.user_id,
            member_joined_at=datetime.fromisoformat(joined) if joined else None,
            login=names[0],
            note="",
            locale=sign_in.locale,
            now=now,
            tier_id=tier.id if tier else None,
            link_id=tier.link_id if tier else None,
            code_id=code.id if code else None,
        )
        # Refused where another live invite holds the account, whatever it was typed as.
        proved = await work.invites.note(invite.id, account_id=account.id, is_proven=True)
        await work.audit.moved(invite, "invite.requested", now=now, by=sign_in.user_id, proven=True)
        invite = proved or invite
        if code is not None:
            invite = await redeemed(work, invite, code, now, names)
        if settings.asking is Asking.SIGNED_IN and invite.is_open:
            invite = await _approved(work, invite, now, names)
        return invite


async def _refuse_anothers(
    work: Work, guild_id: int, account: PlexAccount, names: list[Login], tier: Tier | None
) -> None:
    """Raise `Refused` (`login.*`) for the owner, and for what somebody else has or asks for."""
    link = await work.links.get(tier.link_id) if tier else None
    for name in names:
        await refuse_taken(work, guild_id, name)
        if link is not None and await work.links.is_owner(link.id, name):
            raise Refused("login.owner")
    if link is not None and link.owner_account_id == account.id:
        raise Refused("login.owner")


async def _prove(work: Work, sign_in: SignIn | None, own: Invite, now: datetime) -> Invite:
    """Who has asked by typing an account shows that it is theirs, so it can be accepted for them.

    Another account than the one that was typed changes nothing.
    """
    if sign_in is None or sign_in.account is None or sign_in.state is not SignInState.SIGNED_IN:
        return own
    account = sign_in.account
    typed = own.login.lookup in {name.lookup for name in _logins(account)}
    if own.account_id != account.id and not (typed and own.account_id is None):
        return own
    try:
        proved = await work.invites.note(own.id, account_id=account.id, is_proven=True)
    except Refused:
        return own
    await work.audit.happened(
        own.guild_id, "invite.proven", now=now, by=own.member_id, invite_id=own.id
    )
    await hold_for(work, sign_in, own, now)
    await _hand_over_answer(work, sign_in, own, now)
    await work.owed.owe_look(own.id, now)
    await work.jobs.enqueue(ShowCard(own.id))
    return proved or own


async def _approved(work: Work, invite: Invite, now: datetime, names: list[Login]) -> Invite:
    """The guild lets everybody in who has signed in; where that cannot be now, admins decide.

    So they do about whom they have sent away before.
    """
    if await work.holders.turned_away_at(invite, names) is not None:
        return invite
    try:
        tier = await shareable_tier(work, invite.guild_id, invite.login)
        approved = await approve(
            work, invite, tier, by=None, now=now, action="invite.approved_proven"
        )
    except Refused:
        return invite
    return approved or invite


async def _hand_over_answer(work: Work, sign_in: SignIn, invite: Invite, now: datetime) -> None:
    """The private answer of the sign-in shows the request from now on."""
    answer = await work.sign_ins.answer_of(sign_in.id, now)
    if answer is not None:
        await work.answers.add(
            invite.id,
            application_id=answer.application_id,
            token=answer.token,
            created_at=answer.made_at,
        )


def _logins(account: PlexAccount) -> list[Login]:
    """The account's address and name, as far as they can be used to invite it; the first is.

    Raises `Refused` (`login.*`) when neither can.
    """
    found = []
    trouble = Refused("login.empty")
    for name in filter(None, (account.email, account.username)):
        try:
            found.append(parse_login(name))
        except Refused as refusal:
            trouble = refusal
    if not found:
        raise trouble
    return found
