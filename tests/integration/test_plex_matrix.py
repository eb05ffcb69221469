"""Each case of `plex_cases` over HTTP: its class, its reason, and not a word of what is private."""

import asyncio
import gc
import gzip
import logging
import socket
import time
import traceback
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager

import plex_cases
import pytest
from aiohttp import web
from plex_cases import (
    ACCOUNT,
    CASES,
    ENDING,
    INVITING,
    LISTING,
    MAIL,
    ONE_LIBRARY,
    SECRET,
    SERVER,
    Case,
)

from bot.domain.errors import (
    PlexAnswerLost,
    PlexBusy,
    PlexError,
    PlexRedirected,
    PlexRefused,
    PlexTokenRefused,
    PlexUnreachable,
    PlexUntrusted,
    Treatment,
)
from bot.domain.plex import PlexAccess
from bot.plex import PlexService, vendor
from sandbox.plex import Fault, PlexSandbox, PlexWorld

DEADLINE = 1.0
MEGABYTE = 1_000_000


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


class Ears(logging.Handler):
    """Hears every record of every logger, whatever its level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        if record.name != "aiohttp.server":
            self.heard.append(self.format(record))


@pytest.fixture
def ears() -> Iterator[Ears]:
    """Every logger of the process opened to DEBUG, those of PlexAPI and urllib3 included."""
    made = Ears()
    with ExitStack() as stack:
        for logger in (
            logging.getLogger(),
            *map(logging.getLogger, list(logging.root.manager.loggerDict)),
        ):
            stack.callback(logger.setLevel, logger.level)
            stack.callback(setattr, logger, "propagate", logger.propagate)
            logger.setLevel(logging.DEBUG)
            logger.propagate = True
        logging.getLogger().addHandler(made)
        stack.callback(logging.getLogger().removeHandler, made)
        yield made


def everything_said_by(error: BaseException) -> str:
    """An error as a log, a debugger or a curious person would see it, its whole chain included."""
    chain: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in chain:
            chain.append(one)
            todo += [one.__cause__, one.__context__]
    return "\n".join(
        [
            *traceback.format_exception(error),
            *(f"{one!r} {one} {one.args} {vars(one)}" for one in chain),
        ]
    )


def is_discreet(text: str, access: PlexAccess) -> bool:
    """Whether a text holds no address, no token and no URL of plex.tv."""
    return not any(
        private in text
        for private in (MAIL, "secret.person", SECRET, access.token, "plex.tv/", "X-Plex-Token")
    )


async def prepared(service: PlexService, world: PlexWorld, access: PlexAccess, case: Case) -> None:
    """Have everything in place that comes before the request in question."""
    if case.asked is not ACCOUNT:
        await service.libraries(access)


OVER_HTTP = [case for case in CASES if case.status or case.fault]


@pytest.mark.parametrize("case", OVER_HTTP, ids=str)
async def test_each_case_has_its_class_over_http(
    service: PlexService, world: PlexWorld, access: PlexAccess, case: Case, ears: Ears
) -> None:
    """What Plex does arrives as the class of its case, and nothing private is said or logged."""
    await prepared(service, world, access, case)
    details: dict[str, object] = case.fault or {
        "kind": "status",
        "status": case.status,
        "body": case.body,
        "headers": case.headers(),
    }
    world.faults.add(Fault(match=case.asked.line, **details))  # type: ignore[arg-type]

    with pytest.raises(PlexError) as caught:
        await case.asked.call(service, access)

    error, meant = caught.value, case.failure
    assert (type(error), type(meant)) == (case.kind, case.kind)
    assert error.reason == meant.reason
    assert (error.retry_after is None) == (meant.retry_after is None)
    if error.retry_after is not None and meant.retry_after is not None:
        assert abs(error.retry_after - meant.retry_after) < 2
    assert is_discreet(everything_said_by(error), access)
    assert is_discreet("\n".join(ears.heard), access)


@pytest.mark.parametrize("case", OVER_HTTP, ids=str)
async def test_after_each_case_the_link_works(
    service: PlexService, world: PlexWorld, access: PlexAccess, case: Case
) -> None:
    """Once Plex is well again the very next call succeeds, whatever had happened."""
    await prepared(service, world, access, case)
    details: dict[str, object] = case.fault or {
        "kind": "status",
        "status": case.status,
        "body": case.body,
        "headers": case.headers(),
    }
    world.faults.add(Fault(match=case.asked.line, times=1, **details))  # type: ignore[arg-type]
    with pytest.raises(PlexError):
        await case.asked.call(service, access)
    assert await service.libraries(access, fresh=True)


@pytest.mark.parametrize("case", [case for case in OVER_HTTP if case.asked is INVITING], ids=str)
async def test_what_was_done_in_doubt_is_found(
    service: PlexService, world: PlexWorld, access: PlexAccess, case: Case
) -> None:
    """Had Plex made the share all the same, no class but doubt, or a look, would lose it."""
    await service.libraries(access)
    details: dict[str, object] = dict(case.fault) or {
        "kind": "status",
        "status": case.status,
        "body": case.body,
        "headers": case.headers(),
    }
    if details.get("kind") == "drop_before":
        return
    world.faults.add(Fault(match=INVITING.line, times=1, **{**details, "processed": True}))  # type: ignore[arg-type]
    with pytest.raises(PlexError) as caught:
        await service.share(access, MAIL, ONE_LIBRARY)
    if caught.value.treatment is not Treatment.PERMANENT:
        found = await service.find_share(access, MAIL)
        assert found is not None
        assert found.share_id == world.shares[0].share_id
    assert len([r for r in world.requests if r.method == "POST"]) == 1


def test_every_logger_of_plexs_libraries_is_discreet(service: PlexService) -> None:
    """No logger of these libraries is without the filter, those of a new version included."""
    talkers = [name for name in logging.root.manager.loggerDict if vendor.is_talker(name)]
    assert {"plexapi", "urllib3.connectionpool"} <= set(talkers)
    for name in talkers:
        filters = logging.getLogger(name).filters
        assert filters
        assert isinstance(filters[0], vendor.Discreet), name


async def test_an_encoding_that_nobody_knows_hides_nothing(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """A refusal in an unknown encoding keeps its class and its reason."""
    await service.libraries(access)
    headers = {"Content-Type": "application/xml; charset=klingon"}
    body = '<Response code="422" status="No more users"/>'
    world.faults.add(Fault(match="POST *", kind="status", status=422, body=body, headers=headers))
    with pytest.raises(PlexRefused) as caught:
        await service.share(access, MAIL, ONE_LIBRARY)
    assert caught.value.reason == "No more users"


# -- where no Plex is, or another one --------------------------------------------------------------


async def test_nobody_there_and_no_such_name(service: PlexService, ears: Ears) -> None:
    """A refused connection and an unknown name are told as such, without address or token."""
    for url, reason in (
        ("http://127.0.0.1:1", "ConnectionRefusedError"),
        ("http://nowhere.invalid", "NameResolutionError"),
    ):
        access = PlexAccess(9, url, SECRET)
        with pytest.raises(PlexUnreachable) as caught:
            await service.status(access)
        assert caught.value.reason in {reason, "NewConnectionError"}
        assert is_discreet(everything_said_by(caught.value) + "\n".join(ears.heard), access)


async def test_an_address_where_nothing_ever_connects_is_unreachable(
    service: PlexService,
) -> None:
    """A connection that is not made in time is no doubt: it ends before the deadline does."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # Nobody accepts: once its queue is full, the kernel leaves whoever else comes waiting.
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        await asyncio.sleep(0.1)
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(PlexUnreachable) as caught:
            await service.status(PlexAccess(9, url, SECRET))
    assert caught.value.reason == "ConnectTimeout"


