"""Plays the demo for a person at a terminal: says where things are, waits, cleans up."""

import asyncio
import signal
import sys
import webbrowser
from collections.abc import Coroutine
from typing import Any

from sandbox.botkeeper import BotFailedError
from sandbox.demo import BOT, Demo, Options


async def play(options: Options, *, command: tuple[str, ...] = BOT) -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit code. `command` stands for the bot."""
    stopped = _listen()
    async with Demo(options, command=command) as demo:
        if options.with_bot:
            code = await _with_bot(demo, options, stopped)
        else:
            _say_settings(demo, options)
            await stopped.wait()
            code = 0
        if stopped.is_set():
            _say("Stopping.")
    return code


async def _with_bot(demo: Demo, options: Options, stopped: asyncio.Event) -> int:
    _say("Setting the stage: a Discord, a Plex, and the bot. The first start takes a moment.")
    try:
        if not await _unless(stopped, demo.keeper.start()):
            return 0
    except BotFailedError as failure:
        _say(f"{failure} The last it said:\n\n{demo.keeper.tail or '(nothing)'}\n")
        return 1
    _say_addresses(demo)
    if options.open_browser:
        await asyncio.to_thread(webbrowser.open, demo.addresses["Start here"])
    demo.keeper.on_failure = lambda: _say_ended(demo)
    await stopped.wait()
    return 1 if demo.keeper.failed else 0


async def _unless(stopped: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work unless one is told to stop first; False says that one was."""
    task = asyncio.create_task(work)
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False
    await task
    return True


def _listen() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _say_addresses(demo: Demo) -> None:
    width = max(map(len, demo.addresses))
    lines = [f"  {name:<{width}}  {url}" for name, url in demo.addresses.items()]
    _say("\n".join(["The bot is ready.", "", *lines, "", "Ctrl-C ends it and leaves nothing."]))


def _say_settings(demo: Demo, options: Options) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in demo.bot_settings().items())
    if options.env_file is not None:
        options.env_file.write_text(lines, encoding="utf-8")
    width = max(map(len, demo.addresses))
    addresses = [f"  {name:<{width}}  {url}" for name, url in demo.addresses.items()]
    _say("\n".join(["The stage is set, without a bot. One comes in with this environment:", ""]))
    _say(lines)
    _say("\n".join(addresses))


def _say_ended(demo: Demo) -> None:
    _say(
        f"The bot has ended by itself. The last it said:\n\n{demo.keeper.tail}\n\n"
        f'To start it again: curl -d \'{{"do": "start"}}\' {demo.discord.base_url}/sandbox/api/bot'
    )
