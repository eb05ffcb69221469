"""The HTTP server: one port that plays plex.tv and the media server, told apart by path."""

import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.plex import control, media_server, page, pins, v1, v1_invites, v2
from sandbox.plex.call import WORLD, json_body
from sandbox.plex.model import RecordedRequest
from sandbox.plex.striking import CUT, strike
from sandbox.plex.world import PlexWorld

HOST = "127.0.0.1"
OWN_PATHS = ("/sandbox", "/auth", "/favicon.ico")
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def recorded(request: web.Request, handler: Next) -> web.StreamResponse:
    """Record what reaches Plex, in the order of arrival, and let the faults strike it."""
    if request.path.startswith(OWN_PATHS):
        return await handler(request)
    world = request.app[WORLD]
    record = RecordedRequest(
        method=request.method,
        host=request.host,
        path=request.path,
        query=dict(request.query),
        body=None,
        at=time.time(),
        headers={name.lower(): value for name, value in request.headers.items()},
    )
    world.requests.append(record)
    record.body = await json_body(request)

    async def answer() -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=error.reason, content_type="text/html")

    response = await strike(request, world.faults.take(record.line), answer)
    answered = request.transport is not None and response.status != CUT
    record.status = response.status if answered else None
    return response


def make_app(world: PlexWorld) -> web.Application:
    """The whole Plex as one application."""
    app = web.Application(middlewares=[control.guarded, recorded])
    app[WORLD] = world
    for method, path, endpoint in (*v1.ROUTES, *v1_invites.ROUTES):
        app.router.add_route(method, path, v1.signed_in(endpoint))
    for method, path, endpoint in v2.ROUTES:
        app.router.add_route(method, path, v2.signed_in(endpoint))
    app.router.add_post("/api/v2/pins", pins.open_pin)
    app.router.add_get(r"/api/v2/pins/{pin:\d+}", pins.read_pin)
    for path, handler in media_server.HANDLERS:
        app.router.add_get(path, handler)
        app.router.add_get(rf"/server/{{server:\d+}}{path}", handler)
    control.add_routes(app)
    page.add_routes(app)
    return app


class PlexSandbox:
    """Runs a `PlexWorld` on a loopback port while the `async with` block lasts."""

    def __init__(self, world: PlexWorld, port: int = 0) -> None:
        self.world = world
        self._wanted_port = port
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT`: plex.tv for the rewriting adapter, and the server's own URL."""
        return f"http://{HOST}:{self.port}"

    @property
    def page_url(self) -> str:
        """The page for people."""
        return f"{self.base_url}/sandbox/"

    @property
    def owner_token(self) -> str:
        """The owner's token, for plex.tv and for the media server."""
        return self.world.owner.token

    async def __aenter__(self) -> Self:
        # A hanging request must not hold up the end: its handler is cancelled at once.
        self._runner = web.AppRunner(make_app(self.world), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._wanted_port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.world.listen_at(self.base_url)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.world.faults.clear()
        if self._runner is not None:
            await self._runner.cleanup()
