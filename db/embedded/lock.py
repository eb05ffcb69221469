"""Who owns the server: the process that holds a file lock, for as long as it lives."""

import contextlib
import os
import sys
from pathlib import Path

if sys.platform != "win32":  # the launcher refuses Windows with a sentence, not with ImportError
    import fcntl


class OwnerLock:
    """An exclusive `flock`. The kernel lets go of it when its holder dies, however it dies.

    It is not inherited by children: Python opens every file with CLOEXEC.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def try_acquire(self) -> bool:
        """Take the lock if it is free; never waits. Raises `OSError` where it cannot be opened."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:
            os.close(file)
            raise
        self._file = file
        return True

    def release(self) -> None:
        """Let go of the lock if it is held."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)
