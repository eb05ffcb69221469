"""`helpr doctor`: what it finds, and how it says to mend it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import compose
from bot.doctor import Finding, examine, show
from bot.settings import Settings
from sandbox.discord import DiscordSandbox
from sandbox.plex import PlexSandbox

Make = Callable[..., Settings]


@pytest.fixture
async def discord_(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordSandbox]:
    """A Discord over the wire; the two addresses that the doctor changes are put back."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    async with DiscordSandbox(port=0, pages=False) as sandbox:
        yield sandbox


@pytest.fixture
def settings(make_settings: Make, discord_: DiscordSandbox) -> Make:
    """Settings with which all is well; sections may be given anew."""

    def make(discord: dict[str, Any] | None = None, **sections: Any) -> Settings:
        reached = {
            "token": discord_.bot_token,
            "api_url": discord_.api_url,
            "gateway_url": discord_.gateway_url,
        }
        home = {
            "guild_id": discord_.guild_id,
            "request_channel_id": discord_.request_channel_id,
            **sections.pop("home", {}),
        }
        return make_settings(discord={**reached, **(discord or {})}, home=home, **sections)

    return make


async def found(settings: Settings) -> dict[str, Finding]:
    """The findings by their subject."""
    return {finding.subject: finding for finding in await examine(settings)}


async def test_all_is_well(settings: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything that Helpr needs is named with what was found, and nothing is to be mended."""
    findings = await examine(settings())
    assert [finding.subject for finding in findings] == [
        "Database",
        "Plex",
        "Discord",
        "Server",
        "Request channel",
    ]
    assert show(findings)
    printed = capsys.readouterr().out
    assert "Home Media" in printed
    assert "#access-requests" in printed
    assert "→" not in printed


async def test_a_wrong_plex_token(settings: Make, plex: PlexSandbox) -> None:
    """A dead token is named, and so are the settings to look at."""
    plex.world.revoke_token()
    finding = (await found(settings()))["Plex"]
    assert not finding.is_well
    assert "token" in finding.found
    assert "HELPR_HOME__PLEX_TOKEN" in finding.mend
    assert plex.owner_token not in finding.found + finding.mend


async def test_a_wrong_bot_token(settings: Make) -> None:
    """A token that Discord refuses is one finding, and the rest is looked at all the same."""
    findings = await found(settings(discord={"token": "no.such.token"}))
    assert "HELPR_DISCORD__TOKEN is wrong" in findings["Discord"].mend
    assert findings["Database"].is_well
    assert findings["Plex"].is_well


async def test_no_bot_token(settings: Make) -> None:
    """A missing token says where one comes from."""
    findings = await found(settings(discord={"token": None}))
    assert "HELPR_DISCORD__TOKEN is missing" in findings["Discord"].mend


async def test_the_bot_is_no_member(settings: Make) -> None:
    """A server without the bot comes with the address that adds it."""
    finding = (await found(settings(home={"guild_id": 4242})))["Server"]
    assert "HELPR_HOME__GUILD_ID" in finding.mend
    assert "oauth2/authorize" in finding.mend


async def test_no_request_channel(settings: Make) -> None:
    """Without a channel there are no cards, which the doctor says."""
    finding = (await found(settings(home={"request_channel_id": None})))["Request channel"]
    assert finding.found == "none is set"


async def test_a_channel_that_is_not_there(settings: Make) -> None:
    """A channel that the bot cannot see is named with the right that may be missing."""
    finding = (await found(settings(home={"request_channel_id": 4242})))["Request channel"]
    assert "View Channel" in finding.mend


async def test_a_database_that_is_down(settings: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """An unreachable database is one finding, and the exit code says that something is wrong."""
    down = settings(database={"url": "postgresql://helpr@127.0.0.1:1/helpr"})
    findings = await examine(down)
    assert "HELPR_DATABASE__URL" in findings[0].mend
    assert not show(findings)
    assert "❌" in capsys.readouterr().out


async def test_no_plex_is_set(settings: Make) -> None:
    """Without a Plex server the doctor names the two ways to one."""
    without = {"guild_id": None, "plex_url": None, "plex_token": None, "request_channel_id": None}
    finding = (await found(settings(home=without)))["Plex"]
    assert "HELPR_HOME__PLEX_URL" in finding.mend
    assert "/setup" in finding.mend


async def test_what_was_set_up_in_discord(
    settings: Make, discord_: DiscordSandbox, plex: PlexSandbox
) -> None:
    """A server that was connected, and a channel that was chosen, from Discord is looked at too."""
    async with compose.house(settings()) as house:
        link = await house.services.links.adopt_home()
        await house.services.links.connect_due(link.id)
    without = {"guild_id": None, "plex_url": None, "plex_token": None, "request_channel_id": None}
    findings = await found(settings(home=without))
    assert "Home Media" in findings["Plex"].found
    assert findings["Request channel"].found == "#access-requests"
    plex.world.revoke_token()
    assert "/setup" in (await found(settings(home=without)))["Plex"].mend
