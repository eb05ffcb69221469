"""The audit log, read by pages and as a file."""

import json
from contextlib import aclosing

from bot.clock import Clock
from bot.domain.audit import AuditFilter, AuditLine, AuditPage
from bot.domain.durations import parse_past, parse_zone
from bot.domain.errors import Refused
from bot.domain.logins import without_addresses
from bot.domain.people import Actor
from bot.domain.sheets import Sheet
from db.ledger import Ledger

PAGE = 10
MOST_LINES = 50_000
"""So many lines go into one file."""

_TITLES = (
    "number", "time (UTC)", "action", "by", "about", "invite", "from", "to", "why", "details",
)  # fmt: skip


class AuditService:
    """Reads; changes nothing."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def wanted(
        self, actor: Actor, *, user_id: int | None, action: str | None, since: str, until: str
    ) -> AuditFilter:
        """What was asked for; `since` and `until` as they were typed. Raises `Refused`."""
        async with self._ledger.begin() as work:
            zone = parse_zone((await work.guilds.settings(actor.guild_id)).timezone)
        now = self._clock.now()
        wanted = AuditFilter(
            user_id,
            action,
            parse_past(since, now=now, zone=zone) if since else None,
            parse_past(until, now=now, zone=zone, whole_day=True) if until else None,
        )
        if wanted.since and wanted.until and wanted.since >= wanted.until:
            raise Refused("audit.no_time")
        return wanted

    async def page(
        self,
        actor: Actor,
        wanted: AuditFilter,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> AuditPage:
        """The latest lines of the actor's guild, or those beside the line `before` or `after`."""
        async with self._ledger.begin() as work:
            return await work.audit_log.page(
                actor.guild_id, wanted, limit=PAGE, before=before, after=after
            )

    async def file(self, actor: Actor, wanted: AuditFilter) -> tuple[bytes, int, bool]:
        """(the lines as a file, how many, whether older ones had no room). No address is in it."""
        made, cut = Sheet(*_TITLES), False
        async with (
            self._ledger.begin() as work,
            aclosing(work.audit_log.every(actor.guild_id, wanted, MOST_LINES + 1)) as lines,
        ):
            async for line in lines:
                if made.rows == MOST_LINES or not made.add(*_cells(line)):
                    cut = True
                    break
        return made.content, made.rows, cut


def _cells(line: AuditLine) -> tuple[object, ...]:
    event = line.event
    details = json.dumps(event.details, ensure_ascii=False, sort_keys=True)
    return (
        event.id,
        event.at.strftime("%Y-%m-%d %H:%M:%S"),
        event.action,
        _who(event.actor_id) or "Helpr",
        _who(line.member_id),
        line.invite_id,
        event.from_state,
        event.to_state,
        without_addresses(event.why),
        without_addresses(details) if event.details else "",
    )


def _who(user_id: int | None) -> str:
    if user_id is None:
        return ""
    return str(user_id) if user_id > 0 else "forgotten"
