"""/dashboard: everything that an admin sees of it, and what it costs Plex."""

from typing import Any

from stage import Stage, labels, said

from sandbox.plex.model import Stream


async def board(stage: Stage) -> Any:
    """Alice's dashboard."""
    return await stage.slash(stage.alice, "dashboard")


async def test_a_dashboard(stage: Stage) -> None:
    """x"""
    await stage.active(stage.bob)
    await stage.ask(stage.carol, "carol")
    stage.plex.world.requests.clear()
    stage.plex.world.streams[:] = [Stream(1, "bob", "Sintel")]
    shown = await board(stage)
    print(said(shown))
    print([r.line for r in stage.plex.world.requests])
    print(labels(shown.response))
    shown = await stage.slash(stage.alice, "stats")
    print(said(shown))
    shown = await stage.slash(stage.alice, "audit")
    print(said(shown))
    assert 0
