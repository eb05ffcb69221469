"""`/setup`: a server set up from nothing, left and taken up again, and all that may go wrong."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import unseen
from stage import Stage, button, labels, options, parts, refusal, said, words

from sandbox.plex import Fault

MakeStage = Callable[..., Awaitable[Stage]]
NO_HOME = dict.fromkeys(
    ("guild_id", "plex_url", "plex_token", "request_channel_id", "reviewer_role_id")
)
OWNER, BOB = 1001, 2001


@pytest.fixture
async def bare(make_stage: MakeStage) -> Stage:
    """A Discord server that nobody has set up."""
    return await make_stage(home=NO_HOME)


async def confirm(stage: Stage, account_id: int = OWNER) -> None:
    """Somebody confirms the newest PIN on Plex's page, and Helpr asks Plex a moment later."""
    pin = stage.plex.world.keys.pins[-1]
    stage.plex.world.keys.allow_pin(pin.id, account_id)
    await stage.pass_time(seconds=3)


async def signed_in(stage: Stage, account_id: int = OWNER) -> Any:
    """Alice has opened `/setup` and confirmed the PIN: the private answer."""
    answer = await stage.slash(stage.alice, "setup")
    await confirm(stage, account_id)
    return answer


def url_of(message: Any) -> str:
    """Where the link button of a message leads."""
    return str(next(one["url"] for one in parts(message, 2) if "url" in one))


async def linked(stage: Stage) -> Any:
    """The account's first server is linked: the private answer."""
    answer = await signed_in(stage)
    await stage.alice.click(answer.response, label="Connect Home Media")
    return answer


async def test_from_nothing_to_the_first_invite(
    bare: Stage, record_property: Callable[[str, object], None]
) -> None:
    """An admin needs few clicks, and types nothing; a member fills in one field."""
    stage, alice, clicks = bare, bare.alice, 0
    answer = await stage.slash(alice, "setup")
    clicks += 1
    assert "Step 1 of 5: Plex server" in said(answer)
    url = url_of(answer.response)
    assert url.startswith(f"{stage.plex.base_url}/auth#?clientID=")
    assert stage.plex.world.keys.pins[-1].code in url
    await confirm(stage)
    clicks += 2  # the link button, and "sign in" on Plex's page
    assert "Signed in as helpr\\-owner." in words(answer.response)
    await alice.click(answer.response, label="Connect Home Media")
    assert "Step 2 of 5: Libraries" in words(answer.response)
    assert "nobody can be invited" in words(answer.response)
    await alice.click(answer.response, label="All 5 libraries")
    assert "Step 3 of 5: Request channel" in words(answer.response)
    await alice.select(answer.response, [stage.world.access_requests])
    assert "Step 4 of 5: Reviewers" in words(answer.response)
    await alice.select(answer.response, [stage.world.reviewers])
    assert "Step 5 of 5: What members may do" in words(answer.response)
    clicks += 2 + 2 + 2
    await alice.click(answer.response, label="Continue")
    clicks += 1
    told = words(answer.response)
    assert "All is set up" in told
    assert f"✅ I can show requests in <#{stage.world.access_requests.id}>." in told
    assert "Integrations" in told
    assert "⚠️" not in told
    # One step after the other in one private message.
    assert not stage.cards()
    await stage.requested(stage.bob)
    await stage.rita.click(stage.card(), label="Approve")
    clicks += 1
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()[-1].section_ids) == 5
    record_property("setup: clicks of staff to the first approved invite", clicks)
    record_property("setup: fields typed by staff", 0)
    assert clicks <= 12
    [(purpose, state, token)] = await stage.run_sql(
        "SELECT purpose, state, token_sealed FROM sign_in WHERE purpose = 'link'"
    )
    assert (purpose, state, token) == ("link", "used", None)


async def test_a_restart_in_the_midst(bare: Stage) -> None:
    """Nothing of a sign-in lives in memory: the next process goes on with the same message."""
    answer = await bare.slash(bare.alice, "setup")
    await bare.restart()
    await confirm(bare)
    assert "Connect Home Media" in labels(answer.response)
    await bare.restart()
    await bare.alice.click(answer.response, label="Connect Home Media")
    assert "Step 2 of 5" in words(answer.response)
    # Left here; taken up again later.
    again = await bare.slash(bare.alice, "setup")
    assert "Step 2 of 5: Libraries" in said(again)


