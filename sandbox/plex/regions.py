"""What the page shows, region by region."""

from collections.abc import Callable, Iterable
from xml.etree.ElementTree import Element

from sandbox.markup import button, empty, h, markup, options, ordering, row, rows, switch
from sandbox.plex.faults import PRESETS, Fault, Kind
from sandbox.plex.menu import ENDPOINTS, FAILURES
from sandbox.plex.model import Account, Library, Pin, RecordedRequest, Share, Stream
from sandbox.plex.world import PlexWorld

REQUESTS_SHOWN = 12


# -- people ---------------------------------------------------------------------------------------


def people_region(world: PlexWorld) -> list[Element]:
    """A card for each invited person, with their shares and what they may do with them."""
    cards: dict[str, list[Share]] = {}
    for share in world.shares:
        cards.setdefault(share.email.casefold(), []).append(share)
    if not cards:
        return [empty("Nobody has been invited yet. Invites appear here by themselves.")]
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
        _act(share, action, text, f"{text} as {share.person}{where}")
        for action, text in ([] if share.orphan else acts)
    ]
    return h(
        "div",
        {"class": "share", "data-share": str(share.share_id), "data-state": kind},
        title,
        _chips(share),
        *([h("div", {"class": "actions"}, *buttons)] if buttons else []),
        _as_owner(share, where),
    )


def _act(share: Share, action: str, text: str, name: str) -> Element:
    order = ordering(f"POST shares/{share.share_id}/{action}")
    key = f"{action}-{share.share_id}"
    return button(
        text, order, key=key, name=name, data_action=action, data_share=str(share.share_id)
    )


def _as_owner(share: Share, where: str) -> Element:
    """What the owner might do by hand, in Plex's own app: other libraries, no share at all."""
    remove = _act(share, "remove", "Remove share", f"Remove {share.person}'s share{where}")
    hint = "Press a library to open or close it."
    acts = [] if share.orphan else [*_openings(share)]
    return h(
        "details",
        {"id": f"owner-{share.share_id}"},
        h("summary", {}, "As the owner"),
        *([h("p", {"class": "hint"}, hint)] if acts else []),
        h("div", {"class": "actions"}, *acts, remove),
    )


def _openings(share: Share) -> list[Element]:
    """A button for each library of the share's server, pressed while it is open."""
    now = share.section_ids
    made = []
    for library in share.server.libraries:
        on = library.id in now
        then = [n for n in now if n != library.id] if on else [*now, library.id]
        # No library at all would mean ALL of them to Plex, so the last one stays.
        last = {"disabled": "disabled"} if not then else {}
        key = f"open-{share.share_id}-{library.id}"
        order = _opening(share, then)
        pressed = "true" if on else "false"
        made.append(
            button(library.title, order, key=key, kind="toggle", aria_pressed=pressed, **last)
        )
    pressed = "true" if share.all_libraries else "false"
    key = f"open-{share.share_id}-all"
    text = "All, also later ones"
    return [*made, button(text, _opening(share, []), key=key, kind="toggle", aria_pressed=pressed)]


def _opening(share: Share, section_ids: list[int]) -> dict[str, str]:
    return ordering(f"POST shares/{share.share_id}/libraries", {"section_ids": section_ids})


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


def known_region(world: PlexWorld) -> list[Element]:
    """Names to choose from when sharing by hand: accounts that hold nothing yet."""
    holders = {share.account_id for share in world.shares}
    others = [a for a in world.accounts if a is not world.owner and a.id not in holders]
    return options((account.email, account.username) for account in others)


def choices_region(world: PlexWorld) -> list[Element]:
    """Libraries to choose from when sharing by hand; the values are lists of section ids."""
    titles = [(f"[{library.id}]", library.title) for library in world.server.libraries]
    return options([*titles, ("[]", "All libraries")])


# -- sign-ins and libraries -----------------------------------------------------------------------


def pins_region(world: PlexWorld) -> list[Element]:
    """Codes that wait for somebody to sign in, newest first."""
    waiting = [pin for pin in reversed(world.keys.pins) if pin.token is None]
    if not waiting:
        return [empty("No sign-in is waiting.")]
    return [_pin(pin, world.accounts) for pin in waiting[:3]]


