"""Runs a command that cannot outlive the process that started it.

    python leash.py FD COMMAND…

FD is the reading end of a pipe whose writing end only the starter holds. A watcher beside the
command waits for that pipe to close, which the kernel does even after kill -9, and then ends the
command's process group: SIGTERM first, SIGKILL after 15 seconds. The command itself takes this
process's place, so that its id, output and exit code are its own.

It stands alone and imports little, because it runs before every start of the bot.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 15.0


def main() -> None:
    """Start the watcher, then become the command."""
    pipe, command = int(sys.argv[1]), sys.argv[2:]
    group = os.getpgid(0)
    child = os.fork()
    if child == 0:
        # Born twice, so that the command has no child it does not know of.
        if os.fork() == 0:
            _watch(pipe, group)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(pipe)
    os.execvp(command[0], command)  # noqa: S606 - the command is the sandbox's own


def _watch(pipe: int, group: int) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    while os.read(pipe, 1):
        pass
    deadline = time.monotonic() + GRACE_SECONDS
    alive = _signal(group, signal.SIGTERM)
    while alive and time.monotonic() < deadline:
        time.sleep(0.05)
        alive = _signal(group, 0)
    if alive:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Signal the group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
