"""The page for people: be the invited person, change the libraries, make Plex fail.

The page comes whole from the server; `assets/page.js` then asks for its regions every second and
puts in those that changed.
"""

from importlib.resources import files

from aiohttp import web

from sandbox.plex.call import WORLD
from sandbox.plex.regions import regions

ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:"
)


def _asset(name: str) -> str:
    return files("sandbox.plex").joinpath("assets", name).read_text(encoding="utf-8")


async def page(request: web.Request) -> web.StreamResponse:
    """GET /sandbox/: whole and readable before any script runs."""
    text = _asset("page.html")
    for name, markup in regions(request.app[WORLD]).items():
        text = text.replace(f"<!-- {name} -->", markup, 1)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def view(request: web.Request) -> web.StreamResponse:
    """GET /sandbox/api/view: the regions as they are now."""
    return web.json_response(regions(request.app[WORLD]), headers={"Cache-Control": "no-store"})


async def asset(request: web.Request) -> web.StreamResponse:
    """GET /sandbox/assets/{name}."""
    name = request.match_info["name"]
    if name not in ASSETS:
        raise web.HTTPNotFound
    return web.Response(text=_asset(name), content_type=ASSETS[name])


async def to_page(_request: web.Request) -> web.StreamResponse:
    """Other doors lead to the page; a browser keeps what stands behind the `#`."""
    raise web.HTTPFound("/sandbox/")


def add_routes(app: web.Application) -> None:
    """The page, what it loads, and `/auth`, which plays app.plex.tv's sign-in page."""
    app.router.add_get("/sandbox/", page)
    app.router.add_get("/sandbox", to_page)
    app.router.add_get("/auth", to_page)
    app.router.add_get("/auth/", to_page)
    app.router.add_get("/sandbox/api/view", view)
    app.router.add_get("/sandbox/assets/{name}", asset)
