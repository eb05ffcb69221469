"""The dashboard's, the statistics' and the log's readings: right, short, and never a scan."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event
from story import ADMIN, BOB, CAROL, GUILD, RITA, Story, execute

from bench.many import fill, fill_another
from bot.domain.audit import AuditFilter
from bot.domain.board import ACCEPTANCES, APPROVALS, REQUESTS, Daily, InviteCount
from bot.domain.errors import PlexTokenRefused, Refused
from bot.domain.invites import InviteState
from bot.domain.people import Actor, Right
from bot.services import audit as audit_service
from db import stats as db_stats
from db.engine import libpq_url
from sandbox.plex import Fault, PlexSandbox, PlexWorld

SESSIONS = "GET /status/sessions"
# Whatever holds a row for each invite, or for each day of each guild.
LARGE = ("invite", "audit_event", "invite_total", "audit_total")


@pytest.fixture
async def database(story: Story) -> AsyncIterator[Any]:
    """A connection beside the house's own."""
    connection = await asyncpg.connect(libpq_url(story.house.database_url))
    yield connection
    await connection.close()


# -- the dashboard --------------------------------------------------------------------------------


async def test_figures_are_those_of_the_ledger(story: Story) -> None:
    """States, seats, days, tiers, the latest and what ends soon, of this guild alone."""
    first = await story.sent()
    story.world.accept(first.share_id or 0)
    await story.after(seconds=61)
    await story.house.services.access.extend(ADMIN, first.id, "3d")
    second = await story.ask(CAROL, "carol@example.org")
    other = Actor(GUILD + 1, ADMIN.user_id, Right.ADMIN)
    await execute(story.ledger, "INSERT INTO guild (id) VALUES (:id)", id=other.guild_id)

    board = await story.house.services.board.dashboard(ADMIN, 7)
    assert board.count(InviteState.ACTIVE) == board.count(InviteState.REQUESTED) == 1
    assert board.people_by_tier() == [("Standard", 1)]
    assert [one.id for one in board.recent] == [second.id, first.id]
    assert board.attention.ending == 1
    [server] = board.servers
    assert (server.seats.taken, server.seats.unknown, server.link.seats) == (1, 0, 100)
    assert server.activity is not None
    daily = board.daily
    assert [sum(daily.of(kind)) for kind in (REQUESTS, APPROVALS, ACCEPTANCES)] == [2, 1, 1]
    assert [len(daily.of(REQUESTS)), daily.of(REQUESTS)[-1]] == [7, 2]

    nobody = await story.house.services.board.dashboard(other, 7)
    assert (nobody.servers, nobody.counts, nobody.recent) == ((), (), ())
    assert sum(nobody.daily.of(REQUESTS)) == 0


def test_days_and_weeks() -> None:
    """A year is told by whole weeks, the newest one whole; nothing is lost on the way."""
    first = date(2026, 1, 1)
    counts = {(first + timedelta(days=n), "invite.requested"): n for n in range(30)}
    daily = Daily(first, 30, counts)
    assert daily.of(REQUESTS) == list(range(30))
    weeks = daily.of(REQUESTS, 7)
    assert weeks == [0 + 1, *(sum(range(n, n + 7)) for n in (2, 9, 16, 23))]


async def test_each_link_is_asked_once_and_their_failures_are_their_own(
    story: Story, database: Any
) -> None:
    """Two servers, one of them with a dead token: one request each, one answer and one failure."""
    async with PlexSandbox(PlexWorld.demo(), port=0) as second:
        second.world.server.name = "Second"
        await database.execute(
            "INSERT INTO plex_link (guild_id, base_url, token_sealed, state, owner_account_id,"
            " machine_identifier, server_name) SELECT guild_id, $1, '', 'connected', 77, 'other',"
            " 'Second' FROM plex_link",
            second.base_url,
        )
        link_id = await database.fetchval("SELECT max(id) FROM plex_link")
        sealed = story.ledger._keyring.seal("not-a-token", f"plex_link:{link_id}:token")
        await database.execute(
            "UPDATE plex_link SET token_sealed = $1 WHERE id = $2", sealed, link_id
        )
        story.lines()
        board = await story.house.services.board.dashboard(ADMIN, 30)
        assert story.lines() == [SESSIONS]
        assert [request.line for request in second.world.requests] == [SESSIONS]
        good, bad = board.servers
        assert good.problem is None
        assert good.activity is not None
        assert isinstance(bad.problem, PlexTokenRefused)
        assert bad.link.server_name == "Second"


