"""Every private part of simcord that the sandbox leans on, and nothing else.

simcord is pinned to one version (see pyproject.toml). When the pin moves, this module and its
smoke test are what has to be looked at: nothing else in the sandbox reaches behind simcord's
public names.
"""

# ruff: noqa: SLF001 - reaching behind simcord is what this module is for

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from html import escape
from typing import Any

import discord
import simcord
from simcord._clock import Clock
from simcord.backend import Backend, serializers
from simcord.backend.cdn import CDN_BASE
from simcord.backend.errors import BackendError
from simcord.backend.models import (
    EPHEMERAL_FLAG,
    Channel,
    Interaction,
    Member,
    Message,
    Overwrite,
)
from simcord.enums import OverwriteType
from simcord.gateway import ShardRouter
from simcord.http import router
from simcord.preview import Preview

__all__ = [
    "CDN_BASE",
    "Answers",
    "Backend",
    "BackendError",
    "Channel",
    "Interaction",
    "Member",
    "Message",
    "Subscription",
    "WorldClock",
    "backend_of",
    "born_at",
    "bot_is_in",
    "deny_bot",
    "dispatch_rest",
    "drop_channel",
    "drop_message",
    "guild_payload",
    "make_env",
    "message_payload",
    "put_bot_back",
    "rights_denied_to_bot",
    "seen_only_by",
    "served_preview",
    "take_bot_out",
    "user_payload",
    "watch_changes",
]

Payload = dict[str, Any]


class WorldClock(Clock):
    """Real time plus whatever it was pushed forward.

    simcord's own clock stands still until a test moves it; a bot in another process lives in real
    time, so interactions must age by themselves. `perf_counter` is used because simcord replaces
    `time.monotonic` for the code it calls its own.
    """

    def __init__(self) -> None:
        self._pushed = 0.0
        self._started = time.perf_counter()
        self._epoch = datetime.now(UTC)

    @property
    def elapsed(self) -> float:
        """Seconds since the world began, pushes included."""
        return time.perf_counter() - self._started + self._pushed

    @elapsed.setter
    def elapsed(self, value: float) -> None:
        self._pushed += value - self.elapsed


def make_env(*, bot_name: str) -> simcord.Env:
    """A world whose clock runs and whose people may act at the same moment.

    Inside stands a shadow client, because simcord builds `discord.Message` objects on a client's
    state; it answers nothing. The world is not started yet: `await env.start()`.
    """
    shadow = discord.Client(intents=discord.Intents.all())
    env = simcord.Env(shadow, check_errors=False)
    backend = env.backend
    backend.clock = WorldClock()
    backend.bot_user.name = bot_name
    # A fresh application for each world: a bot that remembers which application's commands it
    # has registered then registers them here too.
    backend.application_id = backend.snowflake()
    _allow_acting_together(env)
    return env


def _allow_acting_together(env: simcord.Env) -> None:
    """Lift simcord's rule of one action at a time, which protects a bot in the same loop.

    The bot here is another process, and two reviewers pressing at once is a case to play.
    """

    def begin(label: str) -> None:  # noqa: ARG001 - simcord's signature
        return None

    def end() -> None:
        return None

    env._begin_operation = begin  # type: ignore[method-assign]
    env._end_operation = end  # type: ignore[method-assign]


def backend_of(env: simcord.Env) -> Backend:
    """The store behind a world."""
    return env.backend


@contextmanager
def born_at(env: simcord.Env, instant: datetime) -> Iterator[None]:
    """Let everything made inside carry this instant: ids, ages, days of joining."""
    clock: Any = env.backend.clock
    clock.now = lambda: instant
    try:
        yield
    finally:
        del clock.now


class Answers:
    """Makes an actor wait for a bot in another process as Discord's client does.

    An action returns when the bot has acknowledged it, or after three seconds without an answer
    (https://discord.com/developers/docs/interactions/receiving-and-responding). What a deferred
    answer becomes later is not waited for. `count` numbers the changes of the world.
    """

    limit = 3.0

    def __init__(self, env: simcord.Env) -> None:
        self.count = 0
        self._asked: dict[asyncio.Task[Any] | None, list[Interaction]] = {}
        self._news = asyncio.Event()
        self._previews: list[Preview] = []
        env._register_dispatch_observer(self._note)
        env._settle_internal = self._settle  # type: ignore[method-assign]
        env._mark_mutation = self._mark  # type: ignore[method-assign]

    def wake(self) -> None:
        """Say that the world changed, so that those who wait look again."""
        self.count += 1
        self._news.set()
        self._news = asyncio.Event()

    async def changed(self, timeout: float) -> bool:
        """Wait for the next change, at most `timeout` seconds; False when none came."""
        try:
            async with asyncio.timeout(timeout):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def show_to(self, previews: list[Preview]) -> None:
        """Tell these pages when an action of theirs has changed the world."""
        self._previews = previews

    def _note(self, interaction: Interaction) -> None:
        self._asked.setdefault(asyncio.current_task(), []).append(interaction)

    def _mark(self) -> None:
        for preview in self._previews:
            preview._mark_action_dispatched()

    async def _settle(self, **_options: Any) -> None:
        asked = self._asked.pop(asyncio.current_task(), [])
        deadline = time.perf_counter() + self.limit
        while any(not item.responded for item in asked):
            left = deadline - time.perf_counter()
            if left <= 0 or not await self.changed(left):
                return


