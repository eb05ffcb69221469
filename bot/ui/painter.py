"""The process that makes pictures, and the line to it.

`python -m bot.ui.painter` is that process: it reads an SVG, answers with a PNG, and ends when
nobody is left to ask (docs/adr/0017-pictures-in-a-process.md). Nothing of the bot is imported
there. Both ways a message is its length in four bytes, then its bytes; an empty answer: it failed.
"""

import asyncio
import contextlib
import os
import signal
import struct
import sys
from pathlib import Path
from typing import BinaryIO

FONT = Path(__file__).with_name("assets") / "NotoSans-Regular.ttf"
"""Latin, Greek, Cyrillic; for other scripts the machine's own fonts are asked."""

DEADLINE = 5.0
"""Seconds for one picture, the start of the process included."""

PROGRAM = (sys.executable, "-m", "bot.ui.painter")

_LENGTH = struct.Struct(">I")
# Two for one, so that a phone's fine screen shows sharp letters.
_ZOOM = 1.5


class CannotPaint(Exception):
    """There is no picture; the text says why, for the log."""


class Painter:
    """One process, started at the first picture and again after it has died; one picture a time."""

    def __init__(self, *, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's number, while there is one."""
        return self._process.pid if self._process else None

    async def paint(self, svg: str) -> bytes:
        """A PNG; raises `CannotPaint`."""
        try:
            async with asyncio.timeout(self._deadline), self._lock:
                return await self._paint(svg.encode())
        except TimeoutError:
            raise CannotPaint("deadline") from None

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _paint(self, svg: bytes) -> bytes:
        try:
            try:
                made = await self._ask(svg)
            except (OSError, EOFError):
                # It died since the last time; a new one is asked, once.
                await self.close()
                made = await self._ask(svg)
        except (OSError, EOFError) as error:
            await self.close()
            raise CannotPaint(type(error).__name__) from None
        except asyncio.CancelledError:
            # Given up in the middle: the next answer would be this one's.
            if self._process is not None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                self._process = None
            raise
        if not made:
            raise CannotPaint("refused")
        return made

    async def _ask(self, svg: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *PROGRAM,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            raise OSError
        into.write(_LENGTH.pack(len(svg)) + svg)
        await into.drain()
        [length] = _LENGTH.unpack(await out.readexactly(_LENGTH.size))
        return await out.readexactly(length)


def render(svg: str) -> bytes:
    """The PNG of an SVG. Takes a few dozen milliseconds, with the interpreter's lock held."""
    import resvg_py  # noqa: PLC0415 - in the painter's process alone

    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=_ZOOM,
        font_files=[str(FONT)],
        font_family="Noto Sans",
        # Looking through the machine's fonts takes longer than the picture.
        skip_system_fonts=all(map(_in_font, svg)),
    )


def _in_font(letter: str) -> bool:
    return letter <= "\u052f" or "\u2000" <= letter <= "\u206f"


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    while len(head := requests.read(_LENGTH.size)) == _LENGTH.size:
        svg = requests.read(_LENGTH.unpack(head)[0])
        try:
            made = render(svg.decode())
        except ValueError:
            made = b""
        answers.write(_LENGTH.pack(len(made)) + made)
        answers.flush()


if __name__ == "__main__":
    # Ctrl-C on the terminal is the bot's matter, which then closes the line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A picture may wait; whoever presses a button meanwhile may not.
    os.nice(5)
    _serve(sys.stdin.buffer, sys.stdout.buffer)
