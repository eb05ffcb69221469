"""The request channel on a bad day: deleted, hidden, closed. Requests go on, cards come back."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import unseen
from stage import Stage, labels, refusal, said, words

AGAIN = "Post the cards again"
MakeStage = Callable[..., Awaitable[Stage]]


def asked_of(stage: Stage, channel: Any) -> int:
    """How many requests about messages of a channel the bot has made."""
    path = f"/channels/{channel.id}/messages"
    return sum(r.path.startswith(path) and r.method != "GET" for r in stage.env.http_requests)


def notices(stage: Stage) -> list[Any]:
    """What the bot has told the whole server; Discord itself greets newcomers there."""
    return [message for message in stage.world.get_access.history() if words(message)]


async def people_ask(stage: Stage, *names: str) -> list[Any]:
    """These people join and ask."""
    people = [await stage.join(name) for name in names]
    for who in people:
        await stage.ask(who, who.name)
    await stage.run_jobs()
    return people


async def queue_of(stage: Stage, who: Any = None) -> Any:
    """/requests, called from a channel that is still there."""
    who = who or stage.alice
    return await who.slash(stage.world.get_access, "requests")


async def use_channel(stage: Stage, channel: Any) -> None:
    """The operator names another channel and starts the bot anew."""
    links = stage.house.services.links
    links._home = links._home.model_copy(update={"request_channel_id": channel.id})
    await links.adopt_home()
    await stage.run_jobs()


# -- deleted --------------------------------------------------------------------------------------


async def test_a_deleted_channel_is_named_and_requests_stay_decidable(stage: Stage) -> None:
    """/requests says that the cards have nowhere to go and what to do; its buttons still decide."""
    await stage.requested(stage.bob)
    await unseen.delete_channel(stage.env, stage.world.access_requests)
    page = await queue_of(stage)
    text = said(page)
    assert "The channel for the cards of requests is gone." in text
    assert "An admin can choose one with /settings." in text
    assert "1 request is waiting" in text
    assert labels(page.response) == ["Approve", "Deny"]
    await stage.alice.click(page.response, label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"


async def test_the_server_is_told_once_that_its_channel_is_gone(stage: Stage) -> None:
    """One notice in the server's own system channel, without names, however much is waiting."""
    unseen.announce_in(stage.env, stage.world.get_access)
    await people_ask(stage, "dave", "erin", "frank")
    await unseen.delete_channel(stage.env, stage.world.access_requests)
    await stage.run_jobs()
    await people_ask(stage, "grace")
    for _ in range(12):
        await stage.pass_time(minutes=30)
    [notice] = notices(stage)
    assert "/requests shows" not in words(notice)
    assert "finds out with /requests" in words(notice)
    assert not any(name in words(notice) for name in ("dave", "erin", "frank", "grace"))


async def test_a_deleted_channel_is_not_hammered(stage: Stage) -> None:
    """With five cards waiting it costs one request in an hour to know that it is still gone."""
    await people_ask(stage, "dave", "erin", "frank", "grace", "heidi")
    await unseen.delete_channel(stage.env, stage.world.access_requests)
    await stage.run_jobs()
    before = asked_of(stage, stage.world.access_requests)
    for _ in range(24):
        await stage.pass_time(minutes=15)
    # A card that had a message there is looked for by an edit first, then posted.
    assert asked_of(stage, stage.world.access_requests) - before <= 6 * 2 + 2


async def test_decided_cards_of_a_deleted_channel_are_given_up(stage: Stage) -> None:
    """Nobody waits for them: one look, and no second one."""
    await stage.sent(stage.bob)
    await unseen.delete_channel(stage.env, stage.world.access_requests)
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    before = asked_of(stage, stage.world.access_requests)
    await stage.pass_time(hours=2)
    assert asked_of(stage, stage.world.access_requests) == before
    assert await stage.run_sql("SELECT card_due_at FROM invite") == [(None,)]


async def test_a_new_channel_gets_all_open_cards(stage: Stage) -> None:
    """What waited while there was no channel is posted in the new one, each request once."""
    people = await people_ask(stage, "dave", "erin")
    await unseen.delete_channel(stage.env, stage.world.access_requests)
    people += await people_ask(stage, "frank")
    channel = stage.world.guild.create_text_channel("new-requests")
    await stage.env.settle()
    await use_channel(stage, channel)
    shown = [words(card) for card in channel.history()]
    assert len(shown) == 3
    assert all(sum(f"<@{who.id}> asks" in card for card in shown) == 1 for who in people)
    await stage.alice.click(channel.history()[0], label="Approve")
    await stage.run_jobs()
    assert "not accepted yet" in words(channel.history()[0])
    page = await queue_of(stage)
    assert "channel" not in said(page)
    assert AGAIN in labels(page.response)


