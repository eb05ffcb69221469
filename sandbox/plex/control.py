"""Steering the sandbox over HTTP, in JSON, under `/sandbox/api/`.

    GET    state                              everything, as one object
    GET    requests        DELETE requests    what reached Plex; forget it
    GET    faults          DELETE faults      the active faults; switch all off
    POST   faults          DELETE faults/{id} `{endpoint, failure, times}` in the words of `menu`,
                                              or any field of `Fault`: `{match, kind, status, ...}`
    GET    menu                               the words for endpoints and failures
    POST   presets/{name}                     switch one of the page's faults on, or off again
    POST   shares/{id}/accept|decline|leave   as the invited person
    POST   shares                             as the owner by hand: `{login, section_ids, accepted}`
    POST   shares/{id}/libraries              as the owner: `{section_ids}`, an empty list for all
    POST   shares/{id}/remove                 as the owner
    POST   libraries       DELETE libraries/{id}      `{title, type}`
    POST   streams         DELETE streams/{n}         `{account_id, title, type}`: press play, stop;
                                              POST streams/{n}/pause pauses it, or goes on
    POST   accounts                           `{username, email}`: somebody joins Plex
    POST   pins/{id}/allow                    `{account_id}`: somebody signs in by code
    POST   token/revoke    POST token/mend    `{"invalid": true}`: 401 in place of 422
    POST   switches                           any of `seat_limit`, `v1_invites_gone`, `orphans`,
                                              `fresh_acceptance`, `listing_lag`
    POST   reset                              back to the beginning

Errors: 400 for a body that makes no sense, 404 for what is not there, 409 for what the state does
not allow; each with `{"error": "..."}`.
"""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.plex.call import WORLD, json_body
from sandbox.plex.faults import PRESETS, Fault, failing, preset
from sandbox.plex.menu import ENDPOINTS, FAILURES
from sandbox.plex.model import Invitation, Stream
from sandbox.plex.refusals import Reason, Refusal
from sandbox.plex.state import fault_state, request_state, share_state, state
from sandbox.plex.world import PlexWorld

SWITCHES: dict[str, Callable[[Any], Any]] = {
    "seat_limit": int,
    "v1_invites_gone": bool,
    "orphans": bool,
    "fresh_acceptance": bool,
    "listing_lag": float,
}
FAULT_FIELDS = {field.name for field in dataclasses.fields(Fault)} - {"id", "ended"}
UNKNOWN = {
    Reason.NOT_FOUND,
    Reason.EXPIRED_PIN,
    Reason.UNKNOWN_PERSON,
    Reason.UNKNOWN_SECTIONS,
    Reason.UNKNOWN_SERVER,
}
LIBRARY_TYPES = ("movie", "show", "artist", "photo")
STREAM_TYPES = ("movie", "episode", "track")

