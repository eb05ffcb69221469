"""Refusals in the words of plex.tv's second API."""

from typing import Any

from aiohttp import web

from sandbox.plex.answers import element, wants_json, xml
from sandbox.plex.refusals import Reason, Refusal

# (HTTP status, Plex's code, message). Messages marked (guess) have no public source.
ERRORS: dict[Reason, tuple[int, int | None, str]] = {
    Reason.NOT_SIGNED_IN: (401, 1001, "User could not be authenticated"),
    Reason.UNAUTHENTICATED: (401, 1001, "User could not be authenticated"),
    Reason.NO_CLIENT: (400, 1000, "X-Plex-Client-Identifier is missing"),
    Reason.FORBIDDEN: (403, None, "Forbidden"),  # (guess)
    Reason.NOT_FOUND: (404, None, "Not found"),
    Reason.UNKNOWN_SERVER: (404, 1002, "Not found"),  # (guess)
    Reason.UNKNOWN_SECTIONS: (404, 1002, "Not found"),
    Reason.BAD_BODY: (404, 1002, "Not found"),
    Reason.UNKNOWN_PERSON: (404, 1002, "Not found"),  # (guess)
    Reason.YOURSELF: (400, None, "You can't share a server with yourself"),  # (guess)
    Reason.FULL: (422, None, "You have reached the maximum number of users"),  # (guess)
    Reason.GONE: (410, None, "This endpoint was deprecated and removed"),
    Reason.NOT_ALLOWED: (405, None, "Method not allowed"),
    Reason.EXPIRED_PIN: (404, 1020, "Code not found or expired"),
}


def refuse(request: web.Request, refusal: Refusal) -> web.Response:
    """A refusal in v2's words."""
    match refusal.reason:
        case Reason.NO_CLIENT:
            status, code, message = ERRORS[refusal.reason]
            return web.json_response(
                {"errors": [{"code": code, "message": message, "status": status}]}, status=status
            )
        case Reason.ALREADY_SHARED:
            return _errors(request, 422, {"code": 1999, "field": "base", "status": 400})
        case Reason.DEAUTHORISED:
            return _bare(request, 422, "Invalid token")
        case Reason.GONE | Reason.NOT_ALLOWED:
            status, _, message = ERRORS[refusal.reason]
            return xml(element("Response", {"code": status, "status": message}), status)
        case Reason.NOT_FOUND:
            return _bare(request, 404, "Not found")
        case _:
            status, code, message = ERRORS[refusal.reason]
            error = {"code": code, "message": message, "status": status}
            return _errors(request, status, {k: v for k, v in error.items() if v is not None})


def _errors(request: web.Request, status: int, error: dict[str, Any]) -> web.Response:
    if wants_json(request):
        return web.json_response({"errors": [error]}, status=status)
    return xml(element("errors", children=[element("error", error)]), status)


def _bare(request: web.Request, status: int, text: str) -> web.Response:
    if wants_json(request):
        return web.json_response({"errors": [{"message": text, "status": status}]}, status=status)
    error = element("error")
    error.text = text
    return xml(element("errors", children=[error]), status)
