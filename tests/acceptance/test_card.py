"""The review card: what it shows, and what its buttons do."""

import discord
import unseen
from stage import Stage, button, labels, refusal, said, words

from bot.ui.items.requests import Approve, Deny


async def test_what_a_reviewer_needs_to_decide(stage: Stage) -> None:
    """The card shows the account, masked, the age on Discord, the day of joining, the word."""
    await stage.ask(stage.bob, "bob@example.org", "It's me")
    await stage.run_jobs()
    text = words(stage.card()).replace("\\", "")
    assert f"<@{stage.bob.id}> asks for access" in text
    assert "b***@example.org" in text
    assert "bob@example.org" not in text
    assert "Standard (5 libraries)" in text
    assert "On Discord since <t:1623412800:D>" in text
    assert "joined <t:1706985900:R>" in text
    assert "> It's me" in text
    assert "Earlier:" not in text
    assert labels(stage.card()) == ["Approve", "Deny", "Show address"]


async def test_earlier_decisions_are_shown(stage: Stage) -> None:
    """Who asks again is known to the reviewers."""
    answer = await stage.requested(stage.bob)
    await stage.bob.click(answer.response, label="Withdraw")
    await stage.requested(stage.bob)
    assert "Earlier: withdrawn <t:" in words(stage.card())


async def test_approve(stage: Stage) -> None:
    """Approving stores who did it, shares on Plex, and tells the member; no second message."""
    answer = await stage.requested(stage.bob)
    pressed = await stage.alice.click(stage.card(), label="Approve")
    assert pressed.acknowledged
    assert pressed.followups == []
    await stage.run_jobs()
    invite = await stage.invite_of(stage.bob)
    assert (invite.state, invite.decided_by) == ("sent", stage.alice.id)
    assert f"Approved by <@{stage.alice.id}>" in words(stage.card())
    assert "Now accept on Plex" in words(answer.response)
    assert len(stage.cards()) == 1
    assert stage.plex_changes() == [
        f"POST /api/servers/{stage.plex.world.server.machine_identifier}/shared_servers"
    ]


async def test_a_reviewer_without_manage_server_approves(stage: Stage) -> None:
    """The reviewers' role is enough."""
    await stage.requested(stage.bob)
    await stage.rita.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert f"Approved by <@{stage.rita.id}>" in words(stage.card())


async def test_deny_with_a_reason(stage: Stage) -> None:
    """The member reads the reason, and so do the reviewers."""
    answer = await stage.requested(stage.bob)
    form = await stage.rita.click(stage.card(), label="Deny")
    assert form.modal["title"] == "Deny this request"
    [reason] = form.modal["components"]
    assert (reason["label"], reason["description"]) == ("Reason", "Optional. The member reads it.")
    assert await stage.state_of(stage.bob) == "requested"
    await stage.rita.submit_modal(form, {"reason": "Please ask in the summer."})
    await stage.run_jobs()
    invite = await stage.invite_of(stage.bob)
    assert (invite.state, invite.decided_by) == ("denied", stage.rita.id)
    for message in (answer.response, stage.card()):
        assert "Please ask in the summer." in words(message).replace("\\", "")
    assert f"Denied by <@{stage.rita.id}>" in words(stage.card())
    assert f"{stage.rita.id}" not in words(answer.response)
    assert labels(stage.card()) == []
    assert stage.plex_changes() == []


async def test_deny_without_a_reason(stage: Stage) -> None:
    """A reason is not demanded."""
    answer = await stage.requested(stage.bob)
    form = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(form, {})
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "denied"
    assert "Not this time" in words(answer.response)
    assert "> " not in words(answer.response)


async def test_two_reviewers_press_at_the_same_time(stage: Stage) -> None:
    """One decision counts; the other reviewer reads who was faster."""
    await stage.requested(stage.bob)
    channel, press = stage.world.access_requests, button(stage.card(), "Approve")
    results = await unseen.presses(
        stage.env, [(stage.alice, channel, press), (stage.rita, channel, press)]
    )
    beaten = [result for result in results if result.followups]
    assert len(beaten) == 1
    invite = await stage.invite_of(stage.bob)
    assert invite.decided_by in {stage.alice.id, stage.rita.id}
    assert f"<@{invite.decided_by}> was faster: this request is approved." in refusal(beaten[0])
    await stage.run_jobs()
    assert len(stage.shares()) == 1
    assert len(stage.plex_changes()) == 1
    [approvals] = await stage.run_sql(
        "SELECT count(*) FROM audit_event WHERE action = 'invite.approved'"
    )
    assert approvals == (1,)


