"""Panels that stand in a channel: posted by an admin, healed when deleted, gone when taken away."""

from typing import Any

import simcord
import unseen
from stage import Stage, button, labels, refusal, said, words

from bot.domain.people import Actor, Right

GET = "get_access"


def panels(stage: Stage, channel: simcord.ChannelHandle | None = None) -> list[Any]:
    """The panels that stand in #get-access, or elsewhere."""
    place = channel or stage.world.get_access
    return [one for one in place.history() if "My access" in labels(one)]


async def post(stage: Stage, channel: simcord.ChannelHandle | None = None) -> Any:
    """Alice posts the members' panel, and its job has run: the private answer."""
    answer = await stage.slash(
        stage.alice, "panel post", kind=GET, channel=channel or stage.world.get_access
    )
    await stage.run_jobs()
    return answer


def lose(stage: Stage) -> None:
    """The panel is deleted while the bot does not hear of it."""
    [panel] = panels(stage)
    stage.env.backend.messages[stage.world.get_access.id].pop(panel.id)
    assert panels(stage) == []


async def test_the_panel_for_members(stage: Stage) -> None:
    """It says what to do and which direct messages may come; its buttons do what commands do."""
    answer = await post(stage)
    assert "appears in" in said(answer)
    [panel] = panels(stage)
    assert "Get access to Plex" in words(panel)
    assert "one direct message" in words(panel)
    opened = await stage.bob.click(panel, label="Get access")
    assert opened.modal is not None
    sent = await stage.bob.submit_modal(opened, {"login": "bob@example.org"})
    assert "Your request is with the admins" in said(sent)
    mine = await stage.bob.click(panel, label="My access")
    assert "Your request is with the admins" in said(mine)
    assert mine.response.ephemeral
    # Who has asked already sees how it stands.
    again = await stage.bob.click(panel, label="Get access")
    assert again.modal is None
    assert "Your request is with the admins" in said(again)
    assert await stage.run_sql(
        "SELECT action, details->>'kind' FROM audit_event WHERE action LIKE 'panel%'"
    ) == [("panel.posted", GET)]


async def test_posted_twice_it_stands_once(stage: Stage) -> None:
    """The same panel in the same channel is the same message; another channel has its own."""
    await post(stage)
    await post(stage)
    [panel] = panels(stage)
    await post(stage, stage.world.access_requests)
    assert len(panels(stage, stage.world.access_requests)) == 1
    removed = await stage.slash(
        stage.alice, "panel remove", kind=GET, channel=stage.world.get_access
    )
    assert "take the panel in" in said(removed)
    await stage.run_jobs()
    assert panels(stage) == []
    assert len(panels(stage, stage.world.access_requests)) == 1
    none = await stage.slash(stage.alice, "panel remove", kind=GET, channel=stage.world.get_access)
    assert "There is no such panel" in refusal(none)
    await post(stage)
    assert panels(stage)[0].id != panel.id


async def test_a_deleted_panel_comes_back(stage: Stage) -> None:
    """At once, three times in an hour; then it stays away, the admins read why, until posted."""
    await post(stage)
    for _ in range(3):
        [panel] = panels(stage)
        await unseen.delete(stage.env, panel)
        await stage.run_jobs()
    [panel] = panels(stage)
    await unseen.delete(stage.env, panel)
    await stage.run_jobs()
    await stage.pass_time(hours=3)
    assert panels(stage) == []
    [notice] = stage.cards()
    assert "A panel does not stand where it should" in words(notice)
    assert "deleted again and again" in words(notice)
    assert "/panel post" in words(notice)
    await post(stage)
    assert len(panels(stage)) == 1
    [notice] = stage.cards()
    assert "The panels stand where they should" in words(notice)


async def test_a_panel_that_was_deleted_unseen(stage: Stage) -> None:
    """Nobody told that it was deleted: a new session looks, and so does the hourly look."""
    await post(stage)
    lose(stage)
    await stage.pass_time(hours=1, minutes=1)
    assert len(panels(stage)) == 1
    lose(stage)
    await stage.restart()
    await stage.run_jobs()
    assert len(panels(stage)) == 1
    await stage.pass_time(hours=2)
    edits = [r for r in stage.env.http_requests if r.method == "PATCH" and "/channels/" in r.path]
    assert edits == []


async def test_a_panel_changes_with_the_settings(stage: Stage) -> None:
    """It says how one asks here, in the server's language; for nothing new nothing is edited."""
    await post(stage)
    admin = Actor(stage.world.guild.id, stage.alice.id, Right.ADMIN)
    await stage.house.services.settings.change(admin, "asking", ["with_code"])
    await stage.run_jobs()
    [panel] = panels(stage)
    assert "You need a code from an admin here" in words(panel)
    assert labels(panel) == ["I have a code", "My access"]
    before = len(stage.env.http_requests)
    await stage.house.services.settings.change(admin, "nudge_days", ["4"])
    await stage.run_jobs()
    assert [r.path for r in stage.env.http_requests[before:] if r.method == "PATCH"] == []


async def test_a_channel_that_takes_no_panel(stage: Stage) -> None:
    """The refusal names the right that is missing; one that is lost later is told, and healed."""
    world = stage.world
    await unseen.let_the_bot(stage.env, world.guild, world.get_access, send_messages=False)
    async with stage.nothing_changes():
        answer = await stage.slash(stage.alice, "panel post", kind=GET, channel=world.get_access)
        assert "I cannot post in" in refusal(answer)
        assert "Send Messages" in refusal(answer)
    await unseen.let_the_bot(stage.env, world.guild, world.get_access, send_messages=True)
    await post(stage)
    [panel] = panels(stage)
    await unseen.let_the_bot(stage.env, world.guild, world.get_access, send_messages=False)
    await unseen.delete(stage.env, panel)
    await stage.run_jobs()
    [notice] = stage.cards()
    assert "I may not post there" in words(notice)
    await unseen.let_the_bot(stage.env, world.guild, world.get_access, send_messages=True)
    await stage.pass_time(hours=1, minutes=1)
    assert len(panels(stage)) == 1
    assert "✅" in words(stage.card())


async def test_a_channel_that_is_deleted(stage: Stage) -> None:
    """Its panel is forgotten, and nobody is bothered."""
    await post(stage)
    await unseen.delete_channel(stage.env, stage.world.get_access)
    await stage.run_jobs()
    assert await stage.run_sql("SELECT id FROM panel") == []
    assert stage.cards() == []


async def test_a_job_killed_after_posting(stage: Stage) -> None:
    """What it posted is found and adopted: the panel stands once."""
    await post(stage)
    [panel] = panels(stage)
    await stage.run_sql("UPDATE panel SET message_id = NULL, shown = '', due_at = now()")
    await stage.pass_time(minutes=10)
    [same] = panels(stage)
    assert same.id == panel.id
    assert button(same, "My access")["custom_id"] == "helpr:get:mine"
