"""Helpr: the Discord-native front door to a Plex server."""
