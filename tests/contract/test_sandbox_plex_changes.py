"""A share is changed, taken back and made anew: libraries, settings, friends, left-over rows."""

import asyncio

import pytest
from plexapi.exceptions import BadRequest, NotFound

from sandbox.plex import PlexWorld
from sandbox.plex.model import Invitation, Share

JSON = {"Accept": "application/json"}
FILMS, SERIES, KIDS = 90000001, 90000002, 90000005
SHARES = "https://clients.plex.tv/api/v2/shared_servers"
OWNED = "/api/v2/shared_servers/owned"
SETTINGS = {
    *("allowSync", "allowChannels", "allowCameraUpload"),
    *("filterMovies", "filterTelevision", "filterMusic"),
}


def shared(world: PlexWorld, login: str = "bob", *, accepted: bool = True) -> Share:
    """A share of the films."""
    share = world.invite(Invitation(world.server.machine_identifier, (FILMS,), login=login))
    return world.accept(share.share_id) if accepted and not share.accepted else share


def cabin(world: PlexWorld, login: str = "bob") -> Share:
    """An accepted share of another server of the same owner's."""
    other = world.add_server("Cabin")
    attic = world.add_library("Attic", "movie", other)
    share = world.invite(Invitation(other.machine_identifier, (attic.id,), login=login))
    return share if share.accepted else world.accept(share.share_id)


# -- changing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("accepted", [True, False])
async def test_libraries_are_changed_alone(world, account, session, accepted):
    """v2 changes the libraries of an accepted or pending share, which keeps id and settings."""
    share = shared(world, accepted=accepted)
    share.settings.update({"allowSync": True, "filterMovies": "label=a"})
    changed = await asyncio.to_thread(
        account.query,
        f"{SHARES}/{share.share_id}",
        method=session.post,
        headers=JSON,
        json={"librarySectionIds": [SERIES, KIDS]},
    )
    assert (changed["id"], changed["accepted"]) == (share.share_id, accepted)
    assert [library["id"] for library in changed["libraries"]] == [SERIES, KIDS]
    assert changed["sharingSettings"]["allowSync"] is True
    assert changed["sharingSettings"]["filterMovies"] == "label=a"


async def test_settings_are_changed_alone(world, ask):
    """A change that names no libraries leaves them, also those of a share of all."""
    share = shared(world)
    path = f"/api/v2/shared_servers/{share.share_id}"
    answer = await ask("POST", path, json={"settings": {"allowChannels": True}}, headers=JSON)
    assert answer.json()["sharingSettings"]["allowChannels"] is True
    assert (share.section_ids, share.all_libraries) == ([FILMS], False)


async def test_an_unknown_section_changes_nothing(world, ask):
    """One wrong section id is 404 code 1002, and neither libraries nor settings have changed."""
    share = shared(world)
    body = {"librarySectionIds": [SERIES, 4], "settings": {"allowSync": True}}
    path = f"/api/v2/shared_servers/{share.share_id}"
    answer = await ask("POST", path, json=body, headers=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1002)
    assert share.section_ids == [FILMS]
    assert share.settings.flags["allowSync"] is False


@pytest.mark.parametrize("body", [[], {"settings": "all"}, {"librarySectionIds": "1"}])
async def test_a_change_of_the_wrong_shape_is_refused(world, ask, body):
    """A body that makes no sense is 404 code 1002 too."""
    share = shared(world)
    answer = await ask("POST", f"/api/v2/shared_servers/{share.share_id}", json=body, headers=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1002)
    assert share.section_ids == [FILMS]


@pytest.mark.parametrize("named", [[], None])
async def test_naming_no_library_opens_all(world, ask, named):
    """An empty or absent list opens every library, those that come later included."""
    share = shared(world, accepted=False)
    path = f"/api/v2/shared_servers/{share.share_id}"
    answer = await ask("POST", path, json={"librarySectionIds": named}, headers=JSON)
    assert answer.json()["allLibraries"] is True
    assert world.add_library("Anime", "show").id in share.section_ids


async def test_v1_puts_libraries_too(world, ask):
    """v1 changes a share by PUT; there too an empty list opens all, a wrong one is refused."""
    share = shared(world)
    path = f"/api/servers/{world.server.machine_identifier}/shared_servers/{share.share_id}"
    for ids, opened in (([KIDS], [KIDS]), ([4], [KIDS]), ([], world.shares[0].server.libraries)):
        await ask("PUT", path, json={"shared_server": {"library_section_ids": ids}})
        assert len(share.section_ids) == len(opened)
    assert share.all_libraries


# -- settings ---------------------------------------------------------------------------------


async def test_every_row_tells_the_settings(world, account, ask):
    """Pending and accepted rows, lists and single ones, all hold flags and filters."""
    shared(world)
    shared(world, "carol", accepted=False)
    for path in (f"{OWNED}/accepted", f"{OWNED}/pending"):
        (row,) = (await ask("GET", path, headers=JSON)).json()
        assert set(row["sharingSettings"]) >= SETTINGS
        one = await ask("GET", f"/api/v2/shared_servers/{row['id']}", headers=JSON)
        assert one.json()["sharingSettings"] == row["sharingSettings"]


