"""A running sandbox Plex, and PlexAPI speaking to it through a loopback adapter."""

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from plexapi.myplex import MyPlexAccount
from plexapi.server import PlexServer
from requests.adapters import HTTPAdapter

from sandbox.plex import PlexSandbox, PlexWorld

Ask = Callable[..., Awaitable[requests.Response]]
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


@pytest.fixture
async def account(plex: PlexSandbox, session: requests.Session) -> MyPlexAccount:
    """PlexAPI's account object, signed in as the owner."""
    return await asyncio.to_thread(MyPlexAccount, token=plex.owner_token, session=session)


@pytest.fixture
async def server(plex: PlexSandbox, session: requests.Session) -> PlexServer:
    """PlexAPI's server object, connected with the owner's token."""
    return await asyncio.to_thread(PlexServer, plex.base_url, plex.owner_token, session=session)


@pytest.fixture
def ask(plex: PlexSandbox, session: requests.Session) -> Ask:
    """A raw request to plex.tv (or a full URL), with the owner's token unless told otherwise."""

    async def asked(method: str, url: str, **options: Any) -> requests.Response:
        headers = {
            "X-Plex-Token": plex.owner_token,
            "X-Plex-Client-Identifier": "contract-tests",
            **options.pop("headers", {}),
        }
        sent = {name: value for name, value in headers.items() if value is not None}
        full = url if url.startswith("http") else f"https://plex.tv{url}"
        call = functools.partial(session.request, method, full, headers=sent, timeout=5, **options)
        return await asyncio.to_thread(call)

    return asked