async def test_a_silent_plex_holds_nobody_up(story: Story) -> None:
    """After a while the rest is told without it, and the link is free for the next call."""
    await story.ask()
    fault = story.world.faults.add(Fault(match=SESSIONS, kind="hang"))
    board = await story.house.services.board.dashboard(ADMIN, 30)
    # Given up before Plex's own deadline, which would be a failure instead.
    assert board.servers[0].is_late
    assert board.servers[0].problem is None
    assert board.count(InviteState.REQUESTED) == 1
    story.world.faults.remove(fault)
    board = await story.house.services.board.dashboard(ADMIN, 30)
    assert board.servers[0].activity is not None


async def test_seats_are_the_owner_accounts(story: Story, database: Any) -> None:
    """Two guilds of one Plex account see the same seats, and one share is one seat for both."""
    invite = await story.sent()
    await fill_another(database, GUILD + 5, 20)
    await database.execute(
        "UPDATE plex_link SET owner_account_id = (SELECT owner_account_id FROM plex_link"
        " WHERE guild_id = $1), machine_identifier = 'another' WHERE guild_id = $2",
        *(GUILD, GUILD + 5),
    )
    board = await story.house.services.board.dashboard(ADMIN, 30)
    # Of the other guild's twenty: two active, one suspended.
    assert board.servers[0].seats.taken == 1 + 3
    await database.execute(
        "UPDATE invite SET share_id = $1 WHERE guild_id = $2 AND state = 'suspended'",
        *(invite.share_id, GUILD + 5),
    )
    board = await story.house.services.board.dashboard(ADMIN, 30)
    assert board.servers[0].seats.taken == 3


# -- never a scan ---------------------------------------------------------------------------------


@pytest.fixture
async def crowd(story: Story, database: Any) -> Any:
    """20,000 invites of one guild, and a quarter as many of others."""
    await fill(database, GUILD, 20_000)
    for number in range(5):
        await fill_another(database, GUILD + 10 + number, 1000)
    # The totals of many more: a table of one page is read whole, and rightly so.
    await database.execute(
        "INSERT INTO invite_total (guild_id, link_id, tier_id, state, n)"
        " SELECT n, 1, 1, 'active', 1 FROM generate_series(1, 5000) AS n"
    )
    await database.execute("VACUUM ANALYZE")
    return database


