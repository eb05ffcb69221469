"""The page for people and the control interface behind it."""

import asyncio
import re
import sys

import pytest
import requests

from sandbox.plex import Fault, PlexWorld
from sandbox.plex.model import Invitation


@pytest.fixture
def control(plex, session):
    """One order to the sandbox; the answer's JSON, after its status was compared."""

    async def order(method: str, path: str, body=None, *, status: int = 200, headers=None):
        url = f"{plex.base_url}/sandbox/api/{path}"
        answer = await asyncio.to_thread(
            session.request, method, url, json=body, headers=headers, timeout=5
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    return order


def invite(world: PlexWorld, login: str = "bob"):
    """A pending share of the films."""
    return world.invite(Invitation(world.server.machine_identifier, (90000001,), login=login))


async def regions(plex, session) -> dict[str, str]:
    """What the page shows now, by region."""
    url = plex.base_url + "/sandbox/api/view"
    return (await asyncio.to_thread(session.get, url, timeout=5)).json()


async def test_a_person_accepts_by_the_page(world, account, control):
    """Accepting on the page moves the share into the lists that the owner reads."""
    share = invite(world)
    await control("POST", f"shares/{share.share_id}/accept")
    (user,) = await asyncio.to_thread(account.users)
    assert user.username == "bob"
    await control("POST", f"shares/{share.share_id}/leave")
    assert world.shares == []


async def test_a_person_declines_by_the_page(world, control):
    """Declining ends the invite."""
    share = invite(world)
    await control("POST", f"shares/{share.share_id}/decline")
    assert world.shares == []


async def test_streams_by_the_page(plex, world, server, session, control):
    """Somebody presses play, pauses and stops: Plex's own list of sessions follows."""
    world.streams.clear()
    bob = next(account for account in world.accounts if account.username == "bob")
    await control("POST", "streams", {"account_id": bob.id, "title": "Sintel"})
    await control("POST", "streams/0/pause")
    [watched] = await asyncio.to_thread(server.sessions)
    assert (watched.title, watched.usernames, watched.player.state) == ("Sintel", ["bob"], "paused")
    assert "Stop: Sintel" in (await regions(plex, session))["streams"]
    await control("DELETE", "streams/0")
    assert await asyncio.to_thread(server.sessions) == []
    assert "Nobody is watching" in (await regions(plex, session))["streams"]
    await control("DELETE", "streams/0", status=404)
    await control("POST", "streams", {"account_id": 1, "title": "x"}, status=404)
    await control("POST", "streams", {"account_id": bob.id, "title": " "}, status=400)


async def test_accepting_without_an_account_makes_one(world, control):
    """Whoever was invited by address signs up with it."""
    share = invite(world, "new@example.org")
    await control("POST", f"shares/{share.share_id}/accept")
    assert share.account.username == "new"
    assert share.account.email == "new@example.org"


async def test_what_the_state_does_not_allow_is_409(world, control):
    """Accepting twice or leaving what was not accepted is refused with a sentence."""
    share = invite(world)
    assert "not accepted" in (await control("POST", "shares/5001/leave", status=409))["error"]
    world.accept(share.share_id)
    assert "not pending" in (await control("POST", "shares/5001/accept", status=409))["error"]
    assert "not pending" in (await control("POST", "shares/5001/decline", status=409))["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "shares/9/accept"),
        ("DELETE", "libraries/9"),
        ("DELETE", "faults/9"),
        ("POST", "presets/earthquake"),
    ],
)
async def test_what_is_not_there_is_404(control, method, path):
    """Unknown ids are named in the answer."""
    assert "not found" in (await control(method, path, status=404))["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("libraries", {}),
        ("libraries", {"title": " ", "type": "movie"}),
        ("libraries", {"title": "x", "type": "book"}),
        ("faults", {"kind": "earthquake"}),
        ("faults", {"knd": "hang"}),
        ("switches", {"gravity": False}),
        ("accounts", {"username": "x"}),
    ],
)
async def test_orders_that_make_no_sense_are_400(control, path, body):
    """A body with missing, wrong or unknown fields changes nothing."""
    await control("POST", path, body, status=400)


