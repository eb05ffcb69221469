"""Discord fails on order: by endpoint in plain words, at the gateway, and by the owner's hand."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from discord_clients import Api, asked, callback, dial, identified, webhook, wire_bot

from sandbox.discord import DiscordSandbox, Fault, failing
from sandbox.discord.menu import CLOSE_CODES, ENDPOINTS, FAILURES

LINES = {
    "answering": ("POST /interactions/1/token/callback",),
    "private answers": (
        "PATCH /webhooks/1/token/messages/@original",
        "POST /webhooks/1/token",
        "DELETE /webhooks/1/token/messages/2",
    ),
    "posting messages": ("POST /channels/1/messages",),
    "editing messages": ("PATCH /channels/1/messages/2", "DELETE /channels/1/messages/2"),
    "opening direct messages": ("POST /users/@me/channels",),
    "roles": ("PUT /guilds/1/members/2/roles/3", "DELETE /guilds/1/members/2/roles/3"),
    "members": ("GET /guilds/1/members/2", "GET /guilds/1/members"),
    "commands": ("PUT /applications/1/commands", "PUT /applications/1/guilds/2/commands"),
    "channels and guild": (
        "GET /channels/1",
        "GET /channels/1/messages/2",
        "GET /guilds/1",
        "GET /guilds/1/roles",
    ),
    "the gateway's address": ("GET /gateway/bot",),
}
OVERLAPS = {("channels and guild", "GET /guilds/1/members")}


@pytest.fixture
async def sandbox() -> AsyncIterator[DiscordSandbox]:
    """A sandbox without pages."""
    async with DiscordSandbox() as running:
        yield running


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def api(web: aiohttp.ClientSession, sandbox: DiscordSandbox) -> Api:
    """A hand-made REST client."""
    return Api(web, sandbox)


async def region(web: aiohttp.ClientSession, sandbox: DiscordSandbox, name: str) -> str:
    """What a region of the panel shows now."""
    async with web.get(f"{sandbox.panel_url}api/view") as answer:
        return str((await answer.json())[name])


# ---------------------------------------------------------------- endpoints and failures


@pytest.mark.parametrize("name", LINES)
def test_an_endpoint_in_words_is_its_requests(name: str) -> None:
    """Each name fails its own requests, and none of any other name's."""
    for other, lines in LINES.items():
        for line in lines:
            matches = Fault(endpoint=name).matches(*line.split(" "))
            assert matches is (other == name or (name, line) in OVERLAPS), line
            assert Fault(endpoint="everything").matches(*line.split(" "))


def test_every_endpoint_of_discord_has_been_thought_of() -> None:
    """The names on the panel are the ones tested here, and everything."""
    assert set(ENDPOINTS) == {"everything", *LINES}


def test_words_that_mean_nothing_are_refused() -> None:
    """Unknown endpoints and failures are named."""
    with pytest.raises(ValueError, match="the moon"):
        Fault(endpoint="the moon")
    with pytest.raises(ValueError, match="earthquake"):
        failing("earthquake")


EXPECTED: dict[str, tuple[int | None, int]] = {
    "slow": (200, 1),
    "hang": (None, 0),
    "500": (500, 0),
    "502": (502, 0),
    "503": (503, 0),
    "504": (504, 1),
    "429": (429, 0),
    "429_shared": (429, 0),
    "429_global": (429, 0),
    "30046": (429, 0),
    "50013": (403, 0),
    "10008": (404, 0),
    "10062": (404, 0),
    "drop_before": (None, 0),
    "drop_after": (None, 1),
}


def test_every_failure_of_discord_is_tried() -> None:
    """The table of what is expected knows every failure."""
    assert set(EXPECTED) == set(FAILURES)


@pytest.mark.parametrize("name", EXPECTED)
async def test_every_failure_of_discord_strikes_once(
    api: Api, sandbox: DiscordSandbox, name: str
) -> None:
    """Ordered once, it strikes one message: answered so, sent or not; the next one goes through."""
    order = {"endpoint": "posting messages", "failure": name}
    if name in {"slow", "hang"}:
        order["delay"] = 0.2  # type: ignore[assignment]
    status, made = await api.control("POST", "faults", order)
    assert (status, made["label"], made["times"]) == (201, FAILURES[name][0], 1)
    path = f"/channels/{sandbox.request_channel_id}/messages"
    assert (await api("GET", path))[0] == 200
    assert (await _posted(api, path), await _count(api, path)) == EXPECTED[name]
    assert await _posted(api, path) == 200


