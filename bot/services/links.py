"""Connecting a guild to Plex, and choosing what its tier shares."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.clock import Clock
from bot.domain.drift import Drift, DriftKind
from bot.domain.errors import Forged, PlexBusy, PlexError, Refused, Treatment
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import ChangeShare, ConnectLink, ReconcileLink, ShareInvite, Trouble
from bot.domain.links import Link, LinkedLibrary, LinkState, Tier
from bot.domain.notices import Notice, NoticeKind
from bot.domain.people import Actor
from bot.domain.plex import PlexServerStatus
from bot.domain.timing import RECHECK, UNFORESEEN, WORK_LEASE
from bot.log import logger
from bot.plex import PlexService
from bot.services.notices import mended, pause_if_admin
from bot.services.tiers import editable, share_libraries
from bot.settings import HomeSettings
from db.ledger import Ledger, Work

log = logger(__name__)

DEFAULT_TIER = "Standard"


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What `/plex status` tells of a link: Plex's answer or failure, and what differs.

    `counts` (the invites by state), `stuck` and `troubles` are the whole guild's.
    """

    link: Link
    tier: Tier | None
    counts: dict[InviteState, int]
    status: PlexServerStatus | None = None
    problem: PlexError | None = None
    drift: dict[DriftKind, int] = field(default_factory=dict)
    drifts: tuple[Drift, ...] = ()
    notices: tuple[Notice, ...] = ()
    stuck: tuple[Invite, ...] = ()
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryChoice:
    """The libraries of the server, and the tier that some of them belong to."""

    link: Link
    tier: Tier
    libraries: tuple[LinkedLibrary, ...]


