"""The reviewers' standing panel: what waits, decided right there, always up to date."""

from typing import Any

from stage import Stage, labels, refusal, said, words

QUEUE = "queue"


def panel(stage: Stage) -> Any:
    """The panel in the request channel, where the cards are too."""
    [found] = [one for one in stage.cards() if "Show all" in labels(one)]
    return found


async def post(stage: Stage, channel: Any = None) -> Any:
    """Alice posts the panel, and its job has run."""
    place = channel or stage.world.access_requests
    answer = await stage.slash(stage.alice, "panel post", kind=QUEUE, channel=place)
    await stage.run_jobs()
    return answer


async def test_it_follows_what_waits(stage: Stage) -> None:
    """Nobody waits; somebody asks, is approved; the next one is denied, one takes it back."""
    await post(stage)
    assert "Nobody is waiting" in words(panel(stage))
    await stage.requested(stage.bob)
    assert "1 request is waiting" in words(panel(stage))
    assert f"<@{stage.bob.id}>" in words(panel(stage))
    pressed = await stage.rita.click(panel(stage), label="Approve")
    assert pressed.acknowledged
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert "Nobody is waiting" in words(panel(stage))

    answer = await stage.requested(stage.carol, "carol@example.org")
    form = await stage.rita.click(panel(stage), label="Deny")
    assert "1 request is waiting" in words(panel(stage))
    await stage.rita.submit_modal(form, {"reason": ""})
    await stage.run_jobs()
    assert "Nobody is waiting" in words(panel(stage))

    answer = await stage.requested(stage.carol, "carol@example.org")
    assert "1 request is waiting" in words(panel(stage))
    await stage.carol.click(answer.response, label="Withdraw")
    await stage.run_jobs()
    assert "Nobody is waiting" in words(panel(stage))


async def test_many_wait(stage: Stage) -> None:
    """The panel shows the first four; all of them are a press away, privately."""
    await post(stage)
    for name in ("dave", "erin", "frank", "grace", "heidi", "ivan"):
        await stage.ask(await stage.join(name), name)
    await stage.run_jobs()
    assert "6 requests are waiting" in words(panel(stage))
    assert labels(panel(stage)).count("Approve") == 4
    opened = await stage.rita.click(panel(stage), label="Show all")
    assert opened.response.ephemeral
    assert "Later ones" in labels(opened.response)


async def test_not_where_everybody_reads(stage: Stage) -> None:
    """Requests are for reviewers: a channel that everybody sees is refused."""
    answer = await stage.slash(
        stage.alice, "panel post", kind=QUEUE, channel=stage.world.get_access
    )
    assert "Everybody can see" in refusal(answer)
    assert await stage.run_sql("SELECT 1 FROM panel") == []


async def test_two_reviewers_at_one_panel(stage: Stage) -> None:
    """Who comes second reads who was faster."""
    await post(stage)
    await stage.requested(stage.bob)
    shown = panel(stage)
    await stage.rita.click(shown, label="Approve")
    late = await stage.alice.click(shown, label="Approve")
    assert f"<@{stage.rita.id}> was faster" in said(late)
