"""The parts below Discord: database, keys, ledger, Plex, services."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot import log as logs
from bot.clock import Clock
from bot.crypto import CannotOpen, Keyring, kept_secret
from bot.domain.errors import StartError
from bot.plex import PlexService
from bot.services import Services
from bot.services.accepting import AcceptingService
from bot.services.access import AccessService
from bot.services.admission import Admission
from bot.services.audit import AuditService
from bot.services.board import BoardService
from bot.services.bulk import BulkService
from bot.services.bulk_run import BulkRunService
from bot.services.changing import ChangingService
from bot.services.codes import CodeService
from bot.services.forgetting import ForgettingService
from bot.services.granting import GrantService
from bot.services.guilds import GuildService
from bot.services.holders import HolderService
from bot.services.importing import ImportService
from bot.services.invites import InviteService
from bot.services.linking import LinkingService
from bot.services.links import LinkService
from bot.services.messages import MessageService
from bot.services.mine import MineService
from bot.services.notices import NoticeService
from bot.services.pace import PlexPace
from bot.services.panels import PanelService
from bot.services.presence import PresenceService
from bot.services.privacy import PrivacyService
from bot.services.proving import ProvingService
from bot.services.reconcile import ReconcileService
from bot.services.redeeming import RedeemingService
from bot.services.roles import RoleService
from bot.services.sending import SendingService
from bot.services.settings import SettingsService
from bot.services.setup import SetupService
from bot.services.showing import ShowingService
from bot.services.sight import SightService
from bot.services.sign_ins import SignInService
from bot.services.stats import StatsService
from bot.services.sweep import SweepService
from bot.services.tier_edits import TierEditing
from bot.services.tiers import TierService
from bot.services.troubles import TroubleService
from bot.services.waiting import WaitingService
from bot.services.wishes import WishService
from bot.settings import Settings, SettingsError
from db.engine import make_engine
from db.ledger import Ledger
from db.migrate import ensure_newest

log = logs.logger(__name__)

KEY_FILE = "secret.key"


@dataclass(frozen=True, slots=True)
class House:
    """The parts below Discord."""

    settings: Settings
    database_url: str
    ledger: Ledger
    clock: Clock
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
        identifier = await guilds.client_identifier()
        await _check_keys(ledger)
        pace = PlexPace(ledger, clock, settings.plex.seconds_between_calls)
        plex = await stack.enter_async_context(
            PlexService(
                client_identifier=identifier,
                tv_url=settings.plex.tv_url,
                deadline=settings.plex.deadline,
                seconds_between_calls=settings.plex.seconds_between_calls,
                before_call=pace,
                told_to_wait=pace.told_to_wait,
            )
        )
        services = make_services(settings, ledger, clock, plex)
        yield House(settings, url, ledger, clock, plex, services)


async def _check_keys(ledger: Ledger) -> None:
    try:
        await ledger.check_keys()
    except CannotOpen:
        raise SettingsError(
            "HELPR_SECRET_KEY is wrong: it does not open what this database holds; set the key "
            "that it was made with (a new one goes before it, separated by a comma), "
            "for example HELPR_SECRET_KEY=new-key,old-key"
        ) from None


def make_services(settings: Settings, ledger: Ledger, clock: Clock, plex: PlexService) -> Services:
    """Every service, on one ledger and one clock."""
    interval = timedelta(seconds=settings.reconcile.interval)
    links = LinkService(ledger, clock, plex, settings.home)
    sign_ins = SignInService(ledger, clock, plex)
    access = AccessService(ledger, clock)
    redeeming = RedeemingService(ledger, clock)
    invites = InviteService(ledger, clock, redeeming)
    return Services(
        admission=Admission(ledger, settings.limits),
        guilds=GuildService(ledger, clock),
        invites=invites,
        mine=MineService(ledger, clock),
        sight=SightService(ledger, clock, plex),
        wishes=WishService(ledger, clock, access),
        links=links,
        settings=SettingsService(ledger, clock, settings.home),
        sending=SendingService(ledger, clock, interval),
        changing=ChangingService(ledger, clock),
        access=access,
        holders=HolderService(ledger, clock, plex),
        granting=GrantService(ledger, clock),
        importing=ImportService(ledger, clock, plex),
        bulk=BulkService(ledger, clock),
        bulk_run=BulkRunService(ledger, clock, access),
        presence=PresenceService(ledger, clock),
        messages=MessageService(ledger, clock),
        notices=NoticeService(ledger, clock),
        troubles=TroubleService(ledger, clock),
        reconcile=ReconcileService(ledger, clock, interval),
        showing=ShowingService(ledger, clock),
        panels=PanelService(ledger, clock),
        codes=CodeService(ledger, clock),
        redeeming=redeeming,
        sign_ins=sign_ins,
        linking=LinkingService(ledger, clock, plex, links),
        setup=SetupService(ledger, sign_ins),
        proving=ProvingService(ledger, clock),
        privacy=PrivacyService(ledger, clock),
        forgetting=ForgettingService(ledger, clock, invites, access),
        accepting=AcceptingService(ledger, clock),
        sweep=SweepService(ledger, clock),
        board=BoardService(ledger, clock, plex),
        stats=StatsService(ledger, clock),
        audit=AuditService(ledger, clock),
        tiers=TierService(ledger, clock),
        tier_edits=TierEditing(ledger, clock, plex),
        roles=RoleService(ledger, clock),
        waiting=WaitingService(ledger, clock),
    )


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
