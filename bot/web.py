"""/healthz, /readyz and /metrics, for whatever watches the process."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.log import logger

log = logger(__name__)

Check = Callable[[], Awaitable[bool]]


class HealthServer:
    """Answers while inside `async with`. `checks` say by name what has to be well to be ready."""

    def __init__(self, host: str, port: int, checks: Mapping[str, Check]) -> None:
        self._host = host
        self._wanted_port = port
        self._checks = checks
        self.port: int | None = None

    async def __aenter__(self) -> "HealthServer":
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._wanted_port)
        try:
            await site.start()
        except OSError as error:
            # The bot is more use without its health page than not at all.
            log.warning("web.port_taken", port=self._wanted_port, error=error.strerror)
        else:
            self.port = self._runner.addresses[0][1]
            log.info("web.listening", host=self._host, port=self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        found = {name: await check() for name, check in self._checks.items()}
        status = 200 if all(found.values()) else 503
        return web.json_response({"ready": status == 200, "checks": found}, status=status)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
