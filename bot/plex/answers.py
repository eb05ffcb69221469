"""What an answer of Plex means that is no success: one class of failure for each.

Judged in the session's response hook, before PlexAPI sees it: PlexAPI raises TypeError for a status
it does not know (498, 52x), and drops Retry-After and the codes. `docs/reliability.md` shows what
becomes of each.
"""

import email.utils
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from bot.domain.errors import (
    PlexAlreadyShared,
    PlexAnswerLost,
    PlexBusy,
    PlexConsentMissing,
    PlexEndpointGone,
    PlexError,
    PlexLibrariesUnknown,
    PlexNotOwner,
    PlexNotUnderstood,
    PlexRedirected,
    PlexRefused,
    PlexShareGone,
    PlexTokenRefused,
    PlexUnverified,
)
from bot.plex.complaint import Complaint, clean, read_complaint

SUCCESS = frozenset({200, 201, 204})
"""The only statuses that PlexAPI takes for a success; 202 and 206 are none to it."""

# Whatever Plex asks for, after an hour it is asked again: a nonsense of a year would strand people.
LONGEST_WAIT = 3600.0
"""In seconds."""

_ONE_SHARE = re.compile(r"/shared_servers/\d+/?$")
_ACCEPTING = re.compile(r"/shared_servers/\d+/accept/?$")
_PAGE = re.compile(
    r"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
BEGINNING = 2048
"""So many characters of a body show whether it is a page."""
_PLEX_TV = re.compile(r"(?:^|\.)plex\.tv$", re.IGNORECASE)
_READING = frozenset({"GET", "HEAD"})

# What a status means by itself, whatever was asked.
_BY_STATUS: dict[int, type[PlexError]] = {
    401: PlexTokenRefused,
    403: PlexNotOwner,
    405: PlexNotUnderstood,
    406: PlexNotUnderstood,
    410: PlexEndpointGone,
    411: PlexNotUnderstood,
    413: PlexNotUnderstood,
    414: PlexNotUnderstood,
    415: PlexNotUnderstood,
    426: PlexNotUnderstood,
    429: PlexBusy,
    431: PlexNotUnderstood,
    498: PlexTokenRefused,
}
# A "no" to what was asked for. Any other 4xx (408, 425, 499, those of proxies) is no word of Plex's
# about it, and what is unknown is doubt.
_NO = frozenset({400, 402, 404, 409, 422, 451})
# Statuses by which a proxy's own page passes for Plex's word.
_PAGES_STATUSES = frozenset({402, 403, 404, 409, 451})

# Words of a refusal that weigh more than its status. The first row is a trap: v1 answers a dead
# token with 404, which must never be read as "no such person" or "no such share".
_BY_WORDS: tuple[tuple[frozenset[int], str, type[PlexError]], ...] = (
    (frozenset({400, 404, 422}), "invalid authentication token", PlexTokenRefused),
    (frozenset({400, 422}), "invalid token", PlexTokenRefused),
)
_BY_CODE: tuple[tuple[frozenset[int], int, type[PlexError]], ...] = (
    (frozenset({400, 404, 422}), 1001, PlexTokenRefused),
    (frozenset({400, 422}), 1000, PlexNotUnderstood),
)
# The same for changes alone: a mere question that is refused says nothing about a person.
_OF_CHANGES_BY_WORDS: tuple[tuple[frozenset[int], str, type[PlexError]], ...] = (
    (frozenset({400, 409, 422}), "already sharing", PlexAlreadyShared),
    # It is about what the tier allows, so no reason to pause the whole link as 403 would.
    (frozenset({400, 402, 403, 422}), "plex pass", PlexRefused),
    # v1's refusal of stale libraries is known by its status alone; its sentence names them.
    # One about a limit may name them too, and is for good.
    (
        frozenset({422}),
        r"librar.{0,80}(?:found|exist|invalid|unknown)|(?:invalid|unknown).{0,80}librar",
        PlexLibrariesUnknown,
    ),
)
_OF_CHANGES_BY_CODE: tuple[tuple[frozenset[int], int, type[PlexError]], ...] = (
    (frozenset({400, 409, 422}), 1999, PlexAlreadyShared),
    (frozenset({404}), 1002, PlexLibrariesUnknown),
)

# Why somebody may not accept what they were invited to. That an unconfirmed address stands in the
# way is known, its words are not; nor is it known how Plex asks for a consent.
_NOT_TO_ACCEPT = frozenset({400, 402, 403, 409, 422, 451})
_OF_ACCEPTING_BY_WORDS: tuple[tuple[frozenset[int], str, type[PlexError]], ...] = (
    (_NOT_TO_ACCEPT, r"verif|confirm.{0,40}(?:mail|account)", PlexUnverified),
    (_NOT_TO_ACCEPT, r"consent|terms|privacy|agree", PlexConsentMissing),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, as far as judging it needs. `path` and `method` are those of the request.

    `is_whole` is False for one that was longer than is ever read.
    """

    status: int
    body: str = ""
    path: str = ""
    method: str = ""
    location: str | None = None
    retry_after: str | None = None
    is_media_server: bool = False
    is_whole: bool = True

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people: a gateway's, a captive portal's, a web server's."""
        start = self.body[:BEGINNING].lstrip("\ufeff \t\r\n")
        return _PAGE.match(start) is not None

    @property
    def is_usable(self) -> bool:
        """Whether PlexAPI may see it. A page never: proper XHTML would pass for a success."""
        return self.status in SUCCESS and self.is_whole and not self.is_page


def is_media_server(url: str) -> bool:
    """Whether a URL is a media server's, and not plex.tv's. Pages are a media server's own."""
    return not _PLEX_TV.search(urlsplit(url).hostname or "")


def of_answer(answer: Answer, secrets: Iterable[str] = ()) -> PlexError:
    """The error that an answer which is not usable means. Its reason is Plex's own, cleaned."""
    wait = seconds_of(answer.retry_after)
    if answer.status in SUCCESS:
        return PlexAnswerLost("page" if answer.is_whole else "oversized", retry_after=wait)
    complaint = Complaint() if answer.is_page else read_complaint(answer.body)
    reason = clean(complaint.sentence, secrets) or f"HTTP {answer.status}"
    return _class_of(answer, complaint)(reason, retry_after=wait)


def _class_of(answer: Answer, complaint: Complaint) -> type[PlexError]:
    if (known := _known(answer, complaint, _BY_WORDS, _BY_CODE)) is not None:
        return known
    if 300 <= answer.status < 400 and answer.location:
        return PlexRedirected
    if answer.is_page and not answer.is_media_server and answer.status in _PAGES_STATUSES:
        return PlexAnswerLost
    if answer.status == 404 and _ONE_SHARE.search(answer.path):
        return _of_one_share(answer, complaint)
    if _ACCEPTING.search(answer.path) and answer.status in {404, *_NOT_TO_ACCEPT}:
        return _of_accepting(answer, complaint)
    if answer.method not in _READING:
        known = _known(answer, complaint, _OF_CHANGES_BY_WORDS, _OF_CHANGES_BY_CODE)
        if known is not None:
            return known
    if (by_status := _BY_STATUS.get(answer.status)) is not None:
        return by_status
    if answer.status not in _NO:
        return PlexAnswerLost
    return PlexNotUnderstood if answer.method in _READING else PlexRefused


def _of_one_share(answer: Answer, complaint: Complaint) -> type[PlexError]:
    if not complaint.from_plex:
        # A foreign "not found" says nothing about the share: somebody would lose access by it.
        return PlexAnswerLost
    is_change = answer.method in {"POST", "PUT", "PATCH"}
    return PlexLibrariesUnknown if is_change and 1002 in complaint.codes else PlexShareGone


def _of_accepting(answer: Answer, complaint: Complaint) -> type[PlexError]:
    """It is the invited account's word that is refused, so 403 says nothing about the link."""
    if answer.status == 404:
        return PlexShareGone if complaint.from_plex else PlexAnswerLost
    return _known(answer, complaint, _OF_ACCEPTING_BY_WORDS, ()) or PlexRefused


def _known(
    answer: Answer,
    complaint: Complaint,
    by_words: Iterable[tuple[frozenset[int], str, type[PlexError]]],
    by_code: Iterable[tuple[frozenset[int], int, type[PlexError]]],
) -> type[PlexError] | None:
    # The body too: Plex's XML is not always well-formed, and then no sentence is found in it.
    said = f"{complaint.sentence}\n{'' if answer.is_page else answer.body}".casefold()
    for statuses, words, kind in by_words:
        if answer.status in statuses and re.search(words, said):
            return kind
    for statuses, code, kind in by_code:
        if answer.status in statuses and code in complaint.codes:
            return kind
    return None


def seconds_of(retry_after: str | None) -> float | None:
    """Retry-After (RFC 9110: seconds or an HTTP date) in seconds from now; None if unreadable."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            until = email.utils.parsedate_to_datetime(retry_after)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)
