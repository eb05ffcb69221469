"""Failures chosen by endpoint and in plain words, and what the owner does by hand."""

import asyncio
import re

import pytest
import requests
from aiohttp.test_utils import make_mocked_request
from plexapi.exceptions import BadRequest, Unauthorized

from sandbox.plex import Fault, PlexWorld, failing
from sandbox.plex.menu import ENDPOINTS, FAILURES
from sandbox.plex.model import Invitation, Share

JSON = {"Accept": "application/json"}
FILMS, SERIES, KIDS = 90000001, 90000002, 90000005
LINES = {
    "inviting": ("POST /api/servers/M/shared_servers", "POST /api/v2/shared_servers"),
    "lists of shares": (
        "GET /api/users/",
        "GET /api/servers/M/shared_servers",
        "GET /api/v2/shared_servers/owned/accepted",
        "GET /api/v2/shared_servers/owned/pending",
        "GET /api/v2/shared_servers/invites/owned/pending",
        "GET /api/invites/requested",
    ),
    "one share": ("GET /api/v2/shared_servers/5001", "GET /api/servers/M/shared_servers/5001"),
    "changing a share": (
        "POST /api/v2/shared_servers/5001",
        "PUT /api/servers/M/shared_servers/5001",
        "POST /api/v2/sharing_settings",
        "PUT /api/v2/sharings/2001",
    ),
    "taking back": (
        "DELETE /api/v2/shared_servers/5001",
        "DELETE /api/servers/M/shared_servers/5001",
        "DELETE /api/v2/sharings/2001",
        "DELETE /api/invites/requested/2001",
    ),
    "libraries": ("GET /api/servers/M", "GET /api/v2/servers/M"),
    "signing in": ("GET /api/v2/user", "POST /api/v2/pins", "GET /api/v2/pins/77"),
    "the media server": ("GET /", "GET /identity", "GET /library/sections", "GET /status/sessions"),
}


@pytest.fixture
def control(plex, session):
    """One order to the sandbox; the answer's JSON, after its status was compared."""

    async def order(method: str, path: str, body=None, *, status: int = 200):
        url = f"{plex.base_url}/sandbox/api/{path}"
        answer = await asyncio.to_thread(session.request, method, url, json=body, timeout=5)
        assert answer.status_code == status, answer.text
        return answer.json()

    return order


def shared(world: PlexWorld, *logins: str) -> list[Share]:
    """Accepted shares of the films."""
    machine = world.server.machine_identifier
    wishes = [Invitation(machine, (FILMS,), login=login) for login in logins]
    return [world.accept(world.invite(wish).share_id) for wish in wishes]


async def region(plex, session, name: str) -> str:
    """What a region of the page shows now."""
    url = plex.base_url + "/sandbox/api/view"
    return (await asyncio.to_thread(session.get, url, timeout=5)).json()[name]


# -- endpoints in plain words -----------------------------------------------------------------


@pytest.mark.parametrize("name", LINES)
def test_an_endpoint_is_its_requests_and_no_others(name):
    """Each name strikes its own requests, and none of any other name's."""
    for other, lines in LINES.items():
        for line in lines:
            assert Fault(endpoint=name).strikes(line) is (other == name), line
            assert Fault(endpoint="everything").strikes(line)


def test_every_endpoint_has_been_thought_of():
    """The names on the page are the ones tested here, and everything."""
    assert set(ENDPOINTS) == {"everything", *LINES}


def test_endpoint_and_pattern_hold_together():
    """With both, a request has to be of the endpoint and to match the pattern."""
    fault = Fault(endpoint="taking back", match="* /api/v2/*")
    assert fault.strikes("DELETE /api/v2/shared_servers/5001")
    assert not fault.strikes("DELETE /api/servers/M/shared_servers/5001")
    assert not fault.strikes("GET /api/v2/shared_servers/5001")


