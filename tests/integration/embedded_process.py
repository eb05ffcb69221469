"""A process with an embedded server: `python embedded_process.py ROOT [MEANS as JSON]`.

It says one line of JSON, `{"url", "adopted"}` or `{"error"}`, and lives until its input ends.
"""

import asyncio
import json
import sys
from pathlib import Path

from bot.domain.errors import StartError
from db.embedded import EmbeddedPostgres
from db.embedded.servant import Means


def say(**line: object) -> None:
    """One line for the test."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def main(root: str, means: str = "null") -> None:
    """Hold a server until standard input ends."""
    given = json.loads(means)
    if given is not None:
        given = Means(given.get("unshare"), given.get("setpriv"), Path(given["common"]))
    try:
        async with EmbeddedPostgres(Path(root), means=given) as server:
            say(url=server.url, adopted=server.adopted)
            await asyncio.to_thread(sys.stdin.read)
    except StartError as error:
        say(error=str(error))


asyncio.run(main(*sys.argv[1:]))
