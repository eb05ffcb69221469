"""The life of an invite as rules: which state may follow which."""

import itertools

import pytest

from bot.domain.invites import LIVE, MOVES, OPEN, WITHDRAWABLE, InviteState

S = InviteState
ENDS = {S.ENDED, S.DENIED, S.WITHDRAWN, S.FAILED}


def test_every_state_has_its_moves() -> None:
    """No state is forgotten."""
    assert set(MOVES) == set(InviteState)


def test_ends_are_ends() -> None:
    """From an end nothing leads on but a new approval: what expired is renewed, or tried again."""
    assert {state for state, targets in MOVES.items() if targets <= {S.APPROVED}} == ENDS
    assert {state for state in ENDS if MOVES[state]} == {S.ENDED, S.FAILED}
    assert set(InviteState) - ENDS == LIVE


def test_the_main_road() -> None:
    """A request can become access, step by step."""
    road = [S.REQUESTED, S.APPROVED, S.SENDING, S.SENT, S.ACTIVE]
    road += [S.SUSPENDED, S.SENDING, S.SENT, S.ACTIVE, S.ENDED, S.APPROVED]
    assert all(there in MOVES[here] for here, there in itertools.pairwise(road))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (S.REQUESTED, S.SENDING),
        (S.REQUESTED, S.SENT),
        (S.REQUESTED, S.ACTIVE),
        (S.APPROVED, S.SENT),
        (S.DENIED, S.APPROVED),
        (S.WITHDRAWN, S.SENDING),
        (S.SENDING, S.APPROVED),
        (S.SENDING, S.REQUESTED),
        (S.SUSPENDED, S.ACTIVE),
        (S.ACTIVE, S.WITHDRAWN),
        (S.ACTIVE, S.SENT),
        (S.ENDED, S.ACTIVE),
    ],
)
def test_no_short_cuts_and_no_way_back(here: InviteState, there: InviteState) -> None:
    """Nothing is sent without a decision, and nothing that was decided is undecided."""
    assert there not in MOVES[here]


def test_every_state_can_be_reached() -> None:
    """From a new request every state can come about."""
    reached = {S.REQUESTED}
    while more := set().union(*(MOVES[state] for state in reached)) - reached:
        reached |= more
    assert reached == set(InviteState)


def test_what_is_open_can_be_decided_and_withdrawn() -> None:
    """Whoever waits for a decision may be approved, denied, or withdraw."""
    for state in OPEN:
        assert {S.APPROVED, S.DENIED, S.WITHDRAWN} <= MOVES[state]
    assert {state for state, targets in MOVES.items() if S.WITHDRAWN in targets} == WITHDRAWABLE
