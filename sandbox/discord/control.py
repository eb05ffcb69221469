"""The control interface: JSON under /sandbox/api/ for tests in other processes.

    GET    world                                  addresses, ids, people, state
    GET    requests?since=&method=&path=          recorded REST requests; DELETE forgets them
    GET    messages?channel=<id>                  a channel's messages, ephemeral ones included
    GET    faults, DELETE faults, DELETE faults/<id>    failures on order
    POST   faults   {"endpoint": "posting messages", "failure": "503", "times": 1} in the words of
                    `menu`, or any field of `Fault`; "times": null for until removed
    GET    menu                                   the words for endpoints and failures
    POST   owner    {"do": "delete_message", "channel": "access-requests", "message": "<id>"}
                    (without a message: the latest), {"do": "delete_channel", "channel": …},
                    {"do": "deny", "channel": …, "rights": ["send_messages"]}, {"do": "allow", …},
                    {"do": "remove_bot"}, {"do": "add_bot"}; a channel by name or id;
                    {"do": "name", "user": "bob", "name": "Bobby"} for a nickname
    POST   interactions {"twice": 1}              the next ones are delivered twice
                    {"expire": 1}                 the next ones are too old (10062)
    POST   calm                                   everything in order again
    POST   dms      {"user": "bob", "open": false}
    POST   locale   {"user": "bob", "locale": "de"}
    POST   clock    {"advance": 900}              seconds
    POST   gateway  {"do": "close", "code": 4000, "shard": 0, "forget": false}
                    {"do": "reconnect"} {"do": "invalidate", "resumable": false}
                    {"do": "refuse", "refuse": true}
    GET    bot, POST bot {"do": "restart"}        only in the demo, see `sandbox.botkeeper`

A body that makes no sense answers 400 with {"error": "…"}. Pages of other origins are refused.
"""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.discord.faults import Fault
from sandbox.discord.hooks import message_payload, seen_only_by
from sandbox.discord.menu import ENDPOINTS, FAILURES

if TYPE_CHECKING:
    from sandbox.discord.server import DiscordSandbox

