"""What the page shows, region by region.

Everything is built as elements, so that names typed by people stay text.
"""

from xml.etree.ElementTree import Element, tostring

from sandbox.plex.faults import PRESETS
from sandbox.plex.model import Account, Library, Pin, RecordedRequest, Share
from sandbox.plex.world import PlexWorld

REQUESTS_SHOWN = 12
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


def _button(action: str, text: str, name: str, **data: str) -> Element:
    key = "-".join((action, *data.values()))
    attributes = {"type": "button", "id": key, "data-action": action, "aria-label": name}
    return h("button", attributes | {f"data-{k}": v for k, v in data.items()}, text)


def _empty(text: str) -> Element:
    return h("p", {"class": "empty"}, text)


# -- people ---------------------------------------------------------------------------------------


def people_region(world: PlexWorld) -> list[Element]:
    """A card for each invited person, with their shares and what they may do with them."""
    cards: dict[str, list[Share]] = {}
    for share in world.shares:
        cards.setdefault(share.email.casefold(), []).append(share)
    if not cards:
        return [_empty("Nobody has been invited yet. Invites appear here by themselves.")]
    return [_person(world, shares) for shares in cards.values()]


def _person(world: PlexWorld, shares: list[Share]) -> Element:
    first = shares[0]
    known = f"{first.email} \u00b7 account {first.account_id}"
    head = h(
        "header",
        {},
        h("span", {"class": "avatar", "aria-hidden": "true"}, first.person[:1].upper()),
        h(
            "div",
            {},
            h("h3", {}, first.person),
            h("p", {"class": "quiet"}, known if first.account else "no Plex account yet"),
        ),
    )
    rows = [_share(world, share) for share in shares]
    return h("article", {"class": "card", "aria-label": first.person}, head, *rows)


def _share(world: PlexWorld, share: Share) -> Element:
    kind, word = _standing(share)
    where = "" if share.server is world.server else f" on {share.server.name}"
    title = h(
        "p",
        {"class": "share-title"},
        h("strong", {}, share.server.name),
        h("span", {"class": f"badge {kind}"}, word),
        h("span", {"class": "quiet"}, f"share {share.share_id}"),
    )
    acts = (
        [("leave", "Leave")] if share.accepted else [("accept", "Accept"), ("decline", "Decline")]
    )
    buttons = [
        _button(action, text, f"{text} as {share.person}{where}", share=str(share.share_id))
        for action, text in ([] if share.orphan else acts)
    ]
    return h(
        "div",
        {"class": "share", "data-share": str(share.share_id), "data-state": kind},
        title,
        _chips(share),
        h("div", {"class": "actions"}, *buttons),
    )


def _standing(share: Share) -> tuple[str, str]:
    if share.orphan:
        return "orphan", "Left behind"
    return ("accepted", "Accepted") if share.accepted else ("pending", "Pending")


def _chips(share: Share) -> Element:
    names = [library.title for library in share.libraries]
    chips = [h("li", {}, name) for name in names] or [h("li", {"class": "quiet"}, "no libraries")]
    if share.all_libraries:
        chips.insert(0, h("li", {"class": "all"}, "All libraries"))
    chips += [h("li", {"class": "flag"}, flag) for flag, on in share.settings.flags.items() if on]
    chips += [
        h("li", {"class": "flag"}, f"{name}: {value}")
        for name, value in share.settings.filters.items()
        if value
    ]
    return h("ul", {"class": "chips"}, *chips)


# -- sign-ins, libraries, faults, requests --------------------------------------------------------


def pins_region(world: PlexWorld) -> list[Element]:
    """Codes that wait for somebody to sign in, newest first."""
    waiting = [pin for pin in reversed(world.keys.pins) if pin.token is None]
    if not waiting:
        return [_empty("No sign-in is waiting.")]
    return [_pin(pin, world.accounts) for pin in waiting[:3]]


