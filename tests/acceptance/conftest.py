"""The stage, and the check of every request that was made to Discord."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from stage import Stage, set_the_stage

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.plex import PlexSandbox

TEMPLATE = "helpr_template"


KEPT = "helpr_acceptance"
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


@pytest.fixture(scope="session")
def databases() -> list[str]:
    """The database that is used again and again, once there is one."""
    return []


@pytest.fixture
async def database_url(postgres: str, databases: list[str]) -> AsyncIterator[str]:
    """An empty, migrated database: one for all tests, as making and dropping one takes longest."""
    url = postgres.replace("/helpr?", f"/{KEPT}?")
    if not databases:
        server = await asyncpg.connect(postgres.replace("+asyncpg", ""))
        await server.execute(f"CREATE DATABASE {KEPT} TEMPLATE {TEMPLATE}")
        await server.close()
        databases.append(KEPT)
    yield url
    own = await asyncpg.connect(url.replace("+asyncpg", ""))
    await own.execute(EMPTY_IT)
    await own.close()


@pytest.fixture
async def make_stage(
    make_settings: Callable[..., Settings], plex: PlexSandbox, clock: ShiftedClock
) -> AsyncIterator[Callable[..., Awaitable[Stage]]]:
    """A stage under other settings: `stage = await make_stage(limits={...})`.

    After the test every request that was made to Discord is judged (`discord_openapi`), answers
    have to be private, and no error may have been logged: a test that wants one forgives it.
    """
    async with AsyncExitStack() as stack:
        made: list[Stage] = []

        async def make(**sections: Any) -> Stage:
            stage = await stack.enter_async_context(
                set_the_stage(make_settings, plex, clock, **sections)
            )
            made.append(stage)
            return stage

        yield make
        for stage in made:
            assert stage.complaints() == []
            assert stage.surprises() == []


@pytest.fixture
async def stage(make_stage: Callable[..., Awaitable[Stage]]) -> Stage:
    """A guild with Alice (admin), Rita (reviewer), Bob and Carol (members), connected to Plex."""
    return await make_stage()
