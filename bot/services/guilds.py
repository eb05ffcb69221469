"""Guilds coming and going."""

from collections.abc import Iterable

from bot.clock import Clock
from bot.domain.people import GuildSettings
from db.ledger import Ledger


class GuildService:
    """What Helpr knows of the guilds it is in."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def present(self, guild_ids: Iterable[int]) -> None:
        """The bot is in these guilds; where it had been removed, it takes up its work again."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            for guild_id in await work.guilds.return_to(list(guild_ids)):
                await work.audit.happened(guild_id, "guild.returned", now=now)
                await work.owed.owe_cards(guild_id, now)
            await work.commit()

    async def left(self, guild_id: int) -> None:
        """The bot was removed from a guild."""
        async with self._ledger.begin() as work:
            await work.guilds.ensure(guild_id)
            await work.guilds.mark_left(guild_id, self._clock.now())
            await work.audit.happened(guild_id, "guild.left", now=self._clock.now())
            await work.commit()

    async def settings(self, guild_id: int) -> GuildSettings:
        """What the guild has set."""
        async with self._ledger.begin() as work:
            return await work.guilds.settings(guild_id)

    async def commands_changed(self, digest: str) -> bool:
        """True for the one process that should sync the command tree of this `digest`."""
        async with self._ledger.begin() as work:
            await work.installation.client_identifier()
            changed = await work.installation.take_commands_hash(digest)
            await work.commit()
            return changed

    async def client_identifier(self) -> str:
        """The identifier under which Plex knows this installation."""
        async with self._ledger.begin() as work:
            identifier = await work.installation.client_identifier()
            await work.commit()
            return identifier
