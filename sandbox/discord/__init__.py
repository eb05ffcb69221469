"""A Discord that speaks the real protocols, standing on simcord's model of a Discord world.

A bot in another process connects with nothing changed but two addresses,
`discord.http.Route.BASE` and `discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY`.
"""

from sandbox.discord.faults import Fault, failing
from sandbox.discord.records import RestRequest
from sandbox.discord.server import DiscordSandbox
from sandbox.discord.world import World, demo_world

__all__ = ["DiscordSandbox", "Fault", "RestRequest", "World", "demo_world", "failing"]
