"""Members with access ask for more time or another tier; reviewers decide on a card."""

import asyncio
import json
from typing import Any

import unseen
from lives import access, dm, guild_sets, lasting, my_plex, suspended, tier, until
from stage import Stage, button, labels, refusal, said, words
from test_forgetting import assert_unknown, forget

from bot.domain.errors import Refused
from bot.domain.members import WishKind
from bot.domain.people import Actor, Right

MORE = "Ask for more time"


async def lent(stage: Stage) -> Any:
    """Bob has access for 30 days, of which 10 are left: his own panel."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=10)
    return (await stage.slash(stage.bob, "my-plex")).response


async def asked_for_time(stage: Stage, note: str = "") -> Any:
    """Bob has asked for more time, and the card stands: his own panel."""
    shown = await lent(stage)
    form = await stage.bob.click(shown, label=MORE)
    answered = await stage.bob.submit_modal(form, {"note": note} if note else {})
    assert "You asked for more time <t:" in words(answered.response)
    assert "No more time needed" in labels(answered.response)
    await stage.run_jobs()
    return answered.response


async def days_left(stage: Stage) -> int:
    """Until Bob's access ends, in whole days."""
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert invite.expires_at is not None
    return round((invite.expires_at - stage.clock.now()).total_seconds() / 86400)


async def other_tier(stage: Stage, *titles: str) -> int:
    """A tier that members may ask for."""
    id_ = await tier(stage, "Family", *titles)
    await stage.run_sql("UPDATE tier SET is_open = true WHERE id = $1", id_)
    return id_


# -- more time ------------------------------------------------------------------------------------


async def test_more_time_is_granted_on_the_card(stage: Stage) -> None:
    """A card with the note and the masked account; approving adds the tier's days."""
    panel = await asked_for_time(stage, "Still watching!")
    assert len(stage.cards()) == 2
    card = words(stage.card()).replace("\\", "")
    assert f"<@{stage.bob.id}> asks for more time" in card
    assert "b***@example.org" in card
    assert "> Still watching!" in card
    assert "Approving gives 30 days more." in card
    assert labels(stage.card()) == ["Approve", "Deny"]
    await stage.rita.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await days_left(stage) == 40
    assert f"Approved by <@{stage.rita.id}>" in words(stage.card())
    assert labels(stage.card()) == []
    assert "You asked for more time" not in words(panel)
    assert MORE in labels(panel)
    assert "The admins gave you more time <t:" in words(panel)
    history = said(await access(stage, "show", stage.bob))
    assert f"<@{stage.bob.id}>: asked for more time" in history
    assert f"<@{stage.rita.id}>: changed the end" in history


async def test_more_time_is_refused(stage: Stage) -> None:
    """The member reads the reason, once, and can ask again only after a week."""
    panel = await asked_for_time(stage)
    left = await days_left(stage)
    form = await stage.rita.click(stage.card(), label="Deny")
    await stage.rita.submit_modal(form, {"reason": "We are full."})
    await stage.run_jobs()
    assert await days_left(stage) == left
    assert "The admins said no to more time <t:" in words(panel)
    assert "> We are full" in words(panel)
    assert "We are full" in words(stage.card())
    assert f"Denied by <@{stage.rita.id}>" in words(stage.card())
    async with stage.nothing_changes():
        again = await stage.bob.click(panel, label=MORE)
        assert "You can ask again" in refusal(again)
    await stage.pass_time(days=7, minutes=1)
    assert (await stage.bob.click(panel, label=MORE)).modal is not None


async def test_a_refusal_comes_as_one_direct_message(stage: Stage) -> None:
    """When the private answer is over, the refusal replaces the one message that there is."""
    await asked_for_time(stage)
    await stage.pass_time(minutes=20)
    before = stage.dms(stage.bob)
    form = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(form, {"reason": "Sorry."})
    await stage.run_jobs()
    assert "The admins said no to more time <t:" in dm(stage, stage.bob)
    assert [one.id for one in stage.dms(stage.bob)] != [one.id for one in before]


async def test_a_yes_comes_as_one_direct_message(stage: Stage) -> None:
    """So does what is granted late; and the open card goes along to another channel before that."""
    await asked_for_time(stage)
    await stage.pass_time(minutes=20)
    before = stage.dms(stage.bob)
    await guild_sets(stage, request_channel_id=stage.world.get_access.id)
    admin = Actor(stage.world.guild.id, stage.alice.id, Right.ADMIN)
    await stage.house.services.wishes.owe_cards(admin)
    await stage.run_jobs()
    assert "asks for more time" not in words(stage.card())
    card = stage.world.get_access.last_message
    await stage.rita.click(card, label="Approve")
    await stage.run_jobs()
    assert "The admins gave you more time <t:" in dm(stage, stage.bob)
    assert [one.id for one in stage.dms(stage.bob)] != [one.id for one in before]


