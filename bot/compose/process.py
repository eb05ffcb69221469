"""The processes: the bot, the worker, and how they start and stop."""

import asyncio
import math
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import discord
import procrastinate

from bot import log as logs
from bot.client import LONGEST_PAUSE, HelprBot, point_at
from bot.compose.foundation import House, house
from bot.domain.errors import LedgerUnavailable, StartError
from bot.jobs.accepting import AcceptingJobs
from bot.jobs.bulk import BulkJobs
from bot.jobs.changing import ChangingJobs
from bot.jobs.comparing import ComparingJobs
from bot.jobs.forgetting import ForgettingJobs
from bot.jobs.lease import Leases
from bot.jobs.messaging import MessagingJobs
from bot.jobs.noticing import NoticingJobs
from bot.jobs.presence import PresenceJobs
from bot.jobs.queue import Workers, handlers, make_app
from bot.jobs.roles import RoleJobs
from bot.jobs.sharing import SharingJobs
from bot.jobs.signing_in import SignInJobs
from bot.jobs.standing import StandingJobs
from bot.jobs.telling import TellingJobs
from bot.jobs.wishing import WishJobs
from bot.jobs.worker import Worker
from bot.services import Services
from bot.settings import Settings
from bot.tree import Guard, HelprTree
from bot.ui.items import ALL_ITEMS
from bot.web import Check, HealthServer
from db.engine import libpq_url
from db.ledger import Ledger

log = logs.logger(__name__)

# How long the queue waits for a connection. With the pool's own 30 s a worker would seem to run for
# that long after PostgreSQL has gone.
POOL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Shards:
    """Which shards this process runs, of how many; all of them by default."""

    ids: Sequence[int] | None = None
    count: int | None = None


def make_bot(services: Services, shards: Shards = Shards()) -> HelprBot:
    """The client with its door and tree; nothing connects yet."""
    bot = HelprBot(
        services=services,
        door=Guard(services),
        tree_cls=HelprTree,
        shard_ids=list(shards.ids) if shards.ids is not None else None,
        shard_count=shards.count,
    )
    # Otherwise discord.py would know only the buttons that this very process has sent.
    bot.add_dynamic_items(*ALL_ITEMS)
    return bot


async def catch_up(house_: House) -> None:
    """What is owed at every start: the operator's settings, and what happened meanwhile."""
    await house_.services.links.adopt_home()
    await house_.services.reconcile.at_start()
    await house_.services.presence.at_start()


def make_queue(
    house_: House, client: discord.Client, connector: procrastinate.BaseConnector | None = None
) -> procrastinate.App:
    """The queue with every job of this house, speaking to Discord through `client`."""
    services = house_.services
    leases = Leases(house_.ledger, house_.clock)
    workers = Workers(
        sharing=SharingJobs(house_.plex, services.sending, leases),
        changing=ChangingJobs(house_.plex, services.changing, leases),
        comparing=ComparingJobs(house_.plex, services.reconcile),
        telling=TellingJobs(client, services.showing),
        noticing=NoticingJobs(client, services.notices),
        presence=PresenceJobs(client, services.presence),
        messaging=MessagingJobs(client, services.messages),
        roles=RoleJobs(client, services.roles),
        standing=StandingJobs(client, services.panels),
        wishing=WishJobs(client, services.wishes),
        links=services.links,
        waiting=services.waiting,
        signing_in=SignInJobs(
            client,
            house_.plex,
            services.sign_ins,
            services.setup,
            services.proving,
            accepting=AcceptingJobs(house_.plex, services.accepting, services.reconcile),
        ),
        bulk=BulkJobs(client, services.bulk, services.bulk_run),
        forgetting=ForgettingJobs(client, services.forgetting),
    )
    if connector is None:
        connector = procrastinate.PsycopgConnector(
            conninfo=libpq_url(house_.database_url),
            min_size=1,
            max_size=6,
            timeout=POOL_SECONDS,
        )
    return make_app(connector, handlers(workers), services.sweep, services.troubles)