def _pin(pin: Pin, accounts: list[Account]) -> Element:
    buttons = [
        _button(
            "allow",
            account.username,
            f"Sign in as {account.username} with code {pin.code}",
            pin=str(pin.id),
            account=str(account.id),
        )
        for account in accounts
    ]
    return h(
        "div",
        {"class": "pin", "data-code": pin.code},
        h("p", {}, f"{pin.product or 'An app'} asks who you are. Code ", h("code", {}, pin.code)),
        h("div", {"class": "actions"}, *buttons),
    )


def libraries_region(world: PlexWorld) -> list[Element]:
    """The server's libraries."""
    if not world.server.libraries:
        return [_empty("This server has no libraries.")]
    return [h("ul", {"class": "rows"}, *map(_library, world.server.libraries))]


def _library(library: Library) -> Element:
    about = h("span", {"class": "quiet"}, f"{library.type} \u00b7 section {library.id}")
    name = f"Remove library {library.title}"
    remove = _button("remove-library", "Remove", name, section=str(library.id))
    return h("li", {}, h("span", {"class": "grow"}, h("strong", {}, library.title), about), remove)


def faults_region(world: PlexWorld) -> list[Element]:
    """The switches, and the faults that others have set."""
    active = {fault.label for fault in world.faults}
    switches = [
        _switch("preset", name, text, name in active) for name, (text, _) in PRESETS.items()
    ]
    switches.append(_switch("token", "token", "Token revoked", world.token_revoked))
    others = [fault for fault in world.faults if fault.label not in PRESETS]
    rows = [
        h(
            "li",
            {},
            h("span", {"class": "grow"}, h("strong", {}, str(f.kind)), h("code", {}, f.match)),
            _button("remove-fault", "Remove", f"Remove fault {f.id}", fault=str(f.id)),
        )
        for f in others
    ]
    return [h("div", {"class": "switches"}, *switches), h("ul", {"class": "rows"}, *rows)]


def _switch(action: str, name: str, text: str, on: bool) -> Element:
    attributes = {
        "type": "button",
        "id": f"fault-{name}",
        "class": "switch",
        "role": "switch",
        "aria-checked": "true" if on else "false",
        "data-action": action,
        "data-preset": name,
    }
    return h("button", attributes, h("span", {"class": "knob", "aria-hidden": "true"}), text)


def requests_region(world: PlexWorld) -> list[Element]:
    """The latest requests, newest first."""
    latest = list(reversed(world.requests[-REQUESTS_SHOWN:]))
    if not latest:
        return [_empty("Nothing has asked Plex for anything yet.")]
    return [h("ul", {"class": "log"}, *(_request(world, record) for record in latest))]


def _request(world: PlexWorld, record: RecordedRequest) -> Element:
    path = record.path.replace(world.server.machine_identifier, "{server}")
    good = record.status is not None and record.status < 400
    status = str(record.status) if record.status is not None else "no answer"
    return h(
        "li",
        {},
        h("span", {"class": "status good" if good else "status bad"}, status),
        h("code", {}, f"{record.method} {path}"),
        h("span", {"class": "quiet"}, record.host),
    )


def summary_region(world: PlexWorld) -> list[Element]:
    """One line: the server, the seats, and whether anything is made to fail."""
    faults = len(world.faults) + world.token_revoked
    trouble = f"{faults} fault{'' if faults == 1 else 's'} on" if faults else "healthy"
    kind = "badge orphan" if faults else "badge accepted"
    taken = f"{world.seats_taken} of {world.seat_limit} seats taken"
    seats = h("span", {"class": "quiet"}, f"{world.owner.username} \u00b7 {taken}")
    return [h("strong", {}, world.server.name), h("span", {"class": kind}, trouble), seats]


REGIONS = {
    "summary": summary_region,
    "people": people_region,
    "pins": pins_region,
    "libraries": libraries_region,
    "faults": faults_region,
    "requests": requests_region,
}


def regions(world: PlexWorld) -> dict[str, str]:
    """Each region's HTML, by the id of the element it goes into."""
    return {
        name: "".join(_markup(piece) for piece in make(world)) for name, make in REGIONS.items()
    }


def _markup(piece: Element) -> str:
    # XML's rules escape "<" in attributes too; no region holds an element that HTML leaves open.
    return tostring(piece, encoding="unicode", short_empty_elements=False)
