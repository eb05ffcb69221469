"""A guild connected to Plex, and the steps of an invite's life as single calls."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from bot import compose
from bot.clock import ShiftedClock
from bot.domain.invites import Invite, InviteState
from bot.domain.links import Link
from bot.domain.people import Actor, Right
from bot.jobs.changing import ChangingJobs
from bot.jobs.comparing import ComparingJobs
from bot.jobs.lease import Leases
from bot.jobs.sharing import SharingJobs
from bot.services.invites import Request
from db.invites import INVITE
from db.ledger import Ledger
from sandbox.plex import PlexSandbox, PlexWorld
from sandbox.plex.model import Share

GUILD = 1_000_000_000_000_000_001
ALICE, RITA, BOB, CAROL = 11, 12, 21, 22
ADMIN = Actor(GUILD, ALICE, Right.ADMIN)


async def rows(ledger: Ledger, sql: str, **values: Any) -> list[Any]:
    """What a query gives, straight from the database."""
    async with ledger.begin() as work:
        return list(await work._session.execute(text(sql), values))


async def execute(ledger: Ledger, sql: str, **values: Any) -> None:
    """Change something behind everybody's back."""
    async with ledger.begin() as work:
        await work._session.execute(text(sql), values)
        await work.commit()


async def jobs_of(ledger: Ledger) -> list[tuple[str, dict[str, int]]]:
    """The waiting jobs: task and arguments."""
    query = "SELECT task_name, args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
    return [(row.task_name, row.args) for row in await rows(ledger, query)]


@dataclass
class Story:
    """The parts below Discord, with Plex beside them."""

    house: compose.House
    plex: PlexSandbox
    clock: ShiftedClock

    @property
    def world(self) -> PlexWorld:
        """What Plex holds."""
        return self.plex.world

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.house.ledger

    @property
    def sharing(self) -> SharingJobs:
        """The jobs that share."""
        services = self.house.services
        return SharingJobs(self.house.plex, services.sending, self._leases)

    @property
    def changing(self) -> ChangingJobs:
        """The jobs that change what Plex holds."""
        return ChangingJobs(self.house.plex, self.house.services.changing, self._leases)

    @property
    def comparing(self) -> ComparingJobs:
        """The jobs that compare."""
        return ComparingJobs(self.house.plex, self.house.services.reconcile)

    @property
    def _leases(self) -> Leases:
        return Leases(self.ledger, self.clock)

    @property
    def shares(self) -> list[Share]:
        """What Plex shares."""
        return self.world.shares

    def lines(self) -> list[str]:
        """The requests that Plex got since the last look, as `METHOD path`."""
        found = [request.line for request in self.world.requests]
        self.world.requests.clear()
        return found

    def posts(self) -> int:
        """How many invites Plex has been asked for since the last look."""
        return sum(line.startswith("POST ") for line in self.lines())

    async def connect(self) -> Link:
        """Connect the guild to Plex."""
        link = await self.house.services.links.adopt_home()
        assert link is not None
        await self.house.services.links.connect_due(link.id)
        await self.comparing.reconcile_link(link.id)
        self.lines()
        return await self.link()

    async def link(self) -> Link:
        """The guild's link as it stands."""
        async with self.ledger.begin() as work:
            [found] = await work.links.all_of(GUILD)
            return found

    async def second_guild(self, guild_id: int, machine: str | None = None) -> Link:
        """Another guild, linked to the same owner's server, or to another `machine` of theirs."""
        link = await self.link()
        async with self.ledger.begin() as work:
            await work.guilds.ensure(guild_id)
            other = await work.links.ensure_home(
                guild_id, link.base_url, link.token, self.clock.now()
            )
            await work.commit()
        await execute(
            self.ledger,
            "UPDATE plex_link SET state = 'connected', connect_due_at = NULL,"
            " owner_account_id = :owner, machine_identifier = :machine, connected_at = now()"
            " WHERE id = :link",
            owner=link.owner_account_id,
            machine=machine or link.machine_identifier,
            link=other.id,
        )
        return other

    async def ask(self, member: int = BOB, login: str = "bob@example.org") -> Invite:
        """A member asks."""
        request = Request(login, note="Hi, it's me")
        view = await self.house.services.invites.request(Actor(GUILD, member), request)
        assert view.invite is not None
        return view.invite

    async def approved(self, member: int = BOB, login: str = "bob@example.org") -> Invite:
        """A member asks and Alice approves."""
        invite = await self.ask(member, login)
        return await self.house.services.invites.approve(ADMIN, invite.id, invite.version)

    async def sent(self, member: int = BOB, login: str = "bob@example.org") -> Invite:
        """A member asks, Alice approves, Plex is asked."""
        invite = await self.approved(member, login)
        await self.sharing.share_invite(invite.id)
        return await self.get(invite)

    async def get(self, invite: Invite) -> Invite:
        """The invite as it stands."""
        async with self.ledger.begin() as work:
            found = await work.invites.get(invite.id)
        assert found is not None
        return found

    async def state(self, invite: Invite) -> InviteState:
        """The invite's state."""
        return (await self.get(invite)).state

    async def due(self, invite: Invite, what: str = "share") -> Any:
        """When something is owed, None for never."""
        async with self.ledger.begin() as work:
            query = select(INVITE.c[f"{what}_due_at"]).where(INVITE.c.id == invite.id)
            return (await work._session.execute(query)).scalar_one()

    async def withdraw(self, invite: Invite) -> None:
        """The member takes the request back."""
        await self.house.services.invites.withdraw(Actor(GUILD, invite.member_id), invite.id)

    async def sweep(self) -> None:
        """Do everything that is owed to Plex now, as the sweep would have it done."""
        await self.house.services.sweep.sweep()
        now = self.clock.now()
        async with self.ledger.begin() as work:
            connects = await work.links.due("connect", now)
            shares = await work.owed.due("share", now=now)
            changes = await work.owed.due("change", now=now)
            reconciles = await work.links.due("reconcile", now)
        for id_ in connects:
            await self.house.services.links.connect_due(id_)
        for id_ in shares:
            await self.sharing.share_invite(id_)
        for id_ in changes:
            await self.changing.change_share(id_)
        for id_ in reconciles:
            await self.comparing.reconcile_link(id_)

    async def after(self, **time: float) -> None:
        """Let time pass, then do everything that is owed."""
        self.clock.advance(**time)
        await self.sweep()

    async def audit(self, invite: Invite) -> list[str]:
        """The actions in the audit log of an invite, oldest first."""
        async with self.ledger.begin() as work:
            return [event.action for event in await work.audit.history(invite.id)]
