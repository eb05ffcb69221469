"""Real PlexAPI shares through the sandbox: invite, read back, change, take back, and the traps."""

import asyncio
import json
import logging

import pytest
from plexapi.exceptions import BadRequest, NotFound

from sandbox.plex import PlexWorld
from sandbox.plex.model import Account, Invitation

INVITES = "/api/servers/M/shared_servers"
JSON = {"Accept": "application/json"}
PENDING = "https://clients.plex.tv/api/v2/shared_servers/owned/pending"


def lines(world: PlexWorld) -> list[str]:
    """Every request so far, the machine identifier written as M."""
    return [r.line.replace(world.server.machine_identifier, "M") for r in world.requests]


def befriend(world: PlexWorld, login: str = "bob") -> Account:
    """A friend of the owner's who holds no share."""
    wish = Invitation(world.server.machine_identifier, (90000001,), login=login)
    share = world.accept(world.invite(wish).share_id)
    world.leave(share.share_id)
    assert share.account
    return share.account


async def test_an_invite_is_two_requests_and_pending(world, account, server):
    """Inviting reads plex.tv's section ids, then posts; the share waits for the person."""
    world.requests.clear()
    answer = await asyncio.to_thread(account.inviteFriend, "bob@example.org", server, ["Films"])
    assert lines(world) == ["GET /api/servers/M", f"POST {INVITES}"]
    (share,) = world.shares
    assert (share.account_id, share.username, share.accepted) == (2001, "bob", False)
    assert (share.section_ids, share.all_libraries) == ([90000001], False)
    element = answer.find("SharedServer")
    assert element.get("id") == str(share.share_id)
    assert element.get("userID") == "2001"
    assert element.get("invitedAt")
    assert element.get("acceptedAt") is None
    shared = [s.get("title") for s in element.findall("Section") if s.get("shared") == "1"]
    assert shared == ["Films"]


async def test_the_body_of_an_invite_is_as_documented(world, account, server):
    """Ids are numbers, flags are "0" and "1", filters are one string each."""
    await asyncio.to_thread(
        account.inviteFriend,
        "x@example.org",
        server,
        ["Films"],
        filterMovies={"contentRating": ["G", "PG"], "label!": ["a b"]},
    )
    assert world.requests[-1].body == {
        "server_id": world.server.machine_identifier,
        "shared_server": {"library_section_ids": [90000001], "invited_email": "x@example.org"},
        "sharing_settings": {
            "allowSync": "0",
            "allowCameraUpload": "0",
            "allowChannels": "0",
            "filterMovies": "contentRating=G%2CPG|label!=a b",
            "filterTelevision": "",
            "filterMusic": "",
        },
    }
    assert world.shares[0].settings.filters["filterMovies"] == "contentRating=G%2CPG|label!=a b"


async def test_flags_arrive_with_the_invite(world, account, server):
    """What an invite allows is kept for the person."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"], allowSync=True)
    assert world.shares[0].settings.flags == {
        "allowSync": True,
        "allowChannels": False,
        "allowCameraUpload": False,
    }


@pytest.mark.parametrize("sections", [None, []])
async def test_no_sections_means_all_libraries(world, account, server, sections):
    """An empty list shares EVERYTHING, also libraries that come later, in one request."""
    world.requests.clear()
    await asyncio.to_thread(account.inviteFriend, "bob", server, sections)
    assert lines(world) == [f"POST {INVITES}"]
    assert world.shares[0].all_libraries
    anime = world.add_library("Anime", "show")
    assert anime.id in world.shares[0].section_ids


async def test_an_invite_for_an_unknown_address_has_no_account(world, account, server):
    """Whoever has no Plex account is invited by address alone."""
    answer = await asyncio.to_thread(account.inviteFriend, "new@example.org", server, ["Films"])
    assert world.shares[0].account_id is None
    assert world.shares[0].invited_email == "new@example.org"
    assert answer.find("SharedServer").get("userID") is None
    joined = world.add_account("newbie", "NEW@example.org")
    assert world.shares[0].account is joined


async def test_only_accepted_people_are_users(world, account, server):
    """A pending share is in no list of users; an accepted one is, with the share's id."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films", "Kids"])
    assert await asyncio.to_thread(account.users) == []
    share = world.accept(world.shares[0].share_id)
    (user,) = await asyncio.to_thread(account.users)
    assert (user.id, user.username, user.email) == (2001, "bob", "bob@example.org")
    (held,) = user.servers
    assert (held.id, held.pending, held.numLibraries) == (share.share_id, False, 2)
    sections = await asyncio.to_thread(held.sections)
    assert [s.title for s in sections if s.shared] == ["Films", "Kids"]
    assert len(sections) == 5
    token = await asyncio.to_thread(user.get_token, world.server.machine_identifier)
    assert token == share.access_token


