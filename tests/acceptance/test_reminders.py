"""Access is about to end: who is told, where, and how often; and who wants no direct messages."""

import discord
import unseen
from lives import access, guild_sets, lasting, my_plex, until
from stage import Stage, button, labels, said, words

SOON = "Your Plex access ends soon"


def reminders(stage: Stage) -> list[str]:
    """The reminders that stand in Bob's direct messages."""
    return [words(message) for message in stage.dms(stage.bob) if SOON in words(message)]


async def private_answers(stage: Stage, name: str = "my-plex") -> list[str]:
    """All that Bob reads after a command: the answer, and what follows it."""
    before = len(list(unseen.private_answers(stage.env)))
    answer = said(await stage.slash(stage.bob, name))
    followed = list(unseen.private_answers(stage.env))[before:]
    return [answer, *(str(body) for _, body in followed)]


async def test_reminded_once_a_stage(stage: Stage) -> None:
    """A week and a day before the end, one message each; the second takes the first one's place."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=7, minutes=1)
    assert reminders(stage) == []
    await stage.pass_time(minutes=2)
    [first] = reminders(stage)
    assert "Ask the admins for more time" in first
    for _ in range(3):
        await stage.pass_time(days=1)
    assert reminders(stage) == [first]
    await until(stage, stage.bob, hours=23)
    [second] = reminders(stage)
    tried = len(stage.env.http_requests)
    await stage.pass_time(hours=1)
    assert reminders(stage) == [second]
    assert not [r for r in stage.env.http_requests[tried:] if "/messages" in r.path]
    lines = await stage.run_sql("SELECT details FROM audit_event WHERE action = 'member.reminded'")
    assert len(lines) == 2


async def test_whoever_was_away_is_reminded_once(stage: Stage) -> None:
    """After a long silence one reminder is enough: the last one."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, hours=20)
    assert len(reminders(stage)) == 1
    assert await stage.run_sql("SELECT reminded_days FROM invite") == [(1,)]


async def test_a_short_access_is_not_reminded_of_a_week(stage: Stage) -> None:
    """Who has two days altogether hears of the last one."""
    await lasting(stage, 2)
    await stage.active(stage.bob)
    await stage.pass_time(hours=12)
    assert reminders(stage) == []
    await until(stage, stage.bob, hours=23)
    assert len(reminders(stage)) == 1


async def test_more_time_is_reminded_of_anew(stage: Stage) -> None:
    """With a new end there are new reminders, but none right after it was set."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    assert len(reminders(stage)) == 1
    await access(stage, "extend", stage.bob, until="10d")
    await stage.run_jobs()
    await stage.pass_time(minutes=5)
    assert await stage.run_sql("SELECT reminded_days FROM invite") == [(None,)]
    await until(stage, stage.bob, days=6, hours=23)
    assert await stage.run_sql("SELECT matter IS NOT NULL FROM message") == [(True,), (True,)]
    await access(stage, "extend", stage.bob, until="8d")
    await stage.pass_time(minutes=5)
    assert await stage.run_sql("SELECT count(*) FROM message") == [(2,)]


async def test_reminders_can_be_switched_off(stage: Stage) -> None:
    """0 is never."""
    await guild_sets(stage, remind_days=0, remind_again_days=0)
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, hours=1)
    assert reminders(stage) == []
    assert await stage.run_sql("SELECT count(*) FROM message") == [(0,)]


async def test_the_button_below_a_reminder(stage: Stage) -> None:
    """It shows the member's own access, although a direct message knows no server."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    shown = await stage.bob.user.click(stage.dms(stage.bob)[-1], label="My access")
    assert "Libraries:" in said(shown)


async def test_closed_messages_wait_for_the_next_command(stage: Stage) -> None:
    """What no message could bring stands below the next answer, once."""
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await my_plex(stage, stage.bob)
    await until(stage, stage.bob, days=6)
    assert stage.dms(stage.bob) == []
    seen = await private_answers(stage)
    assert any(SOON in one for one in seen)
    assert not any(SOON in one for one in await private_answers(stage))


async def test_a_waiting_message_that_is_no_news_any_more(stage: Stage) -> None:
    """Whoever got more time meanwhile is not told of the old end."""
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    await access(stage, "extend", stage.bob, until="60d")
    await stage.run_jobs()
    assert not any(SOON in one for one in await private_answers(stage))


def may_in_threads(stage: Stage, **permissions: bool) -> None:
    """An admin has given Helpr's role more."""
    backend, guild = stage.env.backend, stage.world.guild
    role = guild.roles[backend.bot_user.name]
    has = backend.get_guild(guild.id).roles[role.id].permissions
    more = discord.Permissions(**permissions)
    backend.edit_role(guild.id, role.id, {"permissions": has | more.value})


def may_open_threads(stage: Stage) -> None:
    """An admin has given Helpr's role what private threads need."""
    may_in_threads(stage, create_private_threads=True, send_messages_in_threads=True)


