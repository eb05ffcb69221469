"""Members sign in with Plex: nothing is typed, and what Plex says of them is all that counts."""

import asyncio
from typing import Any

import pytest
import unseen
from stage import Stage, button, labels, said, words
from test_codes import made
from test_setup import BOB, OWNER, confirm
from test_standing_panels import panels, post

from bot.domain.sign_in import PlexAccount
from sandbox.plex import Fault

CAROL = 2002


@pytest.fixture
async def open_house_stage(stage: Stage) -> Stage:
    """Whoever signs in with Plex is in at once."""
    await stage.run_sql("UPDATE guild SET sign_in = true, asking = 'signed_in'")
    return stage


@pytest.fixture
async def asked_stage(stage: Stage) -> Stage:
    """Members may sign in, and admins decide, as it is from the beginning."""
    await stage.run_sql("UPDATE guild SET sign_in = true")
    return stage


async def signed_in(stage: Stage, account_id: int = BOB) -> Any:
    """Bob has asked by signing in: the private answer."""
    answer = await stage.slash(stage.bob, "invite")
    await confirm(stage, account_id)
    await stage.run_jobs()
    return answer


async def approved(stage: Stage) -> None:
    """Alice says yes, and all that follows has been done."""
    await stage.alice.click(stage.card(), label="Approve")
    await stage.pass_time(seconds=3)


def is_signed_in(stage: Stage) -> bool:
    """Whether Plex still knows the token of the newest sign-in."""
    return stage.plex.world.keys.is_known(stage.plex.world.keys.pins[-1].token)


async def held(stage: Stage) -> list[tuple[Any, ...]]:
    """What the ledger keeps of sign-ins that it could still use."""
    return await stage.run_sql("SELECT state FROM sign_in WHERE token_sealed IS NOT NULL")


