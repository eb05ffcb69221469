"""Every failure that Helpr knows, as a key and parameters.

An error holds no prose: `bot.ui.errors` turns a key into words in the reader's language.
Plex's failures carry their treatment, so that a job decides by class and never by text.
"""

from enum import StrEnum
from typing import ClassVar

Param = str | int


class StartError(Exception):
    """The process cannot start: one sentence for the operator, and the exit code.

    The sentence is all that is printed; it never holds a value that may be secret.
    """

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class HelprError(Exception):
    """A failure that a person is told about: `key` names it, `params` fill its sentence."""

    def __init__(self, key: str, **params: Param) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


class Refused(HelprError):
    """Somebody asked for what cannot be. Nothing was changed."""


class Forged(Refused):
    """What was pressed or sent is about another guild's, another person's, or nothing at all.

    Nothing that Helpr shows leads there, so somebody made it by hand; it is written down.
    """


class LedgerUnavailable(HelprError):
    """PostgreSQL did not answer. What was asked did not happen, or is not known to have."""

    def __init__(self) -> None:
        super().__init__("ledger.unavailable")


class Treatment(StrEnum):
    """What is done about a failure of Plex (`docs/adr/0004-failures-have-classes.md`)."""

    PERMANENT = "permanent"
    """Tell both sides and stop."""
    RETRY = "retry"
    """Plex surely did nothing: try again later, with backoff."""
    ADMIN = "admin"
    """An admin has to mend something first; everything waits until then."""
    DOUBT = "doubt"
    """Plex may have done it: look before trying again."""


class PlexError(HelprError):
    """A failure of plex.tv or of a media server.

    `reason` is Plex's own sentence for the admins, without e-mail addresses and tokens;
    `retry_after` is in seconds, where Plex named it.
    """

    key_of_class: ClassVar[str] = "plex.fault"
    treatment: ClassVar[Treatment] = Treatment.DOUBT

    def __init__(self, reason: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(self.key_of_class, reason=reason)
        self.reason = reason
        self.retry_after = retry_after


class PlexUnreachable(PlexError):
    """No connection was made (refused, no route, no such name): Plex never saw the request."""

    key_of_class = "plex.unreachable"
    treatment = Treatment.RETRY


class PlexUntrusted(PlexError):
    """TLS failed: nobody vouches for the certificate, or none is shown. Nothing was sent."""

    key_of_class = "plex.untrusted"
    treatment = Treatment.ADMIN


class PlexAnswerLost(PlexError):
    """The request went out and no usable answer came back (timeout, reset, 5xx, not XML)."""

    key_of_class = "plex.answer_lost"


class PlexRedirected(PlexError):
    """3xx: the address sends on to another one. Not followed, as the token would travel along."""

    key_of_class = "plex.redirected"


class PlexBusy(PlexError):
    """429: Plex asks to slow down."""

    key_of_class = "plex.busy"
    treatment = Treatment.RETRY


class PlexTokenRefused(PlexError):
    """401, 498, 422 "Invalid token", v1's 404 "Invalid authentication token"."""

    key_of_class = "plex.token_refused"
    treatment = Treatment.ADMIN


class PlexNotOwner(PlexError):
    """403: the token's account does not own the server."""

    key_of_class = "plex.not_owner"
    treatment = Treatment.ADMIN


class PlexServerChanged(PlexError):
    """Another media server answers at the address than the one that was linked."""

    key_of_class = "plex.server_changed"
    treatment = Treatment.ADMIN


class PlexNoLibraries(PlexError):
    """A share without libraries was asked for. Plex would read that as ALL, so no call is made."""

    key_of_class = "plex.no_libraries"
    treatment = Treatment.ADMIN


class PlexAlreadyShared(PlexError):
    """400 "You're already sharing this server": a share or a pending invite stands already."""

    key_of_class = "plex.already_shared"


class PlexLibrariesUnknown(PlexError):
    """404 with code 1002: the section ids are stale. The cache is dropped; try again."""

    key_of_class = "plex.libraries_unknown"
    treatment = Treatment.RETRY


class PlexShareGone(PlexError):
    """404 for a share's id: Plex holds no such share (any more)."""

    key_of_class = "plex.share_gone"
    treatment = Treatment.PERMANENT


class PlexEndpointGone(PlexError):
    """410: Plex has switched an endpoint off, which it has done and undone before."""

    key_of_class = "plex.endpoint_gone"
    treatment = Treatment.RETRY


class PlexNotUnderstood(PlexError):
    """Plex refused the question and not what it was about: a reading with 4xx, 405, code 1000.

    It says nothing about the person, so that no invite may fail by it.
    """

    key_of_class = "plex.not_understood"
    treatment = Treatment.RETRY


class PlexRefused(PlexError):
    """400, 422 and their like after a change was asked for: Plex said no to this one, for good."""

    key_of_class = "plex.refused"
    treatment = Treatment.PERMANENT


class PlexUnverified(PlexRefused):
    """The invited account has not confirmed its e-mail address, so it cannot accept."""

    key_of_class = "plex.unverified"


class PlexConsentMissing(PlexRefused):
    """The invited account has yet to agree to something at Plex, so it cannot accept."""

    key_of_class = "plex.consent_missing"
