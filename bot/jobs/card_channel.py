"""Where cards stand: posted, edited and removed in a channel or thread, by REST alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import discord
from discord.http import Route
from discord.ui import LayoutView

from bot.domain.channels import ChannelProblem

THREAD_ARCHIVED = 50083
# How far back a card of an earlier attempt is looked for, when it is posted late. One request.
LOOK_BACK = 100
_PROBLEMS = {
    10003: ChannelProblem.GONE,
    50001: ChannelProblem.HIDDEN,
    50013: ChannelProblem.SILENT,
    THREAD_ARCHIVED: ChannelProblem.LOCKED,
}


class Blocked(Exception):
    """A channel takes no cards until somebody has mended it."""

    def __init__(self, channel_id: int, problem: ChannelProblem) -> None:
        super().__init__(channel_id, problem)
        self.channel_id, self.problem = channel_id, problem


class CardChannel:
    """What is done to one card's message. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def edit(self, channel_id: int, message_id: int, view: LayoutView) -> None:
        """Raises `Blocked`, and `discord.NotFound` when message or channel was deleted."""
        message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
        with blocking(channel_id):
            try:
                await message.edit(view=view)
            except discord.HTTPException as error:
                if error.code != THREAD_ARCHIVED:
                    raise
                await self._open_thread(channel_id)
                await message.edit(view=view)

    async def post(self, channel_id: int, view: LayoutView, nonce: str) -> discord.Message:
        """The message, new or of an earlier attempt with this nonce. Raises `Blocked`."""
        channel = self._client.get_partial_messageable(channel_id)
        with blocking(channel_id, gone=True):
            try:
                message = await channel.send(view=view, nonce=nonce)
            except discord.HTTPException as error:
                if error.code != THREAD_ARCHIVED:
                    raise
                await self._open_thread(channel_id)
                message = await channel.send(view=view, nonce=nonce)
        return message

    async def find(self, channel_id: int, button: str) -> discord.Message | None:
        """The card with a button whose id begins like that: of an attempt that was killed before
        it could note it down. Raises `Blocked`.

        Discord itself recognises one by its nonce, but only for some minutes.
        """
        channel = self._client.get_partial_messageable(channel_id)
        with blocking(channel_id, gone=True):
            async for message in channel.history(limit=LOOK_BACK):
                if any(id_.startswith(button) for id_ in custom_ids(raw(message))):
                    return message
        return None

    async def remove(self, channel_id: int, message_id: int) -> None:
        """A card that stands elsewhere now; gone already, or out of reach, is as good."""
        message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
        with suppress(discord.NotFound, discord.Forbidden):
            await message.delete()

    async def _open_thread(self, thread_id: int) -> None:
        """A thread closes by itself after days of silence; raises `Blocked` where it stays so."""
        route = Route("PATCH", "/channels/{channel_id}", channel_id=thread_id)
        try:
            await self._client.http.request(route, json={"archived": False})
        except discord.Forbidden as error:
            raise Blocked(thread_id, ChannelProblem.LOCKED) from error


def raw(message: discord.Message) -> list[Any]:
    """The components of a message, as Discord carries them."""
    return [component.to_dict() for component in message.components]


def custom_ids(components: Sequence[Any]) -> Iterator[str]:
    """The ids of everything that can be pressed in them."""
    return (str(one["custom_id"]) for one in walk(components) if "custom_id" in one)


def walk(components: Sequence[Any]) -> Iterator[Any]:
    """These components and all inside them."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))


@contextmanager
def blocking(channel_id: int, *, gone: bool = False) -> Iterator[None]:
    """Raise `Blocked` for what only people can mend; for a deleted channel where `gone`."""
    try:
        yield
    except discord.HTTPException as error:
        problem = _PROBLEMS.get(error.code)
        if problem is None and isinstance(error, discord.Forbidden):
            problem = ChannelProblem.SILENT
        if problem is None or (problem is ChannelProblem.GONE and not gone):
            raise
        raise Blocked(channel_id, problem) from error
