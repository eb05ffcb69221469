"""One server process: is it there, does it answer, start it."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from pathlib import Path

import asyncpg

from db.embedded.place import DATABASE, PORT, USER, Place
from db.embedded.servant import Servant, stop

_PATIENCE = 2.0
_NO_ANSWER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_SETTINGS = {
    # The socket's folder is the only door, and only the cluster's owner passes through it.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # What was acknowledged survives kill -9 and a power cut. Defaults, said because they matter.
    "fsync": "on",
    "synchronous_commit": "on",
    # No replica and no archive will ever read the log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    # A small server that mostly waits: few processes, few wake-ups.
    "shared_buffers": "64MB",
    "io_method": "sync",
    "autovacuum_naptime": "5min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # The detail of a violated constraint would write people's names into the log.
    "log_error_verbosity": "terse",
}


async def answers(place: Place) -> bool:
    """Whether the server of this very cluster lets us in."""
    if not place.sockets_are_private():
        return False
    try:
        connection = await asyncpg.connect(
            host=str(place.sockets),
            # All of these are said so that no PG* variable and no ~/.pgpass is asked.
            port=PORT,
            user=USER,
            database=DATABASE,
            password="",
            ssl=False,
            timeout=_PATIENCE,
        )
        try:
            data = await connection.fetchval("SHOW data_directory", timeout=_PATIENCE)
        finally:
            await connection.close(timeout=_PATIENCE)
    except (OSError, *_NO_ANSWER):
        return False
    return bool(data == str(place.data))


async def outlived(place: Place) -> bool:
    """Wait for a server that is shutting down; True when one stays and answers.

    Such a server lost its owner before it could hear of the owner's death. It is used, never
    signalled: a pid from a file is no proof of ownership.
    """
    while await _runs(place):
        if await answers(place):
            # It may be about to hear: believe the second answer.
            await asyncio.sleep(0.2)
            if await answers(place):
                return True
        await asyncio.sleep(0.05)
    return False


async def _runs(place: Place) -> bool:
    pid = _noted_pid(place)
    return pid is not None and str(place.data) in (await _arguments_of(pid))[1:]


def _noted_pid(place: Place) -> int | None:
    """The pid in `postmaster.pid`; a file that a power cut left empty names nobody."""
    try:
        return abs(int((place.data / "postmaster.pid").read_text().split()[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _is_ready(place: Place) -> bool:
    """Whether the last line of `postmaster.pid` says so, as `pg_ctl` reads it."""
    try:
        return (place.data / "postmaster.pid").read_text().rstrip().endswith("ready")
    except FileNotFoundError:
        return False


async def _arguments_of(pid: int) -> list[str]:
    """The command line of a living PostgreSQL, [] for any other process, a zombie or nobody."""
    if sys.platform == "linux":
        arguments = _read_arguments(pid)
    else:
        ps = await asyncio.create_subprocess_exec(
            "ps", "-ww", "-o", "command=", "-p", str(pid), stdout=asyncio.subprocess.PIPE
        )
        line, _ = await ps.communicate()
        # `ps` joins with spaces; the launcher puts the data folder between two known words.
        program, _, rest = os.fsdecode(line).partition(" -D ")
        arguments = [program, rest.partition(" -k ")[0]]
    return arguments if Path(arguments[0]).name == "postgres" else []


def _read_arguments(pid: int) -> list[str]:
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
    except OSError:
        return [""]


async def launch(servant: Servant, place: Place, output: int) -> Process | None:
    """Start the server and wait until it answers; None when it ended instead.

    Called under the owner's lock, with no server of this cluster alive (`outlived`).
    """
    place.clear_sockets()
    pid = _noted_pid(place)
    if pid is None:
        (place.data / "postmaster.pid").unlink(missing_ok=True)
    command: list[str | Path] = [servant.programs / "postgres", "-D", place.data]
    command += ["-k", place.sockets, "-p", str(PORT)]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    # After kill -9 or in a new container the noted pid may be anybody's, and PostgreSQL would not
    # start beside it. It ignores the pid that `pg_ctl` names in this variable (miscinit.c,
    # CreateLockFile), and still looks whether anything is attached to the cluster's memory.
    env = {"PG_GRANDPARENT_PID": str(pid)} if pid else {}
    server = await servant.spawn(*command, output=output, env=env)
    try:
        while server.returncode is None:
            # Asked before it is ready, it would note each refusal as FATAL in its log.
            if _is_ready(place) and await answers(place):
                return server
            await asyncio.sleep(0.01)
    except BaseException:
        await stop(server)
        raise
    if server.stdin is not None:
        server.stdin.close()
    return None


async def until_silent(place: Place) -> None:
    """Return once an adopted server no longer answers."""
    while await answers(place):  # noqa: ASYNC110 - the event would be another process's
        await asyncio.sleep(1.0)
