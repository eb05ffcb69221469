"""A worker of its own: `python worker_process.py URL`. Says `begun ID` and never ends a job."""

import asyncio
import sys

import procrastinate

from bot.clock import Clock
from bot.crypto import Keyring
from bot.domain.jobs import ALL_JOBS
from bot.jobs.queue import make_app
from bot.jobs.worker import Worker
from bot.services.sweep import SweepService
from bot.services.troubles import TroubleService
from db.engine import libpq_url, make_engine
from db.ledger import Ledger


async def never_end(id_: int) -> None:
    """Begin a job and hang in it."""
    sys.stdout.write(f"begun {id_}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def main(url: str) -> None:
    """Work until killed."""
    ledger = Ledger(make_engine(url), Keyring(["k" * 32]))
    connector = procrastinate.PsycopgConnector(conninfo=libpq_url(url), min_size=1, max_size=4)
    jobs = dict.fromkeys(ALL_JOBS, never_end)
    await Worker(
        make_app(connector, jobs, SweepService(ledger, Clock()), TroubleService(ledger, Clock()))
    ).run()


asyncio.run(main(sys.argv[1]))
