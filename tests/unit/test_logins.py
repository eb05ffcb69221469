"""What people type to name their Plex account, and the words they add."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.domain.logins import (
    LOGIN_LENGTH,
    NOTE_LENGTH,
    LoginKind,
    clean_text,
    parse_login,
    without_addresses,
)

ANY_TEXT = st.text(max_size=400)


@given(text=ANY_TEXT)
@example("bob@example.org\u200b")
@example("\u202ebob")
@example("@")
@example("a@b@c")
@example("bob@[127.0.0.1]")
@example('"b b"@example.org')
@example("bob@exam\u00adple.org")
@example("ﬁ" * 100)
@example("\ud800")
@example("bob@" + "a" * 80 + ".org")
@example("bob@xn--.org")
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    """Any text at all gives a login or a refusal with a reason, never another failure."""
    try:
        login = parse_login(text)
    except Refused as refusal:
        assert refusal.key.startswith("login.")  # noqa: PT017 - both outcomes are right
        return
    assert login.value.strip() == login.value
    assert 0 < len(login.value) <= LOGIN_LENGTH
    assert ("@" in login.value) == (login.kind is LoginKind.EMAIL)


@given(login=st.emails())
def test_e_mail_addresses_are_read(login: str) -> None:
    """An address is taken if Plex could send to it; its look-up form ignores the case."""
    try:
        read = parse_login(login)
    except Refused as refusal:
        assert refusal.key in {"login.email_wrong", "login.too_long"}  # noqa: PT017
        return
    assert read.kind is LoginKind.EMAIL
    assert read.lookup == parse_login(login.swapcase()).lookup


@given(text=ANY_TEXT)
def test_what_was_read_reads_the_same_again(text: str) -> None:
    """Reading a login that was read already changes nothing."""
    try:
        login = parse_login(text)
    except Refused:
        return
    assert parse_login(login.value) == login


@pytest.mark.parametrize(
    ("typed", "value", "kind"),
    [
        ("bob@example.org", "bob@example.org", "email"),
        ("  bob@example.org\n", "bob@example.org", "email"),
        ("Bob@EXAMPLE.org", "Bob@example.org", "email"),
        ("o'brien+plex@example.co.uk", "o'brien+plex@example.co.uk", "email"),
        ("böb@bücher.example", "böb@bücher.example", "email"),
        ("bob", "bob", "username"),
        ("Bob.the_builder-99", "Bob.the_builder-99", "username"),
        ("b", "b", "username"),
    ],
)
def test_good_logins(typed: str, value: str, kind: str) -> None:
    """Addresses and usernames are taken, without the blanks around them."""
    login = parse_login(typed)
    assert (login.value, login.kind) == (value, kind)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("", "login.empty"),
        (" \t\n", "login.empty"),
        ("b" * 255, "login.too_long"),
        ("bo\u200bb@example.org", "login.invisible"),
        ("bob\u202e@example.org", "login.invisible"),
        ("bob\u2066x\u2069", "login.invisible"),
        ("bo\u00adb", "login.invisible"),
        ("bob\x00", "login.invisible"),
        ("bo\nb", "login.invisible"),
        ("\ufeffbob", "login.invisible"),
        ("bob@", "login.email_wrong"),
        ("@bob", "login.email_wrong"),
        ("bob@example", "login.email_wrong"),
        ("bob@exa mple.org", "login.email_wrong"),
        ("bob@@example.org", "login.email_wrong"),
        ("<@123456789>", "login.email_wrong"),
        ("**bob**", "login.username_wrong"),
        ("bob the builder", "login.username_wrong"),
        ("||bob||", "login.username_wrong"),
        ("[bob](https://example.org)", "login.username_wrong"),
        ("-bob", "login.username_wrong"),
        ("bob.", "login.username_wrong"),
        ("x" * 61, "login.username_wrong"),
        ("😀", "login.username_wrong"),
    ],
)
def test_wrong_logins(typed: str, key: str) -> None:
    """What cannot be a login is refused with its own reason."""
    with pytest.raises(Refused) as caught:
        parse_login(typed)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bob@example.org", "BOB@Example.ORG"),
        ("Bob", "bOB"),
        ("e\u0301ric", "\u00e9ric"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_spellings_of_one_login_are_one(one: str, other: str) -> None:
    """Two spellings that Plex takes for one account have one look-up form."""
    assert parse_login(one).lookup == parse_login(other).lookup


def test_an_address_is_masked_and_never_printed() -> None:
    """Others see an address masked, and printing a login shows nothing of it."""
    login = parse_login("bob@example.org")
    assert login.masked == "b***@example.org"
    assert "bob" not in repr(login)
    assert parse_login("bob").masked == "bob"


# -- the word to the admins -------------------------------------------------------------------


@given(text=ANY_TEXT)
def test_notes_hold_nothing_invisible(text: str) -> None:
    """Of what is kept of a note, everything can be seen; cleaning it again changes nothing."""
    try:
        cleaned = clean_text(text, NOTE_LENGTH, "note.too_long")
    except Refused as refusal:
        assert refusal.params == {"limit": NOTE_LENGTH}  # noqa: PT017
        return
    assert len(cleaned) <= NOTE_LENGTH
    assert clean_text(cleaned, NOTE_LENGTH, "note.too_long") == cleaned
    assert not set(cleaned) & set("\u200b\u202e\u2066\x00\ufeff\r\t")


def test_notes_keep_what_people_write() -> None:
    """Line breaks, emoji of several signs, and other scripts stay as they are."""
    note = "Hi!\n\n👨\u200d👩\u200d👧 ❤\ufe0f שלום привет"
    assert clean_text(note, NOTE_LENGTH, "note.too_long") == note


def test_towers_of_empty_lines_are_lowered() -> None:
    """A note cannot push a card out of sight with empty lines."""
    assert clean_text("a" + "\n" * 200 + "b", NOTE_LENGTH, "note.too_long") == "a\n\nb"


@pytest.mark.parametrize(
    "text", ["write to bob@example.org!", "<bob@example.org>", "(bob@example.org)", "bob@b.co,"]
)
def test_addresses_in_a_note_are_masked(text: str) -> None:
    """An address in a note is not shown to a channel."""
    assert "bob@" not in without_addresses(text)
    assert "b***@***" in without_addresses(text)
