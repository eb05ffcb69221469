"""PlexService against the sandbox Plex over HTTP: what each call returns, sends and costs."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import plexapi
import pytest
from aiohttp import web

from bot.domain.errors import (
    PlexAlreadyShared,
    PlexError,
    PlexLibrariesUnknown,
    PlexNoLibraries,
    PlexNotOwner,
    PlexRefused,
    PlexServerChanged,
    PlexShareGone,
    PlexTokenRefused,
)
from bot.domain.plex import Grant, PlexAccess, PlexLibrary, PlexStream, SharingSettings
from bot.plex import PlexService
from sandbox.plex import Fault, PlexSandbox, PlexWorld
from sandbox.plex.model import Invitation, Stream


@pytest.fixture
async def plex() -> AsyncIterator[PlexSandbox]:
    """A whole Plex on a free port."""
    async with PlexSandbox(PlexWorld.demo(), port=0) as sandbox:
        yield sandbox


@pytest.fixture
def world(plex: PlexSandbox) -> PlexWorld:
    """What that Plex holds."""
    return plex.world


@pytest.fixture
def access(plex: PlexSandbox) -> PlexAccess:
    """The owner's link to it."""
    return PlexAccess(1, plex.base_url, plex.owner_token, plex.world.server.machine_identifier)


@pytest.fixture
async def service(plex: PlexSandbox) -> AsyncIterator[PlexService]:
    """A service that is not paced."""
    async with PlexService(
        client_identifier="helpr-test", tv_url=plex.base_url, deadline=10, seconds_between_calls=0
    ) as made:
        yield made


def sections(world: PlexWorld, count: int = 2) -> list[int]:
    """The first libraries' section ids."""
    return [library.id for library in world.server.libraries[:count]]


def granted(world: PlexWorld, count: int = 2) -> Grant:
    """A grant of the first libraries."""
    return Grant(frozenset(sections(world, count)))


def lines(world: PlexWorld) -> list[str]:
    """Every request so far, as `METHOD path`."""
    return [request.line for request in world.requests]


# -- what the calls cost ----------------------------------------------------------------------


