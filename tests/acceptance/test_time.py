"""What time brings: access that ends at its instant, a reminder, and invites nobody accepts."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import unseen
from lives import access, dm, guild_sets, lasting, my_plex, panel, suspended, until
from stage import Stage, labels, words

from sandbox.plex import Fault


async def ledger_end(stage: Stage) -> Any:
    """When Bob's access ends."""
    return (await stage.invite_of(stage.bob)).expires_at


# -- the end ------------------------------------------------------------------------------------


async def test_access_ends_at_its_instant(stage: Stage) -> None:
    """One second before, everything is as it was; at the instant Plex takes the share back."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    end = await ledger_end(stage)
    assert timedelta(days=29, hours=23) < end - stage.clock.now() <= timedelta(days=30)
    assert f"Ends <t:{int(end.timestamp())}:R>" in words(stage.card())
    await until(stage, stage.bob, seconds=2)
    assert stage.clock.now() < end
    assert await stage.state_of(stage.bob) == "active"
    assert len(stage.shares()) == 1
    assert (await stage.invite_of(stage.bob)).change is None
    await until(stage, stage.bob, seconds=-1)
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    assert "Ended: the time was over." in words(stage.card())
    text, buttons = await my_plex(stage, stage.bob)
    assert "Ended: the time was over." in text
    assert "You can ask again with /invite." in text
    assert buttons == ["Renew", "Language", "Direct messages: on", "My data"]
    # The last of them; before it came the reminder.
    assert "Ended: the time was over." in words(stage.dms(stage.bob)[-1])


async def test_access_ends_across_a_restart(stage: Stage) -> None:
    """A process that was away at the instant ends access as soon as it is back, not before."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, minutes=1)
    await stage.restart()
    assert await stage.state_of(stage.bob) == "active"
    assert len(stage.shares()) == 1
    end = await ledger_end(stage)
    stage.clock.advance(seconds=120)
    await stage.restart()
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    assert end < (await stage.invite_of(stage.bob)).ended_at


async def test_time_runs_from_the_acceptance(stage: Stage) -> None:
    """Days that an invite waited on Plex are not counted, nor are those before the approval."""
    await lasting(stage, 30)
    await stage.sent(stage.bob)
    assert await ledger_end(stage) is None
    await stage.pass_time(days=10)
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(minutes=11)
    left = await ledger_end(stage) - stage.clock.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)


async def test_a_pause_does_not_stop_the_clock(stage: Stage) -> None:
    """What is suspended ends at the same instant; it is not restored by that."""
    await lasting(stage, 30)
    await suspended(stage, stage.bob)
    end = await ledger_end(stage)
    text, _ = await my_plex(stage, stage.bob)
    assert f"<t:{int(end.timestamp())}:R>" in text
    await until(stage, stage.bob, seconds=-1)
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []


async def test_a_restore_does_not_lengthen(stage: Stage) -> None:
    """A fresh acceptance after a pause leaves the end where it was."""
    await lasting(stage, 30)
    await suspended(stage, stage.bob)
    end = await ledger_end(stage)
    await stage.pass_time(days=5)
    stage.plex.world.fresh_acceptance = True
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(minutes=2)
    assert await stage.state_of(stage.bob) == "active"
    assert await ledger_end(stage) == end


async def test_extended_a_moment_before_the_end(stage: Stage) -> None:
    """The old instant passes, and nothing happens to the share."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    [share] = stage.shares()
    await until(stage, stage.bob, seconds=3)
    await access(stage, "extend", stage.bob, until="1 day")
    await stage.pass_time(minutes=10)
    assert await stage.state_of(stage.bob) == "active"
    assert stage.shares() == [share]
    await until(stage, stage.bob, seconds=-1)
    assert await stage.state_of(stage.bob) == "ended"


async def test_a_tier_without_days_has_no_end(stage: Stage) -> None:
    """Nothing is said about an end, and nothing ends."""
    await stage.active(stage.bob)
    assert await ledger_end(stage) is None
    assert "Ends" not in words(stage.card())
    await stage.pass_time(days=4000)
    assert await stage.state_of(stage.bob) == "active"


async def test_the_end_while_plex_is_down(stage: Stage) -> None:
    """It is not said to be over before Plex says so; it is tried until it is."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    stage.plex.world.faults.add(Fault("*", "status", status=503))
    await until(stage, stage.bob, seconds=-1)
    assert await stage.state_of(stage.bob) == "active"
    assert "Access is being taken back: the time was over." in words(stage.card())
    assert "Your access is ending" in dm(stage, stage.bob)
    stage.plex.world.faults.clear()
    await stage.pass_time(minutes=1)
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    assert "Ended: the time was over." in dm(stage, stage.bob)


