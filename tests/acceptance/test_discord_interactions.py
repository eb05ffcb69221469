"""Interactions that come too late, twice, or through a bad line: no second deed, no riddles."""

from typing import Any

import pytest
import unseen
from stage import Stage, refusal, said, words

CALLBACK = "/interactions/*/callback"
BAD_LUCK = [
    pytest.param(404, 10062, id="expired"),
    pytest.param(400, 40060, id="acknowledged"),
]


def spoil(stage: Stage, status: int, code: int, times: int = 1) -> None:
    """Discord takes no acknowledgement."""
    stage.env.inject_error("POST", CALLBACK, status=status, code=code, times=times)


async def told_of(stage: Stage) -> list[tuple[str, int]]:
    """What the audit log has, by action."""
    return await stage.run_sql("SELECT action, count(*) FROM audit_event GROUP BY 1 ORDER BY 1")


def quiet(stage: Stage) -> bool:
    """Nothing in the log is louder than a warning, and nothing has a traceback."""
    return not any("exception" in event for event in stage.diary.events) and not (
        stage.diary.of_level("error", "critical")
    )


# -- too late, or somebody else's -----------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), BAD_LUCK)
async def test_a_late_approval_is_not_begun(stage: Stage, status: int, code: int) -> None:
    """What could not be acknowledged was not done; the button works at the next press."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        spoil(stage, status, code)
        await stage.alice.click(stage.card(), label="Approve")
    assert quiet(stage)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()) == 1


@pytest.mark.parametrize(("status", "code"), BAD_LUCK)
async def test_a_late_request_is_not_begun(stage: Stage, status: int, code: int) -> None:
    """The form that Discord gave up on stores nothing; the next /invite opens it again."""
    shown = await stage.slash(stage.bob, "invite")
    async with stage.nothing_changes():
        spoil(stage, status, code)
        await stage.bob.submit_modal(shown, {"login": "bob@example.org"})
    assert quiet(stage)
    assert "Your request is with the admins" in said(await stage.requested(stage.bob))


@pytest.mark.parametrize(("status", "code"), BAD_LUCK)
async def test_a_late_withdrawal_is_not_begun(stage: Stage, status: int, code: int) -> None:
    """The same for taking a request back."""
    answer = await stage.requested(stage.bob)
    async with stage.nothing_changes():
        spoil(stage, status, code)
        await stage.bob.click(answer.response, label="Withdraw")
    assert quiet(stage)
    await stage.bob.click(answer.response, label="Withdraw")
    assert await stage.state_of(stage.bob) == "withdrawn"


@pytest.mark.parametrize("name", ["my-plex", "invite", "requests", "plex status"])
async def test_a_late_command_says_nothing_and_breaks_nothing(stage: Stage, name: str) -> None:
    """Commands that only show leave no trace in the log but a line."""
    await stage.requested(stage.bob)
    spoil(stage, 404, 10062)
    await stage.alice.slash(stage.world.access_requests, name)
    assert quiet(stage)
    # The queue's driver may complain that a test ends its worker in the midst of a query.
    warned = [one for one in stage.diary.of_level("warning") if one["logger"].startswith("bot")]
    assert [line["event"] for line in warned] == ["interaction.over"]
    stage.forgive()


async def test_done_but_not_shown(stage: Stage) -> None:
    """A request whose answer Discord refused is stored once; the next command shows it."""
    shown = await stage.slash(stage.bob, "invite")
    stage.env.inject_error(
        "PATCH", "/webhooks/*/messages/@original", status=401, code=50027, times=1
    )
    await stage.bob.submit_modal(shown, {"login": "bob@example.org"})
    assert quiet(stage)
    assert await stage.state_of(stage.bob) == "requested"
    again = await stage.slash(stage.bob, "invite")
    assert "Your request is with the admins" in said(again)
    assert await told_of(stage) == [("invite.requested", 1), ("plex.connected", 1)]


async def test_a_private_page_that_was_dismissed(stage: Stage) -> None:
    """Approving on a page that its reader has closed approves; nobody is told of an error."""
    await stage.requested(stage.bob)
    page = await stage.slash(stage.alice, "requests")
    stage.env.inject_error(
        "PATCH", "/webhooks/*/messages/@original", status=404, code=10008, times=1
    )
    pressed = await stage.alice.click(page.response, label="Approve")
    assert pressed.followups == []
    assert quiet(stage)
    assert await stage.state_of(stage.bob) == "approved"


# -- a bad line -----------------------------------------------------------------------------------


async def test_discord_fails_at_the_answer(stage: Stage) -> None:
    """What Discord's failure leaves unclear is said so, without a reference; the deed is done."""
    await stage.requested(stage.bob)
    page = await stage.slash(stage.alice, "requests")
    stage.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=503, times=1)
    pressed = await stage.alice.click(page.response, label="Approve")
    assert "Discord did not take my answer" in refusal(pressed)
    assert "reference" not in refusal(pressed)
    assert quiet(stage)
    assert await stage.state_of(stage.bob) == "approved"


