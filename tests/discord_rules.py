"""Rules of Discord's that its OpenAPI document leaves out, and one of Helpr's own.

Sources: developer portal, "Application Commands", "Component Reference", "Message Resource".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import discord

COMPONENTS = 40
TEXT = 4000
COMMAND_CHARACTERS = 8000
V2_FLAG = 1 << 15
LOCALES = {locale.value for locale in discord.Locale}
SUBCOMMAND, GROUP = 1, 2
ROW, BUTTON, MENU, INPUT, TEXT_DISPLAY, CONTAINER, LABEL = 1, 2, 3, 4, 10, 17, 18
MENUS = {3, 5, 6, 7, 8}
# Exist only in a Components V2 message.
V2_ONLY = {9, 10, 11, 12, 13, 14, 17}
LINK = 5

_COMMANDS = re.compile(r"/applications/\d+(?:/guilds/\d+)?/commands(?:/\d+)?")
_CALLBACK = re.compile(r"/interactions/\d+/[^/]+/callback")
_CREATES = re.compile(r"/channels/\d+/messages|/webhooks/\d+/[^/]+")
_EDITS = re.compile(r"/channels/\d+/messages/\d+|/webhooks/\d+/[^/]+/messages/(?:@original|\d+)")
# Letters and digits of any script, no capitals where the script knows them.
_NAME = re.compile(r"[-_'\w]{1,32}")

Raw = Mapping[str, Any]


def rules_broken(method: str, path: str, body: Any) -> list[str]:
    """Everything that is wrong with this request."""
    if _COMMANDS.fullmatch(path) and method in {"PUT", "POST", "PATCH"}:
        return _commands(body if isinstance(body, list) else [body])
    if _CALLBACK.fullmatch(path):
        return _callback(body)
    if method == "POST" and _CREATES.fullmatch(path):
        return [*_message(body), *_pings(body)]
    if method == "PATCH" and _EDITS.fullmatch(path):
        return _message(body)
    return []


def _callback(body: Raw) -> list[str]:
    data = body.get("data") or {}
    match body["type"]:
        case 4:
            return [*_message(data), *_pings(data)]
        case 7:
            return _message(data)
        case 8 if len(data.get("choices") or []) > 25:
            return ["more than 25 choices"]
        case 9:
            return _modal(data)
    return []


# -- commands -----------------------------------------------------------------------------------


def _commands(commands: Sequence[Raw]) -> list[str]:
    found = [line for command in commands for line in _command(command)]
    names = [(command.get("type", 1), command["name"]) for command in commands]
    found += [f"two commands are called {name}" for name in _repeated(names)]
    return found


def _command(command: Raw) -> Iterator[str]:
    yield from _named(command, is_slash=command.get("type", 1) == 1)
    size = sum(_characters(command))
    if size > COMMAND_CHARACTERS:
        yield f"{command['name']}: {size} characters in names, descriptions and values"
    yield from _options(command)


def _options(owner: Raw) -> Iterator[str]:
    options = owner.get("options") or []
    yield from (f"two options are called {n}" for n in _repeated([o["name"] for o in options]))
    if len(options) > 25:
        yield f"{owner['name']}: more than 25 options"
    optional = False
    for option in options:
        yield from _named(option, is_slash=True)
        yield from _choices(option)
        yield from _options(option)
        if option["type"] in {SUBCOMMAND, GROUP}:
            continue
        if optional and option.get("required"):
            yield f"{option['name']}: a required option after an optional one"
        optional = optional or not option.get("required")


def _named(thing: Raw, *, is_slash: bool) -> Iterator[str]:
    name = thing.get("name", "")
    spoken = [name, *(thing.get("name_localizations") or {}).values()]
    for each in spoken if is_slash else ():
        if not _NAME.fullmatch(each) or each != each.lower():
            yield f"{each!r} is not a name of a command: 1 to 32 lower-case letters, digits, -, _"
    descriptions = [thing.get("description", ""), *_values(thing, "description_localizations")]
    for text in descriptions if is_slash else ():
        if not 1 <= len(text) <= 100:
            yield f"{name}: a description has 1 to 100 characters, this has {len(text)}"
    for field in ("name_localizations", "description_localizations"):
        for locale in thing.get(field) or {}:
            if locale not in LOCALES:
                yield f"{name}: {locale} is no locale of Discord's"


def _choices(option: Raw) -> Iterator[str]:
    choices = option.get("choices") or []
    if len(choices) > 25:
        yield f"{option['name']}: more than 25 choices"
    for choice in choices:
        if not 1 <= len(choice["name"]) <= 100 or len(str(choice["value"])) > 100:
            yield f"{option['name']}: a choice has 1 to 100 characters"
    yield from (
        f"{option['name']}: choice {c} twice" for c in _repeated([c["name"] for c in choices])
    )


def _characters(thing: Raw) -> Iterator[int]:
    for field in ("name", "description"):
        yield max(map(len, [thing.get(field, ""), *_values(thing, f"{field}_localizations")]))
    for choice in thing.get("choices") or []:
        yield len(choice["name"]) + len(str(choice["value"]))
    for option in thing.get("options") or []:
        yield from _characters(option)


def _values(thing: Raw, field: str) -> list[str]:
    return list((thing.get(field) or {}).values())


# -- messages -----------------------------------------------------------------------------------


def _pings(message: Raw) -> list[str]:
    """Helpr's own rule: a new message says by itself that it pings nobody."""
    mentions = message.get("allowed_mentions") or {}
    pings = {field: mentions.get(field) for field in ("users", "roles", "replied_user")}
    if mentions.get("parse") == [] and not any(pings.values()):
        return []
    # The one exception: a private thread is made for one person, who is called there.
    if "helpr:seen:" in str(message) and set(mentions) == {"users", "parse"}:
        return [] if len(mentions["users"]) == 1 and not mentions["parse"] else ["pings many"]
    return [f"may ping somebody: allowed_mentions is {message.get('allowed_mentions')}"]