async def test_libraries_come_and_go(world, control):
    """A library added on the page has both ids, and can be removed by its section."""
    made = await control("POST", "libraries", {"title": "Anime", "type": "show"})
    assert made.items() >= {"id": 90000006, "key": 6, "title": "Anime", "type": "show"}.items()
    await control("DELETE", f"libraries/{made['id']}")
    assert len(world.server.libraries) == 5


async def test_faults_come_and_go(world, control, ask):
    """A fault set over HTTP works like one set in Python."""
    made = await control("POST", "faults", {"kind": "status", "status": 502, "match": "GET /api/*"})
    assert (await ask("GET", "/api/v2/user")).status_code == 502
    assert [fault["id"] for fault in await control("GET", "faults")] == [made["id"]]
    await control("DELETE", f"faults/{made['id']}")
    await control("POST", "presets/slow")
    await control("DELETE", "faults")
    assert len(world.faults) == 0


async def test_a_preset_is_a_switch(world, control):
    """The first press switches it on, the second off."""
    assert await control("POST", "presets/empty") == {"active": True}
    assert [fault.label for fault in world.faults] == ["empty"]
    assert await control("POST", "presets/empty") == {"active": False}
    assert len(world.faults) == 0


async def test_the_token_dies_and_mends(control, ask):
    """Revoked it is 422, revoked as invalid 401, mended 200."""
    for path, body, status in (
        ("token/revoke", None, 422),
        ("token/revoke", {"invalid": True}, 401),
        ("token/mend", None, 200),
    ):
        await control("POST", path, body)
        assert (await ask("GET", "/api/v2/user")).status_code == status


async def test_somebody_signs_in_by_code(world, control):
    """A pin is allowed for an account."""
    pin = world.keys.open_pin("client", "Helpr", strong=True)
    await control("POST", f"pins/{pin.id}/allow", {"account_id": 2001})
    assert world.keys.bearer(pin.token).username == "bob"
    await control("POST", f"pins/{pin.id}/allow", {"account_id": 4}, status=404)


async def test_somebody_joins_plex(world, control):
    """A new account takes over the invite that waited for its address."""
    share = invite(world, "new@example.org")
    made = await control("POST", "accounts", {"username": "nina", "email": "new@example.org"})
    assert share.account_id == made["id"]
    again = {"username": "NINA", "email": "other@example.org"}
    assert "taken" in (await control("POST", "accounts", again, status=409))["error"]


async def test_switches_change_the_rules(world, control):
    """Seats, removed endpoints, orphans, acceptance and lag can be set from outside."""
    wish = {
        "seat_limit": 2,
        "v1_invites_gone": False,
        "orphans": True,
        "fresh_acceptance": True,
        "listing_lag": 1.5,
    }
    await control("POST", "switches", wish)
    assert (await control("GET", "state"))["switches"] == wish


async def test_the_state_tells_everything(plex, world, control):
    """The state names owner, server, seats, libraries, accounts, shares and faults."""
    invite(world)
    world.faults.add(Fault(kind="hang", label="mine"))
    state = await control("GET", "state")
    assert state["base_url"] == plex.base_url
    assert state["owner"]["token"] == plex.owner_token
    assert state["seats"] == {"taken": 1, "limit": 100}
    assert [share["username"] for share in state["shares"]] == ["bob"]
    assert [fault["label"] for fault in state["faults"]] == ["mine"]


async def test_requests_can_be_read_and_forgotten(world, control, ask):
    """Orders and the page are never among the recorded requests."""
    await ask("GET", "/api/v2/ping")
    (record,) = await control("GET", "requests")
    assert (record["method"], record["path"], record["status"]) == ("GET", "/api/v2/ping", 200)
    await control("DELETE", "requests")
    assert world.requests == []


