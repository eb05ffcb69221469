"""The sandbox Discord as a whole: world, REST, gateway, control interface, pages."""

import base64
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

import simcord
from aiohttp import web

from sandbox.discord.control import Control
from sandbox.discord.faults import Fault, failing
from sandbox.discord.gateway import Gateway
from sandbox.discord.hooks import Answers, backend_of, make_env, watch_changes
from sandbox.discord.owner import Owner
from sandbox.discord.pages import Pages, Window
from sandbox.discord.panel import Panel
from sandbox.discord.records import Records
from sandbox.discord.rest import MAX_BODY, Rest
from sandbox.discord.rules import Rules
from sandbox.discord.world import World, demo_world

# Flags of an application that has the limited form of a privileged intent switched on:
# https://discord.com/developers/docs/resources/application#application-object-application-flags
_INTENT_FLAGS = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}


class DiscordSandbox:
    """A Discord on 127.0.0.1:`port` (0 takes a free one) with the demo world in it.

    One may live in an event loop at a time (simcord's rule). `privileged_intents` are the ones
    switched on for the application; `shards` is what /gateway/bot recommends. With `pages`,
    browser pages are served on `page_ports` (by window name) or on free ports: `bob`, `alice`,
    `rita`, `bob-dm`. What is put into `extra_routes` before the start is served beside Discord's
    own paths. `bot_process` tells the panel how the bot's process is (`ready`, `starting`,
    `ended`), where somebody keeps one.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        pages: bool = False,
        page_ports: dict[str, int] | None = None,
        shards: int = 1,
        privileged_intents: frozenset[str] = frozenset({"members"}),
    ) -> None:
        self._port = port
        self._with_pages = pages
        self._page_ports = page_ports or {}
        self.extra_routes: list[web.RouteDef] = []
        self._stack = AsyncExitStack()
        self.env = make_env(bot_name="Helpr")
        self.backend = backend_of(self.env)
        number = base64.b64encode(str(self.backend.application_id).encode()).decode().rstrip("=")
        self.bot_token = f"{number}.sandbox.no-secret"
        flags = sum(_INTENT_FLAGS[name] for name in privileged_intents)
        self._rules = Rules(self.backend, flags=flags)
        self.rest = Rest(
            self.backend, self._rules, token=self.bot_token, shards=shards, changed=self._wake
        )
        self.gateway = Gateway(
            self.env,
            token=self.bot_token,
            privileged=privileged_intents,
            outward=self.rest.outward,
            url=lambda: self.gateway_url,
            flags=flags,
        )
        self.bot_process: Callable[[], str] | None = None
        self.page_urls: dict[str, str] = {}
        self._answers: Answers
        self.world: World
        self.owner: Owner

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self.env.start()
            stack.push_async_callback(self.env.shutdown)
            self._answers = Answers(self.env)
            self.world = await demo_world(self.env)
            self.owner = Owner(self.backend, self.gateway, self.world)
            watch_changes(self.env, lambda *_: self._wake())
            await self._serve(stack)
            if self._with_pages:
                await self._open_pages(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    # ------------------------------------------------------------ addresses and ids

    @property
    def base_url(self) -> str:
        """Where this Discord is, without a path."""
        return self.rest.base_url

    @property
    def api_url(self) -> str:
        """What stands for https://discord.com/api/v10."""
        return f"{self.base_url}/api/v10"

    @property
    def panel_url(self) -> str:
        """The page on which Discord is made to fail."""
        return f"{self.base_url}/sandbox/"

    @property
    def gateway_url(self) -> str:
        """What stands for wss://gateway.discord.gg."""
        return f"{self.base_url.replace('http', 'ws', 1)}/gw"

    @property
    def guild_id(self) -> int:
        """Home Media."""
        return self.world.guild.id

    @property
    def request_channel_id(self) -> int:
        """#access-requests."""
        return self.world.access_requests.id

    @property
    def reviewer_role_id(self) -> int:
        """Reviewers."""
        return self.world.reviewers.id

    # ------------------------------------------------------------ people

    @property
    def alice(self) -> simcord.MemberActor:
        """The admin."""
        return self.world.alice

    @property
    def bob(self) -> simcord.MemberActor:
        """The member."""
        return self.world.bob

    @property
    def rita(self) -> simcord.MemberActor:
        """The reviewer."""
        return self.world.rita

    @property
    def carol(self) -> simcord.MemberActor:
        """A member with a young account."""
        return self.world.carol

    # ------------------------------------------------------------ looking and waiting

    @property
    def requests(self) -> Records:
        """Every REST request so far, oldest first."""
        return self.rest.records

    @property
    def commands_synced(self) -> bool:
        """Whether a bot has registered commands in this world."""
        return any(self.backend.commands.values())

    async def until(self, condition: Callable[[], object], timeout: float = 5.0) -> None:
        """Wait until the condition holds; it is asked again at each change of the world.

        Raises TimeoutError after `timeout` seconds.
        """
        deadline = time.perf_counter() + timeout
        while not condition():
            left = deadline - time.perf_counter()
            if left <= 0:
                raise TimeoutError(f"the world did not come to it within {timeout:g} s")
            await self._answers.changed(min(left, 0.25))

    async def finished(
        self, result: simcord.InteractionResult, timeout: float = 5.0
    ) -> simcord.InteractionResult:
        """Wait until a deferred answer has become what it was deferred for."""
        await self.until(lambda: result.acknowledged and not result.deferred, timeout)
        return result

    # ------------------------------------------------------------ changing the world

    def advance(self, seconds: float) -> None:
        """Push the world's clock forward; tokens and deadlines age, the bot's clock does not."""
        self.backend.clock.advance(seconds)
        self._wake()

    def set_dms(self, person: simcord.MemberActor, *, open_: bool) -> None:
        """Open or close a person's direct messages; closed ones answer 403 with code 50007."""
        change = self._rules.closed_dms.discard if open_ else self._rules.closed_dms.add
        change(person.id)

    def dms_open(self, person: simcord.MemberActor) -> bool:
        """Whether a person takes direct messages."""
        return person.id not in self._rules.closed_dms

    def repeat_interactions(self, times: int = 1) -> None:
        """Let the next interactions reach the bot twice, with the same id and token."""
        self.gateway.twice = times

    def expire_interactions(self, times: int | None = 1) -> Fault:
        """Let the next interactions be too old when the bot answers (404, code 10062)."""
        return self.rest.faults.add(failing("10062", endpoint="answering", times=times))

    def set_locale(self, person: simcord.MemberActor, locale: str) -> None:
        """Choose the language of a person's Discord, for example `de` (simcord says en-US)."""
        self.gateway.locales[person.id] = locale

    def calm(self) -> None:
        """End every fault and take back what the owner did, but for what was deleted."""
        self.rest.faults.clear()
        self.gateway.refusing, self.gateway.twice = False, 0
        for person in self.world.people.values():
            self.set_dms(person, open_=True)
        for channel in self.owner.channels:
            self.owner.allow_bot(channel)
        if not self.owner.bot_is_in:
            self.owner.add_bot()

    # ------------------------------------------------------------ inside

    def control_routes(self) -> list[web.RouteDef]:
        """The paths of the control interface and of its page."""
        return [*Control(self).routes(), *Panel(self).routes()]

    def _wake(self) -> None:
        self._answers.wake()

    async def _serve(self, stack: AsyncExitStack) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes([*self.rest.routes(), *self.gateway.routes(), *self.control_routes()])
        app.add_routes(self.extra_routes)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(self.gateway.stop)
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.rest.base_url = f"http://{host}:{port}"

    async def _open_pages(self, stack: AsyncExitStack) -> None:
        world = self.world
        requests = world.access_requests
        windows = [
            self._window("bob", "Bob in #get-access", world.get_access, world.bob),
            self._window("alice", "Alice in #access-requests", requests, world.alice),
            self._window("rita", "Rita in #access-requests", requests, world.rita),
            self._window(
                "bob-dm", "Bob's direct messages", world.bob.user.dm_channel, world.bob.user
            ),
        ]
        framed_by = [self.base_url, self.base_url.replace("127.0.0.1", "localhost")]
        pages = Pages(self.env, self._answers, windows, framed_by=framed_by)
        self.page_urls = (await stack.enter_async_context(pages)).urls

    def _window(
        self,
        name: str,
        title: str,
        channel: simcord.ChannelHandle,
        viewer: simcord.MemberActor | simcord.UserHandle,
    ) -> Window:
        return Window(name, title, channel, viewer, self._page_ports.get(name, 0))
