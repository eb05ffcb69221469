"""A restart in between: nothing that a person has before their eyes stops working."""

from stage import Stage, labels, refusal, said, words


async def test_the_card_works_after_a_restart(stage: Stage) -> None:
    """Approve on a card that an earlier process has posted sends the invite."""
    await stage.requested(stage.bob)
    card = stage.card()
    await stage.restart()
    await stage.alice.click(card, label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert "not accepted yet" in words(stage.card())
    assert len(stage.cards()) == 1


async def test_the_queue_works_after_a_restart(stage: Stage) -> None:
    """The buttons of /requests work although another process has shown them."""
    for name in ("dave", "erin", "frank", "grace", "heidi"):
        await stage.ask(await stage.join(name), name)
    page = await stage.slash(stage.alice, "requests")
    await stage.restart()
    turned = await stage.alice.click(page.response, label="Later ones")
    assert "heidi" in said(turned)
    await stage.alice.click(turned.response, label="Approve")
    assert "4 requests are waiting" in words(turned.response)


async def test_the_libraries_menu_works_after_a_restart(stage: Stage) -> None:
    """A choice in a menu that another process has shown is stored."""
    menu = await stage.slash(stage.alice, "plex libraries")
    await stage.restart()
    changed = await stage.alice.select(menu.response, [])
    assert "None is chosen" in said(changed)
    assert await stage.run_sql("SELECT * FROM tier_library") == []


async def test_withdraw_works_after_a_restart(stage: Stage) -> None:
    """The private answer of an earlier process still takes a request back."""
    answer = await stage.requested(stage.bob)
    await stage.restart()
    withdrawn = await stage.bob.click(answer.response, label="Withdraw")
    assert "Request withdrawn" in said(withdrawn)
    assert await stage.state_of(stage.bob) == "withdrawn"


async def test_the_private_answer_is_edited_after_a_restart(stage: Stage) -> None:
    """Bob's answer from before the restart tells what came after it."""
    answer = await stage.requested(stage.bob)
    await stage.restart()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "Now accept on Plex" in words(answer.response)
    assert stage.dms(stage.bob) == []


async def test_a_form_that_was_open_across_a_restart(stage: Stage) -> None:
    """The request form is found by its id, so it may be sent to the next process."""
    shown = await stage.slash(stage.bob, "invite")
    await stage.restart()
    answer = await stage.bob.submit_modal(shown, {"login": "bob@example.org"})
    assert answer.ephemeral
    assert "Your request is with the admins" in said(answer)
    assert await stage.state_of(stage.bob) == "requested"


async def test_a_reason_that_was_being_typed_across_a_restart(stage: Stage) -> None:
    """The form for a reason works after a restart as well."""
    await stage.requested(stage.bob)
    shown = await stage.alice.click(stage.card(), label="Deny")
    await stage.restart()
    await stage.alice.submit_modal(shown, {"reason": "We are full."})
    await stage.run_jobs()
    assert "We are full" in words(stage.card())
    assert await stage.state_of(stage.bob) == "denied"


async def test_a_form_sent_after_20_minutes(stage: Stage) -> None:
    """Discord sends a form as a new interaction, so it does not matter how long somebody typed."""
    shown = await stage.slash(stage.bob, "invite")
    await stage.pass_time(minutes=20)
    answer = await stage.bob.submit_modal(shown, {"login": "bob@example.org"})
    assert "Your request is with the admins" in said(answer)
    assert await stage.state_of(stage.bob) == "requested"


async def test_a_reason_sent_after_20_minutes(stage: Stage) -> None:
    """The same for a reviewer who thinks long about a reason."""
    await stage.requested(stage.bob)
    shown = await stage.rita.click(stage.card(), label="Deny")
    await stage.pass_time(minutes=20)
    await stage.rita.submit_modal(shown, {"reason": "Not now"})
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "denied"
    assert "Not now" in words(stage.card())


async def test_what_was_approved_before_a_restart_is_sent_after_it(stage: Stage) -> None:
    """A decision that was stored just before the end is carried out by the next process."""
    await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    assert stage.shares() == []
    await stage.restart()
    assert [share.username for share in stage.shares()] == ["bob"]
    assert await stage.state_of(stage.bob) == "sent"


async def test_a_stale_button_is_refused_after_a_restart(stage: Stage) -> None:
    """What was decided before the restart stays decided."""
    await stage.requested(stage.bob)
    card = stage.card()
    await stage.alice.click(card, label="Deny")
    page = await stage.slash(stage.alice, "requests")
    await stage.rita.click(card, label="Approve")
    await stage.restart()
    async with stage.nothing_changes():
        late = await stage.alice.click(page.response, label="Approve")
        assert f"<@{stage.rita.id}> was faster: this request is invited" in refusal(late)
    assert labels(stage.card()) == []
