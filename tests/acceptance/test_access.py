"""/access show, suspend, restore, extend and move: what an admin does to access that was given."""

from datetime import UTC, datetime, timedelta

import pytest
import unseen
from lives import (
    ODD_FILTERS,
    ODD_FLAGS,
    access,
    as_given,
    lasting,
    make_odd,
    my_plex,
    panel,
    suspended,
    tier,
    titles,
    until,
)
from stage import Stage, button, labels, refusal, said, words

from sandbox.plex import Fault

EVERYTHING = ["Films", "Series", "Music", "Photos", "Kids"]


async def ends(stage: Stage) -> datetime:
    """When Bob's access ends."""
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert invite.expires_at is not None
    return invite.expires_at


def about(instant: datetime, wanted: datetime) -> bool:
    """The same instant, give or take the seconds that a test needs."""
    return abs(instant - wanted) < timedelta(minutes=1)


# -- show ---------------------------------------------------------------------------------------


async def test_show_tells_the_whole_story(stage: Stage) -> None:
    """The card names the person, the tier, the state, and every step with who took it."""
    await stage.active(stage.bob)
    text, buttons = await panel(stage, stage.bob)
    assert f"Access of <@{stage.bob.id}>" in text
    assert "Tier: Standard (5 libraries)" in text
    assert "Active since <t:" in text
    assert f"<@{stage.bob.id}>: asked for access" in text
    assert f"<@{stage.alice.id}>: approved" in text
    assert "Helpr: invited on Plex" in text
    assert "Helpr: found it accepted on Plex" in text
    assert "bob@example.org" not in text.replace("\\", "")
    assert buttons == ["Extend", "Suspend", "End access"]


