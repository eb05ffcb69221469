"""A running sandbox Plex, and PlexAPI speaking to it through a loopback adapter."""

import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from plexapi.myplex import MyPlexAccount
from plexapi.server import PlexServer
from requests.adapters import HTTPAdapter
from sandbox.plex import PlexSandbox, PlexWorld

PLEX_TV = re.compile(r"(^|\.)plex\.tv$")


class LoopbackAdapter(HTTPAdapter):
    """Sends every plex.tv host to the sandbox, the name kept in Host; refuses any other host."""

    def __init__(self, base_url: str) -> None:
        self.base = urlsplit(base_url)
        super().__init__()

    def send(self, request, **options):
        """Rewrite the address for the way there, and put it back on the answer."""
        asked, parts = request.url, urlsplit(request.url)
        if PLEX_TV.search(parts.hostname or ""):
            request.headers["Host"] = parts.netloc
            request.url = urlunsplit((*self.base[:2], parts.path, parts.query, ""))
        elif parts.hostname != "127.0.0.1":
            raise requests.ConnectionError(f"not this machine: {parts.hostname}", request=request)
        try:
            answer = super().send(request, **options)
        finally:
            request.url = asked
        answer.url = asked
        return answer


@pytest.fixture
def world() -> PlexWorld:
    """The demo's world, fresh for each test."""
    return PlexWorld.demo()


@pytest.fixture
async def plex(world: PlexWorld) -> AsyncIterator[PlexSandbox]:
    """The sandbox, running in the test's own loop."""
    async with PlexSandbox(world) as sandbox:
        yield sandbox


@pytest.fixture
def session(plex: PlexSandbox) -> Iterator[requests.Session]:
    """A requests session that can reach nothing but the sandbox."""
    with requests.Session() as made:
        made.trust_env = False
        adapter = LoopbackAdapter(plex.base_url)
        made.mount("https://", adapter)
        made.mount("http://", adapter)
        yield made
