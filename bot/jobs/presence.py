"""Looking for a member in Discord, by REST alone: no privileged intent is needed for it."""

import asyncio
from datetime import datetime
from typing import Any

import discord

from bot.domain.absence import Presence
from bot.jobs.telling import UNREACHED, code_of
from bot.log import logger
from bot.services.presence import Look, PresenceService

log = logger(__name__)

# Shorter than the lease (bot.services.presence).
DEADLINE = 15.0
UNKNOWN_MEMBER, UNKNOWN_USER = 10007, 10013


class PresenceJobs:
    """The job that looks for members. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, presence: PresenceService) -> None:
        self._client = client
        self._presence = presence

    async def look_for_member(self, invite_id: int) -> bool:
        """Ask Discord whether they are still there, with their role; False when nothing is due."""
        look = await self._presence.begin(invite_id)
        if look is None:
            return False
        try:
            async with asyncio.timeout(DEADLINE):
                presence = await self._ask(look)
        except UNREACHED as error:
            log.info("member.not_looked_for", invite=invite_id, error=code_of(error))
            await self._presence.unknown(look)
        else:
            await self._presence.seen(look, presence)
        return True

    async def _ask(self, look: Look) -> Presence:
        invite = look.invite
        try:
            found: Any = await self._client.http.get_member(invite.guild_id, invite.member_id)
        except discord.NotFound as error:
            if error.code not in {UNKNOWN_MEMBER, UNKNOWN_USER}:
                raise
            # A Discord that has lost its members for a moment would not know this one either.
            await self._client.http.get_member(invite.guild_id, self._own_id)
            return Presence(is_here=False)
        roles = frozenset(map(int, found["roles"]))
        exists = True
        if look.role_id is not None and look.role_id not in roles:
            there = await self._client.http.get_roles(invite.guild_id)
            exists = any(int(role["id"]) == look.role_id for role in there)
        joined = found.get("joined_at")
        joined_at = datetime.fromisoformat(joined) if joined else None
        return Presence(is_here=True, roles=roles, joined_at=joined_at, role_exists=exists)

    @property
    def _own_id(self) -> int:
        if self._client.user is None:
            raise LookupError("the client is not logged in")
        return self._client.user.id
