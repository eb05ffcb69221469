"""The sandbox gateway: sessions, resuming, shards, and what the control interface orders."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from discord_clients import Api, dial, identified

from sandbox.discord import DiscordSandbox


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


# ---------------------------------------------------------------- gateway


async def test_ready_is_followed_by_the_guild(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """A session learns its user, its guild as unavailable, then the guild itself."""
    line, ready = await identified(web, sandbox)
    assert ready["guilds"] == [{"id": str(sandbox.guild_id), "unavailable": True}]
    guild = await line.until("GUILD_CREATE")
    assert {channel["name"] for channel in guild["channels"]} == {"get-access", "access-requests"}


async def test_the_compressed_gateway_says_the_same(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """With compress=zlib-stream the frames are one zlib stream."""
    line, ready = await identified(web, sandbox, squeezed=True)
    assert ready["user"]["username"] == "Helpr"
    assert (await line.until("GUILD_CREATE"))["name"] == "Home Media"


async def test_heartbeats_are_acknowledged(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Op 1 is answered with op 11."""
    line = await dial(web, sandbox)
    await line.send(1, None)
    assert (await line.read())["op"] == 11


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 1}, 4004),
        (6, {"token": "wrong", "session_id": "x", "seq": 1}, 4004),
        (2, {"intents": 1 << 15}, 4014),
        (2, {"intents": 1, "shard": [2, 2]}, 4010),
        (8, {}, 4003),
    ],
)
async def test_the_gateway_refuses_with_a_code(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox, op: int, data: dict[str, Any], code: int
) -> None:
    """Wrong tokens, switched-off intents, impossible shards and strangers get their close code."""
    line = await dial(web, sandbox)
    await line.send(op, {"token": sandbox.bot_token, **data})
    assert await line.read() == {"close": code}


async def test_a_resumed_session_hears_what_it_missed(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """After a lost connection op 6 replays the events in between, in order, then RESUMED."""
    line, ready = await identified(web, sandbox)
    await line.until("GUILD_CREATE")
    sandbox.gateway.close(4000)
    assert await line.read() == {"close": 4000}
    await sandbox.until(lambda: sandbox.gateway.connected == 0)
    user = sandbox.env.create_user("dora")
    sandbox.world.guild.add_member(user)
    sandbox.world.guild.remove_member(user)
    back = await dial(web, sandbox)
    token = {"token": sandbox.bot_token, "session_id": ready["session_id"]}
    await back.send(6, {**token, "seq": line.last})
    await back.until("RESUMED")
    assert back.seen == ["GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "RESUMED"]
    assert back.last == (line.last or 0) + 3


async def test_an_unknown_session_must_begin_anew(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Op 6 for a session that is not there is answered with op 9, not resumable."""
    line = await dial(web, sandbox)
    await line.send(6, {"token": sandbox.bot_token, "session_id": "gone", "seq": 3})
    frame = await line.read()
    assert (frame["op"], frame["d"]) == (9, False)


async def test_a_goodbye_ends_the_session(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """A client that closes with 1000 has no session to come back to."""
    line, _ = await identified(web, sandbox)
    await line.socket.close(code=1000)
    await sandbox.until(lambda: not sandbox.gateway.sessions)


async def test_each_guild_speaks_to_its_shard(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Of two shards, one gets the guild and its events, and the other gets direct messages."""
    home = (sandbox.guild_id >> 22) % 2
    lines = [await identified(web, sandbox, shard=(number, 2)) for number in (0, 1)]
    assert [len(ready["guilds"]) for _, ready in lines] == [int(n == home) for n in (0, 1)]
    sandbox.world.guild.add_member(sandbox.env.create_user("dora"))
    await lines[home][0].until("GUILD_MEMBER_ADD")


async def test_members_arrive_when_asked_for(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Op 8 is answered with the members asked for, under the same nonce."""
    line, _ = await identified(web, sandbox)
    request = {"guild_id": str(sandbox.guild_id), "query": "bo", "limit": 5, "nonce": "n"}
    await line.send(8, request)
    chunk = await line.until("GUILD_MEMBERS_CHUNK")
    assert [item["user"]["username"] for item in chunk["members"]] == ["bob"]
    assert chunk["nonce"] == "n"


async def test_a_session_hears_only_its_intents(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Without the members intent, arrivals are not announced."""
    line, _ = await identified(web, sandbox, intents=1)
    sandbox.world.guild.add_member(sandbox.env.create_user("dora"))
    sandbox.world.guild.create_role("New")
    await line.until("GUILD_ROLE_CREATE")
    assert "GUILD_MEMBER_ADD" not in line.seen


# ---------------------------------------------------------------- control interface


async def test_the_control_interface_orders_and_shows(api: Api, sandbox: DiscordSandbox) -> None:
    """Faults, DMs, language, clock and records can be had over HTTP."""
    assert (await api.control("POST", "faults", {"status": 502, "times": 2}))[0] == 201
    assert (await api("GET", "/users/@me"))[0] == 502
    assert (await api.control("GET", "faults"))[1][0]["times"] == 1
    assert (await api.control("DELETE", "faults"))[0] == 204
    assert (await api.control("POST", "dms", {"user": "bob", "open": False}))[0] == 204
    assert (await api.control("POST", "locale", {"user": "bob", "locale": "de"}))[0] == 204
    before = sandbox.env.now()
    assert (await api.control("POST", "clock", {"advance": 900}))[0] == 200
    assert (sandbox.env.now() - before).total_seconds() > 899
    shown = (await api.control("GET", "requests?path=/users"))[1]
    assert [(item["path"], item["status"]) for item in shown] == [("/users/@me", 502)]
    assert (await api.control("DELETE", "requests"))[0] == 204
    assert not sandbox.requests


async def test_the_control_interface_describes_the_world(api: Api, sandbox: DiscordSandbox) -> None:
    """The world can be read over HTTP, its messages included."""
    await api("POST", f"/channels/{sandbox.request_channel_id}/messages", {"content": "hello"})
    _, world = await api.control("GET", "world")
    assert world["people"]["bob"] == str(sandbox.bob.id)
    assert world["guild_id"] == str(sandbox.guild_id)
    channel = world["request_channel_id"]
    _, messages = await api.control("GET", f"messages?channel={channel}")
    assert [(item["content"], item["seen_only_by"]) for item in messages] == [("hello", None)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"do": "close", "code": 4002}, {"close": 4002}),
        ({"do": "reconnect"}, {"op": 7, "d": None, "s": None, "t": None}),
        ({"do": "invalidate"}, {"op": 9, "d": False, "s": None, "t": None}),
    ],
)
async def test_gateway_failures_come_on_order(
    api: Api,
    web: aiohttp.ClientSession,
    sandbox: DiscordSandbox,
    order: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    """A connection is closed with a code, asked to reconnect, or told that its session is over."""
    line, _ = await identified(web, sandbox)
    await line.until("GUILD_CREATE")
    assert (await api.control("POST", "gateway", order))[0] == 204
    assert await line.read() == expected


async def test_a_refusing_gateway_takes_nobody(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """While it refuses, new connections get 503."""
    await api.control("POST", "gateway", {"do": "refuse", "refuse": True})
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await dial(web, sandbox)
    assert refused.value.status == 503


async def test_the_control_interface_refuses_other_pages_and_nonsense(api: Api) -> None:
    """A page of another origin gets 403, a body without sense 400 with a sentence."""
    assert (await api.control("POST", "clock", {"advance": 1}, Origin="http://evil.test"))[0] == 403
    status, body = await api.control("POST", "faults", {"colour": "red"})
    assert status == 400
    assert "colour" in body["error"]
