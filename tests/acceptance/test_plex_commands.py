"""/plex status, connect and libraries: what an admin does about Plex."""

import re
from collections.abc import Awaitable, Callable

import discord
import unseen
from stage import Stage, chosen, labels, options, refusal, said, words

from sandbox.plex import Fault, PlexSandbox

MakeStage = Callable[..., Awaitable[Stage]]
NO_HOME = dict.fromkeys(
    ("guild_id", "plex_url", "plex_token", "request_channel_id", "reviewer_role_id")
)


def plex_is_gone(plex: PlexSandbox) -> None:
    """From now on nothing answers where Plex was."""
    plex.world.faults.add(Fault("*", "drop_before"))


# -- status -------------------------------------------------------------------------------------


async def test_status_of_a_healthy_plex(stage: Stage) -> None:
    """One look, one request: the server, how fast it answers, the tier, the invites by state."""
    await stage.sent(stage.bob)
    await stage.ask(stage.carol, "carol")
    stage.plex.world.requests.clear()
    shown = await stage.slash(stage.alice, "plex status")
    assert len(stage.plex.world.requests) == 1
    text = said(shown)
    assert shown.ephemeral
    assert "### Home Media" in text
    assert re.search(r"Connected, answers in \d+ ms", text)
    assert "Version 1" in text
    assert "Tier Standard: Films, Series, Music, Photos, Kids" in text
    assert "1 × waiting for a decision" in text
    assert "1 × invited, not accepted yet" in text


async def test_status_before_anybody_asked(stage: Stage) -> None:
    """An empty ledger is said to be empty."""
    assert "No invites yet." in said(await stage.slash(stage.alice, "plex status"))


async def test_status_while_plex_is_down(stage: Stage) -> None:
    """When Plex does not answer the status says so, and what it knows besides."""
    plex_is_gone(stage.plex)
    text = said(await stage.slash(stage.alice, "plex status"))
    assert "⛔ Plex" in text
    assert "Connected, answers" not in text
    assert "Tier Standard" in text


async def test_status_with_a_revoked_token(stage: Stage) -> None:
    """A dead token is named, and who has to do what."""
    stage.plex.world.revoke_token()
    text = said(await stage.slash(stage.alice, "plex status"))
    assert "Plex no longer accepts the token" in text
    assert "once the operator has set a new one" in text
    assert stage.plex.owner_token not in text


async def test_status_where_plex_is_not_set_up(make_stage: MakeStage) -> None:
    """A server without Plex reads what to do first."""
    stage = await make_stage(home=NO_HOME)
    text = refusal(await stage.slash(stage.alice, "plex status"))
    assert "No Plex server is connected to this Discord server yet" in text
    assert "/setup" in text


# -- connect ------------------------------------------------------------------------------------


async def test_connect(stage: Stage) -> None:
    """Connecting again is harmless and tells what was found."""
    shown = await stage.slash(stage.alice, "plex connect")
    text = said(shown)
    assert "Connected to Home Media" in text
    assert "Found 5 libraries." in text
    assert "The tier Standard shares 5 libraries." in text


async def test_connect_keeps_what_was_chosen(stage: Stage) -> None:
    """Connecting anew does not widen what is shared."""
    menu = await stage.slash(stage.alice, "plex libraries")
    await stage.alice.select(menu.response, [options(menu.response)["Films"]])
    text = said(await stage.slash(stage.alice, "plex connect"))
    assert "The tier Standard shares 1 library." in text


async def test_connect_connects_once(stage: Stage) -> None:
    """Connecting costs three requests (server, account, libraries), and a comparison two."""
    await stage.run_jobs()
    stage.plex.world.requests.clear()
    await stage.slash(stage.alice, "plex connect")
    await stage.slash(stage.alice, "plex libraries")
    await stage.run_jobs()
    assert len(stage.plex.world.requests) == 3 + 2


async def test_connect_where_the_operator_has_set_nothing(make_stage: MakeStage) -> None:
    """Without settings for this server an admin signs in with Plex."""
    stage = await make_stage(home=NO_HOME)
    shown = await stage.slash(stage.alice, "plex connect")
    assert "Sign in with Plex" in labels(shown.response)
    assert "as the owner of the server" in said(shown)


