"""How Plex writes: XML unless JSON is asked for."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, tostring

from aiohttp import web

Value = str | int | float | bool | None


def iso(instant: float | None) -> str | None:
    """An instant in Unix seconds as v2 writes it; None stays None."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def element(
    tag: str, attributes: Mapping[str, Value] | None = None, children: Iterable[Element] = ()
) -> Element:
    """An XML element. Booleans become 1 and 0; None leaves the attribute out."""
    made = Element(tag)
    for name, value in (attributes or {}).items():
        if value is not None:
            made.set(name, str(int(value)) if isinstance(value, bool) else str(value))
    made.extend(children)
    return made


def container(children: Iterable[Element], **attributes: Value) -> Element:
    """A MediaContainer with its size."""
    inner = list(children)
    return element("MediaContainer", {**attributes, "size": len(inner)}, inner)


def xml(root: Element, status: int = 200) -> web.Response:
    """An XML answer."""
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")
    return web.Response(text=text, status=status, content_type="application/xml")


def wants_json(request: web.Request) -> bool:
    """Whether the request asks for JSON; `*/*`, what PlexAPI sends, means XML."""
    return "application/json" in request.headers.get("Accept", "")


def either(request: web.Request, name: str, data: Any, status: int = 200) -> web.Response:
    """`data` as JSON where that is asked for, else as XML under the root `name`."""
    if wants_json(request):
        return web.json_response(data, status=status)
    return xml(element_from(name, data), status=status)


def element_from(name: str, data: Any) -> Element:
    """Plain data as v2 turns it into XML: values become attributes, the rest children."""
    made = Element(name)
    if isinstance(data, list):
        made.extend(element_from(_singular(name), item) for item in data)
        return made
    for key, value in data.items():
        if isinstance(value, dict | list):
            made.append(element_from(key, value))
        elif value is not None:
            made.set(key, str(int(value)) if isinstance(value, bool) else str(value))
    return made


def _singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


def media_json(root: Element) -> dict[str, Any]:
    """A media server's XML as its JSON: attributes, and children grouped by their tag."""
    made: dict[str, Any] = dict(root.attrib)
    for child in root:
        made.setdefault(child.tag, []).append(media_json(child))
    return made
