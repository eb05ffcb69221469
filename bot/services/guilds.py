"""Guilds coming and going."""

from collections.abc import Iterable
from datetime import timedelta

from bot.clock import Clock
from bot.domain.errors import Forged
from bot.domain.people import GuildSettings
from bot.i18n import texts
from db.ledger import Ledger
from db.rates import Limit

SYNC_LEASE = timedelta(seconds=30)
FORGED_PER_HOUR = 20


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
                await work.cards.owe_all(guild_id, now)
                await work.cards.owe_news(guild_id, now)
            await work.commit()

    async def shard_ready(self, shard_id: int, shard_count: int, guild_ids: Iterable[int]) -> None:
        """A shard knows all its guilds: those that are missing were left while away."""
        present, now = list(guild_ids), self._clock.now()
        async with self._ledger.begin() as work:
            for guild_id in await work.guilds.shard_missing(shard_id, shard_count, present, now):
                await work.audit.happened(guild_id, "guild.left", now=now)
            await work.commit()
        await self.present(present)

    async def greet(self, guild_id: int, locale: str) -> GuildSettings | None:
        """Take the one greeting of a guild; its settings, None where there is nothing to say.

        Noted before it is said: rather no greeting than two. From now on what everybody reads
        there is in the guild's own language, as Discord names it, until an admin chooses another.
        """
        async with self._ledger.begin() as work:
            await work.guilds.ensure(guild_id)
            language = texts(locale).language
            if not await work.guilds.greet(guild_id, language, self._clock.now()):
                return None
            await work.commit()
            return await work.guilds.settings(guild_id)

    async def unknown(self, guild_ids: Iterable[int]) -> list[int]:
        """Those of the guilds that the ledger has never heard of: they were joined meanwhile."""
        async with self._ledger.begin() as work:
            return await work.guilds.unknown(list(guild_ids))

    async def left(self, guild_id: int) -> None:
        """The bot was removed from a guild."""
        async with self._ledger.begin() as work:
            await work.guilds.ensure(guild_id)
            if await work.guilds.has_left(guild_id):
                # Told twice, for example by two processes of one shard.
                return
            await work.guilds.mark_left(guild_id, self._clock.now())
            await work.audit.happened(guild_id, "guild.left", now=self._clock.now())
            await work.commit()

    async def settings(self, guild_id: int) -> GuildSettings:
        """What the guild has set."""
        async with self._ledger.begin() as work:
            return await work.guilds.settings(guild_id)

    async def forged(self, guild_id: int, user_id: int, action: str, what: str) -> None:
        """Write down that somebody sent what nothing here leads to; `what` is its custom_id.

        Only so many lines a person and hour, as the log is no place for a flood.
        """
        limit = Limit(f"user:{user_id}:forged", FORGED_PER_HOUR, 3600.0)
        async with self._ledger.begin() as work:
            await work.guilds.ensure(guild_id)
            if await work.rates.acquire([limit]) == 0:
                await work.audit.happened(
                    guild_id,
                    "interaction.forged",
                    now=self._clock.now(),
                    by=user_id,
                    of=action,
                    custom_id=what[:100],
                )
            await work.commit()

    async def of_invite(self, invite_id: int, member_id: int) -> int:
        """The guild of a member's own invite: a direct message carries none. Raises `Forged`."""
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id)
        if invite is None or invite.member_id != member_id:
            raise Forged("invite.unknown")
        return invite.guild_id

    async def commands_are(self, digest: str) -> bool:
        """Whether Discord holds the command tree of this `digest`."""
        async with self._ledger.begin() as work:
            return await work.installation.commands_hash() == digest

    async def claim_commands(self) -> bool:
        """True for the one process that should sync the tree now; a claim ends by itself."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            claimed = await work.installation.claim_commands(now, now + SYNC_LEASE)
            await work.commit()
            return claimed

    async def commands_synced(self, digest: str | None) -> None:
        """Give the claim back; `digest` is what Discord holds now, None if that failed."""
        async with self._ledger.begin() as work:
            await work.installation.commands_synced(digest)
            await work.commit()

    async def client_identifier(self) -> str:
        """The identifier under which Plex knows this installation."""
        async with self._ledger.begin() as work:
            identifier = await work.installation.client_identifier()
            await work.commit()
            return identifier