async def test_https_where_http_is_spoken_is_not_trusted(
    service: PlexService, access: PlexAccess
) -> None:
    """An https address of a server without TLS is an admin's matter, and gets no token."""
    wrong = PlexAccess(9, access.base_url.replace("http:", "https:"), SECRET)
    with pytest.raises(PlexUntrusted):
        await service.status(wrong)


@pytest.mark.parametrize("token", ["two words", "tök€n", "line\nbreak", " ", "nul\0", "ümlaut"])
async def test_what_can_be_no_token_is_refused_unsent(
    service: PlexService, world: PlexWorld, access: PlexAccess, token: str
) -> None:
    """A token that no header can carry is an admin's matter, not an unreachable Plex."""
    garbled = PlexAccess(9, access.base_url, token, access.machine_identifier)
    for call in (service.status, service.shares):
        with pytest.raises(PlexTokenRefused) as caught:
            await call(garbled)
        assert token.strip() not in everything_said_by(caught.value) or not token.strip()
    assert world.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_to_the_same_host_either(
    service: PlexService, world: PlexWorld, access: PlexAccess, status: int
) -> None:
    """A redirect to the same host is refused as well, and its target never asked."""
    await service.libraries(access)
    world.requests.clear()
    headers = {"Location": f"{access.base_url}/api/v2/ping?X-Plex-Token={access.token}"}
    world.faults.add(Fault(match=INVITING.line, kind="status", status=status, headers=headers))
    with pytest.raises(PlexRedirected) as caught:
        await service.share(access, MAIL, ONE_LIBRARY)
    assert [request.method for request in world.requests] == ["POST"]
    assert caught.value.reason == f"HTTP {status}"
    assert is_discreet(everything_said_by(caught.value), access)


