"""Access that ends by somebody's word: revoked, or left; and what is asked of it in vain."""

import discord
import pytest
import unseen
from lives import access, lasting, my_plex, panel, suspended, tier
from stage import Stage, button, labels, refusal, said, words

from sandbox.plex import Fault
from sandbox.plex.model import Invitation

SHARING = "POST /api/*shared_servers"


async def audit(stage: Stage) -> list[str]:
    """The audit log's actions of access, oldest first."""
    found = await stage.run_sql(
        "SELECT action FROM audit_event WHERE action LIKE 'access.%' ORDER BY id"
    )
    return [action for (action,) in found]


# -- revoke -------------------------------------------------------------------------------------


async def test_revoke_what_is_accepted(stage: Stage) -> None:
    """Plex takes the share back, and everybody reads that access has ended and why."""
    answer = await stage.active(stage.bob)
    told = await access(stage, "revoke", stage.bob, reason="Moved away")
    assert "Access is being taken back: an admin ended it." in said(told)
    text, buttons = await my_plex(stage, stage.bob)
    assert "Your access is ending" in text
    assert buttons == ["Language", "Direct messages: on", "My data"]
    await stage.run_jobs()
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "ended"
    assert "Ended: an admin ended it." in words(stage.card())
    assert "an admin ended it" in words(answer.response)
    text, buttons = await my_plex(stage, stage.bob)
    assert "You can ask again with /invite." in text
    assert "Moved away" not in text
    assert buttons == ["Language", "Direct messages: on", "My data"]
    assert "ended the access (Moved away)" in (await panel(stage, stage.bob))[0]
    assert "Moved away" not in words(stage.card())


async def test_revoke_by_button(stage: Stage) -> None:
    """The button asks for the reason first; the form is the confirmation."""
    await stage.active(stage.bob)
    shown = await access(stage, "show", stage.bob)
    form = await stage.alice.click(shown.response, label="End access")
    assert form.modal["title"] == "End this access"
    assert len(stage.shares()) == 1
    await stage.alice.submit_modal(form, {"reason": ""})
    assert "Access is being taken back" in words(shown.response)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []


async def test_revoke_what_is_pending(stage: Stage) -> None:
    """An invite that nobody has accepted is taken back by its own number."""
    answer = await stage.sent(stage.bob)
    await access(stage, "revoke", stage.bob)
    await stage.run_jobs()
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "ended"
    assert "an admin ended it" in words(answer.response)
    assert labels(stage.card()) == []


async def test_revoke_what_is_suspended(stage: Stage) -> None:
    """There is nothing on Plex to take back, and nothing that could be restored afterwards."""
    await suspended(stage, stage.bob)
    await access(stage, "revoke", stage.bob)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert "Ended: an admin ended it." in words(stage.card())
    async with stage.nothing_changes():
        told = await access(stage, "restore", stage.bob)
        assert "is not suspended" in refusal(told)


async def test_revoke_what_is_approved(stage: Stage) -> None:
    """What was not sent yet never reaches Plex."""
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    told = await access(stage, "revoke", stage.bob)
    assert "Ended: an admin ended it." in said(told)
    await stage.run_jobs()
    assert stage.plex_changes() == []
    assert await stage.state_of(stage.bob) == "ended"
    assert "an admin ended it" in (await my_plex(stage, stage.bob))[0]


async def test_revoke_what_is_being_sent(stage: Stage) -> None:
    """The answer was lost: what Plex has made of it is found and taken back."""
    await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault(SHARING, "drop_after", times=1))
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sending"
    assert len(stage.shares()) == 1
    await access(stage, "revoke", stage.bob)
    await stage.pass_time(minutes=3)
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "ended"


async def test_revoke_while_plex_is_down(stage: Stage) -> None:
    """It is not said to be done before Plex's own listing shows it."""
    answer = await stage.active(stage.bob)
    stage.plex.world.faults.add(Fault("DELETE *", "status", status=503))
    await access(stage, "revoke", stage.bob)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert "Access is being taken back" in words(stage.card())
    assert "I keep trying" in words(stage.card())
    assert "Your access is ending" in words(answer.response)
    stage.plex.world.faults.clear()
    await stage.pass_time(minutes=1)
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []


async def test_revoke_touches_nobody_elses_share(stage: Stage) -> None:
    """The same person's share on another server of the owner's stays."""
    await stage.active(stage.bob)
    other = stage.plex.world.add_server("Other server")
    shows = stage.plex.world.add_library("Shows", "show", other)
    kept = stage.plex.world.invite(Invitation(other.machine_identifier, (shows.id,), login="bob"))
    await access(stage, "revoke", stage.bob)
    await stage.run_jobs()
    assert stage.shares() == [kept]
    assert stage.plex.world.friends


async def test_revoke_and_ask_again(stage: Stage) -> None:
    """Whose access was ended may ask anew, and gets it by the same way."""
    await stage.active(stage.bob)
    await access(stage, "revoke", stage.bob)
    await stage.run_jobs()
    await stage.requested(stage.bob)
    assert "Earlier: ended" in words(stage.card())
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert len(stage.shares()) == 1


# -- leave --------------------------------------------------------------------------------------


async def test_leave(stage: Stage) -> None:
    """A question first; then Plex takes the share back, and the admins read who wanted it."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    async with stage.nothing_changes():
        asked = await stage.bob.click(shown.response, label="Leave")
        assert asked.ephemeral
        assert "Leave Plex?" in words(asked.response)
        assert "Your access ends at once" in words(asked.response)
        assert labels(asked.response) == ["Leave for good", "Stay"]
        await stage.bob.click(asked.response, label="Stay")
        assert "You're in" in words(asked.response)
        assert "Leave" in labels(asked.response)
    asked = await stage.bob.click(shown.response, label="Leave")
    await stage.bob.click(asked.response, label="Leave for good")
    assert "Your access is ending" in words(asked.response)
    await stage.run_jobs()
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "ended"
    assert "Ended: the member left." in words(stage.card())
    assert "You can ask again with /invite." in words(shown.response)
    assert f"<@{stage.bob.id}>: left" in (await panel(stage, stage.bob))[0]


async def test_the_question_is_not_overwritten(stage: Stage) -> None:
    """News that comes while somebody thinks about leaving does not take the question away."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    asked = await stage.bob.click(shown.response, label="Leave")
    await stage.pass_time(seconds=30)
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    assert "Leave Plex?" in words(asked.response)
    assert "Your access is paused" in words(shown.response)
    await stage.bob.click(asked.response, label="Stay")
    assert "Your access is paused" in words(asked.response)