async def test_where_no_channel_was_named(make_stage: MakeStage) -> None:
    """/requests says quietly how to have cards; there is no button that could do nothing."""
    stage = await make_stage(home={"request_channel_id": None})
    await stage.requested(stage.bob)
    page = await queue_of(stage)
    assert "-# There is no channel for the cards of requests." in said(page)
    assert labels(page.response) == ["Approve", "Deny"]


# -- another one ----------------------------------------------------------------------------------


async def choose_channel(stage: Stage, channel: Any) -> None:
    """Alice chooses another channel with /settings."""
    shown = await stage.slash(stage.alice, "settings")
    opened = await stage.alice.select(shown.response, ["request_channel_id"])
    await stage.alice.select(opened.response, [channel])


@pytest.mark.parametrize("status", [500, 403, 404])
async def test_a_moved_card_whose_old_one_cannot_be_deleted(stage: Stage, status: int) -> None:
    """The card stands in the new channel once, whatever becomes of the old one's deletion."""
    await stage.requested(stage.bob)
    # Longer ago than Discord remembers a nonce, which the one in this process never does.
    await stage.pass_time(minutes=3)
    old = stage.world.access_requests
    path = f"/channels/{old.id}/messages/*"
    stage.env.inject_error("DELETE", path, status=status, code=0)
    other = stage.world.guild.create_text_channel("reviews")
    await choose_channel(stage, other)
    await stage.run_jobs()
    await stage.pass_time(seconds=15)
    assert len(list(other.history())) == 1
    # Only an answer that may change is asked for again.
    assert len(list(old.history())) == (0 if status == 500 else 1)
    await stage.alice.click(other.history()[0], label="Approve")
    await stage.run_jobs()
    assert "not accepted yet" in words(other.history()[0])


async def test_a_new_channel_that_closes_at_once(stage: Stage) -> None:
    """While the new channel takes nothing the cards stay where they are; then they move."""
    await people_ask(stage, "dave", "erin", "frank")
    old, other = stage.world.access_requests, stage.world.guild.create_text_channel("reviews")
    await choose_channel(stage, other)
    await unseen.let_the_bot(
        stage.env, stage.world.guild, other, view_channel=True, send_messages=False
    )
    await stage.run_jobs()
    asked = asked_of(stage, other)
    assert (len(list(old.history())), len(list(other.history()))) == (3, 0)
    assert asked <= 3
    await stage.pass_time(minutes=6)
    assert asked_of(stage, other) <= asked + 1
    await unseen.let_the_bot(
        stage.env, stage.world.guild, other, view_channel=True, send_messages=True
    )
    await stage.pass_time(minutes=6)
    assert (len(list(old.history())), len(list(other.history()))) == (0, 3)


# -- hidden, silent -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "named"),
    [("view_channel", "View Channel"), ("send_messages", "Send Messages")],
)
async def test_a_missing_permission_is_named(stage: Stage, taken: str, named: str) -> None:
    """/requests names the permission and the channel; cards come at once when it is back."""
    channel = stage.world.access_requests
    rights = {"view_channel": True, "send_messages": True}
    await unseen.let_the_bot(stage.env, stage.world.guild, channel, **{**rights, taken: False})
    await stage.requested(stage.bob)
    assert stage.cards() == []
    page = await queue_of(stage)
    assert f"I cannot show cards in <#{channel.id}>" in said(page)
    assert f"**{named}**" in said(page)
    assert labels(page.response) == ["Approve", "Deny", AGAIN]
    await unseen.let_the_bot(stage.env, stage.world.guild, channel, **rights)
    pressed = await stage.alice.click(page.response, label=AGAIN)
    assert "I cannot show" not in said(pressed)
    await stage.run_jobs()
    assert len(stage.cards()) == 1
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "not accepted yet" in words(stage.card())