async def test_starting_over(plex, world, control, ask):
    """A reset brings back the beginning, at the same address."""
    invite(world)
    world.add_library("Anime", "show")
    world.faults.add(Fault(kind="hang"))
    world.revoke_token()
    await control("POST", "reset")
    assert (world.shares, len(world.faults), len(world.server.libraries)) == ([], 0, 5)
    assert world.server.base_url == plex.base_url
    assert (await ask("GET", "/api/v2/user")).status_code == 200


async def test_another_site_may_not_steer(world, control):
    """A page from elsewhere cannot press these buttons through the reader's browser."""
    headers = {"Origin": "https://elsewhere.example"}
    await control("POST", "presets/hang", status=403, headers=headers)
    assert len(world.faults) == 0


async def test_the_page_is_whole_without_scripts(plex, world, session):
    """The page comes filled, loads nothing from elsewhere, and is not recorded."""
    invite(world)
    answer = await asyncio.to_thread(session.get, plex.page_url, timeout=5)
    assert "Sandbox Plex" in answer.text
    assert "bob@example.org" in answer.text
    links = re.findall(r'(?:href|src)="([^"]*)"', answer.text)
    assert all(link.startswith(("/sandbox/assets/", "data:")) for link in links)
    for link in links:
        if link.startswith("/"):
            found = await asyncio.to_thread(session.get, plex.base_url + link, timeout=5)
            assert found.status_code == 200
    assert world.requests == []


async def test_buttons_have_names_and_ids(plex, world, session):
    """A button says what it does and for whom, and can be found by action and share."""
    share = invite(world)
    people = (await regions(plex, session))["people"]
    for action, name in (("accept", "Accept as bob"), ("decline", "Decline as bob")):
        (button,) = re.findall(rf"<button[^>]*data-action=\"{action}\"[^>]*>", people)
        assert f'data-share="{share.share_id}"' in button
        assert f'aria-label="{name}"' in button
    world.accept(share.share_id)
    people = (await regions(plex, session))["people"]
    assert 'aria-label="Leave as bob"' in people
    assert 'data-action="accept"' not in people


async def test_names_typed_by_people_stay_text(plex, world, session):
    """Markup in a name, address, library or code is shown, never obeyed."""
    nasty = "<img src=x onerror=alert(1)>\"&'"
    world.add_library(nasty, "movie")
    world.invite(Invitation(world.server.machine_identifier, login=f"{nasty}@example.org"))
    world.add_account(nasty, "nasty@example.org")
    world.keys.open_pin("client", nasty, strong=False)
    world.faults.add(Fault(match=nasty))
    for markup in (await regions(plex, session)).values():
        assert "<img" not in markup
        assert 'onerror=alert(1)>"' not in markup


async def test_the_page_shows_what_went_wrong(plex, world, session, ask):
    """The latest requests stand on the page with their outcome."""
    await ask("GET", "/api/v2/nothing")
    shown = await regions(plex, session)
    assert ">404<" in shown["requests"]
    world.faults.add(Fault(kind="hang"))
    assert "1 fault on" in (await regions(plex, session))["summary"]


async def test_the_sign_in_page_leads_to_the_sandbox(plex, session):
    """A sign-in link that names this machine in place of app.plex.tv opens the page."""
    answer = await asyncio.to_thread(session.get, plex.base_url + "/auth", timeout=5)
    assert answer.url == plex.page_url


@pytest.mark.slow
async def test_it_runs_alone():
    """As a module it prints its addresses, serves, and ends when it is told to."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.plex", "--port", "0"), stdout=asyncio.subprocess.PIPE
    )
    try:
        first = await asyncio.wait_for(process.stdout.readline(), 20)
        url = first.decode().split()[-1]
        answer = await asyncio.to_thread(requests.get, url, timeout=5, proxies={"http": ""})
        assert "Sandbox Plex" in answer.text
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 5) == 0
        process._transport.close()
