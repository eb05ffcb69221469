"""A Discord, a Plex, a database that survives, and processes of Helpr that may not."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import simcord
from discord_openapi import validate
from invariants import Evidence, at_rest, gather, unsettled, violations
from living_bot import ROOT, alive, words
from nursery import Nursery
from points import ARMED, OFFSET, RECORD, Point
from simcord.components import walk_components
from sqlalchemy import text

from bot.crypto import Keyring
from bot.domain import timing
from bot.domain.errors import LedgerUnavailable
from bot.domain.jobs import Job
from db.engine import make_engine
from db.ledger import Ledger
from sandbox.discord import DiscordSandbox
from sandbox.plex import PlexSandbox

KEY = "a-key-that-only-these-tests-know-0123456789"
# Longer than any lease: what a dead process had begun is due again.
BEYOND_LEASES = max(timing.WORK_LEASE, timing.SHOW_LEASE).total_seconds() + 1
GLANCE = 0.02
STARTED = "after GuildService.shard_ready"
PATIENCE = 60.0

# Writes down a figure under a name, see the fixture.
Measured = Callable[[str, object], None]


@dataclass(frozen=True)
class Place:
    """A guild in which people ask for access."""

    guild: simcord.GuildHandle
    get_access: simcord.ChannelHandle
    access_requests: simcord.ChannelHandle
    reviewers: simcord.RoleHandle
    admin: simcord.MemberActor

    def settings(self) -> dict[str, str]:
        """What a process is told whose home this is."""
        return {
            "HELPR_HOME__GUILD_ID": str(self.guild.id),
            "HELPR_HOME__REQUEST_CHANNEL_ID": str(self.access_requests.id),
            "HELPR_HOME__REVIEWER_ROLE_ID": str(self.reviewers.id),
        }


@dataclass
class Person:
    """A member who wants access, in Discord and on Plex."""

    actor: simcord.MemberActor
    login: str
    place: Place
    # What the person's share on Plex gave when a step noted it: libraries, flags and filters.
    had: tuple[list[int], dict[str, object]] | None = None

    @property
    def id(self) -> int:
        """The member's id in Discord."""
        return self.actor.id


@dataclass(frozen=True)
class Start:
    """How a process was started."""

    argv: tuple[str, ...]
    hurry: bool
    controlled: bool
    settings: dict[str, str]


@dataclass
class Helper:
    """A running process of Helpr's."""

    process: psutil.Process
    control: Path
    log: Path
    kind: Start
    has_started: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return alive(self.process)

    def passed(self) -> list[str]:
        """Every point that was passed since the last look at it."""
        record = self.control / RECORD
        lines = record.read_text().splitlines() if record.exists() else []
        record.unlink(missing_ok=True)
        return lines

    def knows_its_guilds(self, lines: list[str]) -> bool:
        """Whether the last thing has been done that a start does, a while after it serves."""
        self.has_started = self.has_started or STARTED in lines
        return self.has_started

    def arm(self, point: Point) -> None:
        """Order it to die at a point."""
        order = self.control / "order"
        order.write_text(str(point))
        order.rename(self.control / ARMED)

    def disarm(self) -> bool:
        """Take the order back; False when it has been carried out."""
        try:
            (self.control / ARMED).unlink()
        except FileNotFoundError:
            return False
        return True

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)


