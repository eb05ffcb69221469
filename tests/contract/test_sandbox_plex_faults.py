"""Each kind of fault does what it says, seen through real PlexAPI."""

import asyncio
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
import requests
from plexapi.exceptions import BadRequest
from plexapi.myplex import MyPlexAccount

from sandbox.plex import Fault, PlexSandbox, PlexWorld
from sandbox.plex.faults import PRESETS, preset
from sandbox.plex.model import Invitation

INVITE = "POST /api/servers/*/shared_servers"
JSON = {"Accept": "application/json"}
PENDING = "https://clients.plex.tv/api/v2/shared_servers/owned/pending"


async def until(true: Callable[[], object]) -> None:
    """Wait for something to become true, for five seconds at most."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  what is awaited is state, it rings no bell
            await asyncio.sleep(0.02)


async def invite(account, server) -> None:
    """Invite bob to the films."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])


async def test_latency_delays_and_then_goes_on(world, account):
    """A slow Plex answers as usual, later."""
    world.faults.add(Fault(kind="latency", seconds=0.3))
    begun = time.monotonic()
    assert await asyncio.to_thread(account.users) == []
    assert 0.3 <= time.monotonic() - begun < 2


async def test_delays_add_up(world, account):
    """Several faults may be active at once."""
    for _ in range(2):
        world.faults.add(Fault(kind="latency", seconds=0.2))
    begun = time.monotonic()
    await asyncio.to_thread(account.ping)
    assert time.monotonic() - begun >= 0.4


async def test_a_late_invite_is_made_although_nobody_waits(world, account, server):
    """Who gives up on a slow Plex may still have invited: doubt."""
    world.faults.add(Fault(match=INVITE, kind="latency", seconds=1.0))
    account._timeout = 0.5
    with pytest.raises(requests.ReadTimeout):
        await invite(account, server)
    assert world.shares == []
    await until(lambda: world.shares)
    assert [share.username for share in world.shares] == ["bob"]
    assert world.requests[-1].status is None


async def test_a_hanging_request_never_happens(world, account, server):
    """Nothing is done and nothing is said; a timeout is not one of PlexAPI's exceptions."""
    world.faults.add(Fault(match=INVITE, kind="hang"))
    account._timeout = 0.5
    with pytest.raises(requests.ReadTimeout):
        await invite(account, server)
    assert world.shares == []


async def test_a_hang_can_come_after_the_deed(world, account, server):
    """The invite is made, the answer never comes."""
    world.faults.add(Fault(match=INVITE, kind="hang", processed=True))
    account._timeout = 0.5
    with pytest.raises(requests.ReadTimeout):
        await invite(account, server)
    assert len(world.shares) == 1


async def test_removing_a_hang_frees_who_waits(world, account):
    """Whoever hangs is cut off when the fault ends."""
    fault = world.faults.add(Fault(kind="hang"))
    waiting = asyncio.create_task(asyncio.to_thread(account.ping))
    await until(lambda: world.requests[-1].path == "/api/v2/ping")
    world.faults.remove(fault)
    with pytest.raises(requests.ConnectionError):
        await asyncio.wait_for(waiting, 2)


async def test_clearing_frees_who_waits_in_a_used_up_fault(world, account):
    """Whoever hangs in a fault's last strike is cut off when every fault is switched off."""
    world.faults.add(Fault(kind="hang", times=1))
    waiting = asyncio.create_task(asyncio.to_thread(account.ping))
    await until(lambda: len(world.faults) == 0)
    world.faults.clear()
    with pytest.raises(requests.ConnectionError):
        await asyncio.wait_for(waiting, 2)


async def test_a_hanging_request_does_not_hold_up_the_end(session):
    """The sandbox stops at once although somebody waits."""
    world = PlexWorld.demo()
    async with PlexSandbox(world) as plex:
        world.faults.add(Fault(kind="hang"))
        url = plex.base_url + "/identity"
        waiting = asyncio.create_task(asyncio.to_thread(session.get, url, timeout=10))
        await until(lambda: world.requests)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2
    with pytest.raises(requests.ConnectionError):
        await waiting


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 502, 503, 504])
async def test_any_status_can_be_answered(world, ask, status):
    """The status comes with the headers and body it was given, before anything is done."""
    headers = {"Retry-After": "7"}
    fault = Fault(kind="status", status=status, headers=headers, body='{"errors":[]}')
    world.faults.add(fault)
    answer = await ask("GET", "/api/v2/user")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert answer.json() == {"errors": []}
    assert world.requests[-1].status == status


