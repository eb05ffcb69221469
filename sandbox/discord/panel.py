"""The page on which Discord is made to fail, and on which the guild's owner acts by hand."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import simcord
from aiohttp import web

from sandbox import living
from sandbox.discord.faults import Fault
from sandbox.discord.menu import CLOSE_CODES, ENDPOINTS, FAILURES
from sandbox.discord.records import RestRequest
from sandbox.markup import button, empty, h, markup, options, ordering, row, rows, switch

if TYPE_CHECKING:
    from sandbox.discord.server import DiscordSandbox

REQUESTS_SHOWN = 12
# Long ids and tokens say nothing to a reader.
_ID = re.compile(r"/\d{15,}")
_TOKEN = re.compile(r"^(/(?:interactions|webhooks)/\{id\})/[^/]+")
_RIGHTS = (("view_channel", "The bot may not see it"), ("send_messages", "It may not write in it"))


class Panel:
    """Serves the page at /sandbox/."""

    def __init__(self, discord_: "DiscordSandbox") -> None:
        self._discord = discord_

    def routes(self) -> list[web.RouteDef]:
        """The page and what it loads."""
        return [
            web.get("/sandbox/", self._page),
            web.get("/sandbox", self._to_page),
            web.get("/sandbox/api/view", self._view),
            web.get("/sandbox/assets/{name}", living.asset),
        ]

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return living.whole(living.read("sandbox.discord", "panel.html"), regions(self._discord))

    async def _to_page(self, _: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/sandbox/")

    async def _view(self, _: web.Request) -> web.StreamResponse:
        return living.news(regions(self._discord))


def regions(discord_: "DiscordSandbox") -> dict[str, str]:
    """Each region's HTML, by the id of the element it goes into."""
    return {name: markup(make(discord_)) for name, make in REGIONS.items()}


# -- what is on -----------------------------------------------------------------------------------


def _summary(discord_: "DiscordSandbox") -> list[Element]:
    on = len(_on(discord_))
    trouble = f"{on} fault{'' if on == 1 else 's'} on" if on else "healthy"
    sessions = discord_.gateway.connected
    bots = f"{sessions} connection{'' if sessions == 1 else 's'} of the bot"
    return [
        h("strong", {}, "Home Media"),
        h("span", {"class": "badge orphan" if on else "badge accepted"}, trouble),
        h("span", {"class": "quiet"}, bots),
    ]


def _faults(discord_: "DiscordSandbox") -> list[Element]:
    lines = _on(discord_)
    return [rows(lines)] if lines else [empty("No fault is on.")]


def _on(discord_: "DiscordSandbox") -> list[Element]:
    """Everything that is out of order, each with the way back."""
    lines = [_fault(fault) for fault in discord_.rest.faults.waiting]
    gateway = discord_.gateway
    if gateway.refusing:
        let = ordering("POST gateway", {"do": "refuse", "refuse": False})
        lines.append(_off("New connections are refused", "The gateway", let, "Let in"))
    if gateway.twice:
        once = ordering("POST interactions", {"twice": 0})
        lines.append(_off("Delivered twice", f"The next {gateway.twice}", once, "Only once"))
    return lines + _closed_dms(discord_) + _by_hand(discord_)


def _closed_dms(discord_: "DiscordSandbox") -> list[Element]:
    closed = [item for item in discord_.world.people.values() if not discord_.dms_open(item)]
    return [
        _off("Direct messages are closed", _shown(person), _dms(person, True), "Open")
        for person in closed
    ]


def _by_hand(discord_: "DiscordSandbox") -> list[Element]:
    """What the owner has done that can be undone."""
    owner, lines = discord_.owner, []
    for number, name in owner.channels.items():
        if denied := owner.denied(number):
            allow = ordering("POST owner", {"do": "allow", "channel": str(number)})
            told = f"#{name}: {', '.join(sorted(denied))}"
            lines.append(_off("The bot lacks a right", told, allow, "Give back"))
    if not owner.bot_is_in:
        add = ordering("POST owner", {"do": "add_bot"})
        lines.append(_off("The bot is not in the server", "Removed", add, "Add it again"))
    return lines


def _off(what: str, where: str, order: dict[str, str], text: str) -> Element:
    """What is on, and a button that ends it."""
    key = re.sub(r"\W+", "-", f"off-{what}-{where}")
    return row(what, where, button(text, order, key=key, name=f"{text}: {what}, {where}"))


def _fault(fault: Fault) -> Element:
    left = "until switched off"
    if fault.times is not None:
        left = "once" if fault.times == 1 else f"{fault.times} times"
    place = fault.endpoint.capitalize()
    if (fault.method, fault.path) != ("*", "*") or not place:
        place = f"{place} {fault.method} {fault.path}".strip()
        place = "Everything" if place == "* *" else place
    order = ordering(f"DELETE faults/{fault.id}")
    what = fault.label or _unnamed(fault)
    return _off(what, f"{place} \u00b7 {left}", order, "Switch off")


def _unnamed(fault: Fault) -> str:
    if fault.status is None:
        return f"Slow: {fault.delay:g} s"
    return f"{fault.status}: {fault.message}" if fault.status else "Cut off"


# -- what can be done -----------------------------------------------------------------------------


def _endpoints(_: "DiscordSandbox") -> list[Element]:
    return options((name, name.capitalize()) for name in ENDPOINTS)


