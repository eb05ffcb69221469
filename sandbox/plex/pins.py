"""Signing in by code: the app asks for a pin, the person allows it, the app polls for a token."""

from typing import Any

from aiohttp import web

from sandbox.plex.answers import either, iso
from sandbox.plex.call import WORLD, required_client
from sandbox.plex.model import Pin, truth
from sandbox.plex.refusals import Refusal
from sandbox.plex.v2_errors import refuse


def _pin_data(pin: Pin, *, json: bool) -> dict[str, Any]:
    # JSON has null and XML an empty string until the person has signed in.
    return {
        "id": pin.id,
        "code": pin.code,
        "product": pin.product,
        "trusted": False,
        "clientIdentifier": pin.client,
        "expiresIn": int(pin.expires_at - pin.created_at),
        "createdAt": iso(pin.created_at),
        "expiresAt": iso(pin.expires_at),
        "authToken": pin.token or (None if json else ""),
        "newRegistration": None,
    }


def _answer(request: web.Request, pin: Pin, status: int = 200) -> web.Response:
    json = "application/json" in request.headers.get("Accept", "")
    return either(request, "pin", _pin_data(pin, json=json), status)


async def open_pin(request: web.Request) -> web.StreamResponse:
    """POST /api/v2/pins[?strong=true]: no token needed, but a client identifier."""
    try:
        client = required_client(request)
    except Refusal as refusal:
        return refuse(request, refusal)
    form = await request.post()
    strong = truth(request.query.get("strong", form.get("strong", "")))
    product = request.headers.get("X-Plex-Product", "")
    return _answer(request, request.app[WORLD].keys.open_pin(client, product, strong=strong), 201)


async def read_pin(request: web.Request) -> web.StreamResponse:
    """GET /api/v2/pins/{id}: only for the client that opened it; 404 code 1020 otherwise."""
    try:
        pin = request.app[WORLD].keys.pin(request.match_info["pin"], required_client(request))
    except Refusal as refusal:
        return refuse(request, refusal)
    return _answer(request, pin)