async def test_leave_while_suspended(stage: Stage) -> None:
    """Who is paused may leave as well."""
    await suspended(stage, stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    asked = await stage.bob.click(shown.response, label="Leave")
    await stage.bob.click(asked.response, label="Leave for good")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert "the member left" in words(stage.card())


async def test_leave_twice(stage: Stage) -> None:
    """The second press of a button that is still on a screen says that it is under way."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    asked = await stage.bob.click(shown.response, label="Leave")
    yes = button(asked.response, "Leave for good")
    await stage.bob.click(asked.response, label="Leave for good")
    again = await unseen.press(stage.env, stage.bob, stage.world.get_access, yes)
    assert "is already being taken back" in refusal(again)
    await stage.run_jobs()
    async with stage.nothing_changes():
        late = await unseen.press(stage.env, stage.bob, stage.world.get_access, yes)
        assert "Your access has ended already" in refusal(late)
    assert (await audit(stage)).count("access.leave") == 1


@pytest.mark.parametrize("who", ["carol", "alice", "rita"])
async def test_leave_for_somebody_else(stage: Stage, who: str) -> None:
    """Nobody leaves in another's name."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    asked = await stage.bob.click(shown.response, label="Leave")
    yes = button(asked.response, "Leave for good")
    async with stage.nothing_changes():
        pressed = await unseen.press(
            stage.env, stage.world.people[who], stage.world.get_access, yes
        )
        assert "does not exist any more" in refusal(pressed)


# -- two at once, and twice ---------------------------------------------------------------------


async def test_suspend_twice(stage: Stage) -> None:
    """The second time is refused, while Plex is being asked and afterwards."""
    await stage.active(stage.bob)
    await access(stage, "suspend", stage.bob)
    again = await access(stage, "suspend", stage.bob)
    assert refusal(again) == "This access is suspended already."
    await stage.run_jobs()
    async with stage.nothing_changes():
        again = await access(stage, "suspend", stage.bob)
        assert refusal(again) == "This access is suspended already."
    assert (await audit(stage)).count("access.suspend") == 1


async def test_revoke_twice(stage: Stage) -> None:
    """The same for the end."""
    await stage.active(stage.bob)
    await access(stage, "revoke", stage.bob)
    again = await access(stage, "revoke", stage.bob)
    assert refusal(again) == "This access is already being taken back."
    await stage.run_jobs()
    async with stage.nothing_changes():
        again = await access(stage, "revoke", stage.bob)
        assert "This access has ended: an admin ended it." in refusal(again)


@pytest.mark.parametrize("what", ["suspend", "revoke"])
async def test_two_admins_at_once(stage: Stage, what: str) -> None:
    """Two forms sent at the same moment do it once; the other admin reads how it stands."""
    boss = stage.world.guild.add_member(stage.env.create_user("boss"), roles=[stage.world.admins])
    await stage.active(stage.bob)
    label = {"suspend": "Suspend", "revoke": "End access"}[what]
    channel = stage.world.access_requests
    forms = []
    for who in (stage.alice, boss):
        shown = await who.slash(channel, "access show", member=stage.bob)
        forms.append((who, await who.click(shown.response, label=label)))
    first, second = forms
    await first[0].submit_modal(first[1], {"reason": "one"})
    late = await second[0].submit_modal(second[1], {"reason": "two"})
    assert "already" in said(late)
    await stage.run_jobs()
    assert stage.shares() == []
    assert (await audit(stage)).count(f"access.{what}") == 1


async def test_double_press_of_restore(stage: Stage) -> None:
    """Two presses at the same moment make one share, and one of them says what is going on."""
    await suspended(stage, stage.bob)
    shown = await access(stage, "show", stage.bob)
    restore = button(shown.response, "Restore")
    press = (stage.alice, stage.world.access_requests, restore)
    results = await unseen.presses(stage.env, [press, press], on=shown.response)
    refused = [said(result) for result in results if result.followups]
    assert len(refused) == 1
    assert "is not suspended" in refused[0] or "just changed" in refused[0]
    await stage.run_jobs()
    assert len(stage.shares()) == 1
    assert (await audit(stage)).count("access.restore") == 1


async def test_double_press_of_leave(stage: Stage) -> None:
    """Two presses at the same moment leave once."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    asked = await stage.bob.click(shown.response, label="Leave")
    press = (stage.bob, stage.world.get_access, button(asked.response, "Leave for good"))
    await unseen.presses(stage.env, [press, press], on=asked.response)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert (await audit(stage)).count("access.leave") == 1


async def test_extend_twice_at_once(stage: Stage) -> None:
    """A form that Discord delivers twice counts once."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    first = (await stage.invite_of(stage.bob)).expires_at
    shown = await access(stage, "show", stage.bob)
    form = await stage.alice.click(shown.response, label="Extend")
    with unseen.delivered_twice(stage.env):
        await stage.alice.submit_modal(form, {"until": "30d"})
    assert ((await stage.invite_of(stage.bob)).expires_at - first).days == 30


async def test_the_member_leaves_while_an_admin_suspends(stage: Stage) -> None:
    """Leaving goes before a pause, and access is over."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    asked = await stage.bob.click(shown.response, label="Leave")
    await access(stage, "suspend", stage.bob)
    await stage.bob.click(asked.response, label="Leave for good")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    assert "the member left" in words(stage.card())


# -- buttons of another server ------------------------------------------------------------------


async def test_another_servers_ids(stage: Stage) -> None:
    """An admin of another server reads and changes nothing with a number of this one."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    number = (await stage.invite_of(stage.bob)).id
    elsewhere = stage.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    boss = elsewhere.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
    eve = elsewhere.add_member(stage.env.create_user("eve"), roles=[boss])
    await stage.env.settle()
    ids = [f"helpr:access:{what}:{number}" for what in ("restore", "rest")] + [
        f"helpr:extend:{number}",
        f"helpr:retry:{number}",
        f"helpr:leave:yes:{number}",
    ]
    async with stage.nothing_changes():
        for custom_id in ids:
            pressed = await unseen.press(
                stage.env,
                eve,
                channel,
                {"type": 2, "style": 2, "label": "x", "custom_id": custom_id},
            )
            assert "does not exist any more" in refusal(pressed), custom_id
            assert pressed.modal is None
        for custom_id, typed in (
            (f"helpr:access:suspend:{number}", {"reason": ""}),
            (f"helpr:access:revoke:{number}", {"reason": ""}),
            (f"helpr:extend:{number}", {"until": "30d"}),
        ):
            sent = await unseen.submit(stage.env, eve, channel, custom_id, typed)
            assert "does not exist any more" in refusal(sent), custom_id
        for way in ("look", "trust"):
            pressed = await unseen.press(
                stage.env,
                eve,
                channel,
                {"type": 2, "style": 2, "label": "x", "custom_id": f"helpr:compare:{way}:1"},
            )
            assert "No Plex server is connected" in refusal(pressed)
        pressed = await unseen.press(
            stage.env,
            eve,
            channel,
            {"type": 2, "style": 2, "label": "x", "custom_id": "helpr:retry-all"},
        )
        assert "Nothing is stuck any more" in said(pressed)


async def test_another_servers_tier(stage: Stage) -> None:
    """A tier of another server is as unknown as none."""
    await stage.active(stage.bob)
    await stage.run_sql("INSERT INTO guild (id) VALUES (77)")
    await stage.run_sql(
        "INSERT INTO tier (guild_id, link_id, name) SELECT 77, min(id), 'Theirs' FROM plex_link"
    )
    async with stage.nothing_changes():
        told = await access(stage, "move", stage.bob, tier="Theirs")
        assert refusal(told) == "That tier does not exist any more."


# -- bad input ----------------------------------------------------------------------------------


NONSENSE = (
    ("0d", "The time must be at least one hour"),
    ("-3d", "The time must be at least one hour"),
    ("0", "I cannot read “0” as a time"),
    ("500 years", "That is more than ten years"),
    ("500y", "That is more than ten years"),
    ("999999999 weeks", "That is more than ten years"),
    ("9999-12-31", "That is more than ten years"),
    ("2020-01-01", "That day is over already"),
    ("0001-01-01", "That day is over already"),
    ("2027-02-30", "The calendar has no day 2027"),
    ("2027-13-01", "The calendar has no day 2027"),
    ("31.03.2027", "I cannot read “31\\.03\\.2027” as a time"),
    ("soon", "I cannot read “soon” as a time"),
    ("30 parsecs", "I cannot read “30 parsecs” as a time"),
    ("*" * 60, "I cannot read"),
    ("@everyone", "I cannot read “\\@everyone” as a time"),
)


async def test_extend_by_nonsense(stage: Stage) -> None:
    """A clear sentence, an example, and nothing has changed."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    async with stage.nothing_changes():
        end = (await stage.invite_of(stage.bob)).expires_at
        for typed, sentence in NONSENSE:
            told = await access(stage, "extend", stage.bob, until=typed)
            assert sentence in refusal(told), typed
            assert (await stage.invite_of(stage.bob)).expires_at == end


async def test_extend_by_nonsense_in_the_form(stage: Stage) -> None:
    """The form answers with the same sentence, and the card is still there with its buttons."""
    await stage.active(stage.bob)
    shown = await access(stage, "show", stage.bob)
    async with stage.nothing_changes():
        form = await stage.alice.click(shown.response, label="Extend")
        told = await stage.alice.submit_modal(form, {"until": "tomorrow"})
        assert "I cannot read “tomorrow” as a time" in refusal(told)
        assert labels(shown.response) == ["Extend", "Suspend", "End access", "Show address"]


async def test_extend_who_was_revoked(stage: Stage) -> None:
    """What an admin has ended is not given back by extending it; asking anew is."""
    await stage.active(stage.bob)
    await access(stage, "revoke", stage.bob)
    while_ending = await access(stage, "extend", stage.bob, until="30d")
    assert "is already being taken back" in refusal(while_ending)
    await stage.run_jobs()
    async with stage.nothing_changes():
        told = await access(stage, "extend", stage.bob, until="30d")
        assert "This access has ended: an admin ended it." in refusal(told)
        assert "ask again with /invite" in refusal(told)


async def test_extend_who_has_left(stage: Stage) -> None:
    """Nor is what somebody has given up."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.bob, "my-plex")
    asked = await stage.bob.click(shown.response, label="Leave")
    await stage.bob.click(asked.response, label="Leave for good")
    await stage.run_jobs()
    async with stage.nothing_changes():
        told = await access(stage, "extend", stage.bob, until="30d")
        assert "This access has ended: the member left." in refusal(told)


@pytest.mark.parametrize(
    ("what", "options", "sentence"),
    [
        ("suspend", {}, "That needs active access, and this request is waiting for a decision."),
        ("restore", {}, "is not suspended"),
        ("extend", {"until": "30d"}, "this request is waiting for a decision"),
        ("move", {"tier": "Small"}, "this request is waiting for a decision"),
        ("revoke", {}, "this request is waiting for a decision"),
    ],
)
async def test_what_nobody_has_decided(
    stage: Stage, what: str, options: dict[str, str], sentence: str
) -> None:
    """An open request is decided by its card, not by these commands."""
    await tier(stage, "Small", "Films")
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        assert sentence in refusal(await access(stage, what, stage.bob, **options))


async def test_move_to_a_tier_without_libraries(stage: Stage) -> None:
    """Plex would read an empty list as ALL, so it is refused before any call."""
    await stage.active(stage.bob)
    await tier(stage, "Empty")
    stage.plex.world.requests.clear()
    async with stage.nothing_changes():
        told = await access(stage, "move", stage.bob, tier="Empty")
        assert "The tier Empty has no libraries yet" in refusal(told)
    assert stage.plex.world.requests == []


async def test_move_to_the_same_tier(stage: Stage) -> None:
    """Who has the tier stays in it."""
    await stage.active(stage.bob)
    async with stage.nothing_changes():
        told = await access(stage, "move", stage.bob, tier="standard")
        assert refusal(told) == "They are in the tier Standard already."


async def test_move_to_no_tier(stage: Stage) -> None:
    """A name that no tier has."""
    await stage.active(stage.bob)
    async with stage.nothing_changes():
        told = await access(stage, "move", stage.bob, tier="Gold")
        assert refusal(told) == "That tier does not exist any more."


async def test_revoke_the_owner(stage: Stage) -> None:
    """The owner's own access nobody can take away, by whatever name it stands in the ledger."""
    await stage.active(stage.bob)
    owner = stage.plex.world.owner.id
    await stage.run_sql("UPDATE invite SET account_id = $1", owner)
    async with stage.nothing_changes():
        for what in ("revoke", "suspend"):
            told = await access(stage, what, stage.bob)
            assert "This account owns the Plex server" in refusal(told)


async def test_a_reason_that_is_too_long(stage: Stage) -> None:
    """The limit is named, and access stays."""
    await stage.active(stage.bob)
    async with stage.nothing_changes():
        for what in ("suspend", "revoke"):
            told = await access(stage, what, stage.bob, reason="x" * 301)
            assert "The reason is too long: 300 characters at most" in refusal(told)


async def test_a_forged_button(stage: Stage) -> None:
    """A number that no invite has."""
    async with stage.nothing_changes():
        pressed = await unseen.press(
            stage.env,
            stage.alice,
            stage.world.access_requests,
            {"type": 2, "style": 2, "label": "x", "custom_id": "helpr:access:restore:999999"},
        )
        assert refusal(pressed) == "That request does not exist any more."


# -- try again ----------------------------------------------------------------------------------


async def test_try_again_what_plex_refused(stage: Stage) -> None:
    """Once the account exists, the card's button sends the same request again."""
    await stage.requested(stage.bob, "newcomer")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "failed"
    assert labels(stage.card()) == ["Try again"]
    stage.plex.world.add_account("newcomer", "newcomer@example.org")
    pressed = await stage.alice.click(stage.card(), label="Try again")
    assert "I try again now" in said(pressed)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert labels(stage.card()) == []
    assert "had it tried again" in (await panel(stage, stage.bob))[0]


async def test_try_again_by_a_reviewer(stage: Stage) -> None:
    """The button is for admins; a reviewer reads that."""
    await stage.requested(stage.bob, "nobody-has-this")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    async with stage.nothing_changes():
        pressed = await stage.rita.click(stage.card(), label="Try again")
        assert "Only admins" in refusal(pressed)


async def test_try_again_after_the_member_asked_anew(stage: Stage) -> None:
    """A refused request is not revived beside a newer one of the same member."""
    await stage.requested(stage.bob, "nobody-has-this")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    old = button(stage.card(), "Try again")
    await stage.requested(stage.bob, "bob")
    async with stage.nothing_changes():
        pressed = await unseen.press(stage.env, stage.alice, stage.world.access_requests, old)
        assert "has asked again meanwhile" in refusal(pressed)


async def test_extend_beside_a_newer_request(stage: Stage) -> None:
    """What has expired is not given anew while the member waits for another decision."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    shown = await access(stage, "show", stage.bob)
    extend = button(shown.response, "Extend")
    await stage.pass_time(days=31)
    await stage.requested(stage.bob)
    form = await unseen.press(stage.env, stage.alice, stage.world.access_requests, extend)
    async with stage.nothing_changes():
        late = await unseen.submit(
            stage.env,
            stage.alice,
            stage.world.access_requests,
            form.modal["custom_id"],
            {"until": "30d"},
        )
        assert "has asked again meanwhile" in refusal(late)