async def test_in_at_once(open_house_stage: Stage) -> None:
    """Two clicks and no typing: asked, approved by rule, sent, accepted; and signed out again."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    assert "Then you are approved at once." in said(answer)
    assert labels(answer.response) == [
        "Sign in with Plex", "Use e-mail or username", "Start again",
    ]  # fmt: skip
    await confirm(stage, BOB)
    await stage.run_jobs()
    assert "You're in" in words(answer.response)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert (invite.state, invite.account_id, invite.is_proven) == ("active", BOB, True)
    assert (invite.login.value, invite.decided_by) == ("bob@example.org", None)
    assert invite.member_joined_at is not None
    [share] = stage.shares()
    assert (share.account_id, share.accepted) == (BOB, True)
    assert "signed in with Plex" in words(stage.card())
    assert not is_signed_in(stage)
    [row] = await stage.run_sql(
        "SELECT state, token_sealed, account_name_sealed, account_email_sealed FROM sign_in"
    )
    assert row == ("used", None, None, None)
    assert ("invite.approved_proven", None) in await stage.run_sql(
        "SELECT action, actor_id FROM audit_event"
    )


async def test_kept_until_the_decision(asked_stage: Stage) -> None:
    """The member agrees: the sign-in is kept, and after the yes the libraries are simply there."""
    stage = asked_stage
    await post(stage)
    [panel] = panels(stage)
    answer = await stage.bob.click(panel, label="Get access")
    assert "the admins see that the account is yours" in said(answer)
    await confirm(stage, BOB)
    assert "Shall I accept the invite for you" in words(answer.response)
    assert await stage.state_of(stage.bob) == "requested"
    await stage.bob.click(answer.response, label="Yes, accept for me")
    assert "I accept the invite for you as soon as it is there" in words(answer.response)
    await stage.pass_time(hours=70)
    assert is_signed_in(stage)
    assert "signed in with Plex" in words(stage.card())
    await approved(stage)
    assert await stage.state_of(stage.bob) == "active"
    assert not is_signed_in(stage)
    assert await held(stage) == []
    [told] = stage.dms(stage.bob)
    assert "You're in" in words(told)


async def test_signed_out_and_accepted_by_link(asked_stage: Stage) -> None:
    """The member would rather not: signed out now, and the invite is accepted by hand."""
    stage = asked_stage
    answer = await signed_in(stage)
    await stage.bob.click(answer.response, label="No, sign out now")
    await stage.run_jobs()
    assert not is_signed_in(stage)
    assert "Yes, accept for me" not in labels(answer.response)
    await approved(stage)
    assert "Now accept on Plex" in words(answer.response)
    assert not stage.shares()[-1].accepted


async def test_no_longer_than_three_days(asked_stage: Stage) -> None:
    """Who does not answer is signed out after a quarter of an hour, who agrees after 72 hours."""
    stage = asked_stage
    answer = await signed_in(stage)
    keep = button(answer.response, "Yes, accept for me")
    await stage.bob.click(answer.response, label="Yes, accept for me")
    await stage.pass_time(hours=73)
    assert await held(stage) == []
    assert not is_signed_in(stage)
    late = await unseen.press(stage.env, stage.bob, stage.world.get_access, keep)
    assert "That sign-in has expired" in said(late)
    view = await stage.slash(stage.bob, "my-plex")
    await stage.bob.click(view.response, label="Withdraw")
    await signed_in(stage)
    assert is_signed_in(stage)
    await stage.pass_time(minutes=16)
    assert await held(stage) == []
    assert not is_signed_in(stage)


@pytest.mark.parametrize("ends", ["denied", "withdrawn"])
async def test_what_comes_to_nothing_is_signed_out(asked_stage: Stage, ends: str) -> None:
    """A no, or a withdrawal, erases the token and signs it out at once."""
    stage = asked_stage
    answer = await signed_in(stage)
    await stage.bob.click(answer.response, label="Yes, accept for me")
    if ends == "denied":
        form = await stage.alice.click(stage.card(), label="Deny")
        await stage.alice.submit_modal(form, {"reason": ""})
    else:
        await stage.bob.click(answer.response, label="Withdraw")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == ends
    assert await held(stage) == []
    assert not is_signed_in(stage)


@pytest.mark.parametrize(
    ("said_by_plex", "read"),
    [
        ("Please verify your email address", "confirm your e-mail address first"),
        ("You must agree to the new terms", "agree to something first"),
        ("No", "Plex did not let me accept for you"),
    ],
)
async def test_plex_wants_something_first(
    open_house_stage: Stage, said_by_plex: str, read: str
) -> None:
    """The member reads what to do, with the link; once it is done the state follows by itself."""
    stage = open_house_stage
    body = f'{{"errors": [{{"message": "{said_by_plex}", "status": 422}}]}}'
    stage.plex.world.faults.add(
        Fault("POST /api/v2/shared_servers/*/accept", "status", status=422, body=body)
    )
    answer = await signed_in(stage)
    assert read in words(answer.response)
    assert "https://app.plex.tv" in words(answer.response)
    assert "Accept on Plex" in labels(answer.response)
    assert await stage.state_of(stage.bob) == "sent"
    assert not is_signed_in(stage)
    stage.plex.world.accept(stage.shares()[-1].share_id)
    await stage.pass_time(seconds=61)
    assert "You're in" in words(answer.response)


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_the_answer_to_accepting_is_lost(open_house_stage: Stage, kind: str) -> None:
    """It is looked for and tried again; nothing is accepted twice, nobody is told of it."""
    stage = open_house_stage
    stage.plex.world.faults.add(Fault("POST /api/v2/shared_servers/*/accept", kind, times=1))
    answer = await signed_in(stage)
    assert "I am accepting the invite for you" in words(answer.response)
    await stage.restart()
    await stage.pass_time(seconds=5)
    assert "You're in" in words(answer.response)
    assert await held(stage) == []
    assert not is_signed_in(stage)


async def test_somebody_else_was_invited(open_house_stage: Stage) -> None:
    """A share that is not the account's own is never accepted, and the member can do it by hand."""
    stage = open_house_stage
    stage.plex.world.faults.add(Fault("POST /api/v2/shared_servers/*/accept", "hang", times=1))
    answer = await signed_in(stage)
    [share] = stage.shares()
    share.account = next(one for one in stage.plex.world.accounts if one.id == CAROL)
    for _ in range(9):
        await stage.pass_time(seconds=40)
    assert not share.accepted
    assert "Plex did not let me accept for you" in words(answer.response)
    assert await held(stage) == []


async def test_withdrawn_while_it_is_sent(open_house_stage: Stage) -> None:
    """The share is taken back and the sign-in is over, whatever came first."""
    stage = open_house_stage
    stage.plex.world.faults.add(Fault("POST /api/servers/*/shared_servers", "drop_after", times=1))
    answer = await signed_in(stage)
    assert await stage.state_of(stage.bob) == "sending"
    await stage.bob.click(answer.response, label="Withdraw")
    await stage.pass_time(seconds=30)
    assert await stage.state_of(stage.bob) == "withdrawn"
    assert stage.shares() == []
    assert await held(stage) == []
    assert not is_signed_in(stage)


