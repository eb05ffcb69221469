"""One daemon thread that makes calls one after the other."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """A thread of its own rather than an executor.

    concurrent.futures joins its threads when the interpreter ends, so that one hung call would
    keep a stopped process alive; a daemon thread is left behind.
    """

    def __init__(self, name: str, *, at_end: Callable[[], None]) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._at_end = at_end
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Have `call` made in the thread."""
        future: Future[T] = Future()

        def make() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = call()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._calls.put(make)
        return future

    def end(self) -> None:
        """Let the thread end after the call that it is making. Never blocks."""
        self._calls.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for the thread; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while call := self._calls.get():
                call()
        finally:
            self._at_end()
