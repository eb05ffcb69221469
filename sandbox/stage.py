"""The start page of the demo: the story in five steps, and everybody's page side by side."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from aiohttp import web

_TEMPLATE = Path(__file__).with_suffix(".html")
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src {}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Tab:
    """A page within a side of the stage; `key` makes its ids: tab-, frame- and link-."""

    key: str
    title: str
    url: str


class Stage:
    """Serves `/`. The tabs may be set after the server has started; until then it answers 503."""

    def __init__(self) -> None:
        self.bob: list[Tab] = []
        self.admins: list[Tab] = []

    def routes(self) -> list[web.RouteDef]:
        """The path of the page."""
        return [web.get("/", self._show)]

    async def _show(self, _: web.Request) -> web.Response:
        if not self.bob:
            return web.Response(status=503, text="The stage is being set up.")
        # One origin a tab, named without path or fragment.
        origins = sorted({"/".join(tab.url.split("/")[:3]) for tab in [*self.bob, *self.admins]})
        headers = {
            "Content-Security-Policy": _POLICY.format(" ".join(origins)),
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(text=self._page(), content_type="text/html", headers=headers)

    def _page(self) -> str:
        return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
            bob_tabs=_side("bob", self.bob),
            admin_tabs=_side("admins", self.admins),
            shown=",\n  ".join(_rule(tab.key) for tab in [*self.bob, *self.admins]),
        )


def _rule(key: str) -> str:
    """The selector that shows a tab's frame and its link while the tab is chosen."""
    chosen = f".side:has(#tab-{key}:checked)"
    return f"{chosen} #frame-{key}, {chosen} #link-{key}"


def _side(name: str, tabs: list[Tab]) -> str:
    choices = "".join(_choice(name, tab, first=tab is tabs[0]) for tab in tabs)
    links = "".join(
        f'<a class="out" id="link-{tab.key}" href="{escape(tab.url)}" target="_blank"'
        f' rel="noopener">Open in a new tab</a>'
        for tab in tabs
    )
    frames = "".join(
        f'<iframe id="frame-{tab.key}" title="{escape(tab.title)}" src="{escape(tab.url)}"'
        ' loading="lazy"></iframe>'
        for tab in tabs
    )
    return f'<div class="tabs">{choices}{links}</div><div class="frames">{frames}</div>'


def _choice(name: str, tab: Tab, *, first: bool) -> str:
    checked = " checked" if first else ""
    return (
        f'<input type="radio" name="side-{name}" id="tab-{tab.key}"{checked}>'
        f'<label for="tab-{tab.key}">{escape(tab.title)}</label>'
    )
