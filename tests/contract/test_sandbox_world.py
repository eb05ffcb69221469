"""The demo world, the hooks into simcord, and a real bot in another process."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
import simcord
from discord_clients import Api, Page, asked, callback, identified, webhook, wire_bot

from sandbox.discord import DiscordSandbox, Fault, demo_world
from sandbox.discord.hooks import message_payload, seen_only_by


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


# ---------------------------------------------------------------- the world


async def test_bob_cannot_see_the_requests(sandbox: DiscordSandbox) -> None:
    """#access-requests is open to admins, reviewers and the bot, and to nobody else."""
    channel = sandbox.world.access_requests
    for person in (sandbox.alice, sandbox.rita):
        assert channel.history(viewer=person) == []
    for person in (sandbox.bob, sandbox.carol):
        with pytest.raises(simcord.SetupError):
            channel.history(viewer=person)


async def test_the_bot_may_give_the_tiers_role_and_no_higher_one(
    api: Api, sandbox: DiscordSandbox
) -> None:
    """Viewers stands below the bot's role and Admins above it, as in a well-kept guild."""
    path = f"/guilds/{sandbox.guild_id}/members/{sandbox.bob.id}/roles"
    assert (await api("PUT", f"{path}/{sandbox.world.viewers.id}"))[0] == 204
    status, body, _ = await api("PUT", f"{path}/{sandbox.world.admins.id}")
    assert (status, body["code"]) == (403, 50013)


async def test_worlds_share_their_ids_but_not_the_application() -> None:
    """A kept database meets its guild again, while each new application registers its commands."""
    async with DiscordSandbox() as first:
        pass
    async with DiscordSandbox() as second:
        pass
    assert first.guild_id == second.guild_id
    assert first.request_channel_id == second.request_channel_id
    assert first.bob.id == second.bob.id
    assert first.backend.application_id != second.backend.application_id


async def test_the_demo_world_serves_bots_in_process() -> None:
    """The same guild can be built in a world whose bot lives in the test's own process."""
    bot = discord.Client(intents=discord.Intents(guilds=True, members=True))
    async with simcord.run(bot) as env:
        world = await demo_world(env)
        guild = bot.get_guild(world.guild.id)
        assert (
            guild.get_role(world.viewers.id) < guild.me.top_role < guild.get_role(world.admins.id)
        )
    await bot.close()


# ---------------------------------------------------------------- hooks into simcord


async def test_every_hook_still_holds(web: aiohttp.ClientSession) -> None:
    """With the pinned simcord each private hook does what the sandbox needs of it."""
    async with DiscordSandbox(pages=True) as sandbox:
        api = Api(web, sandbox)
        path = f"/channels/{sandbox.request_channel_id}/messages"
        message_id = int((await api("POST", path, {"content": "x"}))[1]["id"])
        message = sandbox.backend.get_message(sandbox.request_channel_id, message_id)
        assert message_payload(sandbox.backend, message)["content"] == "x"
        assert seen_only_by(message) is None
        origin = sandbox.page_urls["alice"].split("/#")[0]
        async with web.get(origin) as page:
            assert "Alice in #access-requests" in await page.text()
            assert "X-Frame-Options" not in page.headers
            policy = page.headers["Content-Security-Policy"]
        assert f"frame-ancestors {sandbox.base_url}" in policy
        async with web.get(f"{origin}/preview.css") as sheet:
            assert "data-workbench" in (await sheet.text())[-200:]
        async with web.get(f"{origin}/text.js") as script:
            text = await script.text()
        assert '["year", seconds / 31536000]' in text
        assert "604800" not in text