async def test_friends_are_never_called_friends(world, account):
    """PlexAPI's `friend` is always false and `restricted` is text."""
    befriend(world)
    (user,) = await asyncio.to_thread(account.users)
    assert user.friend is False
    assert user.restricted == "0"


async def test_another_persons_title_can_shadow_an_address(world, account):
    """Looking somebody up by address finds whoever is listed earlier under that title."""
    for login in ("bob", "carol"):
        befriend(world, login)
    world.accounts[1].title = "carol@example.org"
    found = await asyncio.to_thread(account.user, "carol@example.org")
    assert found.username == "bob"


async def test_changed_libraries_are_put(world, account, server):
    """Other libraries for an existing share go to the share itself, which keeps its id."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    share = world.accept(world.shares[0].share_id)
    world.requests.clear()
    await asyncio.to_thread(account.updateFriend, "bob", server, ["Kids", "Music"])
    assert lines(world)[-1] == f"PUT {INVITES}/{share.share_id}"
    assert sorted(world.shares[0].section_ids) == [90000003, 90000005]


async def test_flags_belong_to_the_person_not_to_the_server(world, account, server):
    """Changing a flag for one server changes it on every server of the owner's."""
    cabin = world.add_server("Cabin")
    attic = world.add_library("Attic", "movie", cabin)
    here = Invitation(world.server.machine_identifier, (90000001,), login="bob")
    world.accept(world.invite(here).share_id)
    world.invite(Invitation(cabin.machine_identifier, (attic.id,), login="bob"))
    await asyncio.to_thread(account.updateFriend, "bob", server, allowSync=True)
    assert [share.settings.flags["allowSync"] for share in world.shares] == [True, True]
    await asyncio.to_thread(account.removeFriend, "bob")
    assert world.shares == []


async def test_changing_a_flag_can_share_every_library(world, account, server):
    """A friend without a share is given ALL libraries by a mere change of a flag."""
    bob = befriend(world)
    await asyncio.to_thread(account.updateFriend, "bob", server, allowSync=True)
    (share,) = world.shares
    assert share.account is bob
    assert share.all_libraries


async def test_a_friend_invited_by_id_has_access_at_once(world, account, server):
    """What is shared with a friend by id needs no accepting."""
    befriend(world)
    await asyncio.to_thread(account.updateFriend, "bob", server, ["Films"])
    assert world.shares[0].accepted


async def test_removing_sections_without_naming_any_does_nothing(world, account, server):
    """`removeSections=True` and `sections=[]` leave an existing share as it is."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    world.accept(world.shares[0].share_id)
    await asyncio.to_thread(account.updateFriend, "bob", server, removeSections=True)
    await asyncio.to_thread(account.updateFriend, "bob", server, sections=[])
    assert world.shares[0].section_ids == [90000001]


async def test_a_music_filter_is_never_sent(world, account, server):
    """PlexAPI tests the wrong argument, so `filterMusic` stays behind."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    world.accept(world.shares[0].share_id)
    world.requests.clear()
    filters = {"filterMusic": {"label": ["a"]}, "filterMovies": {"label": ["a"]}}
    await asyncio.to_thread(account.updateFriend, "bob", server, **filters)
    assert "filterMusic" not in world.requests[-1].query
    assert world.shares[0].settings.filters["filterMovies"] == "label=a"
    assert world.shares[0].settings.filters["filterMusic"] == ""


async def test_a_filter_given_as_text_is_split_into_letters(world, account, server):
    """A filter's values must be a list; text becomes its letters."""
    wish = {"filterMovies": {"label": "abc"}}
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"], **wish)
    assert world.shares[0].settings.filters["filterMovies"] == "label=a%2Cb%2Cc"


