"""Real PlexAPI reads the sandbox: account, server, libraries, sessions, history, resources."""

import asyncio

import pytest
import requests
from plexapi.exceptions import BadRequest, NotFound
from plexapi.library import FilterChoice
from plexapi.myplex import MyPlexAccount
from plexapi.server import PlexServer
from plexapi.utils import parseXMLString

from sandbox.plex import Fault, PlexSandbox, PlexWorld
from sandbox.plex.model import Account, Invitation, Play, Stream


def lines(world: PlexWorld) -> list[str]:
    """Every request so far, the machine identifier written as M."""
    return [r.line.replace(world.server.machine_identifier, "M") for r in world.requests]


async def read_sections(server: PlexServer) -> list:
    """The sections; naming `library` alone asks the server, so it happens in the thread too."""

    def read() -> list:
        return server.library.sections()

    return await asyncio.to_thread(read)


def guest(world: PlexWorld, login: str = "bob", *sections: int) -> Account:
    """Somebody who has accepted a share of some libraries."""
    wish = Invitation(world.server.machine_identifier, sections or (90000001,), login=login)
    account = world.accept(world.invite(wish).share_id).account
    assert account
    return account


async def test_the_owner_signs_in_with_one_request(plex, world, account):
    """A token opens the account, and the answer hands the same token back."""
    assert (account.id, account.username) == (1001, "helpr-owner")
    assert account.email == "owner@example.org"
    assert account.authToken == plex.owner_token
    assert account.subscriptionActive is True
    assert lines(world) == ["GET /api/v2/user"]
    assert world.requests[0].host == "plex.tv"


async def test_a_ping_is_answered(account):
    """The ping that keeps a token alive is true."""
    assert await asyncio.to_thread(account.ping) is True


async def test_a_server_connects_with_one_request(plex, world, server):
    """One GET / names the server; it comes under the machine's own host name."""
    assert server.friendlyName == "Home Media"
    assert server.machineIdentifier == world.server.machine_identifier
    assert server.version == world.server.version
    assert lines(world) == ["GET /"]
    assert world.requests[0].host == f"127.0.0.1:{plex.port}"


async def test_sections_cost_two_requests_once(world, server):
    """Libraries are read once; PlexAPI then keeps them for good, new ones unseen."""
    sections = await read_sections(server)
    assert [(s.title, s.type, s.key) for s in sections] == [
        ("Films", "movie", 1),
        ("Series", "show", 2),
        ("Music", "artist", 3),
        ("Photos", "photo", 4),
        ("Kids", "movie", 5),
    ]
    world.add_library("Anime", "show")
    assert len(await read_sections(server)) == 5
    assert lines(world) == ["GET /", "GET /library", "GET /library/sections"]


async def test_a_guest_sees_only_what_is_shared(plex, world, session):
    """A guest may not open /library, so PlexAPI takes a third request for the sections."""
    bob = guest(world, "bob", 90000001, 90000005)

    def titles() -> list[str]:
        server = PlexServer(plex.base_url, world.shares[0].access_token, session=session)
        return [section.title for section in server.library.sections()]

    assert await asyncio.to_thread(titles) == ["Films", "Kids"]
    assert lines(world) == [
        "GET /",
        "GET /library",
        "GET /library/sections/",
        "GET /library/sections",
    ]
    assert bob.username == "bob"


async def test_the_server_is_named_without_a_token(ask, world, plex):
    """GET /identity answers anybody; everything else wants a token."""
    answer = await ask("GET", plex.base_url + "/identity", headers={"X-Plex-Token": None})
    root = parseXMLString(answer.text)
    assert root.get("machineIdentifier") == world.server.machine_identifier


async def test_identity_and_accounts_read_well(world, server):
    """The server counts the owner as account 1 and guests by plex.tv's id."""
    guest(world)
    identity = await asyncio.to_thread(server.identity)
    assert identity.machineIdentifier == world.server.machine_identifier
    accounts = await asyncio.to_thread(server.systemAccounts)
    assert {a.id: a.name for a in accounts} == {0: "", 1: "helpr-owner", 2001: "bob"}


