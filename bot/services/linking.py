"""Linking a guild to the servers of a Plex account that has signed in, and letting one go."""

from dataclasses import dataclass
from datetime import datetime

from bot.clock import Clock
from bot.domain.errors import PlexError, Refused
from bot.domain.jobs import ShowCard, TellMember
from bot.domain.links import Link
from bot.domain.notices import NoticeKind
from bot.domain.people import Actor
from bot.domain.sign_in import OwnedServer, SignIn, SignInPurpose, SignInState
from bot.plex import PlexService
from bot.services.links import LinkService
from bot.services.notices import mended
from bot.services.sign_ins import end, leave_behind
from db.ledger import Ledger, Work


@dataclass(frozen=True, slots=True)
class Leaving:
    """A link that an admin thinks of disconnecting, and what goes with it."""

    link: Link
    tiers: tuple[str, ...]
    people: int


class LinkingService:
    """Several links a guild, each by itself."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService, links: LinkService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex
        self._links = links

    async def link(self, actor: Actor, sign_in_id: int, number: int) -> Link:
        """Link the server with this number among those of the sign-in, and connect it.

        Raises `Refused` (`sign_in.over`, `plex.server_not_yours`, `plex.nowhere`,
        `plex.linked_already`). That Plex fails afterwards is written down and tried again.
        """
        async with self._ledger.begin() as work:
            sign_in = await _usable(work, actor, sign_in_id)
            server = _own(sign_in, number)
            await _refuse_linked(work, actor, server)
        # What takes long comes before the unit of work that changes something.
        address = await self._plex.reach(server)
        if address is None:
            tried = " ".join(server.addresses)
            raise Refused("plex.nowhere", server=server.name, addresses=tried)
        link = await self._store(actor, sign_in_id, server, address)
        try:
            await self._links.connect_link(link, by=actor.user_id)
        except PlexError as error:
            await self._links.cannot_connect(link, error)
        return await self._get(link.id)

    async def _store(
        self, actor: Actor, sign_in_id: int, server: OwnedServer, address: str
    ) -> Link:
        now = self._clock.now()
        async with self._ledger.begin() as work:
            sign_in = await _usable(work, actor, sign_in_id, lock=True)
            account, token = sign_in.account, sign_in.token
            if account is None or token is None:
                raise Refused("sign_in.over")
            before = await work.links.to_server(actor.guild_id, server.machine_identifier)
            link = await work.links.link(
                actor.guild_id,
                base_url=address,
                token=token,
                machine_identifier=server.machine_identifier,
                server_name=server.name,
                owner_account_id=account.id,
                now=now,
            )
            if link is None:
                raise Refused("plex.linked_already", server=server.name)
            if before is not None and before.token != token:
                await leave_behind(work, before, now)
            await end(work, sign_in, SignInState.USED, now, keeps_token=True)
            await work.audit.happened(
                actor.guild_id, "plex.linked", now=now, by=actor.user_id, server=server.name
            )
            await work.commit()
            return link

    async def _get(self, link_id: int) -> Link:
        async with self._ledger.begin() as work:
            link = await work.links.get(link_id)
        if link is None:
            raise Refused("plex.link_unknown")
        return link

    async def of_guild(self, actor: Actor) -> list[Link]:
        """The guild's links. Raises `Refused("plex.not_set_up")` when there is none."""
        async with self._ledger.begin() as work:
            links = await work.links.all_of(actor.guild_id)
        if not links:
            raise Refused("plex.not_set_up")
        return links

    async def leaving(self, actor: Actor, link_id: int) -> Leaving:
        """What goes with a link. Raises `Refused` (`plex.link_unknown`, `plex.link_in_use`)."""
        async with self._ledger.begin() as work:
            return await _leaving(work, actor, link_id)

    async def disconnect(self, actor: Actor, link_id: int) -> Link:
        """Let a server go: its token is forgotten, its tiers are deleted. Raises as `leaving`.

        Nothing changes on Plex. A link of the operator's settings comes back when the bot starts.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            leaving = await _leaving(work, actor, link_id)
            await leave_behind(work, leaving.link, now)
            link = await work.links.disconnect(link_id, now)
            await _delete_tiers(work, link, now)
            await work.drift.found(link.id, [])
            for kind in NoticeKind:
                await mended(work, link, kind, now)
            await work.audit.happened(
                actor.guild_id,
                "plex.disconnected",
                now=now,
                by=actor.user_id,
                server=link.server_name,
                tiers=list(leaving.tiers),
            )
            await work.commit()
        await self._plex.forget(link_id)
        return link


async def _usable(work: Work, actor: Actor, sign_in_id: int, *, lock: bool = False) -> SignIn:
    found = await work.sign_ins.get(sign_in_id, lock=lock)
    if (
        found is None
        or (found.guild_id, found.user_id) != (actor.guild_id, actor.user_id)
        or found.purpose is not SignInPurpose.LINK
        or found.state is not SignInState.SIGNED_IN
    ):
        raise Refused("sign_in.over")
    return found


def _own(sign_in: SignIn, number: int) -> OwnedServer:
    if number >= len(sign_in.servers):
        raise Refused("plex.server_not_yours")
    return sign_in.servers[number]


async def _refuse_linked(work: Work, actor: Actor, server: OwnedServer) -> None:
    for link in await work.links.all_of(actor.guild_id):
        if link.machine_identifier != server.machine_identifier:
            continue
        if link.from_home:
            raise Refused("plex.linked_by_operator", server=server.name)
        if link.is_connected:
            raise Refused("plex.linked_already", server=server.name)


async def _delete_tiers(work: Work, link: Link, now: datetime) -> None:
    """The link's tiers go; what names them falls back to the guild's default one, if any."""
    own = [one for one in await work.tiers.of_guild(link.guild_id) if one.link_id == link.id]
    await work.link_tiers.delete_all(link, now)
    default = await work.tiers.default_of(link.guild_id)
    if default is None:
        for id_ in await work.links.free_requests(link.id, now):
            await work.audit.happened(link.guild_id, "invite.unlisted", now=now, invite_id=id_)
            await work.jobs.enqueue(ShowCard(id_), TellMember(id_))
        return
    for tier in own:
        await work.tiers.free_codes(tier)
        requests = await work.tiers.free_requests(tier, default, now)
        await work.jobs.enqueue(*map(ShowCard, requests), *map(TellMember, requests))


async def _leaving(work: Work, actor: Actor, link_id: int) -> Leaving:
    link = await work.links.lock(link_id, actor.guild_id)
    if link is None:
        raise Refused("plex.link_unknown")
    # Behind the lock that everybody takes who is given a seat, and which is the last to be taken.
    await work.tiers.hold_what_names(link.id)
    await work.seats.lock(link)
    people = await work.links.count_people(link.id)
    if people:
        raise Refused("plex.link_in_use", server=link.server_name, n=people)
    return Leaving(link, tuple(await work.link_tiers.names_of(link.id)), people)