async def _posted(api: Api, path: str) -> int | None:
    try:
        return int((await api("POST", path, {"content": "x"}))[0])
    except aiohttp.ServerDisconnectedError:
        return None


async def _count(api: Api, path: str) -> int:
    return len((await api("GET", path))[1])


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_429_names_its_scope(api: Api, sandbox: DiscordSandbox, scope: str) -> None:
    """The scope stands in the header, and a global one in the body too."""
    name = "429" if scope == "user" else f"429_{scope}"
    sandbox.rest.faults.add(failing(name))
    _, body, headers = await api("GET", "/users/@me")
    assert (headers["X-RateLimit-Scope"], body["global"]) == (scope, scope == "global")
    assert headers["Retry-After"] == "2.0"


async def test_an_old_message_is_no_rate_limit(api: Api, sandbox: DiscordSandbox) -> None:
    """30046 is a 429 with a code and a sentence, and names no time to wait."""
    sandbox.rest.faults.add(failing("30046"))
    status, body, headers = await api("GET", "/users/@me")
    assert (status, body["code"], "Retry-After" in headers) == (429, 30046, False)
    assert "Via" not in headers


async def test_removing_a_fault_frees_who_waits_in_it(api: Api, sandbox: DiscordSandbox) -> None:
    """A request that hangs is cut off when its fault is taken back."""
    _, made = await api.control("POST", "faults", {"failure": "hang", "times": None})
    # Not a GET, which aiohttp itself asks once more when a kept connection breaks.
    path = f"/channels/{sandbox.request_channel_id}/messages"
    waiting = asyncio.create_task(api("POST", path, {"content": "x"}))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    begun = time.perf_counter()
    assert (await api.control("DELETE", f"faults/{made['id']}"))[0] == 204
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await waiting
    assert time.perf_counter() - begun < 2
    status, body = await api.control("DELETE", f"faults/{made['id']}")
    assert (status, "no such fault" in body["error"]) == (400, True)


async def test_clearing_frees_who_waits_in_a_used_up_fault(
    api: Api, sandbox: DiscordSandbox
) -> None:
    """A request that hangs in a fault's last strike is cut off when all is put in order."""
    sandbox.rest.faults.add(failing("hang"))
    path = f"/channels/{sandbox.request_channel_id}/messages"
    waiting = asyncio.create_task(api("POST", path, {"content": "x"}))
    await sandbox.until(lambda: not sandbox.rest.faults.waiting)
    sandbox.calm()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await asyncio.wait_for(waiting, 2)


async def test_the_menu_of_discords_failures_can_be_read(api: Api) -> None:
    """Whoever orders over HTTP finds the words."""
    _, menu = await api.control("GET", "menu")
    assert menu["endpoints"] == list(ENDPOINTS)
    assert set(menu["failures"]) == set(FAILURES)


@pytest.mark.parametrize("body", [{"failure": "earthquake"}, {"endpoint": "the moon"}, {"id": 3}])
async def test_orders_in_unknown_words_are_400(
    api: Api, sandbox: DiscordSandbox, body: dict[str, str]
) -> None:
    """Nothing is switched on by a slip of the pen."""
    status, answer = await api.control("POST", "faults", body)
    assert (status, list(sandbox.rest.faults.waiting)) == (400, [])
    assert str(next(iter(body.values()))) in answer["error"] or "id" in answer["error"]


# ---------------------------------------------------------------- interactions


