"""Signing in with Plex: PINs, accounts, servers and their addresses, against the sandbox Plex."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.errors import PlexAnswerLost, PlexBusy, PlexNotUnderstood, PlexTokenRefused
from bot.domain.sign_in import OwnedServer
from bot.plex import PlexService
from sandbox.plex import Fault, PlexSandbox

OWNER, BOB = 1001, 2001


@pytest.fixture
async def service(plex: PlexSandbox) -> AsyncIterator[PlexService]:
    """The Plex service of a bot."""
    async with PlexService(
        client_identifier="helpr-test", tv_url=plex.base_url, deadline=2, seconds_between_calls=0
    ) as made:
        yield made


async def signed_in(service: PlexService, plex: PlexSandbox, account_id: int) -> str:
    """The token of somebody who has confirmed a PIN."""
    pin = await service.begin_sign_in()
    plex.world.keys.allow_pin(pin.id, account_id)
    token = await service.token_of_pin(pin.id)
    assert token is not None
    return token


async def test_a_pin_is_confirmed_on_the_page(service: PlexService, plex: PlexSandbox) -> None:
    """The page's address names this bot and the PIN; the token comes once it is confirmed."""
    pin = await service.begin_sign_in()
    assert len(pin.code) == 25
    assert pin.seconds == 900
    url = service.sign_in_url(pin.code)
    assert url.startswith(f"{plex.base_url}/auth#?clientID=helpr-test&code={pin.code}")
    assert len(url) <= 512
    assert await service.token_of_pin(pin.id) is None
    plex.world.keys.allow_pin(pin.id, BOB)
    token = await service.token_of_pin(pin.id)
    assert token is not None
    # Asked twice, as after a crash in between, Plex says the same.
    assert await service.token_of_pin(pin.id) == token
    account = await service.who(token)
    assert (account.id, account.username, account.email) == (BOB, "bob", "bob@example.org")
    assert "bob" not in repr(account)


async def test_plexs_own_page_where_plex_is_the_real_one() -> None:
    """Without a Plex in its place the link leads to app.plex.tv, https and all."""
    async with PlexService(client_identifier="helpr-test") as service:
        url = service.sign_in_url("abc")
    assert url.startswith("https://app.plex.tv/auth#?clientID=helpr-test&code=abc&context")


async def test_a_token_is_signed_out(service: PlexService, plex: PlexSandbox) -> None:
    """Plex forgets the token, which opens nothing any more."""
    token = await signed_in(service, plex, BOB)
    await service.sign_out(token)
    with pytest.raises(PlexTokenRefused):
        await service.who(token)


async def test_who_owns_which_server(service: PlexService, plex: PlexSandbox) -> None:
    """An account's own servers are told with their addresses; those shared with it are not."""
    second = plex.world.add_server("Attic", running=True)
    third = plex.world.add_server("Cellar")
    first, attic, cellar = await service.owned_servers(await signed_in(service, plex, OWNER))
    assert (first.name, attic.name, cellar.name) == ("Home Media", "Attic", "Cellar")
    assert first.addresses[0] == plex.base_url
    assert await service.reach(first) == plex.base_url
    assert await service.reach(attic) == second.base_url
    assert cellar.machine_identifier == third.machine_identifier
    assert await service.reach(cellar) is None
    assert await service.owned_servers(await signed_in(service, plex, BOB)) == ()


async def test_two_sign_in_at_once(service: PlexService, plex: PlexSandbox) -> None:
    """One's token never answers for the other."""
    owner, bob = await signed_in(service, plex, OWNER), await signed_in(service, plex, BOB)
    servers, account, none = await asyncio.gather(
        service.owned_servers(owner), service.who(bob), service.owned_servers(bob)
    )
    assert len(servers) == 1
    assert account.id == BOB
    assert none == ()


async def test_an_address_has_to_be_the_server(service: PlexService, plex: PlexSandbox) -> None:
    """Another server at an address, nothing at all or nonsense is no way to the server.

    None of them is told a token.
    """
    machine = plex.world.server.machine_identifier
    bad = ("http://127.0.0.1:1", "http://nowhere.invalid", "nonsense", f"{plex.base_url}/server/7")
    plex.world.requests.clear()
    assert await service.reach(OwnedServer(machine, "x", bad)) is None
    assert await service.reach(OwnedServer("another", "x", (plex.base_url,))) is None
    assert await service.reach(OwnedServer(machine, "x")) is None
    assert await service.reach(OwnedServer(machine, "x", (*bad, plex.base_url))) == plex.base_url
    assert [r.path for r in plex.world.requests if "x-plex-token" in r.headers] == []


async def test_failures_have_their_classes(service: PlexService, plex: PlexSandbox) -> None:
    """A PIN that is over, a busy Plex, a hung one and a page are told apart, and none is final."""
    pin = await service.begin_sign_in()
    plex.world.faults.add(
        Fault("GET /api/v2/pins/*", "status", status=429, headers={"Retry-After": "7"}, times=1)
    )
    with pytest.raises(PlexBusy) as busy:
        await service.token_of_pin(pin.id)
    assert busy.value.retry_after == 7
    for kind in ("html", "malformed", "hang"):
        plex.world.faults.add(Fault("GET /api/v2/pins/*", kind, times=1))
        with pytest.raises(PlexAnswerLost):
            await service.token_of_pin(pin.id)
    plex.world.keys.pins[0].expires_at = 0
    with pytest.raises(PlexNotUnderstood):
        await service.token_of_pin(pin.id)
