"""A crowd of members and five reviewers who press every button: each request is decided once."""

import asyncio
import os
import random
import re
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
import simcord
from faults import SEED
from flows import ACCEPT, ASK, play
from invariants import Evidence
from scene import Measured, Person, Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# `make resilience` takes a hundred.
THOROUGH = os.environ.get("HELPR_TEST_THOROUGH", "") not in {"", "0"}
MEMBERS = 100 if THOROUGH else 30
REVIEWERS = 5
# How many requests are asked for, and decided, at the same moment.
AT_ONCE = 5
_FASTER = re.compile(r"^\u2068<@(\d+)>\u2069 was faster: this request is ", re.MULTILINE)


async def test_every_reviewer_presses_every_button(scene: Scene, measured: Measured) -> None:
    """Of five who press at once one decides, and each of the others reads who that was."""
    await scene.start(hurry=False, controlled=False)
    people = [scene.newcomer() for _ in range(MEMBERS)]
    reviewers = [scene.reviewer(f"reviewer{number}") for number in range(REVIEWERS)]
    began = time.perf_counter()
    await _in_groups([play(scene, ASK, person) for person in people], AT_ONCE * REVIEWERS)
    await scene.settled()
    measured(
        f"Crowd: {MEMBERS} requests with their cards, s", round(time.perf_counter() - began, 1)
    )
    chance = random.Random(SEED)  # noqa: S311 - the same presses for the same seed
    began = time.perf_counter()
    await _in_groups([_all_press(scene, reviewers, one, chance) for one in people], AT_ONCE)
    measured(f"Crowd: {MEMBERS * REVIEWERS} presses, s", round(time.perf_counter() - began, 1))
    await scene.settled()
    measured("Crowd: all decided, shared and told, s", round(time.perf_counter() - began, 1))
    evidence = await scene.evidence()
    decided = [invite.decided_by for invite in evidence.invites]
    assert len(decided) == MEMBERS
    assert set(decided) <= {reviewer.id for reviewer in reviewers}
    for reviewer in reviewers:
        others = Counter(str(one) for one in decided if one != reviewer.id)
        assert _read_by(reviewer, evidence) == others
    assert await scene.violations() == []
    sent = [one for one in people if scene.share_of(one)]
    assert 0 < len(sent) < MEMBERS
    await asyncio.gather(*(play(scene, ACCEPT, person) for person in sent))
    await scene.settled()
    assert await scene.violations() == []
    assert scene.complaints() == []


async def _all_press(
    scene: Scene,
    reviewers: list[simcord.MemberActor],
    person: Person,
    chance: random.Random,
) -> None:
    """Every reviewer presses one of the two buttons on somebody's card, at the same moment."""
    # A denial takes a form more, so that one approval among five mostly comes first.
    labels = chance.choices(["Approve", "Deny"], weights=[1, 5], k=len(reviewers))
    card = scene.card_of(person)
    assert card is not None

    async def press(reviewer: simcord.MemberActor, label: str) -> None:
        result = await reviewer.click(card, label=label)
        if result.modal is not None:
            await reviewer.submit_modal(result, {"reason": "Full house"})

    await asyncio.gather(*map(press, reviewers, labels))


def _read_by(reviewer: simcord.MemberActor, evidence: Evidence) -> Counter[str]:
    """Who was faster, as often as this reviewer was told so."""
    assert evidence.said is not None
    notes = evidence.said.answers.get(reviewer.id, ())
    return Counter(found for note in notes for found in _FASTER.findall(note.words))


async def _in_groups(acts: list[Coroutine[Any, Any, None]], size: int) -> None:
    """Do these, so many at the same moment."""
    for at in range(0, len(acts), size):
        await asyncio.gather(*acts[at : at + size])