async def test_connect_names_server_and_owner(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Connecting is two requests, one to the media server and one to plex.tv."""
    info = await service.connect(PlexAccess(1, access.base_url, access.token))

    assert (info.name, info.version) == ("Home Media", world.server.version)
    assert info.machine_identifier == world.server.machine_identifier
    assert (info.owner_account_id, info.owner_username) == (1001, "helpr-owner")
    assert info.owner_email == "owner@example.org"
    assert lines(world) == ["GET /", "GET /api/v2/user"]
    assert [request.host for request in world.requests][1] == "plex.tv"


async def test_status_is_one_request_every_time(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A look at the status is one request, first on a link or not, and never a remembered one."""
    first = await service.status(access)
    world.server.name = "Renamed"
    second = await service.status(access)

    assert (first.name, second.name) == ("Home Media", "Renamed")
    assert 0 < first.seconds < 5
    assert lines(world) == ["GET /", "GET /"]


async def test_activity_is_one_request_every_time(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """What is being watched costs one request, first on a link or not; nobody is named."""
    world.streams[:] = [
        Stream(world.owner.id, "helpr-owner", "Sintel"),
        Stream(world.owner.id, "bob@example.org", "Big Buck Bunny", state="paused"),
    ]
    first = await service.activity(access)
    world.streams.clear()
    second = await service.activity(access)

    assert first.streams == (PlexStream("Sintel"), PlexStream("Big Buck Bunny", is_paused=True))
    assert 0 < first.seconds < 5
    assert second.streams == ()
    assert lines(world) == ["GET /status/sessions"] * 2
    assert "bob" not in repr(first)


async def test_a_guest_may_not_see_what_is_watched(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Only the owner's token may read the sessions: 403 has its class."""
    bob = next(account for account in world.accounts if account.username == "bob")
    world.invite(Invitation(access.machine_identifier or "", (90000001,), login="bob"))
    world.accept(world.shares[0].share_id)
    with pytest.raises(PlexNotOwner):
        await service.activity(PlexAccess(2, access.base_url, bob.token))


async def test_share_is_one_request_on_a_connected_link(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A share costs one request, and one more for the account only as the first call on a link."""
    await service.share(access, "bob@example.org", granted(world))
    assert lines(world)[:-1] == ["GET /api/v2/user"]
    world.requests.clear()

    await service.share(access, "carol@example.org", granted(world))
    assert lines(world) == [f"POST /api/servers/{access.machine_identifier}/shared_servers"]


async def test_a_share_asks_the_server_for_its_name_when_nobody_knows_it(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Without a machineIdentifier in the access, the media server is asked once for it."""
    unnamed = PlexAccess(1, access.base_url, access.token)
    await service.share(unnamed, "bob", granted(world))
    await service.share(unnamed, "carol", granted(world))

    assert lines(world)[:2] == ["GET /", "GET /api/v2/user"]
    assert [line.partition(" ")[0] for line in lines(world)[2:]] == ["POST", "POST"]


async def test_libraries_are_read_once_within_their_time(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """The second look at the libraries costs nothing; a fresh one costs a request."""
    first = await service.libraries(access)
    world.requests.clear()
    assert await service.libraries(access) == first
    assert lines(world) == []

    world.add_library("Documentaries", "movie")
    fresh = await service.libraries(access, fresh=True)
    assert [library.title for library in fresh][-1] == "Documentaries"
    assert lines(world) == [f"GET /api/servers/{access.machine_identifier}"]
    assert first[0] == PlexLibrary(90000001, 1, "Films", "movie")


async def test_many_who_ask_for_libraries_at_once_cost_one_request(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Callers that arrive together share one reading of the libraries."""
    await asyncio.gather(*(service.libraries(access) for _ in range(5)))
    assert lines(world) == ["GET /api/v2/user", f"GET /api/servers/{access.machine_identifier}"]


async def test_libraries_expire(plex: PlexSandbox, access: PlexAccess) -> None:
    """After their time to live the libraries are read again."""
    async with PlexService(
        client_identifier="helpr-test",
        tv_url=plex.base_url,
        seconds_between_calls=0,
        sections_ttl=0.05,
    ) as service:
        await service.libraries(access)
        await asyncio.sleep(0.1)
        plex.world.requests.clear()
        await service.libraries(access)
    assert len(plex.world.requests) == 1


async def test_ratings_and_labels_are_asked_of_the_media_server(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """One request a library; a library that is gone, and a token that is dead, are failures."""
    await service.libraries(access)
    world.requests.clear()
    assert await service.filter_choices(access, [1, 5], "contentRating") == {
        "G",
        "PG",
        "PG-13",
        "R",
    }
    assert lines(world) == [f"GET /library/sections/{key}/contentRating" for key in (1, 5)]
    assert await service.filter_choices(access, [4], "label") == frozenset()
    with pytest.raises(PlexError):
        await service.filter_choices(access, [99], "label")
    world.revoke_token()
    with pytest.raises(PlexError):
        await service.filter_choices(access, [1], "label")


async def test_shares_are_two_requests(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Pending and accepted shares are one request each, pending first, so that none slips by."""
    await service.share(access, "bob@example.org", granted(world))
    await service.share(access, "new@example.org", granted(world))
    world.accept(world.shares[0].share_id)
    world.requests.clear()

    shares = await service.shares(access)

    assert lines(world) == [
        "GET /api/v2/shared_servers/owned/pending",
        "GET /api/v2/shared_servers/owned/accepted",
    ]
    assert {request.host for request in world.requests} == {"clients.plex.tv"}
    by_email = {share.email: share for share in shares}
    bob, new = by_email["bob@example.org"], by_email["new@example.org"]
    assert (bob.accepted, bob.account_id, bob.username) == (True, 2001, "bob")
    assert (new.accepted, new.account_id, new.username) == (False, None, "")
    assert bob.section_ids == frozenset(sections(world))


async def test_share_state_and_withdraw_are_one_request_each(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Reading one share and ending one share are one request each."""
    made = await service.share(access, "bob@example.org", granted(world))
    assert made is not None
    world.requests.clear()

    assert await service.share_state(access, made.share_id) == made
    await service.withdraw(access, made.share_id)
    path = f"/api/v2/shared_servers/{made.share_id}"
    assert lines(world) == [f"GET {path}", f"DELETE {path}"]


# -- what a share is --------------------------------------------------------------------------


async def test_the_answer_to_a_share_names_it(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A share comes back as Plex made it: pending, with its id, its account and its libraries."""
    share = await service.share(access, "Bob@Example.org", granted(world))

    assert share is not None
    assert share.share_id == world.shares[0].share_id
    assert (share.accepted, share.account_id, share.all_libraries) == (False, 2001, False)
    assert share.section_ids == frozenset(sections(world))
    assert share.belongs_to("bob@example.org")
    assert share.belongs_to("bob")
    assert "bob" not in repr(share)


async def test_a_login_goes_out_as_it_was_typed(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Plex gets the login as it is, global section ids, and flags as "0" and "1"."""
    settings = SharingSettings(allow_sync=True, allow_camera_upload=True)
    await service.share(access, "carol", Grant(frozenset({90000002, 90000001}), settings))

    assert world.requests[-1].body == {
        "server_id": access.machine_identifier,
        "shared_server": {
            "library_section_ids": [90000001, 90000002],
            "invited_email": "carol",
        },
        "sharing_settings": {
            "allowSync": "1",
            "allowCameraUpload": "1",
            "allowChannels": "0",
            "filterMovies": "",
            "filterTelevision": "",
            "filterMusic": "",
        },
    }


async def test_a_share_without_libraries_never_leaves_the_house(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Plex reads no libraries as all of them, so such a share is refused without a request."""
    with pytest.raises(PlexNoLibraries):
        await service.share(access, "bob", Grant(frozenset()))
    assert lines(world) == []


async def test_a_second_share_is_refused_without_telling_the_address(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Sharing twice is PlexAlreadyShared, and Plex's sentence arrives without the address."""
    await service.share(access, "new.person@example.org", granted(world))
    with pytest.raises(PlexAlreadyShared) as refused:
        await service.share(access, "new.person@example.org", granted(world))
    assert refused.value.reason.startswith("You're already sharing this server with …")
    assert "example" not in f"{refused.value!r} {refused.value.params}"


async def test_stale_libraries_are_forgotten(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A share that names a library that is gone drops the remembered libraries."""
    libraries = await service.libraries(access)
    world.remove_library(libraries[0].section_id)
    with pytest.raises(PlexLibrariesUnknown):
        await service.share(access, "bob", Grant(frozenset({libraries[0].section_id})))
    assert await service.libraries(access) == libraries[1:]


async def test_a_full_server_says_so(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A refusal that no rule knows is permanent and carries Plex's own sentence."""
    world.seat_limit = 0
    with pytest.raises(PlexRefused) as refused:
        await service.share(access, "bob", granted(world))
    assert refused.value.params == {"reason": "You have reached the maximum number of users"}


async def test_a_guest_of_the_server_is_not_its_owner(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A token of somebody else's account is told apart from a dead one."""
    bob = next(account for account in world.accounts if account.username == "bob")
    guest = PlexAccess(2, access.base_url, bob.token, access.machine_identifier)
    with pytest.raises(PlexNotOwner):
        await service.libraries(guest)


# -- finding and ending -----------------------------------------------------------------------


async def test_a_share_is_found_by_account_or_by_login(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """An account's id wins over the login; whoever has no share is None."""
    bob = await service.share(access, "bob@example.org", granted(world))
    carol = await service.share(access, "carol@example.org", granted(world))

    assert await service.find_share(access, "BOB") == bob
    assert await service.find_share(access, "carol@example.org") == carol
    assert await service.find_share(access, "somebody else", account_id=2002) == carol
    assert await service.find_share(access, "dave@example.org") is None


async def test_another_server_of_the_same_owner_stays_out_of_sight(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Plex lists the shares of all servers of an owner; only the link's own are returned."""
    other = world.add_server("Cabin")
    world.add_library("Cabin films", "movie", other)
    elsewhere = PlexAccess(2, access.base_url, access.token, other.machine_identifier)
    await service.share(elsewhere, "bob@example.org", Grant(frozenset({other.libraries[0].id})))

    assert await service.shares(access) == ()
    assert len(await service.shares(elsewhere)) == 1


async def test_a_share_keeps_its_id_when_accepted_and_ends_once(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A share is followed by its id from pending to accepted to gone."""
    made = await service.share(access, "bob@example.org", granted(world))
    assert made is not None
    world.accept(made.share_id)
    accepted = await service.share_state(access, made.share_id)
    assert accepted is not None
    assert accepted.accepted

    await service.withdraw(access, made.share_id)
    assert world.shares == []
    assert await service.share_state(access, made.share_id) is None
    with pytest.raises(PlexShareGone):
        await service.withdraw(access, made.share_id)


async def test_a_foreign_not_found_page_does_not_end_a_share(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A 404 page that Plex did not write is doubt, not news that the share is gone."""
    made = await service.share(access, "bob@example.org", granted(world))
    assert made is not None
    world.faults.add(Fault(match="GET *", kind="status", status=404, body="<html>nginx</html>"))
    with pytest.raises(Exception, match="answer_lost"):
        await service.share_state(access, made.share_id)


async def test_a_share_that_its_holder_left_counts_as_gone(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A share that Plex still shows with the day it was left is no share any more."""
    body = (
        f'{{"id": 5001, "machineIdentifier": "{access.machine_identifier}", "accepted": true,'
        ' "leftAt": "2026-01-01T00:00:00Z"}'
    )
    world.faults.add(Fault(match="GET *shared_servers/5001", kind="status", status=200, body=body))
    assert await service.share_state(access, 5001) is None


# -- tokens, servers, identity ----------------------------------------------------------------


@pytest.mark.parametrize("invalid", [False, True])
async def test_a_dead_token_reads_as_a_dead_token_everywhere(
    service: PlexService, world: PlexWorld, access: PlexAccess, *, invalid: bool
) -> None:
    """A revoked token never reads as "no such share"; the link works again once it is mended."""
    made = await service.share(access, "bob@example.org", granted(world))
    assert made is not None
    calls = (
        lambda: service.share(access, "carol@example.org", granted(world)),
        lambda: service.libraries(access, fresh=True),
        lambda: service.shares(access),
        lambda: service.share_state(access, made.share_id),
        lambda: service.withdraw(access, made.share_id),
        lambda: service.status(access),
        lambda: service.connect(access),
    )
    for call in calls:
        world.mend_token()
        await service.shares(access)
        world.revoke_token(invalid=invalid)
        with pytest.raises(PlexTokenRefused):
            await call()  # refused while connected
        with pytest.raises(PlexTokenRefused):
            await call()  # refused while connecting anew
    world.mend_token()
    assert len(await service.shares(access)) == 1
    assert await service.share(access, "carol@example.org", granted(world)) is not None


async def test_an_empty_token_sends_nothing(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Without a token PlexAPI would sign in by name and password; Helpr asks nobody."""
    with pytest.raises(PlexTokenRefused):
        await service.connect(PlexAccess(1, access.base_url, ""))
    assert lines(world) == []


async def test_another_server_at_the_address_is_noticed(
    service: PlexService, access: PlexAccess
) -> None:
    """A media server with another identity than the linked one is refused."""
    moved = PlexAccess(1, access.base_url, access.token, "another-machine")
    with pytest.raises(PlexServerChanged):
        await service.status(moved)
    with pytest.raises(PlexServerChanged):
        await service.connect(moved)


async def test_a_changed_token_makes_a_new_connection(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A link whose token changed is connected anew, with the new token."""
    await service.libraries(access)
    bob = next(account for account in world.accounts if account.username == "bob")
    with pytest.raises(PlexNotOwner):
        await service.libraries(PlexAccess(1, access.base_url, bob.token, "m"))
    assert await service.libraries(access)


async def test_a_forgotten_link_connects_anew(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Forgetting a link drops its connection and its libraries."""
    await service.libraries(access)
    await service.forget(access.link_id)
    await service.forget(999)
    world.requests.clear()
    await service.libraries(access)
    assert len(world.requests) == 2


async def test_plex_knows_helpr_by_one_lasting_name(service: PlexService) -> None:
    """Every request carries the installation's own client identifier and Helpr's name."""
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(text='<MediaContainer machineIdentifier="m"/>')

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        await service.status(PlexAccess(1, f"http://127.0.0.1:{port}", "tok"))
    finally:
        await runner.cleanup()
    headers = seen[0].headers
    assert headers["X-Plex-Client-Identifier"] == "helpr-test"
    assert headers["X-Plex-Product"] == headers["X-Plex-Device-Name"] == "Helpr"
    assert headers["X-Plex-Token"] == "tok"
    assert plexapi.BASE_HEADERS["X-Plex-Client-Identifier"] == "helpr-test"


# -- pace -------------------------------------------------------------------------------------


async def test_requests_of_one_owner_are_spaced_over_all_links(
    plex: PlexSandbox, access: PlexAccess
) -> None:
    """Two links of one owner account share one even pace."""
    async with PlexService(
        client_identifier="helpr-test", tv_url=plex.base_url, seconds_between_calls=0.1
    ) as service:
        second = PlexAccess(2, access.base_url, access.token, access.machine_identifier)
        await service.connect(access)
        await service.connect(second)
        plex.world.requests.clear()
        await asyncio.gather(*(service.status(link) for link in (access, second) for _ in range(3)))
    arrivals = [request.at for request in plex.world.requests]
    assert len(arrivals) == 6
    assert arrivals[-1] - arrivals[0] > 0.4
    assert min(later - at for at, later in itertools.pairwise(arrivals)) > 0.05


async def test_the_pace_is_no_part_of_the_deadline(plex: PlexSandbox, access: PlexAccess) -> None:
    """A call that waits longer than the deadline for its turn is made all the same."""
    async with PlexService(
        client_identifier="helpr-test",
        tv_url=plex.base_url,
        deadline=0.5,
        seconds_between_calls=0.3,
    ) as service:
        found = await asyncio.gather(*(service.status(access) for _ in range(4)))
    assert len(found) == 4


async def test_before_call_is_awaited_before_each_request(
    plex: PlexSandbox, access: PlexAccess
) -> None:
    """Whoever paces the whole fleet is asked before each request, and can hold it back."""
    asked: list[int] = []
    closed = False

    async def before_call(link_id: int) -> None:
        if closed:
            raise LookupError("no")
        asked.append(link_id)

    async with PlexService(
        client_identifier="helpr-test",
        tv_url=plex.base_url,
        seconds_between_calls=0,
        before_call=before_call,
    ) as service:
        await service.shares(access)
        assert asked == [1, 1, 1]
        plex.world.requests.clear()
        closed = True
        with pytest.raises(LookupError):
            await service.shares(access)
    assert plex.world.requests == []