def _message(message: Raw) -> list[str]:
    components = message.get("components") or []
    every = list(walk(components))
    found = [line for component in every for line in _component(component)]
    if len(every) > COMPONENTS:
        found.append(f"{len(every)} components, {COMPONENTS} at most")
    text = sum(len(component.get("content") or "") for component in every)
    if text > TEXT:
        found.append(f"{text} characters of text, {TEXT} at most")
    ids = [component["custom_id"] for component in every if component.get("custom_id")]
    found += [f"custom_id {custom_id} twice" for custom_id in _repeated(ids)]
    found += _version(message, every)
    return found


def _version(message: Raw, every: Sequence[Raw]) -> Iterator[str]:
    flags = message.get("flags")
    is_v2 = isinstance(flags, int) and bool(flags & V2_FLAG)
    if is_v2 and (message.get("content") or message.get("embeds")):
        yield "a Components V2 message has no content and no embeds"
    if not is_v2 and any(component.get("type") in V2_ONLY for component in every):
        yield "Components V2 without their flag"


def walk(components: Sequence[Raw]) -> Iterator[Raw]:
    """Every component, nested ones included."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        yield from walk([component[key] for key in ("accessory", "component") if key in component])


def _component(component: Raw) -> list[str]:
    kind = component.get("type")
    if kind == BUTTON:
        return list(_button(component))
    if kind in MENUS:
        return list(_menu(component))
    if kind == ROW:
        return list(_row(component))
    if kind == CONTAINER and not component.get("components"):
        return ["an empty container"]
    if kind == TEXT_DISPLAY and not (component.get("content") or "").strip():
        return ["an empty text"]
    return []


def _button(button: Raw) -> Iterator[str]:
    if not button.get("label") and not button.get("emoji"):
        yield f"a button without label and emoji: {button.get('custom_id') or button.get('url')}"
    if button.get("style") != LINK:
        if not button.get("custom_id"):
            yield f"the button {button.get('label')} has no custom_id"
        return
    address = urlsplit(button.get("url") or "")
    if address.scheme not in {"http", "https", "discord"} or not address.netloc:
        yield f"the button {button.get('label')} leads to {button.get('url')!r}"


def _row(row: Raw) -> Iterator[str]:
    inside = row.get("components") or []
    menus = [component for component in inside if component.get("type") in MENUS]
    if not inside or len(inside) > 5 or (menus and len(inside) > 1):
        yield "a row holds one menu, or one to five buttons"


def _menu(menu: Raw) -> Iterator[str]:
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    if least > most:
        yield f"min_values {least} over max_values {most}"
    if menu["type"] != MENU:
        return
    options = menu.get("options") or []
    if not 1 <= len(options) <= 25 or most > len(options):
        yield f"a menu of {len(options)} options of which {most} may be chosen"
    yield from (f"the value {v} twice" for v in _repeated([o["value"] for o in options]))
    chosen = sum(bool(option.get("default")) for option in options)
    if chosen > most:
        yield f"{chosen} options are chosen from the start, {most} at most"


# -- modals -------------------------------------------------------------------------------------


def _modal(modal: Raw) -> list[str]:
    parts = modal.get("components") or []
    found = [] if 1 <= len(parts) <= 5 else [f"a modal of {len(parts)} parts"]
    if not (modal.get("title") or "").strip():
        found.append("a modal without a title")
    inside = [part for part in walk(parts) if part.get("custom_id")]
    found += [f"the field {name} twice" for name in _repeated([p["custom_id"] for p in inside])]
    for part in parts:
        if part.get("type") == LABEL and not (part.get("label") or "").strip():
            found.append("a field without a label")
    for field in inside:
        found += [*_input(field)] if field["type"] == INPUT else []
    return found


def _input(field: Raw) -> Iterator[str]:
    least, most = field.get("min_length") or 0, field.get("max_length") or TEXT
    if least > most:
        yield f"{field['custom_id']}: min_length {least} over max_length {most}"
    if len(field.get("value") or "") > most:
        yield f"{field['custom_id']}: a value longer than max_length"


def _repeated(values: Sequence[Any]) -> list[Any]:
    return sorted({value for value in values if values.count(value) > 1}, key=str)