async def test_after_a_quarter_of_an_hour(bare: Stage) -> None:
    """Discord lets the message be edited no more: its button shows what has happened."""
    answer = await bare.slash(bare.alice, "setup")
    bare.plex.world.keys.pins[-1].expires_at += 3600
    await bare.run_sql("UPDATE sign_in SET expires_at = expires_at + interval '1 hour'")
    await bare.pass_time(minutes=16)
    await confirm(bare)
    await bare.pass_time(seconds=11)
    assert "Connect Home Media" not in labels(answer.response)
    await bare.alice.click(answer.response, label="Continue")
    assert "Connect Home Media" in labels(answer.response)


async def test_nobody_confirms(bare: Stage) -> None:
    """A PIN whose time is over is said to be, in the same message; a click begins anew."""
    answer = await bare.slash(bare.alice, "setup")
    await bare.alice.click(answer.response, label="Continue")
    assert "Not confirmed on Plex's page yet. I looked <t:" in words(answer.response)
    await bare.pass_time(minutes=1)
    await bare.slash(bare.alice, "setup")
    assert len(bare.plex.world.keys.pins) == 1, "it is offered again while there is time"
    await bare.pass_time(minutes=8)
    answer = await bare.slash(bare.alice, "plex connect")
    assert len(bare.plex.world.keys.pins) == 2, "too little time was left to offer the same again"
    await bare.pass_time(minutes=13, seconds=11)
    [[states]] = await bare.run_sql("SELECT array_agg(state ORDER BY id) FROM sign_in")
    assert states == ["replaced", "expired"]
    assert "Nobody has confirmed the sign-in in time" in words(answer.response)
    await bare.alice.click(answer.response, label="Begin anew")
    await confirm(bare)
    assert "Connect Home Media" in labels(answer.response)


async def test_an_account_without_a_server(bare: Stage) -> None:
    """Whoever owns nothing reads what is wrong; the token is signed out when they begin anew."""
    answer = await signed_in(bare, BOB)
    assert "This Plex account owns no server" in words(answer.response)
    assert bare.plex.world.keys.is_known(bare.plex.world.keys.pins[-1].token)
    await bare.alice.click(answer.response, label="Sign in as somebody else")
    token = bare.plex.world.keys.pins[0].token
    await bare.run_jobs()
    assert not bare.plex.world.keys.is_known(token)
    assert await bare.run_sql("SELECT id FROM sign_in WHERE token_sealed IS NOT NULL") == []
    await confirm(bare)
    assert "Connect Home Media" in labels(answer.response)


async def test_a_sign_in_that_nobody_uses(bare: Stage) -> None:
    """After an hour the token is signed out and erased; while Plex is down it is tried again."""
    await signed_in(bare, BOB)
    token = bare.plex.world.keys.pins[-1].token
    bare.plex.world.faults.add(Fault("DELETE /api/v2/users/signout", "drop_before", times=1))
    await bare.pass_time(minutes=61)
    assert bare.plex.world.keys.is_known(token)
    await bare.pass_time(minutes=2)
    assert not bare.plex.world.keys.is_known(token)
    assert await bare.run_sql("SELECT id FROM sign_in WHERE token_sealed IS NOT NULL") == []


async def test_a_server_that_cannot_be_reached(bare: Stage) -> None:
    """Every address that was tried is named, nothing is stored, and the choice stays."""
    bare.plex.world.add_server("Cellar")
    second = bare.plex.world.add_server("Attic", running=True)
    bare.plex.world.faults.add(Fault("GET /server/2/identity", "status", status=503))
    answer = await signed_in(bare)
    assert [one for one in labels(answer.response) if one.startswith("Connect")] == [
        "Connect Home Media", "Connect Cellar", "Connect Attic",
    ]  # fmt: skip
    async with bare.nothing_changes():
        pressed = await bare.alice.click(answer.response, label="Connect Attic")
    told = refusal(pressed).replace("\\", "")
    assert "Attic does not answer me at any of its addresses" in told
    assert second.base_url in told
    bare.plex.world.faults.clear()
    await bare.alice.click(answer.response, label="Connect Attic")
    assert "This Plex server has no libraries yet" in words(answer.response)
    bare.plex.world.add_library("Old films", "movie", second)
    await bare.alice.click(answer.response, label="Look again")
    assert "What do people get on Attic?" in words(answer.response)