async def test_one_approves_while_the_other_types_a_reason(stage: Stage) -> None:
    """A reason that comes after the approval changes nothing, and says who was faster."""
    await stage.requested(stage.bob)
    form = await stage.rita.click(stage.card(), label="Deny")
    await stage.alice.click(stage.card(), label="Approve")
    async with stage.nothing_changes():
        late = await stage.rita.submit_modal(form, {"reason": "No"})
        assert f"<@{stage.alice.id}> was faster" in refusal(late)


async def test_a_card_that_was_not_refreshed_yet(stage: Stage) -> None:
    """A button of a request that was decided meanwhile answers with how it stands."""
    await stage.requested(stage.bob)
    approve, deny = button(stage.card(), "Approve"), button(stage.card(), "Deny")
    await stage.alice.click(stage.card(), label="Approve")
    async with stage.nothing_changes():
        for item in (approve, deny):
            late = await unseen.press(stage.env, stage.rita, stage.world.access_requests, item)
            assert late.modal is None
            assert f"<@{stage.alice.id}> was faster" in refusal(late)


async def test_a_card_of_a_withdrawn_request(stage: Stage) -> None:
    """Who presses after the member has withdrawn reads just that."""
    answer = await stage.requested(stage.bob)
    approve = button(stage.card(), "Approve")
    await stage.bob.click(answer.response, label="Withdraw")
    async with stage.nothing_changes():
        late = await unseen.press(stage.env, stage.alice, stage.world.access_requests, approve)
        assert refusal(late) == "Too late: this request is withdrawn."


async def test_an_older_version_of_a_card(stage: Stage) -> None:
    """A button that was made for another version of the request decides nothing."""
    await stage.requested(stage.bob)
    invite = await stage.invite_of(stage.bob)
    async with stage.nothing_changes():
        for item in (Approve(invite.id, invite.version + 1), Deny(invite.id, invite.version + 1)):
            late = await unseen.press(
                stage.env,
                stage.alice,
                stage.world.access_requests,
                item.item.to_component_dict(),
            )
            assert "this request is waiting for a decision" in refusal(late)


async def test_nobody_decides_their_own_request(stage: Stage) -> None:
    """A reviewer or admin who asks is decided about by somebody else."""
    for who, other in ((stage.rita, stage.alice), (stage.alice, stage.rita)):
        await stage.requested(who, f"{who.name}@example.org")
        async with stage.nothing_changes():
            for label in ("Approve", "Deny"):
                pressed = await who.click(stage.card(), label=label)
                assert "somebody else has to decide it" in refusal(pressed)
        await other.click(stage.card(), label="Approve")
        assert await stage.state_of(who) == "approved"
        await stage.run_jobs()


async def test_a_member_who_presses(stage: Stage) -> None:
    """A card that somebody without the right gets hold of does nothing for them."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        for label in ("Approve", "Deny"):
            pressed = await unseen.press(
                stage.env, stage.carol, stage.world.get_access, button(stage.card(), label)
            )
            assert pressed.modal is None
            assert refusal(pressed) == "Only reviewers and admins of this server can do that."


async def test_a_card_of_another_server(stage: Stage) -> None:
    """An admin of another server gets nowhere with a request of this one."""
    await stage.requested(stage.bob)
    elsewhere = stage.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    boss = elsewhere.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
    eve = elsewhere.add_member(stage.env.create_user("eve"), roles=[boss])
    await stage.env.settle()
    async with stage.nothing_changes():
        for label in ("Approve", "Deny"):
            pressed = await unseen.press(stage.env, eve, channel, button(stage.card(), label))
            assert pressed.modal is None
            assert refusal(pressed) == "That request does not exist any more."
    queue = await eve.slash(channel, "requests")
    assert "Nobody is waiting" in said(queue)


async def test_a_card_that_somebody_deleted(stage: Stage) -> None:
    """An open request whose card was deleted can still be decided from the queue."""
    await stage.requested(stage.bob)
    await unseen.delete(stage.env, stage.card())
    assert stage.cards() == []
    await stage.alice.click(await queue_of(stage), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"


async def queue_of(stage: Stage) -> object:
    """The message of Alice's /requests."""
    return (await stage.slash(stage.alice, "requests")).response
