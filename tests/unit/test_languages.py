"""What holds in every language: names of commands, the limits, and the way for translators."""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import discord
import pytest

from bot import compose
from bot.client import EXTENSIONS, CommandNames
from bot.i18n import _texts_of, catalogues, check, languages, texts
from bot.services import Services

# Discord's own rule for the name of a command or an option.
NAME = re.compile(r"[-_'\w]{1,32}")


async def _payloads() -> list[dict[str, Any]]:
    bot = compose.make_bot(cast("Services", None))
    for extension in EXTENSIONS:
        await bot.load_extension(extension)
    names = CommandNames()
    return [await c.get_translated_payload(bot.tree, names) for c in bot.tree.get_commands()]


def walk(payload: dict[str, Any], *, kind: str, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Each command, subcommand and option: its place, what it is, and what Discord gets."""
    yield path, kind, payload
    for option in payload.get("options", []):
        inner = "command" if option["type"] in {1, 2} else "option"
        yield from walk(option, kind=inner, path=f"{path} {payload['name']}")


@pytest.fixture(scope="module", name="payloads")
def _payloads_once() -> list[dict[str, Any]]:
    return asyncio.run(_payloads())


def test_everything_about_commands_is_in_the_template(payloads: list[dict[str, Any]]) -> None:
    """No name, description or choice of a command is missing for translators."""
    known = {(m.id, m.context) for m in catalogues.extracted() if isinstance(m.id, str)}
    for payload in payloads:
        for path, kind, raw in walk(payload, kind="command"):
            context = kind if not path or kind == "option" else f"command /{path.strip()}"
            context = "menu" if raw["type"] == 2 and not path and "options" not in raw else context
            assert (raw["name"], context) in known
            assert not raw.get("description") or (raw["description"], None) in known
            for choice in raw.get("choices", []):
                assert choice["name"].isdecimal() or (choice["name"], None) in known


def test_names_of_commands_are_such_as_discord_takes(payloads: list[dict[str, Any]]) -> None:
    """In every language: lower case, 32 characters, descriptions of 100, and no name twice."""
    taken: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for payload in payloads:
        for path, _, raw in walk(payload, kind="command"):
            own = raw.get("name_localizations") or {}
            for locale in discord.Locale:
                name = own.get(locale.value, raw["name"])
                taken[locale.value, path, str(payload["type"])].append(name)
                if payload["type"] == 1:
                    assert NAME.fullmatch(name), (locale, name)
                    assert name == name.lower(), (locale, name)
                assert len(name) <= 32
            for text in (raw.get("description_localizations") or {}).values():
                assert 1 <= len(text) <= 100, text
            for choice in raw.get("choices", []):
                named = (choice.get("name_localizations") or {}).values()
                assert all(1 <= len(name) <= 100 for name in named)
    assert [names for names in taken.values() if len(set(names)) != len(names)] == []


GERMAN = """
{"id": "plex", "context": "command", "str": "plex"}
{"id": "status", "context": "command /plex", "str": "stand"}
{"id": "my-plex", "context": "command", "str": "mein-plex"}
{"id": "Plex access", "context": "menu", "str": "Plex-Zugang"}
{"id": "I compare with Plex now. Cards and /plex status show what has changed.", "str": "Ich vergleiche. Siehe /plex status und https://plex.tv/link, nicht /my-plex."}
{"id": "{n} library", "strs": ["{n} Mediathek", "{n} Mediatheken"]}
"""  # noqa: E501
BAD = {
    '{"id": "nobody says this", "str": "x"}': "no such text",
    '{"id": "{n} library", "str": "{n} Mediatheken"}': "has 1 forms where 2 are needed",
    '{"id": "Access of {member}", "str": "Zugang von {mitglied}"}': "names ['mitglied']",
    '{"id": "Access of {member}", "str": "Zugang von {member"}': "is not well formed",
    '{"id": "Access of {member}", "str": ""}': "needs",
    '{"id": "my-plex", "context": "command", "str": "Mein Plex"}': "is not a name",
    '{"id": "Extend", "str": "%s"}' % ("lang" * 30): "has 120 characters where 80 fit",
    "not JSON": "Expecting value",
}


@pytest.fixture(name="german")
def _german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    return tmp_path


def test_translations_come_back_as_lines(
    german: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is right is taken over and no longer missing; texts name commands as they are called."""
    file = german / "de.jsonl"
    file.write_text(GERMAN)
    assert check.main(["--fill", "de", str(file)]) == 0
    assert capsys.readouterr().out.startswith("6 taken, 0 refused")
    check.main(["--missing", "de"])
    left = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert left
    assert not {"my-plex", "{n} library"} & {entry["id"] for entry in left}
    monkeypatch.setattr("bot.i18n.LOCALES", german)
    for function in (texts, _texts_of):
        function.cache_clear()
    t = texts("de")
    assert t(json.loads(GERMAN.splitlines()[5])["id"]) == (
        "Ich vergleiche. Siehe /plex stand und https://plex.tv/link, nicht /mein-plex."
    )
    assert t("Extend") == "Extend"
    assert t.n("{n} library", "{n} libraries", 2) == "2 Mediatheken"
    for function in (texts, _texts_of):
        function.cache_clear()


def test_what_is_wrong_is_refused_with_a_reason(
    german: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each refused line is named, and says why."""
    file = german / "de.jsonl"
    file.write_text("\n".join(BAD))
    assert check.main(["--fill", "de", str(file)]) == 1
    said = capsys.readouterr().out
    for number, why in enumerate(BAD.values(), 1):
        assert why in said.split(f"line {number}: ")[1].split("\nline ")[0]


@pytest.mark.parametrize("locale", ["sv-SE", "zh-TW", "no", "hu"])
def test_a_language_nobody_translated_falls_back_to_english(locale: str) -> None:
    """Texts are English, plurals too."""
    t = texts(locale)
    assert t.language == "en"
    assert t.n("{n} library", "{n} libraries", 2) == "2 libraries"
    assert "sv" not in languages()


@pytest.mark.parametrize(
    ("language", "number", "names"),
    [
        ("en-US", "1,234", "a, b"),
        ("de", "1.234", "a, b"),
        ("zh-CN", "1,234", "a、b"),
        ("ru", "1\xa0234", "a, b"),
    ],
)
def test_numbers_and_lists_are_written_as_the_language_does(
    language: str, number: str, names: str
) -> None:
    """Thousands and separators follow the reader's language."""
    t = texts(language)
    assert number in t.n("{n} library", "{n} libraries", 1234)
    assert t.list(["a", "b"]) == names
