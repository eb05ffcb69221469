"""What every tier may use: a real database for each test, the ledger on it, a sandbox Plex."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import Engine

from bot import compose, log
from bot.clock import ShiftedClock
from bot.settings import Settings
from db.migrate import URL_VARIABLE
from sandbox.plex import PlexSandbox, PlexWorld

TEMPLATE = "helpr_template"
KEPT = "helpr_kept"
# What a migrated database holds from the start stays.
# Rows are deleted, as TRUNCATE makes a file anew for every table and index.
EMPTY_IT = """
DO $$
DECLARE thing record;
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  SET LOCAL session_replication_role = replica;
  FOR thing IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'procrastinate_version')
  LOOP
    EXECUTE 'DELETE FROM ' || thing.name;
  END LOOP;
  FOR thing IN SELECT format('%I.%I', schemaname, sequencename) AS name FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
  LOOP
    PERFORM setval(thing.name::regclass, 1, false);
  END LOOP;
END $$
"""
SECRET = "a-key-that-only-the-tests-know-0123456789"
HOST = Path(__file__).with_name("postgres_host.py")
_numbers = count()


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_machine() -> Iterator[None]:
    """Tests see no HELPR_* variable and no .env of whoever runs them."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("HELPR_")}
    for name in ("HELPR_DISCORD_OPENAPI", "HELPR_E2E_SCREENSHOTS"):
        if name in kept:
            os.environ[name] = kept[name]
    yield
    os.environ.update(kept)


@pytest.fixture(autouse=True, scope="session")
def _statements_are_compiled_once() -> Iterator[None]:
    """SQLAlchemy keeps compiled statements by engine and dialect. Each test has engines of its own,
    and compiling everything anew takes a third of its time: they share those of the first one."""
    make, first = Engine.__init__, []

    def init(engine: Engine, *args: Any, **kwargs: Any) -> None:
        make(engine, *args, **kwargs)
        known = next((one for one in first if type(one.dialect) is type(engine.dialect)), None)
        if known is None:
            first.append(engine)
        elif getattr(known.dialect, "server_version_info", None):
            engine.dialect = known.dialect
            engine._compiled_cache = known._compiled_cache

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", init)
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server with a migrated template database."""
    process = subprocess.Popen(
        [sys.executable, str(HOST), str(tmp_path_factory.mktemp("postgres"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    url = process.stdout.readline().strip()
    try:
        template = url.replace("/helpr?", f"/{TEMPLATE}?")
        # No test cuts this server's power, so it need not wait for the disk.
        hurry = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes")]
        asyncio.run(_execute(url, *hurry, "SELECT pg_reload_conf()"))
        asyncio.run(_execute(url, f"CREATE DATABASE {TEMPLATE}"))
        subprocess.run(
            [sys.executable, "-m", "db.migrate"],
            env={**os.environ, URL_VARIABLE: template},
            check=True,
        )
        yield url
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def databases() -> list[str]:
    """The database that is used again and again, once there is one."""
    return []


@pytest.fixture
async def database_url(postgres: str, databases: list[str]) -> AsyncIterator[str]:
    """An empty, migrated database: one for all tests, as making and dropping one takes longest."""
    if not databases:
        await _execute(postgres, f"CREATE DATABASE {KEPT} TEMPLATE {TEMPLATE}")
        databases.append(KEPT)
    url = postgres.replace("/helpr?", f"/{KEPT}?")
    yield url
    await _execute(url, EMPTY_IT)


@pytest.fixture
async def own_database_url(postgres: str) -> AsyncIterator[str]:
    """A migrated database of one's own, for whoever changes its schema or dies on it."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _execute(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres.replace("/helpr?", f"/{name}?")
    await _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clock() -> ShiftedClock:
    """The one clock; `clock.advance(minutes=20)` lives through time."""
    return ShiftedClock()


@pytest.fixture
async def plex() -> AsyncIterator[PlexSandbox]:
    """A whole Plex."""
    async with PlexSandbox(PlexWorld.demo(), port=0) as sandbox:
        yield sandbox


GUILD_ID = 1_000_000_000_000_000_001


@pytest.fixture
def make_settings(database_url: str, plex: PlexSandbox, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a house on this test's database and Plex; sections may be given anew."""

    def make(**sections: Any) -> Settings:
        home = {
            "guild_id": GUILD_ID,
            "plex_url": plex.base_url,
            "plex_token": plex.owner_token,
        }
        given: dict[str, Any] = {
            "database": {"url": database_url, "pool_size": 5},
            "secret_key": SECRET,
            "data_dir": tmp_path / "data",
            "plex": {"tv_url": plex.base_url, "seconds_between_calls": 0, "deadline": 5},
            "home": home,
        }
        given["home"] = {**home, **sections.pop("home", {})}
        return Settings(_env_file=None, **{**given, **sections})

    return make


@pytest.fixture
async def open_house(
    make_settings: Callable[..., Settings], clock: ShiftedClock
) -> AsyncIterator[Callable[..., Any]]:
    """Open houses (the parts below Discord): `house = await open_house()`."""
    async with AsyncExitStack() as stack:

        async def open_one(**sections: Any) -> compose.House:
            return await stack.enter_async_context(compose.house(make_settings(**sections), clock))

        yield open_one


@pytest.fixture
async def house(open_house: Callable[..., Any]) -> compose.House:
    """The parts below Discord, on this test's database and Plex."""
    return await open_house()


@pytest.fixture(autouse=True)
def _production_log() -> None:
    """What a test logs goes through the same chain as in production."""
    log.setup("json", "info")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have measured (only `tests/resilience` measures)."""
    reports = [one for one in terminalreporter.getreports("passed") if one.when == "call"]
    figures = [figure for report in reports for figure in report.user_properties]
    if figures:
        terminalreporter.section("measured")
    for name, value in figures:
        if isinstance(value, str | int | float):
            terminalreporter.line(f"{name}: {value}")
