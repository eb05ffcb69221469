"""plex.tv's second API (also clients.plex.tv): camel case; JSON where asked for, else XML."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.plex.answers import either, element, wants_json, xml
from sandbox.plex.call import (
    WORLD,
    Call,
    Endpoint,
    Routes,
    account_number,
    json_body,
    required_client,
    section_ids,
    token_of,
)
from sandbox.plex.model import FILTER_NAMES, FLAG_NAMES, Invitation, Share
from sandbox.plex.refusals import Reason, Refusal
from sandbox.plex.v2_errors import refuse
from sandbox.plex.v2_shapes import account_data, resource_data, share_data


def signed_in(endpoint: Endpoint) -> Handler:
    """An endpoint behind v2's checks: client identifier first, then token."""

    async def handle(request: web.Request) -> web.StreamResponse:
        world = request.app[WORLD]
        try:
            required_client(request)
            account = world.keys.bearer(token_of(request))
            return endpoint(Call(world, request, account, await json_body(request)))
        except Refusal as refusal:
            return refuse(request, refusal)

    return handle


# -- the account ----------------------------------------------------------------------------------


def user(call: Call) -> web.Response:
    """GET /api/v2/user. Its authToken REPLACES the caller's: the token sent comes back."""
    data = account_data(call.account, token_of(call.request) or "")
    return either(call.request, "user", data)


def ping(call: Call) -> web.Response:
    """GET /api/v2/ping."""
    if wants_json(call.request):
        return web.json_response({"pong": True})
    pong = element("pong")
    pong.text = "1"
    return xml(pong)


def sign_out(call: Call) -> web.Response:
    """DELETE /api/v2/users/signout: the token that was sent is over."""
    call.world.keys.sign_out(token_of(call.request) or "")
    return web.Response(status=204)


def resources(call: Call) -> web.Response:
    """GET /api/v2/resources: own servers for the owner, accepted shares for a guest."""
    world = call.world
    if call.account is world.owner:
        found = [resource_data(world, s, s.access_token, owned=True) for s in world.servers]
    else:
        found = [
            resource_data(world, s.server, s.access_token, owned=False)
            for s in world.shares_with(call.account)
            if s.accepted
        ]
    return either(call.request, "resources", found)


def server(call: Call) -> web.Response:
    """GET /api/v2/servers/M: the sections with plex.tv's ids."""
    owned = call.server()
    data = {
        "id": owned.server_id,
        "name": owned.name,
        "machineIdentifier": owned.machine_identifier,
        "librarySections": [
            {"id": lib.id, "key": lib.key, "title": lib.title, "type": lib.type}
            for lib in owned.libraries
        ],
    }
    return either(call.request, "server", data)


# -- shares ---------------------------------------------------------------------------------------


def _owned(call: Call, *, accepted: bool) -> list[Share]:
    if call.account is not call.world.owner:
        return []
    return call.listed(
        share
        for share in call.world.shares
        if share.accepted is accepted and not share.orphan and call.world.is_listed(share)
    )


def accepted(call: Call) -> web.Response:
    """GET /api/v2/shared_servers/owned/accepted: a list without pages."""
    shares = _owned(call, accepted=True)
    return either(call.request, "sharedServers", [share_data(call.world, s) for s in shares])


def pending(call: Call) -> web.Response:
    """GET /api/v2/shared_servers/owned/pending: a list without pages."""
    shares = _owned(call, accepted=False)
    return either(call.request, "sharedServers", [share_data(call.world, s) for s in shares])


def invites_sent(call: Call) -> web.Response:
    """GET /api/v2/shared_servers/invites/owned/pending: pending shares by person."""
    groups: dict[str, dict[str, Any]] = {}
    for share in _owned(call, accepted=False):
        data = share_data(call.world, share)
        group = groups.setdefault(
            share.email.casefold(),
            {"invited": data["invited"], "invitedEmail": share.invited_email, "sharedServers": []},
        )
        group["sharedServers"].append(data)
    return either(call.request, "invites", list(groups.values()))


def invites_received(call: Call) -> web.Response:
    """GET /api/v2/shared_servers/invites/received/pending: what waits for the caller."""
    mine = [share for share in call.world.shares if share.account is call.account]
    pending = call.listed(s for s in mine if not s.accepted and not s.orphan)
    waiting = [share_data(call.world, share) for share in pending]
    invites = [{"owner": data["owner"], "sharedServers": [data]} for data in waiting]
    return either(call.request, "invites", invites)


def accept(call: Call) -> web.Response:
    """POST /api/v2/shared_servers/{id}/accept, by the invited person."""
    share = call.world.share(call.part("share"))
    if share.account is not call.account or share.accepted or share.orphan:
        raise Refusal(Reason.NOT_FOUND)
    call.world.accept(share.share_id)
    return either(call.request, "sharedServer", share_data(call.world, share))