async def run_bot(settings: Settings, *, worker: bool = True, shards: Shards = Shards()) -> None:
    """`helpr run`: the bot, and by default the worker, until a signal comes."""
    token = settings.bot_token()
    point_at(settings.discord)
    async with house(settings) as house_, AsyncExitStack() as stack:
        await catch_up(house_)
        bot = await stack.enter_async_context(make_bot(house_.services, shards))
        checks: dict[str, Check] = {
            "database": _database_check(house_.ledger),
            "discord": _gateway_check(bot),
        }
        await _login(bot, token)
        tasks = [asyncio.create_task(bot.connect(), name="discord")]
        if worker:
            keeper = Worker(make_queue(house_, bot))
            checks["worker"] = _worker_check(keeper)
            tasks.append(asyncio.create_task(keeper.run(), name="worker"))
        http = settings.http
        await stack.enter_async_context(HealthServer(http.host, http.port, checks))
        log.info("helpr.started")
        await _until_signal(tasks)


async def run_worker(settings: Settings) -> None:
    """`helpr worker`: jobs alone; speaks to Discord by REST, without a gateway."""
    token = settings.bot_token()
    point_at(settings.discord)
    async with house(settings) as house_, AsyncExitStack() as stack:
        await catch_up(house_)
        client = await stack.enter_async_context(logged_in(token))
        keeper = Worker(make_queue(house_, client))
        checks = {
            "database": _database_check(house_.ledger),
            "worker": _worker_check(keeper),
        }
        await stack.enter_async_context(
            HealthServer(settings.http.host, settings.http.port, checks)
        )
        log.info("helpr.started")
        await _until_signal([asyncio.create_task(keeper.run(), name="worker")])


@asynccontextmanager
async def logged_in(token: str) -> AsyncIterator[discord.Client]:
    """A client that speaks by REST alone. Raises `StartError` when Discord does not let it in."""
    client = discord.Client(
        intents=discord.Intents(guilds=True),
        allowed_mentions=discord.AllowedMentions.none(),
        max_ratelimit_timeout=LONGEST_PAUSE,
    )
    async with client:
        await _login(client, token)
        yield client


async def _login(client: discord.Client, token: str) -> None:
    try:
        await client.login(token)
    except discord.LoginFailure:
        raise StartError(
            "HELPR_DISCORD__TOKEN is wrong: Discord does not accept it; copy it anew from the "
            "developer portal, for example HELPR_DISCORD__TOKEN=MTIzNDU2.abc.def",
            exit_code=2,
        ) from None
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise StartError(
            f"Discord cannot be reached ({type(error).__name__}): check this machine's network"
        ) from None


async def _until_signal(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for SIGINT or SIGTERM, or for a part to fail; then stop the parts, last one first."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    waiter = asyncio.create_task(stop.wait(), name="signal")
    try:
        done, _ = await asyncio.wait([waiter, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        # The worker first, while Discord and the database are still there for its jobs.
        for task in [*reversed(tasks), waiter]:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise _as_start_error(error)
    log.info("helpr.stopped")


def _as_start_error(error: BaseException) -> BaseException:
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return StartError("Discord refuses the intents that the bot asks for")
    if isinstance(error, discord.ConnectionClosed):
        return StartError(f"Discord has closed the connection for good (code {error.code})")
    return error


def _database_check(ledger: Ledger) -> Check:
    async def check() -> bool:
        try:
            async with asyncio.timeout(2):
                await ledger.ping()
        except (LedgerUnavailable, TimeoutError):
            return False
        return True

    return check


def _gateway_check(bot: HelprBot) -> Check:
    async def check() -> bool:
        return bot.is_ready() and not bot.is_closed() and math.isfinite(bot.latency)

    return check


def _worker_check(worker: Worker) -> Check:
    async def check() -> bool:
        return worker.is_running

    return check
