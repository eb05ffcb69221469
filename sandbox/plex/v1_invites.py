"""`/api/invites/*` of plex.tv's first API, which comes and goes.

Reported as 410 in July 2024 and again in July 2025, and coded against as working in between: the
world's switch `v1_invites_gone` plays both.
"""

from xml.etree.ElementTree import Element

from aiohttp import web

from sandbox.plex.answers import Value, container, element, iso, xml
from sandbox.plex.call import Call, Routes
from sandbox.plex.model import Account, Share
from sandbox.plex.refusals import Reason, Refusal


def _invites_live(call: Call) -> None:
    if call.world.v1_invites_gone:
        raise Refusal(Reason.GONE)


def invites_sent(call: Call) -> web.Response:
    """GET /api/invites/requested. Without an account an invite's id is the ADDRESS."""
    _invites_live(call)
    mine = call.world.shares if call.account is call.world.owner else []
    pending = call.listed(s for s in mine if not s.accepted and not s.orphan)
    return xml(container([_invite(share, sent=True) for share in pending]))


def invites_received(call: Call) -> web.Response:
    """GET /api/invites/requests: what waits for the caller's own answer."""
    _invites_live(call)
    mine = [s for s in call.world.shares if s.account is call.account]
    pending = call.listed(s for s in mine if not s.accepted and not s.orphan)
    return xml(container([_invite(share, call.world.owner) for share in pending]))


def _invite(share: Share, sender: Account | None = None, *, sent: bool = False) -> Element:
    other = share.account if sent else sender
    attributes: dict[str, Value] = {
        "id": other.id if other else share.invited_email,
        "createdAt": iso(share.invited_at),
        "friend": True,
        "home": False,
        "server": True,
        "username": other.username if other else "",
        "email": other.email if other else share.invited_email,
        "friendlyName": other.username if other else share.invited_email,
        "thumb": other.thumb if other else "",
    }
    held: dict[str, Value] = {"name": share.server.name, "numLibraries": len(share.libraries)}
    return element("Invite", attributes, [element("Server", held)])


def cancel_invite(call: Call) -> web.Response:
    """DELETE /api/invites/requested/{account id or address}."""
    _invites_live(call)
    who = call.part("who").casefold()
    for share in call.world.shares:
        key = str(share.account_id or share.invited_email).casefold()
        if key == who and not share.accepted and not share.orphan:
            call.world.withdraw(share)
            return xml(element("Response", {"code": 200, "status": "Invite cancelled"}))
    raise Refusal(Reason.NOT_FOUND)


def accept_invite(call: Call) -> web.Response:
    """PUT /api/invites/requests/{the owner's id}: the invited person says yes."""
    _invites_live(call)
    for share in call.world.shares:
        if share.account is call.account and not share.accepted:
            call.world.accept(share.share_id)
            return xml(element("Response", {"code": 200, "status": "Invite accepted"}))
    raise Refusal(Reason.NOT_FOUND)


ROUTES: Routes = [
    ("GET", "/api/invites/requested", invites_sent),
    ("GET", "/api/invites/requests", invites_received),
    ("DELETE", "/api/invites/requested/{who}", cancel_invite),
    ("PUT", "/api/invites/requests/{who}", accept_invite),
]
