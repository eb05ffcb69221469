"""plex.tv's second API through `account.query`: lists, shares, settings, accepting, pins."""

import asyncio

import pytest
from plexapi.myplex import MyPlexAccount, MyPlexPinLogin

from sandbox.plex import Fault, PlexWorld
from sandbox.plex.model import Invitation, Share

JSON = {"Accept": "application/json"}
SHARES = "https://clients.plex.tv/api/v2/shared_servers"
# As seen live in public projects.
SHARE_FIELDS = {
    *("id", "invitedId", "invited", "invitedEmail", "machineIdentifier", "accepted", "acceptedAt"),
    *("leftAt", "deletedAt", "lastSeenAt", "libraries", "allLibraries", "numLibraries"),
    *("sharingSettings", "owner", "ownerId", "owned", "serverId", "name", "searchEnabled"),
    "inviteToken",
}


def invite(world: PlexWorld, login: str = "bob", *sections: int, accepted: bool = False) -> Share:
    """A share as the owner's other apps would have made it."""
    wish = Invitation(world.server.machine_identifier, sections or (90000001,), login=login)
    share = world.invite(wish)
    return world.accept(share.share_id) if accepted else share


async def read(account: MyPlexAccount, path: str):
    """GET through PlexAPI, as JSON."""
    return await asyncio.to_thread(account.query, SHARES + path, headers=JSON)


async def test_pending_and_accepted_are_two_lists(world, account):
    """A share moves from one list to the other and keeps its id."""
    share = invite(world)
    (pending,) = await read(account, "/owned/pending")
    assert set(pending) >= SHARE_FIELDS
    assert (pending["id"], pending["accepted"], pending["acceptedAt"]) == (5001, False, None)
    assert pending["invited"]["username"] == "bob"
    assert pending["invitedEmail"] == "bob@example.org"
    assert pending["inviteToken"] == share.invite_token
    assert await read(account, "/owned/accepted") == []
    world.accept(share.share_id)
    (accepted,) = await read(account, "/owned/accepted")
    assert (accepted["id"], accepted["accepted"]) == (5001, True)
    assert accepted["acceptedAt"]
    assert accepted["libraries"] == [{"id": 90000001, "key": 1, "title": "Films", "type": "movie"}]
    assert await read(account, "/owned/pending") == []


async def test_a_pending_share_without_account_has_only_the_address(world, account):
    """Nobody is invited but an address."""
    invite(world, "new@example.org")
    (pending,) = await read(account, "/owned/pending")
    assert (pending["invited"], pending["invitedId"]) == (None, None)
    assert pending["invitedEmail"] == "new@example.org"


async def test_invites_are_grouped_by_person(world, account):
    """The list of invites holds people, and each person's shares."""
    cabin = world.add_server("Cabin")
    attic = world.add_library("Attic", "movie", cabin)
    invite(world)
    world.invite(Invitation(cabin.machine_identifier, (attic.id,), login="bob"))
    (group,) = await read(account, "/invites/owned/pending")
    assert group["invited"]["id"] == 2001
    assert [share["name"] for share in group["sharedServers"]] == ["Home Media", "Cabin"]


async def test_lists_are_xml_unless_json_is_asked_for(world, account):
    """PlexAPI's own Accept header brings XML."""
    invite(world)
    root = await asyncio.to_thread(account.query, SHARES + "/owned/pending")
    assert root.find("sharedServer").get("invitedEmail") == "bob@example.org"


async def test_a_new_share_can_show_late(world, account):
    """Lists may lag behind the invite: not listed yet does not mean not made."""
    world.listing_lag = 60.0
    share = invite(world)
    assert await read(account, "/owned/pending") == []
    assert (await read(account, f"/{share.share_id}"))["id"] == share.share_id


@pytest.mark.parametrize("accepted", [False, True])
async def test_deleting_a_share_ends_it_alone(world, account, session, accepted):
    """DELETE takes a pending or accepted share back and answers nothing; the friend stays."""
    share = invite(world, accepted=accepted)
    url = f"{SHARES}/{share.share_id}"
    done = await asyncio.to_thread(account.query, url, method=session.delete, headers=JSON)
    assert done is None
    assert world.shares == []
    assert (2001 in world.friends) is accepted


async def test_a_share_is_changed_by_post(world, account, session):
    """Libraries and settings change in one request."""
    share = invite(world, accepted=True)
    body = {
        "librarySectionIds": [90000005],
        "settings": {"allowSync": True, "filterMovies": "label=kids"},
    }
    changed = await asyncio.to_thread(
        account.query,
        f"{SHARES}/{share.share_id}",
        method=session.post,
        headers=JSON,
        json=body,
    )
    assert [library["title"] for library in changed["libraries"]] == ["Kids"]
    assert changed["sharingSettings"]["allowSync"] is True
    assert share.section_ids == [90000005]
    assert share.settings.filters["filterMovies"] == "label=kids"


async def test_an_empty_list_of_sections_means_all_here_too(world, ask):
    """Changing a share to no libraries opens every library."""
    share = invite(world, accepted=True)
    await ask("POST", f"/api/v2/shared_servers/{share.share_id}", json={"librarySectionIds": []})
    assert share.all_libraries