async def test_sessions_say_who_watches_what(world, server):
    """Every stream holds its user, without which PlexAPI breaks."""
    bob = guest(world)
    world.streams.append(Stream(bob.id, bob.username, "Sintel"))
    sessions = await asyncio.to_thread(server.sessions)
    watched = [(s.title, s.usernames, s.player.state) for s in sessions]
    assert watched == [
        ("Sita Sings the Blues", ["helpr-owner"], "playing"),
        ("Sintel", ["bob"], "playing"),
    ]


async def test_history_comes_in_pages_of_a_hundred(world, server):
    """250 plays take three requests, newest first."""
    bob = guest(world)
    world.plays = [Play(bob.id, f"Film {n}", 1700000000 + n) for n in range(250)]
    before = len(world.requests)
    plays = await asyncio.to_thread(server.history)
    assert [plays[0].title, plays[-1].title, len(plays)] == ["Film 249", "Film 0", 250]
    assert plays[0].accountID == bob.id
    assert len(world.requests) - before == 3


async def test_history_of_one_account(world, server):
    """History is asked for by the server's own account number."""
    bob = guest(world)
    world.plays.append(Play(bob.id, "Sintel", 1710000000))
    of_bob = await asyncio.to_thread(server.history, accountID=bob.id)
    of_owner = await asyncio.to_thread(server.history, accountID=1)
    assert [p.title for p in of_bob] == ["Sintel"]
    assert len(of_owner) == 3


async def test_resources_lead_to_the_server(plex, world, account):
    """The owner's resource connects to the sandbox itself."""
    (resource,) = await asyncio.to_thread(account.resources)
    assert (resource.name, resource.owned) == ("Home Media", True)
    connected = await asyncio.to_thread(resource.connect, ssl=False, timeout=5)
    assert connected.machineIdentifier == world.server.machine_identifier


async def test_a_dead_token_looks_like_a_missing_server_when_connecting(plex, world, account):
    """`connect()` turns a 401 into NotFound, so a dead token is not told from a dead server."""
    (resource,) = await asyncio.to_thread(account.resources)
    world.revoke_token()
    with pytest.raises(NotFound):
        await asyncio.to_thread(resource.connect, ssl=False, timeout=5)


async def test_any_bad_answer_on_library_reads_as_a_guests(world, server):
    """PlexAPI takes a 503 on /library for "not the owner" and asks for the sections instead."""
    world.faults.add(Fault(match="GET /library", kind="status", status=503, times=1))
    assert len(await read_sections(server)) == 5
    assert "GET /library/sections/" in lines(world)


async def test_reloading_a_server_loses_its_name(world, server):
    """`reload()` reads the root's first child as the server: never call it."""
    await asyncio.to_thread(server.reload)
    assert server.machineIdentifier is None
    assert server.friendlyName is None


async def test_reloading_a_childless_server_breaks(world, server):
    """With no child in the root `reload()` is an IndexError."""
    world.faults.add(Fault(match="GET /", kind="status", status=200, body="<MediaContainer/>"))
    with pytest.raises(IndexError):
        await asyncio.to_thread(server.reload)


async def test_guests_may_not_see_accounts_or_sessions(plex, world, session):
    """The owner's rooms are 403 with a page, which PlexAPI calls BadRequest."""
    guest(world)
    token = world.shares[0].access_token
    server = await asyncio.to_thread(PlexServer, plex.base_url, token, session=session)
    for room in (server.systemAccounts, server.sessions):
        with pytest.raises(BadRequest, match="403"):
            await asyncio.to_thread(room)