async def test_a_forged_choice(bare: Stage) -> None:
    """Another person's sign-in, one that is over and a server that was not offered are refused."""
    answer = await signed_in(bare)
    press = button(answer.response, "Connect Home Media")
    place = bare.world.access_requests
    await unseen.give_role(bare.env, bare.rita, bare.world.admins)
    async with bare.nothing_changes():
        other = await unseen.press(bare.env, bare.rita, place, press, on=answer.response)
        assert "That sign-in is over" in refusal(other)
        forged = {**press, "custom_id": press["custom_id"][:-1] + "7"}
        there = await unseen.press(bare.env, bare.alice, place, forged, on=answer.response)
        assert "not one of the account's own" in refusal(there)
    await bare.alice.click(answer.response, label="Connect Home Media")
    late = await unseen.press(bare.env, bare.alice, place, press, on=answer.response)
    assert "That sign-in is over" in refusal(late)


async def test_two_admins_at_once(bare: Stage) -> None:
    """Each has a sign-in of their own; the server is linked once, and both see the same steps."""
    await unseen.give_role(bare.env, bare.rita, bare.world.admins)
    first = await signed_in(bare)
    second = await bare.slash(bare.rita, "setup")
    await confirm(bare)
    place = bare.world.access_requests
    presses = [
        (bare.alice, place, button(first.response, "Connect Home Media")),
        (bare.rita, place, button(second.response, "Connect Home Media")),
    ]
    results = await unseen.presses(bare.env, presses, on=first.response)
    told = [words(message) for result in results for message in result.followups]
    # Who comes second either reads that it is done, or does it once more with the same outcome.
    assert all("connected here already" in text for text in told)
    assert len(await bare.run_sql("SELECT id FROM plex_link")) == 1
    await bare.run_jobs()
    # The owner's account is in use by the link: its token is not signed out, only erased.
    await bare.pass_time(minutes=61)
    assert await bare.run_sql("SELECT id FROM sign_in WHERE token_sealed IS NOT NULL") == []
    assert "Connected, answers in" in said(await bare.slash(bare.alice, "plex status"))


async def test_three_hundred_libraries(bare: Stage) -> None:
    """All can be reached by pages, whatever they are called, and all can be chosen at once."""
    for number in range(300):
        bare.plex.world.add_library(f"🎬 {number} " + "x" * 200, "movie")
    answer = await linked(bare)
    message = answer.response
    assert "Page 1 of 13" in words(message)
    await bare.alice.select(message, list(options(message).values())[:2])
    assert "2 libraries are shared" in words(message)
    await bare.alice.click(message, label="Later ones")
    await bare.alice.select(message, list(options(message).values())[:1])
    assert "3 libraries are shared" in words(message)
    await bare.alice.click(message, label="All 305 libraries")
    assert "Step 3 of 5" in words(message)
    assert await bare.run_sql("SELECT count(*) FROM tier_library") == [(305,)]


async def test_a_channel_the_bot_cannot_write_in(bare: Stage) -> None:
    """Such a channel is refused with what to mend; the test at the end finds one that changed."""
    answer = await linked(bare)
    await bare.alice.click(answer.response, label="All 5 libraries")
    place = bare.world.access_requests
    await unseen.let_the_bot(bare.env, bare.world.guild, place, send_messages=False)
    async with bare.nothing_changes():
        chosen = await bare.alice.select(answer.response, [place])
    assert "Send Messages" in refusal(chosen)
    await unseen.let_the_bot(bare.env, bare.world.guild, place, view_channel=True)
    await bare.alice.select(answer.response, [place])
    await bare.alice.click(answer.response, label="Skip")
    await bare.alice.click(answer.response, label="Continue")
    assert "All is set up" in words(answer.response)
    await unseen.let_the_bot(
        bare.env, bare.world.guild, place, view_channel=True, read_message_history=False
    )
    await bare.alice.click(answer.response, label="Check again")
    assert "I lack: **Read Message History**" in words(answer.response)
    assert "Nearly there" in words(answer.response)


async def test_plex_fails_while_it_is_linked(bare: Stage) -> None:
    """The link is kept, its trouble shown, and connecting goes on by itself."""
    answer = await signed_in(bare)
    bare.plex.world.faults.add(Fault("GET /api/servers/*", "status", status=503))
    await bare.alice.click(answer.response, label="Connect Home Media")
    assert "Home Media is not connected yet. I try again every minute." in words(answer.response)
    bare.plex.world.faults.clear()
    await bare.pass_time(seconds=61)
    await bare.alice.click(answer.response, label="Continue")
    assert "Step 2 of 5: Libraries" in words(answer.response)