async def test_a_card_of_somebody_who_died(stage: Stage) -> None:
    """Whoever posted it was killed before noting it down: the next one finds it, and posts none."""
    await asked_for_time(stage)
    count = len(stage.cards())
    await stage.run_sql(
        "UPDATE wish SET card_message_id = NULL, card_channel_id = NULL, card_version = 0,"
        " card_due_at = created_at"
    )
    await stage.pass_time(minutes=10)
    assert len(stage.cards()) == count
    await stage.run_sql("UPDATE wish SET card_message_id = NULL, card_channel_id = NULL")
    await stage.rita.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert len(stage.cards()) == count
    assert f"Approved by <@{stage.rita.id}>" in words(stage.card())


async def test_renewing_what_has_run_out(stage: Stage) -> None:
    """Whose time is over asks to renew, with one button; approving gives the same access anew."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await stage.pass_time(days=31)
    assert await stage.state_of(stage.bob) == "ended"
    shown = (await stage.slash(stage.bob, "my-plex")).response
    assert "Renew" in labels(shown)
    form = await stage.bob.click(shown, label="Renew")
    await stage.bob.submit_modal(form, {})
    await stage.run_jobs()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert await days_left(stage) == 30
    assert len(stage.shares()) == 1


# -- another tier ---------------------------------------------------------------------------------


async def test_another_tier(stage: Stage) -> None:
    """Only tiers that members may ask for are offered; approving moves them on Plex."""
    await stage.active(stage.bob)
    family = await other_tier(stage, "Films", "Kids")
    await tier(stage, "Secret", "Films")
    shown = (await stage.slash(stage.bob, "my-plex")).response
    # Access without an end cannot last longer.
    assert MORE not in labels(shown)
    assert "Your access has no end." in words(shown)
    form = await stage.bob.click(shown, label="Change tier")
    choice = form.modal["components"][0]["component"]
    assert [option["label"] for option in choice["options"]] == ["Family"]
    answered = await stage.bob.submit_modal(form, {"tier": [str(family)], "note": ""})
    assert "You asked for another tier" in words(answered.response)
    await stage.run_jobs()
    assert "Approving moves them to **Family**." in words(stage.card())
    await stage.rita.click(stage.card(), label="Approve")
    await stage.run_jobs()
    [share] = stage.shares()
    assert sorted(one.title for one in share.libraries) == ["Films", "Kids"]
    assert "Tier: **Family**" in (await my_plex(stage, stage.bob))[0]


async def test_given_without_the_card(stage: Stage) -> None:
    """An admin who gives by a command what was asked for has granted it; nobody gives it twice."""
    panel = await asked_for_time(stage)
    family = await other_tier(stage, "Films")
    shown = (await stage.slash(stage.bob, "my-plex")).response
    form = await stage.bob.click(shown, label="Change tier")
    await stage.bob.submit_modal(form, {"tier": [str(family)]})
    await stage.run_jobs()
    await access(stage, "extend", stage.bob, until="5d")
    await access(stage, "move", stage.bob, tier="Family")
    await stage.run_jobs()
    assert await days_left(stage) == 15
    for card in stage.cards()[-2:]:
        assert f"Approved by <@{stage.alice.id}>" in words(card)
        assert labels(card) == []
    assert "You asked for" not in words(panel)


async def test_a_tier_that_is_full(stage: Stage) -> None:
    """Approving tells who decides that it is full; the wish waits until there is a seat."""
    await stage.active(stage.carol, "carol@example.org")
    await stage.active(stage.bob)
    family = await other_tier(stage, "Films")
    await stage.run_sql("UPDATE tier SET seats = 1 WHERE id = $1", family)
    await stage.run_sql(
        "UPDATE invite SET tier_id = $1 WHERE member_id = $2", family, stage.carol.id
    )
    shown = (await stage.slash(stage.bob, "my-plex")).response
    form = await stage.bob.click(shown, label="Change tier")
    await stage.bob.submit_modal(form, {"tier": [str(family)]})
    await stage.run_jobs()
    async with stage.nothing_changes():
        pressed = await stage.rita.click(stage.card(), label="Approve")
        assert "The tier Family is full" in refusal(pressed)
    assert labels(stage.card()) == ["Approve", "Deny"]
    await stage.run_sql("UPDATE tier SET seats = 2 WHERE id = $1", family)
    await stage.rita.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "Tier: **Family**" in (await my_plex(stage, stage.bob))[0]


async def test_a_tier_that_is_not_offered(stage: Stage) -> None:
    """A form that names another tier changes nothing."""
    await stage.active(stage.bob)
    await other_tier(stage, "Films")
    secret = await tier(stage, "Secret", "Films")
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    async with stage.nothing_changes():
        sent = await unseen.submit(
            stage.env,
            stage.bob,
            stage.world.get_access,
            f"helpr:wish:tier:{invite.id}",
            {"tier": str(secret), "note": ""},
        )
        assert "not open" in refusal(sent) or "cannot" in refusal(sent)


# -- who, and when --------------------------------------------------------------------------------


async def test_nobody_decides_their_own(stage: Stage) -> None:
    """A reviewer who has access asks like everybody else, and somebody else decides."""
    await lasting(stage, 30)
    await stage.active(stage.rita, "rita@example.org")
    await until(stage, stage.rita, days=10)
    shown = (await stage.slash(stage.rita, "my-plex")).response
    form = await stage.rita.click(shown, label=MORE)
    await stage.rita.submit_modal(form, {})
    await stage.run_jobs()
    for label in ("Approve", "Deny"):
        pressed = await stage.rita.click(stage.card(), label=label)
        assert "You cannot decide about your own access" in refusal(pressed)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert f"Approved by <@{stage.alice.id}>" in words(stage.card())


async def test_who_was_suspended_cannot_renew(stage: Stage) -> None:
    """Neither while it is suspended, nor when its time has run out meanwhile."""
    await lasting(stage, 30)
    await suspended(stage, stage.bob)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert MORE not in (await my_plex(stage, stage.bob))[1]
    async with stage.nothing_changes():
        pressed = await unseen.press(
            stage.env,
            stage.bob,
            stage.world.get_access,
            {"type": 2, "style": 2, "label": "x", "custom_id": f"helpr:wish:time:{invite.id}"},
        )
        assert "That cannot be asked for now" in refusal(pressed)
    await stage.pass_time(days=31)
    assert await stage.state_of(stage.bob) == "ended"
    assert "Renew" not in (await my_plex(stage, stage.bob))[1]


async def test_a_wish_ends_with_the_access(stage: Stage) -> None:
    """Whoever leaves, or is sent away, wants no more time; the card says so."""
    panel = await asked_for_time(stage)
    still_there = button(stage.card(), "Approve")
    asked = await stage.bob.click(panel, label="Leave")
    await stage.bob.click(asked.response, label="Leave for good")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "ended"
    assert "Over <t:" in words(stage.card())
    assert labels(stage.card()) == []
    late = await unseen.press(stage.env, stage.alice, stage.world.access_requests, still_there)
    assert "decided or taken back meanwhile" in refusal(late)


async def test_a_wish_outlives_the_time_it_is_about(stage: Stage) -> None:
    """Nobody decided before the end: the card still renews, once; the second one reads who did."""
    await asked_for_time(stage)
    await stage.pass_time(days=11)
    assert await stage.state_of(stage.bob) == "ended"
    shown, buttons = await my_plex(stage, stage.bob)
    assert "You asked for more time <t:" in shown
    assert "No more time needed" in buttons
    stale = button(stage.card(), "Approve")
    await stage.rita.click(stage.card(), label="Approve")
    late = await unseen.press(stage.env, stage.alice, stage.world.access_requests, stale)
    assert f"<@{stage.rita.id}> was faster and has decided that already." in refusal(late)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert await days_left(stage) == 30


def reminders(stage: Stage) -> list[Any]:
    """The reminders among Bob's direct messages."""
    return [one for one in stage.dms(stage.bob) if "Your Plex access ends soon" in words(one)]


