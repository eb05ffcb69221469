"""Menus that several panels have."""

from collections.abc import Collection, Sequence

import discord

from bot.domain.links import LinkedLibrary
from bot.i18n import Texts, mark

# Discord's limits for the options of one menu, and for the text of one.
MENU = 25
TITLE_LENGTH = 100
_LIBRARY_TYPES = {
    "movie": mark("Films"),
    "show": mark("Series"),
    "artist": mark("Music"),
    "photo": mark("Photos"),
}


def library_options(
    libraries: Sequence[LinkedLibrary], chosen: Collection[int], t: Texts
) -> list[discord.SelectOption]:
    """An option for each library, by its id; those that are `chosen` are marked."""
    return [
        discord.SelectOption(
            label=library.title.strip()[:TITLE_LENGTH] or "?",
            value=str(library.id),
            description=_type_name(library.type, t),
            default=library.id in chosen,
        )
        for library in libraries
    ]


def _type_name(type_: str, t: Texts) -> str | None:
    """Plex's type of a library, as a person says it; an unknown one as Plex names it."""
    known = _LIBRARY_TYPES.get(type_)
    return t(known) if known else type_.strip()[:TITLE_LENGTH] or None
