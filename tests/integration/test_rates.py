"""Personal limits: exact over processes and restarts, and a refusal costs nothing."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
from story import GUILD, Story, execute

from bot import compose
from bot.domain.errors import Refused
from bot.domain.people import Budget, Right, Rule
from db.ledger import Ledger
from db.rates import Limit

# A process that asks 25 times at once and says how often it was let through.
ASKING = """
import asyncio, sys
from db.engine import make_engine
from db.ledger import Ledger
from db.rates import Limit

async def main(url):
    engine = make_engine(url, pool_size=10)
    ledger = Ledger(engine, None)
    limits = [Limit("k:minute", 5, 60.0), Limit("k:hour", 20, 3600.0)]

    async def ask():
        async with ledger.begin() as work:
            wait = await work.rates.acquire(limits)
            await work.commit()
            return wait == 0

    await ledger.ping()
    sys.stdin.readline()
    print(sum(await asyncio.gather(*(ask() for _ in range(25)))))
    await engine.dispose()

asyncio.run(main(sys.argv[1]))
"""


async def take(ledger: Ledger, *limits: Limit) -> float:
    """Take a hit: the seconds to wait, 0 when it was taken."""
    async with ledger.begin() as work:
        wait = await work.rates.acquire(limits)
        await work.commit()
        return wait


async def later(ledger: Ledger, seconds: float) -> None:
    """Let time pass for the database: every hit lies further back."""
    await execute(
        ledger,
        "UPDATE rate_hit SET hits = (SELECT coalesce(array_agg(h - make_interval(secs => :s)"
        " ORDER BY h), '{}') FROM unnest(hits) AS h)",
        s=seconds,
    )


async def test_two_processes_are_counted_together(database_url: str) -> None:
    """Of fifty that come at once from two processes, exactly five pass."""
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ASKING, database_url),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    answers = [await process.communicate() for process in processes]
    assert sum(int(out) for out, _ in answers) == 5


async def test_the_wait_is_right(house: compose.House) -> None:
    """Who is refused reads when it will pass; not a second sooner, and then it does."""
    limit = Limit("k", 2, 60.0)
    assert await take(house.ledger, limit) == 0
    await later(house.ledger, 20)
    assert await take(house.ledger, limit) == 0
    wait = await take(house.ledger, limit)
    assert 38 < wait <= 40
    await later(house.ledger, wait - 1)
    assert 0 < await take(house.ledger, limit) <= 1
    await later(house.ledger, 1.1)
    assert await take(house.ledger, limit) == 0


async def test_the_window_slides(house: compose.House) -> None:
    """In no span of a minute do more than five pass, wherever it begins."""
    passed, now = [], 0
    for _ in range(40):
        if await take(house.ledger, Limit("k", 5, 60.0)) == 0:
            passed.append(now)
        await later(house.ledger, 7)
        now += 7
    assert len(passed) > 15
    for start in range(now):
        assert sum(start <= instant < start + 60 for instant in passed) <= 5


async def test_refused_costs_nothing(house: compose.House) -> None:
    """A refusal takes nothing from any window, however often somebody tries."""
    minute, hour = Limit("k:minute", 1, 60.0), Limit("k:hour", 3, 3600.0)
    assert await take(house.ledger, minute, hour) == 0
    for _ in range(20):
        assert await take(house.ledger, minute, hour) > 0
    for _ in range(2):
        await later(house.ledger, 61)
        assert await take(house.ledger, minute, hour) == 0
    await later(house.ledger, 61)
    assert await take(house.ledger, minute, hour) > 3000


async def test_the_longest_wait_is_told(house: compose.House) -> None:
    """Where several windows are full, the wait is that of the last one to open."""
    limits = (Limit("k", 1, 60.0), Limit("l", 1, 3600.0))
    assert await take(house.ledger, *limits) == 0
    assert await take(house.ledger, *limits) > 3500


async def test_one_key_may_have_two_windows(house: compose.House) -> None:
    """Two windows on one key count each hit once."""
    limits = (Limit("k", 2, 60.0), Limit("k", 3, 3600.0))
    assert await take(house.ledger, *limits) == 0
    assert await take(house.ledger, *limits) == 0
    assert 0 < await take(house.ledger, *limits) <= 60
    await later(house.ledger, 61)
    assert await take(house.ledger, *limits) == 0
    await later(house.ledger, 61)
    assert await take(house.ledger, *limits) > 3000


async def test_zero_is_no_limit(house: compose.House) -> None:
    """A limit of 0 is switched off."""
    for _ in range(30):
        assert await take(house.ledger, Limit("k", 0, 60.0)) == 0


async def test_rolled_back_was_never_taken(house: compose.House) -> None:
    """A hit that was not committed does not count."""
    for _ in range(3):
        async with house.ledger.begin() as work:
            assert await work.rates.acquire([Limit("k", 1, 60.0)]) == 0


async def test_old_rows_are_forgotten(house: compose.House) -> None:
    """Rows that no window reaches any more are deleted, others are kept."""
    await take(house.ledger, Limit("old", 1, 60.0))
    await execute(house.ledger, "UPDATE rate_hit SET touched = now() - interval '3 days'")
    await take(house.ledger, Limit("new", 1, 60.0))
    await house.services.sweep.tidy()
    async with house.ledger.begin() as work:
        from sqlalchemy import text

        keys = (await work._session.execute(text("SELECT key FROM rate_hit"))).scalars().all()
    assert keys == [house.ledger._keyring.blind("new", "rate").hex()]


# -- who is limited ---------------------------------------------------------------------------

INVITING = Rule(Right.MEMBER, Budget.INVITE)


async def admit(
    house: compose.House, rule: Rule = INVITING, user: int = 1, **who: Any
) -> str | None:
    """Pass the gate: None, or the key of the refusal."""
    who = {"guild_id": GUILD, "role_ids": frozenset(), "manage_guild": False, **who}
    try:
        await house.services.admission.admit(rule, user_id=user, **who)
    except Refused as refusal:
        return refusal.key
    return None


async def test_five_invites_a_minute(house: compose.House) -> None:
    """The sixth invite within a minute is refused; another person is not touched."""
    assert [await admit(house) for _ in range(6)] == [None] * 5 + ["limit.reached"]
    assert await admit(house, user=2) is None


async def test_a_restart_forgets_nothing(
    house: compose.House, open_house: Callable[..., Any]
) -> None:
    """After a restart the count goes on where it was."""
    for _ in range(5):
        assert await admit(house) is None
    assert await admit(await open_house()) == "limit.reached"


async def test_everything_is_counted_together(open_house: Callable[..., Any]) -> None:
    """What is no invite counts against everything; invites do too."""
    house = await open_house(limits={"all_per_hour": 3})
    assert await admit(house) is None
    assert await admit(house, Rule()) is None
    assert await admit(house, Rule()) is None
    assert await admit(house) == "limit.reached"
    assert await admit(house, Rule()) == "limit.reached"


async def test_a_person_is_limited_over_all_guilds(house: compose.House) -> None:
    """The limits are a person's, not a guild's."""
    found = [await admit(house, guild_id=GUILD + n) for n in range(6)]
    assert found[5] == "limit.reached"


async def test_paging_is_free(house: compose.House) -> None:
    """Turning pages is never counted."""
    for _ in range(60):
        assert await admit(house, Rule(budget=Budget.NONE)) is None


async def test_staff_have_no_limits(story: Story) -> None:
    """Admins and reviewers are not limited; the roles that make reviewers are the settings'."""
    await execute(story.ledger, "UPDATE guild SET reviewer_role_ids = '{77}'")
    for _ in range(10):
        assert await admit(story.house, manage_guild=True) is None
        assert await admit(story.house, role_ids=frozenset({77})) is None


