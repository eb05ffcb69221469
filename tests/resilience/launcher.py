"""Starts bots from memory: `python launcher.py` forks one for each order on standard input.

Importing the bot takes seconds, a fork milliseconds, and whoever kills a hundred bots starts a
hundred. Each is a process of its own in which `helpr` runs as from the command line. An order is a
line of JSON: `argv`, `env`, `cwd`, `log`, and `control` (the folder of `points.install`, or null).
The answer is the process id. When standard input ends, so do the bots that still run.
"""

import gc
import importlib
import json
import os
import random
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
WARM = ("bot.cli", "bot.compose", "bot.client", "points", "requests", "psycopg", "asyncpg")
HURRY = "hurry"


def main() -> None:
    """Serve orders until standard input ends."""
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    for module in WARM:
        importlib.import_module(module)
    gc.freeze()
    children: set[int] = set()
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.05)
        _reap(children)
        if not ready:
            continue
        piece = os.read(0, 65536)
        if not piece:
            break
        *orders, waiting = (waiting + piece).split(b"\n")
        for order in orders:
            pid = os.fork()
            if pid == 0:
                _live(json.loads(order))
            children.add(pid)
            os.write(1, f"{pid}\n".encode())
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _reap(children: set[int]) -> None:
    for pid in list(children):
        if os.waitpid(pid, os.WNOHANG)[0]:
            children.discard(pid)


def _live(order: dict[str, Any]) -> NoReturn:
    """The forked process: `helpr`, and then the end of it, whatever happens."""
    code = 1
    try:
        os.setsid()
        _redirect(order["log"])
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["env"])
        random.seed()
        sys.argv = ["helpr", *order["argv"]]
        code = _run(order)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(order: dict[str, Any]) -> int:
    from points import install

    from bot import cli

    if order["control"] is not None:
        install(Path(order["control"]), sweep_every_second=bool(order.get(HURRY)))
    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _redirect(log: str) -> None:
    nowhere = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nowhere, 0), (written, 1), (written, 2)):
        os.dup2(source, target)


if __name__ == "__main__":
    main()
