"""HTML for the sandbox's pages, built as elements, so that names typed by people stay text."""

import json
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, tostring

Piece = Element | str


def h(tag: str, attributes: dict[str, str] | None = None, *pieces: Piece) -> Element:
    """An HTML element. Strings stay text, whatever they hold."""
    made = Element(tag, attributes or {})
    last: Element | None = None
    for piece in pieces:
        if isinstance(piece, Element):
            made.append(piece)
            last = piece
        elif last is None:
            made.text = (made.text or "") + piece
        else:
            last.tail = (last.tail or "") + piece
    return made


def ordering(order: str, body: dict[str, Any] | None = None) -> dict[str, str]:
    """Attributes that make a button send `METHOD path` (below `/sandbox/api/`) with this JSON."""
    return {"data-order": order} | ({"data-body": json.dumps(body)} if body is not None else {})


def button(
    text: str, order: dict[str, str], *, key: str, name: str = "", kind: str = "", **more: str
) -> Element:
    """A button with its order; `key` is its id, `name` what it does and for whom."""
    attributes = {"type": "button", "id": key, **order}
    attributes |= {"aria-label": name} if name else {}
    attributes |= {"class": kind} if kind else {}
    return h("button", attributes | {k.replace("_", "-"): v for k, v in more.items()}, text)


def switch(text: str, order: dict[str, str], *, key: str, on: bool, **more: str) -> Element:
    """A switch that shows whether it is on."""
    attributes = {
        "type": "button",
        "id": key,
        "class": "switch",
        "role": "switch",
        "aria-checked": "true" if on else "false",
        **order,
        **{k.replace("_", "-"): v for k, v in more.items()},
    }
    return h("button", attributes, h("span", {"class": "knob", "aria-hidden": "true"}), text)


def options(choices: Iterable[tuple[str, str]]) -> list[Element]:
    """Choices of a menu: value and text."""
    return [h("option", {"value": value}, text) for value, text in choices]


def empty(text: str) -> Element:
    """What a list says that has nothing in it."""
    return h("p", {"class": "empty"}, text)


def row(title: str, about: str, *buttons: Element) -> Element:
    """A line of a list, with what can be done about it."""
    told = [h("strong", {}, title), h("span", {"class": "quiet"}, about)]
    return h("li", {}, h("span", {"class": "grow"}, *told[: 2 if about else 1]), *buttons)


def rows(lines: Iterable[Element]) -> Element:
    """A list of lines."""
    return h("ul", {"class": "rows"}, *lines)


def markup(pieces: Iterable[Element]) -> str:
    """Elements as HTML text."""
    # XML's rules escape "<" in attributes too; no region holds an element that HTML leaves open.
    return "".join(tostring(p, encoding="unicode", short_empty_elements=False) for p in pieces)
