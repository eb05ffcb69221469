"""The tables of totals always say what counting would say, whoever writes at the same time."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from bot.domain.invites import EndReason, InviteState
from db import migrate
from db.engine import libpq_url, make_engine

GUILDS, LINKS, TIERS = (1, 2), (None, 1, 2), (None, 1, 2)
# States in which a row needs nothing else to be allowed, and so can be written at random.
STATES = ("requested", "waitlisted", "withdrawn", "failed")
ACTIONS = ("invite.requested", "invite.approved", "invite.active")
START = datetime(2026, 1, 1, tzinfo=UTC)

COUNTED = """
SELECT guild_id, coalesce(link_id, 0), coalesce(tier_id, 0), state, count(*)
FROM invite GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
TOTALS = """
SELECT guild_id, link_id, tier_id, state, sum(n)
FROM invite_total GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4
"""
COUNTED_DAYS = """
SELECT guild_id, (at AT TIME ZONE 'UTC')::date, action, count(*)
FROM audit_event GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
DAYS = """
SELECT guild_id, day, action, sum(n)
FROM audit_total GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1, 2, 3
"""
FOUNDATION = """
INSERT INTO guild (id) VALUES (1), (2);
INSERT INTO plex_link (guild_id, base_url, token_sealed) VALUES (1, 'http://a', ''), (2, 'b', '');
INSERT INTO tier (guild_id, link_id, name) VALUES (1, 1, 'a'), (2, 2, 'b');
"""
ADD = """
INSERT INTO invite (guild_id, member_id, link_id, tier_id, state, login_kind, login_sealed,
                    login_blind)
