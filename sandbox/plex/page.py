"""The page for people: be the invited person or the owner, change the libraries, make Plex fail."""

from aiohttp import web

from sandbox import living
from sandbox.plex.call import WORLD
from sandbox.plex.regions import regions


async def page(request: web.Request) -> web.StreamResponse:
    """GET /sandbox/: whole and readable before any script runs."""
    return living.whole(living.read("sandbox.plex", "page.html"), regions(request.app[WORLD]))


async def view(request: web.Request) -> web.StreamResponse:
    """GET /sandbox/api/view: the regions as they are now."""
    return living.news(regions(request.app[WORLD]))


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
    app.router.add_get("/sandbox/assets/{name}", living.asset)