async def test_the_answers_token_replaces_the_clients(plex, world, session):
    """Without an authToken in the answer PlexAPI silently goes on without any token."""
    body = '<user id="1001" scrobbleTypes=""><subscription/><profile/></user>'
    world.faults.add(Fault(match="GET /api/v2/user", kind="status", status=200, body=body))
    account = await asyncio.to_thread(MyPlexAccount, token=plex.owner_token, session=session)
    assert account.authToken is None


@pytest.mark.parametrize(
    ("path", "root", "documented"),
    [
        ("/api/v2/user", ".", "id uuid username title email authToken scrobbleTypes thumb"),
        ("/api/v2/user", "subscription", "active status plan"),
        ("/api/v2/user", "profile", "autoSelectAudio"),
        (
            "/api/users/",
            "User",
            "id title username email home restricted protected allowSync allowChannels thumb",
        ),
        (
            "/api/users/",
            "User",
            "allowCameraUpload filterAll filterMovies filterMusic filterPhotos filterTelevision",
        ),
        (
            "/api/users/",
            "User/Server",
            "id serverId machineIdentifier name lastSeenAt numLibraries allLibraries owned pending",
        ),
        ("/api/users/", ".", "friendlyName identifier machineIdentifier totalSize size"),
        ("/api/servers/M", "Server", "name machineIdentifier"),
        ("/api/servers/M", "Server/Section", "id key type title"),
        (
            "/api/servers/M/shared_servers",
            "SharedServer",
            "id username email userID accessToken invitedAt acceptedAt allLibraries",
        ),
        ("/api/servers/M/shared_servers", "SharedServer/Section", "id key title type shared"),
        (
            "/api/v2/resources",
            "resource",
            "name provides clientIdentifier owned accessToken createdAt",
        ),
        (
            "/api/v2/resources",
            "resource/connections/connection",
            "protocol address port uri local relay IPv6",
        ),
    ],
)
async def test_xml_holds_what_is_documented(ask, world, path, root, documented):
    """plex.tv's XML holds every attribute that PlexAPI or a published payload names."""
    guest(world)
    answer = await ask("GET", path.replace("M", world.server.machine_identifier))
    assert answer.headers["Content-Type"].startswith("application/xml")
    found = parseXMLString(answer.text).find(root)
    assert found is not None
    assert set(documented.split()) <= set(found.attrib)


async def test_the_media_server_speaks_json_where_asked(ask, plex):
    """A media server answers JSON to whoever asks for it, XML to everybody else."""
    url = plex.base_url + "/library/sections"
    told = await ask("GET", url, headers={"Accept": "application/json"})
    titles = [row["title"] for row in told.json()["MediaContainer"]["Directory"]]
    assert titles == ["Films", "Series", "Music", "Photos", "Kids"]
    assert (await ask("GET", url)).text.startswith("<?xml")


async def test_the_session_refuses_the_world_outside(session):
    """The tests cannot reach anything but this machine."""
    with pytest.raises(requests.ConnectionError, match="not this machine"):
        session.get("https://example.org/")


async def test_two_worlds_do_not_mix():
    """Each sandbox has its own port and its own world."""
    one, two = PlexWorld.demo(), PlexWorld.demo()
    async with PlexSandbox(one) as first, PlexSandbox(two) as second:
        assert first.port != second.port
        one.add_library("Anime", "show")
    assert len(two.server.libraries) == 5


@pytest.mark.parametrize(
    ("field", "titles"), [("contentRating", "G PG PG-13 R"), ("label", "horror family")]
)
async def test_the_values_of_a_filter_are_filter_choices(server, field, titles):
    """A media server names the ratings and labels of a library, as PlexAPI reads them."""
    path = f"/library/sections/1/{field}"
    found = await asyncio.to_thread(lambda: server.fetchItems(path, cls=FilterChoice))
    assert [choice.title for choice in found] == titles.split()
    with pytest.raises(NotFound):
        await asyncio.to_thread(server.query, "/library/sections/77/label")