async def test_pages_follow_the_world_and_keep_secrets(web: aiohttp.ClientSession) -> None:
    """A private answer and its later edit show on the asker's page within a second, only there."""
    async with DiscordSandbox(pages=True) as sandbox:
        api = Api(web, sandbox)
        line, _ = await identified(web, sandbox)
        sandbox.backend.register_commands(None, [{"name": "hello", "description": "Hello"}])
        world = sandbox.world
        asking = asyncio.create_task(sandbox.alice.slash(world.access_requests, "hello"))
        interaction = await line.until("INTERACTION_CREATE")
        answer = {"type": 4, "data": {"content": "secret", "flags": 64}}
        await api("POST", callback(interaction), answer)
        await asking
        alice, rita = [await Page.open(web, sandbox.page_urls[name]) for name in ("alice", "rita")]
        await alice.shows("secret")
        await api("PATCH", webhook(interaction), {"content": "changed"})
        await alice.shows("changed")
        assert "changed" not in await rita.read()


async def test_two_people_may_act_at_once(
    api: Api, web: aiohttp.ClientSession, sandbox: DiscordSandbox
) -> None:
    """Actions of several people are on their way at the same moment."""
    line, _ = await identified(web, sandbox)
    first, one = await asked(sandbox, line)
    second, two = await asked(sandbox, line)
    for interaction in (two, one):
        await api("POST", callback(interaction), {"type": 4, "data": {"content": "hi"}})
    results = await asyncio.gather(first, second)
    assert all(result.acknowledged for result in results)


# ---------------------------------------------------------------- a real bot


@pytest.mark.slow
async def test_a_real_bot_plays_the_story(sandbox: DiscordSandbox) -> None:
    """Form, card, approval, edited private answer and DM work for discord.py in another process."""
    async with wire_bot(sandbox):
        world = sandbox.world
        form = await sandbox.bob.slash(world.get_access, "invite")
        answer = await sandbox.bob.submit_modal(form, {"account": "bob", "tier": ["Films"]})
        await sandbox.finished(answer)
        await sandbox.until(lambda: "waits" in answer.response.content)
        pressed = await sandbox.alice.click(world.access_requests.last_message, label="Approve")
        assert pressed.acknowledged
        await sandbox.until(lambda: answer.response.content == "Approved.")
        await sandbox.until(lambda: sandbox.bob.user.dm_channel.last_message)
        assert await sandbox.bob.autocomplete(world.get_access, "colour", "name", "g") == [
            {"name": "green", "value": "green"}
        ]
        assert sandbox.rest.gaps == []


@pytest.mark.slow
async def test_a_restarted_bot_meets_the_same_world(sandbox: DiscordSandbox) -> None:
    """A card made before a kill is still there, and its button works with the next process."""
    world = sandbox.world
    async with wire_bot(sandbox) as bot:
        form = await sandbox.bob.slash(world.get_access, "invite")
        await sandbox.bob.submit_modal(form, {"account": "bob", "tier": ["Films"]})
        await sandbox.until(lambda: world.access_requests.last_message)
        bot.kill()
        await bot.wait()
    async with wire_bot(sandbox):
        pressed = await sandbox.alice.click(world.access_requests.last_message, label="Approve")
        assert pressed.acknowledged


@pytest.mark.slow
async def test_a_real_bot_resumes_and_retries(sandbox: DiscordSandbox) -> None:
    """discord.py resumes after a lost connection and waits out a 429, without a new session."""
    async with wire_bot(sandbox):
        session = next(iter(sandbox.gateway.sessions))
        sandbox.gateway.close(4000)
        await sandbox.until(lambda: sandbox.gateway.resumes, 15)
        assert list(sandbox.gateway.sessions) == [session]
        sandbox.rest.faults.add(
            Fault(method="POST", path="*/messages", status=429, retry_after=0.2)
        )
        form = await sandbox.bob.slash(sandbox.world.get_access, "invite")
        await sandbox.bob.submit_modal(form, {"account": "bob", "tier": ["Films"]})
        await sandbox.until(lambda: sandbox.world.access_requests.last_message)
        statuses = [item.status for item in sandbox.requests.select("POST", "/messages")]
        assert statuses == [429, 200]
