"""A program of its own that stands between Helpr and PostgreSQL where `setpriv` is missing (macOS).

Its standard input is a pipe whose other end only Helpr holds. When Helpr ends, in whatever way,
the pipe ends too, and the keeper asks the server to stop. Standard library only, no imports of
ours: it runs as `python -I -S keeper.py UID GID PROGRAM ARGUMENT...` ("-": do not change the user).
"""

import os
import subprocess
import sys
import threading

_PATIENCE = 15.0


def keep(server: "subprocess.Popen[bytes]") -> None:
    """Wait for the pipe's end, then stop the server: in order, and after a while at once."""
    while os.read(0, 1024):
        pass
    # Popen never signals a process that it has already reaped.
    server.send_signal(2)  # SIGINT: fast shutdown
    try:
        server.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        server.send_signal(3)  # SIGQUIT: immediate shutdown


def main(uid: str, gid: str, *command: str) -> int:
    """Run `command` as its keeper; its exit code is ours."""
    server = subprocess.Popen(  # noqa: S603 - the launcher's own command line
        command,
        stdin=subprocess.DEVNULL,
        user=None if uid == "-" else int(uid),
        group=None if gid == "-" else int(gid),
        extra_groups=None if uid == "-" else [],
    )
    threading.Thread(target=keep, args=(server,), daemon=True).start()
    return server.wait() & 0xFF


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