@pytest.mark.parametrize(
    ("right", "key"),
    [(Right.REVIEWER, "right.reviewer_needed"), (Right.ADMIN, "right.admin_needed")],
)
async def test_who_may_not_is_refused_for_free(
    house: compose.House, right: Right, key: str
) -> None:
    """Who lacks the right is told so, and it costs nothing of their budget."""
    for _ in range(60):
        assert await admit(house, Rule(right)) == key
    assert await admit(house) is None


async def test_a_reviewer_is_no_admin(story: Story) -> None:
    """A reviewer passes where reviewers may, and is refused where admins alone may."""
    await execute(
        story.ledger, "UPDATE guild SET reviewer_role_ids = '{77}', admin_role_ids = '{88}'"
    )
    roles = {"reviewer": frozenset({77}), "admin": frozenset({88})}
    assert await admit(story.house, Rule(Right.REVIEWER), role_ids=roles["reviewer"]) is None
    refused = await admit(story.house, Rule(Right.ADMIN), role_ids=roles["reviewer"])
    assert refused == "right.admin_needed"
    assert await admit(story.house, Rule(Right.ADMIN), role_ids=roles["admin"]) is None
    elsewhere = await admit(
        story.house, Rule(Right.ADMIN), role_ids=roles["admin"], guild_id=GUILD + 1
    )
    assert elsewhere == "right.admin_needed"
