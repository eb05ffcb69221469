"""The dashboard: what the ledger says and what Plex says, read at the same time."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.board import (
    COUNTED_DAILY,
    Attention,
    Daily,
    InviteCount,
    RecentInvite,
    SeatCount,
)
from bot.domain.drift import DriftKind
from bot.domain.errors import PlexError
from bot.domain.invites import HOLDS_A_SEAT, InviteState
from bot.domain.jobs import Trouble
from bot.domain.links import Link
from bot.domain.people import Actor
from bot.domain.plex import PlexActivity
from bot.domain.timing import UNFORESEEN
from bot.plex import PlexService
from bot.services.notices import NoticeData
from db.ledger import Ledger, Work

PATIENCE = 2.0
"""Seconds for which Plex is waited for; the rest of the dashboard is there much sooner."""

SOON = timedelta(days=7)
"""What ends within so long is said to end soon."""

RECENT = 20


@dataclass(frozen=True, slots=True)
class ServerView:
    """One linked server: what Plex plays, or why nobody knows; `is_late`: not said in time."""

    link: Link
    seats: SeatCount = field(default_factory=SeatCount)
    activity: PlexActivity | None = None
    problem: PlexError | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the dashboard shows; `daily` looks back `daily.days`."""

    daily: Daily
    servers: tuple[ServerView, ...] = ()
    counts: tuple[InviteCount, ...] = ()
    tiers: dict[int, str] = field(default_factory=dict)
    attention: Attention = field(default_factory=Attention)
    recent: tuple[RecentInvite, ...] = ()
    drift: dict[DriftKind, int] = field(default_factory=dict)
    notices: tuple[NoticeData, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def count(self, *states: InviteState) -> int:
        """How many invites stand in one of these states."""
        return sum(one.n for one in self.counts if one.state in states)

    def people_by_tier(self) -> list[tuple[str, int]]:
        """How many people have access by each tier, suspended ones included; most first."""
        has = {InviteState.ACTIVE, InviteState.SUSPENDED}
        found: dict[str, int] = {}
        for one in self.counts:
            if one.state in has and one.tier_id in self.tiers:
                name = self.tiers[one.tier_id]
                found[name] = found.get(name, 0) + one.n
        return sorted(found.items(), key=lambda row: (-row[1], row[0]))


class BoardService:
    """One look at everything."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex

    async def dashboard(self, actor: Actor, days: int) -> Board:
        """The guild as it is, and its last `days`; one request to Plex for each link.

        Plex is never waited for longer than `PATIENCE`, and its failures are part of the answer.
        """
        async with self._ledger.begin() as work:
            links = await work.links.all_of(actor.guild_id)
        board, *looks = await asyncio.gather(
            self._read(actor.guild_id, days, links), *map(self._look, links)
        )
        known, seats = board
        servers = tuple(
            ServerView(link, seats.get(link.id, SeatCount()), *look)
            for link, look in zip(links, looks, strict=True)
        )
        return Board(servers=servers, **known)

    async def _look(self, link: Link) -> tuple[PlexActivity | None, PlexError | None, bool]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._plex.activity(link.access), None, False
        except PlexError as error:
            return None, error, False
        except TimeoutError:
            return None, None, True

    async def _read(
        self, guild_id: int, days: int, links: list[Link]
    ) -> tuple[dict[str, Any], dict[int, SeatCount]]:
        now = self._clock.now()
        first = now.date() - timedelta(days=days - 1)
        async with self._ledger.begin() as work:
            counts = tuple(await work.board.totals(guild_id))
            daily = await work.board.daily(guild_id, first, COUNTED_DAILY)
            known: dict[str, Any] = {
                "daily": Daily(first, days, daily),
                "counts": counts,
                "tiers": await work.board.tier_names(guild_id),
                "attention": await work.board.attention(guild_id, now, now + SOON),
                "recent": tuple(await work.board.recent(guild_id, RECENT)),
                "drift": await work.drift.counts(guild_id),
                "notices": await _notices(work, guild_id, links),
                "troubles": tuple(await work.trouble.of_guild(guild_id, UNFORESEEN)),
            }
            return known, await _seats(work, guild_id, links, counts)


async def _seats(
    work: Work, guild_id: int, links: list[Link], counts: tuple[InviteCount, ...]
) -> dict[int, SeatCount]:
    """By link: what its owner account holds.

    Of an account with several links one share may be the seat of several invites, which no total
    knows: there it is counted, over those alone who have access.
    """
    unknown = await work.board.unknown(guild_id)
    not_alone = await work.board.not_alone(guild_id)
    found = {}
    for link in links:
        if link.id in not_alone:
            taken, strange = await work.seats.taken(link)
            found[link.id] = SeatCount(taken - strange, strange)
            continue
        own = (one.n for one in counts if one.link_id == link.id and one.state in HOLDS_A_SEAT)
        found[link.id] = SeatCount(sum(own), unknown.get(link.id, 0))
    return found


async def _notices(work: Work, guild_id: int, links: list[Link]) -> tuple[NoticeData, ...]:
    by_id = {link.id: link for link in links}
    found = await work.notices.open_in(guild_id)
    if not found:
        return ()
    settings = await work.guilds.settings(guild_id)
    return tuple(NoticeData(one, settings, by_id.get(one.link_id or 0)) for one in found)
