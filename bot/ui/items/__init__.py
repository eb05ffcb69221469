"""Every button and menu that stays in a sent message: found again by its custom_id, any time later.

discord.py finds a DynamicItem by its pattern, also after a restart. What it stands for is all in
the custom_id; what happens is decided behind the door (`bot.tree`), never here. One module a
family; a new one adds its `ITEMS` below.
"""

from typing import Any

from discord.ui import DynamicItem

from bot.ui.items import (
    absence,
    access,
    board,
    bulk,
    codes,
    holders,
    imports,
    members,
    messages,
    mine,
    plex,
    privacy,
    requests,
    settings,
    setup,
    standing,
    tiers,
    wishes,
)

ALL_ITEMS: tuple[type[DynamicItem[Any]], ...] = (
    *requests.ITEMS,
    *members.ITEMS,
    *messages.ITEMS,
    *mine.ITEMS,
    *wishes.ITEMS,
    *absence.ITEMS,
    *access.ITEMS,
    *bulk.ITEMS,
    *codes.ITEMS,
    *holders.ITEMS,
    *imports.ITEMS,
    *plex.ITEMS,
    *privacy.ITEMS,
    *settings.ITEMS,
    *board.ITEMS,
    *tiers.ITEMS,
    *standing.ITEMS,
    *setup.ITEMS,
)