async def test_who_left_meanwhile_gets_nothing(open_house_stage: Stage) -> None:
    """Between the command and Plex's page the member is banned: no request, no share."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    stage.world.guild.remove_member(stage.bob)
    await confirm(stage, BOB)
    assert await stage.invite_of(stage.bob) is None
    assert stage.shares() == []
    assert "You have left this server" in words(answer.response)
    assert not is_signed_in(stage)
    assert ("failed", "sign_in.member_left") in await stage.run_sql(
        "SELECT state, problem_key FROM sign_in"
    )


async def test_who_was_sent_away_waits_for_the_admins(open_house_stage: Stage) -> None:
    """An account that an admin has turned away is not let in by itself, by whomever it is used."""
    stage = open_house_stage
    await stage.run_sql("UPDATE guild SET asking = 'freely', sign_in = false")
    await stage.active(stage.bob)
    await stage.slash(stage.alice, "access revoke", member=stage.bob)
    await stage.run_jobs()
    await stage.run_sql("UPDATE guild SET asking = 'signed_in', sign_in = true")
    answer = await stage.slash(stage.carol, "invite")
    await confirm(stage, BOB)
    assert "Your request is with the admins" in words(answer.response)
    assert await stage.state_of(stage.carol) == "requested"


async def test_the_account_of_a_typed_request(asked_stage: Stage) -> None:
    """Who has typed their account and signs in after all proves it, and need accept nothing."""
    stage = asked_stage
    answer = await stage.slash(stage.bob, "invite")
    opened = await stage.bob.click(answer.response, label="Use e-mail or username")
    await stage.bob.submit_modal(opened, {"login": "bob"})
    await confirm(stage, BOB)
    await stage.run_jobs()
    assert "signed in with Plex" in words(stage.card())
    await approved(stage)
    assert await stage.state_of(stage.bob) == "active"
    assert not is_signed_in(stage)


async def test_the_form_instead(open_house_stage: Stage) -> None:
    """Who types an account waits for the admins; a sign-in confirmed later changes nothing."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    opened = await stage.bob.click(answer.response, label="Use e-mail or username")
    await stage.bob.submit_modal(opened, {"login": "bob@example.org"})
    assert await stage.state_of(stage.bob) == "requested"
    await confirm(stage, CAROL)
    await stage.run_jobs()
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
    assert labels(answer.response) == ["Start again", "Use e-mail or username"]
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
    again = button(answer.response, "Start again")
    await stage.pass_time(minutes=13, seconds=11)
    assert "The sign-in on Plex was not confirmed in time" in words(answer.response)
    await stage.bob.click(answer.response, label="Start again")
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
    assert "You're in" in words(answer.response)


async def test_where_a_code_is_needed(asked_stage: Stage) -> None:
    """The code comes first, once for both ways; signing in is no way around it."""
    stage = asked_stage
    await stage.run_sql("UPDATE guild SET asking = 'with_code'")
    first = await made(stage)
    asked = await stage.slash(stage.bob, "invite")
    assert asked.modal is not None
    wrong = await stage.bob.submit_modal(asked, {"code": "NOT-THE-ONE"})
    assert "does not work here" in said(wrong)
    assert await stage.run_sql("SELECT id FROM sign_in") == []
    asked = await stage.slash(stage.bob, "invite")
    answer = await stage.bob.submit_modal(asked, {"code": first})
    assert "Your code is known already" in words(answer.response)
    await confirm(stage, BOB)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    [[uses]] = await stage.run_sql("SELECT uses FROM code")
    assert uses == 1


async def test_a_code_and_the_form(asked_stage: Stage) -> None:
    """With `/invite code` either way has the code; the form does not ask for it again."""
    stage = asked_stage
    answer = await stage.slash(stage.bob, "invite", code=await made(stage))
    form = await stage.bob.click(answer.response, label="Use e-mail or username")
    assert form.modal is not None
    await stage.bob.submit_modal(form, {"login": "bob@example.org"})
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert invite.code_id is not None
    assert invite.state == "approved"


async def test_switched_off(stage: Stage) -> None:
    """A guild may leave it at the form, which opens at once."""
    assert (await stage.slash(stage.bob, "invite")).modal is not None
    await post(stage)
    [panel] = panels(stage)
    assert (await stage.bob.click(panel, label="Get access")).modal is not None
    assert "sign in" not in words(panel)


async def test_plex_is_away(open_house_stage: Stage) -> None:
    """No PIN can be had: the member reads that, and may type the account instead."""
    stage = open_house_stage
    stage.plex.world.faults.add(Fault("POST /api/v2/pins", "drop_before", times=1))
    answer = await stage.slash(stage.bob, "invite")
    assert "does not work right now" in said(answer)
    assert labels(answer.response) == ["Use e-mail or username", "Try again"]
    assert await stage.run_sql("SELECT id FROM sign_in") == []
    await stage.bob.click(answer.response, label="Try again")
    assert "Sign in with Plex" in labels(answer.response)


