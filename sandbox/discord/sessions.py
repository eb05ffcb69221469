"""A gateway session: numbered events, kept for a bot that lost its connection."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import discord
import simcord

from sandbox.discord.hooks import Subscription

# Discord names no figures; a client that stays away longer than this starts anew.
KEEP_SECONDS = 180.0
KEEP_EVENTS = 2_000


class Outbox:
    """Frames waiting to be written to one connection; `hung_up` once we have closed it."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[str | int] = asyncio.Queue()
        self.hung_up = False

    def frame(self, text: str) -> None:
        """Send this JSON text."""
        self.frames.put_nowait(text)

    def hang_up(self, code: int) -> None:
        """Close the connection with this code once everything before is written."""
        self.hung_up = True
        self.frames.put_nowait(code)


class Session:
    """One shard's session; it outlives its connections.

    `write(op, data, sequence, event)` makes the JSON text of a frame, `edit(event, payload)` has
    the last word on what it says, `copies(event)` on how often.
    """

    def __init__(
        self,
        env: simcord.Env,
        *,
        intents: discord.Intents,
        shard: tuple[int, int],
        write: Callable[[int, Any, int | None, str | None], str],
        edit: Callable[[str, dict[str, Any]], None],
        copies: Callable[[str], int] = lambda _: 1,
    ) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.sequence = 0
        self.view = Subscription(env, intents=intents, shard=shard, deliver=self.send)
        self._write = write
        self._edit = edit
        self._copies = copies
        self._sent: deque[tuple[int, str]] = deque(maxlen=KEEP_EVENTS)
        self._outbox: Outbox | None = None
        self._left_at = time.perf_counter()

    @property
    def connected(self) -> bool:
        """Whether a connection carries this session now."""
        return self._outbox is not None

    @property
    def expired(self) -> bool:
        """Whether nobody may come back to it."""
        return not self.connected and time.perf_counter() - self._left_at > KEEP_SECONDS

    def send(self, event: str, payload: dict[str, Any]) -> None:
        """Number an event, keep it, and write it if somebody is there."""
        self._edit(event, payload)
        for _ in range(self._copies(event)):
            self.sequence += 1
            text = self._write(0, payload, self.sequence, event)
            self._sent.append((self.sequence, text))
            if self._outbox is not None:
                self._outbox.frame(text)

    def attach(self, outbox: Outbox) -> None:
        """Let this connection carry the session."""
        self._outbox = outbox

    def detach(self, outbox: Outbox) -> None:
        """The connection is gone; events are kept from now on."""
        if self._outbox is outbox:
            self._outbox = None
            self._left_at = time.perf_counter()

    def can_replay(self, after: int) -> bool:
        """Whether every event after this number is still there."""
        oldest = self._sent[0][0] if self._sent else self.sequence + 1
        return oldest - 1 <= after <= self.sequence

    def replay(self, after: int) -> None:
        """Write what was missed, then RESUMED."""
        assert self._outbox is not None  # noqa: S101 - attach comes first
        for number, text in self._sent:
            if number > after:
                self._outbox.frame(text)
        self.send("RESUMED", {})

    def hang_up(self, code: int) -> None:
        """Close the connection that carries the session, if any."""
        if self._outbox is not None:
            self._outbox.hang_up(code)

    def tell(self, op: int, data: Any) -> None:
        """Write a frame that is no event, if anybody is there."""
        if self._outbox is not None:
            self._outbox.frame(self._write(op, data, None, None))

    def end(self) -> None:
        """Receive nothing more."""
        self.view.close()
