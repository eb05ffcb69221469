"""Discord in a browser, one page a person, following the world by itself."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import simcord

from sandbox.discord.hooks import Answers, ServedPage, served_preview

_log = logging.getLogger(__name__)

# Changes come in bursts (a card, its picture, a role); one publication shows them all.
_GATHER_SECONDS = 0.1
# Without a change a page is published all the same, so that "2 minutes ago" moves on.
_IDLE_SECONDS = 20.0

# The page shows a conversation; simcord's own tools for bot authors are put away.
_CSS = "[data-workbench], .drawer-scrim { display: none !important; }"


@dataclass(frozen=True)
class Window:
    """A page to serve: a channel as one person sees it. `port` 0 takes a free one."""

    name: str
    title: str
    channel: simcord.ChannelHandle
    viewer: simcord.MemberActor | simcord.UserHandle
    port: int = 0


class Pages:
    """Serves windows and republishes them when the world has changed.

    `urls` maps a window's name to its address once entered.
    """

    def __init__(
        self,
        env: simcord.Env,
        answers: Answers,
        windows: Sequence[Window],
        *,
        framed_by: Sequence[str],
    ) -> None:
        self.urls: dict[str, str] = {}
        self._env = env
        self._answers = answers
        self._windows = windows
        self._framed_by = framed_by
        self._pages: list[ServedPage] = []
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Pages":
        for window in self._windows:
            page = await self._stack.enter_async_context(
                served_preview(
                    self._env,
                    window.channel,
                    [window.viewer],
                    port=window.port,
                    framed_by=self._framed_by,
                    title=window.title,
                    css=_CSS,
                )
            )
            self._pages.append(page)
            self.urls[window.name] = page.url
        self._answers.show_to([page.preview for page in self._pages])
        for page in self._pages:
            self._stack.push_async_callback(_end, asyncio.create_task(self._follow(page)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _follow(self, page: ServedPage) -> None:
        """Publish a page after each change; each page by itself, for one may wait for its bot."""
        seen = -1
        while True:
            if self._answers.count == seen:
                await self._answers.changed(_IDLE_SECONDS)
            await asyncio.sleep(_GATHER_SECONDS)
            seen = self._answers.count
            try:
                await page.refresh()
            except Exception:
                # One publication lost is not the end of the page: the next change brings another.
                _log.exception("a page could not be published")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
