"""The statistics of a period: how fast, how many, by whom, and why not."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.clock import Clock
from bot.domain.board import COUNTED_DAILY, CodeUse, Daily, Refusal, Reviewer, Speeds
from bot.domain.people import Actor
from db.ledger import Ledger
from db.stats import SAMPLE


@dataclass(frozen=True, slots=True)
class StatsView:
    """Everything that the statistics show; `daily` looks back `daily.days`.

    All but `daily` is about the requests of that time. `is_sample`: about the latest of them.
    """

    daily: Daily
    speeds: Speeds = field(default_factory=Speeds)
    codes: tuple[CodeUse, ...] = ()
    reviewers: tuple[Reviewer, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    tiers: tuple[tuple[str | None, int], ...] = ()
    is_sample: bool = False


class StatsService:
    """Reads; changes nothing."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def of_period(self, actor: Actor, days: int) -> StatsView:
        """What became of the requests of the last `days` in the actor's guild."""
        now, guild_id = self._clock.now(), actor.guild_id
        since = now - timedelta(days=days)
        first = now.date() - timedelta(days=days - 1)
        async with self._ledger.begin() as work:
            speeds = await work.stats.speeds(guild_id, since)
            names = await work.board.tier_names(guild_id)
            by_tier = await work.stats.tiers(guild_id, since)
            return StatsView(
                Daily(first, days, await work.board.daily(guild_id, first, COUNTED_DAILY)),
                speeds,
                tuple(await work.stats.codes(guild_id, since)),
                tuple(await work.stats.reviewers(guild_id, since)),
                tuple(await work.stats.refusals(guild_id, since)),
                tuple(
                    (names.get(tier_id), n)
                    for tier_id, n in sorted(by_tier.items(), key=lambda row: (-row[1], row[0]))
                ),
                is_sample=speeds.requests >= SAMPLE,
            )
