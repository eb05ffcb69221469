"""Making a cluster: whole or not at all."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from bot.domain.errors import StartError
from db.embedded import servant as servants
from db.embedded.place import DATABASE, USER, Place, find
from db.embedded.serverlog import ServerLog

_SCRATCH = "data.new-"
_INITDB = (
    "--auth=trust",
    "--encoding=UTF8",
    # PostgreSQL's own collation: an update of the C library never upsets an index.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
# Single-user mode reads its statements from standard input, which may be the keeper's pipe.
_CREATE_DATABASE = f'echo "CREATE DATABASE {DATABASE}" | "$0" --single -F -D "$1" postgres'


async def create(root: Path, means: servants.Means, log: ServerLog) -> Place:
    """Make the cluster of `root`, owned by whoever shall serve it. Called under the lock.

    `root`/data is the data folder, or a symbolic link to it where `nobody` serves from elsewhere.
    Raises `StartError` when `initdb` fails and `OSError` from the disk.
    """
    servant, home = await servants.for_new_cluster(root, means)
    data = home / "data"
    # A cluster without a link is one whose maker was killed between the last two steps.
    if not (data / "PG_VERSION").exists():
        await _make(servant, data, log)
    if home != root:
        (root / "data").symlink_to(data)
        _to_disk(root)
    place = find(root)
    if place is None:
        raise StartError(f"The database in {data} vanished while it was being made.")
    return place


async def _make(servant: servants.Servant, data: Path, log: ServerLog) -> None:
    await asyncio.to_thread(_clear, data.parent)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=data.parent))
    try:
        if servant.uid is not None:
            os.chown(scratch, servant.uid, -1)
        await _initdb(servant, scratch, log)
        _rename(scratch, data)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    # Once more: what a killed maker's last child was still writing into has come to rest by now.
    await asyncio.to_thread(_clear, data.parent)


def _clear(folder: Path) -> None:
    """Remove what makers that were killed have left behind."""
    for leftover in folder.glob(f"{_SCRATCH}*"):
        shutil.rmtree(leftover, ignore_errors=True)


async def _initdb(servant: servants.Servant, data: Path, log: ServerLog) -> None:
    """Fill `data`. Written without fsync and synchronised once at the end, before the rename."""
    initdb = servant.programs / "initdb"
    steps: tuple[tuple[str | Path, ...], ...] = (
        (initdb, "--no-sync", "-D", data, "-U", USER, *_INITDB),
        ("/bin/sh", "-c", _CREATE_DATABASE, servant.programs / "postgres", data),
        (initdb, "--sync-only", "-D", data),
    )
    with log.open() as output:
        for step in steps:
            if await servant.run(*step, output=output.fileno()) != 0:
                raise StartError(
                    f"PostgreSQL could not make its data folder in {data.parent} "
                    f"({log.last_line()}); its log is {log.path}."
                )


def _rename(scratch: Path, data: Path) -> None:
    scratch.rename(data)
    _to_disk(data.parent)


def _to_disk(folder: Path) -> None:
    """A new name outlives a power cut only once its folder is on the disk."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
