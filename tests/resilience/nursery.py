"""Bots that start within a blink: the test's side of `launcher.py`."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

LAUNCHER = Path(__file__).with_name("launcher.py")


class Nursery:
    """Forks bots from one warm process; they end with it, and it with the tests."""

    def __init__(self) -> None:
        self._launcher = subprocess.Popen(
            [sys.executable, str(LAUNCHER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._launcher.stdin is not None
        assert self._launcher.stdout is not None
        self._launcher.stdin.close()
        self._launcher.wait(30)
        self._launcher.stdout.close()

    def start(
        self,
        *argv: str,
        env: dict[str, str],
        cwd: Path,
        log: Path,
        control: Path | None = None,
        hurry: bool = False,
    ) -> psutil.Process:
        """A process in which `helpr ARGV` runs."""
        assert self._launcher.stdin is not None
        assert self._launcher.stdout is not None
        order = {
            "argv": argv,
            "env": env,
            "cwd": str(cwd),
            "log": str(log),
            "control": None if control is None else str(control),
            "hurry": hurry,
        }
        self._launcher.stdin.write(json.dumps(order) + "\n")
        self._launcher.stdin.flush()
        return psutil.Process(int(self._launcher.stdout.readline()))