async def test_show_to_a_reviewer(stage: Stage) -> None:
    """Reviewers read the same; all that they may do is extend."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    text, buttons = await panel(stage, stage.bob, by=stage.rita)
    assert "accepted on Plex" in text
    assert buttons == ["Extend"]


async def test_show_somebody_who_never_asked(stage: Stage) -> None:
    """One sentence, and no card."""
    async with stage.nothing_changes():
        shown = await access(stage, "show", stage.carol)
        assert f"<@{stage.carol.id}> has no access through this bot" in refusal(shown)


async def test_show_by_state(stage: Stage) -> None:
    """On the way and afterwards there are only the buttons that do something."""
    await stage.requested(stage.bob)
    assert (await panel(stage, stage.bob))[1] == []
    await stage.alice.click(stage.card(), label="Approve")
    assert (await panel(stage, stage.bob))[1] == ["End access"]
    await stage.run_jobs()
    assert (await panel(stage, stage.bob))[1] == ["Extend", "End access"]
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    await access(stage, "suspend", stage.bob)
    text, buttons = await panel(stage, stage.bob)
    assert "The libraries are being taken away" in text
    assert buttons == ["Extend", "Restore", "End access"]
    await stage.run_jobs()
    assert (await panel(stage, stage.bob))[1] == ["Extend", "Restore", "End access"]
    await access(stage, "revoke", stage.bob)
    text, buttons = await panel(stage, stage.bob)
    assert "Access is being taken back: an admin ended it." in text
    assert buttons == []
    await stage.run_jobs()
    text, buttons = await panel(stage, stage.bob)
    assert "Ended: an admin ended it." in text
    assert buttons == []


# -- suspend ------------------------------------------------------------------------------------


async def test_suspend_by_command(stage: Stage) -> None:
    """Plex takes the share back, and card, admin and member read that access is paused."""
    answer = await stage.active(stage.bob)
    told = await access(stage, "suspend", stage.bob, reason="On holiday")
    assert told.ephemeral
    assert "The libraries are being taken away" in said(told)
    assert labels(told.response) == ["Extend", "Restore", "End access"]
    assert await stage.state_of(stage.bob) == "active"
    await stage.run_jobs()
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "suspended"
    assert "Suspended. The libraries are kept and can be restored" in words(stage.card())
    assert "Your access is paused" in words(answer.response)
    text, buttons = await my_plex(stage, stage.bob)
    assert "Your access is paused" in text
    assert "you get the same libraries back" in text
    assert buttons == [
        "I can't see the libraries",
        "Leave",
        "Language",
        "Direct messages: on",
        "My data",
    ]
    assert "suspended" in (await panel(stage, stage.bob))[0]
    assert len(stage.cards()) == 1


async def test_suspend_by_button(stage: Stage) -> None:
    """The button asks for the reason; sending the form is the confirmation."""
    await stage.active(stage.bob)
    shown = await access(stage, "show", stage.bob)
    async with stage.nothing_changes():
        form = await stage.alice.click(shown.response, label="Suspend")
        assert form.modal["title"] == "Suspend this access"
        assert "the member does not read it" in form.modal["components"][0]["description"]
    await stage.alice.submit_modal(form, {"reason": "Paid too late"})
    assert "The libraries are being taken away" in words(shown.response)
    await stage.run_jobs()
    assert stage.shares() == []
    assert "Paid too late" not in (await my_plex(stage, stage.bob))[0]
    assert "Paid too late" not in words(stage.card())
    [(why,)] = await stage.run_sql("SELECT why FROM audit_event WHERE action = 'access.suspend'")
    assert why == "Paid too late"


async def test_a_reason_can_be_read_again(stage: Stage) -> None:
    """What an admin wrote for the log stands in the history of the card, as text only."""
    await stage.active(stage.bob)
    await access(stage, "suspend", stage.bob, reason="**Paid** too late")
    text, _ = await panel(stage, stage.bob)
    assert "suspended (\\*\\*Paid\\*\\* too late)" in text


async def test_suspend_by_direct_message(stage: Stage) -> None:
    """Long after the request one direct message tells it, and the same one tells what follows."""
    await stage.active(stage.bob)
    await stage.pass_time(days=1)
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    [message] = stage.dms(stage.bob)
    assert "Your access is paused" in words(message)
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    [message] = stage.dms(stage.bob)
    assert "You're in" in words(message)


async def test_suspend_while_plex_is_down(stage: Stage) -> None:
    """It is kept and done as soon as Plex is back; until then the member still has access."""
    await stage.active(stage.bob)
    stage.plex.world.faults.add(Fault("*", "status", status=503))
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    text = words(stage.card())
    assert "The libraries are being taken away" in text
    assert "I keep trying" in text
    assert await stage.state_of(stage.bob) == "active"
    stage.plex.world.faults.clear()
    await stage.pass_time(minutes=1)
    assert await stage.state_of(stage.bob) == "suspended"
    assert stage.shares() == []
    assert "trying" not in words(stage.card())


async def test_suspend_and_think_better_of_it(stage: Stage) -> None:
    """Restored before Plex was asked, nothing is taken away and nothing made anew."""
    await stage.active(stage.bob)
    [share] = stage.shares()
    await access(stage, "suspend", stage.bob)
    told = await access(stage, "restore", stage.bob)
    assert "I make sure that nothing was taken away" in said(told)
    await stage.run_jobs()
    assert stage.shares() == [share]
    assert await stage.state_of(stage.bob) == "active"
    assert not [change for change in stage.plex_changes() if change.startswith("DELETE")]
    assert "Active since" in words(stage.card())
    assert "⏳" not in words(stage.card())


# -- restore ------------------------------------------------------------------------------------


async def test_restore_gives_back_exactly_the_same(stage: Stage) -> None:
    """Two libraries, odd flags and odd filters: all of them are there again, at once."""
    answer = await stage.active(stage.bob)
    make_odd(stage)
    before = as_given(stage.shares()[0])
    assert before == (["Films", "Photos"], {**ODD_FLAGS, **ODD_FILTERS}, False)
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    assert stage.shares() == []
    # The person's settings on Plex are another matter now.
    stage.plex.world.people.settings_of(stage.plex.world.people.find("bob")).update(
        {"allowSync": False, "allowChannels": True, "filterMovies": ""}
    )
    told = await access(stage, "restore", stage.bob)
    assert "Access is being restored" in said(told)
    text, _ = await my_plex(stage, stage.bob)
    assert "Your access is coming back" in text
    await stage.run_jobs()
    [share] = stage.shares()
    assert share.accepted
    assert as_given(share) == before
    assert await stage.state_of(stage.bob) == "active"
    assert "Active since" in words(stage.card())
    assert "You're in" in words(answer.response)
    text, _ = await my_plex(stage, stage.bob)
    assert "Libraries: Films, Photos" in text


async def test_restore_by_button(stage: Stage) -> None:
    """The card's button does it, and the card follows."""
    await suspended(stage, stage.bob)
    shown = await access(stage, "show", stage.bob)
    await stage.alice.click(shown.response, label="Restore")
    assert "Access is being restored" in words(shown.response)
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == EVERYTHING
    assert "You're in" in (await my_plex(stage, stage.bob))[0]


