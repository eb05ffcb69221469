"""The main job, from ask to accepted, as Bob and Alice see it."""

from stage import Stage, labels, words


async def test_the_whole_story(stage: Stage) -> None:
    """Bob asks, Alice approves, Plex holds the share, Bob accepts, everybody sees it."""
    answer = await stage.ask(stage.bob, "bob@example.org", "Hi, it's Bob!")
    assert answer.ephemeral
    assert "Your request is with the admins" in words(answer.response)

    await stage.run_jobs()
    card = stage.card()
    assert "asks for access" in words(card)
    assert labels(card) == ["Approve", "Deny", "Show address"]
    assert "bob@example.org" not in words(card)

    await stage.alice.click(card, label="Approve")
    await stage.run_jobs()
    [share] = stage.shares()
    assert not share.accepted
    assert share.section_ids
    assert "Now accept on Plex" in words(answer.response)
    assert "not accepted yet" in words(stage.card())
    assert labels(stage.card()) == []

    stage.plex.world.accept(share.share_id)
    stage.clock.advance(seconds=61)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    assert "You're in" in words(answer.response)
    assert "Active since" in words(stage.card())
    assert len(stage.cards()) == 1
