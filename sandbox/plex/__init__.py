"""A whole Plex on this machine: plex.tv and one media server, on one loopback port.

    world = PlexWorld.demo()
    async with PlexSandbox(world, port=0) as plex:
        ...  # plex.base_url is both plex.tv (through a host rewriting adapter) and the media server

`PlexWorld` holds the state and its rules, `Fault` makes chosen requests fail in
chosen ways; `failing` makes one from the words of `sandbox.plex.menu`.
"""

from sandbox.plex.faults import Fault, failing
from sandbox.plex.server import PlexSandbox
from sandbox.plex.world import PlexWorld

__all__ = ["Fault", "PlexSandbox", "PlexWorld", "failing"]