async def test_an_interaction_can_come_twice(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """The next one arrives twice with one id; the second answer to it is refused with 40060."""
    line, _ = await identified(web, sandbox)
    assert (await api.control("POST", "interactions", {"twice": 1}))[0] == 204
    waiting, first = await asked(sandbox, line)
    second = await line.until("INTERACTION_CREATE")
    assert (second["id"], second["token"]) == (first["id"], first["token"])
    answer = {"type": 4, "data": {"content": "hi"}}
    assert (await api("POST", callback(first), answer))[0] == 204
    status, body, _ = await api("POST", callback(second), answer)
    assert (status, body["code"]) == (400, 40060)
    await waiting
    assert sandbox.gateway.twice == 0


async def test_an_interaction_can_be_too_old(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """The first answer gets 10062 although it came in time; the next interaction is well."""
    line, _ = await identified(web, sandbox)
    assert (await api.control("POST", "interactions", {"expire": 1}))[0] == 204
    waiting, interaction = await asked(sandbox, line)
    answer = {"type": 4, "data": {"content": "hi"}}
    status, body, _ = await api("POST", callback(interaction), answer)
    assert (status, body["code"]) == (404, 10062)
    sandbox.advance(3)
    assert not (await waiting).acknowledged
    waiting, interaction = await asked(sandbox, line)
    assert (await api("POST", callback(interaction), answer))[0] == 204
    assert (await waiting).acknowledged


async def test_an_answer_can_be_lost_after_it_was_shown(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """The member reads the answer, and the bot hears only a broken connection."""
    line, _ = await identified(web, sandbox)
    waiting, interaction = await asked(sandbox, line)
    await api("POST", callback(interaction), {"type": 5})
    result = await waiting
    sandbox.rest.faults.add(failing("drop_after", endpoint="private answers"))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api("PATCH", webhook(interaction), {"content": "done"})
    assert (await sandbox.finished(result)).response.content == "done"


@pytest.mark.parametrize("body", [{}, {"thrice": 1}])
async def test_unknown_orders_for_interactions_are_400(api: Api, body: dict[str, int]) -> None:
    """An order that asks for nothing, or for something unknown, is refused."""
    assert (await api.control("POST", "interactions", body))[0] == 400


# ---------------------------------------------------------------- the gateway


@pytest.mark.parametrize("code", CLOSE_CODES)
async def test_the_gateway_closes_with_any_code(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox, code: int
) -> None:
    """Each code of the panel reaches the bot as the reason of its closed connection."""
    line, _ = await identified(web, sandbox)
    await line.until("GUILD_CREATE")
    assert (await api.control("POST", "gateway", {"do": "close", "code": code}))[0] == 204
    assert await line.read() == {"close": code}


async def test_a_forgotten_session_cannot_go_on(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Closed with `forget`, the session begins anew: op 9, not resumable."""
    line, ready = await identified(web, sandbox)
    await line.until("GUILD_CREATE")
    await api.control("POST", "gateway", {"do": "close", "code": 4009, "forget": True})
    assert await line.read() == {"close": 4009}
    back = await dial(web, sandbox)
    token = {"token": sandbox.bot_token, "session_id": ready["session_id"]}
    await back.send(6, {**token, "seq": line.last})
    frame = await back.read()
    assert (frame["op"], frame["d"]) == (9, False)


async def test_a_session_can_be_interrupted(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Op 9 with true leaves the session to be resumed."""
    line, _ = await identified(web, sandbox)
    await line.until("GUILD_CREATE")
    await api.control("POST", "gateway", {"do": "invalidate", "resumable": True})
    frame = await line.read()
    assert (frame["op"], frame["d"], len(sandbox.gateway.sessions)) == (9, True, 1)


# ---------------------------------------------------------------- the owner's hand


async def test_a_deleted_message_is_announced_and_gone(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Without an id it is the latest; the bot hears of it, and its edit finds no message."""
    line, _ = await identified(web, sandbox, intents=0b11 | 1 << 9)
    path = f"/channels/{sandbox.request_channel_id}/messages"
    first, second = [(await api("POST", path, {"content": text}))[1]["id"] for text in "ab"]
    order = {"do": "delete_message", "channel": "access-requests"}
    assert (await api.control("POST", "owner", order))[0] == 204
    assert (await line.until("MESSAGE_DELETE"))["id"] == second
    status, body, _ = await api("PATCH", f"{path}/{second}", {"content": "c"})
    assert (status, body["code"]) == (404, 10008)
    order = {"do": "delete_message", "channel": str(sandbox.request_channel_id), "message": first}
    assert (await api.control("POST", "owner", order))[0] == 204
    status, body = await api.control("POST", "owner", order)
    assert (status, body["error"]) == (400, "Unknown Message")
    del order["message"]
    assert "no message" in (await api.control("POST", "owner", order))[1]["error"]


async def test_a_deleted_channel_is_announced_and_gone(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """The bot hears of it, and posting there is 10003."""
    line, _ = await identified(web, sandbox)
    channel = sandbox.request_channel_id
    order = {"do": "delete_channel", "channel": "access-requests"}
    assert (await api.control("POST", "owner", order))[0] == 204
    assert (await line.until("CHANNEL_DELETE"))["id"] == str(channel)
    status, body, _ = await api("POST", f"/channels/{channel}/messages", {"content": "x"})
    assert (status, body["code"]) == (404, 10003)
    assert (await api.control("POST", "owner", order))[1]["error"].startswith("no such channel")


async def test_a_member_gets_another_name(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """The bot hears of it, and whoever reads a mention reads that name."""
    line, _ = await identified(web, sandbox)
    order = {"do": "name", "user": "rita", "name": "محمد علي"}
    assert (await api.control("POST", "owner", order))[0] == 204
    assert (await line.until("GUILD_MEMBER_UPDATE"))["nick"] == "محمد علي"
    _, member, _ = await api("GET", f"/guilds/{sandbox.guild_id}/members/{sandbox.rita.id}")
    assert member["nick"] == "محمد علي"
    assert (await api.control("POST", "owner", {**order, "name": ""}))[0] == 204
    assert (await line.until("GUILD_MEMBER_UPDATE"))["nick"] is None
    assert (await api.control("POST", "owner", {**order, "user": "zoe"}))[0] == 400


@pytest.mark.parametrize(("right", "code"), [("view_channel", 50001), ("send_messages", 50013)])
async def test_a_right_taken_in_a_channel_refuses_messages(
    api: Api, sandbox: DiscordSandbox, right: str, code: int
) -> None:
    """Unseen is Missing Access, unwritable Missing Permissions; given back, all is well."""
    path = f"/channels/{sandbox.request_channel_id}/messages"
    order = {"do": "deny", "channel": "access-requests", "rights": [right]}
    assert (await api.control("POST", "owner", order))[0] == 204
    assert sandbox.owner.denied(sandbox.request_channel_id) == {right}
    status, body, _ = await api("POST", path, {"content": "x"})
    assert (status, body["code"]) == (403, code)
    order = {"do": "allow", "channel": "access-requests"}
    assert (await api.control("POST", "owner", order))[0] == 204
    assert (await api("POST", path, {"content": "x"}))[0] == 200


async def test_nonsense_of_the_owner_is_400(api: Api) -> None:
    """Unknown deeds, rights and channels are named."""
    for order, named in (
        ({"do": "dance"}, "dance"),
        ({"do": "deny", "channel": "get-access", "rights": ["fly"]}, "fly"),
        ({"do": "deny", "channel": "nowhere", "rights": []}, "nowhere"),
        ({"do": "add_bot"}, "in the guild"),
        ({}, "do"),
    ):
        status, body = await api.control("POST", "owner", order)
        assert (status, named in body["error"]) == (400, True)


async def test_a_bot_that_is_shown_the_door(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """It hears GUILD_DELETE, nothing more from there, and whatever it asks for is refused."""
    line, _ = await identified(web, sandbox)
    await line.until("GUILD_CREATE")
    guild, channel = sandbox.guild_id, sandbox.request_channel_id
    assert (await api.control("POST", "owner", {"do": "remove_bot"}))[0] == 204
    assert await line.until("GUILD_DELETE") == {"id": str(guild)}
    for method, path, code in (
        ("GET", f"/guilds/{guild}", 10004),
        ("GET", f"/guilds/{guild}/members/{sandbox.bob.id}", 50001),
        ("GET", f"/channels/{channel}", 50001),
        ("POST", f"/channels/{channel}/messages", 50001),
    ):
        assert (await api(method, path, {"content": "x"}))[1]["code"] == code, path
    assert (await api("GET", "/users/@me/guilds"))[1] == []
    user = sandbox.env.create_user("dora")
    sandbox.world.guild.add_member(user)
    sandbox.world.guild.remove_member(user)
    assert (await api.control("POST", "owner", {"do": "remove_bot"}))[0] == 400
    assert (await api.control("POST", "owner", {"do": "add_bot"}))[0] == 204
    assert (await line.until("GUILD_CREATE"))["name"] == "Home Media"
    assert "GUILD_MEMBER_ADD" not in line.seen
    assert (await api("POST", f"/channels/{channel}/messages", {"content": "x"}))[0] == 200
    assert len((await api("GET", "/users/@me/guilds"))[1]) == 1


async def test_a_new_session_of_a_removed_bot_has_no_guild(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Who starts while removed finds no guild in READY, and gets it when let in."""
    sandbox.owner.remove_bot()
    line, ready = await identified(web, sandbox)
    assert ready["guilds"] == []
    sandbox.owner.add_bot()
    assert (await line.until("GUILD_CREATE"))["id"] == str(sandbox.guild_id)


async def test_a_removed_bot_hears_no_commands(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """What people press there goes unanswered."""
    line, _ = await identified(web, sandbox)
    sandbox.backend.register_commands(None, [{"name": "hello", "description": "Hello"}])
    sandbox.owner.remove_bot()
    await line.until("GUILD_DELETE")
    waiting = asyncio.create_task(sandbox.bob.slash(sandbox.world.get_access, "hello"))
    await asyncio.sleep(0.1)
    sandbox.advance(3)
    assert not (await waiting).acknowledged
    sandbox.owner.add_bot()
    await line.until("GUILD_CREATE")
    assert "INTERACTION_CREATE" not in line.seen


@pytest.mark.slow
async def test_a_real_bot_serves_again_when_let_in(sandbox: DiscordSandbox) -> None:
    """discord.py takes the removal and the return; commands work as before."""
    async with wire_bot(sandbox):
        sandbox.owner.remove_bot()
        sandbox.owner.add_bot()
        form = await sandbox.bob.slash(sandbox.world.get_access, "invite")
        assert form.acknowledged
        assert sandbox.rest.gaps == []


# ---------------------------------------------------------------- the panel


async def test_the_panel_shows_what_is_out_of_order(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Every fault stands there in words, with a button that ends it; `calm` ends them all."""
    assert "No fault is on" in await region(web, sandbox, "faults")
    sandbox.rest.faults.add(failing("503", endpoint="roles", times=None))
    sandbox.rest.faults.add(Fault(path="/users/*", status=418, message="Teapot"))
    sandbox.set_dms(sandbox.bob, open_=False)
    sandbox.owner.deny_bot(sandbox.request_channel_id, "view_channel")
    sandbox.owner.remove_bot()
    sandbox.gateway.refusing = True
    sandbox.repeat_interactions(2)
    shown = await region(web, sandbox, "faults")
    for text in (
        "503: Discord is away",
        "Roles · until switched off",
        "418: Teapot",
        "* /users/* · once",
        "New connections are refused",
        "Delivered twice",
        "#access-requests: view_channel",
        "The bot is not in the server",
        "Direct messages are closed",
    ):
        assert text in shown
    assert "7 faults on" in await region(web, sandbox, "summary")
    async with web.post(f"{sandbox.panel_url}api/calm") as answer:
        assert answer.status == 204
    assert "No fault is on" in await region(web, sandbox, "faults")
    assert sandbox.owner.bot_is_in


async def test_the_panel_is_whole_without_scripts(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """It comes filled, loads nothing from elsewhere, and offers every word and code."""
    async with web.get(sandbox.panel_url) as answer:
        text = await answer.text()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<!-- " not in text
    links = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert all(link.startswith(("/sandbox/assets/", "data:")) for link in links)
    for link in links:
        if link.startswith("/"):
            async with web.get(sandbox.base_url + link) as found:
                assert found.status == 200
    offered = re.findall(r'<option value="([^"]*)"', text)
    assert set(offered) >= {*FAILURES, *map(str, CLOSE_CODES)}
    assert not sandbox.requests


async def test_every_order_on_the_panel_is_one_that_is_obeyed(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """No button or form sends an order that the control interface does not know."""
    sandbox.rest.faults.add(Fault())
    async with web.get(sandbox.panel_url) as answer:
        text = await answer.text()
    orders = {tuple(found.split(" ")) for found in re.findall(r'data-order="([^"]*)"', text)}
    assert len(orders) >= 7
    routed = aiohttp.web.Application()
    routed.add_routes(sandbox.control_routes())
    for method, path in orders:
        asked_for = make_mocked_request(method, f"/sandbox/api/{path}")
        assert (await routed.router.resolve(asked_for)).http_exception is None, (method, path)


@pytest.mark.parametrize(
    ("state", "buttons"),
    [("ready", ["kill", "stop"]), ("starting", ["kill", "stop"]), ("ended", ["start"])],
)
async def test_the_panel_rules_the_bots_process_where_it_can(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox, state: str, buttons: list[str]
) -> None:
    """In the demo the bot can be killed and started; elsewhere the panel says that it cannot."""
    assert "started elsewhere" in await region(web, sandbox, "process")
    sandbox.bot_process = lambda: state
    shown = await region(web, sandbox, "process")
    assert f"{state}</strong>" in shown
    assert re.findall(r'id="bot-(\w+)"', shown) == buttons


async def test_requests_on_the_panel_hold_no_token(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Ids and tokens in paths are written as what they are."""
    line, _ = await identified(web, sandbox)
    waiting, interaction = await asked(sandbox, line)
    await api("POST", callback(interaction), {"type": 4, "data": {"content": "x"}})
    await waiting
    shown = await region(web, sandbox, "requests")
    assert "POST /interactions/{id}/{token}/callback" in shown
    assert interaction["token"] not in shown
