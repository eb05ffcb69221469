"""What nobody here has shown: another server's numbers, another person's, made by hand; and DMs."""

from typing import Any

import discord
import pytest
import unseen
from stage import Stage, button, labels, refusal, said, words
from test_rights import NUMBER, as_sent, custom_id

from bot.ui.items import ALL_ITEMS
from bot.ui.modals import ALL_FORMS


async def elsewhere(stage: Stage) -> tuple[Any, Any]:
    """The boss of another server that the bot is in too, and a channel there."""
    guild = stage.env.create_guild("Elsewhere")
    channel = guild.create_text_channel("general")
    boss = guild.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
    eve = guild.add_member(stage.env.create_user("eve"), roles=[boss])
    await stage.env.settle()
    return eve, channel


async def forged(stage: Stage) -> list[Any]:
    """Who has sent what, as the audit log tells."""
    return await stage.run_sql(
        "SELECT actor_id, details->>'custom_id' FROM audit_event"
        " WHERE action = 'interaction.forged' ORDER BY id"
    )


async def test_nothing_of_this_server_from_another_one(stage: Stage) -> None:
    """Every button, menu and form, pressed by the boss of another server with the numbers of this
    one, changes nothing here, and shows nothing of it."""
    await stage.requested(stage.bob, "bob@example.org")
    eve, channel = await elsewhere(stage)
    async with stage.nothing_changes():
        for item in ALL_ITEMS:
            pressed = await unseen.press(stage.env, eve, channel, as_sent(item))
            assert pressed.acknowledged or pressed.modal, item
            assert str(stage.bob.id) not in said(pressed), item
        for form in ALL_FORMS:
            sent = await unseen.submit(stage.env, eve, channel, custom_id(form.pattern.pattern))
            assert str(stage.bob.id) not in said(sent), form
    assert {who for who, _ in await forged(stage)} == {eve.id}


async def test_what_is_another_persons(stage: Stage) -> None:
    """Somebody else's request cannot be taken back, nor their access given up; it is noted."""
    await stage.active(stage.bob)
    mine = [
        {"type": 2, "style": 2, "label": "x", "custom_id": f"helpr:withdraw:{NUMBER}"},
        {"type": 2, "style": 2, "label": "x", "custom_id": f"helpr:leave:yes:{NUMBER}"},
    ]
    async with stage.nothing_changes():
        for item in mine:
            pressed = await unseen.press(stage.env, stage.carol, stage.world.get_access, item)
            assert refusal(pressed) == "That request does not exist any more."
    assert await forged(stage) == [(stage.carol.id, item["custom_id"]) for item in mine]


@pytest.mark.parametrize(
    "made", ["helpr:approve:999999:1:card", "helpr:no-such-thing:1", "helpr:approve:1:1:card:x", ""]
)
async def test_what_was_made_by_hand(stage: Stage, made: str) -> None:
    """A number that nobody has, or words that nobody knows: an answer, a note, and no change."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        pressed = await unseen.press(
            stage.env,
            stage.alice,
            stage.world.access_requests,
            {"type": 2, "style": 2, "label": "x", "custom_id": made},
        )
        assert "any more" in refusal(pressed)
        sent = await unseen.submit(stage.env, stage.alice, stage.world.access_requests, made)
        assert "any more" in refusal(sent)
    assert await forged(stage) == [(stage.alice.id, made)] * 2


NO_NUMBERS = ["9" * 40, str(2**63), "-1", "٣"]


async def test_a_choice_that_is_no_number(stage: Stage) -> None:
    """What no menu offers, chosen in each menu there is, is refused by a sentence."""
    await stage.requested(stage.bob)
    place = stage.world.access_requests
    menus = [sent for sent in map(as_sent, ALL_ITEMS) if sent["type"] != 2]
    assert len(menus) > 10
    async with stage.nothing_changes():
        for sent in menus:
            for value in NO_NUMBERS:
                menu = {**sent, "type": 3, "options": [{"label": "x", "value": value}]}
                pressed = await unseen.press(stage.env, stage.alice, place, menu)
                assert pressed.acknowledged or pressed.modal, menu
                assert "Something went wrong" not in said(pressed), menu
        for made in (
            f"helpr:audit:older:1:{'9' * 19}:-:0:0",
            f"helpr:import:yes:1:1:{'9' * 20}",
        ):
            item = {"type": 2, "style": 2, "label": "x", "custom_id": made}
            pressed = await unseen.press(stage.env, stage.alice, place, item)
            assert "Something went wrong" not in said(pressed), made


async def test_the_log_is_not_flooded(stage: Stage) -> None:
    """Of many tries in an hour the first twenty are written down; each gets its answer."""
    for _ in range(25):
        item = {"type": 2, "style": 2, "label": "x", "custom_id": "helpr:no-such-thing:1"}
        pressed = await unseen.press(stage.env, stage.carol, stage.world.get_access, item)
        assert "I do not know this button any more" in refusal(pressed)
    assert len(await forged(stage)) == 20


async def test_a_direct_message_has_buttons_that_work(stage: Stage) -> None:
    """A DM carries no member: Bob leaves by the DM's own button, as a member of the server."""
    await stage.sent(stage.bob)
    await stage.pass_time(minutes=16)
    [share] = stage.shares()
    stage.plex.world.accept(share.share_id)
    await stage.pass_time(seconds=61)
    [dm] = stage.dms(stage.bob)
    assert "Leave" in labels(dm)
    asked = await stage.bob.user.click(dm, label="Leave")
    assert "Your access ends at once" in said(asked)
    await stage.bob.user.click(asked.response, label="Leave for good")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []


async def test_the_direct_message_of_somebody_else(stage: Stage) -> None:
    """A DM's button with the number of somebody else's request is refused."""
    await stage.active(stage.bob)
    channel = stage.carol.user.dm_channel
    item = {"type": 2, "style": 2, "label": "x", "custom_id": f"helpr:leave:yes:{NUMBER}"}
    async with stage.nothing_changes():
        pressed = await unseen.press(stage.env, stage.carol.user, channel, item)
        assert refusal(pressed) == "That request does not exist any more."
        staff = {"type": 2, "style": 2, "label": "x", "custom_id": f"helpr:approve:{NUMBER}:1:card"}
        pressed = await unseen.press(stage.env, stage.carol.user, channel, staff)
        assert refusal(pressed) == "This works in a server, not in direct messages."


async def test_a_direct_message_after_leaving_the_server(stage: Stage) -> None:
    """Whoever has left the server reads that, and nothing happens."""
    answer = await stage.requested(stage.bob)
    withdraw = button(answer.response, "Withdraw")
    channel, user = stage.bob.user.dm_channel, stage.bob.user
    stage.world.guild.remove_member(stage.bob)
    async with stage.nothing_changes():
        pressed = await unseen.press(stage.env, user, channel, withdraw)
        assert "no longer a member of that server" in refusal(pressed)
    assert words(answer.response)