# -- bodies ---------------------------------------------------------------------------------------


@asynccontextmanager
async def a_plex_that(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[tuple[PlexService, PlexAccess]]:
    """A service on a Plex that knows its account, and answers everything else like this."""

    async def account(_request: web.Request) -> web.Response:
        return web.Response(
            text='<user id="1001" username="o" email="" authToken="t" scrobbleTypes="">'
            "<subscription/><profile/></user>",
            content_type="application/xml",
        )

    app = web.Application()
    app.router.add_get("/api/v2/user", account)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with PlexService(
            client_identifier="helpr-test", tv_url=url, seconds_between_calls=0
        ) as service:
            yield service, PlexAccess(1, url, SECRET, "M")
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [200, 502, 422])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_huge_answer_is_not_swallowed(status: int, announced: bool) -> None:
    """Of an answer of 50 MB a small part is read, then the connection is cut; memory stays flat."""
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        stream = web.StreamResponse(status=status)
        stream.content_type = "application/json"
        if announced:
            stream.content_length = 50 * MEGABYTE
        await stream.prepare(request)
        for _ in range(500):
            await stream.write(b"[" * 100_000)
            sent += 100_000
        return stream

    async with a_plex_that(flood) as (service, access):
        gc.collect()
        tracemalloc.start()
        try:
            with pytest.raises(PlexError) as caught:
                await service.shares(access)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert sent < 25 * MEGABYTE
    assert peak < 30 * MEGABYTE
    if status == 200:
        assert type(caught.value) is PlexAnswerLost
        assert caught.value.reason == "oversized"
    else:
        assert caught.value.reason == f"HTTP {status}"


@pytest.mark.parametrize("status", [200, 502])
async def test_an_answer_that_unfolds_is_not_swallowed(status: int) -> None:
    """A small answer that unpacks into 50 MB is given up as early as a huge one."""
    folded = gzip.compress(b"[" * 50 * MEGABYTE)

    async def answer(_request: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(status=status, body=folded, headers=headers)

    async with a_plex_that(answer) as (service, access):
        gc.collect()
        tracemalloc.start()
        try:
            with pytest.raises(PlexAnswerLost):
                await service.shares(access)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 30 * MEGABYTE


async def test_an_answer_that_unpacks_wrongly_is_doubt() -> None:
    """A body that is not what its encoding says is no answer."""

    async def answer(_request: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=b"no gzip", headers=headers)

    async with a_plex_that(answer) as (service, access):
        with pytest.raises(PlexAnswerLost):
            await service.shares(access)


@pytest.mark.parametrize(
    "sentence",
    [
        "a" * 60_000,
        "a-" * 30_000,
        "a." * 30_000,
        "%" * 60_000,
        "X-Plex-Token" * 5_000,
        "1a" * 30_000,
    ],
    ids=lambda sentence: sentence[:3],
)
async def test_an_endless_sentence_holds_nobody_up(
    service: PlexService, world: PlexWorld, access: PlexAccess, sentence: str
) -> None:
    """Cleaning what Plex says takes no time, however long and odd it is."""
    await service.libraries(access)
    body = f'<Response code="400" status="{sentence}"/>'
    world.faults.add(Fault(match="POST *", kind="status", status=400, body=body))
    began = time.perf_counter()
    with pytest.raises(PlexRefused) as caught:
        await service.share(access, MAIL, ONE_LIBRARY)
    assert time.perf_counter() - began < 0.5
    assert len(caught.value.reason) <= 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"errors": {"base": ["You have reached the limit"]}}', "You have reached the limit"),
        ('{"errors": {"invited_email": ["is invalid", "is odd"]}}', "is invalid is odd"),
        ('{"error": {"message": "No more users"}}', "No more users"),
        ('{"message": "No more users", "status": 422}', "No more users"),
        ('{"errors": ["No more users"]}', "No more users"),
        ('\ufeff{"error": "No more users"}', "No more users"),
        ("<errors><error>No more users</error></errors>", "No more users"),
        ('<MediaContainer status="No more users"/>', "No more users"),
        ("<Response><message>No more users</message></Response>", "No more users"),
        ("No more users", "No more users"),
        (f"No more users for {MAIL}, see https://plex.tv/x?X-Plex-Token={SECRET}",
         "No more users for …, see …"),
        ("No&#0; more", "No&#0; more"),
        ('{"error": "No\\u0000more\\ud800 \\u202eusers"}', "No more users"),
        (plex_cases.PAGE, "HTTP 422"),
        ("<broken", "HTTP 422"),
        ("[]", "HTTP 422"),
        ("", "HTTP 422"),
    ],
)  # fmt: skip
async def test_a_refusal_of_any_shape_keeps_its_reason(
    service: PlexService, world: PlexWorld, access: PlexAccess, body: str, said: str
) -> None:
    """How Plex says that a server is full is not known: its sentence is found in any shape."""
    await service.libraries(access)
    world.faults.add(Fault(match="POST *", kind="status", status=422, body=body))
    with pytest.raises(PlexRefused) as caught:
        await service.share(access, MAIL, ONE_LIBRARY)
    assert caught.value.reason == said
    assert caught.value.reason.encode()


