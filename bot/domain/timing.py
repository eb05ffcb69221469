"""How long work is leased, and when it is tried again. One place, so that the numbers agree."""

import random
from datetime import timedelta

# For how long one piece of work on Plex is claimed. Whoever is at it renews the claim every
# HEARTBEAT; who has died, or stands still, loses it when it is over, and the sweep brings the work
# back. An attempt that outlives its claim changes nothing: outcomes are written by its number.
WORK_LEASE = timedelta(seconds=20)
HEARTBEAT = timedelta(seconds=5)
# Longer than the deadline of the edit itself (bot.jobs.telling), so that an edit under way is over
# before somebody else may begin one.
SHOW_LEASE = timedelta(seconds=25)
# While a link is paused its invites wait; mending it wakes them at once, this is the net below.
PAUSED_WAIT = timedelta(minutes=5)
# How often a link that does not work is tried again.
RECHECK = timedelta(seconds=60)
# Discord did not answer; and: Discord said no, which somebody has to mend first.
SHOW_AGAIN_SOON = timedelta(seconds=10)
SHOW_AGAIN_LATER = timedelta(minutes=5)
# How often each holder of access is looked for in Discord.
PRESENCE = timedelta(hours=3)
# A member's answer is first given by the interaction itself; this heals one that was lost.
FIRST_ANSWER = timedelta(seconds=10)
SLOWEST_RETRY = 300.0
# After so many failures in a row (about half an hour) an admin is told, and work goes on slowly.
GIVE_UP = 12
STUCK_WAIT = timedelta(minutes=15)
# Plex may list what it has just made a while later.
LISTED_LATE = timedelta(minutes=1)
# A job that fails for an unforeseen reason is shown to the admins from this many times on.
UNFORESEEN = 3
# How often the sweep looks for what is due (its cron stands in bot.jobs.queue).
SWEEP = timedelta(seconds=5)


def in_time_for(interval: timedelta) -> timedelta:
    """When to owe what has to have happened within `interval`: the sweep may come late by its own.

    Never less than half of the interval, so that a short one does not become none.
    """
    return max(interval - SWEEP, interval / 2)


def backoff(attempt: int, retry_after: float | None = None) -> timedelta:
    """2 s doubled with each attempt, at most 5 min, with jitter; never sooner than Plex asks."""
    doubled = 2.0 * 2 ** min(max(attempt - 1, 0), 16)
    seconds = min(doubled, SLOWEST_RETRY) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter is no secret
    return timedelta(seconds=max(seconds, retry_after or 0.0))
