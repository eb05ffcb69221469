"""A stage for random stories: two guilds on one Plex, their people, and workers at their jobs."""

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import note
from machine_workers import Stopping, Worker
from sqlalchemy import or_, select
from story import ADMIN, ALICE, GUILD, Story, execute, rows

from bot.clock import ShiftedClock
from bot.domain.errors import Refused
from bot.domain.invites import Invite, InviteState
from bot.domain.jobs import ReconcileLink
from bot.domain.people import Actor, Right
from bot.domain.timing import WORK_LEASE
from bot.jobs.changing import ChangingJobs
from bot.jobs.comparing import ComparingJobs
from bot.jobs.lease import Leases
from bot.jobs.sharing import SharingJobs
from bot.services.invites import Request
from db.invites import INVITE
from sandbox.plex.model import Invitation, Share
from sandbox.plex.refusals import Refusal

GUILDS = (GUILD, GUILD + 1)
ADMINS = (ADMIN, Actor(GUILD + 1, ALICE, Right.ADMIN))
MEMBERS = (21, 22, 23, 24)
# Two names of one account each; an address and a name without one.
LOGINS = (
    ("bob@example.org", "bob"),
    ("carol@example.org", "carol"),
    ("Dave@example.org", "dave"),
    ("newcomer@example.org", "NewComer@example.org"),
    ("ghost", "Ghost"),
)
FIRST_SECTION = 90000001
# Places of the libraries in the demo's list, by guild and tier.
TIERS = {
    (0, "Standard"): ({0, 1}, 30),
    (0, "Plus"): ({1, 2, 3}, None),
    (1, "Standard"): ({3, 4}, None),
    (1, "Plus"): ({0, 4}, 7),
}
S = InviteState
# What is mostly said about an invite that stands there; now and then anything is.
FITTING = {
    S.REQUESTED: ("approve", "approve", "approve", "approve", "deny", "withdraw"),
    S.APPROVED: ("withdraw", "revoke", "move", "leave"),
    S.SENDING: ("withdraw", "revoke", "leave", "retry"),
    S.SENT: ("withdraw", "revoke", "extend", "move", "leave"),
    S.ACTIVE: ("suspend", "suspend", "revoke", "extend", "move", "leave", "restore"),
    S.SUSPENDED: ("restore", "restore", "restore", "revoke", "extend", "move", "leave"),
    S.ENDED: ("extend",),
    S.FAILED: ("retry",),
}
EVERYTHING = tuple(sorted({word for words in FITTING.values() for word in words}))
_EMPTY = (
    "TRUNCATE guild, rate_hit, procrastinate_jobs, procrastinate_events,"
    " procrastinate_periodic_defers RESTART IDENTITY CASCADE"
)
_FINGERPRINT = " || ".join(
    f"(SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY id)), '') FROM {table} t)"  # noqa: S608
    for table in ("invite", "audit_event", "notice", "plex_link", "procrastinate_jobs")
)


class StoppedClock(ShiftedClock):
    """Time passes only when it is told to."""

    start = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """The beginning plus the offset."""
        return self.start + self.offset


def admin_of(invite: Invite) -> Actor:
    """An admin of the invite's guild."""
    return ADMINS[GUILDS.index(invite.guild_id)]


def is_to_change(what: str, invite: Invite) -> bool:
    """Whether the `work` that an invite asks for is a change; `wrong` is the other job."""
    return (invite.change is not None) is not (what == "wrong")


def person_of(login: str) -> int:
    """The place in `LOGINS` of the person behind a login."""
    lookup = login.casefold()
    for number, names in enumerate(LOGINS):
        if lookup in {name.casefold() for name in names}:
            return number
    return -1


def persons_of(share: Share) -> int:
    """The same for who holds a share."""
    return max(person_of(share.email), person_of(share.username), person_of(share.invited_email))


@dataclass
class Memory:
    """What has happened in this story, as nobody in the house knows it."""

    words: set[tuple[str, int]] = field(default_factory=set)
    by_hand: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    gone_by_hand: set[int] = field(default_factory=set)
    vanished: Counter[int] = field(default_factory=Counter)
    made: Counter[int] = field(default_factory=Counter)
    # Workers that had lost their claim when they changed Plex; and those that died of it.
    late: set[int] = field(default_factory=set)
    haunted: set[int] = field(default_factory=set)
    lists_lied: bool = False


class KeptComparing(ComparingJobs):
    """Comparing as the queue has it done: one that works ends the trouble of those before."""

    def __init__(self, plex: Any, services: Any) -> None:
        super().__init__(plex, Stopping(services.reconcile))  # type: ignore[arg-type]  # stands in
        self._troubles = services.troubles

    async def reconcile_link(self, link_id: int) -> bool:
        """Compare, and forget the troubles."""
        did = await super().reconcile_link(link_id)
        if did:
            await self._troubles.worked(ReconcileLink(link_id))
        return did


