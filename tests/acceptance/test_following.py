"""What happens on Plex is followed, and told where the member looks."""

import unseen
from stage import Stage, labels, said, words

from sandbox.plex import Fault
from sandbox.plex.model import Invitation


async def test_an_acceptance_is_noticed(stage: Stage) -> None:
    """Within a minute of accepting, answer, card and ledger say so."""
    answer = await stage.sent(stage.bob)
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    await stage.pass_time(seconds=61)
    assert await stage.state_of(stage.bob) == "active"
    assert "You're in" in words(answer.response)
    assert "Active since" in words(stage.card())
    assert "Leave" in labels(answer.response)
    assert stage.dms(stage.bob) == []


async def test_plex_is_asked_rarely_while_nobody_is_awaited(stage: Stage) -> None:
    """Once everybody has accepted, a look every ten minutes is enough."""
    await stage.active(stage.bob)
    await stage.pass_time(minutes=10)
    stage.plex.world.requests.clear()
    for _ in range(9):
        await stage.pass_time(minutes=1)
    assert stage.plex.world.requests == []


async def test_plex_is_asked_seldom_while_nobody_has_access(stage: Stage) -> None:
    """Where nobody is invited, Plex is looked at now and then, for shares made by hand."""
    await stage.pass_time(minutes=2)
    stage.plex.world.requests.clear()
    for _ in range(3):
        await stage.pass_time(minutes=30)
    assert len(stage.plex.world.requests) == 3 * 2


async def test_leaving_on_plex_is_noticed(stage: Stage) -> None:
    """Who leaves on Plex may ask again; ledger and card say so."""
    await stage.active(stage.bob)
    stage.plex.world.leave(stage.shares()[0].share_id)
    await stage.pass_time(minutes=11)
    invite = await stage.invite_of(stage.bob)
    assert (invite.state, invite.end_reason) == ("ended", "removed_on_plex")
    assert "Ended: it was removed on Plex." in words(stage.card())
    assert "it was removed on Plex" in said(await stage.slash(stage.bob, "my-plex"))
    assert (await stage.slash(stage.bob, "invite")).modal is not None


async def test_a_decline_is_noticed(stage: Stage) -> None:
    """Who declines on Plex may ask again; the card says how it ended."""
    answer = await stage.sent(stage.bob)
    stage.plex.world.decline(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    invite = await stage.invite_of(stage.bob)
    assert (invite.state, invite.end_reason) == ("ended", "declined")
    assert "the invite was declined on Plex" in words(answer.response)
    assert "Ended: the invite was declined on Plex." in words(stage.card())
    assert "Your request is with the admins" in said(await stage.ask(stage.bob))


async def test_an_empty_answer_of_plex_declines_nobody(stage: Stage) -> None:
    """A listing that lacks somebody is no proof: the invite stays."""
    await stage.sent(stage.bob)
    stage.plex.world.faults.add(Fault("*", "empty_listing"))
    await stage.pass_time(seconds=61)
    assert await stage.state_of(stage.bob) == "sent"
    stage.plex.world.faults.clear()


async def test_a_share_that_plex_held_already(stage: Stage) -> None:
    """Who was shared with by hand before is taken over as active, without a second invite."""
    world = stage.plex.world
    by_hand = world.invite(Invitation(world.server.machine_identifier, login="bob@example.org"))
    world.accept(by_hand.share_id)
    answer = await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.pass_time(seconds=10)
    assert await stage.state_of(stage.bob) == "active"
    assert len(stage.shares()) == 1
    assert "You're in" in words(answer.response)


async def test_a_lost_answer_sends_no_second_invite(stage: Stage) -> None:
    """When Plex did it but its answer was lost, Helpr looks before it asks again."""
    await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault("POST /api/*shared_servers", "drop_after", times=1))
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    await stage.pass_time(seconds=10)
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.plex_changes()) == 1


# -- after the 15 minutes of a private answer ---------------------------------------------------


async def test_after_15_minutes_one_direct_message(stage: Stage) -> None:
    """News that comes late is told by DM; further news edits that same message."""
    answer = await stage.requested(stage.bob)
    before = words(answer.response)
    await stage.pass_time(minutes=16)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert words(answer.response) == before
    [dm] = stage.dms(stage.bob)
    assert "Now accept on Plex" in words(dm)
    assert labels(dm)[0] == "Accept on Plex"
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    [dm] = stage.dms(stage.bob)
    assert "You're in" in words(dm)
    assert "Leave" in labels(dm)


async def test_a_refusal_comes_by_direct_message_too(stage: Stage) -> None:
    """A denied member learns the reason although the answer is over."""
    await stage.requested(stage.bob)
    await stage.pass_time(minutes=16)
    form = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(form, {"reason": "Sorry, full."})
    await stage.run_jobs()
    [dm] = stage.dms(stage.bob)
    assert "Not this time" in words(dm)
    assert "Sorry, full." in words(dm).replace("\\", "")


async def test_a_fresh_answer_makes_a_direct_message_needless(stage: Stage) -> None:
    """Who has looked at /my-plex meanwhile reads the news there; no DM comes."""
    await stage.requested(stage.bob)
    await stage.pass_time(minutes=16)
    fresh = await stage.slash(stage.bob, "my-plex")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "Now accept on Plex" in words(fresh.response)
    assert stage.dms(stage.bob) == []


async def test_an_answer_that_was_dismissed(stage: Stage) -> None:
    """Where Discord no longer knows the private answer the news comes by DM at once."""
    await stage.requested(stage.bob)
    stage.env.inject_error(
        "PATCH", "/webhooks/*/messages/@original", status=404, code=10008, message="Unknown Message"
    )
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    [dm] = stage.dms(stage.bob)
    assert "Now accept on Plex" in words(dm)


async def test_closed_direct_messages(stage: Stage) -> None:
    """Who takes no DMs is not pursued; /my-plex tells, and its answer is kept up to date."""
    await stage.requested(stage.bob)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await stage.pass_time(minutes=16)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert stage.dms(stage.bob) == []
    shown = await stage.slash(stage.bob, "my-plex")
    assert "Now accept on Plex" in said(shown)
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    assert "You're in" in words(shown.response)
    assert (await stage.invite_of(stage.bob)).dm_closed
    tried = [r for r in stage.env.http_requests if r.path.endswith("/users/@me/channels")]
    await stage.pass_time(minutes=30)
    again = [r for r in stage.env.http_requests if r.path.endswith("/users/@me/channels")]
    assert len(again) == len(tried)


async def test_a_request_channel_that_cannot_be_written(stage: Stage) -> None:
    """When the card cannot be posted the request is still in the queue; the card comes later."""
    stage.env.inject_error(
        "POST",
        f"/channels/{stage.world.access_requests.id}/messages",
        status=403,
        code=50013,
        message="Missing Permissions",
    )
    await stage.requested(stage.bob)
    assert stage.cards() == []
    assert "1 request is waiting" in said(await stage.slash(stage.alice, "requests"))
    await stage.pass_time(minutes=6)
    assert len(stage.cards()) == 1
