"""Several Plex servers for one Discord server: each has its own state, tiers and troubles."""

from typing import Any

import unseen
from stage import Stage, button, labels, options, refusal, said, words
from test_setup import confirm

from sandbox.plex import Fault


async def connect_attic(stage: Stage) -> Any:
    """A second server of the owner's is linked, by a sign-in: the private answer."""
    server = stage.plex.world.add_server("Attic", running=True)
    stage.plex.world.add_library("Old films", "movie", server)
    stage.plex.world.add_library("Radio plays", "artist", server)
    connected = await stage.slash(stage.alice, "plex connect")
    await stage.alice.click(connected.response, label="Connect another server")
    await confirm(stage)
    await stage.alice.click(connected.response, label="Connect Attic")
    await stage.run_jobs()
    return connected


async def test_a_second_server(stage: Stage) -> None:
    """It gets a tier of its own, which shares nothing until somebody chooses; the first stays."""
    answer = await connect_attic(stage)
    assert "What do people get on Attic?" in words(answer.response)
    await stage.alice.select(answer.response, [options(answer.response)["Old films"]])
    stage.plex.world.requests.clear()
    text = said(await stage.slash(stage.alice, "plex status"))
    assert sorted(r.path for r in stage.plex.world.requests) == ["/", "/server/1/"]
    assert "### Home Media" in text
    assert "### Attic" in text
    assert text.count("Connected, answers in") == 2
    assert "Tier Standard: Films, Series, Music, Photos, Kids" in text
    assert "Tier Attic: Old films" in text
    assert "Compare Attic now" in text
    # Who asks gets the default tier, on the first server.
    await stage.sent(stage.bob)
    [share] = stage.shares()
    assert share.server is stage.plex.world.server
    menu = await stage.slash(stage.alice, "plex libraries", tier="Attic")
    assert "Libraries of the tier Attic" in said(menu)
    assert "Radio plays" in said(menu)
    assert "Films" not in said(menu).replace("Old films", "")


async def test_a_tier_on_the_second_server(stage: Stage) -> None:
    """`/tier create` makes it where the admin says; without a word on the first server."""
    await connect_attic(stage)
    made = await stage.slash(stage.alice, "tier create", name="Radio", server="attic")
    assert "Radio" in said(made)
    await stage.slash(stage.alice, "tier create", name="Family")
    found = await stage.run_sql(
        "SELECT t.name, l.server_name FROM tier t JOIN plex_link l ON l.id = t.link_id"
        " ORDER BY t.id"
    )
    assert found == [
        ("Standard", "Home Media"), ("Attic", "Attic"), ("Radio", "Attic"),
        ("Family", "Home Media"),
    ]  # fmt: skip
    refused = await stage.slash(stage.alice, "tier create", name="x", server="Nowhere")
    assert "Plex is not connected yet" in refusal(refused)


async def test_one_of_them_fails(stage: Stage) -> None:
    """The other one works on; the failure is one line, and a notice of its own."""
    await connect_attic(stage)
    stage.plex.world.faults.add(Fault("GET /server/1/*", "status", status=401))
    shown = await stage.slash(stage.alice, "plex status")
    text = said(shown)
    assert text.count("Connected, answers in") == 1
    assert text.count("Plex no longer accepts the token") == 1
    await stage.sent(stage.bob)


async def test_a_guild_that_shares_the_account(stage: Stage) -> None:
    """Reconciling costs two requests a link, and a link that was let go costs none."""
    await connect_attic(stage)
    await stage.pass_time(minutes=11)
    stage.plex.world.requests.clear()
    await stage.pass_time(minutes=11)
    lists = [r for r in stage.plex.world.requests if "shared_servers/owned" in r.path]
    assert len(lists) == 4
    await leave(stage, "Attic")
    stage.plex.world.requests.clear()
    await stage.pass_time(minutes=11)
    await stage.restart()
    lists = [r for r in stage.plex.world.requests if "shared_servers/owned" in r.path]
    assert len(lists) == 4  # of Home Media: once by the clock, once at the start
    assert not [r for r in stage.plex.world.requests if r.path.startswith("/server/1")]


