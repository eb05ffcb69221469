"""What a code is: how one looks, what counts of what was typed, and what a dead one is told."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.codes import (
    ALPHABET,
    LEAST_CHOSEN,
    MOST_CHOSEN,
    MOST_TYPED,
    Code,
    CodeState,
    choose,
    new_code,
    normal,
    refusal,
    tidy,
)
from bot.domain.errors import Refused

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def code(**fields: object) -> Code:
    """A code that works, but for what is told."""
    return Code(id=1, guild_id=1, created_by=1, created_at=NOW, **fields)  # type: ignore[arg-type]


def test_a_generated_code() -> None:
    """More than 80 bits, in groups, without what looks alike, and never the same."""
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(rf"([{ALPHABET}]{{4}}-){{4}}[{ALPHABET}]{{4}}", one) for one in codes)
    assert len(ALPHABET) ** len(normal(codes.pop())) > 2**80
    assert not set("01OILU") & set(ALPHABET)


@given(st.data())
def test_what_counts_of_what_was_typed(data: st.DataObject) -> None:
    """Case, spaces, dashes and unseen characters anywhere change nothing."""
    text = new_code()
    noise = data.draw(st.lists(st.sampled_from([" ", "-", "–", "\u200b", "\n", "\u00a0"])))
    spots = data.draw(st.permutations(range(len(text))))
    noisy = text
    for spot, one in zip(spots, noise, strict=False):
        noisy = noisy[:spot] + one + noisy[spot:]
    typed = "".join(a if data.draw(st.booleans()) else a.lower() for a in noisy)
    assert normal(typed) == normal(text) or len(typed) > MOST_TYPED


@given(st.text(max_size=200))
def test_anything_may_be_typed(typed: str) -> None:
    """Nothing that was typed raises anything but a refusal, and what is taken comes back."""
    found = normal(typed)
    assert len(typed) <= MOST_TYPED or found == ""
    try:
        chosen = choose(typed)
    except Refused:
        return
    assert LEAST_CHOSEN <= len(chosen) <= MOST_CHOSEN
    # What is shown and sent is what redeems it, and formats nothing.
    assert normal(tidy(typed)) == chosen
    assert not set(tidy(typed)) & set("*_`~|\\<>#:@")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("", "code.too_short"),
        ("seven77", "code.too_short"),
        ("- - - - - - - - -", "code.too_short"),
        ("a" * 41, "code.too_long"),
        ("a" * 500, "code.too_long"),
        ("open_sesame", "code.letters"),
        ("@everyone1", "code.letters"),
    ],
)
def test_codes_that_cannot_be_chosen(typed: str, key: str) -> None:
    """Each has its own sentence."""
    with pytest.raises(Refused) as refused:
        choose(typed)
    assert refused.value.key == key


def test_what_a_dead_code_is_told() -> None:
    """A generated one tells what is wrong with it; a chosen one looks as if it never was."""
    dead = {
        CodeState.REVOKED: {"revoked_at": NOW},
        CodeState.EXPIRED: {"expires_at": NOW},
        CodeState.USED_UP: {"uses": 3, "uses_most": 3},
    }
    for state, fields in dead.items():
        assert code(**fields).state(NOW) is state
        assert refusal(code(**fields), NOW) == f"code.{state}"
        assert refusal(code(**fields, is_chosen=True), NOW) == refusal(None, NOW) == "code.wrong"
    for chosen, fields in itertools.product(
        (False, True), ({}, {"expires_at": LATER}, {"uses": 2, "uses_most": 3}, {"uses": 10**6})
    ):
        assert refusal(code(**fields, is_chosen=chosen), NOW) is None
