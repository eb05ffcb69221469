"""Whatever Plex does to an invite or to the look for it: one share, and nothing sent blindly."""

import os
from itertools import pairwise
from typing import Any

import pytest
from plex_cases import CASES, INVITING, LISTING, Case
from story import BOB, CAROL, Story

from bot.domain.errors import PlexAlreadyShared, Treatment
from bot.domain.invites import InviteState
from sandbox.plex import Fault

SENT = {InviteState.SENT, InviteState.ACTIVE}
LOOK = LISTING.line
OPEN_CASES = [
    case
    for case in CASES
    if case.asked is INVITING
    and (case.status or case.fault)
    and case.fault.get("kind") not in {"hang", "drip"}  # these take a deadline each: test_sending
    and case.kind.treatment is not Treatment.PERMANENT
    and not 520 < case.status <= 530
]


def fault_of(case: Case, **more: Any) -> Fault:
    """What makes the sandbox behave like the case."""
    details: dict[str, Any] = dict(case.fault) or {
        "kind": "status",
        "status": case.status,
        "body": case.body,
        "headers": case.headers(),
    }
    return Fault(match=case.asked.line, **{**details, **more})


def is_each_post_looked_for(lines: list[str]) -> bool:
    """Whether between two requests for an invite there is always a look."""
    posts = [index for index, line in enumerate(lines) if line.startswith("POST ")]
    return all(LOOK in lines[one:other] for one, other in pairwise(posts))


def both_ways() -> list[tuple[Case, bool]]:
    """Each case, with the share made behind it and without, where both can be."""
    only: dict[Any, bool] = {"drop_before": False, "drop_after": True}
    found = []
    for case in OPEN_CASES:
        # Plex does not say "already" of what is not there.
        way = True if case.kind is PlexAlreadyShared else only.get(case.fault.get("kind"))
        found += [(case, processed) for processed in (True, False) if way in {None, processed}]
    return found


# The regular run takes every so many-th, so that it stays short; the machine of random stories
# (`test_machine`) meets them too, and `make resilience` takes all.
THOROUGH = os.environ.get("HELPR_TEST_THOROUGH", "") not in {"", "0"}
EVERY = 1 if THOROUGH else 3


@pytest.mark.parametrize(("case", "processed"), both_ways()[::EVERY], ids=str)
async def test_an_invite_in_doubt_becomes_one_share(
    story: Story, case: Case, *, processed: bool
) -> None:
    """Two bad answers in a row, whether or not Plex had made the share: in the end there is one."""
    story.world.faults.add(fault_of(case, times=2, processed=processed))
    invite = await story.sent()
    lines = story.lines()
    for _ in range(5):
        assert await story.state(invite) is not InviteState.FAILED
        await story.after(minutes=61)
        lines += story.lines()
    assert await story.state(invite) in SENT
    assert len(story.shares) == 1
    assert is_each_post_looked_for(lines)
    if processed:
        assert sum(line.startswith("POST ") for line in lines) == 1


PAGE = "<!DOCTYPE html><html><body>nginx</body></html>"


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "status", "status": 400},
        {"kind": "status", "status": 404, "body": '{"errors":[{"code":1002,"message":"No"}]}'},
        {"kind": "status", "status": 404, "body": PAGE},
        {"kind": "status", "status": 405},
        {"kind": "status", "status": 410},
        {"kind": "status", "status": 422},
        {"kind": "status", "status": 429, "headers": {"Retry-After": "60"}},
        {"kind": "status", "status": 451},
        {"kind": "status", "status": 403, "body": PAGE},
        {"kind": "status", "status": 200, "body": PAGE},
        {"kind": "status", "status": 200, "body": "{}"},
        {"kind": "status", "status": 200, "body": '[{"id": NaN}]'},
        {"kind": "status", "status": 302, "headers": {"Location": "https://plex.tv/"}},
        {"kind": "status", "status": 503},
        {"kind": "empty", "status": 204},
        {"kind": "malformed"},
        {"kind": "drop_before"},
    ],
    ids=lambda trouble: f"{trouble['kind']}-{trouble.get('status', '')}",
)
async def test_while_nobody_can_look_nothing_is_sent_again(
    story: Story, trouble: dict[str, Any]
) -> None:
    """After a lost answer, a look that fails in whatever way neither sends anew nor gives up."""
    story.world.faults.add(Fault(match=INVITING.line, kind="drop_after", times=1))
    invite = await story.sent()
    blind = story.world.faults.add(Fault(match=LOOK, **trouble))
    story.lines()
    for _ in range(4):
        await story.after(minutes=6)
        assert await story.state(invite) is InviteState.SENDING
    assert story.posts() == 0
    story.world.faults.remove(blind)
    for _ in range(2):
        await story.after(minutes=6)
    assert await story.state(invite) in SENT
    assert story.posts() == 0
    assert len(story.shares) == 1


@pytest.mark.parametrize("status", [400, 422])
async def test_an_unknown_refusal_is_for_that_invite_alone(story: Story, status: int) -> None:
    """What Plex refuses in words that nobody knows ends one invite; the next one goes out."""
    story.world.faults.add(
        Fault(match=INVITING.line, kind="status", status=status, body="Nope", times=1)
    )
    refused = await story.sent(BOB, "bob@example.org")
    sent = await story.sent(CAROL, "carol@example.org")
    assert (refused.state, refused.failure_key) == (InviteState.FAILED, "plex.refused")
    assert refused.failure_reason == "Nope"
    assert sent.state in SENT
    for _ in range(2):
        await story.after(minutes=6)
    assert await story.state(refused) is InviteState.FAILED
    assert len(story.shares) == 1