async def test_plexapi_drops_retry_after(world, account):
    """A 429 becomes a BadRequest that knows neither status nor Retry-After."""
    world.faults.add(Fault(kind="status", status=429, headers={"Retry-After": "30"}))
    with pytest.raises(BadRequest, match=r"\(429\)") as refused:
        await asyncio.to_thread(account.users)
    assert vars(refused.value) == {}
    assert "30" not in str(refused.value)


@pytest.mark.parametrize("status", [498, 520, 525, 529, 530])
async def test_unlisted_statuses_break_plexapi(world, account, status):
    """A status that requests has no name for is a bare TypeError."""
    world.faults.add(Fault(kind="status", status=status))
    with pytest.raises(TypeError):
        await asyncio.to_thread(account.users)


@pytest.mark.parametrize("status", [202, 206])
async def test_other_good_statuses_are_bad_requests(world, account, status):
    """Only 200, 201 and 204 count as success."""
    world.faults.add(Fault(kind="status", status=status, body="<ok/>"))
    with pytest.raises(BadRequest):
        await asyncio.to_thread(account.users)


async def test_a_status_can_come_after_the_deed(world, account, server):
    """A gateway may time out (504) although the invite was made."""
    world.faults.add(Fault(match=INVITE, kind="status", status=504, processed=True))
    with pytest.raises(BadRequest, match=r"\(504\)"):
        await invite(account, server)
    assert len(world.shares) == 1


async def test_a_connection_can_drop_before_the_deed(world, account, server):
    """The connection is reset and nobody is invited."""
    world.faults.add(Fault(match=INVITE, kind="drop_before", times=1))
    with pytest.raises(requests.ConnectionError, match=r"reset|aborted"):
        await invite(account, server)
    assert world.shares == []
    assert (world.requests[-1].status, len(world.faults)) == (None, 0)


async def test_a_connection_can_drop_after_the_deed(world, account, server):
    """The answer is lost, the invite is made; a second try is "already sharing"."""
    world.faults.add(Fault(match=INVITE, kind="drop_after", times=1))
    with pytest.raises(requests.ConnectionError, match=r"reset|aborted"):
        await invite(account, server)
    assert [share.username for share in world.shares] == ["bob"]
    with pytest.raises(BadRequest, match="already sharing"):
        await invite(account, server)


async def test_a_gateways_page_is_no_answer(world, account, server):
    """HTML with status 200 is no XML, and nothing was done."""
    world.faults.add(Fault(match=INVITE, kind="html"))
    with pytest.raises(ET.ParseError):
        await invite(account, server)
    assert world.shares == []


async def test_broken_xml(world, account, server):
    """The deed is done, the answer breaks off."""
    world.faults.add(Fault(match=INVITE, kind="malformed"))
    with pytest.raises(ET.ParseError):
        await invite(account, server)
    assert len(world.shares) == 1


async def test_broken_json(world, account):
    """Where JSON was asked for, the JSON breaks off."""
    world.faults.add(Fault(kind="malformed"))
    with pytest.raises(requests.exceptions.JSONDecodeError):
        await asyncio.to_thread(account.query, PENDING, headers=JSON)


async def test_an_empty_answer_is_nothing(world, account):
    """PlexAPI reads an empty XML body as None, and breaks on it where it wants a list."""
    world.faults.add(Fault(kind="empty"))
    assert await asyncio.to_thread(account.query, "https://plex.tv/api/users/") is None
    with pytest.raises((AttributeError, TypeError)):
        await asyncio.to_thread(account.users)


@pytest.mark.parametrize("status", [200, 204])
async def test_an_empty_answer_called_json_breaks(world, account, status):
    """An empty body that calls itself JSON is a JSONDecodeError, even on 204."""
    world.faults.add(Fault(kind="empty", status=status))
    with pytest.raises(requests.exceptions.JSONDecodeError):
        await asyncio.to_thread(account.query, PENDING, headers=JSON)


async def test_plain_text_comes_back_as_text(world, account):
    """An answer that calls itself plain text is not parsed at all."""
    plain = {"Content-Type": "text/plain"}
    world.faults.add(Fault(kind="status", status=200, headers=plain, body=" pong "))
    assert await asyncio.to_thread(account.query, "https://plex.tv/api/users/") == "pong"