class Stage(Story):
    """A story with a second guild, whose workers can be stopped, and whose Plex has hands."""

    memory: Memory
    workers: list[Worker]
    links: tuple[int, int]
    # What each tier gives, by its id.
    sections: dict[int, set[int]]
    hand: bool

    async def begin(self) -> None:
        """Empty the ledger and Plex, and connect two guilds to it."""
        self.memory, self.workers, self.hand = Memory(), [], False
        self.sections = {}
        self.clock.offset *= 0
        self.world.reset()
        await execute(self.ledger, _EMPTY)
        self._watch_plex()
        first = await self.connect()
        async with self.ledger.begin() as work:
            await work.guilds.ensure(GUILDS[1])
            second = await work.links.ensure_home(
                GUILDS[1], self.plex.base_url, self.plex.owner_token, self.clock.now()
            )
            await work.commit()
        await self.house.services.links.connect_due(second.id)
        self.links = first.id, second.id
        for (guild, name), (places, days) in TIERS.items():
            await self._set_tier(guild, name, {FIRST_SECTION + place for place in places}, days)
        self.lines()

    async def _set_tier(self, guild: int, name: str, sections: set[int], days: int | None) -> None:
        values = {"g": GUILDS[guild], "l": self.links[guild], "n": name, "d": days}
        await execute(
            self.ledger,
            "INSERT INTO tier (guild_id, link_id, name) VALUES (:g, :l, :n) ON CONFLICT DO NOTHING",
            **{name: values[name] for name in "gln"},
        )
        where = "guild_id = :g AND name = :n"
        await execute(
            self.ledger,
            f"UPDATE tier SET duration_days = :d WHERE {where}",  # noqa: S608 - from above
            **{name: values[name] for name in "gnd"},
        )
        async with self.ledger.begin() as work:
            tier = next(t for t in await work.tiers.of_guild(GUILDS[guild]) if t.name == name)
            chosen = [
                library.id
                for library in await work.links.libraries(self.links[guild])
                if library.section_id in sections
            ]
            await work.tiers.set_libraries(tier, chosen)
            self.sections[tier.id] = sections
            await work.commit()

    def _watch_plex(self) -> None:
        kind = type(self.world)

        def invite(wanted: Invitation) -> Share:
            share = kind.invite(self.world, wanted)
            if not self.hand:
                self.memory.made[persons_of(share)] += 1
            return share

        self.world.invite = invite  # type: ignore[method-assign]

    # -- words: what members and admins do ----------------------------------------------------

    async def one(self, which: int, *, owing: bool = False) -> Invite | None:
        """One of the invites, counted from the newest and around; those that owe work first."""
        async with self.ledger.begin() as work:
            owes = or_(INVITE.c.share_due_at.is_not(None), INVITE.c.change_due_at.is_not(None))
            order = [owes.desc()] if owing else []
            query = select(INVITE).order_by(*order, INVITE.c.id.desc())
            found = [work.invites._open(row) for row in await work._session.execute(query)]
        return found[which % len(found)] if found else None

    async def fingerprint(self) -> str:
        """Equal only when the ledger is equal."""
        return str((await rows(self.ledger, f"SELECT {_FINGERPRINT}"))[0][0])

    async def ask_as(self, guild: int, member: int, login: str) -> None:
        """A member asks under a login."""
        actor = Actor(GUILDS[guild], MEMBERS[member])
        await self.house.services.invites.request(actor, Request(login))

    async def word(self, which: int, said: int, typed: str = "30d") -> None:
        """Somebody says something about an invite that fits where it stands; raises `Refused`."""
        invite = await self.one(which)
        if invite is not None:
            fitting = FITTING.get(invite.state, EVERYTHING)
            await self.say(fitting[said % len(fitting)], invite, typed)

    async def say(self, name: str, invite: Invite, typed: str = "30d") -> None:
        """A member or an admin says something about an invite; raises `Refused`."""
        invites, access = self.house.services.invites, self.house.services.access
        admin, member = admin_of(invite), Actor(invite.guild_id, invite.member_id)
        said: dict[str, Callable[[], Awaitable[object]]] = {
            "approve": lambda: invites.approve(admin, invite.id, invite.version),
            "deny": lambda: invites.deny(admin, invite.id, invite.version, "no"),
            "withdraw": lambda: invites.withdraw(member, invite.id),
            "leave": lambda: access.leave(member, invite.id),
            "revoke": lambda: access.revoke(admin, invite.id, "enough"),
            "suspend": lambda: access.suspend(admin, invite.id),
            "restore": lambda: access.restore(admin, invite.id),
            "extend": lambda: access.extend(admin, invite.id, typed),
            "retry": lambda: access.retry(admin, invite.id),
            "move": lambda: self._move(invite),
        }
        note(f"  {name} invite {invite.id} ({invite.state}, {invite.change})")
        self.memory.words.add((name, invite.id))
        await said[name]()

    async def _move(self, invite: Invite) -> None:
        access, admin = self.house.services.access, admin_of(invite)
        other = next(tier for tier in await access.tiers(admin) if tier.id != invite.tier_id)
        await access.move(admin, invite.id, other.id)

    async def refusable(self, word: Awaitable[object]) -> None:
        """Somebody's word; when it is refused, nothing in the ledger has changed."""
        before = await self.fingerprint()
        try:
            await word
        except Refused:
            after = await self.fingerprint()
            if after != before:
                raise AssertionError("a refused word has changed the ledger") from None

    # -- hands: what people do on Plex --------------------------------------------------------

    @contextlib.contextmanager
    def _by_hand(self) -> Iterator[None]:
        self.hand = True
        try:
            yield
        finally:
            self.hand = False

    def share_of(self, which: int) -> Share | None:
        """One of the shares, counted from the newest and around."""
        found = [share for share in reversed(self.shares) if not share.orphan]
        return found[which % len(found)] if found else None

    def accept(self, which: int) -> None:
        """Somebody accepts on Plex."""
        pending = [s for s in reversed(self.shares) if not s.orphan and not s.accepted]
        if pending:
            self.world.accept(pending[which % len(pending)].share_id)

    def drop(self, which: int) -> None:
        """A share goes without Helpr: declined, left, or removed by the owner."""
        share = self.share_of(which)
        if share is not None:
            self.memory.gone_by_hand.add(share.share_id)
            self.memory.vanished[persons_of(share)] += 1
            self.world.revoke(share)

    def share_by_hand(self, person: int, sections: set[int]) -> None:
        """The owner shares in Plex's own app."""
        wanted = Invitation(
            self.world.server.machine_identifier, tuple(sections), LOGINS[person][0]
        )
        with self._by_hand(), contextlib.suppress(Refusal):
            self.memory.by_hand.add(self.world.invite(wanted).share_id)

    def touch(self, which: int, sections: set[int]) -> None:
        """The owner chooses other libraries in Plex's own app."""
        share = self.share_of(which)
        if share is not None:
            self.memory.touched.add(share.share_id)
            self.world.set_sections(share, sections)

    @property
    def comparing(self) -> ComparingJobs:
        """The jobs that compare."""
        return KeptComparing(self.house.plex, self.house.services)

    # -- work ---------------------------------------------------------------------------------

    async def job(self, what: str, which: int) -> None:
        """Run the job of an invite, or of a link, once."""
        if what in {"connect", "reconcile"}:
            link_id = self.links[which % len(self.links)]
            await (
                self.house.services.links.connect_due(link_id)
                if what == "connect"
                else self.comparing.reconcile_link(link_id)
            )
        elif (invite := await self.one(which, owing=True)) is not None:
            await (
                self.changing.change_share(invite.id)
                if is_to_change(what, invite)
                else self.sharing.share_invite(invite.id)
            )

    async def sweep(self) -> None:
        """Do everything that is owed to Plex now."""
        self._note_lies()
        await super().sweep()

    def _note_lies(self) -> None:
        lying = {"empty_listing", "short_listing"}
        self.memory.lists_lied |= any(str(fault.kind) in lying for fault in self.world.faults)

    async def start(self, what: str, which: int) -> None:
        """A worker takes a job, and stops before it does anything but claim it."""
        services, invite = self.house.services, await self.one(which, owing=True)
        plex, leases = Stopping(self.house.plex), Leases(self.ledger, self.clock)
        job: Callable[[], Awaitable[object]]
        if what == "reconcile":
            link_id = self.links[which % len(self.links)]
            comparing = KeptComparing(plex, services)
            job = lambda: comparing.reconcile_link(link_id)  # noqa: E731 - one of three
        elif invite is None:
            return
        elif is_to_change(what, invite):
            changing = ChangingJobs(plex, Stopping(services.changing), leases)
            job = lambda: changing.change_share(invite.id)  # noqa: E731 - one of three
        else:
            sharing = SharingJobs(plex, Stopping(services.sending), leases)
            job = lambda: sharing.share_invite(invite.id)  # noqa: E731 - one of three

        def on_effect(worker: Worker) -> None:
            # It has made sure that the claim was still its own right before it came to stand here.
            if self.clock.now() >= worker.stands_since + WORK_LEASE:
                worker.was_late = True
                self.memory.late.add(person_of(worker.login))

        login = "" if invite is None or what == "reconcile" else invite.login.value
        worker = Worker(job, login, self.clock, on_effect)
        self.workers.append(worker)
        # Past the claim.
        await self.let_go(worker)
        if not worker.is_done:
            await self.let_go(worker)

    async def let_go(self, worker: Worker, *, to_the_end: bool = False) -> None:
        """A worker goes on by one call, or to the end."""
        self._note_lies()
        note(f"  a worker stands before {worker.stands_before or 'its claim'}")
        if to_the_end:
            await worker.finish()
        else:
            await worker.step()
        if worker.is_done:
            self.workers.remove(worker)

    async def kill(self, worker: Worker) -> None:
        """A worker dies where it stands."""
        self.workers.remove(worker)
        await worker.die()
        if worker.was_late:
            self.memory.haunted.add(person_of(worker.login))
