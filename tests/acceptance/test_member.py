"""What a member does: /invite, /my-plex, Withdraw."""

import pytest
import unseen
from stage import Stage, button, labels, refusal, said, words

from sandbox.plex import Fault

SHARING = "POST /api/*shared_servers"


async def test_invite_opens_a_form(stage: Stage) -> None:
    """/invite asks for the Plex account and, if one likes, a word to the admins and a code."""
    shown = await stage.slash(stage.bob, "invite")
    assert shown.modal["title"] == "Ask for access to Plex"
    account, word, code = shown.modal["components"]
    assert account["label"] == "Your Plex e-mail or username"
    assert "stored encrypted" in account["description"]
    assert word["label"] == "A word to the admins"
    assert not word["component"]["required"]
    assert code["label"] == "Your code"
    assert not code["component"]["required"]
    assert await stage.state_of(stage.bob) is None


async def test_a_request_is_kept_and_shown_to_the_admins(stage: Stage) -> None:
    """The form is answered privately, the ledger has the request, Plex knows nothing yet."""
    answer = await stage.ask(stage.bob, "bob@example.org", "Hello!")
    assert answer.ephemeral
    assert "Your request is with the admins" in said(answer)
    assert "bob@example.org" in said(answer).replace("\\", "")
    assert labels(answer.response) == ["Withdraw", "Language", "Direct messages: on", "My data"]
    await stage.run_jobs()
    assert len(stage.cards()) == 1
    invite = await stage.invite_of(stage.bob)
    assert (invite.state, invite.login.value, invite.note) == (
        "requested",
        "bob@example.org",
        "Hello!",
    )
    assert stage.plex_changes() == []


async def test_a_username_is_as_good_as_an_address(stage: Stage) -> None:
    """Who names a Plex username is invited under it."""
    await stage.sent(stage.bob, "bob")
    [share] = stage.shares()
    assert share.username == "bob"


async def test_a_second_invite_shows_the_open_request(stage: Stage) -> None:
    """/invite while a request is open shows that request and no form."""
    await stage.ask(stage.bob)
    again = await stage.slash(stage.bob, "invite")
    assert again.modal is None
    assert again.ephemeral
    assert "Your request is with the admins" in said(again)
    assert await stage.run_sql("SELECT count(*) FROM invite") == [(1,)]


async def test_two_forms_make_one_request(stage: Stage) -> None:
    """Of two forms that were open at once the second shows what the first has made."""
    first, second = [await stage.slash(stage.bob, "invite") for _ in range(2)]
    await stage.bob.submit_modal(first, {"login": "bob@example.org"})
    async with stage.nothing_changes():
        answer = await stage.bob.submit_modal(second, {"login": "robert@example.org"})
        assert "Your request is with the admins" in said(answer)
        assert "robert" not in said(answer)


async def test_both_answers_of_one_request_follow_it(stage: Stage) -> None:
    """Two private answers that show the same request are both kept up to date."""
    first = await stage.ask(stage.bob)
    second = await stage.slash(stage.bob, "my-plex")
    await stage.run_jobs()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "Now accept on Plex" in words(first.response)
    assert "Now accept on Plex" in words(second.response)


# -- /my-plex, in every state -------------------------------------------------------------------


async def test_my_plex_before_asking(stage: Stage) -> None:
    """Who has never asked reads how to ask."""
    shown = await stage.slash(stage.bob, "my-plex")
    assert "You have not asked for access yet. Use /invite" in refusal(shown)


async def my_plex(stage: Stage) -> tuple[str, list[str]]:
    """What /my-plex tells Bob, and its buttons."""
    shown = await stage.slash(stage.bob, "my-plex")
    assert shown.ephemeral
    return said(shown), labels(shown.response)


async def test_my_plex_while_waiting(stage: Stage) -> None:
    """A request that waits says since when and where news will appear."""
    await stage.requested(stage.bob)
    text, buttons = await my_plex(stage)
    assert "Your request is with the admins" in text
    assert "News appears right here for 15 minutes, after that in one direct message" in text
    assert "<t:" in text
    assert buttons == ["Withdraw", "Language", "Direct messages: on", "My data"]


async def test_my_plex_just_after_the_approval(stage: Stage) -> None:
    """Between the decision and Plex's answer the invite is on its way."""
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    text, buttons = await my_plex(stage)
    assert "Approved! Your invite is on its way" in text
    assert buttons == ["Withdraw", "Language", "Direct messages: on", "My data"]


async def test_my_plex_while_plex_fails(stage: Stage) -> None:
    """A failing Plex is told in plain words: nothing to do, it is tried again."""
    await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault(SHARING, "status", status=503))
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sending"
    text, buttons = await my_plex(stage)
    assert "I keep trying; you need do nothing" in text
    assert buttons == ["Withdraw", "Language", "Direct messages: on", "My data"]
    assert "I keep trying" in words(stage.card())
    stage.plex.world.faults.clear()
    await stage.pass_time(seconds=10)
    assert await stage.state_of(stage.bob) == "sent"
    assert "trying" not in words(stage.card())


async def test_my_plex_once_invited(stage: Stage) -> None:
    """Who is invited reads how to accept, with a way to Plex."""
    await stage.sent(stage.bob)
    text, buttons = await my_plex(stage)
    assert "Now accept on Plex" in text
    assert "Manage Library Access" in text
    assert buttons == [
        "Accept on Plex",
        "Understood",
        "I can't see the libraries",
        "Withdraw",
        "Language",
        "Direct messages: on",
        "My data",
    ]


