"""Why a member does not see the libraries: a look at the ledger, and a short one at Plex."""

import asyncio
from dataclasses import dataclass, replace

from bot.clock import Clock
from bot.domain.errors import (
    Forged,
    PlexAnswerLost,
    PlexError,
    PlexServerChanged,
    PlexUnreachable,
    PlexUntrusted,
)
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import ReconcileLink
from bot.domain.links import Link, LinkedLibrary
from bot.domain.logins import LoginKind
from bot.domain.members import Sight
from bot.domain.people import Actor
from bot.domain.plex import PlexAccess, PlexShare
from bot.domain.sign_in import SignInPurpose
from bot.plex import PlexService
from db.ledger import Ledger

PATIENCE = 8.0
"""Seconds for which Plex is waited for; whoever looks has been told that it takes a moment."""

_LOOKED_AT = {InviteState.SENT, InviteState.ACTIVE}
_NOT_YET = {
    InviteState.REQUESTED,
    InviteState.WAITLISTED,
    InviteState.APPROVED,
    InviteState.SENDING,
}
# The media server did not answer, or not as itself; anything else is not the server's doing.
_SERVER_IS_DOWN = (PlexUnreachable, PlexAnswerLost, PlexUntrusted, PlexServerChanged)


@dataclass(frozen=True, slots=True)
class SightView:
    """What was found. `has_it` is the Plex account that holds the share, by its user name."""

    sight: Sight
    invite: Invite
    link: Link | None = None
    libraries: tuple[LinkedLibrary, ...] = ()
    has_it: str = ""


class SightService:
    """One look for one member."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex

    async def look(self, actor: Actor, invite_id: int) -> SightView:
        """What keeps the libraries of this member's own access from being seen.

        Three requests to Plex at most (five where it has not named the share yet), within
        `PATIENCE`; its failures are part of the answer. Raises `Forged` for anybody else's.
        """
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id, actor.guild_id)
            if invite is None or invite.member_id != actor.user_id:
                raise Forged("invite.unknown")
            link = await work.links.get(invite.link_id) if invite.link_id else None
            there = tuple(await work.links.libraries(link.id)) if link else ()
            signed_in = await work.sign_ins.latest_of(
                actor.guild_id, actor.user_id, SignInPurpose.MEMBER
            )
        view = SightView(_by_ledger(invite), invite, link)
        if view.sight is not Sight.UNKNOWN or link is None or not link.is_usable:
            return view
        share, is_known, is_up = await self._ask(link.access, invite)
        if not is_known:
            return view if is_up else replace(view, sight=Sight.SERVER_DOWN)
        other = signed_in.account.id if signed_in and signed_in.account else None
        found = _judged(view, share, there, other)
        if found.sight is Sight.WELL and not is_up:
            found = replace(found, sight=Sight.SERVER_DOWN)
        if found.sight in {Sight.JUST_ACCEPTED, Sight.GONE}:
            await self._follow(link.id)
        return found

    async def _ask(self, access: PlexAccess, invite: Invite) -> tuple[PlexShare | None, bool, bool]:
        """The share, whether that is Plex's word, and whether the media server answers."""
        (share, is_known), is_up = await asyncio.gather(
            self._share(access, invite), self._is_up(access)
        )
        return share, is_known, is_up

    async def _share(self, access: PlexAccess, invite: Invite) -> tuple[PlexShare | None, bool]:
        try:
            async with asyncio.timeout(PATIENCE):
                if invite.share_id is not None:
                    return await self._plex.share_state(access, invite.share_id), True
                found = await self._plex.find_share(access, invite.login.value, invite.account_id)
                return found, True
        except (PlexError, TimeoutError):
            return None, False

    async def _is_up(self, access: PlexAccess) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._plex.status(access)
        except (*_SERVER_IS_DOWN, TimeoutError):
            return False
        except PlexError:
            # It answers, and not to Helpr: the people who watch there need not notice.
            return True
        return True

    async def _follow(self, link_id: int) -> None:
        """Plex knows more than the ledger: compare the two now, and not at the next round."""
        async with self._ledger.begin() as work:
            await work.links.reconcile_soon(link_id, self._clock.now())
            await work.jobs.enqueue(ReconcileLink(link_id))
            await work.commit()


def _by_ledger(invite: Invite) -> Sight:
    """What needs no look at Plex; `Sight.UNKNOWN` for the rest."""
    if invite.is_ending:
        return Sight.OVER
    if invite.state in _NOT_YET:
        return Sight.NOT_YET
    if invite.state is InviteState.SUSPENDED:
        return Sight.PAUSED
    return Sight.UNKNOWN if invite.state in _LOOKED_AT else Sight.OVER


def _judged(
    view: SightView,
    share: PlexShare | None,
    there: tuple[LinkedLibrary, ...],
    signed_in: int | None,
) -> SightView:
    """What Plex's word means. `there`: the server's libraries; `signed_in`: the proven account."""
    if share is None:
        return replace(view, sight=Sight.GONE)
    found = replace(view, has_it=share.username)
    if not share.accepted:
        return replace(found, sight=Sight.PENDING)
    if view.invite.state is InviteState.SENT:
        return replace(found, sight=Sight.JUST_ACCEPTED)
    if _is_others(view.invite, share, signed_in):
        return replace(found, sight=Sight.OTHER_ACCOUNT)
    open_ = tuple(
        one for one in there if share.all_libraries or one.section_id in share.section_ids
    )
    return replace(found, sight=Sight.WELL if open_ else Sight.NO_LIBRARIES, libraries=open_)


def _is_others(invite: Invite, share: PlexShare, signed_in: int | None) -> bool:
    """Whether the account that has accepted is not the one that the member would look in."""
    for account_id in (signed_in, invite.account_id):
        if account_id is not None and share.account_id is not None:
            return account_id != share.account_id
    by_address = invite.login.kind is LoginKind.EMAIL and share.account_email
    return bool(by_address) and share.account_email.casefold() != invite.login.value.casefold()
