"""The demo from outside: its addresses, its bot, its options, and that nothing stays behind."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import psutil
import pytest

from sandbox import ports
from sandbox.botkeeper import BotFailedError
from sandbox.child import Child
from sandbox.demo import Demo, Options

ROOT = Path(__file__).resolve().parents[2]
WIRE_BOT = (sys.executable, str(ROOT / "tests" / "contract" / "wire_bot.py"))
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def eventually(condition: Callable[[], object], timeout: float = 10.0) -> None:
    """Wait for something that other processes do."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.05)


def ended(pid: int) -> bool:
    """Whether the process has ended (a zombie nobody reaps counts as ended)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def left_in(folder: Path) -> list[Path]:
    """What a folder still holds."""
    return list(folder.iterdir())


def child(tmp_path: Path, *command: str) -> Child:
    """A child of this command."""
    return Child(command, os.environ, log=tmp_path / "log", cwd=tmp_path)


@contextlib.asynccontextmanager
async def running(*arguments: str, **extra: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Python with these arguments; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        cwd=ROOT,
        env={**os.environ, **extra},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def playing(bot: str) -> tuple[str, str]:
    """Arguments that play the demo with a bot of this source."""
    command = (sys.executable, "-uc", bot)
    program = f"""
import asyncio, sys
from sandbox.demo import Options
from sandbox.play import play
sys.exit(asyncio.run(play(Options(port={free_port()}), command={command!r})))
"""
    return ("-c", program)


async def read_until(process: asyncio.subprocess.Process, text: str) -> str:
    """What the process prints, up to and with this text."""
    said = ""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while text not in said:
            line = await process.stdout.readline()
            assert line, said
            said += line.decode()
    return said


# ---------------------------------------------------------------- parts


def test_taken_ports_are_replaced() -> None:
    """The wanted ports are chosen, except the one that somebody else listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        chosen = ports.choose(taken, 3)
    assert taken not in chosen
    assert len(set(chosen)) == 3


async def test_a_child_ends_when_asked_and_keeps_its_words(tmp_path: Path) -> None:
    """A child gets SIGTERM, and its last lines can be read afterwards."""
    process = child(tmp_path, sys.executable, "-uc", "print('hello'); import time; time.sleep(60)")
    await process.start()
    pid = process.pid
    await eventually(lambda: "hello" in process.tail())
    assert await process.stop() == -signal.SIGTERM
    assert (process.pid, process.running, process.tail()) == (None, False, "hello")
    await eventually(lambda: ended(pid))


async def test_a_stubborn_child_is_killed(tmp_path: Path) -> None:
    """A child that ignores SIGTERM is killed when its time is up."""
    process = child(tmp_path, sys.executable, "-c", STUBBORN)
    await process.start()
    await asyncio.sleep(0.3)
    assert await process.stop(grace=0.2) == -signal.SIGKILL


async def test_a_child_can_be_started_again(tmp_path: Path) -> None:
    """The same child runs a second time, under another process id."""
    process = child(tmp_path, sys.executable, "-c", "import time; time.sleep(60)")
    await process.start()
    first = process.pid
    await process.kill()
    await process.start()
    assert process.pid != first
    await process.stop()


