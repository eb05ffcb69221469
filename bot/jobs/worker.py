"""The worker: runs the queue, and is started again whenever it stops."""

import asyncio
import contextlib

import procrastinate
from prometheus_client import Gauge

from bot.jobs.queue import HEARTBEAT, HOUSEKEEPING, STALLED, WORK
from bot.log import logger

log = logger(__name__)

CONCURRENCY = 8
# Below the ten seconds that a container is given to stop, with the rest of the house after it.
GRACE = 5.0
POLL = 0.2
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0

WORKER_UP = Gauge("helpr_worker_up", "Whether this process's worker runs (1) or not (0)")


class Worker:
    """Keeps procrastinate's worker running until it is cancelled.

    When PostgreSQL goes away, `run_worker_async` returns as if all were well and its schedules are
    dead: whatever ends it, it is started again. `is_running` is what /readyz shows.
    """

    def __init__(self, app: procrastinate.App) -> None:
        self._app = app
        self.is_running = False

    async def run(self) -> None:
        """Run for ever; ends only by cancellation."""
        wait = FIRST_WAIT
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await self._run_once()
                log.warning("worker.stopped")
            except Exception as error:
                log.warning("worker.failed", error=type(error).__name__)
            finally:
                self._note(running=False)
            if asyncio.get_running_loop().time() - started > LONGEST_WAIT:
                wait = FIRST_WAIT
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _run_once(self) -> None:
        async with self._app.open_async():
            self._note(running=True)
            parts = [
                asyncio.create_task(self._work(WORK, CONCURRENCY)),
                asyncio.create_task(self._work(HOUSEKEEPING, 2)),
            ]
            try:
                # When one part ends, the whole is started anew; what ended it is raised.
                ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                for part in ended:
                    part.result()
            finally:
                self._note(running=False)
                for part in parts:
                    part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)

    async def _work(self, queue: str, concurrency: int) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self._app.run_worker_async(
                queues=[queue],
                name=queue,
                concurrency=concurrency,
                fetch_job_polling_interval=POLL,
                shutdown_graceful_timeout=GRACE,
                install_signal_handlers=False,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED,
            )

    def _note(self, *, running: bool) -> None:
        self.is_running = running
        WORKER_UP.set(running)
