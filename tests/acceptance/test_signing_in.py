"""Members sign in with Plex: nothing is typed, and what Plex says of them is all that counts."""

from typing import Any

import pytest
import unseen
from stage import Stage, button, labels, refusal, said, words
from test_setup import BOB, OWNER, confirm
from test_standing_panels import panels, post

from sandbox.plex import Fault

CAROL = 2002


@pytest.fixture
async def open_house_stage(stage: Stage) -> Stage:
    """Whoever signs in with Plex is in at once."""
    await stage.run_sql("UPDATE guild SET asking = 'signed_in'")
    return stage


async def test_in_at_once(open_house_stage: Stage) -> None:
    """Two clicks and no typing: asked, approved by rule, sent; the token is signed out again."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    assert "Then you are approved at once." in said(answer)
    assert labels(answer.response) == [
        "Sign in with Plex", "Use e-mail or username", "Begin anew",
    ]  # fmt: skip
    await confirm(stage, BOB)
    await stage.run_jobs()
    assert "Approved! Now accept on Plex" in words(answer.response)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert (invite.state, invite.account_id, invite.is_proven) == ("sent", BOB, True)
    assert (invite.login.value, invite.decided_by) == ("bob@example.org", None)
    assert invite.member_joined_at is not None
    [share] = stage.shares()
    assert share.account_id == BOB
    assert "signed in with Plex" in words(stage.card())
    token = stage.plex.world.keys.pins[-1].token
    assert not stage.plex.world.keys.is_known(token)
    [row] = await stage.run_sql(
        "SELECT state, token_sealed, account_name_sealed, account_email_sealed FROM sign_in"
    )
    assert row == ("used", None, None, None)
    assert ("invite.approved_proven", None) in await stage.run_sql(
        "SELECT action, actor_id FROM audit_event"
    )


async def test_where_admins_decide(stage: Stage) -> None:
    """From the standing panel; the request waits, and its card says that it is proven."""
    await post(stage)
    [panel] = panels(stage)
    answer = await stage.bob.click(panel, label="Sign in with Plex")
    assert "the admins see that the account is yours" in said(answer)
    await confirm(stage, BOB)
    assert "Your request is with the admins" in words(answer.response)
    assert await stage.state_of(stage.bob) == "requested"
    await stage.run_jobs()
    assert "signed in with Plex" in words(stage.card())


async def test_the_form_instead(open_house_stage: Stage) -> None:
    """Who types an account waits for the admins; a sign-in confirmed later changes nothing."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    opened = await stage.bob.click(answer.response, label="Use e-mail or username")
    await stage.bob.submit_modal(opened, {"login": "bob@example.org"})
    assert await stage.state_of(stage.bob) == "requested"
    await confirm(stage, CAROL)
    assert await stage.state_of(stage.bob) == "requested"
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert not invite.is_proven
    assert not stage.plex.world.keys.is_known(stage.plex.world.keys.pins[-1].token)


async def refused_as(stage: Stage, account_id: int) -> Any:
    """Bob signs in as somebody who cannot be invited: what he reads."""
    answer = await stage.slash(stage.bob, "invite")
    await confirm(stage, account_id)
    assert await stage.invite_of(stage.bob) is None
    assert labels(answer.response) == ["Begin anew", "Use e-mail or username"]
    return words(answer.response)


async def test_as_the_owner(open_house_stage: Stage) -> None:
    """The owner cannot be invited; their token, from which the link lives, is not signed out."""
    stage = open_house_stage
    assert "owns the Plex server" in await refused_as(stage, OWNER)
    await stage.run_jobs()
    assert stage.plex.world.keys.is_known(stage.plex.world.keys.pins[-1].token)
    assert await stage.run_sql("SELECT id FROM sign_in WHERE token_sealed IS NOT NULL") == []


@pytest.mark.parametrize("typed", ["carol", "carol@example.org"])
async def test_as_somebody_elses_account(open_house_stage: Stage, typed: str) -> None:
    """An account that somebody asked with already is refused, without saying who."""
    stage = open_house_stage
    await unseen.submit(
        stage.env, stage.carol, stage.world.get_access, "helpr:request", {"login": typed}
    )
    told = await refused_as(stage, CAROL)
    assert "already an open request for that Plex account" in told
    assert "Carol" not in told
    assert str(stage.carol.id) not in told


async def test_nobody_confirms_in_time(open_house_stage: Stage) -> None:
    """It ends in a sentence and a way to begin anew; somebody else cannot press it for them."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    again = button(answer.response, "Begin anew")
    await stage.pass_time(minutes=13, seconds=11)
    assert "Nobody has confirmed the sign-in in time" in words(answer.response)
    await stage.bob.click(answer.response, label="Begin anew")
    # A press of Carol's begins one of her own.
    await unseen.press(stage.env, stage.carol, stage.world.get_access, again, on=answer.response)
    assert await stage.run_sql(
        "SELECT user_id, state FROM sign_in WHERE state = 'waiting' ORDER BY id"
    ) == [(stage.bob.id, "waiting"), (stage.carol.id, "waiting")]


async def test_a_restart_and_a_busy_plex_in_between(open_house_stage: Stage) -> None:
    """Plex asks for patience and the bot starts anew: the sign-in is found all the same."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    stage.plex.world.faults.add(
        Fault("GET /api/v2/pins/*", "status", status=429, headers={"Retry-After": "30"}, times=1)
    )
    await confirm(stage, BOB)
    assert await stage.invite_of(stage.bob) is None
    await stage.restart()
    await stage.pass_time(seconds=31)
    assert "Approved!" in words(answer.response)


async def test_where_a_code_is_needed(stage: Stage) -> None:
    """Signing in is no way around the code."""
    await post(stage)
    [panel] = panels(stage)
    press = button(panel, "Sign in with Plex")
    await stage.run_sql("UPDATE guild SET asking = 'with_code'")
    answer = await unseen.press(stage.env, stage.bob, stage.world.get_access, press)
    await confirm(stage, BOB)
    assert "code" in words(answer.response)
    assert await stage.invite_of(stage.bob) is None


async def test_plex_is_away(open_house_stage: Stage) -> None:
    """No PIN can be had: the member reads that, and nothing is stored."""
    stage = open_house_stage
    stage.plex.world.faults.add(Fault("POST /api/v2/pins", "drop_before"))
    assert "Plex" in refusal(await stage.slash(stage.bob, "invite"))
    assert await stage.run_sql("SELECT id FROM sign_in") == []
