"""What the guild's owner does by hand, without telling the bot."""

import discord

from sandbox.discord.gateway import Gateway
from sandbox.discord.hooks import (
    Backend,
    BackendError,
    Member,
    bot_is_in,
    deny_bot,
    drop_channel,
    drop_message,
    put_bot_back,
    rights_denied_to_bot,
    take_bot_out,
)
from sandbox.discord.world import World


class Owner:
    """Deletes messages and channels, takes the bot's rights, shows it the door and lets it in.

    Also names members. Channels are named by id. ValueError says what is not there or not so.
    """

    def __init__(self, backend: Backend, gateway: Gateway, world: World) -> None:
        self._backend = backend
        self._gateway = gateway
        self._guild = world.guild.id
        self._left: Member | None = None

    @property
    def channels(self) -> dict[int, str]:
        """The guild's channels: id and name."""
        found = self._backend.channels.values()
        return {item.id: item.name or "" for item in found if item.guild_id == self._guild}

    @property
    def bot_is_in(self) -> bool:
        """Whether the bot is in the guild."""
        return bot_is_in(self._backend, self._guild)

    def delete_message(self, channel_id: int, message_id: int | None = None) -> int:
        """Delete a message, the latest that everybody sees unless told; returns its id."""
        try:
            number = message_id or self._latest(channel_id)
            drop_message(self._backend, channel_id, number)
        except BackendError as error:
            raise ValueError(error.message) from None
        return number

    def _latest(self, channel_id: int) -> int:
        messages = self._backend.messages.get(channel_id, {}).values()
        shown = [item.id for item in messages if not item.is_ephemeral]
        if not shown:
            raise ValueError("there is no message in this channel")
        return max(shown)

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel with all of its messages."""
        self._known(channel_id)
        drop_channel(self._backend, channel_id)

    def name_member(self, user_id: int, name: str) -> None:
        """Give a member a nickname; an empty one takes it away."""
        try:
            self._backend.edit_member(self._guild, user_id, {"nick": name or None})
        except BackendError as error:
            raise ValueError(error.message) from None

    def deny_bot(self, channel_id: int, *rights: str) -> None:
        """Deny the bot exactly these rights in a channel: `view_channel`, `send_messages`, ..."""
        self._known(channel_id)
        try:
            denied = discord.Permissions(**dict.fromkeys(rights, True))
        except TypeError as error:
            raise ValueError(str(error)) from None
        deny_bot(self._backend, channel_id, denied)

    def allow_bot(self, channel_id: int) -> None:
        """Give the bot back what `deny_bot` took in a channel."""
        self.deny_bot(channel_id)

    def denied(self, channel_id: int) -> frozenset[str]:
        """What the bot is denied in a channel."""
        self._known(channel_id)
        rights = rights_denied_to_bot(self._backend, channel_id)
        # discord.py lists this right under its older name.
        renamed = {"read_messages": "view_channel"}
        return frozenset(renamed.get(name, name) for name, on in rights if on)

    def remove_bot(self) -> None:
        """Show the bot the door: it hears so, and the guild is out of its reach."""
        if not self.bot_is_in:
            raise ValueError("the bot is not in the guild")
        self._left = take_bot_out(self._backend, self._guild)
        self._gateway.lose_guild(self._guild)

    def add_bot(self) -> None:
        """Let the bot in again; its role and its place come back as they were."""
        if self._left is None or self.bot_is_in:
            raise ValueError("the bot is in the guild")
        put_bot_back(self._backend, self._guild, self._left)
        self._gateway.gain_guild(self._guild)

    def _known(self, channel_id: int) -> None:
        if channel_id not in self.channels:
            raise ValueError(f"no such channel: {channel_id}")
