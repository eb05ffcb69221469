"""Jobs that fail for a reason nobody foresaw: counted, shown to admins, forgotten on success."""

from datetime import datetime

from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.jobs import (
    ALL_JOBS,
    ChangeShare,
    ConnectLink,
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
    Trouble,
)
from db.models import Bulk as BulkRow
from db.models import Forgetting as ForgettingRow
from db.models import InviteRow, PlexLink
from db.models import Message as MessageRow
from db.models import Notice as NoticeRow
from db.models import Panel as PanelRow
from db.models import SignIn as SignInRow
from db.models import Trouble as TroubleRow
from db.models import Wish as WishRow

TROUBLE: Table = TroubleRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
C = TROUBLE.c
INVITE: Table = InviteRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
LINK: Table = PlexLink.__table__  # type: ignore[assignment]  # a mapped class has a Table
NOTICE: Table = NoticeRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
SIGN_IN: Table = SignInRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
WISH: Table = WishRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
FORGETTING: Table = ForgettingRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
MESSAGE: Table = MessageRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
BULK: Table = BulkRow.__table__  # type: ignore[assignment]  # a mapped class has a Table
PANEL: Table = PanelRow.__table__  # type: ignore[assignment]  # a mapped class has a Table

# By the job's name: the table of its subject, where its next time stands, and where its claim does.
_OWED: dict[str, tuple[Table, str, str | None]] = {
    ShareInvite.name: (INVITE, "share_due_at", "work_leased_until"),
    ChangeShare.name: (INVITE, "change_due_at", "work_leased_until"),
    ShowCard.name: (INVITE, "card_due_at", "card_leased_until"),
    TellMember.name: (INVITE, "tell_due_at", "tell_leased_until"),
    ConnectLink.name: (LINK, "connect_due_at", None),
    ReconcileLink.name: (LINK, "reconcile_due_at", None),
    ShowNotice.name: (NOTICE, "due_at", "leased_until"),
    FollowSignIn.name: (SIGN_IN, "poll_due_at", "leased_until"),
    ShowWish.name: (WISH, "card_due_at", "card_leased_until"),
    ShowPanel.name: (PANEL, "due_at", "leased_until"),
    LookForMember.name: (INVITE, "presence_due_at", "presence_leased_until"),
    ForgetMember.name: (FORGETTING, "due_at", "leased_until"),
    SendMessage.name: (MESSAGE, "due_at", "leased_until"),
    GiveRole.name: (INVITE, "role_due_at", "role_leased_until"),
    RunBulk.name: (BULK, "due_at", "leased_until"),
}
_JOBS = {job.name: job for job in ALL_JOBS}


class Troubles:
    """The troubles of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def failed(self, job: Job, *, reference: str, now: datetime) -> tuple[int, int] | None:
        """Count one more failure; (tries, guild id), or None when the subject is gone."""
        [subject_id] = job.args.values()
        subject = _OWED[job.name][0]
        guild_id = (
            await self._session.execute(
                select(subject.c.guild_id).where(subject.c.id == subject_id)
            )
        ).scalar_one_or_none()
        if guild_id is None:
            return None
        tries = await self._session.execute(
            insert(TROUBLE)
            .values(
                guild_id=guild_id,
                job=job.name,
                subject_id=subject_id,
                reference=reference,
                since=now,
                last_at=now,
            )
            .on_conflict_do_update(
                index_elements=[C.job, C.subject_id],
                set_={"tries": C.tries + 1, "reference": reference, "last_at": now},
            )
            .returning(C.tries)
        )
        return tries.scalar_one(), guild_id

    async def worked(self, job: Job) -> int | None:
        """The job works; the guild's id if it had been in trouble."""
        [subject_id] = job.args.values()
        gone = await self._session.execute(
            delete(TROUBLE)
            .where(C.job == job.name, C.subject_id == subject_id)
            .returning(C.guild_id)
        )
        return gone.scalar_one_or_none()

    async def is_any(self) -> bool:
        """Whether any job of any guild is in trouble."""
        return (await self._session.execute(select(C.id).limit(1))).first() is not None

    async def forget_old(self, before: datetime) -> set[int]:
        """Forget what has not failed again since `before`; the guilds that this concerns."""
        gone = await self._session.execute(
            delete(TROUBLE).where(C.last_at < before).returning(C.guild_id)
        )
        return set(gone.scalars())

    async def postpone(self, job: Job, until: datetime) -> None:
        """Let what a job works on wait."""
        subject, due, leased = _OWED[job.name]
        [subject_id] = job.args.values()
        columns = {due: until, **({leased: None} if leased else {})}
        await self._session.execute(
            update(subject)
            .where(subject.c.id == subject_id, subject.c[due].is_not(None))
            .values(columns)
        )

    async def wake(self, guild_id: int, now: datetime) -> list[Job]:
        """Make all that is in trouble due at once; its jobs."""
        jobs = []
        for trouble in await self.of_guild(guild_id, limit=100):
            job = _JOBS[trouble.job](trouble.subject_id)  # type: ignore[call-arg]  # each has one
            await self.postpone(job, now)
            jobs.append(job)
        return jobs

    async def of_guild(self, guild_id: int, least: int = 1, limit: int = 20) -> list[Trouble]:
        """The guild's troubles that have come at least so often, oldest first."""
        query = (
            select(C.job, C.subject_id, C.tries, C.reference, C.since)
            .where(C.guild_id == guild_id, C.tries >= least)
            .order_by(C.since)
            .limit(limit)
        )
        return [Trouble(*row) for row in await self._session.execute(query)]
