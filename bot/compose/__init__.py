"""The composition root: the one place where parts are made and handed to each other."""

from bot.compose.foundation import (
    House,
    database,
    hide_secrets,
    house,
    keyring,
    make_services,
    upgrade_database,
)
from bot.compose.process import (
    Shards,
    logged_in,
    make_bot,
    make_queue,
    run_bot,
    run_worker,
)

__all__ = [
    "House",
    "Shards",
    "database",
    "hide_secrets",
    "house",
    "keyring",
    "logged_in",
    "make_bot",
    "make_queue",
    "make_services",
    "run_bot",
    "run_worker",
    "upgrade_database",
]