async def test_connect_while_plex_is_down(stage: Stage) -> None:
    """A failed attempt tells the reason; Helpr goes on by itself once Plex is back."""
    plex_is_gone(stage.plex)
    text = refusal(await stage.slash(stage.alice, "plex connect"))
    assert "Plex" in text
    stage.plex.world.faults.clear()
    await stage.pass_time(seconds=61)
    assert "Connected, answers in" in said(await stage.slash(stage.alice, "plex status"))


async def test_a_dead_token_makes_invites_wait(stage: Stage) -> None:
    """What was approved while the token is dead is sent as soon as it works again."""
    await stage.requested(stage.bob)
    stage.plex.world.revoke_token()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert stage.shares() == []
    assert "no longer accepts the token" in words(stage.card())
    assert "Invites wait until Plex is connected" in said(
        await stage.slash(stage.alice, "plex status")
    )
    stage.plex.world.mend_token()
    assert "Connected to Home Media" in said(await stage.slash(stage.alice, "plex connect"))
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()) == 1
    assert "no longer accepts" not in words(stage.card())


async def test_a_request_before_plex_is_connected(make_stage: MakeStage, plex: PlexSandbox) -> None:
    """A request is kept while Plex is not connected; it is approved once it is."""
    plex_is_gone(plex)
    stage = await make_stage()
    answer = await stage.requested(stage.bob)
    assert "Your request is with the admins" in said(answer)
    async with stage.nothing_changes():
        early = await stage.alice.click(stage.card(), label="Approve")
        assert "Plex is not connected yet. The request is kept" in refusal(early)
    plex.world.faults.clear()
    await stage.slash(stage.alice, "plex connect")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"


async def test_a_request_where_plex_is_not_set_up_at_all(make_stage: MakeStage) -> None:
    """The same in a server that the operator has not named yet: the queue holds the request."""
    stage = await make_stage(home=NO_HOME)
    assert "Your request is with the admins" in said(await stage.ask(stage.bob))
    async with stage.nothing_changes():
        page = await stage.slash(stage.alice, "requests")
        early = await stage.alice.click(page.response, label="Approve")
        assert "Plex is not connected yet. The request is kept" in refusal(early)
    assert stage.cards() == []


# -- libraries ----------------------------------------------------------------------------------


async def test_libraries_are_offered_and_chosen(stage: Stage) -> None:
    """The menu shows every library; what is chosen is what the next invite shares."""
    menu = await stage.slash(stage.alice, "plex libraries")
    assert menu.ephemeral
    assert list(options(menu.response)) == ["Films", "Series", "Music", "Photos", "Kids"]
    assert chosen(menu.response) == ["Films", "Series", "Music", "Photos", "Kids"]
    wanted = [options(menu.response)[title] for title in ("Films", "Kids")]
    changed = await stage.alice.select(menu.response, wanted)
    assert chosen(changed.response) == ["Films", "Kids"]
    assert "2 libraries are shared: Films, Kids" in said(changed)
    await stage.sent(stage.bob)
    [share] = stage.shares()
    assert [library.title for library in share.libraries] == ["Films", "Kids"]
    assert not share.all_libraries


async def test_without_libraries_nothing_reaches_plex(stage: Stage) -> None:
    """An empty choice would mean ALL to Plex, so approving is refused before any call."""
    await stage.requested(stage.bob)
    menu = await stage.slash(stage.alice, "plex libraries")
    cleared = await stage.alice.select(menu.response, [])
    assert "None is chosen, so nobody can be invited" in said(cleared)
    # The card that a reviewer looks at knows it too.
    await stage.run_jobs()
    assert "Tier: Standard (0 libraries)" in words(stage.card())
    stage.plex.world.requests.clear()
    async with stage.nothing_changes():
        pressed = await stage.alice.click(stage.card(), label="Approve")
        assert "The tier Standard has no libraries yet" in refusal(pressed)
    assert stage.plex.world.requests == []
    assert "has no libraries yet" in said(await stage.slash(stage.alice, "plex status"))