async def test_asked_below_a_reminder(stage: Stage) -> None:
    """The reminder's own button asks, from a direct message that stays as it is."""
    await lasting(stage, 30)
    await stage.active(stage.bob)
    await until(stage, stage.bob, days=6)
    [reminder] = reminders(stage)
    assert labels(reminder) == ["My access", MORE, "No direct messages"]
    form = await stage.bob.user.click(reminder, label=MORE)
    answered = await stage.bob.user.submit_modal(form, {"note": "Please!"})
    assert "You asked for more time <t:" in said(answered)
    assert answered.ephemeral
    await stage.run_jobs()
    assert "> Please" in words(stage.card())
    [reminder] = reminders(stage)
    again = await stage.bob.user.click(reminder, label=MORE)
    assert "You have asked for that already." in refusal(again)
    # The next one tells that, and offers the way back.
    await until(stage, stage.bob, hours=20)
    [reminder] = reminders(stage)
    assert "You asked for more time <t:" in words(reminder)
    taken = await stage.bob.user.click(reminder, label="No more time needed")
    assert MORE in labels(taken.response)
    await stage.run_jobs()
    assert "Withdrawn by the member" in words(stage.card())


async def test_taken_back(stage: Stage) -> None:
    """The member may take it back, and ask again."""
    panel = await asked_for_time(stage)
    await stage.bob.click(panel, label="No more time needed")
    await stage.run_jobs()
    assert "Withdrawn by the member" in words(stage.card())
    assert MORE in labels(panel)


