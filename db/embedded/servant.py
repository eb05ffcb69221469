"""The user that PostgreSQL runs as, and the way to run a program that dies with us.

PostgreSQL refuses to run as root. Root's cluster is therefore served from a user namespace, where
root bears another name and keeps its own files; where that is not allowed, by `nobody`.
"""

import asyncio
import hashlib
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.domain.errors import StartError
from db.embedded import binaries
from db.embedded.place import Place

if sys.platform != "win32":
    import pwd

_KEEPER = Path(__file__).with_name("keeper.py")
# In a namespace any number but 0 will do; the files outside stay root's.
_NAME_IN_NAMESPACE = "65534"
_CAN_SERVE = '"$0" --version && test -w "$1" && test -x "$1"'


@dataclass(frozen=True)
class Means:
    """What the machine offers: paths of util-linux's programs, and root's folder for `nobody`."""

    unshare: str | None = None
    setpriv: str | None = None
    common: Path = Path("/var/lib/helpr")

    @classmethod
    def here(cls) -> "Means":
        """This machine's. The programs exist on Linux only, and not in every small image."""
        if sys.platform != "linux":
            return cls()
        return cls(shutil.which("unshare"), shutil.which("setpriv"))


@dataclass(frozen=True)
class Servant:
    """Runs PostgreSQL's programs as the right user (`uid`: None for our own)."""

    programs: Path
    means: Means
    namespace: bool = False
    uid: int | None = None
    gid: int | None = None

    def _command(self) -> tuple[str, ...]:
        if self.means.setpriv is None:
            names = ("-", "-") if self.uid is None else (str(self.uid), str(self.gid))
            return (sys.executable, "-I", "-S", str(_KEEPER), *names)
        dying = (self.means.setpriv, "--pdeathsig", "INT", "--")
        if self.namespace and self.means.unshare is not None:
            return (self.means.unshare, "-U", f"--map-user={_NAME_IN_NAMESPACE}", "--", *dying)
        return dying

    async def spawn(
        self, *command: str | Path, output: int = DEVNULL, env: Mapping[str, str] | None = None
    ) -> Process:
        """Start `command`; it gets SIGINT when we die. `output` takes both of its streams.

        To be called from the main thread: the kernel ties the signal to the thread that forked.
        `setpriv` sets it rather than a function between fork and exec, which may deadlock beside
        other threads. With a keeper it is the end of `stdin` that tells of our death.
        """
        kept = self.means.setpriv is None
        change = self.uid is not None and not kept
        return await asyncio.create_subprocess_exec(
            *self._command(),
            *command,
            stdin=PIPE if kept else DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            # Nothing of ours leaks in: PGPORT, LD_LIBRARY_PATH, a locale the machine lacks.
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **(env or {})},
            # Ctrl-C in the terminal is for us; the server stops after us, not before.
            start_new_session=True,
            user=self.uid if change else None,
            group=self.gid if change else None,
            extra_groups=[] if change else None,
        )

    async def run(self, *command: str | Path, output: int = DEVNULL) -> int:
        """Run `command` to its end and return its exit code; a cancelled run is stopped."""
        process = await self.spawn(*command, output=output)
        try:
            return await process.wait()
        finally:
            await stop(process)

    async def can_serve(self, folder: Path) -> bool:
        """Whether this user can run PostgreSQL, and work in `folder`."""
        postgres = self.programs / "postgres"
        return await self.run("/bin/sh", "-c", _CAN_SERVE, postgres, folder) == 0


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` whole; a cancellation that falls into it is raised once it is done."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


async def stop(process: Process, patience: float = 15.0) -> None:
    """Stop a process of our own, and wait for its end: SIGINT is PostgreSQL's fast shutdown.

    Once begun it is not given up: a server forgotten half-way would be nobody's.
    """
    await to_the_end(_stop(process, patience))


async def _stop(process: Process, patience: float) -> None:
    if process.stdin is not None:
        process.stdin.close()  # the keeper does the rest, with a patience of its own
    elif process.returncode is None:
        process.send_signal(2)
    try:
        async with asyncio.timeout(patience):
            await process.wait()
    except TimeoutError:
        if process.stdin is None and process.returncode is None:
            process.send_signal(
                3
            )  # SIGQUIT: PostgreSQL ends at once and recovers at its next start
        await process.wait()


async def for_cluster(place: Place, means: Means) -> Servant:
    """The servant of a cluster that stands. Its owner decides, so that it never changes hands.

    Raises `StartError` where we may not act for the owner.
    """
    us = os.geteuid()
    if us not in (0, place.owner):
        raise StartError(
            f"The database in {place.data} belongs to the user with the id {place.owner}: "
            "start Helpr as that user."
        )
    if place.owner != us:
        return await _as_user(place.owner, means, place.data.parent)
    servant = Servant(binaries.in_wheel(), means, namespace=us == 0)
    if us == 0 and not (means.unshare and means.setpriv):
        raise StartError(
            f"The database in {place.data} belongs to root, and PostgreSQL cannot serve it without "
            "`unshare` and `setpriv`: install util-linux, or give the folder to another user."
        )
    return servant


async def for_new_cluster(root: Path, means: Means) -> tuple[Servant, Path]:
    """Who shall make a cluster, and in which folder: `root`, unless only `nobody` can serve."""
    if os.geteuid() != 0:
        return Servant(binaries.in_wheel(), means), root
    if means.unshare and means.setpriv:
        servant = Servant(binaries.in_wheel(), means, namespace=True)
        if await servant.can_serve(root):
            return servant, root
    try:
        nobody = pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise StartError(
            "PostgreSQL does not run as root, and this system has no user `nobody`: start Helpr as "
            "an ordinary user, or set HELPR_DATABASE__URL."
        ) from None
    home = await _home_of(nobody, root, means)
    return await _as_user(nobody, means, home), home


async def _home_of(uid: int, root: Path, means: Means) -> Path:
    """`root` where the user gets to it, so that a container's volume holds the data; else `common`.

    Only folders of our own are opened (to pass through, not to list), never a parent.
    """
    user = Servant(Path("/"), means, uid=uid, gid=_group_of(uid))
    gets_there = await user.run("/bin/sh", "-c", 'test -x "$0"', root.parent) == 0
    if gets_there and _open_to_pass(root):
        return root
    home = means.common / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    _make_folder(means.common, 0o755)
    _make_folder(home, 0o711)
    return home


def _open_to_pass(folder: Path) -> bool:
    if folder.stat().st_uid != os.geteuid():
        return False
    folder.chmod(0o711)
    return True


def _make_folder(folder: Path, mode: int) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(mode)  # whatever the umask took away


async def _as_user(uid: int, means: Means, home: Path) -> Servant:
    servant = Servant(binaries.in_wheel(), means, uid=uid, gid=_group_of(uid))
    postgres_runs = ("/bin/sh", "-c", '"$0" --version')
    if await servant.run(*postgres_runs, servant.programs / "postgres") == 0:
        return servant
    _make_folder(means.common, 0o755)
    copy = await asyncio.to_thread(binaries.copied_to, means.common)
    servant = replace(servant, programs=copy)
    if await servant.run(*postgres_runs, copy / "postgres") != 0:
        raise StartError(
            f"PostgreSQL does not run as root, and the user with the id {uid} cannot run {copy}: "
            f"start Helpr as an ordinary user, or set HELPR_DATABASE__URL (data: {home})."
        )
    return servant


def _group_of(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid  # a number without a name, as containers have them
