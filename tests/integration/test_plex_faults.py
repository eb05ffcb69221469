"""PlexService while Plex fails on purpose: each failure its class, and nothing else disturbed."""

import asyncio
import ssl
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import requests
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.domain.errors import (
    PlexAlreadyShared,
    PlexAnswerLost,
    PlexBusy,
    PlexEndpointGone,
    PlexError,
    PlexNotOwner,
    PlexNotUnderstood,
    PlexRedirected,
    PlexRefused,
    PlexTokenRefused,
    PlexUnreachable,
    PlexUntrusted,
)
from bot.domain.plex import Grant, PlexAccess
from bot.plex import PlexService
from bot.plex.session import PlexSession
from sandbox.plex import Fault, PlexSandbox, PlexWorld

DEADLINE = 1.0
ONE_LIBRARY = Grant(frozenset({90000001}))


@pytest.fixture
async def plex() -> AsyncIterator[PlexSandbox]:
    """A whole Plex on a free port."""
    async with PlexSandbox(PlexWorld.demo(), port=0) as sandbox:
        yield sandbox


@pytest.fixture
def world(plex: PlexSandbox) -> PlexWorld:
    """What that Plex holds."""
    return plex.world


@pytest.fixture
def access(plex: PlexSandbox) -> PlexAccess:
    """The owner's link to it."""
    return PlexAccess(1, plex.base_url, plex.owner_token, plex.world.server.machine_identifier)


@pytest.fixture
async def service(plex: PlexSandbox) -> AsyncIterator[PlexService]:
    """A service with a short deadline that is not paced."""
    async with PlexService(
        client_identifier="helpr-test",
        tv_url=plex.base_url,
        deadline=DEADLINE,
        seconds_between_calls=0,
    ) as made:
        yield made