SELECT $1, floor(random() * 1e15)::bigint, $2, $3, $4, 'email', '', gen_random_uuid()::text::bytea
FROM generate_series(1, $5::int)
"""

Writer = Any


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[Writer]:
    """A connection to a ledger with two guilds."""
    connection = await asyncpg.connect(libpq_url(database_url))
    await connection.execute(FOUNDATION)
    yield connection
    await connection.close()


def seeded(seed: int) -> random.Random:
    """Chance that is the same at every run."""
    return random.Random(seed)  # noqa: S311 - no secret


async def holds(connection: Writer) -> None:
    """Totals and counts are the same."""
    assert await connection.fetch(TOTALS) == await connection.fetch(COUNTED)
    assert await connection.fetch(DAYS) == await connection.fetch(COUNTED_DAYS)


async def change(connection: Writer, dice: random.Random) -> None:
    """One statement of whatever kind, on one row or on many."""
    guild, state = dice.choice(GUILDS), dice.choice(STATES)
    key = [guild, dice.choice(LINKS), dice.choice(TIERS), state]
    match dice.randrange(9):
        case 0 | 1 | 2:
            await connection.execute(ADD, *key, dice.randrange(1, 4))
        case 3:
            await connection.execute(
                "UPDATE invite SET state = $2, tier_id = $3 WHERE guild_id = $1 AND id % 3 = $4",
                *(guild, state, key[2], dice.randrange(3)),
            )
        case 4:
            # What counts for no total.
            await connection.execute("UPDATE invite SET version = version + 1")
        case 5:
            await connection.execute(
                "DELETE FROM invite WHERE guild_id = $1 AND id % 5 = $2", guild, dice.randrange(5)
            )
        case 6 | 7:
            await connection.execute(
                "INSERT INTO audit_event (guild_id, at, action, invite_id)"
                " VALUES ($1, $2, $3, (SELECT min(id) FROM invite))",
                *(guild, START + timedelta(hours=dice.randrange(100)), dice.choice(ACTIONS)),
            )
        case _:
            await connection.execute("DELETE FROM audit_event WHERE id % 7 = $1", dice.randrange(7))


@pytest.mark.parametrize("seed", range(3))
async def test_totals_are_counts_after_anything(writer: Writer, seed: int) -> None:
    """A random series of inserts, updates and deletes, some of them rolled back."""
    dice = seeded(seed)
    for _ in range(60):
        part = writer.transaction()
        await part.start()
        for _ in range(dice.randrange(1, 4)):
            await change(writer, dice)
        await (part.rollback() if dice.random() < 0.2 else part.commit())
        await holds(writer)
    await writer.execute("DELETE FROM audit_event; DELETE FROM invite; DELETE FROM guild")
    await holds(writer)
    assert await writer.fetchval("SELECT sum(n) FROM invite_total") == 0


async def test_totals_are_counts_with_many_writers(writer: Writer, database_url: str) -> None:
    """Six at once on the same few rows, several statements a transaction, in opposite orders."""

    async def write(seed: int) -> None:
        connection = await asyncpg.connect(libpq_url(database_url))
        dice = seeded(seed)
        states = list(STATES) if seed % 2 else list(reversed(STATES))
        for _ in range(15):
            async with connection.transaction():
                for state in states:
                    await connection.execute(ADD, 1, 1, 1, state, 1)
                own = "DELETE FROM invite WHERE id % 6 = $1 AND state = $2"
                await connection.execute(own, seed % 6, dice.choice(states))
        await connection.close()

    async with asyncio.timeout(30):
        await asyncio.gather(*map(write, range(6)))
    await holds(writer)
    # About as many rows a key as there were writers at the same moment, however much they wrote.
    assert await writer.fetchval("SELECT count(*) FROM invite_total") <= 2 * 6 * len(STATES)


async def test_nobody_waits_for_a_total(writer: Writer, database_url: str) -> None:
    """While one transaction is open, another counts the same, and both count."""
    other = await asyncpg.connect(libpq_url(database_url))
    await writer.execute(ADD, 1, 1, 1, "requested", 1)
    async with asyncio.timeout(5), writer.transaction():
        await writer.execute(ADD, 1, 1, 1, "requested", 2)
        await other.execute(ADD, 1, 1, 1, "requested", 3)
        assert await other.fetchval("SELECT sum(n) FROM invite_total") == 4
    await holds(other)
    assert await other.fetchval("SELECT sum(n) FROM invite_total") == 6
    await other.close()


async def test_every_state_is_counted(writer: Writer) -> None:
    """The states that demand more of a row are counted like the others."""
    for number, state in enumerate(InviteState):
        more: dict[str, Any] = {
            "ended": {"end_reason": EndReason.EXPIRED.value},
            "denied": {"decided_by": 1},
            "suspended": {"grant_sections": [1]},
        }.get(state, {})
        names, values = list(more), list(more.values())
        extra = "".join(f", {name}" for name in names)
        marks = "".join(f", ${n}" for n in range(3, 3 + len(names)))
        await writer.execute(
            "INSERT INTO invite (guild_id, member_id, link_id, tier_id, state, login_kind,"  # noqa: S608
            f" login_sealed, login_blind{extra})"
            f" VALUES (1, $1, 1, 1, $2, 'email', '', gen_random_uuid()::text::bytea{marks})",
            *(number, state.value, *values),
        )
    await holds(writer)
    assert await writer.fetchval("SELECT count(*) FROM invite_total") == len(InviteState)


async def test_what_stands_is_counted_by_the_migration(database_url: str) -> None:
    """A ledger that was in use has its totals as soon as it is migrated."""
    engine = make_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(migrate.downgrade, "0003")
    await engine.dispose()
    old = await asyncpg.connect(libpq_url(database_url))
    await old.execute(FOUNDATION)
    dice = seeded(7)
    for _ in range(40):
        await change(old, dice)
    async with engine.begin() as connection:
        await connection.run_sync(migrate.upgrade)
        found = await connection.execute(text("SELECT count(*) FROM audit_total"))
        assert found.scalar_one() > 0
    await engine.dispose()
    await holds(old)
    await change(old, dice)
    await holds(old)
    await old.close()