async def test_restore_where_plex_wants_a_fresh_acceptance(stage: Stage) -> None:
    """Then the state says so on every side until the member has accepted once more."""
    await stage.active(stage.bob)
    make_odd(stage)
    before = as_given(stage.shares()[0])
    since = (await stage.invite_of(stage.bob)).active_at
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    stage.plex.world.fresh_acceptance = True
    await access(stage, "restore", stage.bob)
    assert await stage.state_of(stage.bob) == "sending"
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert "Invited on Plex, not accepted yet" in words(stage.card())
    text, _ = await my_plex(stage, stage.bob)
    assert "Accept it in Plex's e-mail" in text
    [share] = stage.shares()
    assert not share.accepted
    stage.plex.world.accept(share.share_id)
    await stage.pass_time(seconds=61)
    assert await stage.state_of(stage.bob) == "active"
    assert as_given(stage.shares()[0]) == before
    assert "Active since" in words(stage.card())
    assert (await stage.invite_of(stage.bob)).active_at == since


async def test_restore_keeps_trying(stage: Stage) -> None:
    """A lost answer in the middle of it ends with one share, and it is exactly the old one."""
    await stage.active(stage.bob)
    make_odd(stage)
    before = as_given(stage.shares()[0])
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    stage.plex.world.faults.add(Fault("POST *shared_servers*", "drop_after", times=1))
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    assert "Access is being restored" in words(stage.card())
    await stage.pass_time(minutes=1)
    assert [as_given(share) for share in stage.shares()] == [before]
    assert await stage.state_of(stage.bob) == "active"


async def test_restore_what_is_not_suspended(stage: Stage) -> None:
    """Active access needs no restoring."""
    await stage.active(stage.bob)
    async with stage.nothing_changes():
        told = await access(stage, "restore", stage.bob)
        assert "is not suspended, so there is nothing to restore" in refusal(told)


async def test_restore_without_libraries_that_are_gone(stage: Stage) -> None:
    """They are named, everything stays as it is, and one button restores the rest."""
    await suspended(stage, stage.bob)
    world = stage.plex.world
    for title in ("Music", "Kids"):
        world.remove_library(next(x.id for x in world.server.libraries if x.title == title))
    await stage.slash(stage.alice, "plex connect")
    async with stage.nothing_changes():
        told = await access(stage, "restore", stage.bob)
        assert "Plex no longer has these libraries: Music, Kids." in said(told)
        assert labels(told.response) == ["Extend", "Restore", "Restore the rest", "End access"]
    pressed = await stage.alice.click(told.response, label="Restore the rest")
    assert pressed.followups == []
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert titles(stage.shares()[0]) == ["Films", "Series", "Photos"]


async def test_restore_without_libraries_that_nobody_knew_to_be_gone(stage: Stage) -> None:
    """Plex says so only when it is asked: then it stays suspended, and card and admin read why."""
    await suspended(stage, stage.bob)
    world = stage.plex.world
    world.remove_library(next(x.id for x in world.server.libraries if x.title == "Music"))
    await access(stage, "restore", stage.bob)
    await stage.pass_time(minutes=1)
    await stage.pass_time(minutes=3)
    assert await stage.state_of(stage.bob) == "suspended"
    assert stage.shares() == []
    assert "Plex no longer has these libraries: Music." in words(stage.card())
    assert "Your access is paused" in (await my_plex(stage, stage.bob))[0]
    shown = await access(stage, "show", stage.bob)
    assert "Plex no longer has these libraries: Music." in said(shown)
    assert "could not restore: libraries are gone" in said(shown)
    refused = await stage.alice.click(shown.response, label="Restore")
    assert refused.followups == []
    await stage.alice.click(shown.response, label="Restore the rest")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert "Music" not in titles(stage.shares()[0])
    assert "⚠️" not in words(stage.card())


