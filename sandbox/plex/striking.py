"""How the faults of `sandbox.plex.faults` reach the wire."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from sandbox.plex.faults import Fault, Kind

# Never seen by a client: marks, on this side of the wire, an answer that was cut off.
CUT = 444
Answer = Callable[[], Awaitable[web.StreamResponse]]

GATEWAY_PAGE = (
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1><br><hr>nginx</center></body></html>"
)
BROKEN_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<MediaContainer size="1"><User id="20'
BROKEN_JSON = '[{"id": 20'


async def strike(
    request: web.Request, faults: Sequence[Fault], answer: Answer
) -> web.StreamResponse:
    """Answer as the faults demand: delays add up, then the first other fault decides."""
    decisive = next((fault for fault in faults if fault.kind is not Kind.LATENCY), None)
    await _delay(faults, processed=False)
    if decisive is None or decisive.processed:
        real = await answer()
        await _delay(faults, processed=True)
        return await _after(request, decisive, real) if decisive else real
    return await _instead(request, decisive)


async def _delay(faults: Sequence[Fault], *, processed: bool) -> None:
    for fault in faults:
        if fault.kind is Kind.LATENCY and fault.processed is processed:
            await fault.wait()


async def _instead(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case Kind.HANG:
            await fault.wait()
            return reset(request)
        case Kind.STATUS:
            return _made_up(fault, fault.status or 503, fault.body, _content_type(fault.body))
        case Kind.HTML:
            return _made_up(fault, fault.status or 200, fault.body or GATEWAY_PAGE, "text/html")
        case Kind.REDIRECT:
            elsewhere = {"Location": f"http://localhost:{_port(request)}/elsewhere"}
            return web.Response(status=fault.status or 302, headers={**elsewhere, **fault.headers})
        case _:
            return reset(request)


def _port(request: web.Request) -> int:
    name = request.transport and request.transport.get_extra_info("sockname")
    return int(name[1]) if name else 80


def _made_up(fault: Fault, status: int, body: str, kind: str) -> web.Response:
    headers = {"Content-Type": kind, **fault.headers}
    return web.Response(status=status, body=body.encode(), headers=headers)


async def _after(
    request: web.Request, fault: Fault, real: web.StreamResponse
) -> web.StreamResponse:
    match fault.kind:
        case Kind.MALFORMED:
            wants_json = "json" in request.headers.get("Accept", "")
            kind = "application/json" if wants_json else "application/xml"
            text = fault.body or (BROKEN_JSON if wants_json else BROKEN_XML)
            return web.Response(text=text, content_type=kind)
        case Kind.EMPTY:
            # The content type stays: an empty body called JSON is a trap of its own.
            headers = {"Content-Type": real.content_type, **fault.headers}
            return web.Response(status=fault.status or 200, headers=headers)
        case Kind.DRIP:
            return await _drip(request, fault, real)
        case _:
            return await _instead(request, fault)


async def _drip(request: web.Request, fault: Fault, real: web.StreamResponse) -> web.StreamResponse:
    body = real.body if isinstance(real, web.Response) else b""
    data = bytes(body) if isinstance(body, bytes | bytearray) else b""
    stream = web.StreamResponse(status=real.status)
    stream.content_type = real.content_type
    stream.content_length = len(data)
    await stream.prepare(request)
    pieces = [data[i : i + 1] for i in range(len(data))]
    pause = (fault.seconds or 0.0) / max(1, len(pieces))
    try:
        for piece in pieces:
            await stream.write(piece)
            await asyncio.sleep(pause)
    except ConnectionError:
        return stream
    await stream.write_eof()
    return stream


def _content_type(body: str) -> str:
    if body.lstrip()[:1] in {"{", "["}:
        return "application/json"
    return "text/html" if "<html" in body.casefold() else "application/xml"


def reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection with a TCP reset; nothing of an answer leaves."""
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            # Linger of zero seconds: close() sends RST, as a dying gateway does.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=CUT)
