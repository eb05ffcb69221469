"""Logs: JSON in production, colours on a terminal, and never a secret or an e-mail address.

Redaction is the last step before a line is rendered, so that it also covers tracebacks and other
libraries; before, because a rendered line is escaped, and a hole cut into it is no JSON any more.
"""

import logging
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import structlog
from structlog.types import EventDict, WrappedLogger

REFERENCE = "ref"
REDACTED = "[redacted]"

_PATTERNS = (
    re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"),
    # Interaction and webhook tokens travel in the path: /webhooks/{id}/{token}/...
    re.compile(r"(?<=/webhooks/)(?P<keep>\d+/)[^/\s\"'?]+"),
    re.compile(r"(?<=/interactions/)(?P<keep>\d+/)[^/\s\"'?]+(?=/callback)"),
    re.compile(
        r"(?i)(?P<keep>(?:x-plex-token|authorization|invitetoken)\\*[\"']?\s*[=:]\s*"
        r"\\*[\"']?(?:bot )?)[^&\s\"',}\\]+"
    ),
    # A Discord bot token: three parts of base64 joined by points.
    re.compile(r"\b[\w-]{18,30}\.[\w-]{6}\.[\w-]{25,}\b"),
)
# What is called one of these is hidden, whatever it looks like.
_NAMES = re.compile(r"(?i)x[-_]plex[-_]token|authorization|invitetoken")
# Values learnt at start (the tokens of the settings), longest first.
_known: list[str] = []


def hide(*values: str | None) -> None:
    """Never let these values appear in a log line from now on."""
    _known.extend(value for value in values if value and value not in _known)
    _known.sort(key=len, reverse=True)


def redact(text: str) -> str:
    """`text` without e-mail addresses, tokens and every value given to `hide`."""
    for value in _known:
        text = text.replace(value, REDACTED)
    for pattern in _PATTERNS:
        keep = r"\g<keep>" if "keep" in pattern.groupindex else ""
        text = pattern.sub(keep + REDACTED, text)
    return text


def _redact_event(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {redact(name): _redacted(value, name) for name, value in event.items()}


def _redacted(value: Any, name: object = "") -> Any:
    """`value` with every text in it redacted; what is neither text nor number as its repr."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if _NAMES.fullmatch(str(name)):
        return REDACTED
    if isinstance(value, Mapping):
        return {redact(str(inner)): _redacted(found, inner) for inner, found in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted(inner) for inner in value]
    return redact(value if isinstance(value, str) else repr(value))


def _tracebacks() -> structlog.types.Processor:
    # Locals would carry what people typed into the log.
    transformer = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return structlog.processors.ExceptionRenderer(transformer)


def setup(format_: Literal["auto", "json", "console"] = "auto", level: str = "info") -> None:
    """Send every log of the process, the libraries' own included, through one redacting chain."""
    pretty = format_ == "console" or (format_ == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.types.Processor] = (
        [
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
        if pretty
        else [_tracebacks(), _redact_event, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Below warning these describe every request (and urllib3 and plexapi print its secrets).
    for name in ("discord", "procrastinate", "urllib3", "plexapi", "aiohttp.access", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def new_reference() -> str:
    """A short reference (8 characters) that a person can read out: shown to them and logged."""
    alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(secrets.choice(alphabet) for _ in range(8))


@contextmanager
def reference(**fields: object) -> Iterator[str]:
    """Give every log line inside the same new reference and fields."""
    ref = new_reference()
    with structlog.contextvars.bound_contextvars(**{REFERENCE: ref}, **fields):
        yield ref