async def test_restore_when_no_library_is_left(stage: Stage) -> None:
    """There is no rest to restore, so another tier is needed, and with that it works."""
    await suspended(stage, stage.bob)
    world = stage.plex.world
    for library in list(world.server.libraries):
        world.remove_library(library.id)
    world.add_library("New films", "movie")
    await stage.slash(stage.alice, "plex connect")
    async with stage.nothing_changes():
        told = await access(stage, "restore", stage.bob)
        assert "none of the libraries any more that this access had" in refusal(told)
    await tier(stage, "Later", "New films")
    await access(stage, "move", stage.bob, tier="Later")
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert titles(stage.shares()[0]) == ["New films"]


# -- extend -------------------------------------------------------------------------------------


async def test_extend_by_an_amount(stage: Stage) -> None:
    """An amount counts on from the present end, however often; card and member read the new end."""
    await lasting(stage, 30)
    answer = await stage.active(stage.bob)
    first = await ends(stage)
    told = await access(stage, "extend", stage.bob, until="30d")
    second = await ends(stage)
    assert second - first == timedelta(days=30)
    stamp = f"<t:{int(second.timestamp())}:R>"
    assert f"Ends {stamp}" in said(told)
    await stage.run_jobs()
    assert stamp in words(stage.card())
    assert stamp in words(answer.response)
    await access(stage, "extend", stage.bob, until="2 weeks")
    assert await ends(stage) - second == timedelta(days=14)
    assert len(stage.shares()) == 1
    assert stage.dms(stage.bob) == []


async def test_extend_to_a_date(stage: Stage) -> None:
    """A day means the end of that day where the server is at home."""
    await stage.run_sql("UPDATE guild SET timezone = 'Europe/Berlin'")
    await lasting(stage, 30)
    await stage.active(stage.bob)
    day = (stage.clock.now() + timedelta(days=200)).date()
    await access(stage, "extend", stage.bob, until=day.isoformat())
    end = await ends(stage)
    assert end.astimezone(UTC).hour in {22, 23}
    assert end.astimezone(UTC).date() == day


async def test_extend_by_button(stage: Stage) -> None:
    """A reviewer presses Extend, types an amount, and the card shows the new end."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    first = await ends(stage)
    shown = await stage.slash_hidden(stage.rita, "access show", member=stage.bob)
    form = await stage.rita.click(shown.response, label="Extend")
    assert form.modal["title"] == "Extend this access"
    await stage.rita.submit_modal(form, {"until": "1 month"})
    assert await ends(stage) - first == timedelta(days=30)
    assert f"<t:{int((await ends(stage)).timestamp())}:R>" in words(shown.response)
    assert f"<@{stage.rita.id}>: changed the end" in words(shown.response)
    assert labels(shown.response) == ["Extend"]


async def test_extend_what_is_suspended(stage: Stage) -> None:
    """The pause may be extended too; nothing is given back by that."""
    await lasting(stage, 30)
    await suspended(stage, stage.bob)
    first = await ends(stage)
    told = await access(stage, "extend", stage.bob, until="30d")
    assert await ends(stage) - first == timedelta(days=30)
    assert "Suspended" in said(told)
    await stage.run_jobs()
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "suspended"


async def test_extend_after_the_end(stage: Stage) -> None:
    """What has expired is given anew until the new end: one share, one card, the same row."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    number = (await stage.invite_of(stage.bob)).id
    await stage.pass_time(days=31)
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    text, buttons = await panel(stage, stage.bob)
    assert "Ended: the time was over." in text
    assert buttons == ["Extend"]
    await access(stage, "extend", stage.bob, until="30d")
    await stage.run_jobs()
    [share] = stage.shares()
    assert share.accepted
    assert titles(share) == EVERYTHING
    invite = await stage.invite_of(stage.bob)
    assert (invite.id, invite.state) == (number, "active")
    assert about(await ends(stage), stage.clock.now() + timedelta(days=30))
    assert "Active since" in words(stage.card())
    assert "You're in" in (await my_plex(stage, stage.bob))[0]
    await until(stage, stage.bob, seconds=-1)
    assert await stage.state_of(stage.bob) == "ended"


