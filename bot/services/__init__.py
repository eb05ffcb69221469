"""Use cases, one module a family; each method is one unit of work. No Discord, no Plex library."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Services:
    """Every service, made once by the composition root."""

    admission: Admission
    guilds: GuildService
    invites: InviteService
    mine: MineService
    sight: SightService
    wishes: WishService
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
    messages: MessageService
    presence: PresenceService
    notices: NoticeService
    troubles: TroubleService
    reconcile: ReconcileService
    showing: ShowingService
    panels: PanelService
    codes: CodeService
    redeeming: RedeemingService
    sign_ins: SignInService
    linking: LinkingService
    setup: SetupService
    proving: ProvingService
    privacy: PrivacyService
    forgetting: ForgettingService
    accepting: AcceptingService
    sweep: SweepService
    board: BoardService
    stats: StatsService
    audit: AuditService
    tiers: TierService
    tier_edits: TierEditing
    roles: RoleService
    waiting: WaitingService