@pytest.mark.parametrize(
    "wait",
    ["7", " 7 ", "7.5", "-1", "1e400", "nan", "", ",", "Mon,", "Mon, 1", "\x01", "é", "9" * 400],
)
async def test_every_429_is_busy_whatever_it_asks_for(
    service: PlexService, world: PlexWorld, access: PlexAccess, wait: str
) -> None:
    """A crippled Retry-After takes nothing from a 429, and no wait is negative or endless."""
    headers = {"Retry-After": wait} if wait.isprintable() and wait else {}
    world.faults.add(Fault(match="GET /", kind="status", status=429, headers=headers))
    with pytest.raises(PlexBusy) as caught:
        await service.status(access)
    assert caught.value.retry_after is None or 0 <= caught.value.retry_after <= 3600


# -- lists ----------------------------------------------------------------------------------------

GOOD = (
    '{"id": 5001, "machineIdentifier": "M", "invitedId": 2001, "invitedEmail": "bob@example.org",'
    ' "invited": {"id": 2001, "username": "bob"}, "libraries": [{"id": 90000001}]}'
)


@asynccontextmanager
async def a_list_of(*rows: str) -> AsyncIterator[tuple[PlexService, PlexAccess]]:
    """A Plex whose pending shares are these rows; nothing is accepted."""

    async def answer(request: web.Request) -> web.Response:
        text = f"[{', '.join(rows)}]" if request.path.endswith("/pending") else "[]"
        return web.Response(text=text, content_type="application/json")

    async with a_plex_that(answer) as made:
        yield made


ODD_ROWS = [
    '{"id": NaN, "machineIdentifier": "M", "invitedEmail": "carol@example.org"}',
    '{"id": "nan", "machineIdentifier": "M"}',
    '{"id": "carol@example.org", "machineIdentifier": "M"}',
    '{"id": null, "machineIdentifier": "M"}',
    '{"id": 0, "machineIdentifier": "M"}',
    '{"id": -5, "machineIdentifier": "M"}',
    '{"id": 1e400, "machineIdentifier": "M"}',
    f'{{"id": {2**63}, "machineIdentifier": "M"}}',
    f'{{"id": {"9" * 30}, "machineIdentifier": "M"}}',
    '{"machineIdentifier": "M"}',
    '{"id": [1], "machineIdentifier": "M"}',
    '{"id": true, "machineIdentifier": "M"}',
    '{"id": 5002}',
    "{}",
    "null",
    "7",
    '"text"',
    "[]",
]


@pytest.mark.parametrize("odd", ODD_ROWS, ids=lambda odd: odd[:40])
async def test_an_odd_row_hides_no_other(odd: str) -> None:
    """The shares that can be read are found, though a row beside them cannot be."""
    async with a_list_of(odd, GOOD, odd) as (service, access):
        found = await service.find_share(access, "BOB@example.org")
        assert found is not None
        assert (found.share_id, found.account_id) == (5001, 2001)
        assert await service.find_share(access, "nobody", account_id=2001) == found
        assert await service.shares(access) == (found,)


@pytest.mark.parametrize("odd", ODD_ROWS, ids=lambda odd: odd[:40])
async def test_an_odd_row_may_be_whom_one_looks_for(odd: str) -> None:
    """Beside a row that cannot be read, "not found" is doubt: it never leads to a second invite."""
    async with a_list_of(GOOD, odd) as (service, access):
        with pytest.raises(PlexAnswerLost) as caught:
            await service.find_share(access, "dave@example.org")
        assert caught.value.reason == "unreadable"


