"""Review cards on Discord's bad days: deleted, not edited, refused; each finds its way back."""

from typing import Any

import unseen
from stage import Stage, labels, refusal, said, words

from bot.domain.people import Actor, Right

AGAIN = "Post the cards again"


def edits(stage: Stage, message: Any) -> int:
    """How often the bot has asked to edit a message."""
    path = f"/channels/{message.channel.id}/messages/{message.id}"
    return sum(r.method == "PATCH" and r.path == path for r in stage.env.http_requests)


def posts(stage: Stage) -> int:
    """How often the bot has asked to post in the request channel."""
    path = f"/channels/{stage.world.access_requests.id}/messages"
    return sum(r.method == "POST" and r.path == path for r in stage.env.http_requests)


def whose(stage: Stage, *people: Any) -> list[int]:
    """How many cards each of these people has."""
    shown = [words(card) for card in stage.cards()]
    return [sum(f"<@{who.id}> asks" in card for card in shown) for who in people]


async def post_again(stage: Stage, who: Any = None) -> Any:
    """Somebody (Alice) presses the button on their /requests: what they read then."""
    who = who or stage.alice
    page = await stage.slash(who, "requests")
    pressed = await who.click(page.response, label=AGAIN)
    await stage.run_jobs()
    return pressed


# -- deleted --------------------------------------------------------------------------------------


async def test_a_deleted_card_is_posted_anew_on_demand(stage: Stage) -> None:
    """Of three open requests the one without a card gets a new one, and nobody gets a second."""
    dave = await stage.join("dave")
    for who in (stage.bob, stage.carol, dave):
        await stage.requested(who, f"{who.name}@example.org")
    await unseen.delete(stage.env, stage.cards()[1])
    assert whose(stage, stage.bob, stage.carol, dave) == [1, 0, 1]
    pressed = await post_again(stage)
    assert "Cards that are missing are posted again" in said(pressed)
    assert whose(stage, stage.bob, stage.carol, dave) == [1, 1, 1]
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.carol) == "sent"
    assert "not accepted yet" in words(stage.card())


async def test_a_card_that_is_deleted_again_and_again(stage: Stage) -> None:
    """Each press brings back what is missing, however often; two presses bring one card."""
    await stage.requested(stage.bob)
    for _ in range(3):
        await unseen.delete(stage.env, stage.card())
        assert stage.cards() == []
        await post_again(stage)
        await post_again(stage)
        assert whose(stage, stage.bob) == [1]
    nonces = [
        r.json["nonce"]
        for r in stage.env.http_requests
        if r.method == "POST" and r.json and "nonce" in r.json
    ]
    assert len(set(nonces)) == len(nonces) == 4


async def test_reviewers_may_post_the_cards_again(stage: Stage) -> None:
    """The reviewers' role is enough."""
    await stage.requested(stage.bob)
    await unseen.delete(stage.env, stage.card())
    unseen.open_command(stage.env, stage.world.guild, "requests", stage.world.reviewers)
    await post_again(stage, stage.rita)
    assert whose(stage, stage.bob) == [1]


async def test_cards_that_stand_are_left_alone(stage: Stage) -> None:
    """Where nothing is missing the press posts nothing and changes nothing."""
    await stage.requested(stage.bob)
    before = posts(stage)
    async with stage.nothing_changes():
        await post_again(stage)
    assert posts(stage) == before


async def test_without_open_requests_there_is_nothing_to_post(stage: Stage) -> None:
    """The button is not offered where nobody waits."""
    assert refusal(await stage.slash(stage.alice, "requests")).startswith("Nobody is waiting")


async def test_a_card_deleted_after_the_decision_stays_deleted(stage: Stage) -> None:
    """Somebody tidied up: later news, and the press, bring the card of a live invite not back."""
    await stage.sent(stage.bob)
    await stage.requested(stage.carol, "carol")
    bobs, carols = stage.cards()
    await unseen.delete(stage.env, bobs)
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    assert await stage.state_of(stage.bob) == "active"
    await post_again(stage)
    assert [card.id for card in stage.cards()] == [carols.id]
    tried = edits(stage, bobs)
    await stage.pass_time(minutes=30)
    assert edits(stage, bobs) == tried


# -- somebody's card, asked for -------------------------------------------------------------------


async def test_the_card_of_anybody_can_be_asked_for(stage: Stage) -> None:
    """A reviewer gets the card of a live invite privately, as it stands now."""
    await stage.sent(stage.bob)
    await unseen.delete(stage.env, stage.card())
    shown = await stage.alice.context_menu(
        stage.world.access_requests, "Plex access", stage.world.bob
    )
    assert shown.ephemeral
    assert f"<@{stage.bob.id}> asks for access" in said(shown)
    assert "not accepted yet" in said(shown)
    assert labels(shown.response) == []
    assert stage.cards() == []


