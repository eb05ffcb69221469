"""plex.tv's first API: XML only, snake case in bodies. What PlexAPI invites with."""

from xml.etree.ElementTree import Element

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.plex.answers import Value, container, element, xml
from sandbox.plex.call import (
    WORLD,
    Call,
    Endpoint,
    Routes,
    account_number,
    json_body,
    section_ids,
    token_of,
)
from sandbox.plex.model import Account, Invitation, Server, Share
from sandbox.plex.refusals import Reason, Refusal

# Sentences marked (guess) have no public source; only their status is evidenced, or not even that.
SENTENCES: dict[Reason, tuple[int, str]] = {
    Reason.FORBIDDEN: (403, "You do not have access to this server"),  # (guess)
    Reason.NOT_FOUND: (404, "Not found"),
    Reason.UNKNOWN_SERVER: (422, "This server could not be found"),  # (guess)
    Reason.UNKNOWN_SECTIONS: (422, "Some of these libraries could not be found"),  # (guess)
    Reason.UNKNOWN_PERSON: (400, "There is no Plex account called {about}"),  # (guess)
    Reason.YOURSELF: (400, "You can't share a server with yourself"),  # (guess)
    Reason.BAD_BODY: (400, "The request could not be understood"),  # (guess)
    Reason.ALREADY_SHARED: (
        400,
        "You're already sharing this server with {about}. Please edit your existing share.",
    ),
    Reason.FULL: (422, "You have reached the maximum number of users"),  # (guess)
    Reason.GONE: (410, "This endpoint was deprecated and removed"),
    Reason.NOT_ALLOWED: (405, "Method not allowed"),
}


def refuse(refusal: Refusal) -> web.Response:
    """A refusal in v1's words. A dead token is 404 here, which reads like "no such thing"."""
    if refusal.reason is Reason.NOT_SIGNED_IN:
        return _error(401, "Please sign in.")
    if refusal.reason in {Reason.UNAUTHENTICATED, Reason.DEAUTHORISED}:
        return _error(404, "Invalid authentication token.")
    if refusal.reason is Reason.NOT_FOUND:
        return xml(element("errors", children=[_text("error", "Not found")]), 404)
    status, sentence = SENTENCES[refusal.reason]
    said = sentence.format(about=refusal.about)
    return xml(element("Response", {"code": status, "status": said}), status)


def _text(tag: str, text: str) -> Element:
    made = element(tag)
    made.text = text
    return made


def _error(status: int, text: str) -> web.Response:
    return xml(_text("error", text), status)