async def test_signing_in_again(bare: Stage) -> None:
    """A token that Plex refuses is renewed by the same way; tiers and people stay."""
    answer = await linked(bare)
    await bare.alice.click(answer.response, label="All 5 libraries")
    keys = bare.plex.world.keys
    keys.sign_out(keys.pins[-1].token)
    await bare.pass_time(minutes=11)
    assert "an admin signs in again with /plex connect" in said(
        await bare.slash(bare.alice, "plex status")
    )
    # Long before it would be tried again by itself.
    await bare.run_sql("UPDATE plex_link SET connect_due_at = connect_due_at + interval '1 hour'")
    again = await bare.slash(bare.alice, "plex connect")
    await confirm(bare)
    await bare.alice.click(again.response, label="Connect Home Media")
    text = said(await bare.slash(bare.alice, "plex status"))
    assert "Connected, answers in" in text
    assert "Tier Standard: Films, Series, Music, Photos, Kids" in text
    assert await bare.run_sql("SELECT count(*) FROM plex_link") == [(1,)]


async def sealed_tokens(stage: Stage) -> list[Any]:
    """How many tokens the ledger holds that wait to be signed out."""
    return await stage.run_sql("SELECT count(*) FROM sign_in WHERE token_sealed IS NOT NULL")


async def test_a_server_that_is_let_go_is_signed_out(bare: Stage) -> None:
    """Plex forgets the token too, however long it takes to answer; then the ledger has none."""
    await linked(bare)
    keys = bare.plex.world.keys
    bare.plex.world.faults.add(Fault("DELETE /api/v2/users/signout", "status", status=503))
    left = await bare.slash(bare.alice, "plex disconnect")
    await bare.alice.click(left.response, label="Disconnect")
    await bare.run_jobs()
    assert len(keys.tokens_of(OWNER)) == 1
    assert await sealed_tokens(bare) == [(1,)]
    bare.plex.world.faults.clear()
    await bare.restart()
    await bare.pass_time(seconds=61)
    assert keys.tokens_of(OWNER) == []
    assert await sealed_tokens(bare) == [(0,)]
    # It is nobody's sign-in: setting up begins with a new one.
    assert "Step 1 of 5" in said(await bare.slash(bare.alice, "setup"))


async def test_another_account_takes_the_server_over(bare: Stage) -> None:
    """The token of the account before is signed out, and the new one's lives."""
    await linked(bare)
    people, keys = bare.plex.world.people, bare.plex.world.keys
    [old] = keys.tokens_of(OWNER)
    heir = bare.plex.world.add_account("heir", "heir@example.org")
    people.owner = heir
    await bare.run_sql("UPDATE plex_link SET state = 'paused', problem_key = 'plex.not_owner'")
    again = await bare.slash(bare.alice, "plex connect")
    await confirm(bare, heir.id)
    await bare.alice.click(again.response, label="Connect Home Media")
    await bare.run_jobs()
    assert keys.tokens_of(OWNER) == []
    assert not keys.is_known(old)
    assert len(keys.tokens_of(heir.id)) == 1
    assert "Connected, answers in" in said(await bare.slash(bare.alice, "plex status"))
    assert await sealed_tokens(bare) == [(0,)]


async def test_where_the_operator_has_set_plex(stage: Stage) -> None:
    """What HELPR_HOME__ names is shown as done; each step can be taken alone."""
    answer = await stage.slash(stage.alice, "setup")
    assert "All is set up" in said(answer)
    await stage.alice.click(answer.response, label="What members may do")
    await stage.alice.select(answer.response, ["with_code"])
    assert "What members may do: Members need a code" in words(answer.response)
    await stage.alice.click(answer.response, label="Plex server")
    assert "Home Media is connected." in words(answer.response)
    await stage.alice.click(answer.response, label="Connect another server")
    await confirm(stage)
    assert "Home Media is connected already." in words(answer.response)


async def test_joining_a_server(bare: Stage) -> None:
    """One message with a button that admins alone may use, and only once."""
    unseen.announce_in(bare.env, bare.world.get_access)
    await bare.run_sql("DELETE FROM guild")
    await unseen.readd_bot(bare.env, bare.world.guild)
    [message] = bare.world.get_access.history()
    assert "Whoever manages the server sets me up" in words(message)
    pressed = await bare.bob.click(message, label="Set up")
    assert "Only admins" in refusal(pressed)
    opened = await bare.alice.click(message, label="Set up")
    assert "Step 1 of 5" in said(opened)
    await unseen.remove_bot(bare.env, bare.world.guild)
    await unseen.readd_bot(bare.env, bare.world.guild)
    assert len(list(bare.world.get_access.history())) == 1