@pytest.mark.parametrize(
    "row",
    [
        '{"id": NaN, "machineIdentifier": "elsewhere"}',
        '{"id": NaN, "machineIdentifier": "M", "deletedAt": "2026-01-01T00:00:00Z"}',
        '{"id": NaN, "machineIdentifier": "M", "leftAt": 1767225600}',
    ],
)
async def test_odd_rows_that_cannot_matter_do_not(row: str) -> None:
    """What is odd about another server's share, or one that has ended, stands in nobody's way."""
    async with a_list_of(row, GOOD) as (service, access):
        assert await service.find_share(access, "dave@example.org") is None
        assert len(await service.shares(access)) == 1


@pytest.mark.parametrize(
    "odd",
    [
        '"invited": null',
        '"invited": []',
        '"invited": "bob"',
        '"invited": {"id": NaN, "username": null}',
        '"invitedId": NaN',
        '"invitedId": "bob@example.org"',
        '"invitedId": -1',
        f'"invitedId": {2**63}',
        '"invitedId": {}',
        '"libraries": null',
        '"libraries": {}',
        '"libraries": 7',
        '"libraries": [null, 7, {}, {"id": NaN}, {"id": 90000001}]',
        '"username": 7',
        '"acceptedAt": {}',
    ],
)
async def test_a_share_with_odd_parts_is_a_share(odd: str) -> None:
    """A share whose id and address can be read is found, whatever else is odd about it."""
    row = (
        '{"id": "5003", "machineIdentifier": "M", "invitedEmail": "erin@example.org",'
        f' "invitedId": 2005, {odd}}}'
    )
    async with a_list_of(row) as (service, access):
        found = await service.find_share(access, "erin@example.org")
        assert found is not None
        assert found.share_id == 5003
        assert found.account_id in {None, 2005}
        assert found.section_ids <= {90000001}


@pytest.mark.parametrize(
    "attributes",
    ['id="NaN"', 'id="0"', 'id="-1"', 'id=""', f'id="{2**63}"', 'id="a@example.org"', ""],
)
async def test_a_made_share_with_an_odd_id_has_to_be_looked_for(attributes: str) -> None:
    """An answer that names no id which can be kept means "look"."""

    async def answer(_request: web.Request) -> web.Response:
        text = f"<MediaContainer><SharedServer {attributes} userID='NaN'/></MediaContainer>"
        return web.Response(text=text, content_type="application/xml")

    async with a_plex_that(answer) as (service, access):
        assert await service.share(access, MAIL, ONE_LIBRARY) is None


@pytest.mark.parametrize(
    "body", ["7", '"x"', "null", "{}", "[[]]", "[" * 100_000, '{"a":' * 50_000]
)
async def test_json_that_is_no_list_of_shares_is_doubt(body: str) -> None:
    """A document that is no list, or one without a bottom, is no answer."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    async with a_plex_that(answer) as (service, access):
        with pytest.raises(PlexAnswerLost):
            await service.find_share(access, MAIL)


@pytest.mark.parametrize(
    "wrong",
    [
        (LISTING, "application/xml", "[]"),
        (LISTING, "text/plain", "[]"),
        (LISTING, "application/xml", "<MediaContainer size='0'/>"),
        (LISTING, "application/octet-stream", "[]"),
        (INVITING, "application/json", '{"id": 5001}'),
        (INVITING, "text/plain", "OK"),
        (SERVER, "application/json", '{"MediaContainer": {"machineIdentifier": "M"}}'),
        (SERVER, "application/xml", "<MediaContainer/>"),
        (ACCOUNT, "text/plain", "hello"),
    ],
)
async def test_a_wrong_content_type_is_doubt(
    service: PlexService,
    world: PlexWorld,
    access: PlexAccess,
    wrong: tuple[plex_cases.Asked, str, str],
) -> None:
    """An answer of another kind than was asked for is no answer."""
    asked, kind, body = wrong
    if asked is not ACCOUNT:
        await service.libraries(access)
    headers = {"Content-Type": kind}
    world.faults.add(Fault(match=asked.line, kind="status", status=200, body=body, headers=headers))
    with pytest.raises(PlexAnswerLost):
        await asked.call(service, access)


# -- no exception of any library -------------------------------------------------------------------


async def test_what_has_ended_stays_a_success(
    service: PlexService, world: PlexWorld, access: PlexAccess
) -> None:
    """The end of a share is a success with an empty answer of any status that means one."""
    await service.libraries(access)
    for status in (200, 204):
        fault = world.faults.add(
            Fault(
                match=ENDING.line,
                kind="status",
                status=status,
                headers={"Content-Type": "application/json" if status == 200 else "text/html"},
            )
        )
        await service.withdraw(access, 5001)
        world.faults.remove(fault)
