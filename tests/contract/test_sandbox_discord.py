"""The sandbox Discord answers REST as Discord does, and fails on order."""

import json
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
from discord_clients import Api, asked, callback, identified, webhook

from sandbox.discord import DiscordSandbox, Fault


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


# ---------------------------------------------------------------- REST


async def test_a_wrong_token_is_refused_on_rest(api: Api) -> None:
    """Another token than the bot's answers 401."""
    status, body, _ = await api("GET", "/users/@me", token="wrong")
    assert (status, body["message"]) == (401, "401: Unauthorized")


async def test_json_is_announced_as_discord_does(api: Api) -> None:
    """The content type is exactly what discord.py looks for before it reads JSON."""
    status, body, headers = await api("GET", "/users/@me")
    assert (status, body["username"]) == (200, "Helpr")
    assert headers["Content-Type"] == "application/json"


async def test_every_request_is_recorded(api: Api, sandbox: DiscordSandbox) -> None:
    """A record holds method, path, query, body, status, answer and time, and no token."""
    path = f"/channels/{sandbox.request_channel_id}/messages"
    await api("POST", path, {"content": "hello"})
    await api("GET", f"{path}?limit=1")
    sent, listed = sandbox.requests
    assert (sent.method, sent.path, sent.body, sent.status) == (
        "POST",
        path,
        {"content": "hello"},
        200,
    )
    assert sent.response["content"] == "hello"
    assert listed.query == {"limit": "1"}
    assert abs((sandbox.env.now() - sent.at).total_seconds()) < 5
    assert sandbox.bot_token not in str(sandbox.requests)


async def test_what_is_not_modelled_answers_501_and_is_noted(
    api: Api, sandbox: DiscordSandbox
) -> None:
    """A route that the sandbox does not know is never quietly accepted."""
    assert (await api("GET", "/soundboard-default-sounds"))[0] == 501
    assert "soundboard" in sandbox.rest.gaps[0]


async def test_a_nonsense_body_is_an_invalid_form(api: Api, sandbox: DiscordSandbox) -> None:
    """A body of the wrong shape answers 400 with code 50035 and is noted."""
    status, body, _ = await api("POST", "/users/@me/channels", {})
    assert (status, body["code"]) == (400, 50035)
    assert sandbox.rest.gaps


