"""How work on Plex ends for an invite, as columns: done, failed once more, accepted."""

from datetime import datetime, timedelta
from typing import Any

from bot.domain.durations import days_later, parse_zone
from bot.domain.errors import PlexError
from bot.domain.invites import Invite
from bot.domain.plex import Grant
from bot.domain.timing import GIVE_UP, STUCK_WAIT, backoff
from db.ledger import Work

DONE: dict[str, Any] = {
    "work_leased_until": None,
    "failure_key": None,
    "failure_reason": "",
    "tries": 0,
    "stuck_at": None,
}
"""The columns of an invite whose work on Plex has just succeeded."""


def next_try(invite: Invite, error: PlexError, now: datetime) -> datetime:
    """When work that has failed is tried again."""
    tries = invite.tries + 1
    wait = STUCK_WAIT if tries >= GIVE_UP else backoff(tries)
    return now + max(wait, timedelta(seconds=error.retry_after or 0.0))


def failed_once_more(invite: Invite, error: PlexError, now: datetime) -> dict[str, Any]:
    """The columns of an invite whose work on Plex has just failed."""
    tries = invite.tries + 1
    return {
        "work_leased_until": None,
        "failure_key": error.key,
        "failure_reason": error.reason,
        "tries": tries,
        # What was stuck stays so until it succeeds, also after "Try again".
        "stuck_at": (invite.stuck_at or now) if tries >= GIVE_UP else invite.stuck_at,
    }


def is_stuck_now(invite: Invite, columns: dict[str, Any]) -> bool:
    """Whether it is with this failure that admins are to see it, and can have it tried again."""
    return invite.stuck_at is None and columns["stuck_at"] is not None


NO_CHANGE: dict[str, Any] = {
    "change": None,
    "change_reason": None,
    "change_by": None,
    "change_due_at": None,
    **DONE,
}
"""The columns of an invite for which Plex has done what was wanted."""


async def told_to_the_same_person(work: Work, invite: Invite, grant: Grant, now: datetime) -> None:
    """What Plex lets a person do was set with this share, and so with all of the same owner's."""
    for other_id, guild_id in await work.invites.same_person_has(invite, grant.settings):
        await work.audit.happened(guild_id, "access.settings_shared", now=now, invite_id=other_id)


async def active_now(work: Work, invite: Invite, now: datetime) -> dict[str, Any]:
    """The columns of an invite that was accepted just now.

    The time of the tier runs from the first acceptance on; a fresh one after a suspension, or an
    end that somebody has set by hand meanwhile, does not change it (`Invites.move` keeps both).
    """
    columns: dict[str, Any] = {"first_active_at": now}
    tier = await work.tiers.get(invite.tier_id) if invite.tier_id else None
    if invite.active_at is None and tier is not None and tier.duration_days:
        settings = await work.guilds.settings(invite.guild_id)
        zone = parse_zone(settings.timezone)
        columns["first_expires_at"] = days_later(now, tier.duration_days, zone)
    return columns
