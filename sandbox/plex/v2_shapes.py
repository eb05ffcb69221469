"""The shapes of plex.tv's second API, as plain data.

Sources: PlexAPI's reading of the account and the resources, and the share object's fields as seen
live in public projects: id, invitedId, invited, invitedEmail, accepted, libraries, inviteToken.
"""

from typing import Any
from urllib.parse import urlsplit

from sandbox.plex.answers import iso
from sandbox.plex.model import Account, Server, Share
from sandbox.plex.world import PlexWorld


def account_data(account: Account, token: str) -> dict[str, Any]:
    """The signed-in account; `subscription` and `profile` must be there for PlexAPI."""
    return {
        "id": account.id,
        "uuid": account.uuid,
        "username": account.username,
        "title": account.title,
        "friendlyName": account.title,
        "email": account.email,
        "locale": None,
        "confirmed": True,
        "joinedAt": 1500000000,
        "emailOnlyAuth": False,
        "hasPassword": True,
        "protected": False,
        "thumb": account.thumb,
        "authToken": token,
        "mailingListActive": False,
        "scrobbleTypes": "",
        "country": "NL",
        "restricted": False,
        "home": False,
        "guest": False,
        "homeSize": 1,
        "homeAdmin": False,
        "maxHomeSize": 15,
        "anonymous": False,
        "twoFactorEnabled": False,
        "backupCodesCreated": False,
        "subscription": {"active": True, "status": "Active", "plan": "lifetime"},
        "profile": {"autoSelectAudio": True, "autoSelectSubtitle": 0},
        "entitlements": [],
        "roles": [],
    }


def person_data(account: Account) -> dict[str, Any]:
    """An account as another one sees it."""
    return {
        "id": account.id,
        "uuid": account.uuid,
        "title": account.title,
        "username": account.username,
        "email": account.email,
        "friendlyName": account.title,
        "restricted": False,
        "thumb": account.thumb,
    }


def share_data(world: PlexWorld, share: Share) -> dict[str, Any]:
    """A share; `id` stays the same when it is accepted, `invited` is null without an account."""
    return {
        "id": share.share_id,
        "name": share.server.name,
        "ownerId": world.owner.id,
        "owner": person_data(world.owner),
        "owned": True,
        "invitedId": share.account_id,
        "invited": person_data(share.account) if share.account else None,
        "invitedEmail": share.invited_email,
        "serverId": share.server.server_id,
        "machineIdentifier": share.server.machine_identifier,
        "accepted": share.accepted,
        "invitedAt": iso(share.invited_at),
        "acceptedAt": iso(share.accepted_at),
        "leftAt": None,
        "deletedAt": None,
        "lastSeenAt": iso(share.accepted_at),
        "allLibraries": share.all_libraries,
        "numLibraries": len(share.libraries),
        "libraries": [
            {"id": lib.id, "key": lib.key, "title": lib.title, "type": lib.type}
            for lib in share.libraries
        ],
        "sharingSettings": dict(share.settings.wire),
        "searchEnabled": True,
        "inviteToken": share.invite_token,
    }


def resource_data(world: PlexWorld, server: Server, token: str, *, owned: bool) -> dict[str, Any]:
    """A server and how to reach it; one the sandbox does not run has no connection."""
    return {
        "name": server.name,
        "product": "Plex Media Server",
        "productVersion": server.version,
        "platform": "Linux",
        "platformVersion": "22.04",
        "device": "PC",
        "clientIdentifier": server.machine_identifier,
        "createdAt": "2024-01-01T00:00:00Z",
        "lastSeenAt": "2024-01-01T00:00:00Z",
        "provides": "server",
        "ownerId": None if owned else world.owner.id,
        "sourceTitle": None if owned else world.owner.username,
        "publicAddress": "127.0.0.1",
        "accessToken": token,
        "owned": owned,
        "home": False,
        "synced": False,
        "relay": False,
        "presence": bool(server.base_url),
        "httpsRequired": False,
        "publicAddressMatches": True,
        "dnsRebindingProtection": False,
        "natLoopbackSupported": False,
        "connections": [_connection(server.base_url)] if server.base_url else [],
    }


def _connection(base_url: str) -> dict[str, Any]:
    parts = urlsplit(base_url)
    return {
        "protocol": parts.scheme,
        "address": parts.hostname,
        "port": parts.port,
        "uri": base_url,
        "local": True,
        "relay": False,
        "IPv6": False,
    }
