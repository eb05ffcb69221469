"""When an interaction left the gateway, and when the bot's answers to it arrived."""

import time
from typing import Any

from bench.stage import CannotMeasure
from sandbox.discord import DiscordSandbox


class Watch:
    """Notes the times of the latest interaction in a sandbox Discord that no bot has come to yet.

    It stands where the sandbox hands an event to the gateway and where it takes a request apart,
    so that what people's pages and the records cost is not counted.
    """

    def __init__(self, discord_: DiscordSandbox) -> None:
        self._asked: float | None = None
        self._acknowledged: float | None = None
        self._answered: float | None = None
        self._edit, self._answer = discord_.gateway._edit, discord_.rest._answer
        discord_.gateway._edit = self._note_event  # type: ignore[method-assign]
        discord_.rest._answer = self._note_request  # type: ignore[assignment,method-assign]

    @property
    def acknowledged(self) -> float:
        """Seconds from the interaction to its acknowledgement."""
        return self.until(self._acknowledged)

    @property
    def answered(self) -> float:
        """Seconds from the interaction to the answer that was deferred."""
        return self.until(self._answered)

    def until(self, instant: float | None) -> float:
        """Seconds from the interaction to an instant of `time.perf_counter`."""
        if instant is None or self._asked is None:
            raise CannotMeasure("an interaction was not answered")
        return instant - self._asked

    def _note_event(self, event: str, payload: dict[str, Any]) -> None:
        if event == "INTERACTION_CREATE":
            self._asked = time.perf_counter()
            self._acknowledged = self._answered = None
        self._edit(event, payload)

    def _note_request(self, call: Any, *rest: Any) -> Any:
        now = time.perf_counter()
        if call.path.endswith("/callback"):
            self._acknowledged = self._acknowledged or now
        elif call.method == "PATCH" and call.path.endswith("/messages/@original"):
            self._answered = self._answered or now
        return self._answer(call, *rest)
