"""The server's log: one file beside the data, never large, quoted when a start fails."""

import os
from pathlib import Path
from typing import BinaryIO

_LARGE = 1_000_000
_TAIL = 4096


class ServerLog:
    """`postgres.log`, and one older file once it has passed a megabyte."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> BinaryIO:
        """Open the file for a server about to start. Raises `OSError`."""
        if self.path.exists() and self.path.stat().st_size > _LARGE:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(file, "ab", buffering=0)

    def last_line(self) -> str:
        """The last line that says something, without its time and process: for an operator."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - _TAIL))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return "no reason given"
        told = [line.strip() for line in lines if line.strip()]
        # LOG and HINT lines follow the one that names the fault.
        faults = [line for line in told if "FATAL:" in line or "PANIC:" in line or "error:" in line]
        line = (faults or told or ["no reason given"])[-1]
        return line.split("] ", 1)[-1].rstrip(".")