def create(call: Call) -> web.Response:
    """POST /api/v2/shared_servers: 201 with the share."""
    body = call.mapping()
    if call.account is not call.world.owner:
        raise Refusal(Reason.FORBIDDEN)
    share = call.world.invite(
        Invitation(
            machine_identifier=str(body.get("machineIdentifier", "")),
            section_ids=section_ids(body.get("librarySectionIds")),
            login=body.get("invitedEmail"),
            account_id=account_number(body.get("invitedId")),
            settings=body.get("settings"),
            skip_friendship=bool(body.get("skipFriendship", False)),
        )
    )
    return either(call.request, "sharedServer", share_data(call.world, share), 201)


def _known(call: Call) -> Share:
    share = call.share()
    if share.orphan:  # an orphan is known to v1 alone (guess)
        raise Refusal(Reason.NOT_FOUND, call.part("share"))
    return share


def get_share(call: Call) -> web.Response:
    """GET /api/v2/shared_servers/{id}."""
    return either(call.request, "sharedServer", share_data(call.world, _known(call)))


def change_share(call: Call) -> web.Response:
    """POST /api/v2/shared_servers/{id}: `{settings?, librarySectionIds?}`; PUT and PATCH are 405.

    A pending share is changed like an accepted one. What is not named stays; an empty or absent
    (null) list of sections opens ALL libraries; an unknown section changes nothing at all.
    """
    share, body = _known(call), call.mapping()
    settings = body.get("settings")
    if settings is not None and not isinstance(settings, dict):
        raise Refusal(Reason.BAD_BODY)
    if "librarySectionIds" in body:
        call.world.set_sections(share, section_ids(body["librarySectionIds"]))
    share.settings.update(settings or {})
    return either(call.request, "sharedServer", share_data(call.world, share))


def delete_share(call: Call) -> web.Response:
    """DELETE /api/v2/shared_servers/{id}: this share alone, pending or accepted, or an orphan."""
    call.world.withdraw(call.share())
    return web.Response(status=204)


def not_allowed(_call: Call) -> web.Response:
    """A method Plex does not take here."""
    raise Refusal(Reason.NOT_ALLOWED)


# -- the person: flags, filters, friendship -------------------------------------------------------


def sharing_settings(call: Call) -> web.Response:
    """POST /api/v2/sharing_settings: `{invitedEmail or invitedId, settings}`."""
    body, world = call.mapping(), call.world
    if call.account is not world.owner:
        raise Refusal(Reason.FORBIDDEN)
    account = world.people.by_id(body.get("invitedId") or 0)
    login = str(body.get("invitedEmail") or "")
    account = account or world.people.find(login)
    if (account is None and not world.shares_with(None, login)) or not isinstance(
        body.get("settings"), dict
    ):
        raise Refusal(Reason.BAD_BODY)
    settings = world.people.settings_of(account, login)
    settings.update(body["settings"])
    return either(call.request, "sharingSettings", settings.wire)


def _friend(call: Call) -> Any:
    account = call.world.people.by_id(call.part("account"))
    known = account and (account.id in call.world.friends or call.world.shares_with(account))
    if call.account is not call.world.owner or not known:
        raise Refusal(Reason.NOT_FOUND)
    return account


def change_sharing(call: Call) -> web.Response:
    """PUT /api/v2/sharings/{account}?allowSync=1&...: the person's flags, on every server."""
    account = _friend(call)
    names = {*FLAG_NAMES, *FILTER_NAMES}
    asked = {name: value for name, value in call.request.query.items() if name in names}
    call.world.people.settings_of(account).update(asked)
    return web.Response(status=204)


def delete_sharing(call: Call) -> web.Response:
    """DELETE /api/v2/sharings/{account}: ALL shares on ALL servers, and the friendship."""
    call.world.unfriend(_friend(call))
    return web.Response(status=204)


def gone(_call: Call) -> web.Response:
    """An endpoint that was removed for good."""
    raise Refusal(Reason.GONE)


ROUTES: Routes = [
    ("GET", "/api/v2/user", user),
    ("DELETE", "/api/v2/users/signout", sign_out),
    ("GET", "/api/v2/ping", ping),
    ("GET", "/api/v2/resources", resources),
    ("GET", "/api/v2/servers/{machine}", server),
    ("GET", "/api/v2/shared_servers/owned/accepted", accepted),
    ("GET", "/api/v2/shared_servers/owned/pending", pending),
    ("GET", "/api/v2/shared_servers/invites/owned/pending", invites_sent),
    ("GET", "/api/v2/shared_servers/invites/received/pending", invites_received),
    ("POST", "/api/v2/shared_servers", create),
    ("POST", r"/api/v2/shared_servers/{share:\d+}/accept", accept),
    ("GET", r"/api/v2/shared_servers/{share:\d+}", get_share),
    ("POST", r"/api/v2/shared_servers/{share:\d+}", change_share),
    ("DELETE", r"/api/v2/shared_servers/{share:\d+}", delete_share),
    ("PUT", r"/api/v2/shared_servers/{share:\d+}", not_allowed),
    ("PATCH", r"/api/v2/shared_servers/{share:\d+}", not_allowed),
    ("POST", "/api/v2/sharing_settings", sharing_settings),
    ("PUT", r"/api/v2/sharings/{account:\d+}", change_sharing),
    ("DELETE", r"/api/v2/sharings/{account:\d+}", delete_sharing),
    ("*", "/api/v2/friends", gone),
]
