"""The bot is removed from a server and added again: silence meanwhile, nothing forgotten."""

from typing import Any

import discord
import pytest
import unseen
from stage import Stage, words


def outgoing(stage: Stage) -> list[str]:
    """What the bot has asked Discord to show to anybody."""
    return [
        f"{r.method} {r.path}"
        for r in stage.env.http_requests
        if r.method in {"POST", "PATCH"} and "/callback" not in r.path
    ]


async def left_at(stage: Stage) -> list[Any]:
    """Whether the ledger has the server as left."""
    return await stage.run_sql("SELECT left_at IS NOT NULL FROM guild")


async def test_while_away_nothing_is_shown_or_sent(stage: Stage) -> None:
    """Plex goes on by itself; cards, answers and messages wait, and all come when it is back."""
    answer = await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await unseen.remove_bot(stage.env, stage.world.guild)
    before = outgoing(stage)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(minutes=20)
    assert await stage.state_of(stage.bob) == "active"
    assert outgoing(stage) == before
    assert "Your request is with the admins" in words(answer.response)
    await unseen.readd_bot(stage.env, stage.world.guild)
    await stage.run_jobs()
    assert "Active since" in words(stage.card())
    [dm] = stage.dms(stage.bob)
    assert "You're in" in words(dm)
    assert len(stage.cards()) == 1


async def test_requests_and_missing_cards_are_there_again(stage: Stage) -> None:
    """An open request keeps its card; one whose card went with the channel gets a new one."""
    await stage.requested(stage.bob)
    await unseen.delete(stage.env, stage.card())
    await stage.requested(stage.carol, "carol")
    await unseen.remove_bot(stage.env, stage.world.guild)
    await stage.pass_time(hours=30)
    await unseen.readd_bot(stage.env, stage.world.guild)
    await stage.run_jobs()
    shown = [words(card) for card in stage.cards()]
    assert len(shown) == 2
    for who in (stage.bob, stage.carol):
        assert sum(f"<@{who.id}> asks" in card for card in shown) == 1


async def test_a_lost_access_is_told_even_from_outside(stage: Stage) -> None:
    """Who can no longer watch hears so, although the bot is not in the server any more."""
    await stage.active(stage.bob)
    await stage.pass_time(minutes=16)
    await unseen.remove_bot(stage.env, stage.world.guild)
    stage.plex.world.leave(stage.shares()[0].share_id)
    await stage.pass_time(minutes=11)
    assert await stage.state_of(stage.bob) == "ended"
    [dm] = stage.dms(stage.bob)
    assert "it was removed on Plex" in words(dm)
    cards = [line for line in outgoing(stage) if str(stage.world.access_requests.id) in line]
    await stage.pass_time(hours=3)
    after = [line for line in outgoing(stage) if str(stage.world.access_requests.id) in line]
    assert after == cards


async def test_waiting_news_costs_no_request_while_away(stage: Stage) -> None:
    """What waits for the bot's return is not tried, however long it is away."""
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await unseen.remove_bot(stage.env, stage.world.guild)
    before = outgoing(stage)
    for _ in range(5):
        await stage.pass_time(days=1)
    assert outgoing(stage) == before


async def test_removed_and_added_while_the_process_was_down(stage: Stage) -> None:
    """READY is compared with the ledger, both ways."""
    await stage.requested(stage.bob)
    with unseen.away_from(stage.env, stage.world.guild):
        await stage.restart()
        assert await left_at(stage) == [(True,)]
        assert stage.bot.get_guild(stage.world.guild.id) is None
    await unseen.delete(stage.env, stage.card())
    await stage.restart()
    await stage.run_jobs()
    assert await left_at(stage) == [(False,)]
    assert len(stage.cards()) == 1
    actions = [row[0] for row in await stage.run_sql("SELECT action FROM audit_event ORDER BY id")]
    assert [action for action in actions if action.startswith("guild.")] == [
        "guild.left",
        "guild.returned",
    ]


async def test_being_told_twice_is_written_down_once(stage: Stage) -> None:
    """Two processes of one shard hear of the same removal."""
    await unseen.remove_bot(stage.env, stage.world.guild)
    await stage.house.services.guilds.left(stage.world.guild.id)
    lines = await stage.run_sql("SELECT count(*) FROM audit_event WHERE action = 'guild.left'")
    assert lines == [(1,)]


async def test_a_pause_before_the_commands_are_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Discord asks for a long pause the start waits for it instead of failing."""
    await stage.run_sql("UPDATE installation SET commands_hash = 'old'")
    answers = [discord.RateLimited(0.01), None]

    async def sync() -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    monkeypatch.setattr(stage.bot.tree, "sync", sync)
    await stage.bot.sync_commands()
    assert answers == []
    assert await stage.run_sql("SELECT commands_hash <> 'old' FROM installation") == [(True,)]