def _failures(_: "DiscordSandbox") -> list[Element]:
    return options((name, text) for name, (text, _) in FAILURES.items())


def _codes(_: "DiscordSandbox") -> list[Element]:
    return options((str(code), f"{code}: {text}") for code, text in CLOSE_CODES.items())


def _gateway(discord_: "DiscordSandbox") -> list[Element]:
    gateway = discord_.gateway
    orders: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("reconnect", "Ask to reconnect", {"do": "reconnect"}),
        ("resumable", "Interrupt the session", {"do": "invalidate", "resumable": True}),
        ("invalidate", "End the session", {"do": "invalidate", "resumable": False}),
    )
    buttons = [button(text, ordering("POST gateway", body), key=key) for key, text, body in orders]
    refuse = ordering("POST gateway", {"do": "refuse", "refuse": not gateway.refusing})
    told = f"{gateway.readies} sessions begun, {gateway.resumes} gone on with"
    return [
        h("p", {"class": "hint"}, told),
        h("div", {"class": "actions"}, *buttons),
        switch("Refuse new connections", refuse, key="refuse", on=gateway.refusing),
    ]


def _interactions(_: "DiscordSandbox") -> list[Element]:
    twice = ordering("POST interactions", {"twice": 1})
    expire = ordering("POST interactions", {"expire": 1})
    return [
        button("Deliver the next one twice", twice, key="twice"),
        button("Let the next one expire", expire, key="expire"),
    ]


def _people(discord_: "DiscordSandbox") -> list[Element]:
    made = []
    for name, person in discord_.world.people.items():
        open_ = discord_.dms_open(person)
        text = f"{_shown(person)}'s direct messages are closed"
        made.append(switch(text, _dms(person, not open_), key=f"dms-{name}", on=not open_))
    return [h("div", {"class": "switches"}, *made)]


def _dms(person: simcord.MemberActor, open_: bool) -> dict[str, str]:
    return ordering("POST dms", {"user": person.name, "open": open_})


def _shown(person: simcord.MemberActor) -> str:
    return person.name.capitalize()


def _server(discord_: "DiscordSandbox") -> list[Element]:
    owner = discord_.owner
    order = ordering("POST owner", {"do": "remove_bot" if owner.bot_is_in else "add_bot"})
    text = "The bot is removed from the server"
    bot = switch(text, order, key="bot-removed", on=not owner.bot_is_in)
    channels = [_channel(discord_, number, name) for number, name in owner.channels.items()]
    return [bot, *(channels or [empty("No channel is left.")])]


def _channel(discord_: "DiscordSandbox", number: int, name: str) -> Element:
    denied = discord_.owner.denied(number)
    where = str(number)
    toggles = []
    for right, text in _RIGHTS:
        rights = sorted(denied - {right} if right in denied else denied | {right})
        order = ordering("POST owner", {"do": "deny", "channel": where, "rights": rights})
        pressed = "true" if right in denied else "false"
        key = f"{right}-{where}"
        told = f"{text}: #{name}"
        toggles.append(button(text, order, key=key, name=told, kind="toggle", aria_pressed=pressed))
    deletes = []
    for thing, text in (("message", "Delete the latest message"), ("channel", "Delete channel")):
        order = ordering("POST owner", {"do": f"delete_{thing}", "channel": where})
        key = f"delete-{thing}-{where}"
        deletes.append(button(text, order, key=key, name=f"{text} in #{name}", kind="toggle"))
    return h(
        "div",
        {"class": "place"},
        h("h3", {}, f"#{name}"),
        h("div", {"class": "actions"}, *toggles, *deletes),
    )


def _process(discord_: "DiscordSandbox") -> list[Element]:
    """The bot's process, where somebody keeps one."""
    if discord_.bot_process is None:
        return [empty("The bot is started elsewhere.")]
    state = discord_.bot_process()
    does = [("Start", "start")] if state == "ended" else [("Kill", "kill"), ("Stop", "stop")]
    buttons = [
        button(text, ordering("POST bot", {"do": do}), key=f"bot-{do}", name=f"{text} the bot")
        for text, do in does
    ]
    told = "The bot has ended" if state == "ended" else f"The bot is {state}"
    return [rows([row(told, "", *buttons)])]


def _requests(discord_: "DiscordSandbox") -> list[Element]:
    latest = list(discord_.requests)[-REQUESTS_SHOWN:]
    if not latest:
        return [empty("Nothing has asked Discord for anything yet.")]
    return [h("ul", {"class": "log"}, *map(_request, reversed(latest)))]


def _request(record: RestRequest) -> Element:
    good = 0 < record.status < 400
    path = _TOKEN.sub(r"\1/{token}", _ID.sub("/{id}", record.path))
    status = h(
        "span",
        {"class": "status good" if good else "status bad"},
        str(record.status) if record.status else "no answer",
    )
    return h("li", {}, status, h("code", {}, f"{record.method} {path}"))


REGIONS: dict[str, Callable[["DiscordSandbox"], Iterable[Element]]] = {
    "summary": _summary,
    "faults": _faults,
    "endpoints": _endpoints,
    "failures": _failures,
    "codes": _codes,
    "gateway": _gateway,
    "interactions": _interactions,
    "people": _people,
    "server": _server,
    "process": _process,
    "requests": _requests,
}