async def plans(story: Story, database: Any, read: Any) -> list[str]:
    """The plan of every statement that `read` has sent, in PostgreSQL's own words."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, _many: Any) -> None:
        sent.append((statement, values))

    engine = story.ledger._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await read
    finally:
        event.remove(engine, "before_cursor_execute", note)
    found = []
    for statement, values in sent:
        if statement.startswith("SELECT") and "pg_" not in statement:
            rows = await database.fetch(f"EXPLAIN {statement}", *values)
            found.append("\n".join(row[0] for row in rows))
    assert len(found) >= 1
    return found


def scans(plan: str) -> list[str]:
    """The lines of a plan that read a large table, or its numbers, from end to end."""
    lines = plan.splitlines()
    return [
        line
        for line, next_line in zip(lines, [*lines[1:], ""], strict=True)
        for name in LARGE
        if f"Seq Scan on {name}" in line
        or (f" using pk_{name} " in line and "Index Cond" not in next_line)
    ]


async def test_no_reading_scans_a_large_table(story: Story, crowd: Any) -> None:
    """At 20,000 invites every statement finds what it needs by an index."""
    services = story.house.services
    member = 10**15 + GUILD % 10**12 + 5
    now = story.clock.now()
    readings = {
        "dashboard": services.board.dashboard(ADMIN, 90),
        "stats": services.stats.of_period(ADMIN, 7),
        "log": services.audit.page(ADMIN, AuditFilter()),
        "older": services.audit.page(ADMIN, AuditFilter(), before=50_000),
        "newer": services.audit.page(ADMIN, AuditFilter(), after=50_000),
        "person": services.audit.page(ADMIN, AuditFilter(user_id=member)),
        "action": services.audit.page(ADMIN, AuditFilter(action="invite.active")),
        "nothing": services.audit.page(ADMIN, AuditFilter(action="invite.nudged")),
        "time": services.audit.page(
            ADMIN,
            AuditFilter(since=now - timedelta(days=300), until=now - timedelta(days=299)),
        ),
    }
    for name, reading in readings.items():
        for plan in await plans(story, crowd, reading):
            assert scans(plan) == [], f"{name}:\n{plan}"
    await figures_are_right(story, crowd)


async def figures_are_right(story: Story, crowd: Any) -> None:
    """The dashboard's figures of 20,000 invites are those that counting gives."""
    board = await story.house.services.board.dashboard(ADMIN, 90)
    counted = await crowd.fetch(
        "SELECT state, count(*) FROM invite WHERE guild_id = $1 GROUP BY 1", GUILD
    )
    assert {one.state.value: one.n for one in board.counts} == dict(map(tuple, counted))
    assert all(isinstance(one, InviteCount) for one in board.counts)
    soon = await crowd.fetchval(
        "SELECT count(*) FROM invite WHERE guild_id = $1 AND state IN ('active', 'suspended')"
        " AND expires_at BETWEEN now() AND now() + interval '7 days'",
        GUILD,
    )
    assert abs(board.attention.ending - soon) <= 1
    lines = await crowd.fetchval(
        "SELECT count(*) FROM audit_event WHERE guild_id = $1 AND action = 'invite.requested'"
        " AND at >= (now() AT TIME ZONE 'UTC')::date - 89",
        GUILD,
    )
    assert sum(board.daily.of(REQUESTS)) == lines


# -- the statistics -------------------------------------------------------------------------------


async def test_statistics_of_a_few(story: Story) -> None:
    """Times, rates, reviewers, refusals and tiers of the requests of the period."""
    rita = Actor(GUILD, RITA, Right.REVIEWER)
    for number, hours in enumerate((1, 3, 5)):
        invite = await story.ask(100 + number, f"m{number}@example.org")
        story.clock.advance(hours=hours)
        await story.house.services.invites.approve(rita, invite.id, invite.version)
    await story.sweep()
    story.world.accept(story.shares[0].share_id)
    await story.after(minutes=30)
    denied = await story.ask(BOB)
    await story.house.services.invites.deny(ADMIN, denied.id, denied.version, "no")
    gone = await story.ask(CAROL, "carol@example.org")
    await story.withdraw(gone)
    view = await story.house.services.stats.of_period(ADMIN, 30)
    speeds = view.speeds
    assert (speeds.requests, speeds.decided, speeds.invited, speeds.accepted) == (5, 3, 3, 1)
    assert abs(float(speeds.approval_median or 0) - 3 * 3600) < 60
    assert abs(float(speeds.approval_ninetieth or 0) - 4.6 * 3600) < 60
    assert 29 * 60 < float(speeds.acceptance_median or 0) < 40 * 60
    assert [(one.user_id, one.approved, one.denied) for one in view.reviewers] == [
        (RITA, 3, 0),
        (ADMIN.user_id, 0, 1),
    ]
    assert {(one.state.value, one.n) for one in view.refusals} == {("denied", 1), ("withdrawn", 1)}
    assert sum(n for _, n in view.tiers) == 5
    assert not view.is_sample
    story.clock.advance(days=31)
    assert (await story.house.services.stats.of_period(ADMIN, 30)).speeds.requests == 0
    assert (await story.house.services.stats.of_period(ADMIN, 90)).speeds.requests == 5


