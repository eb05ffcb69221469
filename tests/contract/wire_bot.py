"""A small real bot for the wire: everything Helpr's own will need of Discord, and no more."""

import asyncio
import os
import re
import sys

import discord
import yarl
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route


class ApproveButton(ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"approve:(?P<user>\d+)"):
    """Approves the request of the person named in its id, also after a restart."""

    def __init__(self, user: int) -> None:
        super().__init__(ui.Button(label="Approve", custom_id=f"approve:{user}"))
        self.user = user

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction, __: ui.Item[ui.View], match: re.Match[str]
    ) -> "ApproveButton":
        """Read the person back from the id."""
        return cls(int(match["user"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Edit the card, tell the person by DM and in the private answer."""
        bot = interaction.client
        assert isinstance(bot, WireBot)
        await interaction.response.edit_message(view=card(f"Approved for <@{self.user}>", None))
        if (waiting := bot.waiting.pop(self.user, None)) is not None:
            await waiting.edit_original_response(content="Approved.")
        user = await bot.fetch_user(self.user)
        await user.send("You are in.", nonce=f"dm-{self.user}")


def card(text: str, user: int | None) -> ui.LayoutView:
    """A Components V2 card, with its button while the request is open."""
    view = ui.LayoutView(timeout=None)
    container: ui.Container[ui.LayoutView] = ui.Container(ui.TextDisplay(text))
    if user is not None:
        container.add_item(ui.ActionRow(ApproveButton(user)))
    view.add_item(container)
    return view


class AskModal(ui.Modal, title="Ask for access"):
    """The form behind /invite."""

    account: ui.Label["AskModal"] = ui.Label(
        text="Plex e-mail or username", component=ui.TextInput(custom_id="account", max_length=100)
    )
    tier: ui.Label["AskModal"] = ui.Label(
        text="Tier",
        component=ui.Select(
            custom_id="tier",
            options=[discord.SelectOption(label="Films"), discord.SelectOption(label="Everything")],
        ),
    )

    def __init__(self) -> None:
        super().__init__(custom_id="ask", timeout=600)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Answer privately, slowly, and put a card before the reviewers."""
        bot = interaction.client
        assert isinstance(bot, WireBot)
        await interaction.response.defer(ephemeral=True, thinking=True)
        channel = bot.get_partial_messageable(int(os.environ["HELPR_HOME__REQUEST_CHANNEL_ID"]))
        text = f"<@{interaction.user.id}> asks for access"
        await channel.send(view=card(text, interaction.user.id))
        bot.waiting[interaction.user.id] = interaction
        await interaction.edit_original_response(content="Your request waits for a decision.")


class WireBot(discord.AutoShardedClient):
    """Two commands, one card."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, members=True)
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)
        self.waiting: dict[int, discord.Interaction] = {}

    async def setup_hook(self) -> None:
        """Register what outlives a restart, and the commands."""
        self.add_dynamic_items(ApproveButton)
        self.tree.command(name="invite", description="Ask for access")(invite)
        self.tree.command(name="colour", description="Pick a colour")(colour)
        self.tree.command(name="slow", description="Answers too late")(slow)
        await self.tree.sync()

    async def on_ready(self) -> None:
        """Say so on the standard output, for a person who reads along."""
        print("ready", [guild.member_count for guild in self.guilds], flush=True)  # noqa: T201

    async def on_resumed(self) -> None:
        """Say so."""
        print("resumed", flush=True)  # noqa: T201


async def invite(interaction: discord.Interaction) -> None:
    """Show the form."""
    await interaction.response.send_modal(AskModal())


async def colour(interaction: discord.Interaction, name: str) -> None:
    """Repeat the colour."""
    await interaction.response.send_message(f"{name} in {interaction.locale}", ephemeral=True)


async def slow(interaction: discord.Interaction) -> None:
    """Acknowledge after Discord has given up."""
    await asyncio.sleep(3.3)
    try:
        await interaction.response.send_message("late")
    except discord.NotFound as error:
        print("late", error.code, flush=True)  # noqa: T201


async def colours(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Complete a colour."""
    names = [name for name in ("red", "green") if name.startswith(current)]
    return [app_commands.Choice(name=name, value=name) for name in names]


colour = app_commands.autocomplete(name=colours)(colour)


async def main() -> None:
    """Connect to the Discord named in the environment."""
    Route.BASE = os.environ["HELPR_DISCORD__API_URL"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["HELPR_DISCORD__GATEWAY_URL"])
    discord.utils.setup_logging()
    async with WireBot() as bot:
        await bot.start(os.environ["HELPR_DISCORD__TOKEN"])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
