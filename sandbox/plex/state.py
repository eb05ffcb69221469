"""The world as plain data, for the control interface and for whoever watches over it."""

import dataclasses
from typing import Any

from sandbox.plex.faults import Fault
from sandbox.plex.model import RecordedRequest, Share
from sandbox.plex.world import PlexWorld


def share_state(share: Share) -> dict[str, Any]:
    """A share with who holds it and what it opens; no secrets."""
    return {
        "share_id": share.share_id,
        "server": share.server.name,
        "machine_identifier": share.server.machine_identifier,
        "account_id": share.account_id,
        "username": share.username,
        "email": share.email,
        "invited_email": share.invited_email,
        "accepted": share.accepted,
        "invited_at": share.invited_at,
        "accepted_at": share.accepted_at,
        "section_ids": share.section_ids,
        "libraries": [library.title for library in share.libraries],
        "all_libraries": share.all_libraries,
        "settings": dict(share.settings.wire),
        "orphan": share.orphan,
    }


def fault_state(fault: Fault) -> dict[str, Any]:
    """A fault with its id and what is left of it."""
    names = [field.name for field in dataclasses.fields(fault) if field.name != "ended"]
    return {name: getattr(fault, name) for name in names}


def request_state(record: RecordedRequest) -> dict[str, Any]:
    """A recorded request."""
    return dataclasses.asdict(record)


def state(world: PlexWorld) -> dict[str, Any]:
    """Everything but the requests. The owner's token is here, for whoever starts the bot."""
    return {
        "base_url": world.base_url,
        "owner": {
            "id": world.owner.id,
            "username": world.owner.username,
            "email": world.owner.email,
            "token": world.owner.token,
        },
        "token_revoked": world.token_revoked,
        "server": {
            "name": world.server.name,
            "machine_identifier": world.server.machine_identifier,
            "version": world.server.version,
        },
        "seats": {"taken": world.seats_taken, "limit": world.seat_limit},
        "libraries": [dataclasses.asdict(library) for library in world.server.libraries],
        "accounts": [
            {"id": a.id, "username": a.username, "email": a.email, "friend": a.id in world.friends}
            for a in world.accounts
        ],
        "shares": [share_state(share) for share in world.shares],
        "pins": [
            {"id": pin.id, "code": pin.code, "product": pin.product, "allowed": bool(pin.token)}
            for pin in world.keys.pins
        ],
        "faults": [fault_state(fault) for fault in world.faults],
        "switches": {
            "seat_limit": world.seat_limit,
            "v1_invites_gone": world.v1_invites_gone,
            "orphans": world.orphans,
            "fresh_acceptance": world.fresh_acceptance,
            "listing_lag": world.listing_lag,
        },
    }
