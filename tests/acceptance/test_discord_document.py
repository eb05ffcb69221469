"""The judge of all other tests' requests: it takes what Discord takes, and can say no."""

from pathlib import Path
from typing import Any

import discord_openapi
import pytest
from discord_openapi import validate
from stage import Stage

SEND = "/channels/1/messages"
CALLBACK = "/interactions/12/a_token/callback"
EDIT = "/webhooks/1/a_token/messages/@original"
COMMANDS = "/applications/1/commands"
NOBODY = {"parse": []}
V2 = 1 << 15

needs_document = pytest.mark.skipif(
    discord_openapi.missing() is not None, reason=str(discord_openapi.missing())
)


def button(**given: Any) -> dict[str, Any]:
    """A good button, or a spoilt one."""
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **given}


def message(*components: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A good message of these parts, or a spoilt one."""
    return {"components": list(components), "flags": V2, "allowed_mentions": NOBODY, **given}


def row(*inside: dict[str, Any]) -> dict[str, Any]:
    """A row of buttons, or a menu."""
    return {"type": 1, "components": list(inside)}


def text(content: str) -> dict[str, Any]:
    """A text."""
    return {"type": 10, "content": content}


def menu(*labels: str, **given: Any) -> dict[str, Any]:
    """A menu of these options."""
    options = [{"label": label, "value": label} for label in labels]
    return {"type": 3, "custom_id": "menu", "options": options, **given}


def command(**given: Any) -> list[dict[str, Any]]:
    """A list of one command."""
    return [{"name": "invite", "description": "Ask", "type": 1, "options": [], **given}]


def modal(*parts: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A modal."""
    return {"type": 9, "data": {"custom_id": "m", "title": "Ask", "components": [*parts], **given}}


def field(label: str = "Name", **given: Any) -> dict[str, Any]:
    """A labelled input of a modal."""
    return {
        "type": 18,
        "label": label,
        "component": {"type": 4, "custom_id": "name", "style": 1, **given},
    }


GOOD: list[tuple[str, str, Any]] = [
    ("POST", SEND, message({"type": 17, "components": [text("Hi"), row(button())]})),
    ("PATCH", EDIT, {"components": [text("Hi")], "flags": V2}),
    ("PUT", COMMANDS, command()),
    ("POST", CALLBACK, {"type": 5, "data": {"flags": 64}}),
    ("POST", CALLBACK, {"type": 6}),
    ("POST", CALLBACK, modal(field())),
    ("POST", "/users/@me/channels", {"recipient_id": 852879841689600000}),
    ("GET", "/oauth2/applications/@me", None),
]

BREAKS_A_RULE: list[tuple[str, str, Any, str]] = [
    ("POST", SEND, message(text("Hi"), allowed_mentions=None), "may ping"),
    ("POST", SEND, message(text("Hi"), allowed_mentions={"parse": ["everyone"]}), "may ping"),
    ("POST", SEND, message(text("Hi"), allowed_mentions={"parse": [], "users": ["1"]}), "may ping"),
    ("POST", SEND, message(row(button(label=None))), "without label"),
    ("POST", SEND, message(row(button(custom_id=None))), "no custom_id"),
    ("POST", SEND, message(row(button(), button())), "custom_id go twice"),
    (
        "POST",
        SEND,
        message(row({"type": 2, "style": 5, "label": "Go", "url": "javascript:1"})),
        "leads to",
    ),
    ("POST", SEND, message(row()), "a row holds"),
    ("POST", SEND, message(row(button(), menu("a"))), "a row holds"),
    ("POST", SEND, message({"type": 17, "components": []}), "empty container"),
    ("POST", SEND, message(text(" ")), "empty text"),
    ("POST", SEND, message(text("x" * 4001)), "characters of text"),
    (
        "POST",
        SEND,
        message(*({"type": 17, "components": [text("x")] * 3} for _ in range(11))),
        "44 components",
    ),
    ("POST", SEND, message(row(menu("a", "a"))), "the value a twice"),
    ("POST", SEND, message(row(menu("a", max_values=2))), "a menu of 1 options"),
    ("POST", SEND, message(row(menu("a", min_values=2))), "min_values"),
    ("POST", SEND, message(text("Hi"), content="Hi"), "no content"),
    ("POST", SEND, message(text("Hi"), flags=0), "without their flag"),
    ("PATCH", EDIT, message(text("")), "empty text"),
    ("PUT", COMMANDS, command(name="Invite"), "not a name"),
    ("PUT", COMMANDS, command(name="my plex"), "not a name"),
    ("PUT", COMMANDS, command(description=""), "a description has"),
    ("PUT", COMMANDS, command(description="x" * 101), "a description has"),
    ("PUT", COMMANDS, command(description_localizations={"xx": "Frag"}), "no locale"),
    ("PUT", COMMANDS, command() + command(), "two commands"),
    (
        "PUT",
        COMMANDS,
        command(
            options=[
                {"type": 3, "name": "code", "description": "A code"},
                {"type": 3, "name": "tier", "description": "A tier", "required": True},
            ]
        ),
        "after an optional one",
    ),
    ("POST", CALLBACK, modal(), "a modal of 0 parts"),
    ("POST", CALLBACK, modal(*(field(custom_id=f"f{n}") for n in range(6))), "a modal of 6 parts"),
    ("POST", CALLBACK, modal(field(), field()), "the field name twice"),
    ("POST", CALLBACK, modal(field(" ")), "without a label"),
    ("POST", CALLBACK, modal(field(value="xx", max_length=1)), "longer than max_length"),
]

DIFFERS_FROM_THE_DOCUMENT: list[tuple[str, str, Any, str]] = [
    ("POST", "/channels/1/mesages", {}, "Discord has no"),
    ("POST", SEND, message(text("Hi"), flags="many"), "flags"),
    ("POST", SEND, message(text("Hi"), nonce="x" * 26), "nonce"),
    ("POST", SEND, message(row(button(label="x" * 81))), "label"),
    ("POST", SEND, message(row(button(style=9))), "style"),
    ("POST", SEND, message(row(menu("a", placeholder="x" * 151))), "placeholder"),
    ("POST", CALLBACK, {"type": 99}, "type"),
    ("POST", CALLBACK, modal(field(), title="x" * 46), "title"),
    ("POST", CALLBACK, modal(field("x" * 46)), "label"),
    ("POST", CALLBACK, modal(field(max_length=4001)), "max_length"),
    ("PUT", COMMANDS, command(name="x" * 33), "name"),
    ("PUT", COMMANDS, command(default_member_permissions="all"), "default_member_permissions"),
    ("POST", "/users/@me/channels", {"recipient_id": "bob"}, "recipient_id"),
]


@pytest.mark.parametrize(("method", "path", "body"), GOOD)
def test_a_good_request_passes(method: str, path: str, body: Any) -> None:
    """What Discord takes is not complained about."""
    assert validate(method, path, body) == []


@pytest.mark.parametrize(("method", "path", "body", "complaint"), BREAKS_A_RULE)
def test_a_broken_rule_is_named(method: str, path: str, body: Any, complaint: str) -> None:
    """Rules that the document leaves out are held without it."""
    assert any(complaint in line for line in validate(method, path, body))


@needs_document
@pytest.mark.parametrize(("method", "path", "body", "complaint"), DIFFERS_FROM_THE_DOCUMENT)
def test_a_difference_from_the_document_is_named(
    method: str, path: str, body: Any, complaint: str
) -> None:
    """A body that Discord's document forbids is complained about where it differs."""
    assert any(complaint in line for line in validate(method, path, body))


async def test_without_the_document_the_own_rules_still_hold(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the document is missing that is said, with the variable that names it."""
    monkeypatch.setenv("HELPR_DISCORD_OPENAPI", str(tmp_path / "nowhere.json"))
    assert "HELPR_DISCORD_OPENAPI" in str(discord_openapi.missing())
    assert validate("POST", "/no/such/path", {}) == []
    assert validate("POST", SEND, message(text(""))) == ["an empty text"]


async def test_every_acceptance_test_is_judged(stage: Stage) -> None:
    """A story's requests are all recorded, valid, and compared with Discord's document."""
    await stage.ask(stage.bob)
    await stage.run_jobs()
    asked = {request.method for request in stage.env.http_requests}
    assert {"PUT", "POST", "PATCH"} <= asked
    assert stage.complaints() == []
    if reason := discord_openapi.missing():
        pytest.skip(reason)
    stage.env.http_requests.append(spoilt(stage))
    assert stage.complaints() != []
    stage.env.http_requests.pop()


def spoilt(stage: Stage) -> Any:
    """A recorded request of the stage, with a nonce that Discord refuses."""
    posted = next(r for r in stage.env.http_requests if r.path.endswith("/messages"))
    return type(posted)(posted.method, posted.path, {}, {**posted.json, "nonce": "x" * 30}, None)
