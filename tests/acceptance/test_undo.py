"""Taking an approval back while it was not sent yet."""

import asyncio

import unseen
from stage import Stage, button, labels, refusal, said, words


async def wait_before_sending(stage: Stage, seconds: int) -> None:
    """The guild lets approvals wait for so long."""
    shown = await stage.slash(stage.alice, "settings")
    page = await stage.alice.select(shown.response, values=["undo_seconds"])
    form = await stage.alice.click(page.response, label="Change")
    saved = await stage.alice.submit_modal(form, {"value": str(seconds)})
    assert f"{seconds} seconds" in said(saved)


async def test_an_approval_that_waits_can_be_undone(stage: Stage) -> None:
    """With a time to undo, nothing is sent before it is over, and the request can wait again."""
    await wait_before_sending(stage, 30)
    answer = await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "approved"
    assert "until then the approval can be undone" in words(stage.card())
    assert labels(stage.card()) == ["Undo"]
    await stage.rita.click(stage.card(), label="Undo")
    await stage.pass_time(seconds=60)
    invite = await stage.invite_of(stage.bob)
    assert (invite.state, invite.decided_by) == ("requested", None)
    assert labels(stage.card()) == ["Approve", "Deny", "Show address"]
    assert "Your request is with the admins" in words(answer.response)
    assert stage.plex_changes() == []
    history = await stage.run_sql("SELECT action, actor_id FROM audit_event ORDER BY id DESC")
    assert history[0] == ("invite.undone", stage.rita.id)


async def test_too_late_to_undo(stage: Stage) -> None:
    """Once it is on its way to Plex, the button says so and changes nothing."""
    await wait_before_sending(stage, 10)
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    undo = button(stage.card(), "Undo")
    await stage.pass_time(seconds=11)
    assert await stage.state_of(stage.bob) == "sent"
    assert labels(stage.card()) == []
    async with stage.nothing_changes():
        pressed = await unseen.press(stage.env, stage.rita, stage.world.access_requests, undo)
        assert "Too late to undo: this request is invited, not accepted yet." in refusal(pressed)


async def test_undo_while_plex_is_away(stage: Stage) -> None:
    """An approval that waits for Plex can be undone too, and is not sent when Plex is back."""
    stage.plex.world.revoke_token()
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    invite = await stage.invite_of(stage.bob)
    assert invite.state in {"approved", "sending"}
    if invite.state == "approved":
        await stage.alice.click(stage.card(), label="Undo")
        await stage.run_jobs()
        assert await stage.state_of(stage.bob) == "requested"


async def test_undo_from_the_queue(stage: Stage) -> None:
    """Whoever decides in /requests finds the way back right there."""
    await wait_before_sending(stage, 30)
    await stage.requested(stage.bob)
    page = await stage.slash_hidden(stage.rita, "requests")
    page = await stage.rita.click(page.response, label="Approve")
    assert "approved" in said(page)
    page = await stage.rita.click(page.response, label="Undo")
    assert "1 request is waiting" in said(page)
    assert labels(page.response)[:2] == ["Approve", "Deny"]


async def test_undo_and_sending_at_the_same_moment(stage: Stage) -> None:
    """Either it is sent, or it waits again; never both."""
    for name in ("dave", "erin", "frank", "grace"):
        person = await stage.join(name)
        await stage.requested(person, name)
        async with stage.house.ledger.begin() as work:
            invite = await work.invites.latest_of(stage.world.guild.id, person.id)
        await stage.alice.click(stage.card(), label="Approve")
        undo = {"type": 2, "custom_id": f"helpr:undo:{invite.id}:{invite.version + 1}:card"}
        await asyncio.gather(
            unseen.press(stage.env, stage.rita, stage.world.access_requests, undo),
            stage.house.services.sending.begin(invite.id),
        )
        state = await stage.state_of(person)
        assert state in {"requested", "sending"}
        # Whoever has claimed the sending dies with it; its claim is over a while later.
        await stage.pass_time(seconds=21)
        shared = [share for share in stage.shares() if share.username == name]
        assert bool(shared) is (state == "sending")