def watch_changes(env: simcord.Env, listener: Callable[[str, Mapping[str, Any]], None]) -> None:
    """Call `listener(event, payload)` for everything the world announces to anybody."""
    env.backend.subscribers.append(listener)


class _SessionParsers:
    """Stands where discord.py's table of parsers stands: takes every event."""

    def __init__(self, deliver: Callable[[str, Payload], None]) -> None:
        self._deliver = deliver

    def __getitem__(self, event: str) -> Callable[[Payload], None]:
        return lambda payload: self._deliver(event, payload)

    get = __getitem__


class _SessionState:
    """As much of a connection state as simcord's gateway asks for."""

    def __init__(self, intents: discord.Intents, deliver: Callable[[str, Payload], None]) -> None:
        self.intents = intents
        self.parsers = _SessionParsers(deliver)


class Subscription:
    """One gateway session's view of the world: its shard, its intents, nothing more.

    `deliver(event, payload)` receives copies, already filtered and censored as the intents ask.
    """

    def __init__(
        self,
        env: simcord.Env,
        *,
        intents: discord.Intents,
        shard: tuple[int, int],
        deliver: Callable[[str, Payload], None],
    ) -> None:
        self._backend = env.backend
        self._shard = shard
        number, count = shard
        state = _SessionState(intents, deliver)
        self._router = ShardRouter(env.backend, state, lambda *_: None, count, (number,))

    def open(self) -> None:
        """Begin to receive events."""
        self._backend.subscribers.append(self._feed)

    def close(self) -> None:
        """Receive nothing more; harmless when already closed."""
        if self._feed in self._backend.subscribers:
            self._backend.subscribers.remove(self._feed)

    def serves(self, guild_id: int) -> bool:
        """Whether this guild belongs to this session's shard."""
        number, count = self._shard
        return (guild_id >> 22) % count == number

    def guilds(self) -> list[int]:
        """The guilds of this session's shard that the bot is in."""
        backend = self._backend
        return [item for item in backend.guilds if self.serves(item) and bot_is_in(backend, item)]

    def _feed(self, event: str, payload: Mapping[str, Any]) -> None:
        guild = payload.get("guild_id")
        if guild is None or bot_is_in(self._backend, int(guild)):
            self._router.feed(event, payload)

    def announce_guild(self, guild_id: int) -> None:
        """Send GUILD_CREATE to this session alone."""
        payload = guild_payload(self._backend, guild_id)
        self._router.gateways[self._shard[0]].feed("GUILD_CREATE", payload)

    async def send_members(self, request: Mapping[str, Any]) -> None:
        """Answer op 8 (request guild members) with GUILD_MEMBERS_CHUNK events."""
        wanted = request.get("user_ids") or []
        ids = wanted if isinstance(wanted, list) else [wanted]
        await self._router.websockets[self._shard[0]].request_chunks(
            int(request["guild_id"]),
            request.get("query"),
            limit=int(request.get("limit") or 0),
            user_ids=[int(item) for item in ids],
            presences=bool(request.get("presences")),
            nonce=request.get("nonce"),
        )


def dispatch_rest(
    backend: Backend,
    method: str,
    path: str,
    *,
    body: Any,
    query: dict[str, Any],
    files: list[Any],
    reason: str | None,
) -> Any:
    """Let simcord answer one REST request.

    Raises BackendError, among it RouteNotImplemented and UnsupportedField (status 501) for what
    simcord does not model.
    """
    return router.dispatch(
        backend,
        method,
        path,
        json=body,
        params=query,
        files=files,
        reason=reason,
        # Message content stays hidden as it does for a bot without that privileged intent.
        message_content_access=False,
    )


def user_payload(backend: Backend) -> Payload:
    """The bot's own user object."""
    return dict(serializers.user_payload(backend.bot_user))


def guild_payload(backend: Backend, guild_id: int) -> Payload:
    """A GUILD_CREATE body."""
    return dict(serializers.guild_create_payload(backend, backend.get_guild(guild_id)))


def message_payload(backend: Backend, message: Message) -> Payload:
    """A message object as REST and gateway carry it."""
    return dict(serializers.message_payload(backend, message))


def seen_only_by(message: Message) -> int | None:
    """Of an ephemeral message the one person who sees it; None for everybody's."""
    if not message.flags & EPHEMERAL_FLAG:
        return None
    return int((message.interaction_metadata or {})["user"]["id"])


# ---------------------------------------------------------------- what the guild's owner does


