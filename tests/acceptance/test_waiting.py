"""The waiting list as people see it: members, reviewers, admins."""

from typing import Any

from lives import my_plex
from stage import Stage, labels, refusal, words


def card_of(stage: Stage, who: Any) -> Any:
    """The review card of somebody."""
    return next(card for card in stage.cards() if f"<@{who.id}>" in words(card))


async def approve(stage: Stage, who: Any, login: str) -> Any:
    """Somebody has asked, Alice has pressed Approve: the private answer."""
    answer = await stage.requested(who, login)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    return answer


async def test_a_seat_comes_free(stage: Stage) -> None:
    """Place in line, promotion, the time to take it, and the next one after that."""
    await stage.run_sql("UPDATE plex_link SET seats = 1")
    await stage.active(stage.bob)
    dora = await stage.join("dora")
    await approve(stage, stage.carol, "carol@example.org")
    await approve(stage, dora, "dora@example.org")
    assert len(stage.shares()) == 1
    # What members read.
    text, buttons = await my_plex(stage, stage.carol)
    assert "Approved! You are on the waiting list" in text
    assert "Next in line." in text
    assert "Withdraw" in buttons
    text, _ = await my_plex(stage, dora)
    assert "1 person is ahead in line." in text
    # What staff read.
    card = card_of(stage, dora)
    assert "waits for the next one" in words(card)
    assert "1 person is ahead in line." in words(card)
    assert {"Let in now", "Deny"} <= set(labels(card))
    assert "Nobody is waiting" in words((await stage.slash(stage.alice, "requests")).response)
    assert "2 people are approved and wait" in words(
        (await stage.slash(stage.alice, "requests")).response
    )
    assert "2 waiting" in words((await stage.slash(stage.alice, "tier list")).response)
    assert "Waiting list: **2**" in words((await stage.slash(stage.alice, "dashboard")).response)
    async with stage.nothing_changes():
        full = refusal(await stage.alice.click(card_of(stage, dora), label="Let in now"))
        assert "is full" in full
    # Bob's access ends: Carol is next, and has two days.
    await stage.slash(stage.alice, "access revoke", member=stage.bob)
    await stage.run_jobs()
    assert await stage.state_of(stage.carol) == "sent"
    assert await stage.state_of(dora) == "waitlisted"
    text, _ = await my_plex(stage, stage.carol)
    assert "Your seat is kept until" in text
    assert "the seat is kept until" in words(card_of(stage, stage.carol))
    assert "Next in line." in words(card_of(stage, dora))
    await stage.pass_time(hours=49)
    await stage.run_jobs()
    assert await stage.state_of(stage.carol) == "ended"
    assert await stage.state_of(dora) == "sent"
    assert "Ended: it was never accepted." in words(card_of(stage, stage.carol))
    [share] = stage.shares()
    stage.plex.world.accept(share.share_id)
    await stage.pass_time(seconds=61)
    assert await stage.state_of(dora) == "active"


async def test_who_waits_is_told_anew_when_the_seat_is_there(stage: Stage) -> None:
    """After the private answer is over: one message that they wait, and a new one in its place."""
    await stage.run_sql("UPDATE plex_link SET seats = 1")
    await stage.active(stage.bob)
    await stage.requested(stage.carol, "carol@example.org")
    await stage.pass_time(minutes=16)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    [first] = stage.dms(stage.carol)
    assert "Next in line." in words(first)
    await stage.slash(stage.alice, "access revoke", member=stage.bob)
    await stage.run_jobs()
    [second] = stage.dms(stage.carol)
    assert "Now accept on Plex" in words(second)
    assert second.id != first.id
    # A guild without a list refuses as before, and whoever waits is let out by Deny.
    dora = await stage.join("dora")
    await approve(stage, dora, "dora@example.org")
    assert await stage.state_of(dora) == "waitlisted"
    await stage.run_sql("UPDATE guild SET waiting_list = false")
    eve = await stage.join("eve")
    await stage.requested(eve, "eve@example.org")
    async with stage.nothing_changes():
        assert "is full" in refusal(await stage.alice.click(stage.card(), label="Approve"))
    form = await stage.alice.click(card_of(stage, dora), label="Deny")
    await stage.alice.submit_modal(form, {"reason": "No room"})
    await stage.run_jobs()
    assert await stage.state_of(dora) == "denied"


async def test_who_leaves_while_waiting_gets_no_seat(stage: Stage) -> None:
    """Passed over while they are away, next again when they are back, out after the grace."""
    await stage.run_sql("UPDATE plex_link SET seats = 1")
    await stage.active(stage.bob)
    dora = await stage.join("dora")
    await approve(stage, stage.carol, "carol@example.org")
    await approve(stage, dora, "dora@example.org")
    stage.world.guild.remove_member(stage.carol)
    await stage.pass_time(hours=4)
    assert "Has left the server" in words(card_of(stage, stage.carol))
    assert "Next in line." in (await my_plex(stage, dora))[0]
    await stage.slash(stage.alice, "access revoke", member=stage.bob)
    await stage.run_jobs()
    assert await stage.state_of(stage.carol) == "waitlisted"
    assert await stage.state_of(dora) == "sent"
    # Back in time: the next seat is hers.
    stage.env.backend.add_member(stage.world.guild.id, stage.carol.id)
    await stage.pass_time(hours=4)
    eve = await stage.join("eve")
    await approve(stage, eve, "eve@example.org")
    assert "Next in line." in (await my_plex(stage, stage.carol))[0]
    assert "Welcome back" not in "".join(words(message) for message in stage.dms(stage.carol))
    # Gone for good: nobody waits behind her, and no seat is kept.
    stage.world.guild.remove_member(stage.carol)
    await stage.pass_time(hours=4)
    await stage.slash(stage.alice, "access revoke", member=dora)
    await stage.run_jobs()
    assert await stage.state_of(eve) == "sent"
    await stage.pass_time(days=7)
    await stage.pass_time(hours=4)
    assert await stage.state_of(stage.carol) == "withdrawn"