@pytest.mark.parametrize(
    "fields",
    [
        {"endpoint": "the moon"},
        {"endpoint": "inviting", "kind": "empty_listing"},
        {"endpoint": "one share", "kind": "short_listing"},
    ],
)
def test_a_fault_that_can_never_strike_is_refused(fields):
    """Unknown endpoints, and faults of lists where nothing is listed, are mistakes."""
    with pytest.raises(ValueError, match=fields["endpoint"]):
        Fault(**fields)


def test_an_unknown_failure_is_refused():
    """A failure that nobody has thought of is named."""
    with pytest.raises(ValueError, match="earthquake"):
        failing("earthquake")


# -- failures in plain words ------------------------------------------------------------------


@pytest.mark.parametrize("name", FAILURES)
async def test_every_failure_strikes_what_it_is_for(world, control, ask, name):
    """Ordered once for the lists, each failure strikes one list and nothing else, then is gone."""
    shared(world, "bob", "carol")
    fields = {"endpoint": "lists of shares", "failure": name, "times": 1}
    if name in {"slow", "drip", "hang"}:
        fields["seconds"] = 0.2
    made = await control("POST", "faults", fields)
    assert made["label"] == FAILURES[name][0]
    before = (await ask("GET", "/api/v2/shared_servers/5001")).status_code
    found = await seen(ask)
    assert before == 200
    assert found == EXPECTED[name]
    assert len(world.faults) == 0
    assert await seen(ask) == (200, 2)


EXPECTED = {
    **dict.fromkeys(("hang", "drop_before", "drop_after"), (None, None)),
    **dict.fromkeys(("slow", "drip"), (200, 2)),
    **dict.fromkeys(("html", "malformed", "empty"), (200, None)),
    **{str(n): (n, None) for n in (401, 422, 429, 498, 500, 502, 503, 504)},
    "429_bare": (429, None),
    "redirect": (302, None),
    "empty_listing": (200, 0),
    "short_listing": (200, 1),
}


async def seen(ask) -> tuple[int | None, int | None]:
    """Status and length of the list of accepted shares; None for what did not come."""
    path = "/api/v2/shared_servers/owned/accepted"
    try:
        answer = await ask("GET", path, headers=JSON, allow_redirects=False)
    except requests.ConnectionError:
        return None, None
    try:
        return answer.status_code, len(answer.json())
    except ValueError:
        return answer.status_code, None


async def test_a_busy_plex_may_name_a_time_or_not(world, ask):
    """One 429 carries Retry-After, the other says nothing."""
    for name, expected in (("429", "5"), ("429_bare", None)):
        world.faults.add(failing(name, endpoint="signing in", times=1))
        answer = await ask("GET", "/api/v2/user")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (429, expected)


async def test_a_refused_token_reads_as_plex_says_it(world, account, server):
    """A 401 for inviting alone is Unauthorized to PlexAPI; lists go on."""
    world.faults.add(failing("401", endpoint="inviting"))
    with pytest.raises(Unauthorized, match="could not be authenticated"):
        await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    assert await asyncio.to_thread(account.users) == []


async def test_the_media_server_can_fail_alone(world, plex, account, ask):
    """plex.tv goes on while the media server is away."""
    world.faults.add(failing("503", endpoint="the media server"))
    for path in ("/", "/identity", "/library/sections"):
        assert (await ask("GET", plex.base_url + path)).status_code == 503
    assert await asyncio.to_thread(account.ping)


async def test_taking_back_can_be_lost(world, ask):
    """The share is gone although the connection broke."""
    (share,) = shared(world, "bob")
    world.faults.add(failing("drop_after", endpoint="taking back", times=1))
    with pytest.raises(requests.ConnectionError):
        await ask("DELETE", f"/api/v2/shared_servers/{share.share_id}")
    assert world.shares == []


async def test_a_change_can_be_lost_before_it_is_made(world, ask):
    """The libraries stay as they were."""
    (share,) = shared(world, "bob")
    world.faults.add(failing("drop_before", endpoint="changing a share", times=1))
    with pytest.raises(requests.ConnectionError):
        await ask(
            "POST", f"/api/v2/shared_servers/{share.share_id}", json={"librarySectionIds": [KIDS]}
        )
    assert share.section_ids == [FILMS]