def threads_of(link_id: int) -> list[threading.Thread]:
    """The living threads of a link."""
    return [t for t in threading.enumerate() if t.name == f"plex-link-{link_id}"]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread or the sandbox does; neither has an event to wait for."""
    async with asyncio.timeout(3):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def longest_stall(during: asyncio.Future[object]) -> float:
    """By how many seconds the event loop was late at most, while `during` was under way."""
    worst = 0.0
    while not during.done():
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        worst = max(worst, time.perf_counter() - began - 0.005)
    return worst


# -- every kind of fault ----------------------------------------------------------------------

LOST = [
    Fault(kind="hang"),
    Fault(kind="hang", processed=True),
    Fault(kind="drip", seconds=20),
    Fault(kind="drop_before"),
    Fault(kind="drop_after"),
    Fault(kind="html"),
    Fault(kind="malformed"),
    Fault(kind="latency", seconds=20),
]
# What a status without a word means for an invite, and for a mere question.
BY_STATUS: dict[int, tuple[type[PlexError], type[PlexError]]] = {
    202: (PlexAnswerLost, PlexAnswerLost),
    206: (PlexAnswerLost, PlexAnswerLost),
    302: (PlexAnswerLost, PlexAnswerLost),
    304: (PlexAnswerLost, PlexAnswerLost),
    400: (PlexRefused, PlexNotUnderstood),
    401: (PlexTokenRefused, PlexTokenRefused),
    402: (PlexRefused, PlexNotUnderstood),
    403: (PlexNotOwner, PlexNotOwner),
    404: (PlexRefused, PlexNotUnderstood),
    405: (PlexNotUnderstood, PlexNotUnderstood),
    408: (PlexAnswerLost, PlexAnswerLost),
    409: (PlexRefused, PlexNotUnderstood),
    410: (PlexEndpointGone, PlexEndpointGone),
    415: (PlexNotUnderstood, PlexNotUnderstood),
    419: (PlexAnswerLost, PlexAnswerLost),
    422: (PlexRefused, PlexNotUnderstood),
    425: (PlexAnswerLost, PlexAnswerLost),
    429: (PlexBusy, PlexBusy),
    430: (PlexAnswerLost, PlexAnswerLost),
    498: (PlexTokenRefused, PlexTokenRefused),
    499: (PlexAnswerLost, PlexAnswerLost),
    500: (PlexAnswerLost, PlexAnswerLost),
    502: (PlexAnswerLost, PlexAnswerLost),
    503: (PlexAnswerLost, PlexAnswerLost),
    520: (PlexAnswerLost, PlexAnswerLost),
    529: (PlexAnswerLost, PlexAnswerLost),
    530: (PlexAnswerLost, PlexAnswerLost),
    599: (PlexAnswerLost, PlexAnswerLost),
}


def again(fault: Fault, match: str) -> Fault:
    """A fresh copy of `fault` for one request."""
    return Fault(
        match=match,
        kind=fault.kind,
        times=1,
        seconds=fault.seconds,
        status=fault.status,
        processed=fault.processed,
    )


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault.kind}-{fault.processed}")
async def test_a_lost_answer_is_doubt_and_the_next_call_works_at_once(
    service: PlexService, world: PlexWorld, access: PlexAccess, fault: Fault
) -> None:
    """Whatever swallows the answer to a share is PlexAnswerLost; looking then finds the truth."""
    await service.libraries(access)
    world.faults.add(again(fault, "POST *"))
    with pytest.raises(PlexAnswerLost):
        await service.share(access, "bob@example.org", ONE_LIBRARY)

    began = time.perf_counter()
    found = await service.find_share(access, "bob@example.org")
    assert time.perf_counter() - began < DEADLINE
    assert (found is not None) == bool(world.shares)
    await until(lambda: len(threads_of(1)) == 1)


async def test_a_dropped_answer_hides_a_share_that_looking_finds(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """After a reset behind the deed the share is there, and nothing was sent twice."""
    world.faults.add(Fault(match="POST *", kind="drop_after", times=1))
    with pytest.raises(PlexAnswerLost):
        await service.share(access, "new@example.org", ONE_LIBRARY)

    found = await service.find_share(access, "NEW@example.org")
    assert found is not None
    assert found.share_id == world.shares[0].share_id
    posts = [request for request in world.requests if request.method == "POST"]
    assert len(posts) == 1
    with pytest.raises(PlexAlreadyShared):
        await service.share(access, "new@example.org", ONE_LIBRARY)


@pytest.mark.parametrize("fault", [f for f in LOST if f.kind != "hang"], ids=lambda f: f.kind)
async def test_a_lost_list_or_status_is_doubt_too(
    service: PlexService, world: PlexWorld, access: PlexAccess, fault: Fault
) -> None:
    """Lists in JSON and the status in XML fail in the same class."""
    for match, call in (
        ("GET /api/v2/shared_servers/*", lambda: service.shares(access)),
        ("GET /", lambda: service.status(access)),
        ("GET /api/servers/*", lambda: service.libraries(access, fresh=True)),
    ):
        world.faults.add(again(fault, match))
        with pytest.raises(PlexAnswerLost):
            await call()
        await call()


async def test_an_empty_answer_names_no_share_and_no_list(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """An empty success means "look" after a share, success after an end, doubt for a reading."""
    world.faults.add(Fault(match="POST *", kind="empty", times=1))
    assert await service.share(access, "bob@example.org", ONE_LIBRARY) is None
    made = await service.find_share(access, "bob@example.org")
    assert made is not None

    world.faults.add(Fault(match="GET *", kind="empty"))
    for call in (service.shares, service.status, service.connect):
        with pytest.raises(PlexAnswerLost):
            await call(access)
    world.faults.clear()
    world.faults.add(Fault(match="DELETE *", kind="empty", headers={"X-From": "test"}))
    await service.withdraw(access, made.share_id)
    assert world.shares == []


async def test_an_empty_listing_is_reported_as_it_is(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """An empty but well-formed list is no failure here; who reconciles has to distrust it."""
    await service.share(access, "bob@example.org", ONE_LIBRARY)
    world.faults.add(Fault(kind="empty_listing"))
    assert await service.shares(access) == ()


@pytest.mark.parametrize(("status", "kinds"), BY_STATUS.items())
async def test_every_status_has_its_class(
    service: PlexService,
    world: PlexWorld,
    access: PlexAccess,
    status: int,
    kinds: tuple[type[PlexError], type[PlexError]],
) -> None:
    """A status has its class, known to requests or not; only a change can be refused for good."""
    await service.libraries(access)
    world.faults.add(Fault(kind="status", status=status))
    with pytest.raises(PlexError) as shared:
        await service.share(access, "bob@example.org", ONE_LIBRARY)
    with pytest.raises(PlexError) as looked:
        await service.status(access)
    with pytest.raises(PlexError) as listed:
        await service.shares(access)
    assert (type(shared.value), type(looked.value)) == kinds
    assert type(listed.value) is type(looked.value)
    assert shared.value.reason == f"HTTP {status}"


async def test_plex_names_how_long_to_wait(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """Retry-After reaches the caller, as seconds or as a date, and may be missing."""
    fault = Fault(kind="status", status=429, headers={"Retry-After": "7"})
    world.faults.add(fault)
    with pytest.raises(PlexBusy) as busy:
        await service.status(access)
    assert busy.value.retry_after == 7

    fault.headers = {"Retry-After": time.strftime("%a, %d %b %Y %T GMT", time.gmtime(2**32))}
    with pytest.raises(PlexBusy) as busy:
        await service.status(access)
    assert busy.value.retry_after == 3600

    fault.headers = {}
    with pytest.raises(PlexBusy) as busy:
        await service.status(access)
    assert busy.value.retry_after is None


async def test_nobody_there_is_retry(service: PlexService, access: PlexAccess) -> None:
    """A refused connection, an unknown name and a crippled address never reached Plex."""
    for base_url in ("http://127.0.0.1:1", "http://nowhere.invalid", "not a url", "http://"):
        with pytest.raises(PlexUnreachable):
            await service.status(PlexAccess(9, base_url, "some-token"))


# -- hung links -------------------------------------------------------------------------------


async def test_a_hung_link_delays_no_other(
    plex: PlexSandbox, world: PlexWorld, access: PlexAccess
) -> None:
    """While one link waits for a silent Plex, fifty calls of others are answered."""
    async with PlexService(
        client_identifier="helpr-test", tv_url=plex.base_url, deadline=20, seconds_between_calls=0
    ) as service:
        fault = world.faults.add(Fault(match="GET /", kind="hang", times=1))
        hung = asyncio.create_task(service.status(access))
        await until(lambda: bool(world.requests))
        others = [
            PlexAccess(2 + n % 5, access.base_url, access.token, access.machine_identifier)
            for n in range(50)
        ]
        async with asyncio.timeout(5):
            await asyncio.gather(*(service.status(other) for other in others))
        assert not hung.done()
        fault.ended.set()
        with pytest.raises(PlexAnswerLost):
            await hung


async def test_the_next_in_turn_goes_on_after_the_deadline(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A call that waits behind a hung one on its own link is made, on a new line, and succeeds."""
    world.faults.add(Fault(match="GET /", kind="hang", times=1))
    hung = asyncio.create_task(service.status(access))
    await until(lambda: bool(world.requests))
    began = time.perf_counter()
    assert (await service.status(access)).name == "Home Media"
    assert time.perf_counter() - began < 2 * DEADLINE
    with pytest.raises(PlexAnswerLost):
        await hung
    await until(lambda: len(threads_of(1)) == 1)


