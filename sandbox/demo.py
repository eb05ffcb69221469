"""Puts the demo on its feet: Plex, Discord, the stage and the bot, and takes them down again."""

import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from sandbox import ports
from sandbox.botkeeper import BotKeeper
from sandbox.child import Child
from sandbox.discord import DiscordSandbox
from sandbox.plex import PlexSandbox, PlexWorld
from sandbox.stage import Stage, Tab

_WINDOWS = ("bob", "alice", "rita", "bob-dm")
# The bot looks at Plex this often (seconds), so that an accepted invite shows while one watches.
_LOOK_EVERY = 5
BOT = (sys.executable, "-m", "bot", "run")


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    port: int = 8787
    open_browser: bool = False
    with_bot: bool = True
    keep_database: bool = False
    data_dir: Path | None = None
    bot_log: Path | None = None
    env_file: Path | None = None
    bare: bool = False


class Demo:
    """The whole stage. `async with` sets it up; the bot starts with `keeper.start()`.

    `command` is what stands for the bot; tests put another bot in.
    """

    def __init__(self, options: Options, *, command: tuple[str, ...] = BOT) -> None:
        self._options = options
        self._command = command
        self._stack = AsyncExitStack()
        self._scratch: Path
        self.plex: PlexSandbox
        self.discord: DiscordSandbox
        self.keeper: BotKeeper

    async def __aenter__(self) -> "Demo":
        async with AsyncExitStack() as stack:
            scratch = tempfile.TemporaryDirectory(prefix="helpr-demo-", ignore_cleanup_errors=True)
            self._scratch = Path(stack.enter_context(scratch))
            (self._scratch / "data").mkdir()
            port, *page_ports, plex_port = ports.choose(self._options.port, len(_WINDOWS) + 2)
            plex = PlexSandbox(PlexWorld.demo(), port=plex_port)
            self.plex = await stack.enter_async_context(plex)
            named_ports = dict(zip(_WINDOWS, page_ports, strict=True))
            self.discord = DiscordSandbox(port=port, pages=True, page_ports=named_ports)
            self.keeper = BotKeeper(self.discord)
            stage = Stage()
            self.discord.bot_process = lambda: self.keeper.standing
            self.discord.extra_routes += [*stage.routes(), *self.keeper.routes()]
            await stack.enter_async_context(self.discord)
            self._hire()
            stack.push_async_callback(self.keeper.stop)
            self._set(stage)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def addresses(self) -> dict[str, str]:
        """What people open, by a name for it; the first is the one to begin with."""
        pages = self.discord.page_urls
        return {
            "Start here": f"{self.discord.base_url}/",
            "Bob in #get-access": pages["bob"],
            "Bob's direct messages": pages["bob-dm"],
            "Alice in #access-requests": pages["alice"],
            "Rita in #access-requests": pages["rita"],
            "Plex": self.plex.page_url,
            "Discord's faults": self.discord.panel_url,
        }

    def bot_settings(self) -> dict[str, str]:
        """The environment that leads a bot into this world; nothing in it is a real secret."""
        discord_, plex = self.discord, self.plex
        settings = {
            "HELPR_DISCORD__TOKEN": discord_.bot_token,
            "HELPR_DISCORD__API_URL": discord_.api_url,
            "HELPR_DISCORD__GATEWAY_URL": discord_.gateway_url,
            "HELPR_PLEX__TV_URL": plex.base_url,
            "HELPR_DATA_DIR": str(self._options.data_dir or self._scratch / "data"),
            "HELPR_HTTP__PORT": "0",
            "HELPR_RECONCILE__INTERVAL": str(_LOOK_EVERY),
        }
        if not self._options.bare:
            settings |= {
                "HELPR_HOME__GUILD_ID": str(discord_.guild_id),
                "HELPR_HOME__PLEX_URL": plex.base_url,
                "HELPR_HOME__PLEX_TOKEN": plex.owner_token,
                "HELPR_HOME__REQUEST_CHANNEL_ID": str(discord_.request_channel_id),
                "HELPR_HOME__REVIEWER_ROLE_ID": str(discord_.reviewer_role_id),
            }
        database = os.environ.get("HELPR_DATABASE__URL")
        if self._options.keep_database and database:
            settings["HELPR_DATABASE__URL"] = database
        return settings

    def _hire(self) -> None:
        """Prepare the bot's process.

        It works in an empty folder, so that no `.env` of the operator's reaches it.
        """
        work = self._scratch / "work"
        work.mkdir()
        log = self._options.bot_log or self._scratch / "bot.log"
        env = {**_without_settings(os.environ), **self.bot_settings()}
        root = str(Path(__file__).resolve().parents[1])
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [root, env.get("PYTHONPATH")]))
        self.keeper.hire(Child(self._command, env, log=log.resolve(), cwd=work))

    def _set(self, stage: Stage) -> None:
        pages = self.discord.page_urls
        stage.bob = [
            Tab("bob", "Bob: #get-access", pages["bob"]),
            Tab("bob-dm", "Direct messages", pages["bob-dm"]),
            Tab("plex", "Plex", self.plex.page_url),
        ]
        stage.admins = [
            Tab("alice", "Alice: #access-requests", pages["alice"]),
            Tab("rita", "Rita, a reviewer", pages["rita"]),
            Tab("faults", "Faults", self.discord.panel_url),
        ]


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("HELPR_")}
