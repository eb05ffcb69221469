"""What watches the process: alive, ready, and what it counts."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.web import HealthServer


class Checks:
    """Checks that a test switches."""

    def __init__(self) -> None:
        self.well = {"database": True, "worker": True}

    async def database(self) -> bool:
        """Whether the database is well."""
        return self.well["database"]

    async def worker(self) -> bool:
        """Whether the worker is well."""
        return self.well["worker"]


@pytest.fixture
def checks() -> Checks:
    """Everything is well."""
    return Checks()


@pytest.fixture
async def server(checks: Checks) -> AsyncIterator[HealthServer]:
    """The server on a free port."""
    named = {"database": checks.database, "worker": checks.worker}
    async with HealthServer("127.0.0.1", 0, named) as server:
        yield server


async def get(server: HealthServer, path: str) -> tuple[int, str]:
    """Status and text of an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{server.port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_alive(server: HealthServer, checks: Checks) -> None:
    """The process is alive, whatever is not well."""
    checks.well["database"] = False
    assert await get(server, "/healthz") == (200, '{"status": "ok"}')


async def test_ready(server: HealthServer) -> None:
    """When all is well the process is ready."""
    status, text = await get(server, "/readyz")
    assert status == 200
    assert '"ready": true' in text


@pytest.mark.parametrize("broken", ["database", "worker"])
async def test_not_ready(server: HealthServer, checks: Checks, broken: str) -> None:
    """When one thing is not well the process is not ready, says what, and comes back."""
    checks.well[broken] = False
    status, text = await get(server, "/readyz")
    assert status == 503
    assert f'"{broken}": false' in text
    checks.well[broken] = True
    assert (await get(server, "/readyz"))[0] == 200


async def test_metrics(server: HealthServer) -> None:
    """What is counted is there to read, in the usual format."""
    status, text = await get(server, "/metrics")
    assert status == 200
    assert "# TYPE helpr_worker_up gauge" in text
    assert "helpr_jobs_total" in text


async def test_nothing_else(server: HealthServer) -> None:
    """There is nothing else to find."""
    assert (await get(server, "/"))[0] == 404


async def test_a_taken_port_stops_nobody(server: HealthServer) -> None:
    """A port that is taken costs the page, not the bot."""
    assert server.port is not None
    async with HealthServer("127.0.0.1", server.port, {}) as second:
        assert second.port is None


async def test_many_at_once(server: HealthServer) -> None:
    """Many who ask at once are all answered."""
    found = await asyncio.gather(*(get(server, "/readyz") for _ in range(50)))
    assert {status for status, _ in found} == {200}
