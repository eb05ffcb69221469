"""Following a sign-in with Plex until it is over, and showing what came of it."""

import asyncio

import aiohttp
import discord
from discord.ui import LayoutView

from bot.domain.errors import PlexError, Refused
from bot.domain.people import Actor, Right
from bot.domain.sign_in import SignIn, SignInPurpose, SignInState
from bot.i18n import texts
from bot.jobs.accepting import AcceptingJobs
from bot.jobs.answers import edit_answer
from bot.log import logger
from bot.plex import PlexService
from bot.services.proving import Proof, ProvingService
from bot.services.setup import SetupService
from bot.services.sign_ins import SignInService
from bot.ui.proving import proof_panel
from bot.ui.setup import setup_panel

log = logger(__name__)

# Shorter than the lease of a look at Plex.
DEADLINE = 10.0
UNREACHED = (
    discord.HTTPException,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)


class SignInJobs:
    """The job behind every sign-in. `client` is logged in; it needs no gateway."""

    def __init__(
        self,
        client: discord.Client,
        plex: PlexService,
        sign_ins: SignInService,
        setup: SetupService,
        proving: ProvingService,
        *,
        accepting: AcceptingJobs,
    ) -> None:
        self._client = client
        self._plex = plex
        self._sign_ins = sign_ins
        self._setup = setup
        self._proving = proving
        self._accepting = accepting

    async def follow(self, sign_in_id: int) -> bool:
        """Do what is owed for a sign-in; False when nothing is."""
        sign_in = await self._sign_ins.take(sign_in_id)
        if sign_in is None:
            return False
        if sign_in.is_waiting:
            await self._ask(sign_in)
        elif sign_in.state is SignInState.SIGNED_IN:
            await self._use(sign_in)
        elif sign_in.is_held:
            await self._accepting.go_on(sign_in)
        else:
            await self._sign_ins.release(sign_in)
            if sign_in.state is SignInState.EXPIRED:
                await self._show(sign_in, Proof())
        return True

    async def _ask(self, sign_in: SignIn) -> None:
        try:
            token = await self._plex.token_of_pin(sign_in.pin_id)
            if token is None:
                await self._sign_ins.not_yet(sign_in)
                return
            account = await self._plex.who(token)
            is_for_linking = sign_in.purpose is SignInPurpose.LINK
            servers = await self._plex.owned_servers(token) if is_for_linking else ()
        except PlexError as error:
            log.info("sign_in.unanswered", key=error.key, reason=error.reason)
            await self._sign_ins.not_yet(sign_in, error)
            return
        known = await self._sign_ins.signed_in(sign_in, token, account, servers)
        if known is None:
            await self._sign_ins.discard(token, account)
            return
        await self._use(known)

    async def _use(self, sign_in: SignIn) -> None:
        """Somebody has signed in: a member asks with it, an admin chooses a server next."""
        proof = Proof()
        if sign_in.purpose is SignInPurpose.MEMBER:
            is_there = await self._is_there(sign_in)
            if is_there is None:
                await self._sign_ins.ask_again(sign_in)
                return
            if is_there:
                proof = await self._proving.settle(sign_in)
            else:
                proof = await self._proving.fail(sign_in, Refused("sign_in.member_left"))
        await self._show(sign_in, proof)

    async def _is_there(self, sign_in: SignIn) -> bool | None:
        """Whether the member is still in the guild; None when Discord does not say."""
        try:
            async with asyncio.timeout(DEADLINE):
                await self._client.http.get_member(sign_in.guild_id, sign_in.user_id)
        except (discord.NotFound, discord.Forbidden) as error:
            log.info("sign_in.member_left", code=error.code)
            return False
        except UNREACHED as error:
            log.info("sign_in.member_unknown", error=type(error).__name__)
            return None
        return True

    async def _show(self, sign_in: SignIn, proof: Proof) -> None:
        """Bring the private answer up to date; once that is over a button does the same."""
        answer = await self._sign_ins.answer_of(sign_in)
        if answer is None:
            return
        try:
            async with asyncio.timeout(DEADLINE):
                view = await self._panel(sign_in, proof)
                await edit_answer(self._client, answer.application_id, answer.token, view)
        except UNREACHED as error:
            log.info("sign_in.not_shown", error=type(error).__name__)

    async def _panel(self, sign_in: SignIn, proof: Proof) -> LayoutView:
        if sign_in.purpose is SignInPurpose.MEMBER:
            return proof_panel(proof, texts(sign_in.locale))
        actor = Actor(sign_in.guild_id, sign_in.user_id, Right.ADMIN)
        view = await self._setup.view(actor)
        return setup_panel(view, view.step, texts(sign_in.locale))
