"""Every row of Plex's table of refusals: status, body, and what PlexAPI makes of it."""

import asyncio

import pytest
from plexapi.exceptions import BadRequest, NotFound, Unauthorized
from plexapi.myplex import MyPlexAccount
from plexapi.server import PlexServer

from sandbox.plex import PlexWorld
from sandbox.plex.model import Invitation

JSON = {"Accept": "application/json"}


def shares_path(world: PlexWorld) -> str:
    """Where v1 invites."""
    return f"/api/servers/{world.server.machine_identifier}/shared_servers"


def v1_body(world: PlexWorld, login: str = "bob", sections: tuple[int, ...] = (90000001,)) -> dict:
    """An invite as PlexAPI posts it."""
    return {
        "server_id": world.server.machine_identifier,
        "shared_server": {"library_section_ids": list(sections), "invited_email": login},
        "sharing_settings": {},
    }


def v2_body(world: PlexWorld, login: str = "bob", sections: tuple[int, ...] = (90000001,)) -> dict:
    """An invite as v2 takes it."""
    return {
        "machineIdentifier": world.server.machine_identifier,
        "invitedEmail": login,
        "librarySectionIds": list(sections),
    }


async def test_already_shared_over_v1(world, account, server):
    """A second invite is 400 with Plex's own sentence and the person's name."""
    await asyncio.to_thread(account.inviteFriend, "bob@example.org", server, ["Films"])
    with pytest.raises(BadRequest) as refused:
        await asyncio.to_thread(account.inviteFriend, "bob@example.org", server, ["Kids"])
    assert (
        '<Response code="400" status="You\'re already sharing this server with bob. '
        'Please edit your existing share." />'
    ) in str(refused.value)
    assert "(400)" in str(refused.value)
    assert len(world.shares) == 1


async def test_already_shared_over_v2(world, ask):
    """v2 says 422, and 400 inside, with code 1999."""
    await ask("POST", "/api/v2/shared_servers", json=v2_body(world))
    again = await ask("POST", "/api/v2/shared_servers", json=v2_body(world))
    assert again.status_code == 422
    assert '<errors><error code="1999" field="base" status="400" /></errors>' in again.text
    told = await ask("POST", "/api/v2/shared_servers", json=v2_body(world), headers=JSON)
    assert told.json() == {"errors": [{"code": 1999, "field": "base", "status": 400}]}


@pytest.mark.parametrize("sections", [(1,), (90000001, 99999999)])
async def test_wrong_sections_over_v2(world, ask, sections):
    """Local keys or unknown ids are 404 with code 1002, and nobody is invited."""
    body = v2_body(world, sections=sections)
    answer = await ask("POST", "/api/v2/shared_servers", json=body, headers=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1002)
    assert world.shares == []


@pytest.mark.parametrize("body", [[], {"librarySectionIds": "90000001"}])
async def test_a_bad_body_over_v2(world, ask, body):
    """A body v2 cannot read is 404 with code 1002 as well."""
    answer = await ask("POST", "/api/v2/shared_servers", json=body, headers=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1002)


async def test_stale_sections_over_v1(world, ask):
    """A library that was removed meanwhile is 422."""
    world.remove_library(90000001)
    assert (await ask("POST", shares_path(world), json=v1_body(world))).status_code == 422


async def test_another_machine_over_v1(world, account):
    """A server that plex.tv does not know is 422."""
    with pytest.raises(BadRequest, match=r"\(422\)"):
        await asyncio.to_thread(account.inviteFriend, "bob", "f" * 40, None)


async def test_a_full_server(world, account, server):
    """About a hundred people, pending ones among them; one more is 422."""
    for number in range(100):
        wish = Invitation(world.server.machine_identifier, login=f"guest{number}@example.org")
        world.invite(wish)
    assert world.seats_taken == 100
    with pytest.raises(BadRequest, match=r"\(422\)"):
        await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    world.decline(world.shares[0].share_id)
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])


async def test_a_second_server_takes_no_second_seat(world):
    """A seat is a person, over all servers of the owner."""
    cabin = world.add_server("Cabin")
    world.seat_limit = 1
    for server in (world.server, cabin):
        world.invite(Invitation(server.machine_identifier, login="bob"))
    assert world.seats_taken == 1


@pytest.mark.parametrize("login", ["nobody-by-this-name", "helpr-owner"])
async def test_people_who_cannot_be_invited(world, account, server, login):
    """A name without account, and the owner themselves, are refused for good."""
    with pytest.raises(BadRequest, match=r"\(400\)"):
        await asyncio.to_thread(account.inviteFriend, login, server, ["Films"])
    assert world.shares == []


