"""The media server itself: XML, or JSON where asked for; an HTML page for whoever may not enter."""

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.plex.answers import Value, container, element, media_json, wants_json, xml
from sandbox.plex.call import WORLD, token_of
from sandbox.plex.model import Account, Library, Play, Server, Stream
from sandbox.plex.world import PlexWorld

# A media server counts accounts as plex.tv does, but for the owner, who is 1.
OWNER_ACCOUNT = 1
PAGE_OF_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to the media server by somebody who may enter."""

    world: PlexWorld
    request: web.Request
    account: Account

    @property
    def server(self) -> Server:
        """Which of the owner's servers is asked."""
        return _server_of(self.request)

    @property
    def libraries(self) -> list[Library]:
        """What this visitor may see."""
        if self.account is self.world.owner:
            return self.server.libraries
        shares = self.world.shares_with(self.account, server=self.server)
        return [lib for share in shares if share.accepted for lib in share.libraries]


Room = Callable[[Visit], Element]


def refusal_page(status: int, name: str) -> web.Response:
    """A media server refuses with a small HTML page, whatever was asked for."""
    text = f"<html><head><title>{name}</title></head><body><h1>{status} {name}</h1></body></html>"
    return web.Response(status=status, text=text, content_type="text/html")


def room(made: Room, *, owner_only: bool = False) -> Handler:
    """A room behind the token check: 401 for strangers, 403 for guests in the owner's rooms."""

    async def handle(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        account = world.guest(token_of(request))
        if account is None:
            return refusal_page(401, "Unauthorized")
        if owner_only and account is not world.owner:
            return refusal_page(403, "Forbidden")
        return _written(request, made(Visit(world, request, account)))

    return handle


def _written(request: web.Request, root: Element) -> web.Response:
    if wants_json(request):
        return web.json_response({root.tag: media_json(root)})
    return xml(root)


def _server_of(request: web.Request) -> Server:
    number = int(request.match_info.get("server", "0"))
    servers = request.app[WORLD].servers
    if number >= len(servers) or not servers[number].base_url:
        raise web.HTTPNotFound
    return servers[number]


async def identity(request: web.Request) -> web.StreamResponse:
    """GET /identity: open to anybody, also without a token."""
    server = _server_of(request)
    root = container(
        [], claimed=True, machineIdentifier=server.machine_identifier, version=server.version
    )
    return _written(request, root)


def home(visit: Visit) -> Element:
    """GET /: who this server is. It has children, which is why PlexAPI's `reload()` breaks."""
    server, owner = visit.server, visit.world.owner
    rooms = ("identity", "library", "status", "accounts")
    attributes: dict[str, Value] = {
        "allowCameraUpload": True,
        "allowChannelAccess": True,
        "allowSharing": True,
        "allowSync": True,
        "claimed": True,
        "friendlyName": server.name,
        "machineIdentifier": server.machine_identifier,
        "multiuser": True,
        "myPlex": True,
        "myPlexMappingState": "mapped",
        "myPlexSigninState": "ok",
        "myPlexSubscription": True,
        "myPlexUsername": owner.email if visit.account is owner else None,
        "platform": "Linux",
        "platformVersion": "22.04",
        "transcoderActiveVideoSessions": 0,
        "updatedAt": 1700000000,
        "version": server.version,
    }
    children = [element("Directory", {"count": 1, "key": n, "title": n}) for n in rooms]
    return container(children, **attributes)


def library(_visit: Visit) -> Element:
    """GET /library: the owner's alone."""
    children = [element("Directory", {"key": "sections", "title": "Library Sections"})]
    return container(children, title1="Plex Library", identifier="com.plexapp.plugins.library")


def sections(visit: Visit) -> Element:
    """GET /library/sections, with the server's own keys; plex.tv's section ids are not in here."""
    children = [
        element(
            "Directory",
            {"key": lib.key, "type": lib.type, "title": lib.title, "uuid": f"uuid-{lib.id}"},
            [element("Location", {"id": lib.key, "path": f"/media/{lib.key}"})],
        )
        for lib in visit.libraries
    ]
    return container(children, allowSync=False, title1="Plex Library")


def choices(visit: Visit) -> Element:
    """GET /library/sections/{key}/{field}: the values of a filter, as PlexAPI's FilterChoice."""
    key, name = int(visit.request.match_info["key"]), visit.request.match_info["field"]
    section = next((lib for lib in visit.libraries if lib.key == key), None)
    if section is None:
        raise web.HTTPNotFound
    values = section.ratings if name == "contentRating" else section.labels
    children = [
        element(
            "Directory",
            {
                "fastKey": f"/library/sections/{key}/all?{name}={number}",
                "key": str(number),
                "title": value,
            },
        )
        for number, value in enumerate(values, start=1)
    ]
    return container(children, viewGroup="secondary")


def _local_id(visit: Visit, account_id: int) -> int:
    return OWNER_ACCOUNT if account_id == visit.world.owner.id else account_id


def accounts(visit: Visit) -> Element:
    """GET /accounts: 0 is the machine itself, 1 the owner, then everybody who has accepted."""
    owner = visit.world.owner
    guests = [s.account for s in visit.world.shares if s.accepted and s.account]
    rows = [(0, ""), (OWNER_ACCOUNT, owner.username), *((a.id, a.username) for a in guests)]
    children = [
        element("Account", {"id": number, "key": f"/accounts/{number}", "name": name})
        for number, name in dict(rows).items()
    ]
    return container(children, identifier="com.plexapp.system.accounts")


def sessions(visit: Visit) -> Element:
    """GET /status/sessions: what is being watched now."""
    return container(_session(visit, n, s) for n, s in enumerate(visit.world.streams, start=1))


def _session(visit: Visit, number: int, stream: Stream) -> Element:
    local = _local_id(visit, stream.account_id)
    children = [
        element("Media", {"id": number, "duration": 5400000, "videoResolution": "1080"}),
        element("User", {"id": local, "title": stream.username, "thumb": ""}),
        element(
            "Player",
            {
                "machineIdentifier": f"player-{number}",
                "platform": "Chrome",
                "product": "Plex Web",
                "state": stream.state,
                "title": "Chrome",
                "address": "127.0.0.1",
                "local": True,
            },
        ),
        element("Session", {"id": f"session-{number}", "bandwidth": 4000, "location": "lan"}),
    ]
    attributes: dict[str, Value] = {
        "sessionKey": number,
        "key": f"/library/metadata/{1000 + number}",
        "ratingKey": 1000 + number,
        "title": stream.title,
        "type": stream.type,
        "viewOffset": 60000,
        "duration": 5400000,
    }
    return element("Track" if stream.type == "track" else "Video", attributes, children)


def history(visit: Visit) -> Element:
    """GET /status/sessions/history/all, newest first, in pages named by headers."""
    request = visit.request
    plays = sorted(visit.world.plays, key=lambda play: play.viewed_at, reverse=True)
    if account := request.query.get("accountID"):
        plays = [p for p in plays if str(_local_id(visit, p.account_id)) == account]
    if since := request.query.get("viewedAt>"):
        plays = [p for p in plays if p.viewed_at >= int(since)]
    start = _number(request, "X-Plex-Container-Start", 0)
    size = _number(request, "X-Plex-Container-Size", PAGE_OF_HISTORY)
    children = [
        _played(visit, n, p) for n, p in enumerate(plays[start : start + size], start=start)
    ]
    return container(children, totalSize=len(plays), offset=start)


def _number(request: web.Request, name: str, otherwise: int) -> int:
    value = request.headers.get(name) or request.query.get(name) or ""
    return int(value) if value.isdigit() else otherwise


def _played(visit: Visit, number: int, play: Play) -> Element:
    return element(
        "Video",
        {
            "historyKey": f"/status/sessions/history/{number}",
            "key": f"/library/metadata/{2000 + number}",
            "ratingKey": 2000 + number,
            "title": play.title,
            "type": play.type,
            "viewedAt": play.viewed_at,
            "accountID": _local_id(visit, play.account_id),
            "deviceID": 1,
        },
    )


HANDLERS: list[tuple[str, Handler]] = [
    ("/", room(home)),
    ("/identity", identity),
    ("/library", room(library, owner_only=True)),
    ("/library/sections", room(sections)),
    ("/library/sections/", room(sections)),
    (r"/library/sections/{key:\d+}/{field:contentRating|label}", room(choices)),
    ("/accounts", room(accounts, owner_only=True)),
    ("/status/sessions", room(sessions, owner_only=True)),
    ("/status/sessions/history/all", room(history)),
]