@dataclass
class Scene:
    """Everything but the bots, and the bots as they come and go."""

    discord: DiscordSandbox
    plex: PlexSandbox
    database_url: str
    folder: Path
    nursery: Nursery
    ledger: Ledger
    settings: dict[str, str] = field(default_factory=dict)
    helpers: list[Helper] = field(default_factory=list)
    offset: float = 0.0
    _people: int = 0
    _spawned: int = 0

    # -- processes -------------------------------------------------------------------------------

    @property
    def home(self) -> Place:
        """The guild of the demo."""
        world = self.discord.world
        return Place(
            world.guild, world.get_access, world.access_requests, world.reviewers, world.alice
        )

    def env(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What a process of Helpr's is told."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HELPR_")}
        limits = ("INVITE_PER_MINUTE", "INVITE_PER_HOUR", "ALL_PER_HOUR", "ALL_PER_DAY")
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "HELPR_DATA_DIR": str(self.folder / "data"),
            "HELPR_DATABASE__URL": self.database_url,
            "HELPR_SECRET_KEY": KEY,
            "HELPR_DISCORD__TOKEN": self.discord.bot_token,
            "HELPR_DISCORD__API_URL": self.discord.api_url,
            "HELPR_DISCORD__GATEWAY_URL": self.discord.gateway_url,
            "HELPR_PLEX__TV_URL": self.plex.base_url,
            "HELPR_PLEX__SECONDS_BETWEEN_CALLS": "0",
            "HELPR_HOME__PLEX_URL": self.plex.base_url,
            "HELPR_HOME__PLEX_TOKEN": self.plex.owner_token,
            "HELPR_RECONCILE__INTERVAL": "1",
            "HELPR_HTTP__PORT": "0",
            "HELPR_LOG__FORMAT": "json",
            # Whoever presses the buttons here is a crowd.
            **{f"HELPR_LIMITS__{name}": "0" for name in limits},
            **self.home.settings(),
            **self.settings,
            **settings,
        }

    def spawn(
        self, *argv: str, hurry: bool = True, controlled: bool = True, **settings: str
    ) -> Helper:
        """Start `helpr ARGV`; it is not ready yet.

        With `hurry` it sweeps every second, and with `controlled` its points can be met.
        """
        self._spawned += 1
        number = self._spawned
        control = self.folder / f"control-{number}"
        control.mkdir()
        log = self.folder / f"log-{number}"
        kind = Start(argv or ("run",), hurry, controlled, settings)
        (control / OFFSET).write_text(str(self.offset))
        process = self.nursery.start(
            *kind.argv,
            env=self.env(settings),
            cwd=self.folder,
            log=log,
            control=control if controlled else None,
            hurry=hurry,
        )
        helper = Helper(process, control, log, kind)
        self.helpers.append(helper)
        return helper

    async def start(
        self, *argv: str, hurry: bool = True, controlled: bool = True, **settings: str
    ) -> Helper:
        """The same, and wait until it serves."""
        readies = self.discord.gateway.readies
        helper = self.spawn(*argv, hurry=hurry, controlled=controlled, **settings)
        await self.eventually(
            lambda: self._serves(helper, readies) or not helper.is_alive, "a start"
        )
        assert helper.is_alive, helper.log.read_text()
        return helper

    def _serves(self, helper: Helper, readies: int) -> bool:
        if helper.kind.argv[0] == "worker":
            return helper.log.exists() and "helpr.started" in helper.log.read_text()
        return self.discord.gateway.readies > readies and self.discord.commands_synced

    async def restart(self, helper: Helper, *, beyond_leases: bool = True) -> Helper:
        """Start anew what has died: at a time at which every lease of the dead is over, or now."""
        self.helpers.remove(helper)
        self.offset += BEYOND_LEASES if beyond_leases else 0.0
        for other in self.helpers:
            (other.control / OFFSET).write_text(str(self.offset))
        kind = helper.kind
        return await self.start(
            *kind.argv, hurry=kind.hurry, controlled=kind.controlled, **kind.settings
        )

    async def end(self) -> None:
        """Leave no process behind."""
        for helper in self.helpers:
            if helper.is_alive:
                helper.kill()
        await self.eventually(lambda: not any(one.is_alive for one in self.helpers), "the end")

    # -- people ----------------------------------------------------------------------------------

    def newcomer(self, place: Place | None = None) -> Person:
        """Somebody new in a guild, who has an account on Plex."""
        place = place or self.home
        self._people += 1
        name = f"member{self._people:03}"
        self.plex.world.add_account(name, f"{name}@example.org")
        user = self.discord.env.create_user(name)
        return Person(place.guild.add_member(user, roles=[]), f"{name}@example.org", place)

    def reviewer(self, name: str, place: Place | None = None) -> simcord.MemberActor:
        """Somebody who may decide."""
        place = place or self.home
        user = self.discord.env.create_user(name)
        return place.guild.add_member(user, roles=[place.reviewers])

    def card_of(self, person: Person) -> Any | None:
        """The last card that names somebody."""
        named = f"<@{person.id}>"
        cards = list(person.place.access_requests.history())
        return next((card for card in reversed(cards) if named in words(card)), None)

    def given_to(self, person: Person) -> tuple[list[int], dict[str, object]] | None:
        """Libraries, and flags and filters, that Plex gives somebody."""
        share = self.share_of(person)
        return None if share is None else (share.section_ids, dict(share.settings.wire))

    def share_of(self, person: Person) -> Any | None:
        """What Plex shares with somebody."""
        shares = self.plex.world.shares
        return next((one for one in shares if one.email == person.login), None)

    def direct_messages(self, person: Person) -> list[str]:
        """What somebody reads in their direct messages."""
        backend = self.discord.backend
        channel = backend.dm_channels.get(person.id)
        return [words(message) for message in backend.messages.get(channel, {}).values()]

    # -- looking and waiting ---------------------------------------------------------------------

    async def evidence(self) -> Evidence:
        """Ledger, Plex and Discord as they stand."""
        now = datetime.now(UTC) + timedelta(seconds=self.offset)
        return await gather(self.ledger, self.plex.world, self.discord, now=now)

    async def violations(self) -> list[str]:
        """What is lost, doubled, or told wrongly."""
        return violations(await self.evidence())

    def complaints(self) -> list[str]:
        """What Discord would say against anything that it was asked, and what nobody has built."""
        asked = self.discord.requests
        wrong = [said for one in asked for said in validate(one.method, one.path, one.body)]
        return wrong + [str(gap) for gap in self.discord.rest.gaps]

    async def state_of(self, person: Person) -> str:
        """The state of somebody's latest invite; empty when there is none."""
        with contextlib.suppress(LedgerUnavailable):
            async with self.ledger.begin() as work:
                invite = await work.invites.latest_of(person.place.guild.id, person.id)
                return invite.state if invite else ""
        return "unknown"

    async def holds(self, person: Person, condition: str) -> bool:
        """Whether a condition in SQL is true of somebody's latest invite."""
        query = text(
            f"SELECT {condition} FROM invite WHERE guild_id = :guild AND member_id = :member"  # noqa: S608 - of a test
            " ORDER BY id DESC LIMIT 1"
        )
        with contextlib.suppress(LedgerUnavailable):
            async with self.ledger.begin() as work:
                values = {"guild": person.place.guild.id, "member": person.id}
                found = await work._session.execute(query, values)
                return bool(found.scalar_one_or_none())
        return False

    async def waiting_pin(self, person: Person) -> int | None:
        """The PIN of somebody's sign-in that nobody has confirmed yet."""
        query = text(
            "SELECT pin_id FROM sign_in WHERE guild_id = :guild AND user_id = :user"
            " AND state = 'waiting'"
        )
        async with self.ledger.begin() as work:
            values = {"guild": person.place.guild.id, "user": person.id}
            found = await work._session.execute(query, values)
            return found.scalar_one_or_none()

    async def execute(self, statement: str) -> None:
        """Change the ledger behind everybody's back."""
        async with self.ledger.begin() as work:
            await work._session.execute(text(statement))
            await work.commit()

    async def is_settled(self) -> bool:
        """Whether nothing is owed any more."""
        with contextlib.suppress(LedgerUnavailable):
            return await at_rest(self.ledger)
        return False

    async def waiting_jobs(self) -> int:
        """How many jobs wait or are under way, housekeeping left out."""
        query = text("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = :queue"
                     " AND status IN ('todo', 'doing')")  # fmt: skip
        async with self.ledger.begin() as work:
            found = await work._session.execute(query, {"queue": Job.queue})
            return int(found.scalar_one())

    async def count_the_dead(self) -> None:
        """Let the queue notice at once which workers are dead; all but the last process's are."""
        await self.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'"
            " WHERE id NOT IN (SELECT id FROM procrastinate_workers ORDER BY id DESC LIMIT 2)"
        )

    async def is_quiet(self) -> bool:
        """Whether no job waits or is under way."""
        return await self.waiting_jobs() == 0

    async def settled(self, patience: float = PATIENCE) -> float:
        """Wait until nothing is owed; how many seconds it took."""
        began = time.perf_counter()
        try:
            await self.eventually(self.is_settled, "rest", patience)
        except TimeoutError:
            raise TimeoutError("\n".join(unsettled(await self.evidence()))) from None
        return time.perf_counter() - began

    async def eventually(
        self,
        condition: Callable[[], object] | Callable[[], Awaitable[object]],
        what: str,
        patience: float = PATIENCE,
    ) -> None:
        """Wait for what other processes do. Raises TimeoutError that says what did not come."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    result = condition()
                    if await result if isinstance(result, Awaitable) else result:
                        return
                    await asyncio.sleep(GLANCE)
        except TimeoutError:
            raise TimeoutError(f"{what} did not come within {patience:g} s") from None


def button(message: Any, label: str) -> Any | None:
    """The button of this label on a message."""
    raw = [item if isinstance(item, dict) else item.to_dict() for item in message.components]
    return next((part for part in walk_components(raw) if part.get("label") == label), None)


@asynccontextmanager
async def open_scene(
    plex: PlexSandbox,
    database_url: str,
    folder: Path,
    nursery: Nursery,
    *,
    shards: int = 1,
    **settings: str,
) -> AsyncIterator[Scene]:
    """A scene without a bot in it; every process is gone afterwards."""
    engine = make_engine(database_url, pool_size=4)
    try:
        async with DiscordSandbox(shards=shards) as discord:
            plex.world.seat_limit = 10_000
            # Who waits for a dead bot need not wait for Discord's three seconds.
            discord._answers.limit = 1.0
            ledger = Ledger(engine, Keyring([KEY]))
            scene = Scene(discord, plex, database_url, folder, nursery, ledger, settings)
            try:
                yield scene
            finally:
                await scene.end()
    finally:
        await engine.dispose()