async def test_a_cancelled_call_leaves_nothing_behind(
    plex: PlexSandbox, world: PlexWorld, access: PlexAccess
) -> None:
    """Cancelling a hung call frees its link at once, and a cancelled waiter is never sent."""
    async with PlexService(
        client_identifier="helpr-test", tv_url=plex.base_url, deadline=60, seconds_between_calls=0
    ) as service:
        await service.libraries(access)
        world.faults.add(Fault(match="GET /", kind="hang", times=1))
        hung = asyncio.create_task(service.status(access))
        waiting = asyncio.create_task(service.share(access, "bob@example.org", ONE_LIBRARY))
        await until(lambda: world.requests[-1].path == "/")
        waiting.cancel()
        hung.cancel()
        await asyncio.wait([hung, waiting])
        assert (hung.cancelled(), waiting.cancelled()) == (True, True)

        async with asyncio.timeout(2):
            await service.status(access)
        assert world.shares == []
        await until(lambda: len(threads_of(1)) == 1)


async def test_threads_end_with_the_service(
    plex: PlexSandbox, world: PlexWorld, access: PlexAccess
) -> None:
    """Leaving the service ends idle and hung threads alike; the hung call learns of it."""
    async with PlexService(
        client_identifier="helpr-test", tv_url=plex.base_url, deadline=60, seconds_between_calls=0
    ) as service:
        await service.status(PlexAccess(2, access.base_url, access.token))
        world.faults.add(Fault(match="GET /", kind="drip", seconds=60, times=1))
        hung = asyncio.create_task(service.status(access))
        await until(lambda: len(world.requests) == 2)
        assert (len(threads_of(1)), len(threads_of(2))) == (1, 1)
    assert threads_of(1) == threads_of(2) == []
    with pytest.raises(PlexAnswerLost):
        await hung
    with pytest.raises(RuntimeError):
        await service.status(access)