async def test_a_closed_channel_is_asked_rarely_and_heals_by_itself(stage: Stage) -> None:
    """Five waiting cards cost one request in five minutes; they come when the right is back."""
    unseen.announce_in(stage.env, stage.world.get_access)
    channel, rights = stage.world.access_requests, {"view_channel": True, "send_messages": True}
    await unseen.let_the_bot(stage.env, stage.world.guild, channel, view_channel=False)
    await people_ask(stage, "dave", "erin", "frank", "grace", "heidi")
    before = asked_of(stage, channel)
    for _ in range(30):
        await stage.pass_time(seconds=60)
    assert asked_of(stage, channel) - before <= 6
    assert len(notices(stage)) == 1
    blocked = await stage.run_sql("SELECT why FROM audit_event WHERE action = 'cards.blocked'")
    assert blocked == [("hidden",)]
    await unseen.let_the_bot(stage.env, stage.world.guild, channel, **rights)
    await stage.pass_time(minutes=6)
    assert len(stage.cards()) == 5


async def test_a_decided_card_in_a_hidden_channel_is_caught_up(stage: Stage) -> None:
    """An edit that the channel refuses is made as soon as the channel can be seen again."""
    await stage.requested(stage.bob)
    channel = stage.world.access_requests
    await unseen.let_the_bot(stage.env, stage.world.guild, channel, view_channel=False)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert labels(stage.card()) == ["Approve", "Deny", "Show address"]
    await unseen.let_the_bot(stage.env, stage.world.guild, channel, view_channel=True)
    await stage.pass_time(minutes=6)
    assert "not accepted yet" in words(stage.card())
    assert len(stage.cards()) == 1


async def test_nobody_is_told_where_there_is_no_place(stage: Stage) -> None:
    """Without a system channel, or without a right to speak there, /requests alone tells."""
    await unseen.let_the_bot(
        stage.env, stage.world.guild, stage.world.access_requests, view_channel=False
    )
    await unseen.let_the_bot(
        stage.env, stage.world.guild, stage.world.get_access, send_messages=False
    )
    unseen.announce_in(stage.env, stage.world.get_access)
    await stage.requested(stage.bob)
    await stage.pass_time(minutes=30)
    assert notices(stage) == []
    assert "View Channel" in said(await queue_of(stage))


# -- a thread -------------------------------------------------------------------------------------


async def test_a_thread_that_fell_asleep(stage: Stage) -> None:
    """A card in a thread that was archived by silence is edited, the thread opened for that."""
    guild = stage.world.guild
    parent = stage.world.access_requests
    thread = await unseen.thread_in(stage.env, guild, parent)
    # Discord asks for no more than the right to post there; simcord asks for this.
    await unseen.let_the_bot(stage.env, guild, parent, view_channel=True, manage_channels=True)
    await use_channel(stage, thread)
    await stage.requested(stage.bob)
    [card] = thread.history()
    await unseen.close_thread(stage.env, thread)
    stage.env.inject_error(
        "PATCH", f"/channels/{thread.id}/messages/{card.id}", status=400, code=50083
    )
    form = await stage.alice.click(card, label="Deny")
    await stage.alice.submit_modal(form, {})
    await stage.run_jobs()
    [card] = thread.history()
    assert "Denied by" in words(card)


async def test_a_locked_thread(stage: Stage) -> None:
    """A thread that a moderator has locked is named; it is asked rarely."""
    thread = await unseen.thread_in(stage.env, stage.world.guild, stage.world.access_requests)
    await use_channel(stage, thread)
    await unseen.close_thread(stage.env, thread, locked=True)
    stage.env.inject_error(
        "POST", f"/channels/{thread.id}/messages", status=400, code=50083, times=None
    )
    stage.env.inject_error("PATCH", f"/channels/{thread.id}", status=403, code=50013, times=None)
    await stage.requested(stage.bob)
    page = await queue_of(stage)
    assert f"<#{thread.id}> is locked" in said(page)
    before = asked_of(stage, thread)
    await stage.pass_time(minutes=4)
    assert asked_of(stage, thread) == before
    stage.env.backend.faults.clear()
    await stage.pass_time(minutes=2)
    assert len(list(thread.history())) == 1


async def test_a_deleted_thread(stage: Stage) -> None:
    """It counts as a deleted channel, at once."""
    thread = await unseen.thread_in(stage.env, stage.world.guild, stage.world.access_requests)
    await use_channel(stage, thread)
    await stage.requested(stage.bob)
    await unseen.delete_channel(stage.env, thread)
    await stage.run_jobs()
    assert await stage.run_sql("SELECT why FROM audit_event WHERE action = 'cards.blocked'") == [
        ("gone",)
    ]
    assert "is gone" in said(await queue_of(stage))


async def test_the_empty_queue_warns_too(stage: Stage) -> None:
    """An admin finds out before the first request comes."""
    await unseen.delete_channel(stage.env, stage.world.access_requests)
    text = refusal(await queue_of(stage))
    assert "Nobody is waiting" in text
    assert "is gone" in text