def bot_is_in(backend: Backend, guild_id: int) -> bool:
    """Whether the bot is a member of this guild."""
    guild = backend.guilds.get(guild_id)
    return guild is not None and backend.bot_user.id in guild.members


def take_bot_out(backend: Backend, guild_id: int) -> Member:
    """Remove the bot from a guild without a word to anybody; its membership, for later."""
    return backend.get_guild(guild_id).members.pop(backend.bot_user.id)


def put_bot_back(backend: Backend, guild_id: int, member: Member) -> None:
    """Make the bot a member again, with the roles it had."""
    backend.get_guild(guild_id).members[member.user_id] = member


def drop_message(backend: Backend, channel_id: int, message_id: int) -> None:
    """Delete a message, and announce it as Discord does."""
    backend.delete_message(channel_id, message_id)


def drop_channel(backend: Backend, channel_id: int) -> None:
    """Delete a channel with its messages, and announce it."""
    backend.delete_channel(channel_id)


def deny_bot(backend: Backend, channel_id: int, rights: discord.Permissions) -> None:
    """Deny the bot these rights in a channel, and no others; none at all gives it all back."""
    bot = backend.bot_user.id
    if not rights.value:
        backend.delete_overwrite(channel_id, bot)
        return
    denied = Overwrite(bot, OverwriteType.MEMBER, deny=rights.value)
    backend.set_overwrite(channel_id, denied)


def rights_denied_to_bot(backend: Backend, channel_id: int) -> discord.Permissions:
    """What `deny_bot` has denied in a channel."""
    bot = backend.bot_user.id
    overwrites = backend.get_channel(channel_id).overwrites
    return discord.Permissions(sum(item.deny for item in overwrites if item.target_id == bot))


class ServedPage:
    """One person's page in a browser, kept in step with a world that others change too.

    simcord publishes a page when it is asked to, and refuses an action made against an older
    publication. Here the world moves by itself, so one lock orders refreshes and actions, and an
    action is taken against the page as it is now.
    """

    def __init__(self, preview: Preview) -> None:
        self.preview = preview
        self._lock = asyncio.Lock()
        self._act = preview._action
        preview._action = self._act_on_present  # type: ignore[method-assign]

    @property
    def url(self) -> str:
        """The page's address; whoever knows it acts as the page's person."""
        return self.preview.url

    async def refresh(self) -> None:
        """Publish the world as it is now; open browsers fetch it within half a second."""
        async with self._lock:
            await self.preview.refresh()

    async def _act_on_present(
        self, context_id: str | None, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        async with self._lock:
            page = self.preview._get_page(context_id)
            # A repeated request must stay byte for byte what it was, or it counts as another one.
            if isinstance(body, dict) and body.get("sequence") == page.last_sequence + 1:
                body = {**body, "published_revision": page.revision}
            return await self._act(context_id, body)


@asynccontextmanager
async def served_preview(
    env: simcord.Env,
    channel: simcord.ChannelHandle,
    viewers: Sequence[simcord.MemberActor | simcord.UserHandle],
    *,
    port: int,
    framed_by: Sequence[str],
    title: str,
    css: str,
) -> AsyncIterator[ServedPage]:
    """Serve one channel to the given people on 127.0.0.1:`port` (0 takes a free one).

    `framed_by` lists the origins that may show the page in a frame; `title` replaces the page's
    own, and `css` is appended to its style sheet.
    """
    env._preview = None  # simcord allows one page a world; each of ours has its own port and lock
    preview = env.preview(channel, viewers=list(viewers), layout="channel", port=port)
    preview.capability = "demo"  # a stable address; the server listens on loopback alone
    _allow_frames(preview, framed_by)
    _dress(preview, title, css)
    async with preview:
        env._preview = None
        yield ServedPage(preview)


def _allow_frames(preview: Preview, origins: Sequence[str]) -> None:
    server: Any = preview._server
    headers = dict(server._SECURITY_HEADERS)
    del headers["X-Frame-Options"]
    policy = headers["Content-Security-Policy"]
    headers["Content-Security-Policy"] = policy.replace(
        "frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}"
    )
    server._SECURITY_HEADERS = headers


# Discord counts long spans in months and years, where simcord's page counts weeks.
_SPANS = {
    'absolute < 604800 ? ["day"': 'absolute < 2592000 ? ["day"',
    ': ["week", seconds / 604800]': (
        ': absolute < 31536000 ? ["month", seconds / 2592000] : ["year", seconds / 31536000]'
    ),
}


def _dress(preview: Preview, title: str, css: str) -> None:
    server: Any = preview._server
    original = server._static

    async def static(request: Any) -> Any:
        response = await original(request)
        if request.path == "/preview.css":
            response.text += css
        elif request.path == "/":
            response.text = response.text.replace("SimCord Preview", escape(title), 1)
        elif request.path == "/text.js":
            for simcords, discords in _SPANS.items():
                response.text = response.text.replace(simcords, discords)
        return response

    server._static = static