async def test_statistics_of_very_many_are_about_the_latest(
    story: Story, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a number the latest requests stand for all, and it is said."""
    monkeypatch.setattr(db_stats, "SAMPLE", 100)
    monkeypatch.setattr("bot.services.stats.SAMPLE", 100)
    await fill(database, GUILD, 400)
    view = await story.house.services.stats.of_period(ADMIN, 365)
    assert view.is_sample
    assert view.speeds.requests == 100
    assert {one.end_reason for one in view.refusals if one.state == "ended"} == {"never_accepted"}


# -- the log --------------------------------------------------------------------------------------


async def test_the_log_by_pages(story: Story, database: Any) -> None:
    """Older and newer pages join without gap or repetition, under every filter."""
    await fill(database, GUILD, 30)
    services = story.house.services.audit
    page = await services.page(ADMIN, AuditFilter())
    seen, pages = [], [page]
    while page.has_older:
        page = await services.page(ADMIN, AuditFilter(), before=page.lines[-1].event.id)
        pages.append(page)
    seen = [line.event.id for one in pages for line in one.lines]
    assert seen == sorted(seen, reverse=True)
    assert (
        len(seen) == len(set(seen)) == await database.fetchval("SELECT count(*) FROM audit_event")
    )
    back = await services.page(ADMIN, AuditFilter(), after=pages[-1].lines[0].event.id)
    assert back.lines == pages[-2].lines
    assert (back.has_newer, pages[0].has_newer, pages[1].has_newer) == (True, False, True)
    member = await database.fetchval("SELECT member_id FROM invite ORDER BY id LIMIT 1")
    about = await services.page(ADMIN, AuditFilter(user_id=member))
    assert {line.member_id for line in about.lines} == {member}
    assert [line.event.action for line in about.lines] == [
        "invite.active", "invite.approved", "invite.requested",
    ]  # fmt: skip
    by = await services.page(ADMIN, AuditFilter(user_id=103, action="invite.approved"))
    assert {line.event.actor_id for line in by.lines} == {103}
    other = Actor(GUILD + 1, 1, Right.ADMIN)
    assert (await services.page(other, AuditFilter())).lines == ()


async def test_the_log_of_a_time(story: Story, database: Any) -> None:
    """Between two instants, in the guild's own zone; what makes no sense is refused in words."""
    await fill(database, GUILD, 400)
    services = story.house.services.audit

    async def wanted(since: str, until: str) -> AuditFilter:
        return await services.wanted(ADMIN, user_id=None, action=None, since=since, until=until)

    found = await wanted("10d", "8 days")
    page = await services.page(ADMIN, found)
    now = story.clock.now()
    assert 4 <= len(page.lines) <= 8
    for line in page.lines:
        assert timedelta(days=8) <= now - line.event.at <= timedelta(days=10)
    day = (now - timedelta(days=9)).strftime("%Y-%m-%d")
    whole = await wanted(day, day)
    assert whole.since is not None
    assert whole.until is not None
    assert whole.until - whole.since == timedelta(days=1)
    for since, until, key in (
        ("soon", "", "past.unreadable"),
        ("2026-02-31", "", "duration.no_such_day"),
        ("99y", "", "past.too_far"),
        ("0d", "", "duration.not_positive"),
        ("1d", "2d", "audit.no_time"),
        ("999999999y", "", "past.too_far"),
    ):
        with pytest.raises(Refused) as caught:
            await wanted(since, until)
        assert caught.value.key == key


async def test_the_log_as_a_file(
    story: Story, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line of the filter, addresses masked, formulas defused; it says when it is cut."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    why = "=HYPERLINK(1) ask bob@example.org"
    await story.house.services.access.suspend(ADMIN, invite.id, why)
    content, rows, cut = await story.house.services.audit.file(ADMIN, AuditFilter())
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert (len(lines), cut) == (rows, False)
    [suspended] = [line for line in lines if line["action"] == "access.suspend"]
    assert suspended["why"].startswith("'=HYPERLINK(1) ask b***@***")
    assert suspended["by"] == str(ADMIN.user_id)
    assert suspended["about"] == str(BOB)
    assert b"example.org" not in content
    monkeypatch.setattr(audit_service, "MOST_LINES", 3)
    content, rows, cut = await story.house.services.audit.file(ADMIN, AuditFilter())
    assert (rows, cut) == (3, True)
    assert len(content.decode("utf-8-sig").splitlines()) == 4


async def test_a_long_file_stops_nobody(story: Story, database: Any) -> None:
    """While 20,000 lines are written, everybody else goes on."""
    await fill(database, GUILD, 7_000)
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    watching = asyncio.create_task(watch())
    _, rows, _ = await story.house.services.audit.file(ADMIN, AuditFilter())
    watching.cancel()
    assert rows > 20_000
    assert turns > 20
