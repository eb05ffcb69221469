"""`python -m sandbox`: a whole Discord and a whole Plex on this machine, with the bot in it.

Parts are imported after the arguments are read, so that --help and mistakes answer at once.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; exits with 2 and one line for a mistake."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--port", type=_port, default=8787, help="the first port (default 8787); taken ones move")
    add(
        "--open",
        action=argparse.BooleanOptionalAction,
        default=sys.stdout.isatty(),
        help="open the browser (default: only at a terminal)",
    )
    add(
        "--no-bot", action="store_true", help="leave the bot out and print the environment it needs"
    )
    add("--bare", action="store_true", help="connect no Plex: begin with /setup, as Alice")
    add("--env-file", type=Path, metavar="PATH", help="with --no-bot: write the environment here")
    add(
        "--data-dir",
        type=Path,
        metavar="PATH",
        help="keep the bot's data here, not in a new folder",
    )
    add(
        "--keep-database",
        action="store_true",
        help="use HELPR_DATABASE__URL from the environment, not an embedded database",
    )
    add("--bot-log", type=Path, metavar="PATH", help="write what the bot prints to this file")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the demo; returns the exit code."""
    args = parse(arguments)
    from sandbox.demo import Options  # noqa: PLC0415 - late, see above
    from sandbox.play import play  # noqa: PLC0415

    options = Options(
        port=args.port,
        open_browser=args.open,
        with_bot=not args.no_bot,
        keep_database=args.keep_database,
        data_dir=args.data_dir and args.data_dir.resolve(),
        bot_log=args.bot_log,
        env_file=args.env_file,
        bare=args.bare,
    )
    return asyncio.run(play(options))


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65_000:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65000")
    return number


if __name__ == "__main__":
    sys.exit(main())