async def test_removing_a_friend_ends_shares_and_friendship(world, account, server):
    """`removeFriend` takes everything: the person is in no list afterwards."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    world.accept(world.shares[0].share_id)
    assert await asyncio.to_thread(account.removeFriend, "bob") is None
    assert (world.shares, world.friends) == ([], set())
    assert lines(world)[-1] == "DELETE /api/v2/sharings/2001"


async def test_a_friend_remains_when_a_share_is_left(world, account):
    """Who leaves the server stays a friend, listed without any server."""
    befriend(world)
    (user,) = await asyncio.to_thread(account.users)
    assert user.servers == []


@pytest.mark.parametrize(
    ("sections", "error"),
    [(["Nothing"], KeyError), ([" Films "], KeyError), ([90000001], AttributeError)],
)
async def test_wrong_sections_break_inside_plexapi(world, account, server, sections, error):
    """Unknown or unstripped titles are a bare KeyError, numbers an AttributeError; nothing goes."""
    with pytest.raises(error):
        await asyncio.to_thread(account.inviteFriend, "bob", server, sections)
    assert world.shares == []


async def test_of_two_libraries_with_one_title_the_last_wins(world, account, server):
    """Titles are compared in small letters, and a later library takes the name."""
    double = world.add_library("FILMS", "movie")
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["films"])
    assert world.shares[0].section_ids == [double.id]


async def test_plexapi_prints_the_address_at_debug(world, account, server, caplog, monkeypatch):
    """The invited address stands in PlexAPI's DEBUG log: that logger must be kept quiet."""
    # As PlexAPI brings it, whatever has quieted it in this process before.
    monkeypatch.setattr(logging.getLogger("plexapi"), "filters", [])
    caplog.set_level(logging.DEBUG, logger="plexapi")
    await asyncio.to_thread(account.inviteFriend, "secret@example.org", server, ["Films"])
    assert "secret@example.org" in caplog.text


async def test_pending_invites_of_v1_are_gone(world, account):
    """PlexAPI's own list of invites meets 410, as often as not."""
    with pytest.raises(BadRequest, match=r"\(410\).*deprecated and removed"):
        await asyncio.to_thread(account.pendingInvites)


async def test_pending_invites_of_v1_when_they_work(world, account, server):
    """Switched on, the old list tells sent invites, in two requests."""
    world.v1_invites_gone = False
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    world.requests.clear()
    (invite,) = await asyncio.to_thread(account.pendingInvites)
    assert (invite.id, invite.username, invite.server) == (2001, "bob", True)
    assert lines(world) == ["GET /api/invites/requested", "GET /api/invites/requests"]
    await asyncio.to_thread(account.cancelInvite, invite)
    assert world.shares == []


async def test_an_invite_by_address_cannot_be_cancelled_by_plexapi(world, account, server):
    """Its id is the address, which PlexAPI reads as NaN; by name it is never found."""
    world.v1_invites_gone = False
    await asyncio.to_thread(account.inviteFriend, "new@example.org", server, ["Films"])
    (invite,) = await asyncio.to_thread(account.pendingInvites, includeReceived=False)
    with pytest.raises(NotFound):
        await asyncio.to_thread(account.cancelInvite, invite)
    assert lines(world)[-1] == "DELETE /api/invites/requested/nan"
    with pytest.raises(NotFound):
        await asyncio.to_thread(account.cancelInvite, "new@example.org")
    assert lines(world)[-1] == "GET /api/invites/requested"
    assert len(world.shares) == 1


async def test_a_withdrawn_invite_can_leave_an_orphan(world, account, server, session):
    """The orphan is in no list of invites, blocks the next invite, and is swept by DELETE."""
    world.v1_invites_gone = False
    world.orphans = True
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    await asyncio.to_thread(account.cancelInvite, "bob")
    assert await asyncio.to_thread(account.query, PENDING, headers=JSON) == []
    with pytest.raises(BadRequest, match="already sharing"):
        await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    machine = world.server.machine_identifier
    rows = await asyncio.to_thread(
        account.query, f"https://plex.tv/api/servers/{machine}/shared_servers"
    )
    (orphan,) = rows.findall("SharedServer")
    url = f"https://plex.tv/api/servers/{machine}/shared_servers/{orphan.get('id')}"
    await asyncio.to_thread(account.query, url, method=session.delete)
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    assert [share.orphan for share in world.shares] == [False]


async def test_everything_sent_is_recorded_and_nothing_else(world, account, server):
    """Records hold method, host, path, query, body, instant and status, in order of arrival."""
    await asyncio.to_thread(account.inviteFriend, "bob", server, ["Films"])
    post = world.requests[-1]
    assert (post.method, post.host, post.status) == ("POST", "plex.tv", 200)
    assert json.dumps(post.body)
    assert post.headers["accept"] == "*/*"
    assert [r.at for r in world.requests] == sorted(r.at for r in world.requests)