async def test_files_travel_through_the_cdn(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """An uploaded file is described by its message and can be fetched from its address."""
    form = aiohttp.FormData()
    meta = {"attachments": [{"id": 0, "description": "a picture"}]}
    form.add_field("payload_json", json.dumps(meta), content_type="application/json")
    form.add_field("files[0]", b"\x89PNG...", filename="a.png", content_type="image/png")
    url = f"{sandbox.api_url}/channels/{sandbox.request_channel_id}/messages"
    headers = {"Authorization": f"Bot {sandbox.bot_token}"}
    async with web.post(url, data=form, headers=headers) as answer:
        attachment = (await answer.json())["attachments"][0]
    assert attachment["description"] == "a picture"
    assert sandbox.requests[-1].files == ("a.png",)
    async with web.get(attachment["url"]) as answer:
        assert await answer.read() == b"\x89PNG..."


async def test_an_enforced_nonce_sends_once(api: Api, sandbox: DiscordSandbox) -> None:
    """The same enforced nonce returns the existing message within five minutes, then a new one."""
    path = f"/channels/{sandbox.request_channel_id}/messages"
    body = {"content": "card", "nonce": "card-1", "enforce_nonce": True}
    first = (await api("POST", path, body))[1]
    again = (await api("POST", path, body))[1]
    assert again["id"] == first["id"]
    assert again["nonce"] == "card-1"
    sandbox.advance(301)
    assert (await api("POST", path, body))[1]["id"] != first["id"]


async def test_a_nonce_that_is_not_enforced_sends_again(api: Api, sandbox: DiscordSandbox) -> None:
    """Without enforce_nonce the nonce is only carried."""
    path = f"/channels/{sandbox.request_channel_id}/messages"
    body = {"content": "card", "nonce": "card-1"}
    assert (await api("POST", path, body))[1]["id"] != (await api("POST", path, body))[1]["id"]


async def test_switched_on_intents_show_in_the_applications_flags(api: Api) -> None:
    """The application's flags name the members intent, and no other, as switched on."""
    _, body, _ = await api("GET", "/oauth2/applications/@me")
    flags = discord.ApplicationFlags(gateway_guild_members_limited=True)
    assert body["flags"] == flags.value


async def test_recommended_shards_are_configurable(web: aiohttp.ClientSession) -> None:
    """/gateway/bot recommends the configured count of shards."""
    async with DiscordSandbox(shards=3) as sandbox:
        _, body, _ = await Api(web, sandbox)("GET", "/gateway/bot")
    assert body["shards"] == 3
    assert body["url"] == sandbox.gateway_url


# ---------------------------------------------------------------- faults


async def test_a_fault_happens_as_often_as_ordered(api: Api, sandbox: DiscordSandbox) -> None:
    """A fault for one request hits one request of its path."""
    sandbox.rest.faults.add(Fault(path="/users/*", status=503))
    assert (await api("GET", "/gateway/bot"))[0] == 200
    assert (await api("GET", "/users/@me"))[0] == 503
    assert (await api("GET", "/users/@me"))[0] == 200


async def test_a_rate_limit_says_how_long_and_whose(api: Api, sandbox: DiscordSandbox) -> None:
    """A 429 carries Retry-After, scope, and the header that tells it from a ban."""
    sandbox.rest.faults.add(Fault(status=429, retry_after=1.5, scope="shared"))
    status, body, headers = await api("GET", "/users/@me")
    assert (status, body["retry_after"], body["global"]) == (429, 1.5, False)
    assert headers["Retry-After"] == "1.5"
    assert headers["X-RateLimit-Scope"] == "shared"
    assert headers["Via"]


async def test_a_lost_answer_leaves_its_deed(api: Api, sandbox: DiscordSandbox) -> None:
    """A cut connection with `applied` sends the message although nobody hears of it."""
    path = f"/channels/{sandbox.request_channel_id}/messages"
    sandbox.rest.faults.add(Fault(path=path, status=0, applied=True))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api("POST", path, {"content": "unheard"})
    assert sandbox.requests[-1].status == 0
    assert sandbox.world.access_requests.last_message.content == "unheard"


async def test_closed_dms_refuse_messages(api: Api, sandbox: DiscordSandbox) -> None:
    """A person's closed DMs answer 50007 on sending, and only there."""
    sandbox.set_dms(sandbox.bob, open_=False)
    status, channel, _ = await api(
        "POST", "/users/@me/channels", {"recipient_id": str(sandbox.bob.id)}
    )
    assert status == 200
    path = f"/channels/{channel['id']}/messages"
    assert (await api("POST", path, {"content": "x"}))[1]["code"] == 50007
    sandbox.set_dms(sandbox.bob, open_=True)
    assert (await api("POST", path, {"content": "x"}))[0] == 200


# ---------------------------------------------------------------- interactions
async def test_an_interaction_expires_after_three_seconds(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """The first answer to an interaction that is older than three seconds gets 404 with 10062."""
    line, _ = await identified(web, sandbox)
    waiting, interaction = await asked(sandbox, line)
    sandbox.advance(3)
    status, body, _ = await api(
        "POST", callback(interaction), {"type": 4, "data": {"content": "x"}}
    )
    assert (status, body["code"]) == (404, 10062)
    waiting.cancel()


async def test_an_answer_can_be_edited_for_fifteen_minutes(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """A deferred answer is edited with its token alone, until the token is 15 minutes old."""
    line, _ = await identified(web, sandbox)
    waiting, interaction = await asked(sandbox, line)
    defer = {"type": 5, "data": {"flags": 64}}
    assert (await api("POST", callback(interaction), defer, token="none"))[0] == 204
    result = await waiting
    assert result.deferred
    sandbox.advance(14 * 60)
    assert (await api("PATCH", webhook(interaction), {"content": "done"}, token="none"))[0] == 200
    assert (await sandbox.finished(result)).response.content == "done"
    sandbox.advance(60)
    status, body, _ = await api("PATCH", webhook(interaction), {"content": "late"})
    assert (status, body["code"]) == (401, 50027)


async def test_a_callbacks_answer_is_empty_unless_asked_for(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """A callback answers 204, and with with_response=true the message it made."""
    line, _ = await identified(web, sandbox)
    waiting, interaction = await asked(sandbox, line)
    path = f"{callback(interaction)}?with_response=true"
    _, body, _ = await api("POST", path, {"type": 4, "data": {"content": "hi"}})
    assert body["resource"]["message"]["content"] == "hi"
    assert (await waiting).response.content == "hi"


async def test_a_person_speaks_a_language(
    web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """An interaction carries the language of whoever started it."""
    sandbox.set_locale(sandbox.bob, "de")
    line, _ = await identified(web, sandbox)
    waiting, interaction = await asked(sandbox, line)
    assert interaction["locale"] == "de"
    waiting.cancel()


async def test_an_ephemeral_answer_is_its_askers_alone(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Bob reads his private answer; Alice, in the same channel, does not see it."""
    line, _ = await identified(web, sandbox)
    waiting, interaction = await asked(sandbox, line)
    await api("POST", callback(interaction), {"type": 4, "data": {"content": "x", "flags": 64}})
    await waiting
    channel = sandbox.world.get_access
    assert [item.content for item in channel.history(viewer=sandbox.bob)] == ["x"]
    assert channel.history(viewer=sandbox.alice) == []
