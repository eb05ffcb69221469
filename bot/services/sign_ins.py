"""Signing in with Plex: begun by a person, followed by a job, used by whoever wanted it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.errors import PlexError
from bot.domain.jobs import FollowSignIn
from bot.domain.links import Link
from bot.domain.people import Actor
from bot.domain.sign_in import OwnedServer, PlexAccount, SignIn, SignInPurpose, SignInState
from bot.domain.timing import RECHECK, WORK_LEASE
from bot.log import logger
from bot.plex import PlexService
from bot.services.invites import AnswerToken
from db.answers import TOKEN_LIFE
from db.ledger import Ledger, Work
from db.sign_ins import HeldAnswer

log = logger(__name__)

# How often Plex is asked while somebody is surely at it, and after a while.
LOOK = timedelta(seconds=2)
LOOK_LATER = timedelta(seconds=10)
AT_IT = timedelta(minutes=5)
# Plex would wait for longer, but then nobody could be told in the same message that it is over.
LONGEST = timedelta(minutes=13)
# A PIN with less time left than this is not offered once more.
TIME_ENOUGH = timedelta(minutes=5)
# Who has signed in to link a server chooses it within this time.
KEPT = timedelta(hours=1)
# Plex is asked to forget a token for so long; it is erased here in any case.
SIGN_OUT_WITHIN = timedelta(days=1)
# A token is kept for so long at most, to accept what Plex sends for its member.
HELD = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class SignInView:
    """A sign-in, and while it waits the page on which it is confirmed."""

    sign_in: SignIn
    url: str | None = None


class SignInService:
    """One open sign-in a person, a guild and a purpose; a new one replaces it."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex

    async def begin(
        self,
        actor: Actor,
        purpose: SignInPurpose,
        *,
        locale: str = "en",
        anew: bool = False,
        details: Mapping[str, Any] | None = None,
        answer: AnswerToken | None = None,
    ) -> SignInView:
        """The person's sign-in: the open one while there is time left, unless `anew`, or a new one.

        `details` are ids and words that the purpose needs later, no secrets; `answer` is the
        private answer that shows the sign-in. Raises `PlexError`.
        """
        now = self._clock.now()
        if not anew:
            async with self._ledger.begin() as work:
                known = await work.sign_ins.open_of(actor.guild_id, actor.user_id, purpose)
                is_same = known is not None and details in (None, known.details)
                if known is not None and is_same and _is_fresh(known, now):
                    await _keep(work, known, answer, now)
                    await work.commit()
                    return self._view(known)
        pin = await self._plex.begin_sign_in()
        pin = replace(pin, seconds=min(pin.seconds, LONGEST.total_seconds()))
        async with self._ledger.begin() as work:
            # Two presses at the same moment: one after the other.
            await work.guilds.lock(actor.guild_id)
            old = await work.sign_ins.open_of(actor.guild_id, actor.user_id, purpose)
            if old is not None:
                await end(work, old, SignInState.REPLACED, now)
            made = await work.sign_ins.add(
                guild_id=actor.guild_id,
                user_id=actor.user_id,
                purpose=purpose,
                pin=pin,
                now=now,
                locale=locale,
                details=details,
            )
            await _keep(work, made, answer, now)
            await work.jobs.enqueue(FollowSignIn(made.id))
            await work.commit()
            return self._view(made)

    async def current(
        self, actor: Actor, purpose: SignInPurpose, answer: AnswerToken | None = None
    ) -> SignInView | None:
        """The person's latest sign-in, however it went."""
        async with self._ledger.begin() as work:
            found = await work.sign_ins.latest_of(actor.guild_id, actor.user_id, purpose)
            if found is None:
                return None
            await _keep(work, found, answer, self._clock.now())
            await work.commit()
            return self._view(found)

    def _view(self, sign_in: SignIn) -> SignInView:
        code = sign_in.code
        return SignInView(sign_in, self._plex.sign_in_url(code) if code is not None else None)

    # -- for the job ------------------------------------------------------------------------------

    async def take(self, sign_in_id: int) -> SignIn | None:
        """Take what is owed for a sign-in; None when nothing is.

        One whose time is over comes back as expired.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            taken = await work.sign_ins.claim(sign_in_id, now=now, lease=WORK_LEASE)
            if taken is None:
                return None
            if _is_over(taken, now):
                taken = await end(work, taken, SignInState.EXPIRED, now) or taken
            await work.commit()
            return taken

    async def not_yet(self, sign_in: SignIn, error: PlexError | None = None) -> None:
        """Nobody has confirmed it yet, or Plex did not answer: ask again in a moment."""
        now = self._clock.now()
        wait = LOOK if now - sign_in.created_at < AT_IT else LOOK_LATER
        if error is not None:
            wait = max(LOOK_LATER, timedelta(seconds=error.retry_after or 0))
        async with self._ledger.begin() as work:
            await work.sign_ins.look_again(sign_in, now + wait)
            await work.commit()

    async def ask_again(self, sign_in: SignIn) -> None:
        """Something else than Plex did not answer: what is owed is tried again in a moment."""
        async with self._ledger.begin() as work:
            await work.sign_ins.look_again(sign_in, self._clock.now() + LOOK_LATER)
            await work.commit()

    async def signed_in(
        self,
        sign_in: SignIn,
        token: str,
        account: PlexAccount,
        servers: tuple[OwnedServer, ...] = (),
    ) -> SignIn | None:
        """Plex has said who it is; None when somebody has begun anew meanwhile."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            # A member's is used at once, by this job or, if it dies, by the next one.
            kept = KEPT if sign_in.purpose is SignInPurpose.LINK else timedelta(0)
            known = await work.sign_ins.signed_in(
                sign_in.id, token, account, servers, until=now + kept
            )
            if known is not None:
                await work.audit.happened(
                    sign_in.guild_id,
                    "sign_in.done",
                    now=now,
                    by=sign_in.user_id,
                    purpose=sign_in.purpose,
                )
            await work.commit()
            return known

    async def answer_of(self, sign_in: SignIn) -> HeldAnswer | None:
        """The private answer that shows this sign-in, while it can be edited."""
        async with self._ledger.begin() as work:
            return await work.sign_ins.answer_of(sign_in.id, self._clock.now())

    async def release(self, sign_in: SignIn) -> None:
        """Have Plex forget the token of a sign-in that is over, and forget it here.

        Not that of an account which a link lives from, or another sign-in: Plex may have one token
        for all sign-ins of an account here, and they would lose theirs.
        """
        if sign_in.token is None:
            return
        async with self._ledger.begin() as work:
            account = sign_in.account
            is_needed = account is not None and await _is_needed(work, account)
        if not is_needed and not await self._sign_out(sign_in, sign_in.token):
            return
        async with self._ledger.begin() as work:
            await work.sign_ins.erase(sign_in.id)
            await work.commit()

    async def discard(self, token: str, account: PlexAccount) -> None:
        """Have Plex forget a token that came when nobody wanted it any more; tried once."""
        async with self._ledger.begin() as work:
            if await _is_needed(work, account):
                return
        try:
            await self._plex.sign_out(token)
        except PlexError as error:
            log.info("sign_in.not_signed_out", key=error.key)

    async def _sign_out(self, sign_in: SignIn, token: str) -> bool:
        try:
            await self._plex.sign_out(token)
        except PlexError as error:
            now = self._clock.now()
            is_dead = error.key == "plex.token_refused"
            # What was held may have been let go only now.
            within = SIGN_OUT_WITHIN if sign_in.invite_id is None else HELD
            if is_dead or now > sign_in.expires_at + within:
                return True
            async with self._ledger.begin() as work:
                await work.sign_ins.look_again(sign_in, now + RECHECK)
                await work.commit()
            return False
        return True