async def test_settings_are_the_persons_on_every_server(world, account, server, session):
    """Set by v1's invite, by `sharing_settings` or by `sharings`, they show in all their rows."""
    away = cabin(world)
    wish = {"filterTelevision": {"label": ["kids"]}, "allowChannels": True}
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"], **wish)
    await asyncio.to_thread(
        account.query,
        "https://plex.tv/api/v2/sharing_settings",
        method=session.post,
        headers=JSON,
        json={"invitedId": 2001, "settings": {"allowCameraUpload": True}},
    )
    await asyncio.to_thread(account.updateFriend, "bob", server, allowSync=True)
    rows = await asyncio.to_thread(account.query, f"{SHARES}/owned/accepted", headers=JSON)
    assert {row["id"] for row in rows} >= {away.share_id}
    for row in rows:
        assert row["sharingSettings"] == {
            "allowSync": True,
            "allowChannels": True,
            "allowCameraUpload": True,
            "filterAll": "",
            "filterMovies": "",
            "filterTelevision": "label=kids",
            "filterMusic": "",
            "filterPhotos": "",
        }


async def test_somebody_elses_settings_are_nobodys_business(world, ask):
    """Only the owner sets what a person may do."""
    bob = shared(world).account
    body = {"invitedId": 2001, "settings": {"allowSync": True}}
    answer = await ask(
        "POST", "/api/v2/sharing_settings", json=body, headers={"X-Plex-Token": bob.token}
    )
    assert answer.status_code == 403


# -- taking back and sharing again ------------------------------------------------------------


async def test_taking_a_share_back_leaves_the_other_servers(world, account, session):
    """DELETE of one share ends it alone: the person keeps the other server and stays a friend."""
    here, away = shared(world), cabin(world)
    url = f"{SHARES}/{here.share_id}"
    await asyncio.to_thread(account.query, url, method=session.delete, headers=JSON)
    assert world.shares == [away]
    (user,) = await asyncio.to_thread(account.users)
    assert [held.id for held in user.servers] == [away.share_id]
    with pytest.raises(NotFound):
        await asyncio.to_thread(account.query, url, headers=JSON)


@pytest.mark.parametrize("login", ["bob", "bob@example.org", "BOB@Example.org"])
async def test_a_friend_has_a_new_share_at_once(world, account, server, login):
    """Whoever is a friend already, by whatever name, need not accept the next share."""
    old = shared(world)
    world.revoke(old)
    await asyncio.to_thread(account.inviteFriend, login, server, ["Kids"])
    (share,) = world.shares
    assert share.accepted
    assert share.share_id != old.share_id
    (user,) = await asyncio.to_thread(account.users)
    assert user.servers[0].id == share.share_id


async def test_plex_can_demand_a_fresh_acceptance(world, account, server):
    """With `fresh_acceptance` a friend's new share waits, until they accept."""
    world.fresh_acceptance = True
    world.revoke(shared(world))
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    assert not world.shares[0].accepted
    world.accept(world.shares[0].share_id)
    assert world.shares[0].accepted


async def test_who_is_no_friend_any_more_accepts_anew(world, account, server):
    """After `removeFriend` the next share waits as the first one did."""
    shared(world)
    await asyncio.to_thread(account.removeFriend, "bob")
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    assert not world.shares[0].accepted


# -- rows left behind -------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["v1", "v2"])
async def test_a_withdrawn_share_can_leave_a_row_behind(world, account, server, ask, api):
    """With `orphans` the withdrawn invite's row stays in v1's list alone, and blocks the next."""
    world.orphans = True
    share = shared(world, accepted=False)
    url = f"{SHARES}/{share.share_id}"
    await ask("DELETE", url)
    for path in ("owned/pending", "owned/accepted", "invites/owned/pending"):
        assert (await ask("GET", f"/api/v2/shared_servers/{path}", headers=JSON)).json() == []
    assert (await ask("GET", f"/api/v2/shared_servers/{share.share_id}")).status_code == 404
    assert await asyncio.to_thread(account.users) == []
    with pytest.raises(BadRequest, match="already sharing"):
        await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    rows = f"https://plex.tv/api/servers/{world.server.machine_identifier}/shared_servers"
    (orphan,) = (await asyncio.to_thread(account.query, rows)).findall("SharedServer")
    assert orphan.get("id") == str(share.share_id)
    sweep = url if api == "v2" else f"{rows}/{share.share_id}"
    await ask("DELETE", sweep)
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    assert [share.orphan for share in world.shares] == [False]


async def test_only_pending_shares_leave_rows_behind(world, ask):
    """An accepted share is taken back whole, `orphans` or not."""
    world.orphans = True
    share = shared(world)
    await ask("DELETE", f"/api/v2/shared_servers/{share.share_id}")
    assert world.shares == []


async def test_friends_are_listed_with_their_shares(world, account):
    """v1's list of friends holds id, name, address, and the share's id on each server."""
    here, away = shared(world), cabin(world)
    world.revoke(shared(world, "carol"))
    bob, carol = await asyncio.to_thread(account.users)
    assert (bob.id, bob.username, bob.email) == (2001, "bob", "bob@example.org")
    assert {(held.name, held.id) for held in bob.servers} == {
        ("Home Media", here.share_id),
        ("Cabin", away.share_id),
    }
    assert (carol.id, carol.email, carol.servers) == (2002, "carol@example.org", [])