def _pin(pin: Pin, accounts: list[Account]) -> Element:
    buttons = [
        button(
            account.username,
            ordering(f"POST pins/{pin.id}/allow", {"account_id": account.id}),
            key=f"allow-{pin.id}-{account.id}",
            name=f"Sign in as {account.username} with code {pin.code}",
            data_action="allow",
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
        return [empty("This server has no libraries.")]
    return [rows(map(_library, world.server.libraries))]


def _library(library: Library) -> Element:
    remove = button(
        "Remove",
        ordering(f"DELETE libraries/{library.id}"),
        key=f"remove-library-{library.id}",
        name=f"Remove library {library.title}",
    )
    return row(library.title, f"{library.type} \u00b7 section {library.id}", remove)


# -- streams --------------------------------------------------------------------------------------


def streams_region(world: PlexWorld) -> list[Element]:
    """What is being watched, with a way to pause and to stop it."""
    if not world.streams:
        return [empty("Nobody is watching anything.")]
    return [rows(_stream(number, stream) for number, stream in enumerate(world.streams))]


def _stream(number: int, stream: Stream) -> Element:
    paused = stream.state == "paused"
    # The number too: after one has ended, the same button stands for another.
    key = f"{number}-{stream.title}"
    word = "Go on" if paused else "Pause"
    acts = (
        button(
            word,
            ordering(f"POST streams/{number}/pause"),
            key=f"pause-{key}",
            name=f"{word}: {stream.title}",
        ),
        button(
            "Stop",
            ordering(f"DELETE streams/{number}"),
            key=f"stop-{key}",
            name=f"Stop: {stream.title}",
        ),
    )
    return row(stream.title, f"{stream.username} \u00b7 {stream.state}", *acts)


def watchers_region(world: PlexWorld) -> list[Element]:
    """Who can press play; the values are accounts' ids."""
    return options((str(account.id), account.username) for account in world.accounts)


# -- faults and requests --------------------------------------------------------------------------

# The world's own switches: attribute, text, and the value that counts as on.
MOODS: tuple[tuple[str, str, bool], ...] = (
    ("orphans", "Withdrawn invites leave a row behind", True),
    ("fresh_acceptance", "Friends have to accept anew", True),
    ("v1_invites_gone", "The old list of invites works", False),
)


def switches_region(world: PlexWorld) -> list[Element]:
    """The faults that are one press away, and the world's moods."""
    active = {fault.label for fault in world.faults}
    quick = [
        switch(
            text,
            ordering(f"POST presets/{name}"),
            key=f"fault-{name}",
            on=name in active,
            data_preset=name,
        )
        for name, (text, _) in PRESETS.items()
    ]
    token = ordering("POST token/mend" if world.token_revoked else "POST token/revoke")
    quick.append(switch("Token revoked", token, key="fault-token", on=world.token_revoked))
    for name, text, on in MOODS:
        now: bool = getattr(world, name)
        order = ordering("POST switches", {name: not now})
        quick.append(switch(text, order, key=f"mood-{name}", on=now is on))
    return [h("div", {"class": "switches"}, *quick)]


def endpoints_region(_world: PlexWorld) -> list[Element]:
    """The endpoints to choose from."""
    return options((name, name.capitalize()) for name in ENDPOINTS)


def failures_region(_world: PlexWorld) -> list[Element]:
    """The failures to choose from."""
    return options((name, text) for name, (text, _) in FAILURES.items())


def faults_region(world: PlexWorld) -> list[Element]:
    """Every fault that is on, in plain words, with a way to end it."""
    lines = [_fault(fault) for fault in world.faults]
    if world.token_revoked:
        mend = button("Mend", ordering("POST token/mend"), key="mend", name="Mend the token")
        lines.append(row("The owner's token is revoked", "until mended", mend))
    if not lines:
        return [empty("No fault is on.")]
    return [rows(lines)]


def _fault(fault: Fault) -> Element:
    off = button(
        "Switch off",
        ordering(f"DELETE faults/{fault.id}"),
        key=f"remove-fault-{fault.id}",
        name=f"Switch off: {what(fault)}, {where(fault)}",
    )
    left = "until switched off"
    if fault.times is not None:
        left = "once" if fault.times == 1 else f"{fault.times} times"
    return row(what(fault), f"{where(fault)} \u00b7 {left}", off)


def what(fault: Fault) -> str:
    """What a fault does, in plain words."""
    if fault.label in PRESETS:
        return PRESETS[fault.label][0]
    number = f" {fault.status}" if fault.kind is Kind.STATUS else ""
    return fault.label or f"{fault.kind}{number}"


def where(fault: Fault) -> str:
    """Which requests a fault strikes, in plain words."""
    if fault.match == "*":
        return (fault.endpoint or "everything").capitalize()
    return f"{fault.endpoint} {fault.match}".strip()


def requests_region(world: PlexWorld) -> list[Element]:
    """The latest requests, newest first."""
    latest = list(reversed(world.requests[-REQUESTS_SHOWN:]))
    if not latest:
        return [empty("Nothing has asked Plex for anything yet.")]
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


REGIONS: dict[str, Callable[[PlexWorld], Iterable[Element]]] = {
    "summary": summary_region,
    "people": people_region,
    "known": known_region,
    "choices": choices_region,
    "pins": pins_region,
    "libraries": libraries_region,
    "streams": streams_region,
    "watchers": watchers_region,
    "switches": switches_region,
    "endpoints": endpoints_region,
    "failures": failures_region,
    "faults": faults_region,
    "requests": requests_region,
}


def regions(world: PlexWorld) -> dict[str, str]:
    """Each region's HTML, by the id of the element it goes into."""
    return {name: markup(make(world)) for name, make in REGIONS.items()}