async def test_asking_anew_after_the_end(stage: Stage) -> None:
    """Who has expired may ask, and gets a whole new time."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, seconds=-1)
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    left = await ledger_end(stage) - stage.clock.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    assert len(stage.dms(stage.bob)) == 1


async def test_the_same_time_of_day_across_a_change_of_the_clocks(stage: Stage) -> None:
    """Where the server is at home access ends at the hour at which it began."""
    await guild_sets(stage, timezone="Europe/Berlin")
    await lasting(stage, 182)
    await stage.active(stage.bob)
    berlin = ZoneInfo("Europe/Berlin")
    invite = await stage.invite_of(stage.bob)
    begun, end = invite.active_at.astimezone(berlin), invite.expires_at.astimezone(berlin)
    assert (end.date() - begun.date()).days == 182
    assert end.replace(tzinfo=None).time() == begun.replace(tzinfo=None).time()


# -- the reminder -------------------------------------------------------------------------------


async def told_by_dm(stage: Stage) -> Any:
    """Bob was invited long after he had asked, so that a direct message told him: that message."""
    await stage.requested(stage.bob)
    await stage.pass_time(minutes=16)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    [message] = stage.dms(stage.bob)
    assert "Now accept on Plex" in words(message)
    return message


async def test_a_reminder_after_three_days(stage: Stage) -> None:
    """It is a new message, so that it notifies, and the older one goes: one message a matter."""
    first = await told_by_dm(stage)
    await stage.pass_time(days=2, hours=23)
    assert [message.id for message in stage.dms(stage.bob)] == [first.id]
    await stage.pass_time(hours=2)
    [second] = stage.dms(stage.bob)
    assert second.id != first.id
    assert "Your invite still waits on Plex" in words(second)
    assert labels(second)[0] == "Accept on Plex"
    assert "reminded the member to accept" in (await panel(stage, stage.bob))[0]
    await stage.pass_time(days=5)
    assert [message.id for message in stage.dms(stage.bob)] == [second.id]


async def test_a_reminder_where_there_was_no_message(stage: Stage) -> None:
    """Who was told by the private answer gets a first direct message now."""
    await stage.sent(stage.bob)
    assert stage.dms(stage.bob) == []
    await stage.pass_time(days=3, minutes=1)
    assert "Your invite still waits on Plex" in dm(stage, stage.bob)


async def test_after_the_reminder_the_same_message_tells(stage: Stage) -> None:
    """The acceptance is no second message: the reminder is edited."""
    await told_by_dm(stage)
    await stage.pass_time(days=3, minutes=1)
    [reminder] = stage.dms(stage.bob)
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(minutes=11)
    [message] = stage.dms(stage.bob)
    assert message.id == reminder.id
    assert "You're in" in words(message)


async def test_a_reminder_with_closed_direct_messages(stage: Stage) -> None:
    """It waits in /my-plex and before the next /invite, and nobody is pursued."""
    await stage.requested(stage.bob)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    await stage.pass_time(days=3, minutes=1)
    assert stage.dms(stage.bob) == []
    shown = await stage.slash(stage.bob, "invite")
    assert shown.modal is None
    assert "Your invite still waits on Plex" in words(shown.response)
    assert "Your invite still waits on Plex" in (await my_plex(stage, stage.bob))[0]


async def test_a_reminder_to_somebody_who_has_closed_them_since(stage: Stage) -> None:
    """The older message stays, as it is the only one that Discord still lets stand."""
    first = await told_by_dm(stage)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await stage.pass_time(days=3, minutes=1)
    [message] = stage.dms(stage.bob)
    assert message.id == first.id
    assert "Your invite still waits on Plex" in words(message)
    assert "Your invite still waits on Plex" in (await my_plex(stage, stage.bob))[0]


async def test_a_reminder_that_discord_did_not_take_at_first(stage: Stage) -> None:
    """It is tried again, and ends as one message."""
    first = await told_by_dm(stage)
    stage.env.inject_error(
        "POST",
        f"/channels/{stage.bob.user.dm_channel.id}/messages",
        status=400,
        code=40003,
        message="You are opening direct messages too fast",
    )
    await stage.pass_time(days=3, minutes=1)
    assert [message.id for message in stage.dms(stage.bob)] == [first.id]
    await stage.pass_time(minutes=6)
    [message] = stage.dms(stage.bob)
    assert message.id != first.id
    assert "Your invite still waits on Plex" in words(message)


async def test_a_reminder_whose_process_died_after_sending(stage: Stage) -> None:
    """The next attempt sends under the same nonce, which Discord answers with that message.

    The Discord of these tests posts it again; the one of `tests/contract` does as the real one.
    """
    first = await told_by_dm(stage)
    told = stage.house.services.showing.told

    async def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    stage.house.services.showing.told = dies  # type: ignore[method-assign]
    await stage.pass_time(days=3, minutes=1)
    stage.house.services.showing.told = told  # type: ignore[method-assign]
    await stage.pass_time(seconds=30)
    stage.forgive()
    path = f"/channels/{stage.bob.user.dm_channel.id}/messages"
    posts = [r.json for r in stage.env.http_requests if r.path.endswith(path)]
    assert len(posts) == 3
    assert posts[1]["nonce"] == posts[2]["nonce"] != posts[0]["nonce"]
    assert all(post["enforce_nonce"] for post in posts)
    message = stage.dms(stage.bob)[-1]
    assert first.id not in {one.id for one in stage.dms(stage.bob)}
    assert (await stage.invite_of(stage.bob)).dm_message_id == message.id


async def test_an_old_message_that_cannot_be_taken_away(stage: Stage) -> None:
    """The reminder counts all the same: it is not sent over and over."""
    await told_by_dm(stage)
    stage.env.inject_error(
        "DELETE",
        f"/channels/{stage.bob.user.dm_channel.id}/messages/*",
        status=403,
        code=50013,
        message="Missing Permissions",
        times=None,
    )
    await stage.pass_time(days=3, minutes=1)
    for _ in range(3):
        await stage.pass_time(minutes=10)
    assert len(stage.dms(stage.bob)) == 2
    assert not (await stage.invite_of(stage.bob)).dm_closed


async def test_no_reminder_where_the_guild_wants_none(stage: Stage) -> None:
    """0 days mean never."""
    await guild_sets(stage, nudge_days=0, withdraw_days=0)
    first = await told_by_dm(stage)
    await stage.pass_time(days=100)
    [message] = stage.dms(stage.bob)
    assert message.id == first.id
    assert "Now accept on Plex" in words(message)
    assert await stage.state_of(stage.bob) == "sent"


async def test_no_reminder_after_the_acceptance(stage: Stage) -> None:
    """Who has accepted is not reminded."""
    await stage.active(stage.bob)
    await stage.pass_time(days=4)
    assert stage.dms(stage.bob) == []


# -- invites that nobody accepts ----------------------------------------------------------------


async def test_an_invite_that_nobody_accepts(stage: Stage) -> None:
    """After 14 days it is taken back; card and member read why, and the member may ask anew."""
    await told_by_dm(stage)
    await stage.pass_time(days=13, hours=23)
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()) == 1
    await stage.pass_time(hours=2)
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    assert "Ended: it was never accepted." in words(stage.card())
    told = dm(stage, stage.bob)
    assert "it was never accepted" in told
    assert "You can ask again with /invite." in told
    await stage.requested(stage.bob)
    assert await stage.state_of(stage.bob) == "requested"
    assert "Earlier: ended" in words(stage.card())


async def test_accepted_on_the_last_day(stage: Stage) -> None:
    """What was accepted on day 13 stays, also when nobody has looked since."""
    await stage.sent(stage.bob)
    [share] = stage.shares()
    await stage.pass_time(days=13)
    stage.plex.world.accept(share.share_id)
    stage.clock.advance(days=2)
    await stage.run_jobs()
    await stage.pass_time(minutes=1)
    assert await stage.state_of(stage.bob) == "active"
    assert stage.shares() == [share]
    assert "You're in" in (await my_plex(stage, stage.bob))[0]
    assert "Active since" in words(stage.card())
    assert "⏳" not in words(stage.card())


@pytest.mark.parametrize("days", [1, 30])
async def test_other_days_of_the_guild(stage: Stage, days: int) -> None:
    """How long an invite may wait is the guild's to say."""
    await guild_sets(stage, withdraw_days=days)
    await stage.sent(stage.bob)
    await stage.pass_time(days=days, hours=-1)
    assert await stage.state_of(stage.bob) == "sent"
    await stage.pass_time(hours=1, minutes=1)
    assert await stage.state_of(stage.bob) == "ended"


async def test_a_restored_invite_gets_its_days_anew(stage: Stage) -> None:
    """Where Plex wants a fresh acceptance, reminder and limit count from the new invite on."""
    await stage.active(stage.bob)
    await stage.pass_time(days=20)
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    stage.plex.world.fresh_acceptance = True
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    await stage.pass_time(days=2)
    assert await stage.state_of(stage.bob) == "sent"
    assert "Now accept on Plex" in dm(stage, stage.bob)
    await stage.pass_time(days=1, minutes=1)
    assert "Your invite still waits on Plex" in dm(stage, stage.bob)
