"""Endpoints, failures and close codes in plain words, for the page and for orders over HTTP."""

import re
from typing import Any

_CHANNEL = r"/channels/\d+"
_MEMBER = r"/guilds/\d+/members"

# Compared with the whole of `METHOD path`; paths without the version.
ENDPOINTS: dict[str, re.Pattern[str]] = {
    "everything": re.compile(r".*", re.DOTALL),
    "answering": re.compile(r"POST /interactions/\d+/[^/]+/callback"),
    "private answers": re.compile(r"\w+ /webhooks/\d+/[^/]+(/.*)?"),
    "posting messages": re.compile(rf"POST {_CHANNEL}/messages"),
    "editing messages": re.compile(rf"(PATCH|DELETE) {_CHANNEL}/messages/\d+"),
    "opening direct messages": re.compile(r"POST /users/@me/channels"),
    "roles": re.compile(rf"(PUT|DELETE) {_MEMBER}/\d+/roles/\d+"),
    "members": re.compile(rf"GET {_MEMBER}(/.*)?"),
    "commands": re.compile(r"\w+ /applications/\d+/.*commands.*"),
    "channels and guild": re.compile(rf"GET ({_CHANNEL}(/messages.*)?|/guilds/\d+(/[a-z]+)?)"),
    "the gateway's address": re.compile(r"GET /gateway(/bot)?"),
}


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    return {"status": status, "code": code, "message": message}


def _busy(scope: str) -> dict[str, Any]:
    return {"status": 429, "retry_after": 2.0, "scope": scope}


# What a failure is called, and the fields of a `Fault` that make it. Codes and their sentences:
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
FAILURES: dict[str, tuple[str, dict[str, Any]]] = {
    "slow": ("Slow: answers after 2 s", {"status": None, "delay": 2.0}),
    "hang": ("Silent: never answers", {"status": 0, "delay": 3600.0}),
    "500": ("500: Discord stumbles", {"status": 500}),
    "502": ("502: bad gateway", {"status": 502, "message": "Bad Gateway"}),
    "503": ("503: Discord is away", {"status": 503, "message": "Service Unavailable"}),
    "504": (
        "504: done, but the gateway gave up",
        {"status": 504, "message": "Gateway Timeout", "applied": True},
    ),
    "429": ("429: slow down, this bot (2 s)", _busy("user")),
    "429_shared": ("429: slow down, this place (2 s)", _busy("shared")),
    "429_global": ("429: slow down, everywhere (2 s)", _busy("global")),
    "30046": (
        "429: an old message was edited too often",
        _error(
            429,
            30046,
            "Maximum number of edits to messages older than 1 hour reached. Try again later.",
        ),
    ),
    "50013": ("403: a permission is missing", _error(403, 50013, "Missing Permissions")),
    "10008": ("404: the message is gone", _error(404, 10008, "Unknown Message")),
    "10062": ("404: the press has expired", _error(404, 10062, "Unknown interaction")),
    "drop_before": ("Cut off before it is done", {"status": 0}),
    "drop_after": ("Cut off after it is done: the lost answer", {"status": 0, "applied": True}),
}

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
CLOSE_CODES: dict[int, str] = {
    4000: "something went wrong, come back",
    4001: "unknown opcode",
    4004: "the token is wrong; final",
    4007: "wrong sequence; begin anew",
    4008: "too many frames, come back",
    4009: "the session is too old; begin anew",
    4013: "impossible intents; final",
    4014: "intents that are switched off; final",
}