def signed_in(endpoint: Endpoint) -> Handler:
    """An endpoint behind v1's token check, its refusals in v1's words."""

    async def handle(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        try:
            account = world.keys.bearer(token_of(request))
            return endpoint(Call(world, request, account, await json_body(request)))
        except Refusal as refusal:
            return refuse(refusal)

    return handle


# -- servers and shares ---------------------------------------------------------------------------


def server(call: Call) -> web.Response:
    """GET /api/servers/M: the server and its sections, with plex.tv's ids."""
    owned = call.server()
    sections = [
        element("Section", {"id": lib.id, "key": lib.key, "type": lib.type, "title": lib.title})
        for lib in owned.libraries
    ]
    attributes: dict[str, Value] = {
        "name": owned.name,
        "address": "127.0.0.1",
        "scheme": "http",
        "version": owned.version,
        "machineIdentifier": owned.machine_identifier,
        "accessToken": owned.access_token,
        "owned": True,
        "synced": False,
    }
    return xml(container([element("Server", attributes, sections)], friendlyName="myPlex"))


def shared_server(share: Share) -> Element:
    """A share as v1 shows it: every section of the server, `shared` telling which are open."""
    open_ids = set(share.section_ids)
    sections = [
        element(
            "Section",
            {
                "id": lib.id,
                "key": lib.key,
                "title": lib.title,
                "type": lib.type,
                "shared": lib.id in open_ids,
            },
        )
        for lib in share.server.libraries
    ]
    attributes: dict[str, Value] = {
        "id": share.share_id,
        "username": share.username or share.invited_email,
        "email": share.email,
        "userID": share.account_id,
        "name": share.server.name,
        "accessToken": share.access_token if share.accepted else None,
        "invitedAt": int(share.invited_at),
        "acceptedAt": int(share.accepted_at) if share.accepted_at else None,
        "allLibraries": share.all_libraries,
        **share.settings.wire,
    }
    return element("SharedServer", attributes, sections)


def _answer(*shares: Share, owned: Server) -> web.Response:
    children = [shared_server(share) for share in shares]
    return xml(
        container(
            children,
            friendlyName="myPlex",
            machineIdentifier=owned.machine_identifier,
            totalSize=len(children),
        )
    )


def list_shares(call: Call) -> web.Response:
    """GET /api/servers/M/shared_servers: accepted, pending and orphaned shares."""
    owned = call.server()
    shares = call.listed(s for s in call.world.shares if s.server is owned)
    return _answer(*shares, owned=owned)


def _share_on_server(call: Call) -> Share:
    owned = call.server()
    share = call.share()
    if share.server is not owned:
        raise Refusal(Reason.NOT_FOUND)
    return share


def get_share(call: Call) -> web.Response:
    """GET /api/servers/M/shared_servers/{id}."""
    share = _share_on_server(call)
    return _answer(share, owned=share.server)


def invite(call: Call) -> web.Response:
    """POST /api/servers/M/shared_servers: share with `invited_email` or `invited_id`."""
    owned = call.server()
    wish = call.mapping().get("shared_server")
    if not isinstance(wish, dict):
        raise Refusal(Reason.BAD_BODY)
    share = call.world.invite(
        Invitation(
            machine_identifier=owned.machine_identifier,
            section_ids=section_ids(wish.get("library_section_ids")),
            login=wish.get("invited_email"),
            account_id=account_number(wish.get("invited_id")),
            settings=call.mapping().get("sharing_settings"),
        )
    )
    return _answer(share, owned=owned)


def change_share(call: Call) -> web.Response:
    """PUT /api/servers/M/shared_servers/{id}: other libraries; an empty list opens ALL."""
    share = _share_on_server(call)
    wish = call.mapping().get("shared_server")
    if not isinstance(wish, dict):
        raise Refusal(Reason.BAD_BODY)
    call.world.set_sections(share, section_ids(wish.get("library_section_ids")))
    return _answer(share, owned=share.server)


def delete_share(call: Call) -> web.Response:
    """DELETE /api/servers/M/shared_servers/{id}: the row itself, so also the way to an orphan."""
    call.world.revoke(_share_on_server(call))
    return web.Response(content_type="application/xml")


# -- people ---------------------------------------------------------------------------------------


def users(call: Call) -> web.Response:
    """GET /api/users/: friends and whoever accepted a share; a pending share is not enough."""
    world = call.world
    shares = [share for share in world.shares if not share.orphan]
    listed = world.friends | {share.account_id for share in shares if share.accepted}
    visible = listed if call.account is world.owner else set()
    people = call.listed(a for a in world.accounts if a.id in visible)
    children = [_user(call, account, shares) for account in people]
    return xml(
        container(
            children,
            friendlyName="myPlex",
            identifier="com.plexapp.plugins.myplex",
            machineIdentifier=call.world.server.machine_identifier,
            totalSize=len(children),
        )
    )


def _user(call: Call, account: Account, shares: list[Share]) -> Element:
    servers = [_server_of_user(share) for share in shares if share.account is account]
    attributes: dict[str, Value] = {
        "id": account.id,
        "title": account.title,
        "username": account.username,
        "email": account.email,
        "recommendationsPlaylistId": "",
        "thumb": account.thumb,
        "protected": False,
        "home": False,
        "restricted": False,
        **call.world.people.settings_of(account).wire,
    }
    return element("User", attributes, servers)


def _server_of_user(share: Share) -> Element:
    return element(
        "Server",
        {
            "id": share.share_id,
            "serverId": share.server.server_id,
            "machineIdentifier": share.server.machine_identifier,
            "name": share.server.name,
            "lastSeenAt": int(share.invited_at),
            "numLibraries": len(share.libraries),
            "allLibraries": share.all_libraries,
            "owned": True,
            "pending": not share.accepted,
        },
    )


def gone(_call: Call) -> web.Response:
    """An endpoint that was removed for good."""
    raise Refusal(Reason.GONE)


ROUTES: Routes = [
    ("GET", "/api/users", users),
    ("GET", "/api/users/", users),
    ("GET", "/api/servers/{machine}", server),
    ("GET", "/api/servers/{machine}/shared_servers", list_shares),
    ("POST", "/api/servers/{machine}/shared_servers", invite),
    ("GET", r"/api/servers/{machine}/shared_servers/{share:\d+}", get_share),
    ("PUT", r"/api/servers/{machine}/shared_servers/{share:\d+}", change_share),
    ("DELETE", r"/api/servers/{machine}/shared_servers/{share:\d+}", delete_share),
    ("*", "/api/friends/{friend}", gone),
]