async def test_my_plex_with_access(stage: Stage) -> None:
    """Who has access reads which server and which libraries."""
    await stage.active(stage.bob)
    text, buttons = await my_plex(stage)
    assert "You're in" in text
    assert "**Home Media** is shared with you" in text
    assert "Libraries: Films, Series, Music, Photos, Kids" in text
    assert buttons == [
        "I can't see the libraries",
        "Leave",
        "Language",
        "Direct messages: on",
        "My data",
    ]


async def test_my_plex_after_a_refusal(stage: Stage) -> None:
    """A refused member reads the reason and may ask again."""
    await stage.requested(stage.bob)
    shown = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(shown, {"reason": "Friends only, sorry."})
    await stage.run_jobs()
    text, buttons = await my_plex(stage)
    assert "Not this time" in text
    assert "Friends only, sorry" in text.replace("\\", "")
    assert "You can ask again with /invite." in text
    assert buttons == ["Language", "Direct messages: on", "My data"]
    await stage.ask(stage.bob)
    assert await stage.state_of(stage.bob) == "requested"


async def test_my_plex_after_plex_refused(stage: Stage) -> None:
    """When Plex knows no such name the member is told to check it, the admins Plex's reason."""
    answer = await stage.requested(stage.bob, "nobody-has-this")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "failed"
    text, buttons = await my_plex(stage)
    assert "Plex refused the invite" in text
    assert "Check the spelling" in text
    assert "Plex refused the invite" in words(answer.response)
    assert buttons == ["Language", "Direct messages: on", "My data"]
    assert "Plex says:" in words(stage.card())


async def test_my_plex_after_a_decline(stage: Stage) -> None:
    """Who has declined on Plex reads that, and may ask again."""
    await stage.sent(stage.bob)
    stage.plex.world.decline(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    text, _ = await my_plex(stage)
    assert "the invite was declined on Plex" in text
    assert "You can ask again with /invite." in text


async def test_my_plex_after_a_withdrawal(stage: Stage) -> None:
    """A withdrawn request is shown as that."""
    answer = await stage.requested(stage.bob)
    await stage.bob.click(answer.response, label="Withdraw")
    text, buttons = await my_plex(stage)
    assert "Request withdrawn" in text
    assert buttons == ["Language", "Direct messages: on", "My data"]


# -- Withdraw -----------------------------------------------------------------------------------


async def test_withdraw_while_waiting(stage: Stage) -> None:
    """A request that is taken back disappears from the queue; its card says so."""
    answer = await stage.requested(stage.bob)
    withdrawn = await stage.bob.click(answer.response, label="Withdraw")
    assert "Request withdrawn" in said(withdrawn)
    await stage.run_jobs()
    assert "Withdrawn by the member" in words(stage.card())
    assert labels(stage.card()) == []
    assert stage.plex_changes() == []
    queue = await stage.slash(stage.alice, "requests")
    assert "Nobody is waiting" in said(queue)


async def test_withdraw_after_the_approval(stage: Stage) -> None:
    """What was approved but not sent yet never reaches Plex."""
    answer = await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.bob.click(answer.response, label="Withdraw")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "withdrawn"
    assert stage.plex_changes() == []


async def test_withdraw_after_the_invite(stage: Stage) -> None:
    """What was sent is taken back from Plex."""
    answer = await stage.sent(stage.bob)
    assert len(stage.shares()) == 1
    withdrawn = await stage.bob.click(answer.response, label="Withdraw")
    assert "Request withdrawn" in said(withdrawn)
    await stage.run_jobs()
    assert stage.shares() == []
    assert "Withdrawn by the member" in words(stage.card())


async def test_withdraw_while_plex_keeps_the_answer(stage: Stage) -> None:
    """When Plex's answer was lost, the share is looked for and taken back all the same."""
    answer = await stage.requested(stage.bob)
    stage.plex.world.faults.add(Fault(SHARING, "drop_after", times=1))
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert len(stage.shares()) == 1
    await stage.bob.click(answer.response, label="Withdraw")
    await stage.pass_time(minutes=3)
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "withdrawn"


async def test_withdraw_twice(stage: Stage) -> None:
    """A second press on a button that is still on the screen changes nothing and says so."""
    answer = await stage.requested(stage.bob)
    still_there = button(answer.response, "Withdraw")
    await stage.bob.click(answer.response, label="Withdraw")
    async with stage.nothing_changes():
        again = await unseen.press(stage.env, stage.bob, stage.world.get_access, still_there)
        assert "There is nothing to withdraw" in refusal(again)


async def test_withdraw_once_active(stage: Stage) -> None:
    """Access that is in use does not end by an old button."""
    answer = await stage.sent(stage.bob)
    still_there = button(answer.response, "Withdraw")
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    async with stage.nothing_changes():
        late = await unseen.press(stage.env, stage.bob, stage.world.get_access, still_there)
        assert "There is nothing to withdraw" in refusal(late)


@pytest.mark.parametrize("who", ["carol", "alice"])
async def test_withdraw_somebody_elses(stage: Stage, who: str) -> None:
    """Nobody takes back what somebody else has asked for, an admin neither."""
    answer = await stage.requested(stage.bob)
    other = stage.world.people[who]
    async with stage.nothing_changes():
        pressed = await unseen.press(
            stage.env, other, stage.world.get_access, button(answer.response, "Withdraw")
        )
        assert "That request does not exist any more" in refusal(pressed)


async def test_ask_again_right_after_withdrawing(stage: Stage) -> None:
    """While the old invite is being taken back from Plex, the same account has to wait a moment."""
    answer = await stage.sent(stage.bob)
    await stage.bob.click(answer.response, label="Withdraw")
    early = await stage.ask(stage.bob)
    assert "is just being taken back" in refusal(early)
    await stage.run_jobs()
    again = await stage.ask(stage.bob)
    assert "Your request is with the admins" in said(again)