async def test_a_request_whose_answer_was_lost_is_shown_after_all(stage: Stage) -> None:
    """The panel that Discord did not take comes 10 s later, by the job."""
    shown = await stage.slash(stage.bob, "invite")
    stage.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=503, times=2)
    answer = await stage.bob.submit_modal(shown, {"login": "bob@example.org"})
    assert await stage.state_of(stage.bob) == "requested"
    for _ in range(3):
        await stage.pass_time(seconds=11)
    assert "Your request is with the admins" in words(answer.response)
    assert quiet(stage)


async def test_nothing_gets_through(stage: Stage) -> None:
    """Where not even the apology can be delivered there is a line in the log, and no more."""
    await stage.requested(stage.bob)
    stage.env.inject_error("POST", CALLBACK, status=500, times=None)
    async with stage.nothing_changes():
        await stage.alice.click(stage.card(), label="Approve")
    stage.env.backend.faults.clear()
    assert quiet(stage)
    await stage.alice.click(stage.card(), label="Approve")
    assert await stage.state_of(stage.bob) == "approved"


# -- twice ----------------------------------------------------------------------------------------


async def test_an_approval_that_is_delivered_twice(stage: Stage) -> None:
    """One decision, one share, one line in the log of decisions, and nobody reads an error."""
    await stage.requested(stage.bob)
    with unseen.delivered_twice(stage.env):
        pressed = await stage.alice.click(stage.card(), label="Approve")
    assert pressed.followups == []
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.plex_changes()) == 1
    assert ("invite.approved", 1) in await told_of(stage)
    assert quiet(stage)


async def test_a_request_that_is_delivered_twice(stage: Stage) -> None:
    """One request and one card; the member reads that it is with the admins."""
    shown = await stage.slash(stage.bob, "invite")
    with unseen.delivered_twice(stage.env):
        answer = await stage.bob.submit_modal(shown, {"login": "bob@example.org"})
    assert "Your request is with the admins" in said(answer)
    assert answer.followups == []
    await stage.run_jobs()
    assert len(stage.cards()) == 1
    assert ("invite.requested", 1) in await told_of(stage)


async def test_a_denial_and_a_withdrawal_that_are_delivered_twice(stage: Stage) -> None:
    """The same for the form with the reason, and for taking a request back."""
    answer = await stage.requested(stage.carol, "carol")
    await stage.requested(stage.bob)
    with unseen.delivered_twice(stage.env):
        form = await stage.alice.click(stage.card(), label="Deny")
        assert form.modal is not None
        denied = await stage.alice.submit_modal(form, {"reason": "No"})
        withdrawn = await stage.carol.click(answer.response, label="Withdraw")
    assert denied.followups == withdrawn.followups == []
    assert "Request withdrawn" in said(withdrawn)
    lines = dict(await told_of(stage))
    assert (lines["invite.denied"], lines["invite.withdrawn"]) == (1, 1)


async def test_every_command_delivered_twice_answers_once(stage: Stage) -> None:
    """Showing commands answer as usual."""
    await stage.requested(stage.bob)
    with unseen.delivered_twice(stage.env):
        for name in ("requests", "plex status", "my-plex", "plex connect"):
            shown = await stage.slash(stage.alice, name)
            assert shown.followups == []
            assert "reference" not in said(shown)
        form = await stage.slash(stage.carol, "invite")
        assert form.modal is not None
    assert quiet(stage)


async def test_a_second_delivery_costs_no_budget(make_stage: Any) -> None:
    """A member's limits count what they did, not how often Discord said so."""
    stage = await make_stage(limits={"all_per_hour": 3})
    with unseen.delivered_twice(stage.env):
        for _ in range(3):
            shown = await stage.slash(stage.bob, "my-plex")
            assert "You have not asked for access yet" in said(shown)
    assert "That was a lot at once" in refusal(await stage.slash(stage.bob, "my-plex"))


async def test_two_processes_meet_everything(stage: Stage) -> None:
    """Where another process has met it too, no memory helps: the ledger lets one deed through."""
    stage.bot.door.is_new = lambda _interaction: True
    with unseen.delivered_twice(stage.env):
        shown = await stage.slash(stage.bob, "invite")
        asked = await stage.bob.submit_modal(shown, {"login": "bob@example.org"})
        shown = await stage.slash(stage.carol, "invite")
        other = await stage.carol.submit_modal(shown, {"login": "carol"})
        dave = await stage.join("dave")
        await stage.ask(dave, "dave")
        await stage.run_jobs()
        approved = await stage.alice.click(stage.cards()[0], label="Approve")
        withdrawn = await stage.carol.click(other.response, label="Withdraw")
        form = await stage.alice.click(stage.card(), label="Deny")
        denied = await stage.alice.submit_modal(form, {"reason": "No"})
    assert all(one.followups == [] for one in (asked, other, approved, withdrawn, denied))
    await stage.run_jobs()
    lines = dict(await told_of(stage))
    assert lines["invite.requested"] == 3
    decided = ("invite.approved", "invite.withdrawn", "invite.denied")
    assert [lines[name] for name in decided] == [1, 1, 1]
    assert len(stage.plex_changes()) == 1
    assert len(stage.cards()) == 3
    assert quiet(stage)
    stage.forgive()
