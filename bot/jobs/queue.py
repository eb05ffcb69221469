"""The job queue: procrastinate's tasks for `bot.domain.jobs`, and the housekeeping."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import procrastinate
from procrastinate.exceptions import ProcrastinateException
from prometheus_client import Counter

from bot.domain.errors import LedgerUnavailable
from bot.domain.jobs import (
    ChangeShare,
    ConnectLink,
    FillSeats,
    FollowSignIn,
    ForgetMember,
    GiveRole,
    Job,
    LookForMember,
    ReconcileLink,
    RunBulk,
    SendMessage,
    ShareInvite,
    ShowCard,
    ShowNotice,
    ShowPanel,
    ShowWish,
    TellMember,
)
from bot.jobs.bulk import BulkJobs
from bot.jobs.changing import ChangingJobs
from bot.jobs.comparing import ComparingJobs
from bot.jobs.forgetting import ForgettingJobs
from bot.jobs.messaging import MessagingJobs
from bot.jobs.noticing import NoticingJobs
from bot.jobs.presence import PresenceJobs
from bot.jobs.roles import RoleJobs
from bot.jobs.sharing import SharingJobs
from bot.jobs.signing_in import SignInJobs
from bot.jobs.standing import StandingJobs
from bot.jobs.telling import TellingJobs
from bot.jobs.wishing import WishJobs
from bot.log import logger, reference
from bot.services.links import LinkService
from bot.services.sweep import SweepService
from bot.services.troubles import TroubleService
from bot.services.waiting import WaitingService

log = logger(__name__)

# False when nothing was due.
Handler = Callable[[int], Awaitable[bool]]

WORK = Job.queue
# Apart from the rest, so that a full house of slow jobs never keeps the rescue waiting.
HOUSEKEEPING = "housekeeping"
# A worker that has not been heard of for this long is dead, and its jobs are taken back. Seconds.
HEARTBEAT = 3.0
STALLED = 10.0
KEEP_FAILED_HOURS = 7 * 24

JOBS_DONE = Counter("helpr_jobs", "Jobs that ended", ["task", "outcome"])


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the jobs."""

    sharing: SharingJobs
    changing: ChangingJobs
    comparing: ComparingJobs
    telling: TellingJobs
    noticing: NoticingJobs
    messaging: MessagingJobs
    presence: PresenceJobs
    roles: RoleJobs
    standing: StandingJobs
    wishing: WishJobs
    links: LinkService
    signing_in: SignInJobs
    bulk: BulkJobs
    waiting: WaitingService
    forgetting: ForgettingJobs


def handlers(workers: Workers) -> Mapping[type[Job], Handler]:
    """What each job does."""
    return {
        ConnectLink: workers.links.connect_due,
        ShareInvite: workers.sharing.share_invite,
        ChangeShare: workers.changing.change_share,
        ShowCard: workers.telling.show_card,
        TellMember: workers.telling.tell_member,
        ReconcileLink: workers.comparing.reconcile_link,
        GiveRole: workers.roles.give_role,
        ShowNotice: workers.noticing.show_notice,
        LookForMember: workers.presence.look_for_member,
        SendMessage: workers.messaging.send_message,
        FollowSignIn: workers.signing_in.follow,
        RunBulk: workers.bulk.run_bulk,
        ShowPanel: workers.standing.show_panel,
        ShowWish: workers.wishing.show_wish,
        FillSeats: workers.waiting.fill,
        ForgetMember: workers.forgetting.forget_member,
    }


def make_app(
    connector: procrastinate.BaseConnector,
    jobs: Mapping[type[Job], Handler],
    sweep: SweepService,
    troubles: TroubleService,
) -> procrastinate.App:
    """A queue with a task for every job, and the periodic ones. Nothing connects yet."""
    app = procrastinate.App(connector=connector)
    for job, handler in jobs.items():
        app.task(name=job.name, queue=job.queue)(_kept(job, handler, troubles))
    _add_housekeeping(app, sweep)
    return app


def _kept(
    job: type[Job], handler: Handler, troubles: TroubleService
) -> Callable[..., Awaitable[None]]:
    """The task of a job: what fails in it is counted where admins see it."""

    async def run(**args: int) -> None:
        with reference(job=job.name, **args) as number:
            try:
                did = await handler(*args.values())
            except Exception as error:
                # The ledger still owes it: the sweep brings it back, later and later.
                JOBS_DONE.labels(job.name, "failed").inc()
                log.exception("job.failed")
                if not isinstance(error, LedgerUnavailable):
                    await troubles.failed(job(**args), number)
                raise
            JOBS_DONE.labels(job.name, "done").inc()
            if did:
                await troubles.worked(job(**args))

    return run


def _add_housekeeping(app: procrastinate.App, sweep: SweepService) -> None:
    # procrastinate's cron has the seconds as its SIXTH field.
    @app.periodic(cron="* * * * * */5")
    @app.task(name="sweep", queue=HOUSEKEEPING, queueing_lock="sweep")
    async def _sweep(timestamp: int) -> None:
        del timestamp
        await sweep.sweep()

    # Somebody has just confirmed a PIN, and looks at Discord again.
    @app.periodic(cron="* * * * * */2")
    @app.task(name="sign-ins", queue=HOUSEKEEPING, queueing_lock="sign-ins")
    async def _sign_ins(timestamp: int) -> None:
        del timestamp
        await sweep.follow_sign_ins()

    @app.periodic(cron="* * * * * */5")
    @app.task(name="rescue", queue=HOUSEKEEPING, queueing_lock="rescue")
    async def _rescue(timestamp: int) -> None:
        del timestamp
        await rescue(app)

    @app.periodic(cron="17 * * * *")
    @app.task(name="tidy", queue=HOUSEKEEPING, queueing_lock="tidy")
    async def _tidy(timestamp: int) -> None:
        del timestamp
        await sweep.tidy()
        await app.job_manager.delete_old_jobs(
            nb_hours=KEEP_FAILED_HOURS,
            include_failed=True,
            include_cancelled=True,
            include_aborted=True,
        )


async def rescue(app: procrastinate.App) -> None:
    """Take back the jobs of workers that died; one that cannot be taken hinders no other."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        try:
            await app.job_manager.retry_job(job)
        except ProcrastinateException as error:
            # Its key waits in the queue already (the sweep was faster): the old one is done with.
            log.info("job.not_rescued", task=job.task_name, error=type(error).__name__)
