"""`python postgres_host.py FOLDER`: an embedded server that lives until standard input ends."""

import asyncio
import sys
from pathlib import Path

from db.embedded import EmbeddedPostgres


async def main(folder: str) -> None:
    """Print the server's URL, then wait."""
    async with EmbeddedPostgres(Path(folder)) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(sys.argv[1]))