async def end(
    work: Work,
    sign_in: SignIn,
    state: SignInState,
    now: datetime,
    *,
    keeps_token: bool = False,
    problem_key: str | None = None,
    invite_id: int | None = None,
) -> SignIn | None:
    """A sign-in is over, and its token signed out unless a link keeps it; the caller commits."""
    ended = await work.sign_ins.end(
        sign_in.id,
        state,
        now=now,
        keeps_token=keeps_token,
        problem_key=problem_key,
        invite_id=invite_id,
    )
    if ended is not None and ended.token is not None:
        await work.jobs.enqueue(FollowSignIn(sign_in.id))
    return ended


async def leave_behind(work: Work, link: Link, now: datetime) -> None:
    """A link lives from its token no more: it is signed out like that of a sign-in that is over.

    The operator's own token is never touched. The caller commits, with the link changed.
    """
    if link.from_home or not link.token or link.owner_account_id is None:
        return
    account_id = link.owner_account_id
    id_ = await work.sign_ins.leave_behind(link.guild_id, link.token, account_id, now=now)
    await work.jobs.enqueue(FollowSignIn(id_))


async def _is_needed(work: Work, account: PlexAccount) -> bool:
    """Whether a link, or a sign-in that waits to be used, lives from this account."""
    return await work.links.lives_from(account.id) or await work.sign_ins.is_held(account.id)


def _is_over(sign_in: SignIn, now: datetime) -> bool:
    """Nobody has confirmed it in time, or nobody has used it since."""
    if sign_in.state is SignInState.SIGNED_IN:
        # A link's comes up when its hour is over; a member's at once, and again after each failure.
        is_late = now >= sign_in.expires_at + KEPT
        return sign_in.purpose is SignInPurpose.LINK or is_late
    return sign_in.is_waiting and now >= sign_in.expires_at


def _is_fresh(sign_in: SignIn, now: datetime) -> bool:
    return not sign_in.is_waiting or sign_in.expires_at - now > TIME_ENOUGH


async def _keep(work: Work, sign_in: SignIn, answer: AnswerToken | None, now: datetime) -> None:
    if answer is not None:
        await work.sign_ins.keep_answer(
            sign_in.id,
            application_id=answer.application_id,
            token=answer.token,
            until=now + TOKEN_LIFE,
        )