async def test_a_token_that_never_was(plex, session):
    """v2 answers 401 with code 1001, which PlexAPI calls Unauthorized."""
    with pytest.raises(Unauthorized, match=r"1001.*User could not be authenticated"):
        await asyncio.to_thread(MyPlexAccount, token="never-was", session=session)


async def test_a_token_revoked_as_invalid(plex, world, session):
    """The owner's own token can die the same way."""
    world.revoke_token(invalid=True)
    with pytest.raises(Unauthorized, match=r"\(401\)"):
        await asyncio.to_thread(MyPlexAccount, token=plex.owner_token, session=session)


async def test_a_deauthorised_token(plex, world, session):
    """A device signed out by its owner reads 422 "Invalid token"; mending helps at once."""
    world.revoke_token()
    with pytest.raises(Unauthorized, match="<errors><error>Invalid token</error></errors>"):
        await asyncio.to_thread(MyPlexAccount, token=plex.owner_token, session=session)
    world.mend_token()
    await asyncio.to_thread(MyPlexAccount, token=plex.owner_token, session=session)


async def test_a_dead_token_over_v1_reads_like_nobody_there(world, account):
    """v1 answers 404: `users()` raises NotFound, which does not mean "no such user"."""
    world.revoke_token()
    with pytest.raises(NotFound, match=r"<error>Invalid authentication token\.</error>"):
        await asyncio.to_thread(account.users)


async def test_no_token_over_v1(ask):
    """Nobody is asked to sign in."""
    answer = await ask("GET", "/api/users/", headers={"X-Plex-Token": None})
    assert answer.status_code == 401
    assert "<error>Please sign in.</error>" in answer.text


async def test_no_client_identifier(ask):
    """v2 wants to know the client before anything else, and says so in JSON."""
    answer = await ask("GET", "/api/v2/user", headers={"X-Plex-Client-Identifier": None})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"code": 1000, "message": "X-Plex-Client-Identifier is missing", "status": 400}
    ]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_share(ask, method):
    """A share that is not there is 404 "Not found", whatever is wanted of it."""
    answer = await ask(method, "/api/v2/shared_servers/424242", json={})
    assert answer.status_code == 404
    assert "<errors><error>Not found</error></errors>" in answer.text


async def test_a_stranger_is_not_a_friend(ask):
    """`sharings` of somebody who is no friend are 404."""
    for method in ("PUT", "DELETE"):
        assert (await ask(method, "/api/v2/sharings/2001")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/api/invites/requested", "/api/invites/requests", "/api/v2/friends", "/api/friends/2001"],
)
async def test_removed_endpoints(ask, path):
    """What Plex took away is 410 and says so."""
    answer = await ask("GET", path)
    assert answer.status_code == 410
    assert '<Response code="410" status="This endpoint was deprecated and removed" />' in (
        answer.text
    )


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_share_is_not_changed_by_put(world, ask, method):
    """v2 changes a share by POST only."""
    share = world.invite(Invitation(world.server.machine_identifier, (90000001,), login="bob"))
    answer = await ask(method, f"/api/v2/shared_servers/{share.share_id}", json={})
    assert answer.status_code == 405


async def test_sharings_cannot_be_read(ask):
    """GET on the bare path is 404."""
    assert (await ask("GET", "/api/v2/sharings")).status_code == 404


@pytest.mark.parametrize("token", [None, "never-was"])
async def test_the_media_server_refuses_with_a_page(ask, plex, token):
    """A media server answers 401 with HTML, even to those who asked for JSON."""
    headers = {**JSON, "X-Plex-Token": token}
    answer = await ask("GET", plex.base_url + "/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1>401 Unauthorized</h1>" in answer.text


async def test_a_revoked_token_opens_no_media_server(plex, world, session):
    """When the owner's token dies, the server is closed too."""
    world.revoke_token()
    for token in (plex.owner_token, world.server.access_token):
        with pytest.raises(Unauthorized):
            await asyncio.to_thread(PlexServer, plex.base_url, token, session=session)


async def test_somebody_elses_server(world, ask):
    """A person who does not own the server may not see or change its shares."""
    as_bob = {"X-Plex-Token": world.people.find("bob").token}
    assert (await ask("GET", shares_path(world), headers=as_bob)).status_code == 403
    body = v2_body(world, "carol")
    answer = await ask("POST", "/api/v2/shared_servers", json=body, headers=as_bob)
    assert answer.status_code == 403
    assert world.shares == []


async def test_an_unknown_path(ask):
    """What is not there is 404, and recorded."""
    assert (await ask("GET", "/api/v2/nothing")).status_code == 404