async def test_the_loop_keeps_turning_during_a_long_answer(
    plex: PlexSandbox, world: PlexWorld, access: PlexAccess
) -> None:
    """Reading and parsing an answer of a megabyte does not hold up the event loop."""
    rows = "".join(f'<Section id="{n}" key="{n}" type="movie" title="é"/>' for n in range(1, 25000))
    body = f"<MediaContainer><Server>{rows}</Server></MediaContainer>"
    assert len(body) > 1_000_000
    async with PlexService(
        client_identifier="helpr-test", tv_url=plex.base_url, seconds_between_calls=0
    ) as service:
        await service.connect(access)
        # Long enough that a loop which waited for it would show, on however busy a machine.
        world.faults.add(Fault(match="GET /api/servers/*", kind="latency", seconds=3))
        world.faults.add(Fault(match="GET /api/servers/*", kind="status", status=200, body=body))
        reading = asyncio.ensure_future(service.libraries(access))
        stall = await longest_stall(reading)
        libraries = await reading
    assert len(libraries) == 24_999
    assert libraries[0].title == "é"
    assert stall < 2


async def test_over_tls_a_stranger_is_refused_and_a_hung_call_is_cut(tmp_path: Path) -> None:
    """A certificate nobody vouches for is refused unsent; a trusted link is cut like any other."""
    heard: list[str] = []

    async def silent(request: web.Request) -> web.Response:
        heard.append(request.path)
        await asyncio.sleep(60)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", silent)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        authority = certificate(tmp_path)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(authority)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        url = f"https://127.0.0.1:{runner.addresses[0][1]}/"
        async with PlexService(client_identifier="helpr-test", seconds_between_calls=0) as service:
            with pytest.raises(PlexUntrusted) as refused:
                await service.status(PlexAccess(1, url, "tok"))
        assert refused.value.reason == "SSLCertVerificationError"
        assert heard == []

        session = PlexSession()
        session.verify = str(authority)
        call = asyncio.create_task(asyncio.to_thread(session.get, url, timeout=60))
        await until(lambda: bool(heard))
        session.cut()
        with pytest.raises(requests.ConnectionError):
            async with asyncio.timeout(3):
                await call
        session.close()
    finally:
        await runner.cleanup()


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


