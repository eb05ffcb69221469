"""The worker: comes back by itself, takes up what a killed one left, stops without a trace."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import procrastinate
import psutil
import pytest
from sqlalchemy import text

from bot.clock import Clock
from bot.compose.process import POOL_SECONDS
from bot.crypto import Keyring
from bot.domain.errors import LedgerUnavailable
from bot.domain.jobs import ALL_JOBS, Job, ShareInvite, TellMember
from bot.jobs.queue import make_app
from bot.jobs.worker import WORKER_UP, Worker
from bot.services.sweep import SweepService
from bot.services.troubles import TroubleService
from db.engine import libpq_url, make_engine
from db.ledger import Ledger
from db.migrate import URL_VARIABLE

TESTS = Path(__file__).resolve().parents[1]
WORKER_PROCESS = Path(__file__).with_name("worker_process.py")
Handler = Callable[[int], Awaitable[None]]


class Server:
    """A PostgreSQL of one's own, which can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = ""

    def start(self) -> None:
        """Start it; the address is the same every time."""
        self._host = subprocess.Popen(
            [sys.executable, str(TESTS / "postgres_host.py"), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._host.stdout is not None
        self.url = self._host.stdout.readline().strip()

    def kill(self) -> None:
        """Kill the server and whoever holds it, as a power cut would."""
        host = psutil.Process(self._host.pid)
        host.suspend()  # it would start a server that was killed again
        children = host.children(recursive=True)
        for process in children:
            if process.is_running():
                process.kill()
        host.kill()
        psutil.wait_procs(children, 10)
        self.stop()

    def stop(self) -> None:
        """Stop it in order."""
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        self._host.stdin.close()
        self._host.wait(30)
        self._host.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A migrated server for this file alone."""
    server = Server(tmp_path_factory.mktemp("own"))
    server.start()
    subprocess.run(
        [sys.executable, "-m", "db.migrate"],
        env={**os.environ, URL_VARIABLE: server.url},
        check=True,
    )
    yield server
    server.stop()


@pytest.fixture
async def ledger(server: Server) -> AsyncIterator[Ledger]:
    """A ledger on it, without jobs of earlier tests."""
    engine = make_engine(server.url, pool_size=3)
    ledger = Ledger(engine, Keyring(["k" * 32]))
    async with ledger.begin() as work:
        await work._session.execute(text("TRUNCATE procrastinate_jobs CASCADE"))
        await work._session.execute(text("DELETE FROM procrastinate_workers"))
        await work.commit()
    yield ledger
    await engine.dispose()


def made(server: Server, ledger: Ledger, handler: Handler) -> Worker:
    """A worker whose every job is `handler`."""
    connector = procrastinate.PsycopgConnector(
        conninfo=libpq_url(server.url), min_size=1, max_size=6, timeout=POOL_SECONDS
    )
    jobs = dict.fromkeys(ALL_JOBS, handler)
    return Worker(
        make_app(connector, jobs, SweepService(ledger, Clock()), TroubleService(ledger, Clock()))
    )


@asynccontextmanager
async def working(server: Server, ledger: Ledger, handler: Handler) -> AsyncIterator[Worker]:
    """A worker while the block lasts."""
    worker = made(server, ledger, handler)
    task = asyncio.create_task(worker.run())
    try:
        await until(lambda: worker.is_running)
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for what other processes do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.02)


async def enqueue(ledger: Ledger, *jobs: Job) -> None:
    """Store jobs."""
    async with ledger.begin() as work:
        await work.jobs.enqueue(*jobs)
        await work.commit()


async def statuses(ledger: Ledger) -> list[str]:
    """The statuses of the jobs that are stored, housekeeping aside."""
    async with ledger.begin() as work:
        query = text("SELECT status::text FROM procrastinate_jobs WHERE queue_name = 'helpr'")
        return list((await work._session.execute(query)).scalars())


async def test_a_job_is_done_at_once_and_once(server: Server, ledger: Ledger) -> None:
    """A job runs as soon as it is stored, once, and leaves no row."""
    done: list[int] = []

    async def note(id_: int) -> None:
        done.append(id_)

    async with working(server, ledger, note):
        started = asyncio.get_running_loop().time()
        await enqueue(ledger, ShareInvite(1))
        await until(lambda: done)
        assert asyncio.get_running_loop().time() - started < 1
        await enqueue(ledger, ShareInvite(2), TellMember(3))
        await until(lambda: len(done) == 3)
        await asyncio.sleep(0.5)
    assert sorted(done) == [1, 2, 3]
    assert await statuses(ledger) == []


async def test_a_failing_job_stops_nothing(server: Server, ledger: Ledger) -> None:
    """A job that fails is kept as failed, and the next one runs."""
    done: list[int] = []

    async def fail_first(id_: int) -> None:
        if id_ == 1:
            raise RuntimeError("as it were")
        done.append(id_)

    async with working(server, ledger, fail_first) as worker:
        await enqueue(ledger, ShareInvite(1), ShareInvite(2))
        await until(lambda: done)
        assert worker.is_running
    assert await statuses(ledger) == ["failed"]


async def test_a_slow_job_does_not_hold_up_the_others(server: Server, ledger: Ledger) -> None:
    """While some jobs wait for Plex, others are done."""
    done: list[int] = []
    release = asyncio.Event()

    async def slow_first(id_: int) -> None:
        if id_ < 5:
            await release.wait()
        done.append(id_)

    async with working(server, ledger, slow_first):
        await enqueue(ledger, *map(ShareInvite, range(1, 6)))
        await until(lambda: done)
        assert done == [5]
        release.set()
        await until(lambda: len(done) == 5)


@pytest.mark.slow
async def test_a_database_that_comes_back_is_used_again(server: Server, ledger: Ledger) -> None:
    """Killed and started again, PostgreSQL finds the worker waiting; meanwhile it says it is not
    running, and what was stored before is done afterwards."""
    done: list[int] = []

    async def note(id_: int) -> None:
        done.append(id_)

    async with working(server, ledger, note) as worker:
        assert WORKER_UP._value.get() == 1
        await asyncio.to_thread(server.kill)
        await until(lambda: not worker.is_running)
        assert WORKER_UP._value.get() == 0
        await asyncio.sleep(1)
        assert not worker.is_running
        with pytest.raises(LedgerUnavailable):
            await ledger.ping()
        await asyncio.to_thread(server.start)
        await until(lambda: worker.is_running, 40)
        await enqueue(ledger, ShareInvite(7))
        await until(lambda: done)
        assert done == [7]
        assert worker.is_running


@pytest.mark.slow
async def test_the_job_of_a_killed_worker_is_taken_up(server: Server, ledger: Ledger) -> None:
    """What a worker was doing when it was killed is done by another."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WORKER_PROCESS), server.url), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await enqueue(ledger, ShareInvite(9))
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"begun 9\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert await statuses(ledger) == ["doing"]
    # The time in which a worker counts as alive, lived through at once.
    async with ledger.begin() as work:
        await work._session.execute(
            text(
                "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '20 s'"
            )
        )
        await work.commit()
    done: list[int] = []

    async def note(id_: int) -> None:
        done.append(id_)

    async with working(server, ledger, note):
        await until(lambda: done)
    assert done == [9]


@pytest.mark.slow
async def test_a_rescue_that_is_not_needed_hinders_nobody(server: Server, ledger: Ledger) -> None:
    """Where the same work waits again already, the stalled job is passed over, others are not."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WORKER_PROCESS), server.url), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await enqueue(ledger, ShareInvite(1), ShareInvite(2))
    for _ in range(2):
        await asyncio.wait_for(process.stdout.readline(), 20)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await enqueue(ledger, ShareInvite(1))
    async with ledger.begin() as work:
        await work._session.execute(
            text(
                "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '20 s'"
            )
        )
        await work.commit()
    done: list[int] = []

    async def note(id_: int) -> None:
        done.append(id_)

    async with working(server, ledger, note):
        await until(lambda: {1, 2} <= set(done))


async def test_a_stop_leaves_nothing_behind(server: Server, ledger: Ledger) -> None:
    """After a stop no task of the worker's is left, nothing warns, and its jobs are over."""
    begun, done = asyncio.Event(), []

    async def short(id_: int) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        done.append(id_)

    before = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with working(server, ledger, short) as worker:
            await enqueue(ledger, ShareInvite(1))
            await begun.wait()
        assert not worker.is_running
        assert asyncio.all_tasks() == before
        gc.collect()
        await asyncio.sleep(0)
    assert [str(warning.message) for warning in caught] == []
    # A job under way is given its time to end.
    assert done == [1]
    assert await statuses(ledger) == []


async def test_a_worker_without_a_database_keeps_trying(tmp_path: Path) -> None:
    """A worker that never finds its database says it is not running, and can be stopped."""
    url = "postgresql://nobody@127.0.0.1:9/nothing"
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=2)

    async def nothing(_id: int) -> None:
        return

    ledger = Ledger(make_engine(url), Keyring(["k" * 32]))
    jobs = dict.fromkeys(ALL_JOBS, nothing)
    worker = Worker(
        make_app(connector, jobs, SweepService(ledger, Clock()), TroubleService(ledger, Clock()))
    )
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(1)
    assert not worker.is_running
    assert not task.done()
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