async def test_extend_while_it_is_ending(stage: Stage) -> None:
    """Extended while Plex does not answer: what was to end stays, with its share."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    [share] = stage.shares()
    stage.plex.world.faults.add(Fault("*", "status", status=503))
    await stage.pass_time(days=31)
    text, buttons = await panel(stage, stage.bob)
    assert "Access is being taken back: the time was over" in text
    assert buttons == ["Extend"]
    await access(stage, "extend", stage.bob, until="30d")
    stage.plex.world.faults.clear()
    await stage.pass_time(minutes=6)
    assert await stage.state_of(stage.bob) == "active"
    assert stage.shares() == [share]
    assert "⏳" not in words(stage.card())
    assert "You're in" in (await my_plex(stage, stage.bob))[0]


async def test_extend_while_expiring_and_already_gone(stage: Stage) -> None:
    """Extended after Plex had taken the share back, and before Helpr heard of it: made anew."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    stage.plex.world.faults.add(Fault("DELETE *", "drop_after"))
    await stage.pass_time(days=31)
    stage.plex.world.faults.add(Fault("*", "status", status=503))
    assert stage.shares() == []
    await access(stage, "extend", stage.bob, until="30d")
    stage.plex.world.faults.clear()
    await stage.pass_time(minutes=6)
    assert await stage.state_of(stage.bob) == "active"
    assert len(stage.shares()) == 1


async def test_a_reviewer_cannot_shorten(stage: Stage) -> None:
    """Who may only extend cannot end access by the back door; an admin may bring the end nearer."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    day = (stage.clock.now() + timedelta(days=3)).date().isoformat()
    async with stage.nothing_changes():
        told = await stage.slash_hidden(stage.rita, "access extend", member=stage.bob, until=day)
        assert "It would end earlier than now planned" in refusal(told)
    await access(stage, "extend", stage.bob, until=day)
    assert await ends(stage) < stage.clock.now() + timedelta(days=4)


async def test_a_reviewer_cannot_give_an_end(stage: Stage) -> None:
    """Access without an end cannot last longer, so a reviewer has nothing to extend."""
    await stage.active(stage.bob)
    assert (await panel(stage, stage.bob, by=stage.rita))[1] == []
    async with stage.nothing_changes():
        told = await stage.slash_hidden(stage.rita, "access extend", member=stage.bob, until="30d")
        assert "has no end" in refusal(told)


# -- move ---------------------------------------------------------------------------------------


async def test_move_to_another_tier(stage: Stage) -> None:
    """Plex gives the new tier's libraries, on the same share; everybody reads the new ones."""
    answer = await stage.active(stage.bob)
    [share] = stage.shares()
    await tier(stage, "Small", "Films", "Kids")
    told = await access(stage, "move", stage.bob, tier="small")
    assert "Tier: Small (2 libraries)" in said(told)
    assert "The libraries are being changed" in said(told)
    await stage.run_jobs()
    assert stage.shares() == [share]
    assert titles(share) == ["Films", "Kids"]
    assert await stage.state_of(stage.bob) == "active"
    assert "Libraries: Films, Kids" in words(answer.response)
    assert "Tier: Small" in words(stage.card())
    assert "⏳" not in words(stage.card())
    assert "moved to another tier" in (await panel(stage, stage.bob))[0]


async def test_move_takes_over_the_tiers_rights(stage: Stage) -> None:
    """What a tier allows beside watching is set on Plex too."""
    await stage.active(stage.bob)
    number = await tier(stage, "Travellers", "Films")
    await stage.run_sql("UPDATE tier SET allow_sync = true WHERE id = $1", number)
    await access(stage, "move", stage.bob, tier="Travellers")
    await stage.run_jobs()
    assert stage.shares()[0].settings.flags["allowSync"]


async def test_move_what_is_not_accepted_yet(stage: Stage) -> None:
    """A pending share is changed as well."""
    await stage.sent(stage.bob)
    await tier(stage, "Small", "Films")
    await access(stage, "move", stage.bob, tier="Small")
    await stage.run_jobs()
    [share] = stage.shares()
    assert not share.accepted
    assert titles(share) == ["Films"]
    assert await stage.state_of(stage.bob) == "sent"


async def test_move_before_it_was_sent(stage: Stage) -> None:
    """What has not reached Plex yet is sent with the new tier's libraries."""
    await stage.requested(stage.bob)
    await tier(stage, "Small", "Films")
    await stage.alice.click(stage.card(), label="Approve")
    await access(stage, "move", stage.bob, tier="Small")
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == ["Films"]


