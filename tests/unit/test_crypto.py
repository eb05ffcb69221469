"""Sealing, blind look-ups, and the secret that is made once."""

import multiprocessing
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crypto import CannotOpen, Keyring, kept_secret

NEW, OLD = "new-key-" * 5, "old-key-" * 5
TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)))
PLACES = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1)


@given(text=TEXTS, where=PLACES)
def test_what_was_sealed_opens(text: str, where: str) -> None:
    """Every text comes back from where it was sealed."""
    keyring = Keyring([NEW])
    assert keyring.open(keyring.seal(text, where), where) == text


@given(text=TEXTS.filter(bool), here=PLACES, there=PLACES)
def test_what_was_moved_does_not_open(text: str, here: str, there: str) -> None:
    """A ciphertext that was copied into another row or column does not open there."""
    keyring = Keyring([NEW])
    sealed = keyring.seal(text, here)
    if here != there:
        with pytest.raises(CannotOpen):
            keyring.open(sealed, there)


@given(text=TEXTS, place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_what_was_changed_does_not_open(text: str, place: int, bit: int) -> None:
    """One changed bit anywhere, and nothing opens."""
    keyring = Keyring([NEW])
    sealed = bytearray(keyring.seal(text, "invite:1:login"))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(CannotOpen):
        keyring.open(bytes(sealed), "invite:1:login")


@pytest.mark.parametrize("length", range(20))
def test_what_was_cut_does_not_open(length: int) -> None:
    """The beginning of a sealed value is refused in words, not by a failure of the library."""
    keyring = Keyring([NEW])
    with pytest.raises(CannotOpen):
        keyring.open(keyring.seal("text", "invite:1:login")[:length], "invite:1:login")


@given(text=TEXTS.filter(lambda text: len(text.encode()) > 3))
def test_a_sealed_text_does_not_show(text: str) -> None:
    """Nothing of the text lies open in the sealed value, and no two sealed values are equal."""
    keyring = Keyring([NEW])
    first, second = (keyring.seal(text, "invite:1:login") for _ in range(2))
    assert text.encode() not in first
    assert first != second


def test_rotation_opens_the_old_and_seals_with_the_new() -> None:
    """After a rotation old values open, and new values need the new key alone."""
    before, after = Keyring([OLD]), Keyring([NEW, OLD])
    assert after.open(before.seal("bob", "here"), "here") == "bob"
    assert Keyring([NEW]).open(after.seal("bob", "here"), "here") == "bob"
    with pytest.raises(CannotOpen):
        before.open(after.seal("bob", "here"), "here")


def test_a_key_that_is_not_at_hand_is_named_so() -> None:
    """The operator reads that a key is missing, and nothing of the key or the text."""
    with pytest.raises(CannotOpen, match="HELPR_SECRET_KEY") as caught:
        Keyring([NEW]).open(Keyring([OLD]).seal("bob", "invite:1:login"), "invite:1:login")
    assert OLD not in str(caught.value)


@given(text=TEXTS, other=TEXTS)
def test_look_ups_are_equal_exactly_when_the_texts_are(text: str, other: str) -> None:
    """Two texts have one look-up value only if they are the same text, for one purpose."""
    keyring = Keyring([NEW])
    assert (keyring.blind(text, "a") == keyring.blind(other, "a")) == (text == other)
    assert keyring.blind(text, "a") != keyring.blind(text, "b")
    assert len(keyring.blind(text, "a")) == 32


def test_look_ups_find_rows_from_before_a_rotation() -> None:
    """The look-up values are given under every key, newest first, in any order of the old ones."""
    old, new = Keyring([OLD]).blind("bob", "login"), Keyring([NEW]).blind("bob", "login")
    assert old != new
    assert Keyring([NEW, OLD]).blinds("bob", "login") == [new, old]
    assert Keyring([OLD, NEW]).blinds("bob", "login") == [old, new]
    assert Keyring([NEW, OLD]).blind("bob", "login") == new


def test_a_keyring_needs_a_key() -> None:
    """A keyring without keys cannot be made."""
    with pytest.raises(ValueError, match="at least one key"):
        Keyring([])


# -- the kept secret --------------------------------------------------------------------------


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    """The second reader gets the secret of the first; only its owner may read the file."""
    path = tmp_path / "data" / "secret.key"
    first = kept_secret(path)
    assert kept_secret(path) == first
    assert len(first) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [item.name for item in path.parent.iterdir()] == ["secret.key"]


def _reader(path: Path, ready: "multiprocessing.Queue[str]", answer: object) -> None:
    answer.wait()  # type: ignore[attr-defined]
    ready.put(kept_secret(path))


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    """Of processes that all come first, every one reads the same whole secret."""
    context = multiprocessing.get_context("fork")
    path = tmp_path / "secret.key"
    answers, start = context.Queue(), context.Barrier(8)
    readers = [context.Process(target=_reader, args=(path, answers, start)) for _ in range(8)]
    for reader in readers:
        reader.start()
    found = {answers.get(timeout=20) for _ in readers}
    for reader in readers:
        reader.join()
    assert found == {path.read_text().strip()}
    assert [item.name for item in tmp_path.iterdir()] == ["secret.key"]
