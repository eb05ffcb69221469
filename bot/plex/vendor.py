"""PlexAPI made fit: no configuration but Helpr's, one lasting device name, no gossip."""

import importlib
import logging
import os

from bot.plex.complaint import clean

_TALKERS = frozenset({"charset_normalizer", "plexapi", "requests", "urllib3"})


class Discreet(logging.Filter):
    """Lets nothing below WARNING out, whatever a level is set to later, and cleans the rest.

    At DEBUG PlexAPI prints the body of an invite (an e-mail address) and urllib3 every path.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter."""
        if record.levelno < logging.WARNING:
            return False
        record.msg = clean(record.getMessage())
        record.args = ()
        record.exc_info = record.exc_text = None
        return True


_DISCREET = Discreet()


def is_talker(name: str) -> bool:
    """Whether a logger belongs to a library that says what Helpr sends and receives."""
    return name.partition(".")[0] in _TALKERS


def prepare(client_identifier: str) -> None:
    """Load PlexAPI for this process; may be called again.

    PlexAPI takes defaults from `~/.config/plexapi/config.ini` and from PLEXAPI_* at import and at
    every call, among them a token, a log file and a switch that puts tokens into URLs. Helpr's
    settings are HELPR_* alone, so both sources are closed. `client_identifier` must be the same at
    every start: each new one is a "new device" e-mail to the owner.
    """
    for name in [name for name in os.environ if name.startswith("PLEXAPI_")]:
        del os.environ[name]
    os.environ["PLEXAPI_CONFIG_PATH"] = os.devnull
    plexapi = importlib.import_module("plexapi")
    plexapi.CONFIG.data.clear()
    plexapi.BASE_HEADERS.update(
        {
            "X-Plex-Client-Identifier": client_identifier,
            "X-Plex-Product": "Helpr",
            "X-Plex-Device": "Helpr",
            "X-Plex-Device-Name": "Helpr",
        }
    )
    for name in [name for name in logging.root.manager.loggerDict if is_talker(name)]:
        logger = logging.getLogger(name)
        logger.setLevel(max(logging.WARNING, logger.level))
        if _DISCREET not in logger.filters:
            # In front of PlexAPI's own filter, which knows tokens but no addresses.
            logger.filters.insert(0, _DISCREET)
