"""`helpr doctor`: looks at everything that Helpr needs and says how to mend what is wrong."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord
from rich.console import Console
from rich.table import Table

from bot.client import point_at
from bot.compose import House, house, logged_in
from bot.domain.errors import HelprError, PlexError, StartError
from bot.domain.plex import PlexAccess
from bot.i18n import texts
from bot.settings import Settings, SettingsError
from bot.ui.errors import error_text

# Every guild costs a few requests.
MOST_GUILDS = 20
NEEDED = discord.Permissions(view_channel=True, send_messages=True, embed_links=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, and how to mend it if it is wrong."""

    subject: str
    found: str
    mend: str = ""

    @property
    def is_well(self) -> bool:
        """Nothing to mend."""
        return not self.mend


@dataclass(frozen=True, slots=True)
class Place:
    """A guild to look at, as the ledger and the operator's settings have it."""

    guild_id: int
    channel_id: int | None
    links: tuple[PlexAccess, ...] = ()


async def examine(settings: Settings) -> list[Finding]:
    """Look at database, Plex and Discord; what cannot be looked at is a finding too."""
    findings: list[Finding] = []
    places = _with_home(settings, [])
    try:
        async with house(settings) as found:
            findings.append(Finding("Database", "reachable and at the newest revision"))
            places = _with_home(settings, await _known(found))
            findings += await _plex(found, places)
    except (StartError, SettingsError) as error:
        findings.append(Finding("Database", "not usable", str(error)))
    except HelprError as error:
        findings.append(Finding("Database", "not usable", error_text(error, texts())))
    findings += [finding async for finding in _discord(settings, places)]
    return findings


async def _known(found: House) -> list[Place]:
    async with found.ledger.begin() as work:
        return [
            Place(
                guild.guild_id,
                guild.request_channel_id,
                tuple(
                    link.access
                    for link in await work.links.all_of(guild.guild_id)
                    # The operator's own is looked at as the settings name it now.
                    if not (link.from_home and found.settings.home.plex_url)
                ),
            )
            for guild in await work.guilds.present(MOST_GUILDS)
        ]


def _with_home(settings: Settings, known: list[Place]) -> list[Place]:
    """The places, with what the operator has set: that wins at every start."""
    home = settings.home
    if home.guild_id is None:
        return known
    was = next((place for place in known if place.guild_id == home.guild_id), None)
    links = was.links if was else ()
    if home.plex_url is not None and home.plex_token is not None:
        links = (PlexAccess(0, home.plex_url, home.plex_token.get_secret_value()), *links)
    channel = home.request_channel_id or (was.channel_id if was else None)
    others = [place for place in known if place is not was]
    return [Place(home.guild_id, channel, links), *others]


async def _plex(found: House, places: list[Place]) -> list[Finding]:
    links = [access for place in places for access in place.links]
    if not links:
        mend = (
            "Use /setup in Discord, or set HELPR_HOME__GUILD_ID, HELPR_HOME__PLEX_URL and "
            "HELPR_HOME__PLEX_TOKEN."
        )
        return [Finding("Plex", "no server is connected", mend)]
    return [await _server(found, access) for access in links]


async def _server(found: House, access: PlexAccess) -> Finding:
    try:
        info = await found.plex.connect(access)
        libraries = await found.plex.libraries(access)
    except PlexError as error:
        said = f" ({error.reason})" if error.reason else ""
        mend = "Sign in again with /setup in Discord, and check the address from this machine."
        if access.link_id == 0:
            mend = (
                "Check HELPR_HOME__PLEX_URL from this machine, and that HELPR_HOME__PLEX_TOKEN "
                "belongs to the owner of that server."
            )
        return Finding("Plex", error_text(error, texts()) + said, mend)
    if not libraries:
        return Finding("Plex", f"{info.name} has no libraries", "Add a library in Plex.")
    return Finding("Plex", f"{info.name}, version {info.version}, {len(libraries)} libraries")


async def _discord(settings: Settings, places: list[Place]) -> AsyncIterator[Finding]:
    try:
        async with _client(settings) as client:
            yield Finding("Discord", f"signed in as {client.user}")
            for place in places:
                for finding in await _guild(place, client):
                    yield finding
    except (StartError, SettingsError) as error:
        yield Finding("Discord", "cannot sign in", str(error))


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[discord.Client]:
    token = settings.bot_token()
    point_at(settings.discord)
    async with logged_in(token) as client:
        yield client


async def _guild(place: Place, client: discord.Client) -> Sequence[Finding]:
    guild_id, channel_id = place.guild_id, place.channel_id
    url = discord.utils.oauth_url(
        client.application_id or 0,
        permissions=NEEDED,
        scopes=("bot", "applications.commands"),
    )
    try:
        guild = await client.fetch_guild(guild_id)
    except discord.HTTPException:
        mend = f"Check HELPR_HOME__GUILD_ID, or add the bot to the server with {url}"
        return [Finding("Server", f"the bot is not a member of {guild_id}", mend)]
    found = [Finding("Server", guild.name)]
    if channel_id is None:
        mend = "Choose one with /settings in Discord, or work with /requests alone."
        return [*found, Finding("Request channel", "none is set", mend)]
    return [*found, await _channel(client, guild, channel_id)]


async def _channel(client: discord.Client, guild: discord.Guild, channel_id: int) -> Finding:
    try:
        channel = await guild.fetch_channel(channel_id)
        me = await guild.fetch_member(client.user.id if client.user else 0)
    except discord.HTTPException:
        return Finding(
            "Request channel",
            "not to be found",
            "Choose another one with /settings in Discord (or HELPR_HOME__REQUEST_CHANNEL_ID), "
            "and give the bot View Channel there.",
        )
    missing = [name for name, value in NEEDED if value and not _may(channel, me, name)]
    if missing:
        names = ", ".join(name.replace("_", " ").title() for name in missing)
        return Finding("Request channel", f"#{channel.name}", f"Give the bot there: {names}.")
    return Finding("Request channel", f"#{channel.name}")


def _may(channel: discord.abc.GuildChannel | discord.Thread, me: discord.Member, name: str) -> bool:
    return bool(getattr(channel.permissions_for(me), name))


def show(findings: Sequence[Finding]) -> bool:
    """Print the findings; True when all is well."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        table.add_row("✅" if finding.is_well else "❌", finding.subject, finding.found)
        if not finding.is_well:
            table.add_row("", "", f"→ {finding.mend}")
    Console().print(table)
    return all(finding.is_well for finding in findings)