class LinkService:
    """Links and their default tier."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService, home: HomeSettings) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex
        self._home = home

    async def adopt_home(self) -> Link | None:
        """Take over the operator's `HELPR_HOME__` settings; None when there are none.

        What they name wins over what the ledger held, at every start. Connecting is owed at every
        start too: a new process has no connection yet, and the first invite shall not pay for it.
        """
        async with self._ledger.begin() as work:
            link = await self._take_home(work)
            if link is not None:
                await work.links.schedule(link.id, "connect", self._clock.now())
                await work.jobs.enqueue(ConnectLink(link.id))
            await work.commit()
            return link

    async def _take_home(self, work: Work) -> Link | None:
        home = self._home
        if home.guild_id is None or home.plex_url is None or home.plex_token is None:
            return None
        await work.guilds.ensure(home.guild_id)
        if home.request_channel_id is not None:
            await self._show_requests_in(work, home.guild_id, home.request_channel_id)
        if home.reviewer_role_id is not None:
            await work.guilds.set(home.guild_id, reviewer_role_ids=[home.reviewer_role_id])
        token = home.plex_token.get_secret_value()
        return await work.links.ensure_home(home.guild_id, home.plex_url, token, self._clock.now())

    async def _show_requests_in(self, work: Work, guild_id: int, channel_id: int) -> None:
        settings = await work.guilds.settings(guild_id)
        if settings.request_channel_id != channel_id:
            await work.guilds.set(guild_id, request_channel_id=channel_id)
            # Requests from before there was a channel have no card yet.
            await work.cards.owe_all(guild_id, self._clock.now())

    async def connect_due(self, link_id: int) -> bool:
        """The job: connect when that is owed; False when it is not.

        A failure of Plex is written down, never raised.
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            link = await work.links.claim(link_id, "connect", now=now, until=now + WORK_LEASE)
            await work.commit()
        if link is None:
            return False
        try:
            await self.connect_link(link)
        except PlexError as error:
            await self.cannot_connect(link, error)
        except Refused as refusal:
            log.info("link.gone", link=link.id, key=refusal.key)
        return True

    def is_home(self, guild_id: int) -> bool:
        """Whether the operator's settings name a Plex server for this guild."""
        home = self._home
        return home.guild_id == guild_id and None not in {home.plex_url, home.plex_token}

    async def connect(self, actor: Actor) -> LibraryChoice:
        """Connect the server of the operator's settings now. Raises `Refused` and `PlexError`."""
        if not self.is_home(actor.guild_id):
            raise Refused("plex.not_set_up")
        # Connected right here: a job of its own would connect a second time.
        async with self._ledger.begin() as work:
            link = await self._take_home(work)
            await work.commit()
        if link is None:
            raise Refused("plex.not_set_up")
        try:
            return await self.connect_link(link, by=actor.user_id)
        except PlexError as error:
            await self.cannot_connect(link, error)
            raise

    async def connect_link(self, link: Link, by: int | None = None) -> LibraryChoice:
        """Connect, and read the libraries.

        Raises `PlexError`, or `Refused` for a link that is disconnected by then; then nothing has
        changed.
        """
        info = await self._plex.connect(link.access)
        access = replace(link.access, machine_identifier=info.machine_identifier)
        found = await self._plex.libraries(access, fresh=True)
        now = self._clock.now()
        async with self._ledger.begin() as work:
            if await work.links.lock(link.id, link.guild_id) is None:
                # Disconnected while Plex was asked.
                raise Refused("plex.link_unknown")
            link = await work.links.unite(link, info.machine_identifier)
            tier_id, is_new = await work.link_tiers.first_of(
                replace(link, server_name=info.name), DEFAULT_TIER
            )
            connected = await work.links.connected(link.id, info, now)
            libraries = await work.links.take_libraries(link.id, found, now)
            tier = await work.tiers.get(tier_id)
            if tier is None:
                raise Refused("tier.unknown")
            await mended(work, connected, NoticeKind.LINK_PAUSED, now)
            if is_new and link.from_home:
                # The operator's set-up works at once; elsewhere an admin chooses. Named one by
                # one: Plex reads an empty list as ALL, those to come included.
                tier = await work.tiers.set_libraries(tier, [one.id for one in libraries])
            if by is not None or not link.is_connected:
                await work.audit.happened(
                    link.guild_id, "plex.connected", now=now, by=by, server=info.name
                )
            await self._wake_up(work, connected)
            await work.commit()
            return LibraryChoice(connected, tier, tuple(libraries))

    async def _wake_up(self, work: Work, link: Link) -> None:
        """Whatever waited for this link goes on now."""
        now = self._clock.now()
        shares, changes = await work.owed.wake(link.id, now)
        await work.links.schedule(link.id, "reconcile", now)
        await work.jobs.enqueue(
            *map(ShareInvite, shares), *map(ChangeShare, changes), ReconcileLink(link.id)
        )

    async def cannot_connect(self, link: Link, error: PlexError) -> None:
        """Note why a link could not be connected; it is tried again by itself."""
        if isinstance(error, PlexBusy):
            # Patience is no problem: the link stays what it was.
            async with self._ledger.begin() as work:
                due = self._clock.now() + max(RECHECK, timedelta(seconds=error.retry_after or 0))
                await work.links.schedule(link.id, "connect", due)
                await work.commit()
            return
        admin = error.treatment is Treatment.ADMIN
        wait = max(RECHECK, timedelta(seconds=error.retry_after or 0))
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.links.problem(
                link.id,
                state=LinkState.PAUSED if admin else LinkState.CONNECTING,
                key=error.key,
                reason=error.reason,
                retry_at=now + wait,
            )
            await pause_if_admin(work, link, error, now)
            await work.commit()

    async def status(self, actor: Actor) -> list[LinkReport]:
        """How each link of the guild is, by one request to each, all at the same time.

        What concerns the whole guild is in the first. Raises `Refused("plex.not_set_up")`.
        """
        reports = await self._reports(actor)
        return list(await asyncio.gather(*map(self._look, reports)))

    async def _look(self, report: LinkReport) -> LinkReport:
        try:
            status = await self._plex.status(report.link.access)
        except PlexError as error:
            return replace(report, problem=error)
        return replace(report, status=status)

    async def _reports(self, actor: Actor) -> list[LinkReport]:
        async with self._ledger.begin() as work:
            links = await work.links.all_of(actor.guild_id)
            if not links:
                raise Refused("plex.not_set_up")
            tiers = await work.tiers.of_guild(actor.guild_id)
            drift = await work.drift.counts_by_link(actor.guild_id)
            drifts = await work.drift.of_guild(actor.guild_id)
            notices = await work.notices.open_in(actor.guild_id)
            first, *others = [
                LinkReport(
                    link,
                    next((tier for tier in tiers if tier.link_id == link.id), None),
                    {},
                    drift=drift.get(link.id, {}),
                    drifts=tuple(one for one in drifts if one.link_id == link.id),
                    notices=tuple(one for one in notices if one.link_id == link.id),
                )
                for link in links
            ]
            whole = replace(
                first,
                counts=await work.invites.count_by_state(actor.guild_id),
                stuck=tuple(await work.invites.stuck_in(actor.guild_id)),
                troubles=tuple(await work.trouble.of_guild(actor.guild_id, UNFORESEEN)),
            )
            return [whole, *others]

    async def tier_named(self, actor: Actor, name: str) -> int:
        """The id of the guild's tier of this name. Raises `Refused("tier.unknown")`."""
        wanted = name.strip().casefold()
        async with self._ledger.begin() as work:
            tiers = await work.tiers.of_guild(actor.guild_id)
        for tier in tiers:
            if tier.name.casefold() == wanted:
                return tier.id
        raise Refused("tier.unknown")

    async def choice(self, actor: Actor, tier_id: int | None = None) -> LibraryChoice:
        """A server's libraries and a tier of it, by default the guild's default one.

        One request to Plex, none within the time to live of the service's cache. Raises `Refused`
        (`tier.unknown`, `plex.*`) and `PlexError`.
        """
        async with self._ledger.begin() as work:
            if not await work.links.all_of(actor.guild_id):
                raise Refused("plex.not_set_up")
            if tier_id is None:
                tier = await work.tiers.default_of(actor.guild_id)
            else:
                tier = await work.tiers.get(tier_id)
            if tier_id is not None and (tier is None or tier.guild_id != actor.guild_id):
                raise Refused("tier.unknown")
            link = await work.links.get(tier.link_id) if tier else None
        if tier is None or link is None or not link.is_usable:
            raise Refused("plex.not_connected")
        found = await self._plex.libraries(link.access)
        async with self._ledger.begin() as work:
            libraries = await work.links.take_libraries(link.id, found, self._clock.now())
            fresh = await work.tiers.get(tier.id)
            await work.commit()
        return LibraryChoice(link, fresh or tier, tuple(libraries))

    async def choose(
        self, actor: Actor, tier_id: int, *, offered: Collection[int], chosen: Collection[int]
    ) -> LibraryChoice:
        """Of the libraries `offered` on one page of the menu, these are `chosen` for the tier."""
        async with self._ledger.begin() as work:
            tier = await editable(work, actor, tier_id)
            link = await work.links.get(tier.link_id)
            if link is None:
                raise Forged("tier.unknown")
            before = {library.id for library in tier.libraries}
            wanted = (before - set(offered)) | (set(chosen) & set(offered))
            changed = await share_libraries(work, actor, tier, wanted, self._clock.now())
            libraries = await work.links.libraries(link.id)
            await work.commit()
            return LibraryChoice(link, changed, tuple(libraries))
