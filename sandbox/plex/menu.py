"""Endpoints and failures in plain words, for the page and for orders over HTTP."""

import re
from typing import Any

_ONE = r"(/api/v2|/api/servers/[^/]+)/shared_servers/\d+"
_LISTS = (
    r"/api/users/?",
    r"/api/servers/[^/]+/shared_servers",
    r"/api/v2/shared_servers/[a-z/]+",
    r"/api/invites/[a-z]+",
)
_CHANGES = (
    rf"(POST|PUT|PATCH) {_ONE}",
    r"POST /api/v2/sharing_settings",
    r"PUT /api/v2/sharings/\d+",
)
_ENDS = (rf"DELETE {_ONE}", r"DELETE /api/v2/sharings/\d+", r"DELETE /api/invites/.*")

# Compared with the whole of `METHOD path`.
ENDPOINTS: dict[str, re.Pattern[str]] = {
    "everything": re.compile(r".*", re.DOTALL),
    "inviting": re.compile(r"POST (/api/servers/[^/]+|/api/v2)/shared_servers"),
    "lists of shares": re.compile(rf"GET ({'|'.join(_LISTS)})"),
    "one share": re.compile(rf"GET {_ONE}"),
    "changing a share": re.compile("|".join(_CHANGES)),
    "taking back": re.compile("|".join(_ENDS)),
    "libraries": re.compile(r"GET (/api|/api/v2)/servers/[^/]+"),
    "signing in": re.compile(
        r"GET /api/v2/(user|ping|resources)|\w+ /api/v2/(pins.*|users/signout)"
    ),
    "the media server": re.compile(r"\w+ /(identity|library.*|accounts|status/.*)?"),
}
LISTS = ("everything", "lists of shares")

_UNAUTHENTICATED = (
    '<errors> <error code="1001" message="User could not be authenticated" status="401"/> </errors>'
)


def _status(number: int, body: str = "", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"kind": "status", "status": number, "body": body, "headers": named}


# What a failure is called, and the fields of a `Fault` that make it.
FAILURES: dict[str, tuple[str, dict[str, Any]]] = {
    "slow": ("Slow: answers after 2 s", {"kind": "latency", "seconds": 2.0}),
    "hang": ("Silent: never answers", {"kind": "hang"}),
    "401": ("401: token refused", _status(401, _UNAUTHENTICATED)),
    "422": ("422: refused, no reason given", _status(422)),
    "429": ("429: too many requests, wait 5 s", _status(429, Retry_After="5")),
    "429_bare": ("429: too many requests, no time named", _status(429)),
    "498": ("498: token expired", _status(498)),
    "500": ("500: Plex stumbles", _status(500)),
    "502": ("502: a gateway's web page", {"kind": "html", "status": 502}),
    "503": ("503: Plex is away", _status(503)),
    "504": ("504: done, but the gateway gave up", _status(504) | {"processed": True}),
    "drop_before": ("Cut off before it is done", {"kind": "drop_before"}),
    "drop_after": ("Cut off after it is done: the lost answer", {"kind": "drop_after"}),
    "html": ("A web page that says 200", {"kind": "html"}),
    "malformed": ("A broken answer", {"kind": "malformed"}),
    "empty": ("An empty answer", {"kind": "empty"}),
    "drip": ("A drip: one byte at a time, for 5 s", {"kind": "drip"}),
    "redirect": ("Sent on to another host", {"kind": "redirect"}),
    "empty_listing": ("Empty lists: nobody is there", {"kind": "empty_listing"}),
    "short_listing": ("Short lists: half is missing", {"kind": "short_listing"}),
}