async def test_a_mention_in_a_private_thread(stage: Stage) -> None:
    """Where the admins allow it: one thread a member, which only they are mentioned in."""
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    await stage.run_jobs()
    may_open_threads(stage)
    await guild_sets(stage, private_threads=True)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    await until(stage, stage.bob, hours=20)
    [thread] = stage.world.get_access.threads
    told = list(thread.history())
    assert len(told) == 2
    assert all(SOON in words(message) for message in told)
    sent = [r for r in stage.env.http_requests if r.path == f"/channels/{thread.id}/messages"]
    allowed = [r.json["allowed_mentions"] for r in sent if r.method == "POST"]
    assert [one["users"] for one in allowed] == [[stage.bob.id]] * 2
    assert not any(one.get("parse") for one in allowed)
    assert any(SOON in one for one in await private_answers(stage))


async def test_a_thread_that_may_not_be_made(stage: Stage) -> None:
    """Without the permission it waits like everything else, and is not tried again and again."""
    await guild_sets(stage, private_threads=True)
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    await stage.run_jobs()
    path = f"/channels/{stage.world.get_access.id}/threads"
    stage.env.inject_error("POST", path, status=403, code=50013, times=None)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    await stage.pass_time(hours=1)
    assert len([r for r in stage.env.http_requests if r.path == path]) == 1
    assert any(SOON in one for one in await private_answers(stage))


async def test_a_message_that_was_lost_on_the_way_back_is_not_sent_twice(stage: Stage) -> None:
    """Sent, and killed before it was noted down: the next attempt finds it, also much later."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    assert len(reminders(stage)) == 1
    await stage.run_sql(
        "UPDATE message SET due_at = created_at, sent_at = NULL, seen_at = NULL,"
        " message_id = NULL, channel_id = NULL, leased_until = NULL"
    )
    await stage.pass_time(hours=1)
    assert len(reminders(stage)) == 1
    assert await stage.run_sql("SELECT message_id IS NOT NULL FROM message") == [(True,)]


async def test_no_direct_messages_please(stage: Stage) -> None:
    """A member switches them off below one: nothing comes any more, and nothing is lost."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    message = stage.dms(stage.bob)[-1]
    assert button(message, "No direct messages")
    shown = await stage.bob.user.click(message, label="No direct messages")
    assert "Direct messages: off" in labels(shown.response)
    before = len(stage.dms(stage.bob))
    await stage.pass_time(minutes=16)
    await access(stage, "revoke", stage.bob, reason="Bye")
    await stage.run_jobs()
    assert len(stage.dms(stage.bob)) == before
    assert any("an admin ended it" in one for one in await private_answers(stage))


async def test_what_is_old_is_not_in_the_way(stage: Stage) -> None:
    """Reminders of ends that were put off, never seen, keep no newer one from being read."""
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await lasting(stage, 30)
    await stage.active(stage.bob)
    for _ in range(6):
        await until(stage, stage.bob, days=6)
        await access(stage, "extend", stage.bob, until="20d")
        await stage.run_jobs()
    await until(stage, stage.bob, days=6)
    assert await stage.run_sql("SELECT count(*) FROM message") == [(7,)]
    assert any(SOON in one for one in await private_answers(stage))


async def test_a_private_thread_that_went_to_sleep(stage: Stage) -> None:
    """Days later it is opened before anybody is added to it, which a closed one does not take."""
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    await stage.run_jobs()
    may_open_threads(stage)
    # What Discord lets whoever may write there do, the sandbox takes for an admin's work.
    may_in_threads(stage, manage_channels=True)
    await guild_sets(stage, private_threads=True)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    [thread] = stage.world.get_access.threads
    stage.env.backend.edit_channel(thread.id, {}, thread_metadata={"archived": True})
    before = len(stage.env.http_requests)
    await until(stage, stage.bob, hours=20)
    path = f"/channels/{thread.id}"
    done = [(r.method, r.path) for r in stage.env.http_requests[before:] if path in r.path]
    added = ("PUT", f"{path}/thread-members/{stage.bob.id}")
    assert done.index(("PATCH", path)) < done.index(added)
    assert len(list(thread.history())) == 2


async def test_an_invite_that_waits_is_mentioned_too(stage: Stage) -> None:
    """A nudge that no direct message can bring: one mention in the private thread, and the news."""
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    await stage.run_jobs()
    may_open_threads(stage)
    await guild_sets(stage, private_threads=True)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await stage.sent(stage.bob)
    await stage.pass_time(hours=1)
    assert stage.world.get_access.threads == []
    await stage.pass_time(days=3, minutes=1)
    await stage.pass_time(hours=1)
    [thread] = stage.world.get_access.threads
    [told] = list(thread.history())
    assert "Your invite still waits on Plex" in words(told)
    assert f"<@{stage.bob.id}>" in words(told)
    assert "bob@example.org" not in words(told)
    seen = await private_answers(stage, "invite")
    assert sum("Your invite still waits on Plex" in one for one in seen) == 1
    assert sum("still waits" in one for one in await private_answers(stage)) == 1
    assert len(list(thread.history())) == 1