async def test_a_dripping_answer_outlasts_the_timeout(world, account):
    """A timeout counts each read, so a slow drip goes on for as long as it likes."""
    world.faults.add(Fault(kind="drip", seconds=1.0))
    begun = time.monotonic()
    data = await asyncio.to_thread(account.query, "https://plex.tv/api/v2/user", timeout=0.5)
    assert data.get("username") == "helpr-owner"
    assert time.monotonic() - begun >= 0.9


async def test_empty_lists_show_nobody(world, account, ask):
    """Lists of shares and users are well-formed and empty, while everything is still there."""
    machine = world.server.machine_identifier
    world.accept(world.invite(Invitation(machine, (90000001,), login="bob")).share_id)
    world.invite(Invitation(machine, (90000001,), login="carol"))
    fault = world.faults.add(Fault(kind="empty_listing"))
    base = "/api/v2/shared_servers"
    paths = ("/owned/accepted", "/owned/pending", "/invites/owned/pending")
    for path in paths:
        assert (await ask("GET", base + path, headers=JSON)).json() == []
    assert await asyncio.to_thread(account.users) == []
    shares = await ask("GET", f"/api/servers/{machine}/shared_servers")
    assert 'size="0"' in shares.text
    assert (await ask("GET", f"{base}/5001")).status_code == 200
    world.faults.remove(fault)
    assert len(await asyncio.to_thread(account.users)) == 1
    assert len(world.shares) == 2


async def test_a_fault_can_strike_a_number_of_times(world, account):
    """`times` counts down, and a used-up fault is gone."""
    world.faults.add(Fault(match="GET /api/users/", kind="status", status=500, times=2))
    for _ in range(2):
        with pytest.raises(BadRequest):
            await asyncio.to_thread(account.users)
    assert await asyncio.to_thread(account.users) == []
    assert len(world.faults) == 0


async def test_only_lists_use_up_an_empty_listing(world, account):
    """Other requests do not count for `empty_listing`."""
    machine = world.server.machine_identifier
    world.accept(world.invite(Invitation(machine, (90000001,), login="bob")).share_id)
    world.faults.add(Fault(kind="empty_listing", times=1))
    await asyncio.to_thread(account.ping)
    assert await asyncio.to_thread(account.users) == []
    assert len(await asyncio.to_thread(account.users)) == 1


async def test_a_fault_strikes_only_what_it_names(world, account, server):
    """The pattern is a glob over method and path."""
    world.faults.add(Fault(match=INVITE, kind="status", status=500))
    await asyncio.to_thread(account.users)
    with pytest.raises(BadRequest):
        await invite(account, server)


async def test_a_redirect_carries_the_token_to_another_host(plex, world, session):
    """The token follows a redirect across hosts, so a client must refuse redirects."""
    elsewhere = {"Location": plex.base_url + "/identity"}
    world.faults.add(Fault(match="GET /api/v2/user", kind="status", status=302, headers=elsewhere))
    with pytest.raises(AttributeError):
        await asyncio.to_thread(MyPlexAccount, token=plex.owner_token, session=session)
    assert world.requests[-1].path == "/identity"
    assert world.requests[-1].headers["x-plex-token"] == plex.owner_token
    session.max_redirects = 0
    with pytest.raises(requests.TooManyRedirects):
        await asyncio.to_thread(MyPlexAccount, token=plex.owner_token, session=session)


async def test_an_empty_flag_breaks_plexapi(world, account):
    """A boolean that is an empty string is a ValueError."""
    body = '<MediaContainer><User id="1" title="x" home=""/></MediaContainer>'
    world.faults.add(Fault(kind="status", status=200, body=body))
    with pytest.raises(ValueError, match=r"^$"):
        await asyncio.to_thread(account.users)


async def test_a_server_without_its_element_breaks_plexapi(world, account, server):
    """An answer of plex.tv that lacks the Server is an IndexError."""
    world.faults.add(
        Fault(match="GET /api/servers/*", kind="status", status=200, body="<MediaContainer/>")
    )
    with pytest.raises(IndexError):
        await invite(account, server)


@pytest.mark.parametrize("name", PRESETS)
def test_the_pages_faults_can_be_built(name):
    """Every switch of the page is a fault that bears its name."""
    assert preset(name).label == name


def test_a_fault_of_an_unknown_kind_is_refused():
    """A typing mistake in a kind is noticed at once."""
    with pytest.raises(ValueError, match="earthquake"):
        Fault(kind="earthquake")
