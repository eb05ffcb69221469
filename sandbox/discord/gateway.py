"""Discord's gateway: identify, heartbeat, resume, shards, and failures on order.

Opcodes and close codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes
"""

import asyncio
import json
import logging
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import simcord
from aiohttp import web

from sandbox.discord.hooks import backend_of, user_payload
from sandbox.discord.sessions import Outbox, Session

_log = logging.getLogger(__name__)

HEARTBEAT_MS = 41_250
# A client that closes with these codes ends its session; any other close may be resumed.
_FINAL_CLOSES = (1000, 1001)
_PRIVILEGED = ("members", "presences", "message_content")


class Gateway:
    """Accepts bots on /gw and tells them what happens in the world.

    `privileged` holds the intents that the application's owner has switched on (`members`,
    `presences`, `message_content`); others are refused with close code 4014. While `refusing`,
    new connections get 503. `locales` maps a user id to the language of their Discord. `readies`
    and `resumes` count the sessions begun and gone on with. `twice` is how many of the next
    interactions each session gets a second time, as after a hiccup of Discord's.
    """

    def __init__(
        self,
        env: simcord.Env,
        *,
        token: str,
        privileged: frozenset[str],
        outward: Callable[[Any], str],
        url: Callable[[], str],
        flags: int,
    ) -> None:
        self.refusing = False
        self.locales: dict[int, str] = {}
        self.readies = 0
        self.resumes = 0
        self.twice = 0
        self.sessions: dict[str, Session] = {}
        self._env = env
        self._backend = backend_of(env)
        self._token = token
        self._privileged = privileged
        self._outward = outward
        self._url = url
        self._flags = flags
        self._open: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        """The paths this gateway serves."""
        return [web.get("/gw", self._connect), web.get("/gw/", self._connect)]

    @property
    def connected(self) -> int:
        """How many sessions have a connection."""
        return sum(session.connected for session in self.sessions.values())

    def close(self, code: int = 4000, *, shard: int | None = None, forget: bool = False) -> int:
        """Close connections with a code; with `forget` they cannot resume. Returns how many."""
        chosen = [item for item in self._of_shard(shard) if item.connected]
        for session in chosen:
            session.hang_up(code)
            if forget:
                self._end(session)
        return len(chosen)

    def ask_reconnect(self, *, shard: int | None = None) -> None:
        """Send op 7, after which a client closes and resumes."""
        for session in self._of_shard(shard):
            session.tell(7, None)

    def invalidate(self, *, resumable: bool = False, shard: int | None = None) -> None:
        """Send op 9; without `resumable` the session is over."""
        for session in self._of_shard(shard):
            session.tell(9, resumable)
            if not resumable:
                self._end(session)

    def lose_guild(self, guild_id: int) -> None:
        """Tell the sessions of this guild's shard that the bot is no longer in it."""
        for session in self.sessions.values():
            if session.view.serves(guild_id):
                session.send("GUILD_DELETE", {"id": str(guild_id)})

    def gain_guild(self, guild_id: int) -> None:
        """Tell the sessions of this guild's shard that the bot is in it."""
        for session in self.sessions.values():
            if session.view.serves(guild_id):
                session.view.announce_guild(guild_id)

    async def stop(self) -> None:
        """Close every connection as a server that goes away."""
        for socket in list(self._open):
            await socket.close(code=1001)
        for session in list(self.sessions.values()):
            self._end(session)

    def _of_shard(self, shard: int | None) -> list[Session]:
        return [item for item in self.sessions.values() if shard in (None, item.shard[0])]

    def _end(self, session: Session) -> None:
        session.end()
        self.sessions.pop(session.id, None)

    def _write(self, op: int, data: Any, sequence: int | None, event: str | None) -> str:
        return self._outward({"op": op, "d": data, "s": sequence, "t": event})

    def _edit(self, event: str, payload: dict[str, Any]) -> None:
        """Give an interaction the language of whoever started it; simcord knows one language."""
        if event == "INTERACTION_CREATE":
            user = payload.get("user") or payload["member"]["user"]
            payload["locale"] = self.locales.get(int(user["id"]), payload["locale"])

    def _copies(self, event: str) -> int:
        if event != "INTERACTION_CREATE" or not self.twice:
            return 1
        self.twice -= 1
        return 2

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self._open.add(socket)
        outbox = Outbox()
        squeeze = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        writer = asyncio.create_task(_write_all(socket, outbox, squeeze))
        outbox.frame(self._write(10, {"heartbeat_interval": HEARTBEAT_MS}, None, None))
        try:
            await Connection(self, socket, outbox).listen()
        finally:
            writer.cancel()
            self._open.discard(socket)
        return socket

    def identify(self, data: dict[str, Any], outbox: Outbox) -> Session | int:
        """Begin a session; a number is the close code of a refusal."""
        if data.get("token") != self._token:
            return 4004
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            return 4010
        intents = discord.Intents.none()
        intents.value = int(data["intents"])
        if any(getattr(intents, name) and name not in self._privileged for name in _PRIVILEGED):
            return 4014
        self._drop_expired()
        session = Session(
            self._env,
            intents=intents,
            shard=(number, count),
            write=self._write,
            edit=self._edit,
            copies=self._copies,
        )
        self.sessions[session.id] = session
        session.attach(outbox)
        self._welcome(session)
        return session

    def _welcome(self, session: Session) -> None:
        guilds = session.view.guilds()
        session.send(
            "READY",
            {
                "v": 10,
                "user": user_payload(self._backend),
                "guilds": [{"id": str(guild), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": self._url(),
                "shard": list(session.shard),
                "application": {
                    "id": str(self._backend.application_id),
                    "flags": self._flags,
                },
            },
        )
        session.view.open()
        for guild in guilds:
            session.view.announce_guild(guild)
        self.readies += 1

    def resume(self, data: dict[str, Any], outbox: Outbox) -> Session | int | None:
        """Go on with a session; a number is a close code, None means it cannot be had."""
        if data.get("token") != self._token:
            return 4004
        self._drop_expired()
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or not session.can_replay(int(data.get("seq") or 0)):
            return None
        session.attach(outbox)
        session.replay(int(data.get("seq") or 0))
        self.resumes += 1
        return session

    def leave(self, session: Session, outbox: Outbox, code: int | None) -> None:
        """A connection ended; a client that said goodbye ends its session too."""
        session.detach(outbox)
        # Clients answer our own close with 1000, which is no goodbye of theirs.
        if code in _FINAL_CLOSES and not outbox.hung_up:
            self._end(session)

    def _drop_expired(self) -> None:
        for session in [item for item in self.sessions.values() if item.expired]:
            self._end(session)


class Connection:
    """One bot's WebSocket and what it says on it."""

    def __init__(self, gateway: Gateway, socket: web.WebSocketResponse, outbox: Outbox) -> None:
        self._gateway = gateway
        self._socket = socket
        self._outbox = outbox
        self._session: Session | None = None

    async def listen(self) -> None:
        """Answer until the connection ends."""
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._answer(json.loads(message.data))
        finally:
            if self._session is not None:
                self._gateway.leave(self._session, self._outbox, self._socket.close_code)

    async def _answer(self, frame: dict[str, Any]) -> None:
        op: int = frame["op"]
        data: Any = frame.get("d")
        if op == 1:
            self._outbox.frame(json.dumps({"op": 11}))
        elif op == 2 and self._session is None:
            self._take(self._gateway.identify(data, self._outbox))
        elif op == 6 and self._session is None:
            self._take(self._gateway.resume(data, self._outbox))
        elif op in (2, 6):
            self._outbox.hang_up(4005)
        elif self._session is None:
            self._outbox.hang_up(4003)
        elif op == 8:
            await self._session.view.send_members(data)
        elif op not in (3, 4, 31):
            self._outbox.hang_up(4001)

    def _take(self, outcome: Session | int | None) -> None:
        if isinstance(outcome, Session):
            self._session = outcome
        elif outcome is None:
            self._outbox.frame(json.dumps({"op": 9, "d": False}))
        else:
            self._outbox.hang_up(outcome)


async def _write_all(
    socket: web.WebSocketResponse, outbox: Outbox, squeeze: "zlib._Compress | None"
) -> None:
    """Write frames in order; with `squeeze` as one zlib stream, flushed at each frame."""
    try:
        while True:
            frame = await outbox.frames.get()
            if isinstance(frame, int):
                await socket.close(code=frame)
            elif squeeze is None:
                await socket.send_str(frame)
            else:
                data = squeeze.compress(frame.encode()) + squeeze.flush(zlib.Z_SYNC_FLUSH)
                await socket.send_bytes(data)
    except ConnectionError:
        _log.debug("a bot went away while it was being written to")
