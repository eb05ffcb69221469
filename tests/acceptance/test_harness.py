"""The hooks into simcord that the other tests lean on (`unseen`) do what they say."""

from dataclasses import replace

import unseen
from stage import Stage, refusal, said

from bot.ui.items.requests import Approve

CALLBACK = "/interactions/1/a_token/callback"


async def test_what_the_client_hides_reaches_the_bot(stage: Stage) -> None:
    """A hidden command, a button that no message shows, a form that was never opened."""
    hidden = await unseen.command(stage.env, stage.bob, stage.world.get_access, "plex status")
    item = Approve(1, 1).item.to_component_dict()
    pressed = await unseen.press(stage.env, stage.bob, stage.world.get_access, item)
    assert "Only admins" in refusal(hidden)
    assert "Only reviewers" in refusal(pressed)
    sent = await unseen.submit(
        stage.env, stage.bob, stage.world.get_access, "helpr:request", {"login": "bob"}
    )
    assert "Your request is with the admins" in said(sent)


async def test_languages_reach_the_bot(stage: Stage) -> None:
    """An interaction carries the language of its person, American English unless told."""
    stage.languages[stage.bob.id] = "de"
    await stage.ask(stage.bob)
    await stage.ask(stage.carol, "carol")
    assert (await stage.invite_of(stage.bob)).locale == "de"
    assert (await stage.invite_of(stage.carol)).locale == "en-US"


async def test_what_is_wrong_is_noticed(stage: Stage) -> None:
    """An error in the log, a public answer, an address in a channel: each fails a test."""
    assert stage.complaints() == []
    assert stage.surprises() == []
    stage.bot.dispatch("guild_join", "no guild")
    await stage.env.settle()
    assert stage.surprises() != []
    stage.forgive()
    assert stage.surprises() == []

    stage.env.backend.create_message(
        stage.world.get_access.id,
        stage.env.backend.bot_user.id,
        None,
        components=[{"type": 10, "content": r"bob\@example\.org"}],
        flags=unseen.V2_FLAG,
    )
    recorded = stage.env.http_requests
    public = {"type": 5, "data": {}}
    recorded.append(replace(recorded[0], method="POST", path=CALLBACK, json=public))
    assert len(stage.complaints()) == 2
    recorded.pop()
    stage.env.backend.messages[stage.world.get_access.id].clear()
    assert stage.complaints() == []
