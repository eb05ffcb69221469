"""Jobs are enqueued inside the transaction that causes them, through procrastinate's function."""

import json

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.jobs import Job

_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW("
    "CAST(:queue AS text), CAST(:name AS text), 0, NULL, CAST(:key AS text), "
    "CAST(:args AS jsonb), NULL"
    ")::procrastinate_job_to_defer_v1])"
)


class Jobs:
    """The job queue, as one unit of work sees it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def enqueue(self, *jobs: Job) -> None:
        """Store jobs; one that is waiting already is not stored twice."""
        # In one order everywhere, so that two units of work never wait for each other's keys.
        for job in sorted(jobs, key=lambda job: job.key):
            try:
                # A duplicate key raises; the savepoint keeps that from undoing the rest.
                async with self._session.begin_nested():
                    await self._session.execute(
                        _DEFER,
                        {
                            "queue": job.queue,
                            "name": job.name,
                            "key": job.key,
                            "args": json.dumps(job.args),
                        },
                    )
            except IntegrityError:
                continue