async def test_move_what_is_suspended(stage: Stage) -> None:
    """Nothing is given back by that; a restore gives the new tier's libraries."""
    await suspended(stage, stage.bob)
    await tier(stage, "Small", "Films")
    told = await access(stage, "move", stage.bob, tier="Small")
    assert "Suspended" in said(told)
    await stage.run_jobs()
    assert stage.shares() == []
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == ["Films"]


async def test_move_ends_the_complaint_about_libraries(stage: Stage) -> None:
    """Once another tier is chosen, what was wrong with the old one is no longer told."""
    await suspended(stage, stage.bob)
    world = stage.plex.world
    world.remove_library(next(x.id for x in world.server.libraries if x.title == "Music"))
    await access(stage, "restore", stage.bob)
    await stage.pass_time(minutes=1)
    await stage.pass_time(minutes=3)
    assert "Plex no longer has these libraries: Music." in words(stage.card())
    await tier(stage, "Small", "Films")
    await access(stage, "move", stage.bob, tier="Small")
    await stage.run_jobs()
    assert "no longer has" not in words(stage.card())


async def test_suspend_while_the_libraries_are_being_changed(stage: Stage) -> None:
    """A restore gives what the new tier has: so the change comes first, which takes a moment."""
    await stage.active(stage.bob)
    await tier(stage, "Small", "Films")
    moved = await access(stage, "move", stage.bob, tier="Small")
    assert labels(moved.response) == ["Extend", "End access"]
    version = (await stage.invite_of(stage.bob)).version
    early = await access(stage, "suspend", stage.bob)
    assert "libraries of this access are just being changed" in refusal(early)
    assert (await stage.invite_of(stage.bob)).version == version
    await stage.run_jobs()
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    assert stage.shares() == []
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == ["Films"]


async def test_move_by_hand_and_back(stage: Stage) -> None:
    """Two moves before Plex was asked end with the last one."""
    await stage.active(stage.bob)
    await tier(stage, "Small", "Films")
    await tier(stage, "Music lovers", "Music")
    await access(stage, "move", stage.bob, tier="Small")
    await access(stage, "move", stage.bob, tier="Music lovers")
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == ["Music"]
    await access(stage, "move", stage.bob, tier="Standard")
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == EVERYTHING


async def test_the_tiers_are_offered(stage: Stage) -> None:
    """While one types, the tiers of this server are offered by name."""
    await tier(stage, "Small", "Films")
    offered = await stage.alice.autocomplete(
        stage.world.access_requests, "access move", "tier", "sma", member=stage.bob
    )
    assert [choice["name"] for choice in offered] == ["Small"]


async def test_the_tiers_are_offered_to_admins_alone(stage: Stage) -> None:
    """Who may not move anybody is not told what tiers there are, by Discord or by Helpr."""
    unseen.open_command(stage.env, stage.world.guild, "access", stage.world.reviewers)
    offered = await stage.rita.autocomplete(
        stage.world.access_requests, "access move", "tier", "", member=stage.bob
    )
    assert offered == []


# -- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "options"),
    [("restore", {}), ("extend", {"until": "30d"}), ("move", {"tier": "Small"})],
)
async def test_nobody_gives_themselves(stage: Stage, what: str, options: dict[str, str]) -> None:
    """What would give more to oneself somebody else has to decide."""
    await lasting(stage, 30)
    await tier(stage, "Small", "Films")
    await stage.requested(stage.alice, "dave")
    await stage.rita.click(stage.card(), label="Approve")
    await stage.run_jobs()
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    if what == "restore":
        await access(stage, "suspend", stage.alice)
        await stage.run_jobs()
    async with stage.nothing_changes():
        told = await access(stage, what, stage.alice, **options)
        assert "That is your own access, so somebody else has to decide it" in refusal(told)


async def test_a_reviewer_who_presses_an_admins_button(stage: Stage) -> None:
    """A button that was never shown to Rita does nothing for her."""
    await stage.active(stage.bob)
    shown = await access(stage, "show", stage.bob)
    async with stage.nothing_changes():
        for label in ("Suspend", "End access"):
            pressed = await unseen.press(
                stage.env, stage.rita, stage.world.access_requests, button(shown.response, label)
            )
            assert "Only admins of this server" in refusal(pressed)
