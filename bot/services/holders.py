"""Everybody with access or on the way: by pages, and one of them by the name on Plex."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.domain.errors import PlexError, Refused
from bot.domain.holders import HolderFilter
from bot.domain.invites import Invite
from bot.domain.links import Link, Tier
from bot.domain.logins import LOGIN_LENGTH, Login, LoginKind, parse_login
from bot.domain.people import Actor
from bot.domain.plex import PlexShare
from bot.plex import PlexService
from bot.services.access_view import AccessView, view_of
from db.ledger import Ledger, Work

PAGE = 10


@dataclass(frozen=True, slots=True)
class HolderPage:
    """A page of a filtered list, newest first; `total` match altogether.

    `tiers` are those of the guild. `above` and `below` are ids to turn to, None at an end.
    """

    wanted: HolderFilter
    total: int
    invites: tuple[Invite, ...] = ()
    tiers: tuple[Tier, ...] = ()
    above: int | None = None
    below: int | None = None
    has_bulks: bool = False


class HolderService:
    """Lists and finds. It changes nothing."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex

    async def page(
        self,
        actor: Actor,
        wanted: HolderFilter,
        *,
        below: int | None = None,
        above: int | None = None,
    ) -> HolderPage:
        """A page of this guild's; the first one where there is none any more."""
        now, guild_id = self._clock.now(), actor.guild_id
        async with self._ledger.begin() as work:
            tiers = tuple(await work.tiers.of_guild(guild_id))
            total = await work.holders.count(guild_id, wanted, now)
            has_bulks = bool(await work.bulks.recent(guild_id, 1))

            async def look(limit: int = PAGE, **key: int | None) -> list[Invite]:
                return await work.holders.page(guild_id, wanted, now=now, limit=limit, **key)

            found = await look(below=below, above=above) or await look()
            if not found:
                return HolderPage(wanted, total, tiers=tiers, has_bulks=has_bulks)
            newest, oldest = found[0].id, found[-1].id
            return HolderPage(
                wanted,
                total,
                tuple(found),
                tiers,
                above=newest if await look(1, above=newest) else None,
                below=oldest if await look(1, below=oldest) else None,
                has_bulks=has_bulks,
            )

    async def find(self, actor: Actor, typed: str) -> AccessView:
        """Somebody by the exact e-mail address or name of their Plex account.

        Addresses are stored sealed, so that a part of one finds nothing. What nobody has typed
        here is looked for among the shares on Plex: an account has both a name and an address.
        Raises `Refused` (`login.empty`, `login.too_long`, `access.plex_unknown`,
        `access.plex_unlinked`) and `PlexError`, where Plex had to be asked and did not answer.
        """
        login = _login_of(typed)
        async with self._ledger.begin() as work:
            invite = await work.holders.by_login(actor.guild_id, login)
            if invite is not None:
                return await view_of(work, invite)
            links = await work.links.all_of(actor.guild_id)
        is_shared = False
        for link in links:
            share = await self._share_of(link, login)
            if share is None:
                continue
            is_shared = True
            async with self._ledger.begin() as work:
                found = await _holder_of(work, link, share)
                if found is not None:
                    return await view_of(work, found)
        raise Refused("access.plex_unlinked" if is_shared else "access.plex_unknown")

    async def _share_of(self, link: Link, login: Login) -> PlexShare | None:
        if not link.is_connected:
            return None
        share = await self._plex.find_share(link.access, login.value)
        if share is not None:
            return share
        try:
            account_id = await self._plex.account_of(link.access, login.value)
        except PlexError:
            # The list of shares has answered; this is only the second way to an account.
            return None
        if account_id is None:
            return None
        return await self._plex.find_share(link.access, login.value, account_id)


async def _holder_of(work: Work, link: Link, share: PlexShare) -> Invite | None:
    return await work.holders.by_share(link.id, share.share_id, share.account_id)


def _login_of(typed: str) -> Login:
    """What was typed, also if Plex would not let anybody be called so today."""
    try:
        return parse_login(typed)
    except Refused as refusal:
        value = typed.strip()
        if not value or len(value) > LOGIN_LENGTH or refusal.key == "login.invisible":
            raise
        kind = LoginKind.EMAIL if "@" in value else LoginKind.USERNAME
        return Login(kind, value)
