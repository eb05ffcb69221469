"""The bot as a child process: started, watched, ended, never left behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import leash

_LEASH = Path(leash.__file__)


class Child:
    """One command, run in its own process group; it may be started again after it ended.

    Everything it prints goes to the file `log`. It dies with this process, whatever kills that.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], *, log: Path, cwd: Path
    ) -> None:
        self.log = log
        self._command = list(command)
        self._env = dict(env)
        self._cwd = cwd
        self._process: asyncio.subprocess.Process | None = None
        self._pipe: int | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it runs or before the start."""
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Start the command. Raises RuntimeError while it runs."""
        if self.running:
            raise RuntimeError("it runs already")
        self._let_go()
        reading, self._pipe = os.pipe()
        try:
            with self.log.open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-S", str(_LEASH), str(reading), *self._command),
                    env=self._env,
                    cwd=self._cwd,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(reading,),
                    start_new_session=True,
                )
        finally:
            os.close(reading)

    async def wait(self) -> int:
        """Wait until it has ended; returns the exit code."""
        assert self._process is not None  # noqa: S101 - nobody waits for what was not started
        return await self._process.wait()

    async def stop(self, grace: float = leash.GRACE_SECONDS) -> int | None:
        """Ask it to end, and kill it after `grace` seconds; returns the exit code."""
        try:
            if self.running:
                self._signal(signal.SIGTERM)
                async with asyncio.timeout(grace):
                    await self.wait()
        except TimeoutError:
            await self.kill()
        finally:
            self._let_go()
        return self.exit_code

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.running:
            self._signal(signal.SIGKILL)
            await self.wait()
        self._let_go()

    def tail(self, lines: int = 20) -> str:
        """The last lines it printed."""
        if not self.log.exists():
            return ""
        text = self.log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _signal(self, number: int) -> None:
        assert self._process is not None  # noqa: S101 - only asked while it runs
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _let_go(self) -> None:
        """Close the pipe: whatever the command left in its group ends now."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
