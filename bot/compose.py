"""The composition root: the one place where parts are made and handed to each other."""

import asyncio
import contextlib
import math
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
import procrastinate

from bot import log as logs
from bot.client import HelprBot, point_at
from bot.clock import Clock
from bot.crypto import Keyring, kept_secret
from bot.domain.errors import LedgerUnavailable, StartError
from bot.jobs.queue import handlers, make_app
from bot.jobs.sharing import SharingJobs
from bot.jobs.telling import TellingJobs
from bot.jobs.worker import Worker
from bot.plex import PlexService
from bot.services import Services
from bot.services.admission import Admission
from bot.services.guilds import GuildService
from bot.services.invites import InviteService
from bot.services.links import LinkService
from bot.services.pace import PlexPace
from bot.services.reconcile import ReconcileService
from bot.services.releasing import ReleaseService
from bot.services.sending import SendingService
from bot.services.showing import ShowingService
from bot.services.sweep import SweepService
from bot.settings import Settings, SettingsError
from bot.tree import Guard, HelprTree
from bot.ui.items import ALL_ITEMS
from bot.web import Check, HealthServer
from db.engine import libpq_url, make_engine
from db.ledger import Ledger
from db.migrate import ensure_newest

log = logs.logger(__name__)

KEY_FILE = "secret.key"


@dataclass(frozen=True, slots=True)
class Shards:
    """Which shards this process runs, of how many; all of them by default."""

    ids: Sequence[int] | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class House:
    """The parts below Discord."""

    settings: Settings
    database_url: str
    ledger: Ledger
    plex: PlexService
    services: Services


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The database's URL: the operator's, or that of the embedded server, started here."""
    if settings.database.url is not None:
        yield settings.database.url.get_secret_value()
        return
    from db.embedded import EmbeddedPostgres  # noqa: PLC0415 - only where there is no URL

    async with EmbeddedPostgres(settings.data_dir / "postgres") as server:
        yield server.url


def keyring(settings: Settings) -> Keyring:
    """The operator's keys, or with the embedded database one that is made once.

    Raises `SettingsError` when there is neither.
    """
    keys = settings.secret_keys()
    if not keys and settings.database.url is not None:
        raise SettingsError(
            "HELPR_SECRET_KEY is missing: with HELPR_DATABASE__URL set, e-mail addresses and "
            "tokens need a key of yours, for example HELPR_SECRET_KEY=$(openssl rand -base64 32)"
        )
    if not keys:
        try:
            keys = [kept_secret(settings.data_dir / KEY_FILE)]
        except OSError as error:
            raise StartError(
                f"The key in {settings.data_dir / KEY_FILE} cannot be read or made: "
                f"{error.strerror}; set HELPR_SECRET_KEY or HELPR_DATA_DIR"
            ) from None
    logs.hide(*keys)
    return Keyring(keys)


@asynccontextmanager
async def house(settings: Settings, clock: Clock | None = None) -> AsyncIterator[House]:
    """Database, Plex and services, in the order in which they need each other."""
    hide_secrets(settings)
    clock = clock or Clock()
    keys = keyring(settings)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database(settings))
        engine = make_engine(url, pool_size=settings.database.pool_size)
        stack.push_async_callback(engine.dispose)
        if await ensure_newest(engine, url):
            log.info("database.migrated")
        ledger = Ledger(engine, keys)
        guilds = GuildService(ledger, clock)
        plex = await stack.enter_async_context(
            PlexService(
                client_identifier=await guilds.client_identifier(),
                tv_url=settings.plex.tv_url,
                deadline=settings.plex.deadline,
                seconds_between_calls=settings.plex.seconds_between_calls,
                before_call=PlexPace(ledger, settings.plex.seconds_between_calls),
            )
        )
        services = make_services(settings, ledger, clock, plex)
        yield House(settings, url, ledger, plex, services)


def make_services(settings: Settings, ledger: Ledger, clock: Clock, plex: PlexService) -> Services:
    """Every service, on one ledger and one clock."""
    interval = timedelta(seconds=settings.reconcile.interval)
    return Services(
        admission=Admission(ledger, settings.limits),
        guilds=GuildService(ledger, clock),
        invites=InviteService(ledger, clock),
        links=LinkService(ledger, clock, plex, settings.home),
        sending=SendingService(ledger, clock, interval),
        releasing=ReleaseService(ledger, clock),
        reconcile=ReconcileService(ledger, clock, interval),
        showing=ShowingService(ledger, clock),
        sweep=SweepService(ledger, clock),
    )


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


def make_queue(
    house_: House, client: discord.Client, connector: procrastinate.BaseConnector | None = None
) -> procrastinate.App:
    """The queue with every job of this house, speaking to Discord through `client`."""
    services = house_.services
    jobs = handlers(
        SharingJobs(house_.plex, services.sending, services.releasing, services.reconcile),
        TellingJobs(client, services.showing),
        services.links,
    )
    if connector is None:
        connector = procrastinate.PsycopgConnector(
            conninfo=libpq_url(house_.database_url), min_size=1, max_size=6
        )
    return make_app(connector, jobs, services.sweep)


async def run_bot(settings: Settings, *, worker: bool = True, shards: Shards = Shards()) -> None:
    """`helpr run`: the bot, and by default the worker, until a signal comes."""
    token = settings.bot_token()
    point_at(settings.discord)
    async with house(settings) as house_, contextlib.AsyncExitStack() as stack:
        await house_.services.links.adopt_home()
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
    async with house(settings) as house_, contextlib.AsyncExitStack() as stack:
        await house_.services.links.adopt_home()
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
        intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none()
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
    except (discord.HTTPException, OSError) as error:
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


def hide_secrets(settings: Settings) -> None:
    """Tokens of the settings never reach a log line."""
    tokens: list[Any] = [
        settings.discord.token,
        settings.home.plex_token,
        settings.database.url,
    ]
    logs.hide(*(token.get_secret_value() for token in tokens if token is not None))


async def upgrade_database(settings: Settings) -> None:
    """`helpr db upgrade`."""
    async with database(settings) as url:
        engine = make_engine(url)
        try:
            await ensure_newest(engine, url)
        finally:
            await engine.dispose()