@pytest.mark.slow
async def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    """After kill -9 of the parent, the child ends by itself."""
    program = f"""
import asyncio, os, sys
from pathlib import Path
from sandbox.child import Child
async def main():
    here = Path({str(tmp_path)!r})
    command = (sys.executable, "-c", "import time; time.sleep(60)")
    child = Child(command, os.environ, log=here / "log", cwd=here)
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert psutil.pid_exists(pid)
    parent.kill()
    await parent.communicate()
    await eventually(lambda: ended(pid))


# ---------------------------------------------------------------- the stage and its bot


@pytest.mark.slow
async def test_the_bot_on_stage_can_be_restarted() -> None:
    """Ready means ready; a restart, gentle or not, meets the same commands and people."""
    async with Demo(Options(port=free_port()), command=WIRE_BOT) as demo:
        await demo.keeper.start(timeout=30)
        url = f"{demo.discord.base_url}/sandbox/api/bot"
        async with aiohttp.ClientSession() as web:
            async with web.get(url) as answer:
                before = await answer.json()
            assert before["ready"]
            async with web.post(url, json={"do": "restart", "kill": True}) as answer:
                after = await answer.json()
        assert after["ready"]
        assert after["pid"] != before["pid"]
        result = await demo.discord.bob.slash(demo.discord.world.get_access, "colour", name="green")
        assert result.response.content == "green in en-US"
        assert not demo.keeper.failed


@pytest.mark.slow
async def test_a_bot_that_crashes_later_is_noticed() -> None:
    """A ready bot that ends by itself is reported; the world goes on."""
    async with Demo(Options(port=free_port()), command=WIRE_BOT) as demo:
        noticed = asyncio.Event()
        demo.keeper.on_failure = noticed.set
        await demo.keeper.start(timeout=30)
        os.kill(demo.keeper.pid, signal.SIGKILL)
        await asyncio.wait_for(noticed.wait(), 5)
        assert demo.keeper.failed


async def test_a_bot_that_never_comes_up_is_a_failure() -> None:
    """A bot that ends before it is ready is told apart, with its last words."""
    command = (sys.executable, "-c", "raise SystemExit('no such token')")
    async with Demo(Options(port=free_port()), command=command) as demo:
        with pytest.raises(BotFailedError, match="exit code 1"):
            await demo.keeper.start()
        assert demo.keeper.tail == "no such token"


async def test_the_start_page_shows_everybody() -> None:
    """The start page frames and links each person's page and Plex, and loads nothing else."""
    async with (
        Demo(Options(port=free_port())) as demo,
        aiohttp.ClientSession() as web,
        web.get(demo.addresses["Start here"]) as answer,
    ):
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    for key in ("bob", "bob-dm", "plex", "alice", "rita"):
        assert re.search(rf'<iframe id="frame-{key}"[^>]*src="(http://127\.0\.0\.1:\d+/)', page)
        assert f'id="link-{key}"' in page
    assert [f"step-{number}" in page for number in range(1, 6)] == [True] * 5
    assert "$" not in page
    assert "script" not in page
    assert policy.startswith("default-src 'none'")


async def test_the_bots_environment_is_the_worlds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's own settings do not reach the bot, except the database when it is kept."""
    monkeypatch.setenv("HELPR_SECRET_KEY", "real")
    monkeypatch.setenv("HELPR_DATABASE__URL", "postgresql://kept")
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    command = (sys.executable, "-c", show)
    for keep in (False, True):
        options = Options(port=free_port(), keep_database=keep)
        async with Demo(options, command=command) as demo:
            with pytest.raises(BotFailedError):
                await demo.keeper.start()
            assert "HELPR_SECRET_KEY" not in demo.keeper.tail
            assert ("postgresql://kept" in demo.keeper.tail) is keep
            assert demo.discord.bot_token in demo.keeper.tail


# ---------------------------------------------------------------- python -m sandbox


async def test_the_command_line_loads_nothing_heavy() -> None:
    """Help and mistakes are answered before Discord's and Plex's parts are imported."""
    program = (
        "import sys, sandbox.__main__; print({'discord', 'simcord', 'aiohttp'} & {*sys.modules})"
    )
    async with running("-c", program) as process:
        assert "set()" in await read_until(process, "\n")


@pytest.mark.slow
async def test_without_a_bot_the_environment_is_printed(tmp_path: Path) -> None:
    """--no-bot prints and writes what a bot needs, and SIGTERM ends it with 0."""
    file = tmp_path / "env"
    arguments = ("-m", "sandbox", "--no-bot", "--port", str(free_port()), "--env-file", str(file))
    async with running(*arguments) as process:
        said = await read_until(process, "  Plex")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    written = file.read_text()
    assert written in said
    assert "HELPR_DISCORD__API_URL=http://127.0.0.1:" in written
    assert "HELPR_HOME__PLEX_TOKEN=" in written


@pytest.mark.slow
async def test_nothing_stays_behind_after_ctrl_c(tmp_path: Path) -> None:
    """Ctrl-C, even while the bot starts, ends the bot and removes the temporary folder."""
    pid_file, temporary = tmp_path / "pid", tmp_path / "temporary"
    temporary.mkdir()
    bot = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    async with running(*playing(bot), TMPDIR=str(temporary)) as process:
        await eventually(lambda: pid_file.exists() and pid_file.read_text())
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    assert ended(int(pid_file.read_text()))
    assert left_in(temporary) == []


@pytest.mark.slow
async def test_a_bot_that_dies_early_is_quoted(tmp_path: Path) -> None:
    """A bot that does not come up has its last lines shown, and the exit code is not zero."""
    bot = "raise SystemExit('the token is missing')"
    async with running(*playing(bot), TMPDIR=str(tmp_path)) as process:
        said = await read_until(process, "the token is missing")
        assert await asyncio.wait_for(process.wait(), 20) == 1
    assert "The bot ended with exit code 1." in said
    assert left_in(tmp_path) == []