async def test_a_redirect_leads_to_another_host(world, ask):
    """It names this machine by another name, where a token that follows is put on record."""
    world.faults.add(failing("redirect", endpoint="signing in", times=1))
    answer = await ask("GET", "/api/v2/user", allow_redirects=False)
    assert re.fullmatch(r"http://localhost:\d+/elsewhere", answer.headers["Location"])


async def test_a_redirect_leads_where_it_is_told(world, ask):
    """The Location can be given."""
    headers = {"Location": "https://elsewhere.example/"}
    world.faults.add(failing("redirect", headers=headers, times=1))
    answer = await ask("GET", "/api/v2/user", allow_redirects=False)
    assert answer.headers["Location"] == "https://elsewhere.example/"


# -- short lists ------------------------------------------------------------------------------


async def test_a_short_list_keeps_some_of_the_rows(world, account, ask):
    """Half of each list stays unless a number is named; nothing is gone in truth."""
    shares = shared(world, "bob", "carol", "dave", "erin")
    fault = world.faults.add(Fault(kind="short_listing"))
    assert [user.username for user in await asyncio.to_thread(account.users)] == ["bob", "carol"]
    machine = world.server.machine_identifier
    rows = await asyncio.to_thread(
        account.query, f"https://plex.tv/api/servers/{machine}/shared_servers"
    )
    assert rows.get("size") == "2"
    fault.keep = 3
    assert await seen(ask) == (200, 3)
    for share in shares:
        answer = await ask("GET", f"/api/v2/shared_servers/{share.share_id}")
        assert answer.status_code == 200
    world.faults.remove(fault)
    assert await seen(ask) == (200, 4)


# -- orders and the page ----------------------------------------------------------------------


async def test_the_menu_can_be_read(control):
    """Whoever orders over HTTP finds the words for endpoints and failures."""
    menu = await control("GET", "menu")
    assert menu["endpoints"] == list(ENDPOINTS)
    assert menu["failures"]["503"] == "503: Plex is away"


@pytest.mark.parametrize(
    "body",
    [
        {"failure": "earthquake"},
        {"endpoint": "the moon", "failure": "503"},
        {"endpoint": "inviting", "failure": "short_listing"},
    ],
)
async def test_words_that_are_not_on_the_menu_are_400(world, control, body):
    """Nothing is switched on by a slip of the pen, and the slip is named."""
    answer = await control("POST", "faults", body, status=400)
    assert next(iter(body.values())) in answer["error"]
    assert len(world.faults) == 0


async def test_faults_can_be_made_of_words_and_fields(world, control):
    """A failure's own fields may be replaced: another Retry-After, another delay."""
    body = {"failure": "429", "endpoint": "inviting", "headers": {"Retry-After": "30"}}
    made = await control("POST", "faults", body)
    assert (made["status"], made["headers"], made["times"]) == (429, {"Retry-After": "30"}, None)


async def test_the_page_shows_which_faults_are_on(plex, world, session):
    """In words: what, where, how often; and a button that switches it off."""
    assert "No fault is on" in await region(plex, session, "faults")
    fault = world.faults.add(failing("503", endpoint="inviting", times=1))
    world.faults.add(Fault(match="GET /api/*", kind="status", status=418, times=7))
    world.revoke_token()
    shown = await region(plex, session, "faults")
    for text in ("503: Plex is away", "Inviting · once", "status 418", "GET /api/* · 7 times"):
        assert text in shown
    assert "token is revoked" in shown
    assert f'data-order="DELETE faults/{fault.id}"' in shown
    assert 'aria-label="Switch off: 503: Plex is away, Inviting"' in shown
    assert "3 faults on" in await region(plex, session, "summary")


