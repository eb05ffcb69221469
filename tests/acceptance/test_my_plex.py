"""/my-plex once something was given: looking into it, what Plex demands, the language."""

import asyncio
from typing import Any

import pytest
import unseen
from lives import lasting, my_plex, suspended
from stage import Stage, button, labels, refusal, said, words

from bot.domain.members import Sight
from bot.domain.people import Actor
from sandbox.plex import Fault

CANNOT_SEE = "I can't see the libraries"


async def look(stage: Stage) -> Any:
    """Bob presses the button and reads a message of its own."""
    shown = await stage.slash(stage.bob, "my-plex")
    looked = await stage.bob.click(shown.response, label=CANNOT_SEE)
    assert looked.ephemeral
    return looked


async def test_what_i_have_since_when_until_when(stage: Stage) -> None:
    """The panel names tier, libraries, beginning and end, and what Plex demands only once."""
    await lasting(stage, 30)
    await stage.sent(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    assert "Remote Watch Pass" in said(shown)
    assert labels(shown.response) == [
        "Accept on Plex",
        "Understood",
        CANNOT_SEE,
        "Withdraw",
        "Language",
        "Direct messages: on",
        "My data",
    ]
    read = await stage.bob.click(shown.response, label="Understood")
    assert "Remote Watch Pass" not in said(read)
    text, buttons = await my_plex(stage, stage.bob)
    assert "Remote Watch Pass" not in text
    assert "Understood" not in buttons
    stage.plex.world.accept(stage.shares()[-1].share_id)
    await stage.pass_time(seconds=61)
    text, buttons = await my_plex(stage, stage.bob)
    assert "Tier: **Standard** · since <t:" in text
    assert "Libraries: Films, Series, Music, Photos, Kids" in text
    assert "Ends <t:" in text
    assert "Understood" not in buttons


# -- I can't see the libraries --------------------------------------------------------------------


async def test_an_invite_that_waits(stage: Stage) -> None:
    """The account it went to, masked, and the way to accept it; few requests of Plex."""
    await stage.sent(stage.bob)
    stage.plex.world.requests.clear()
    looked = await look(stage)
    assert "Your invite still waits on Plex" in said(looked)
    assert "b***@example.org" in said(looked).replace("\\", "")
    assert labels(looked.response) == ["Accept on Plex", "Look again"]
    assert len(stage.plex.world.requests) <= 3
    assert stage.plex_changes() == []


async def test_accepted_a_moment_ago(stage: Stage) -> None:
    """Plex knows more than the ledger, which follows at once instead of at the next round."""
    await stage.sent(stage.bob)
    stage.plex.world.accept(stage.shares()[-1].share_id)
    assert "Plex says that you have accepted" in said(await look(stage))
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"


async def test_all_is_well(stage: Stage) -> None:
    """Then it is the app: which account to be signed in with, reload, pin."""
    await stage.active(stage.bob)
    looked = await look(stage)
    assert "All is well on Plex's side" in said(looked)
    assert "signed in as **bob**" in said(looked)
    assert "Pin its libraries" in said(looked)
    assert "Libraries: Films, Series, Music, Photos, Kids" in said(looked)
    assert labels(looked.response) == ["Open Plex"]


async def test_another_account_has_accepted(stage: Stage) -> None:
    """The invite was accepted while somebody else was signed in to Plex: which account has it."""
    await stage.active(stage.bob)
    [share] = stage.shares()
    share.account = stage.plex.world.add_account("bobs-brother", "brother@example.net")
    looked = said(await look(stage)).replace("\\", "")
    assert "The libraries are in another Plex account" in looked
    assert "went to **b***@example.org**" in looked
    assert "**bobs-brother** has accepted it" in looked
    assert "brother@example.net" not in looked


async def test_nothing_in_the_share(stage: Stage) -> None:
    """A share that opens no library that the server has is for the admins to mend."""
    await stage.active(stage.bob)
    await stage.run_sql("UPDATE library SET gone_at = now()")
    assert "There is nothing to see yet" in said(await look(stage))


async def test_removed_on_plex(stage: Stage) -> None:
    """The share is gone: said so, and the access ends without waiting for the next round."""
    await stage.active(stage.bob)
    stage.plex.world.leave(stage.shares()[0].share_id)
    assert "Plex shares nothing with you any more" in said(await look(stage))


async def test_access_that_is_paused_or_over(stage: Stage) -> None:
    """Neither needs a request to Plex."""
    await suspended(stage, stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    still_there = button(shown.response, CANNOT_SEE)
    stage.plex.world.requests.clear()
    assert "Your access is paused" in said(await look(stage))
    assert stage.plex.world.requests == []
    asked = await stage.bob.click(shown.response, label="Leave")
    await stage.bob.click(asked.response, label="Leave for good")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    stage.plex.world.requests.clear()
    late = await unseen.press(stage.env, stage.bob, stage.world.get_access, still_there)
    assert "Your access has ended" in said(late)
    assert stage.plex.world.requests == []


SERVER = "GET /"


FAILURES = (
    (Fault(SERVER, "drop_before"), "The server does not answer"),
    (Fault(SERVER, "status", status=503), "The server does not answer"),
    (Fault(SERVER, "html"), "The server does not answer"),
    (Fault("GET /api/*", "status", status=503), "I could not find out"),
    (Fault("GET /api/*", "status", status=429), "I could not find out"),
    (Fault("GET /api/*", "status", status=401), "I could not find out"),
    (Fault("GET /api/*", "status", status=410), "I could not find out"),
    (Fault("GET /api/*", "malformed"), "I could not find out"),
    (Fault("GET /api/*", "empty"), "I could not find out"),
    (Fault("GET /api/*", "html"), "I could not find out"),
    (Fault("GET /api/*", "drop_after"), "I could not find out"),
    (Fault("*", "drop_before"), "The server does not answer"),
)


async def test_when_plex_fails(stage: Stage) -> None:
    """A server that is down, and a Plex that does not tell, are two things; nothing changes."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    async with stage.nothing_changes():
        for fault, title in FAILURES:
            stage.plex.world.faults.add(fault)
            looked = await stage.bob.click(shown.response, label=CANNOT_SEE)
            assert title in said(looked), fault
            assert labels(looked.response) == ["Look again"]
            stage.plex.world.faults.clear()
            again = await stage.bob.click(looked.response, label="Look again")
            assert "All is well on Plex's side" in said(again), fault


async def test_when_plex_hangs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for longer than the deadline."""
    monkeypatch.setattr("bot.services.sight.PATIENCE", 0.3)
    await stage.active(stage.bob)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    stage.plex.world.faults.add(Fault("*", "hang"))
    async with asyncio.timeout(2):
        found = await stage.house.services.sight.look(
            Actor(stage.world.guild.id, stage.bob.id), invite.id
        )
    assert found.sight is Sight.SERVER_DOWN
    stage.plex.world.faults.clear()


async def test_somebody_elses(stage: Stage) -> None:
    """Nobody looks into somebody else's access."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    pressed = await unseen.press(
        stage.env, stage.alice, stage.world.get_access, button(shown.response, CANNOT_SEE)
    )
    assert "That request does not exist any more" in refusal(pressed)


# -- Language -------------------------------------------------------------------------------------


async def test_the_language_stays(stage: Stage) -> None:
    """The menu begins with Discord's own; what is chosen is kept, and can be taken back."""
    await stage.requested(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    menu = await stage.bob.click(shown.response, label="Language")
    [field] = menu.modal["components"]
    first, second = field["component"]["options"][:2]
    assert (first["label"], first["default"], second["label"]) == ("As in Discord", True, "English")
    answered = await stage.bob.submit_modal(menu, {"language": ["en"]})
    assert "Your request is with the admins" in words(answered.response)
    assert await stage.run_sql("SELECT locale FROM member") == [("en",)]
    menu = await stage.bob.click(shown.response, label="Language")
    await stage.bob.submit_modal(menu, {"language": ["discord"]})
    assert await stage.run_sql("SELECT locale FROM member") == [(None,)]


async def test_a_language_nobody_translated(stage: Stage) -> None:
    """One sentence, and nothing is kept."""
    await stage.requested(stage.bob)
    sent = await unseen.submit(
        stage.env,
        stage.bob,
        stage.world.get_access,
        "helpr:language:0",
        {"language": "tlh"},
    )
    assert "I do not speak that language yet" in refusal(sent)
    assert await stage.run_sql("SELECT locale FROM member") == []