# -- privacy --------------------------------------------------------------------------------------


async def test_wishes_in_the_file_and_forgotten(stage: Stage) -> None:
    """The export holds them with every word; being forgotten erases those, on the cards too."""
    panel = await asked_for_time(stage, "The dog wants it")
    await stage.bob.click(panel, label="No more time needed")
    await stage.run_jobs()
    form = await stage.bob.click(panel, label=MORE)
    await stage.bob.submit_modal(form, {"note": "The cat wants it"})
    await stage.run_jobs()
    form = await stage.rita.click(stage.card(), label="Deny")
    await stage.rita.submit_modal(form, {"reason": "No pets."})
    family = await other_tier(stage, "Films")
    shown = (await stage.slash(stage.bob, "my-plex")).response
    form = await stage.bob.click(shown, label="Change tier")
    await stage.bob.submit_modal(form, {"tier": [str(family)], "note": "The parrot wants it"})
    await stage.run_jobs()
    me = Actor(stage.world.guild.id, stage.bob.id)
    held = json.loads(await stage.house.services.privacy.export(me))["wishes"]
    assert [(one["kind"], one["state"], one["note"], one["reason_given"]) for one in held] == [
        ("time", "withdrawn", "The dog wants it", None),
        ("time", "refused", "The cat wants it", "No pets."),
        ("tier", "open", "The parrot wants it", None),
    ]
    await forget(stage, stage.bob)
    await assert_unknown(stage, stage.bob)
    said_of_them = "SELECT state, note_sealed, reason_sealed, member_id < 0, decided_by FROM wish"
    assert sorted(await stage.run_sql(said_of_them)) == [
        ("refused", None, None, True, stage.rita.id),
        ("withdrawn", None, None, True, None),
        ("withdrawn", None, None, True, None),
    ]
    for card in stage.cards():
        text = words(card)
        assert "Forgotten" in text
        assert not any(word in text for word in (str(stage.bob.id), "wants it", "No pets"))
    late = await unseen.press(
        stage.env,
        stage.alice,
        stage.world.access_requests,
        {"type": 2, "style": 3, "label": "x", "custom_id": "helpr:wish_grant:3:1:card"},
    )
    assert "decided or taken back meanwhile" in refusal(late)


# -- cards and races ------------------------------------------------------------------------------


async def test_requests_shows_them_too(stage: Stage) -> None:
    """What is decided on the page needs no card; the page shows what is left."""
    await asked_for_time(stage)
    queue = await stage.slash(stage.alice, "requests")
    page = await stage.alice.click(queue.response, label="1 asks for more")
    assert "1 member asks for more" in words(page.response)
    assert f"<@{stage.bob.id}> asks for more time" in words(page.response)
    await stage.alice.click(page.response, label="Approve")
    assert "Nobody with access is asking for more." in words(page.response)
    await stage.run_jobs()
    assert await days_left(stage) == 40


async def test_of_many_only_one(stage: Stage) -> None:
    """Ten wishes at once are one; of ten decisions at once one counts."""
    await lent(stage)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    wishes, guild_id = stage.house.services.wishes, stage.world.guild.id
    bob = Actor(guild_id, stage.bob.id)
    asked = await asyncio.gather(
        *(wishes.ask(bob, invite.id, WishKind.TIME, note="", tier_id=None) for _ in range(10)),
        return_exceptions=True,
    )
    [wish] = [one for one in asked if not isinstance(one, BaseException)]
    assert {one.key for one in asked if isinstance(one, Refused)} == {"wish.open_already"}
    rita = Actor(guild_id, stage.rita.id, Right.REVIEWER)
    alice = Actor(guild_id, stage.alice.id, Right.ADMIN)
    decided = await asyncio.gather(
        *(wishes.grant(rita, wish.id, wish.version) for _ in range(5)),
        *(wishes.refuse(alice, wish.id, wish.version, "") for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(one is None for one in decided) == 1
    assert all(isinstance(one, Refused) for one in decided if one is not None)
    [(state,)] = await stage.run_sql("SELECT state FROM wish")
    assert await days_left(stage) == (40 if state == "granted" else 10)
    await stage.run_jobs()
