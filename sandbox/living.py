"""Pages that come whole from the server and then follow it.

`assets/live.js` asks for a page's regions every second and puts in those that changed; it sends the
orders of buttons and forms to the control interface below `/sandbox/api/`.
"""

from importlib.resources import files

from aiohttp import web

ASSETS = {
    "page.css": "text/css",
    "live.js": "text/javascript",
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
FRESH = {"Cache-Control": "no-store"}


def whole(text: str, regions: dict[str, str]) -> web.Response:
    """A page with its regions filled in: readable before any script runs."""
    for name, markup in regions.items():
        text = text.replace(f"<!-- {name} -->", markup, 1)
    headers = {"Content-Security-Policy": POLICY, **FRESH}
    return web.Response(text=text, content_type="text/html", headers=headers)


def news(regions: dict[str, str]) -> web.Response:
    """The regions as they are now."""
    return web.json_response(regions, headers=FRESH)


def read(package: str, name: str) -> str:
    """A file of a package's `assets`."""
    return files(package).joinpath("assets", name).read_text(encoding="utf-8")


async def asset(request: web.Request) -> web.StreamResponse:
    """GET /sandbox/assets/{name}: what every page loads."""
    name = request.match_info["name"]
    if name not in ASSETS:
        raise web.HTTPNotFound
    return web.Response(text=read("sandbox", name), content_type=ASSETS[name])
