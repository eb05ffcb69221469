"""Giving and taking the roles of tiers, by REST alone."""

import asyncio

import aiohttp
import discord

from bot.domain.roles import RoleErrand, RoleProblem
from bot.log import logger
from bot.services.roles import RoleService

log = logger(__name__)

# Shorter than the lease (bot.services.roles), so that two never work on one person at once.
DEADLINE = 10.0
UNKNOWN_GUILD, UNKNOWN_MEMBER, UNKNOWN_ROLE, UNKNOWN_USER = 10004, 10007, 10011, 10013
REASON = "Helpr: the role of a tier"


class RoleJobs:
    """The job that gives and takes roles. `client` is logged in; it needs no gateway."""

    def __init__(self, client: discord.Client, roles: RoleService) -> None:
        self._client = client
        self._roles = roles

    async def give_role(self, invite_id: int) -> bool:
        """Take the role that is not wanted, give the one that is; False when nothing is due."""
        errand = await self._roles.begin(invite_id)
        if errand is None:
            return False
        try:
            async with asyncio.timeout(DEADLINE):
                is_done = await self._carry_out(errand)
        except (discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError):
            await self._roles.went_wrong(errand, RoleProblem.UNREACHED)
        except discord.HTTPException as error:
            problem = _problem(error)
            log.warning("role.failed", invite=invite_id, problem=problem, code=error.code)
            await self._roles.went_wrong(errand, problem)
        else:
            if is_done:
                await self._roles.done(errand)
                log.info("role.done", invite=invite_id, wanted=errand.wanted)
        return True

    async def _carry_out(self, errand: RoleErrand) -> bool:
        """Take and give; False when the old role was taken and the new one must not be given."""
        http, guild_id, member_id = self._client.http, errand.guild_id, errand.member_id
        if errand.to_take is not None:
            try:
                await http.remove_role(guild_id, member_id, errand.to_take, reason=REASON)
            except discord.NotFound as error:
                # Who is gone has no role, and a role that is gone is nobody's.
                log.info("role.gone", invite=errand.invite_id, code=error.code)
            ready = await self._roles.taken(errand)
            if ready is None:
                return False
            errand = ready
        if errand.wanted is not None:
            await http.add_role(guild_id, member_id, errand.wanted, reason=REASON)
        return True


def _problem(error: discord.HTTPException) -> RoleProblem:
    if error.code in {UNKNOWN_MEMBER, UNKNOWN_USER}:
        return RoleProblem.MEMBER_GONE
    if error.code == UNKNOWN_ROLE:
        return RoleProblem.GONE
    if isinstance(error, discord.Forbidden) or error.code == UNKNOWN_GUILD:
        return RoleProblem.FORBIDDEN
    return RoleProblem.UNREACHED