# -- redirects, privacy, exit -----------------------------------------------------------------


async def test_a_redirect_is_refused_and_takes_no_token_along(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A redirect to another host is a failure, and that host hears nothing."""
    heard: list[str] = []

    async def listen(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", listen)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        there = f"http://127.0.0.1:{runner.addresses[0][1]}/elsewhere"
        for status in (301, 302, 303, 307, 308):
            world.faults.add(
                Fault(kind="status", status=status, headers={"Location": there}, times=2)
            )
            with pytest.raises(PlexRedirected):
                await service.status(access)
            with pytest.raises(PlexRedirected):
                await service.share(access, "bob@example.org", ONE_LIBRARY)
    finally:
        await runner.cleanup()
    assert heard == []


async def test_no_log_line_names_an_address_or_a_token(
    service: PlexService,
    world: PlexWorld,
    access: PlexAccess,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Even with every level open, the libraries say nothing of what they send."""
    caplog.set_level("DEBUG")
    for name in ("plexapi", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level("DEBUG", name)
    await service.share(access, "secret.person@example.org", ONE_LIBRARY)
    with pytest.raises(PlexAlreadyShared):
        await service.share(access, "secret.person@example.org", ONE_LIBRARY)
    ours = [r for r in caplog.records if r.name.partition(".")[0] in {"plexapi", "urllib3"}]
    assert ours == []
    assert "secret.person" not in caplog.text
    assert access.token not in caplog.text


async def run_alone(program: str, **env: str) -> tuple[int | None, str]:
    """Run a program in a Python of its own; its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(program),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_a_hung_call_does_not_keep_a_process_alive() -> None:
    """A process ends at once although one of its calls to Plex hangs for a minute."""
    program = """
        import asyncio, socket, time
        from bot.domain.plex import PlexAccess
        from bot.plex import PlexService

        silent = socket.create_server(("127.0.0.1", 0))

        async def main():
            service = await PlexService(client_identifier="x", deadline=60).__aenter__()
            access = PlexAccess(1, f"http://127.0.0.1:{silent.getsockname()[1]}", "t")
            link = service._link(access)
            connection = link.known(access)
            # Past the loop, so that nobody cuts the call when the loop ends.
            link._line.worker.submit(lambda: connection.open_server(None))
            await asyncio.sleep(0.3)

        asyncio.run(main())
        print("end", time.time())
    """
    code, output = await run_alone(program)
    assert code == 0, output
    assert time.time() - float(output.split()[1]) < 5


async def test_plexapis_own_configuration_changes_nothing(tmp_path: Path) -> None:
    """Neither PlexAPI's file in the home folder nor its variables reach Helpr."""
    folder = tmp_path / ".config" / "plexapi"
    folder.mkdir(parents=True)
    (folder / "config.ini").write_text(
        f"[log]\npath = {tmp_path}/leak.log\nlevel = DEBUG\nshow_secrets = true\n"
        "[auth]\nserver_token = of-the-file\n[header]\nidentifier = of-the-file\n"
    )
    program = """
        from bot.plex import vendor
        vendor.prepare("helpr-1")
        import plexapi
        print(plexapi.BASE_HEADERS["X-Plex-Client-Identifier"])
        print(plexapi.CONFIG.get("auth.server_token"), plexapi.CONFIG.get("log.show_secrets"))
        plexapi.log.warning("token=%s mail=%s", "X-Plex-Token=abc", "a@b.example")
    """
    code, output = await run_alone(
        program,
        HOME=str(tmp_path),
        PLEXAPI_LOG_PATH=f"{tmp_path}/leak.log",
        PLEXAPI_AUTH_SERVER_TOKEN="of-the-environment",
    )
    assert code == 0, output
    assert output.split("\n")[:2] == ["helpr-1", "None None"]
    assert not (tmp_path / "leak.log").exists()
    assert "b.example" not in output
    assert "abc" not in output