PREFIX = "/sandbox/api"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def own_origin(handler: Handler) -> Handler:
    """Refuse other web pages, which a browser would let post here, and explain bad bodies."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.host}":
            return web.json_response({"error": "another origin"}, status=403)
        try:
            return await handler(request)
        except (KeyError, ValueError, TypeError) as error:
            said = f"missing: {error}" if isinstance(error, KeyError) else str(error)
            return web.json_response({"error": said}, status=400)

    return guarded


class Control:
    """Handlers of the control interface over one sandbox."""

    def __init__(self, discord_: "DiscordSandbox") -> None:
        self._discord = discord_

    def routes(self) -> list[web.RouteDef]:
        """The paths this interface serves."""
        return [
            web.get(f"{PREFIX}/world", own_origin(self._world)),
            web.get(f"{PREFIX}/requests", own_origin(self._requests)),
            web.delete(f"{PREFIX}/requests", own_origin(self._forget_requests)),
            web.get(f"{PREFIX}/messages", own_origin(self._messages)),
            web.get(f"{PREFIX}/faults", own_origin(self._faults)),
            web.post(f"{PREFIX}/faults", own_origin(self._add_fault)),
            web.delete(f"{PREFIX}/faults", own_origin(self._clear_faults)),
            web.delete(PREFIX + r"/faults/{fault:\d+}", own_origin(self._remove_fault)),
            web.get(f"{PREFIX}/menu", own_origin(self._menu)),
            web.post(f"{PREFIX}/owner", own_origin(self._owner)),
            web.post(f"{PREFIX}/interactions", own_origin(self._interactions)),
            web.post(f"{PREFIX}/calm", own_origin(self._calm)),
            web.post(f"{PREFIX}/dms", own_origin(self._dms)),
            web.post(f"{PREFIX}/locale", own_origin(self._locale)),
            web.post(f"{PREFIX}/clock", own_origin(self._clock)),
            web.post(f"{PREFIX}/gateway", own_origin(self._gateway)),
        ]

    async def _world(self, _: web.Request) -> web.StreamResponse:
        discord_ = self._discord
        world = discord_.world
        return web.json_response(
            {
                "api_url": discord_.api_url,
                "gateway_url": discord_.gateway_url,
                "bot_token": discord_.bot_token,
                "application_id": str(discord_.backend.application_id),
                "guild_id": str(discord_.guild_id),
                "get_access_channel_id": str(world.get_access.id),
                "request_channel_id": str(discord_.request_channel_id),
                "reviewer_role_id": str(discord_.reviewer_role_id),
                "people": {name: str(person.id) for name, person in world.people.items()},
                "dm_channels": {
                    name: str(channel)
                    for name, person in world.people.items()
                    if (channel := discord_.backend.dm_channels.get(person.id))
                },
                "pages": discord_.page_urls,
                "panel": discord_.panel_url,
                "bot_is_in": discord_.owner.bot_is_in,
                "channels": {name: str(number) for number, name in discord_.owner.channels.items()},
                "now": discord_.env.now().isoformat(),
                "sessions": discord_.gateway.connected,
                "readies": discord_.gateway.readies,
                "commands": sorted(
                    name for scope in discord_.backend.commands.values() for name, _type in scope
                ),
                "gaps": discord_.rest.gaps,
            }
        )

    async def _requests(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        chosen = self._discord.requests.select(
            query.get("method"), query.get("path"), int(query.get("since", 0))
        )
        return web.json_response([item.to_json() for item in chosen])

    async def _forget_requests(self, _: web.Request) -> web.StreamResponse:
        self._discord.requests.clear()
        return web.Response(status=204)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        backend = self._discord.backend
        messages = backend.messages.get(int(request.query["channel"]), {})
        shown = []
        for message in sorted(messages.values(), key=lambda item: item.id):
            viewer = seen_only_by(message)
            seen_by = None if viewer is None else str(viewer)
            shown.append({**message_payload(backend, message), "seen_only_by": seen_by})
        return web.json_response(shown)

    async def _faults(self, _: web.Request) -> web.StreamResponse:
        waiting = self._discord.rest.faults.waiting
        return web.json_response([fault.to_json() for fault in waiting])

    async def _add_fault(self, request: web.Request) -> web.StreamResponse:
        fault = self._discord.rest.faults.add(Fault.from_json(await _body(request)))
        return web.json_response(fault.to_json(), status=201)

    async def _clear_faults(self, _: web.Request) -> web.StreamResponse:
        self._discord.rest.faults.clear()
        return web.Response(status=204)

    async def _remove_fault(self, request: web.Request) -> web.StreamResponse:
        self._discord.rest.faults.remove(int(request.match_info["fault"]))
        return web.Response(status=204)

    async def _menu(self, _: web.Request) -> web.StreamResponse:
        failures = {name: text for name, (text, _) in FAILURES.items()}
        return web.json_response({"endpoints": list(ENDPOINTS), "failures": failures})

    async def _owner(self, request: web.Request) -> web.StreamResponse:
        body, owner = await _body(request), self._discord.owner
        match body["do"]:
            case "remove_bot":
                owner.remove_bot()
            case "add_bot":
                owner.add_bot()
            case "delete_message":
                message = body.get("message")
                owner.delete_message(self._channel(body), int(message) if message else None)
            case "delete_channel":
                owner.delete_channel(self._channel(body))
            case "name":
                person = self._discord.world.people[body["user"]]
                owner.name_member(person.id, str(body["name"]))
            case "deny":
                owner.deny_bot(self._channel(body), *body["rights"])
            case "allow":
                owner.allow_bot(self._channel(body))
            case other:
                raise ValueError(f"cannot do {other!r}")
        return web.Response(status=204)

    def _channel(self, body: dict[str, Any]) -> int:
        wanted = str(body["channel"])
        for number, name in self._discord.owner.channels.items():
            if wanted in (name, str(number)):
                return number
        raise ValueError(f"no such channel: {wanted}")

    async def _interactions(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        unknown = sorted(set(body) - {"twice", "expire"})
        if unknown or not body:
            raise ValueError(f"cannot do {', '.join(unknown) or 'nothing'}")
        if "twice" in body:
            self._discord.repeat_interactions(int(body["twice"]))
        if "expire" in body:
            self._discord.expire_interactions(int(body["expire"]))
        return web.Response(status=204)

    async def _calm(self, _: web.Request) -> web.StreamResponse:
        self._discord.calm()
        return web.Response(status=204)

    async def _dms(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        self._discord.set_dms(self._discord.world.people[body["user"]], open_=bool(body["open"]))
        return web.Response(status=204)

    async def _locale(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        person = self._discord.world.people[body["user"]]
        self._discord.set_locale(person, str(body["locale"]))
        return web.Response(status=204)

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        self._discord.advance(float((await _body(request))["advance"]))
        return web.json_response({"now": self._discord.env.now().isoformat()})

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        gateway, shard = self._discord.gateway, body.get("shard")
        match body["do"]:
            case "close":
                code, forget = int(body.get("code", 4000)), bool(body.get("forget"))
                gateway.close(code, shard=shard, forget=forget)
            case "reconnect":
                gateway.ask_reconnect(shard=shard)
            case "invalidate":
                gateway.invalidate(resumable=bool(body.get("resumable")), shard=shard)
            case "refuse":
                gateway.refusing = bool(body["refuse"])
            case other:
                raise ValueError(f"cannot do {other!r}")
        return web.Response(status=204)


async def _body(request: web.Request) -> dict[str, Any]:
    data = json.loads(await request.text() or "{}")
    if not isinstance(data, dict):
        raise TypeError("the body must be a JSON object")
    return data
