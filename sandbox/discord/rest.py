"""Discord's REST interface under /api/v10, and its CDN, over simcord's routes."""

import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.discord.faults import Fault, Faults
from sandbox.discord.hooks import CDN_BASE, Backend, BackendError, dispatch_rest
from sandbox.discord.records import Records, RestRequest
from sandbox.discord.rules import Rules, needs_token

_log = logging.getLogger(__name__)

# Discord takes 25 MiB of files with a message; the envelope is allowed for.
MAX_BODY = 30 * 1024 * 1024


@dataclass
class Upload:
    """One file of a multipart request, in the shape simcord reads."""

    fp: io.BytesIO
    filename: str
    description: str | None = None


@dataclass
class Call:
    """A request taken apart."""

    method: str
    path: str
    query: dict[str, str]
    body: Any = None
    uploads: list[Upload] = field(default_factory=list)
    reason: str | None = None


@dataclass(frozen=True)
class Answer:
    """What goes back: a status, JSON (None for an empty body), headers; status 0 cuts the line."""

    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Rest:
    """Answers bots' requests, fails them on order, and keeps a record of each.

    `gaps` collects what simcord does not model (answered 501) and what made it stumble (answered
    400), so that a test can demand that it is empty.
    """

    def __init__(
        self,
        backend: Backend,
        rules: Rules,
        *,
        token: str,
        shards: int,
        changed: Callable[[], None],
    ) -> None:
        self.faults = Faults()
        self.records = Records()
        self.gaps: list[str] = []
        self.shards = shards
        self.base_url = ""
        self._backend = backend
        self._rules = rules
        self._token = token
        self._changed = changed

    def routes(self) -> list[web.RouteDef]:
        """The paths this interface serves."""
        return [
            web.route("*", "/api/v10/{path:.*}", self._handle),
            web.get("/cdn/{path:.*}", self._cdn),
        ]

    def outward(self, data: Any) -> str:
        """JSON text in which files have addresses of this machine."""
        return json.dumps(data).replace(CDN_BASE, f"{self.base_url}/cdn")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = await self._read(request)
        fault = self.faults.take(call.method, call.path)
        if fault is not None and fault.delay:
            await fault.wait()
        answer = self._answer(call, request.headers.get("Authorization"), fault)
        self._record(call, answer)
        self._changed()
        if answer.status == 0:
            return _cut(request)
        return self._respond(answer)

    def _answer(self, call: Call, authorization: str | None, fault: Fault | None) -> Answer:
        if needs_token(call.path) and authorization != f"Bot {self._token}":
            return Answer(401, {"message": "401: Unauthorized", "code": 0})
        if fault is None or fault.status is None:
            return self._perform(call)
        if fault.applied:
            self._perform(call)
        return Answer(fault.status, fault.body(), fault.headers())

    def _perform(self, call: Call) -> Answer:
        try:
            data = self._route(call)
        except BackendError as error:
            if error.status == 501:
                self._gap(call, error.message)
            return Answer(error.status, error.to_json())
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            _log.exception("%s %s", call.method, call.path)
            self._gap(call, repr(error))
            return Answer(400, {"message": f"Invalid Form Body: {error}", "code": 50035})
        return Answer(204) if data is None else Answer(200, data)

    def _route(self, call: Call) -> Any:
        if call.path in ("/gateway", "/gateway/bot"):
            return self._gateway(call.path)
        ready = self._rules.before(call.method, call.path, call.body)
        if ready is not None:
            return ready
        answer = dispatch_rest(
            self._backend,
            call.method,
            call.path,
            body=call.body,
            query=dict(call.query),
            files=call.uploads,
            reason=call.reason,
        )
        return self._rules.after(call.method, call.path, call.body, call.query, answer)

    def _gateway(self, path: str) -> dict[str, Any]:
        url = {"url": f"{self.base_url.replace('http', 'ws', 1)}/gw"}
        if path == "/gateway":
            return url
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return {**url, "shards": self.shards, "session_start_limit": limit}

    def _gap(self, call: Call, why: str) -> None:
        self.gaps.append(f"{call.method} {call.path}: {why}")

    def _record(self, call: Call, answer: Answer) -> None:
        self.records.append(
            RestRequest(
                number=self.records.next_number(),
                method=call.method,
                path=call.path,
                query=call.query,
                body=call.body,
                files=tuple(upload.filename for upload in call.uploads),
                reason=call.reason,
                status=answer.status,
                response=answer.data,
                at=self._backend.clock.now(),
            )
        )

    def _respond(self, answer: Answer) -> web.Response:
        if answer.data is None:
            return web.Response(status=answer.status, headers=answer.headers)
        # Exactly this: discord.py compares the whole header before it reads the body as JSON.
        headers = {"Content-Type": "application/json", **answer.headers}
        body = self.outward(answer.data).encode()
        return web.Response(status=answer.status, body=body, headers=headers)

    async def _read(self, request: web.Request) -> Call:
        call = Call(request.method, f"/{request.match_info['path']}", dict(request.query))
        call.reason = request.headers.get("X-Audit-Log-Reason")
        if request.content_type == "multipart/form-data":
            await self._read_parts(request, call)
        elif request.can_read_body:
            call.body = self._inward(await request.text())
        return call

    def _inward(self, text: str) -> Any:
        return json.loads(text.replace(f"{self.base_url}/cdn", CDN_BASE) or "null")

    async def _read_parts(self, request: web.Request, call: Call) -> None:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            data = bytes(await part.read(decode=False))
            if part.name == "payload_json":
                call.body = self._inward(data.decode())
            else:
                call.uploads.append(Upload(io.BytesIO(data), part.filename or "file"))
        _describe(call)

    async def _cdn(self, request: web.Request) -> web.Response:
        blob = self._backend.cdn.get(f"{CDN_BASE}/{request.match_info['path']}")
        return web.Response(status=404) if blob is None else web.Response(body=blob)


def _describe(call: Call) -> None:
    """Give each file the description that the JSON part holds for its index."""
    body = call.body if isinstance(call.body, dict) else {}
    body = body.get("data") or body  # an interaction callback nests the message
    for item in body.get("attachments") or []:
        index = str(item.get("id", ""))
        if index.isdigit() and int(index) < len(call.uploads):
            call.uploads[int(index)].description = item.get("description")


def _cut(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
