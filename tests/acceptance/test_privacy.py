"""What must never be seen: addresses, Plex's and Discord's tokens, the keys of the house."""

import json
from collections.abc import Awaitable, Callable

import pytest
import unseen
from stage import Stage, refusal, said, words

from bot import log
from sandbox.plex import Fault

MakeStage = Callable[..., Awaitable[Stage]]
BOT_TOKEN = "MTA5ODc2NTQzMjEwOTg3NjU0Mw.GhIjKl.abcdefghijklmnopqrstuvwxyz0123456789AB"
ADDRESSES = (
    "bob@example.org",
    "robert.smith@example.com",
    "carol@example.org",
    "dave@example.org",
    "erin@example.org",
    "owner@example.org",
    "bob@@wrong.example.org",
)
SHARING = "POST /api/*shared_servers"


async def live_through_everything(stage: Stage) -> None:
    """Every flow there is, the failing ones included."""
    plex = stage.plex.world
    # Bob: wrong input, then the whole story, told by a direct message in the end.
    for login in ("bob@@wrong.example.org", "owner@example.org", "bo b", "bob\u200b@example.org"):
        refusal(await stage.ask_with(stage.bob, login, "I am robert.smith@example.com"))
    await stage.ask(stage.bob, "bob@example.org", "I am robert.smith@example.com")
    await stage.run_jobs()
    refusal(await stage.ask(stage.carol, "bob@example.org"))
    plex.faults.add(Fault(SHARING, "status", status=500, body="<x>bob@example.org</x>", times=1))
    plex.faults.add(Fault(SHARING, "drop_after", times=1))
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    await stage.pass_time(seconds=10)
    await stage.pass_time(seconds=20)
    assert await stage.state_of(stage.bob) == "sent"
    await stage.pass_time(minutes=16)
    plex.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    assert "You're in" in words(stage.dms(stage.bob)[0])
    # Carol: denied, asks again, withdraws what was sent.
    await stage.requested(stage.carol, "carol@example.org")
    form = await stage.rita.click(stage.card(), label="Deny")
    await stage.rita.submit_modal(form, {"reason": "carol@example.org is not on the list"})
    await stage.run_jobs()
    answer = await stage.sent(stage.carol, "carol@example.org")
    await stage.restart()
    await stage.bob.user.send_dm("bob@example.org")
    await stage.carol.click(answer.response, label="Withdraw")
    await stage.run_jobs()
    # Dave: a dead token, a Plex that is away, closed direct messages.
    dave = await stage.join("dave")
    unseen.stop_receiving_dms(stage.env, dave)
    await stage.requested(dave, "dave@example.org")
    plex.revoke_token()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    for command in ("plex status", "plex connect", "plex libraries", "requests"):
        said(await stage.slash(stage.alice, command))
    plex.mend_token()
    gone = plex.faults.add(Fault("*", "drop_before"))
    await stage.pass_time(minutes=16)
    plex.faults.remove(gone)
    await stage.pass_time(minutes=10)
    # Erin: what Plex refuses, what Discord refuses, what nobody has foreseen.
    erin = await stage.join("erin")
    await stage.requested(erin, "nobody-has-this-name")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    stage.env.inject_error(
        "PATCH", "/webhooks/*", status=400, code=50035, message="erin@example.org"
    )
    answer = await stage.ask_with(erin, "erin@example.org", "")
    assert "tell an admin this reference" in refusal(answer)
    stage.env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
    await stage.run_jobs()
    await stage.pass_time(minutes=6)
    refusal(await stage.slash_hidden(stage.bob, "plex connect"))
    refusal(await unseen.command(stage.env, erin.user, erin.user.dm_channel, "invite"))


def secrets_of(stage: Stage) -> set[str]:
    """Everything that opens a door."""
    plex = stage.plex.world
    return {
        BOT_TOKEN,
        stage.plex.owner_token,
        plex.server.access_token,
        *(account.token for account in plex.accounts),
        *(share.access_token for share in plex.shares),
        *(share.invite_token for share in plex.shares),
        *stage.env.backend.interaction_tokens,
        *(key.get_secret_value() for key in [stage.house.settings.secret_key] if key),
    }