async def test_an_open_request_is_decided_on_the_card_asked_for(stage: Stage) -> None:
    """Both buttons work there; the private copy and the card in the channel follow."""
    await stage.requested(stage.bob)
    await stage.requested(stage.carol, "carol")
    place = stage.world.access_requests
    shown = await stage.alice.context_menu(place, "Plex access", stage.world.bob)
    assert labels(shown.response) == ["Approve", "Deny"]
    pressed = await stage.alice.click(shown.response, label="Approve")
    assert "Sending to Plex" in said(pressed)
    shown = await stage.alice.context_menu(place, "Plex access", stage.world.carol)
    form = await stage.alice.click(shown.response, label="Deny")
    denied = await stage.alice.submit_modal(form, {"reason": "Full"})
    assert "Denied by" in said(denied)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert await stage.state_of(stage.carol) == "denied"
    assert "not accepted yet" in words(stage.cards()[0])
    assert "Full" in words(stage.cards()[1])


async def test_the_card_of_somebody_who_never_asked(stage: Stage) -> None:
    """That is said, with no buttons."""
    shown = await stage.alice.context_menu(
        stage.world.access_requests, "Plex access", stage.world.carol
    )
    assert refusal(shown) == f"<@{stage.carol.id}> has not asked for access."


# -- not edited -----------------------------------------------------------------------------------


async def test_a_lost_edit_is_caught_up(stage: Stage) -> None:
    """Discord fails while the card is to say "approved": it says so 10 s later."""
    await stage.requested(stage.bob)
    card = stage.card()
    stage.env.inject_error(
        "PATCH", f"/channels/{card.channel.id}/messages/{card.id}", status=503, times=2
    )
    form = await stage.alice.click(card, label="Deny")
    await stage.alice.submit_modal(form, {"reason": "Full"})
    await stage.run_jobs()
    assert labels(stage.card()) == ["Approve", "Deny", "Show address"]
    await stage.pass_time(seconds=5)
    assert edits(stage, card) == 1
    await stage.pass_time(seconds=6)
    assert edits(stage, card) == 2
    await stage.pass_time(seconds=11)
    assert "Full" in words(stage.card())
    assert labels(stage.card()) == []
    assert edits(stage, card) == 3


async def test_an_edit_that_overlaps_newer_news_never_shows_the_past(stage: Stage) -> None:
    """While one look at the card is under way no second one begins; the card ends at the newest."""
    await stage.requested(stage.bob)
    invite = await stage.invite_of(stage.bob)
    services, alice = stage.house.services, Actor(invite.guild_id, stage.alice.id, Right.ADMIN)
    await services.invites.approve(alice, invite.id, invite.version)
    early = await services.showing.card(invite.id)
    assert early is not None
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert labels(stage.card()) == ["Approve", "Deny", "Show address"], (
        "nobody else may draw meanwhile"
    )
    await services.showing.card_shown(early.invite, stage.card().channel.id, stage.card().id)
    await stage.run_jobs()
    assert "not accepted yet" in words(stage.card())


async def test_a_worker_that_died_while_showing(stage: Stage) -> None:
    """What a killed worker had begun to show is shown by the next, within its lease."""
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    invite = await stage.invite_of(stage.bob)
    assert await stage.house.services.showing.card(invite.id) is not None
    await stage.run_jobs()
    assert labels(stage.card()) == ["Approve", "Deny", "Show address"]
    await stage.pass_time(seconds=26)
    assert "not accepted yet" in words(stage.card())
    assert len(stage.cards()) == 1


async def test_too_many_edits_of_an_old_message(stage: Stage) -> None:
    """30046 is no loop: a try in five minutes, and the card ends at the newest state."""
    await stage.requested(stage.bob)
    card = stage.card()
    stage.env.inject_error(
        "PATCH",
        f"/channels/{card.channel.id}/messages/{card.id}",
        status=429,
        code=30046,
        message="Maximum number of edits to messages older than 1 hour reached.",
        times=None,
    )
    await stage.alice.click(card, label="Approve")
    await stage.run_jobs()
    first = edits(stage, card)
    for _ in range(20):
        await stage.pass_time(seconds=60)
    assert edits(stage, card) - first <= 5
    stage.env.backend.faults.clear()
    await stage.pass_time(minutes=6)
    assert "not accepted yet" in words(stage.card())
