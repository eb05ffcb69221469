"""Use cases, one module a family; each method is one unit of work. No Discord, no Plex library."""

from dataclasses import dataclass

from bot.services.access import AccessService
from bot.services.admission import Admission
from bot.services.bulk import BulkService
from bot.services.bulk_run import BulkRunService
from bot.services.changing import ChangingService
from bot.services.granting import GrantService
from bot.services.guilds import GuildService
from bot.services.holders import HolderService
from bot.services.importing import ImportService
from bot.services.invites import InviteService
from bot.services.links import LinkService
from bot.services.notices import NoticeService
from bot.services.panels import PanelService
from bot.services.reconcile import ReconcileService
from bot.services.sending import SendingService
from bot.services.settings import SettingsService
from bot.services.showing import ShowingService
from bot.services.sweep import SweepService
from bot.services.troubles import TroubleService


@dataclass(frozen=True, slots=True)
class Services:
    """Every service, made once by the composition root."""

    admission: Admission
    guilds: GuildService
    invites: InviteService
    links: LinkService
    settings: SettingsService
    sending: SendingService
    changing: ChangingService
    access: AccessService
    holders: HolderService
    granting: GrantService
    importing: ImportService
    bulk: BulkService
    bulk_run: BulkRunService
    notices: NoticeService
    troubles: TroubleService
    reconcile: ReconcileService
    showing: ShowingService
    panels: PanelService
    sweep: SweepService