Order = Callable[[PlexWorld, web.Request, dict[str, Any]], Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadOrder(Exception):
    """The order's body makes no sense; the text says why."""


def obeyed(order: Order) -> Handler:
    """An order as a handler: its result as JSON, what it raises as an error with a sentence."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await json_body(request)
        try:
            result = order(request.app[WORLD], request, body if isinstance(body, dict) else {})
        except (BadOrder, KeyError, TypeError) as error:
            return web.json_response({"error": f"bad request: {error}"}, status=400)
        except Refusal as refusal:
            status = 404 if refusal.reason in UNKNOWN else 409
            return web.json_response({"error": str(refusal)}, status=status)
        except LookupError as error:
            return web.json_response({"error": f"not found: {error}"}, status=404)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=409)
        return web.json_response({"ok": True} if result is None else result)

    return handle


@web.middleware
async def guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Keep other sites' pages from steering the sandbox through the reader's browser."""
    origin = request.headers.get("Origin")
    steering = request.path.startswith("/sandbox") and request.method not in {"GET", "HEAD"}
    if steering and origin and origin.partition("://")[2] != request.host:
        return web.json_response({"error": "another site may not steer this"}, status=403)
    return await handler(request)


def _number(request: web.Request, name: str) -> int:
    return int(request.match_info[name])


def _read_state(world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> Any:
    return state(world)


def _read_requests(world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> Any:
    return [request_state(record) for record in world.requests]


def _forget_requests(world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> None:
    world.requests.clear()


def _read_faults(world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> Any:
    return [fault_state(fault) for fault in world.faults]


def _add_fault(world: PlexWorld, _request: web.Request, body: dict[str, Any]) -> Any:
    unknown = set(body) - FAULT_FIELDS - {"failure"}
    if unknown:
        raise BadOrder(f"unknown: {', '.join(sorted(unknown))}")
    try:
        fault = failing(**body) if "failure" in body else Fault(**body)
    except ValueError as error:
        raise BadOrder(str(error)) from None
    return fault_state(world.faults.add(fault))


def _read_menu(_world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> Any:
    failures = {name: text for name, (text, _) in FAILURES.items()}
    return {"endpoints": list(ENDPOINTS), "failures": failures}


def _clear_faults(world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> None:
    world.faults.clear()


def _remove_fault(world: PlexWorld, request: web.Request, _body: dict[str, Any]) -> None:
    world.faults.remove(_number(request, "fault"))


def _toggle_preset(world: PlexWorld, request: web.Request, _body: dict[str, Any]) -> Any:
    name = request.match_info["name"]
    active = [fault for fault in world.faults if fault.label == name]
    for fault in active:
        world.faults.remove(fault)
    if not active and name not in PRESETS:
        raise LookupError(name)
    if not active:
        world.faults.add(preset(name))
    return {"active": not active}


def _act_on_share(world: PlexWorld, request: web.Request, _body: dict[str, Any]) -> None:
    acts: dict[str, Callable[[int], object]] = {
        "accept": world.accept,
        "decline": world.decline,
        "leave": world.leave,
    }
    acts[request.match_info["act"]](_number(request, "share"))


def _share_by_hand(world: PlexWorld, _request: web.Request, body: dict[str, Any]) -> Any:
    wish = Invitation(
        str(body.get("machine_identifier") or world.server.machine_identifier),
        tuple(int(number) for number in body.get("section_ids") or ()),
        login=str(body["login"]),
    )
    share = world.invite(wish)
    if body.get("accepted") and not share.accepted:
        world.accept(share.share_id)
    return share_state(share)


def _set_libraries(world: PlexWorld, request: web.Request, body: dict[str, Any]) -> None:
    share = world.share(_number(request, "share"))
    world.set_sections(share, [int(number) for number in body["section_ids"]])


def _remove_share(world: PlexWorld, request: web.Request, _body: dict[str, Any]) -> None:
    world.revoke(world.share(_number(request, "share")))


def _add_library(world: PlexWorld, _request: web.Request, body: dict[str, Any]) -> Any:
    title, kind = str(body["title"]).strip(), str(body.get("type", "movie"))
    if not title or kind not in LIBRARY_TYPES:
        raise BadOrder(f"a title is needed, and a type among {', '.join(LIBRARY_TYPES)}")
    return dataclasses.asdict(world.add_library(title, kind))


def _remove_library(world: PlexWorld, request: web.Request, _body: dict[str, Any]) -> None:
    world.remove_library(_number(request, "section"))


def _add_stream(world: PlexWorld, _request: web.Request, body: dict[str, Any]) -> None:
    title, kind = str(body["title"]).strip(), str(body.get("type", "movie"))
    watcher = next((a for a in world.accounts if a.id == int(body["account_id"])), None)
    if watcher is None:
        raise LookupError("account")
    if not title or kind not in STREAM_TYPES:
        raise BadOrder(f"a title is needed, and a type among {', '.join(STREAM_TYPES)}")
    world.streams.append(Stream(watcher.id, watcher.username, title, kind))


def _pause_stream(world: PlexWorld, request: web.Request, _body: dict[str, Any]) -> None:
    stream = world.streams[_number(request, "stream")]
    stream.state = "playing" if stream.state == "paused" else "paused"


def _end_stream(world: PlexWorld, request: web.Request, _body: dict[str, Any]) -> None:
    del world.streams[_number(request, "stream")]


def _add_account(world: PlexWorld, _request: web.Request, body: dict[str, Any]) -> Any:
    account = world.add_account(str(body["username"]).strip(), str(body["email"]).strip())
    return {"id": account.id, "username": account.username, "email": account.email}


def _allow_pin(world: PlexWorld, request: web.Request, body: dict[str, Any]) -> None:
    world.keys.allow_pin(_number(request, "pin"), int(body["account_id"]))


def _revoke_token(world: PlexWorld, _request: web.Request, body: dict[str, Any]) -> None:
    world.revoke_token(invalid=bool(body.get("invalid", False)))


def _mend_token(world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> None:
    world.mend_token()


def _switch(world: PlexWorld, _request: web.Request, body: dict[str, Any]) -> None:
    for name, value in body.items():
        if name not in SWITCHES:
            raise BadOrder(f"unknown: {name}")
        setattr(world, name, SWITCHES[name](value))


def _reset(world: PlexWorld, _request: web.Request, _body: dict[str, Any]) -> None:
    world.reset()


ORDERS: list[tuple[str, str, Order]] = [
    ("GET", "state", _read_state),
    ("GET", "requests", _read_requests),
    ("DELETE", "requests", _forget_requests),
    ("GET", "faults", _read_faults),
    ("GET", "menu", _read_menu),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("DELETE", r"faults/{fault:\d+}", _remove_fault),
    ("POST", "presets/{name}", _toggle_preset),
    ("POST", r"shares/{share:\d+}/{act:accept|decline|leave}", _act_on_share),
    ("POST", "shares", _share_by_hand),
    ("POST", r"shares/{share:\d+}/libraries", _set_libraries),
    ("POST", r"shares/{share:\d+}/remove", _remove_share),
    ("POST", "libraries", _add_library),
    ("DELETE", r"libraries/{section:\d+}", _remove_library),
    ("POST", "streams", _add_stream),
    ("POST", r"streams/{stream:\d+}/pause", _pause_stream),
    ("DELETE", r"streams/{stream:\d+}", _end_stream),
    ("POST", "accounts", _add_account),
    ("POST", r"pins/{pin:\d+}/allow", _allow_pin),
    ("POST", "token/revoke", _revoke_token),
    ("POST", "token/mend", _mend_token),
    ("POST", "switches", _switch),
    ("POST", "reset", _reset),
]


def add_routes(app: web.Application) -> None:
    """Put the orders under `/sandbox/api/`."""
    for method, path, order in ORDERS:
        app.router.add_route(method, f"/sandbox/api/{path}", obeyed(order))