async def test_discord_does_not_say_who_is_there(open_house_stage: Stage) -> None:
    """Whether the member is still there is asked again; after an hour the sign-in is over."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    stage.env.inject_error("GET", "/guilds/*/members/*", status=503, times=None)
    await confirm(stage, BOB)
    assert await stage.invite_of(stage.bob) is None
    assert is_signed_in(stage)
    await stage.pass_time(minutes=90)
    assert await held(stage) == []
    assert await stage.run_sql("SELECT state FROM sign_in") == [("expired",)]
    assert "Sign in with Plex" in labels(answer.response)


async def test_as_an_account_that_has_access(open_house_stage: Stage) -> None:
    """An account that somebody else here has access with is refused, without saying who."""
    stage = open_house_stage
    await stage.run_sql("UPDATE guild SET asking = 'freely', sign_in = false")
    await stage.active(stage.carol, "carol@example.org")
    await stage.run_sql("UPDATE guild SET asking = 'signed_in', sign_in = true")
    told = await refused_as(stage, CAROL)
    assert "already has access here" in told
    assert "Carol" not in told
    assert str(stage.carol.id) not in told
    await stage.run_jobs()
    assert not is_signed_in(stage)
    assert len(stage.shares()) == 1


async def test_two_members_at_once_as_one_account(open_house_stage: Stage) -> None:
    """Both have signed in at the same instant: one is in, the other reads that it is taken."""
    stage = open_house_stage
    services = stage.house.services
    known = []
    for who in (stage.bob, stage.carol):
        await stage.slash(who, "invite")
        [(id_,)] = await stage.run_sql("SELECT max(id) FROM sign_in")
        waits = await services.sign_ins.take(id_)
        assert waits is not None
        token = stage.plex.world.keys.allow_pin(waits.pin_id, BOB).token or ""
        account = PlexAccount(BOB, "bob", "bob@example.org")
        signed = await services.sign_ins.signed_in(waits, token, account)
        assert signed is not None
        known.append(signed)
    proofs = await asyncio.gather(*map(services.proving.settle, known))
    [refused] = [proof.refusal for proof in proofs if proof.refusal is not None]
    assert refused.key in {"login.taken", "invite.login_taken"}
    await stage.pass_time(seconds=3)
    states = {await stage.state_of(stage.bob), await stage.state_of(stage.carol)}
    assert states == {"active", None}
    assert len(stage.shares()) == 1
    assert await held(stage) == []


async def test_begun_twice_by_one_member(open_house_stage: Stage) -> None:
    """Started again, only the newer page counts, whichever is confirmed first."""
    stage = open_house_stage
    answer = await stage.slash(stage.bob, "invite")
    first = stage.plex.world.keys.pins[-1]
    await stage.bob.click(answer.response, label="Start again")
    second = stage.plex.world.keys.pins[-1]
    assert second.id != first.id
    stage.plex.world.keys.allow_pin(first.id, CAROL)
    await stage.pass_time(seconds=3)
    assert await stage.invite_of(stage.bob) is None
    await confirm(stage, BOB)
    await stage.run_jobs()
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert (invite.state, invite.account_id) == ("active", BOB)


@pytest.mark.parametrize("where", ["panel", "direct message"])
async def test_signing_in_from_the_panel(asked_stage: Stage, where: str) -> None:
    """Who has typed the account, and was invited, may still sign in: then nothing is to accept."""
    stage = asked_stage
    answer = await stage.ask(stage.bob, "bob@example.org")
    assert "Sign in with Plex" in labels(answer.response)
    await stage.run_jobs()
    await stage.pass_time(minutes=16)
    await approved(stage)
    assert await stage.state_of(stage.bob) == "sent"
    if where == "panel":
        shown = await stage.slash(stage.bob, "my-plex")
        pressed = await stage.bob.click(shown.response, label="Sign in with Plex")
    else:
        pressed = await stage.bob.user.click(stage.dms(stage.bob)[-1], label="Sign in with Plex")
    assert "Confirm it on Plex" in said(pressed)
    assert labels(pressed.response) == ["Sign in with Plex"]
    await confirm(stage, BOB)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert "You're in" in words(pressed.response)
    assert not is_signed_in(stage)
    shown = await stage.slash(stage.bob, "my-plex")
    assert "Sign in with Plex" not in labels(shown.response)


async def test_signing_in_from_the_panel_with_another_account(asked_stage: Stage) -> None:
    """It changes nothing: the invite waits for the account that it went to."""
    stage = asked_stage
    answer = await stage.ask(stage.bob, "bob@example.org")
    await stage.run_jobs()
    pressed = await stage.bob.click(answer.response, label="Sign in with Plex")
    await confirm(stage, CAROL)
    await stage.run_jobs()
    assert "Your request is with the admins" in words(pressed.response)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert not invite.is_proven
    assert not is_signed_in(stage)
    stage.plex.world.faults.add(Fault("POST /api/v2/pins", "drop_before", times=1))
    pressed = await stage.bob.click(answer.response, label="Sign in with Plex")
    assert "Plex did not answer me just now" in said(pressed)