async def test_the_page_offers_every_word(plex, session):
    """Its menus hold every endpoint and every failure."""
    assert re.findall(r'value="([^"]*)"', await region(plex, session, "endpoints")) == list(
        ENDPOINTS
    )
    assert re.findall(r'value="([^"]*)"', await region(plex, session, "failures")) == list(FAILURES)


async def test_every_order_on_the_page_is_one_that_is_obeyed(plex, world, session):
    """No button or form sends an order that the control interface does not know."""
    shared(world, "bob")
    world.invite(Invitation(world.server.machine_identifier, (FILMS,), login="carol"))
    world.faults.add(Fault())
    world.revoke_token()
    world.keys.open_pin("client", "Helpr", strong=False)
    text = (await asyncio.to_thread(session.get, plex.page_url, timeout=5)).text
    orders = {tuple(found.split(" ")) for found in re.findall(r'data-order="([^"]*)"', text)}
    assert len(orders) > 20
    router = plex._runner.app.router
    for method, path in orders:
        asked = make_mocked_request(method, f"/sandbox/api/{path}")
        assert (await router.resolve(asked)).http_exception is None, (method, path)


async def test_the_moods_of_plex_are_switches(plex, world, session):
    """Orphans, fresh acceptance and v1's list of invites show whether they are on."""
    world.orphans = True
    shown = await region(plex, session, "switches")
    assert re.search(r'id="mood-orphans"[^>]*aria-checked="true"[^>]*', shown)
    assert re.search(r'id="mood-fresh_acceptance"[^>]*aria-checked="false"', shown)
    assert re.search(r'id="mood-v1_invites_gone"[^>]*aria-checked="false"', shown)


# -- by hand ----------------------------------------------------------------------------------


async def test_the_owner_changes_libraries_by_hand(world, control):
    """A share's libraries become what was named, all of them for an empty list."""
    (share,) = shared(world, "bob")
    path = f"shares/{share.share_id}/libraries"
    await control("POST", path, {"section_ids": [SERIES, KIDS]})
    assert share.section_ids == [SERIES, KIDS]
    await control("POST", path, {"section_ids": []})
    assert share.all_libraries
    await control("POST", path, {"section_ids": [4]}, status=404)
    await control("POST", path, {}, status=400)


async def test_the_owner_removes_a_share_by_hand(world, control):
    """The share is gone, the friend stays."""
    (share,) = shared(world, "bob")
    await control("POST", f"shares/{share.share_id}/remove")
    assert (world.shares, world.friends) == ([], {2001})
    await control("POST", f"shares/{share.share_id}/remove", status=404)


@pytest.mark.parametrize("accepted", [True, False])
async def test_the_owner_shares_by_hand(world, control, account, accepted):
    """Somebody holds a share that the bot has not made."""
    body = {"login": "carol", "section_ids": [FILMS], "accepted": accepted}
    made = await control("POST", "shares", body)
    assert (made["username"], made["accepted"], made["libraries"]) == ("carol", accepted, ["Films"])
    assert len(await asyncio.to_thread(account.users)) == accepted
    again = await control("POST", "shares", body, status=409)
    assert "already shared" in again["error"]


async def test_a_library_button_says_what_will_be_open(plex, world, session):
    """Each button carries the list that will be; the last open library cannot be closed."""
    (share,) = shared(world, "bob")
    people = await region(plex, session, "people")
    films, series = (
        re.search(rf'<button[^>]*id="open-{share.share_id}-{number}"[^>]*>', people)[0]
        for number in (FILMS, SERIES)
    )
    assert 'aria-pressed="true"' in films
    assert "disabled" in films
    assert 'aria-pressed="false"' in series
    assert f"[{FILMS}, {SERIES}]" in series


async def test_a_share_by_hand_blocks_the_bots_own(world, control, account, server):
    """Whoever holds a share already is "already sharing" to an invite."""
    await control("POST", "shares", {"login": "bob"})
    with pytest.raises(BadRequest, match="already sharing"):
        await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