async def test_libraries_cleared_after_the_approval(stage: Stage) -> None:
    """A tier that is emptied between approval and sending shares nothing; it waits."""
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    menu = await stage.slash(stage.alice, "plex libraries")
    everything = list(options(menu.response).values())
    await stage.alice.select(menu.response, [])
    await stage.run_jobs()
    assert stage.shares() == []
    assert "The tier has no libraries" in words(stage.card())
    await stage.alice.select(menu.response, everything)
    await stage.pass_time(minutes=6)
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()[0].libraries) == 5


async def test_more_libraries_than_a_menu_holds(stage: Stage) -> None:
    """60 libraries come on three pages, and a choice on one page leaves the others alone."""
    for number in range(1, 56):
        stage.plex.world.add_library(f"Library {number:02}", "movie")
    await stage.slash(stage.alice, "plex connect")
    menu = await stage.slash(stage.alice, "plex libraries")
    assert len(options(menu.response)) == 25
    assert "Page 1 of 3" in said(menu)
    assert labels(menu.response) == ["Later ones"]
    second = await stage.alice.click(menu.response, label="Later ones")
    assert "Page 2 of 3" in said(second)
    assert labels(second.response) == ["Earlier ones", "Later ones"]
    two = list(options(second.response).items())[:2]
    changed = await stage.alice.select(second.response, [value for _, value in two])
    assert chosen(changed.response) == [title for title, _ in two]
    assert "7 libraries are shared" in said(changed)
    third = await stage.alice.click(changed.response, label="Later ones")
    assert len(options(third.response)) == 10
    assert labels(third.response) == ["Earlier ones"]
    back = await stage.alice.click(third.response, label="Earlier ones")
    assert chosen(back.response) == [title for title, _ in two]


async def test_a_library_comes_and_goes_on_plex(stage: Stage) -> None:
    """A new library is offered but not shared unasked; a removed one is shared no more."""
    new = stage.plex.world.add_library("Concerts", "artist")
    gone = stage.plex.world.server.libraries[0]
    stage.plex.world.remove_library(gone.id)
    await stage.slash(stage.alice, "plex connect")
    menu = await stage.slash(stage.alice, "plex libraries")
    assert "Concerts" in options(menu.response)
    assert "Concerts" not in chosen(menu.response)
    assert gone.title not in options(menu.response)
    await stage.sent(stage.bob)
    [share] = stage.shares()
    assert new.id not in share.section_ids
    assert gone.id not in share.section_ids
    assert len(share.section_ids) == 4


async def test_a_library_that_vanished_unnoticed(stage: Stage) -> None:
    """A library that Plex has lost since the last look does not stop an invite for good."""
    await stage.requested(stage.bob)
    gone = stage.plex.world.server.libraries[0]
    stage.plex.world.remove_library(gone.id)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    await stage.pass_time(seconds=10)
    assert await stage.state_of(stage.bob) == "sent"
    assert gone.id not in stage.shares()[0].section_ids


async def test_a_second_look_at_the_libraries_costs_nothing(stage: Stage) -> None:
    """Within their time to live the libraries are not asked for again."""
    await stage.slash(stage.alice, "plex libraries")
    stage.plex.world.requests.clear()
    await stage.slash(stage.alice, "plex libraries")
    assert stage.plex.world.requests == []


async def test_a_menu_of_another_server(stage: Stage) -> None:
    """An admin of another server changes nothing with the menu of this one."""
    menu = await stage.slash(stage.alice, "plex libraries")
    [raw] = [part for part in menu.response.components[0]["components"] if part["type"] == 1][:1]
    elsewhere = stage.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    boss = elsewhere.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
    eve = elsewhere.add_member(stage.env.create_user("eve"), roles=[boss])
    await stage.env.settle()
    async with stage.nothing_changes():
        pressed = await unseen.press(
            stage.env,
            eve,
            channel,
            {**raw["components"][0], "options": [{"label": "x", "value": "1"}]},
        )
        assert refusal(pressed) == "That tier does not exist any more."
