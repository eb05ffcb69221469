"""The life of the embedded server, as `async with`."""

import asyncio
import contextlib
import sys
import threading
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.domain.errors import StartError
from bot.log import logger
from db.embedded import cluster, postmaster, servant
from db.embedded.lock import OwnerLock
from db.embedded.place import Place, find
from db.embedded.servant import Means
from db.embedded.serverlog import ServerLog

_log = logger(__name__)

_START_SECONDS = 60.0
_LOOK_FOR_OWNER_SECONDS = 0.25
_RETRY_SECONDS = 2.0
# After kill -9 of a server its helpers need a moment to let go of the cluster's memory.
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 0.0)


class EmbeddedPostgres:
    """A PostgreSQL server under `root`, shared by all processes that name the same `root`.

    The process that holds the lock owns the server: it starts it, restarts it after a crash, and
    takes it along when it ends, however it ends. The others adopt it; when the owner goes, one of
    them takes its place within about a second. Existing connections break then, new ones work.

    Raises `StartError` on entering, with one sentence for the operator. Enter it from the main
    thread. `means` names what the machine offers, where that should not be found out.
    """

    def __init__(self, root: Path, *, means: Means | None = None) -> None:
        # PostgreSQL names its data folder without symbolic links, and so do all who compare.
        self._root = root.resolve()
        self._means = means or Means.here()
        self._lock = OwnerLock(self._root / "lock")
        self._log = ServerLog(self._root / "postgres.log")
        self._place: Place | None = None
        self._server: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """SQLAlchemy's URL: `postgresql+asyncpg://helpr@/helpr?host=<socket folder>`.

        It stays the same over restarts of the server. The role is a superuser.
        """
        if self._place is None:
            raise RuntimeError("the embedded database has not been started")
        return self._place.url

    @property
    def adopted(self) -> bool:
        """Whether the server is somebody else's at the moment."""
        return self._server is None

    async def __aenter__(self) -> Self:
        """Start the server or adopt a running one; returns when it answers."""
        if sys.platform not in ("linux", "darwin"):
            raise StartError(
                "The embedded database runs on Linux and macOS: set HELPR_DATABASE__URL to a "
                "PostgreSQL server."
            )
        if threading.current_thread() is not threading.main_thread():
            # The kernel would stop the server at the end of this thread.
            raise RuntimeError("the embedded database must be started from the main thread")
        try:
            async with self._failures_told():
                self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
                await self._attach()
        except BaseException:
            await servant.to_the_end(self._let_go())
            raise
        self._watch = asyncio.create_task(self._keep(), name="embedded-postgres")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop a server of our own; an adopted one is left alone."""
        await servant.to_the_end(self._let_go())

    async def _let_go(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        try:
            if self._server is not None:
                await servant.stop(self._server)
                if self._place is not None:
                    self._place.drop_sockets()
        finally:
            self._server = None
            self._lock.release()

    @contextlib.asynccontextmanager
    async def _failures_told(self) -> AsyncIterator[None]:
        """Bound a start in time; turn what the disk and the clock say into `StartError`."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                yield
        except TimeoutError as error:
            raise StartError(
                f"The database under {self._root} did not answer within {_START_SECONDS:.0f} "
                f"seconds; its log is {self._log.path}."
            ) from error
        except OSError as error:
            raise StartError(
                f"The database under {self._root} cannot be started: "
                f"{error.strerror or error} ({error.filename or self._root})."
            ) from error

    async def _attach(self) -> None:
        """Become the owner if nobody is, or wait until the owner's server answers."""
        while not (self._lock.held or self._lock.try_acquire()):
            place = find(self._root)
            if place is not None and await postmaster.answers(place):
                self._place, self._server = place, None
                return
            await asyncio.sleep(0.05)
        self._server = await self._serve()

    async def _serve(self) -> Process | None:
        """Start the server, under the lock; None when one outlived its owner and is used."""
        place = find(self._root) or await cluster.create(self._root, self._means, self._log)
        programs = await servant.for_cluster(place, self._means)
        place.make_sockets()
        self._place = place
        with self._log.open() as output:
            for pause in _PAUSES:
                if await postmaster.outlived(place):
                    return None
                server = await postmaster.launch(programs, place, output.fileno())
                if server is not None:
                    return server
                await asyncio.sleep(pause)
        raise StartError(
            f"PostgreSQL stopped at its start ({self._log.last_line()}); "
            f"its log is {self._log.path}."
        )

    async def _keep(self) -> None:
        """See to it that a server runs for as long as we do."""
        while True:
            try:
                await self._gone()
                _log.warning("the database server is gone, starting it again")
                async with self._failures_told():
                    await self._attach()
                _log.info("the database server runs again", adopted=self.adopted)
            except (StartError, OSError) as error:
                _log.error("the database server does not start", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _gone(self) -> None:
        """Return when the server needs us: ours has ended, or its owner is no more."""
        if self._server is not None:
            await self._server.wait()
            await servant.stop(self._server)
        elif self._lock.held and self._place is not None:
            await postmaster.until_silent(self._place)
        else:
            while not self._lock.try_acquire():  # noqa: ASYNC110 - the kernel has no event for it
                await asyncio.sleep(_LOOK_FOR_OWNER_SECONDS)
