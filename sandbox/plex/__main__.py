"""`python -m sandbox.plex --port N`: the sandbox Plex alone, until it is stopped."""

import argparse
import asyncio
import contextlib
import signal
import sys

from sandbox.plex.server import PlexSandbox
from sandbox.plex.world import PlexWorld


async def run(port: int) -> None:
    """Run the demo's world on `port` until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers in a loop; there Ctrl-C raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with PlexSandbox(PlexWorld.demo(), port=port) as plex:
        lines = (
            f"Page for people    {plex.page_url}",
            f"plex.tv and server {plex.base_url}",
            f"Owner's token      {plex.owner_token}",
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> int:
    """Read the command line and run; 1 when the port cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.plex", description=__doc__)
    parser.add_argument("--port", type=int, default=32400, help="0 chooses a free one")
    try:
        asyncio.run(run(parser.parse_args().port))
    except OSError as error:
        sys.stderr.write(f"The sandbox Plex could not start: {error.strerror}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