@pytest.fixture(params=["json", "console"])
async def lived(request: pytest.FixtureRequest, make_stage: MakeStage) -> Stage:
    """A stage on which everything has happened, with a log in either format."""
    log.setup(request.param, "debug" if request.param == "console" else "info")
    stage = await make_stage(discord={"token": BOT_TOKEN})
    await live_through_everything(stage)
    return stage


async def test_nothing_secret_is_seen_anywhere(lived: Stage) -> None:
    """After everything there is: the log, the channels, the texts, the ledger."""
    await check_the_log(lived)
    check_what_was_shown(lived)
    await check_the_database(lived)
    # The unforeseen failure above was meant.
    lived.forgive()


async def check_the_log(stage: Stage) -> None:
    """The log tells what happened, and neither an address nor a token."""
    text = "\n".join(stage.diary.lines)
    for event in (
        "interaction",
        "interaction.refused",
        "interaction.failed",
        "share.sent",
        "share.failed",
        "plex.token_refused",
        "cards.blocked",
        "RequestForm",
        "Approve",
        "DenyForm",
        "Withdraw",
        "plex status",
        "share_invite",
    ):
        assert event in text, f"the log does not tell of {event}"
    assert len(stage.diary.lines) > 40
    for secret in (*secrets_of(stage), *ADDRESSES, "robert.smith", "nobody-has-this-name"):
        assert secret not in text, secret
    for failed in (line for line in stage.diary.lines if "interaction.failed" in line):
        assert "Traceback" in failed or "frames" in failed


def check_what_was_shown(stage: Stage) -> None:
    """No request to Discord carries a secret; an address goes to its owner's eyes alone."""
    for request in stage.env.http_requests:
        body = json.dumps(request.json, ensure_ascii=False)
        for secret in secrets_of(stage):
            assert secret not in body, request.path
        if "/messages" in request.path and not request.path.startswith("/webhooks"):
            told_by_dm = request.path.split("/")[2] in dm_channels(stage)
            plain = body.replace("\\\\", "")
            for address in ADDRESSES:
                assert told_by_dm or address not in plain, request.path


def dm_channels(stage: Stage) -> set[str]:
    """The ids of the channels of direct messages."""
    return {str(channel) for channel in stage.env.backend.dm_channels.values()}


async def check_the_database(stage: Stage) -> None:
    """At rest addresses, names, notes and tokens are sealed; jobs hold ids alone."""
    tables = await stage.run_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    kept = ""
    for (table,) in tables:
        rows = await stage.run_sql(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - names of our own
        kept += "\n".join(text for (text,) in rows)
    assert "invite.requested" in kept
    for secret in (*secrets_of(stage), *ADDRESSES, "robert.smith", "nobody-has-this-name"):
        # bytea is printed in hexadecimal.
        assert secret not in kept, secret
        assert secret.encode().hex() not in kept, secret
    for (args,) in await stage.run_sql("SELECT args FROM procrastinate_jobs"):
        assert all(isinstance(value, int) for value in json.loads(args).values()), args


async def test_a_reference_leads_from_the_person_to_the_log(stage: Stage) -> None:
    """Who reads a reference can be helped: the log has the failure under it."""
    stage.env.inject_error("PATCH", "/webhooks/*", status=400, code=50035, message="Bad form")
    answer = await stage.slash_hidden(stage.bob, "my-plex")
    sentence = words(answer.response)
    assert "Something went wrong on my side" in sentence
    shown = sentence.split("`")[1]
    [failed] = stage.diary.of_level("error")
    assert (failed["event"], failed["ref"]) == ("interaction.failed", shown)
    begun = [event for event in stage.diary.events if event.get("ref") == shown]
    assert begun[0]["event"] == "interaction"
    assert (begun[0]["action"], begun[0]["user"]) == ("my-plex", stage.bob.id)
    stage.forgive()


async def test_every_line_of_a_job_carries_a_reference(stage: Stage) -> None:
    """What a job logs can be told apart from what another one logs."""
    stage.plex.world.faults.add(Fault(SHARING, "status", status=503, times=1))
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    failed = next(event for event in stage.diary.events if event["event"] == "share.failed")
    assert len(failed["ref"]) == 8
    assert failed["job"] == "share_invite"