async def test_creating_a_share_answers_201(world, ask):
    """v2 creates with 201 and the share; an address without account will do."""
    body = {
        "machineIdentifier": world.server.machine_identifier,
        "invitedEmail": "new@example.org",
        "librarySectionIds": [90000001],
        "settings": {"allowSync": True},
        "skipFriendship": True,
    }
    answer = await ask("POST", "/api/v2/shared_servers", json=body, headers=JSON)
    assert answer.status_code == 201
    assert answer.json()["invitedEmail"] == "new@example.org"
    (share,) = world.shares
    world.accept(share.share_id)
    assert world.friends == set()


async def test_a_friend_invited_by_id_is_accepted_at_once(world, ask):
    """A create by `invitedId` can come back accepted."""
    world.leave(invite(world, accepted=True).share_id)
    body = {"machineIdentifier": world.server.machine_identifier, "invitedId": 2001}
    answer = await ask("POST", "/api/v2/shared_servers", json=body, headers=JSON)
    assert answer.json()["accepted"] is True
    assert answer.json()["allLibraries"] is True


async def test_settings_are_set_for_a_person(world, ask):
    """`sharing_settings` names somebody by address or id."""
    share = invite(world)
    by_id = {"invitedId": 2001, "settings": {"allowChannels": True}}
    by_mail = {"invitedEmail": "bob@example.org", "settings": {"allowSync": True}}
    for body in (by_id, by_mail):
        assert (await ask("POST", "/api/v2/sharing_settings", json=body)).status_code == 200
    assert share.settings.flags == {
        "allowSync": True,
        "allowChannels": True,
        "allowCameraUpload": False,
    }


async def test_the_server_names_its_sections(world, ask):
    """v2 knows the global ids and the local keys."""
    machine = world.server.machine_identifier
    data = (await ask("GET", f"/api/v2/servers/{machine}", headers=JSON)).json()
    assert data["librarySections"][0] == {
        "id": 90000001,
        "key": 1,
        "title": "Films",
        "type": "movie",
    }


async def test_the_invited_person_accepts_over_v2(world, ask):
    """Whoever is invited sees the owner and the share, and accepts the share by its id."""
    share = invite(world)
    as_bob = {**JSON, "X-Plex-Token": share.account.token}
    listed = await ask("GET", "/api/v2/shared_servers/invites/received/pending", headers=as_bob)
    (waiting,) = listed.json()
    assert waiting["owner"]["username"] == "helpr-owner"
    number = waiting["sharedServers"][0]["id"]
    done = await ask("POST", f"/api/v2/shared_servers/{number}/accept", headers=as_bob)
    assert done.status_code == 200
    assert share.accepted
    assert 2001 in world.friends


async def test_nobody_accepts_for_somebody_else(world, ask):
    """The owner cannot accept their own invite: it is not found."""
    share = invite(world)
    answer = await ask("POST", f"/api/v2/shared_servers/{share.share_id}/accept")
    assert answer.status_code == 404
    assert not share.accepted


# -- signing in by code ---------------------------------------------------------------------------


async def test_a_pin_becomes_a_token_when_allowed(world, session):
    """Polling finds nothing until the person signs in; the token then opens their account."""
    login = MyPlexPinLogin(session=session)
    code = await asyncio.to_thread(lambda: login.pin)
    assert len(code) == 4
    assert await asyncio.to_thread(login.checkLogin) is False
    world.keys.allow_pin(world.keys.pins[0].id, 2001)
    assert await asyncio.to_thread(login.checkLogin) is True
    bob = await asyncio.to_thread(MyPlexAccount, token=login.token, session=session)
    assert bob.username == "bob"


async def test_a_sign_in_by_link_has_a_long_code(world, session):
    """For app.plex.tv the code is strong, and the link carries it."""
    login = MyPlexPinLogin(session=session, oauth=True)
    url = await asyncio.to_thread(login.oauthUrl)
    assert world.requests[-1].query == {"strong": "True"}
    assert len(world.keys.pins[0].code) == 25
    assert f"code={world.keys.pins[0].code}" in url


async def test_one_429_ends_a_pin_for_plexapi(world, session):
    """`checkLogin` takes any failure for an expired pin, yet a later look can succeed."""
    login = MyPlexPinLogin(session=session)
    await asyncio.to_thread(lambda: login.pin)
    world.keys.allow_pin(world.keys.pins[0].id, 2001)
    world.faults.add(Fault(match="GET /api/v2/pins/*", kind="status", status=429, times=1))
    assert await asyncio.to_thread(login.checkLogin) is False
    assert (login.expired, login.finished) == (True, True)
    assert await asyncio.to_thread(login.checkLogin) is True


async def test_an_unallowed_pin_has_no_token(ask):
    """JSON says null, XML an empty attribute."""
    opened = (await ask("POST", "/api/v2/pins?strong=true", headers=JSON)).json()
    assert opened["authToken"] is None
    told = await ask("GET", f"/api/v2/pins/{opened['id']}")
    assert 'authToken=""' in told.text


async def test_a_pin_belongs_to_its_client_and_ends(world, ask):
    """Another client, or one who comes too late, reads 404 code 1020."""
    opened = (await ask("POST", "/api/v2/pins", headers=JSON)).json()
    stranger = {**JSON, "X-Plex-Client-Identifier": "somebody-else"}
    answer = await ask("GET", f"/api/v2/pins/{opened['id']}", headers=stranger)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1020)
    world.keys.pins[0].expires_at = 0
    late = await ask("GET", f"/api/v2/pins/{opened['id']}", headers=JSON)
    assert late.status_code == 404
