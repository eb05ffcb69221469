"""Plex, the only room that imports PlexAPI and requests.

Importing it reads no configuration and connects to nothing: PlexAPI is loaded when a
`PlexService` is entered.
"""

from bot.plex.service import PlexService

__all__ = ["PlexService"]