async def leave(stage: Stage, server: str) -> Any:
    """Alice lets a server go: the private answer."""
    answer = await stage.slash(stage.alice, "plex disconnect")
    await stage.alice.click(answer.response, label=server)
    await stage.alice.click(answer.response, label="Disconnect")
    return answer


async def test_disconnecting(stage: Stage) -> None:
    """It asks first and says what goes with it; afterwards nothing is left but the history."""
    await connect_attic(stage)
    answer = await stage.slash(stage.alice, "plex disconnect")
    assert "Which server shall I disconnect?" in said(answer)
    async with stage.nothing_changes():
        await stage.alice.click(answer.response, label="Attic")
        assert "These tiers are deleted with it: Attic" in words(answer.response)
        await stage.alice.click(answer.response, label="Keep it")
    answer = await leave(stage, "Attic")
    assert "Attic is disconnected, and its sign-in erased." in words(answer.response)
    # Another link lives from the same account, and Plex may have one token for both.
    await stage.run_jobs()
    owner = stage.plex.world.owner.id
    assert len(stage.plex.world.keys.tokens_of(owner)) == 1
    waiting = await stage.run_sql("SELECT count(*) FROM sign_in WHERE token_sealed IS NOT NULL")
    assert waiting == [(0,)]
    text = said(await stage.slash(stage.alice, "plex status"))
    assert "Attic" not in text
    # The same server again: the same row, a new token, a new tier.
    again = await stage.slash(stage.alice, "plex connect")
    await stage.alice.click(again.response, label="Connect another server")
    await confirm(stage)
    await stage.alice.click(again.response, label="Connect Attic")
    assert "What do people get on Attic?" in words(again.response)
    assert await stage.run_sql("SELECT count(*) FROM plex_link") == [(2,)]


async def test_disconnecting_while_people_have_access(stage: Stage) -> None:
    """It is refused with how many they are, also when somebody came in after the question."""
    answer = await stage.slash(stage.alice, "plex disconnect")
    yes = button(answer.response, "Disconnect")
    await stage.sent(stage.bob)
    async with stage.nothing_changes():
        pressed = await stage.alice.click(answer.response, label="Disconnect")
        assert "People have access through Home Media, or are about to: 1." in refusal(pressed)
        assert "are about to: 1" in refusal(await stage.slash(stage.alice, "plex disconnect"))
        place = stage.world.access_requests
        forged = {**yes, "custom_id": "helpr:disconnect:yes:77"}
        other = await unseen.press(stage.env, stage.alice, place, forged, on=answer.response)
        assert "not connected here any more" in refusal(other)


async def test_the_last_one_goes(stage: Stage) -> None:
    """Requests are kept; once a server is linked again they can be approved."""
    await stage.requested(stage.bob)
    answer = await stage.slash(stage.alice, "plex disconnect")
    assert "named in the settings of the bot's operator" in said(answer)
    await stage.alice.click(answer.response, label="Disconnect")
    await stage.run_jobs()
    pressed = await stage.alice.click(stage.card(), label="Approve")
    assert "Plex is not connected yet" in refusal(pressed)
    assert "Step 1 of 5" in said(await stage.slash(stage.alice, "setup"))
    answer = await stage.slash(stage.alice, "plex connect")
    assert "Connected to Home Media" in said(answer)
    await stage.run_jobs()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert labels(answer.response) == ["Connect another server"]


async def test_the_operator_names_a_server_that_was_linked(stage: Stage) -> None:
    """The operator's settings take its place: one link, with its people."""
    await stage.sent(stage.bob)
    await stage.run_sql("UPDATE plex_link SET from_home = false")
    await stage.restart()
    await stage.run_jobs()
    assert await stage.run_sql("SELECT from_home FROM plex_link") == [(True,)]
    assert "Connected, answers in" in said(await stage.slash(stage.alice, "plex status"))
    assert await stage.state_of(stage.bob) == "sent"
