"""Where a cluster lies and whose it is. The disk alone says so: every process reads the same."""

import contextlib
import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bot.domain.errors import StartError

MAJOR = "18"
PORT = 5432
USER = DATABASE = "helpr"

_SOCKET = f".s.PGSQL.{PORT}"
# `sun_path` holds 107 bytes and a zero on Linux, 103 and a zero on macOS.
_LONGEST_SOCKET = 103
# PostgreSQL and its clients read commas, quotes and colons in a socket folder as syntax.
_PLAIN = re.compile(r"/[\w./-]*", re.ASCII)


def _bears(folder: Path) -> bool:
    """Whether PostgreSQL can open its socket in this folder."""
    path = str(folder / _SOCKET)
    return len(os.fsencode(path)) <= _LONGEST_SOCKET and bool(_PLAIN.fullmatch(path))


@dataclass(frozen=True)
class Place:
    """A whole cluster: its data folder (no symbolic links in it) and the uid that owns it."""

    data: Path
    owner: int

    @property
    def sockets(self) -> Path:
        """The folder of the socket: beside the data, or in a temporary folder."""
        near = self.data.parent / "s"
        name = "helpr-" + hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        # POSIX promises /tmp; what `TMPDIR` names can be as long or odd as the data's folder.
        far = Path("/tmp") / name  # noqa: S108 - `make_sockets` trusts nothing it finds there
        return next((at for at in (near, Path(tempfile.gettempdir()) / name) if _bears(at)), far)

    @property
    def url(self) -> str:
        """For SQLAlchemy with asyncpg."""
        return f"postgresql+asyncpg://{USER}@/{DATABASE}?host={quote(str(self.sockets))}"

    def sockets_are_private(self) -> bool:
        """Whether nobody but the cluster's owner can have put a socket there."""
        try:
            found = self.sockets.lstat()
        except FileNotFoundError:
            return False
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
        return private and found.st_uid == self.owner

    def make_sockets(self) -> None:
        """Make the folder of the socket. Raises `StartError` when its name is taken by others."""
        folder = self.sockets
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
            folder.chmod(0o700)
            if self.owner != found.st_uid:
                os.chown(folder, self.owner, -1)
        if not self.sockets_are_private():
            raise StartError(f"{folder} belongs to somebody else, so no database can be put there.")

    def clear_sockets(self) -> None:
        """Remove what a killed server left. Only for the owner of the lock, with no server alive.

        The lock file beside a socket names a pid, which may be somebody else's by now.
        """
        for name in (_SOCKET, f"{_SOCKET}.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def drop_sockets(self) -> None:
        """Leave nothing in the system's temporary folder after a stop in order."""
        if self.sockets.parent != self.data.parent:
            with contextlib.suppress(OSError):
                self.sockets.rmdir()


def find(root: Path) -> Place | None:
    """The cluster under `root`, or None when there is none yet.

    `root`/data is the data folder or a symbolic link to it. Raises `StartError` for a cluster of
    another major version and for a link that leads nowhere.
    """
    entry = root / "data"
    data = entry.resolve()
    try:
        major = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if entry.is_symlink():
            # An empty database in its stead would look as if all invites had been lost.
            raise StartError(
                f"The database that {entry} leads to is gone ({data}): bring it back, or remove "
                "the link to begin with an empty one."
            ) from None
        return None
    if major != MAJOR:
        raise StartError(
            f"The database in {data} was made by PostgreSQL {major}, and this Helpr brings "
            f"PostgreSQL {MAJOR}: move it with pg_dump, or run the Helpr that made it."
        )
    return Place(data, data.stat().st_uid)
