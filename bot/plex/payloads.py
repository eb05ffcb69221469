"""Plex's answers as values. A shape that is not what Plex documents raises ValueError or KeyError.

v1 answers are XML (`/api/servers/M`, `/api/servers/M/shared_servers`), v2 answers are JSON
(`clients.plex.tv/api/v2/shared_servers/...`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from bot.domain.plex import Grant, PlexLibrary, PlexShare, PlexStream, SharingSettings

_PERMISSIONS = {
    "allowSync": "allow_sync",
    "allowCameraUpload": "allow_camera_upload",
    "allowChannels": "allow_channels",
}
_FILTERS = {
    "filterMovies": "filter_movies",
    "filterTelevision": "filter_television",
    "filterMusic": "filter_music",
}

_PLAYED = {"Video", "Track", "Photo"}
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Listing:
    """The shares of a list that can be read, and how many of its rows cannot.

    Beside an unreadable row nobody can be said to be absent: it may be that person's.
    """

    shares: Sequence[PlexShare]
    unreadable: int = 0


def invitation(machine: str, invited: str | int, grant: Grant) -> dict[str, object]:
    """The body of a share, as PlexAPI's `inviteFriend` sends it. Never without sections.

    `invited` is an e-mail address, a user name, or the id of an account (as `updateFriend` has it).
    """
    settings = grant.settings
    who = "invited_id" if isinstance(invited, int) else "invited_email"
    return {
        "server_id": machine,
        "shared_server": {
            "library_section_ids": sorted(grant.section_ids),
            who: invited,
        },
        "sharing_settings": {
            **{
                name: "1" if getattr(settings, ours) else "0" for name, ours in _PERMISSIONS.items()
            },
            **_filters(settings),
        },
    }


def changed_share(grant: Grant) -> dict[str, object]:
    """The body of v2's update of a share. Never without sections."""
    settings = grant.settings
    return {
        "librarySectionIds": sorted(grant.section_ids),
        "settings": {
            **{name: getattr(settings, ours) for name, ours in _PERMISSIONS.items()},
            **_filters(settings),
        },
    }


def settings_of(row: Mapping[str, Any]) -> SharingSettings:
    """v2's `sharingSettings`."""
    permissions = {
        ours: row.get(name) in {True, "1", "true"} for name, ours in _PERMISSIONS.items()
    }
    filters = {ours: str(row.get(name) or "") for name, ours in _FILTERS.items()}
    return SharingSettings(**permissions, **filters)  # type: ignore[arg-type]  # two tables of fields


def _filters(settings: SharingSettings) -> dict[str, str]:
    return {name: getattr(settings, ours) for name, ours in _FILTERS.items()}


def accounts_of(answer: object) -> tuple[tuple[int, frozenset[str]], ...]:
    """`/api/users/`: (account id, names) of everybody the owner shares with; names casefolded."""
    if not isinstance(answer, Element) or answer.tag != "MediaContainer":
        raise ValueError("not a list of users")
    return tuple(
        (
            int(user.attrib["id"]),
            frozenset(
                name.casefold()
                for field in ("username", "title", "email")
                if (name := user.get(field, ""))
            ),
        )
        for user in answer.iter("User")
        if user.get("id", "").isdecimal()
    )


def strays_of(answer: object) -> list[PlexShare]:
    """v1's `/api/servers/M/shared_servers`, which also shows what no v2 list does."""
    if not isinstance(answer, Element) or answer.tag != "MediaContainer":
        raise ValueError("not a list of shares")
    return [share for row in answer.iter("SharedServer") if (share := _v1_share(row)) is not None]


def libraries_of(answer: object) -> tuple[PlexLibrary, ...]:
    """`<MediaContainer><Server><Section id key type title/></Server></MediaContainer>`."""
    server = answer.find("Server") if isinstance(answer, Element) else None
    if server is None:
        raise ValueError("no Server in the answer")
    return tuple(
        PlexLibrary(
            section_id=int(section.attrib["id"]),
            key=int(section.attrib["key"]),
            title=section.attrib["title"],
            type=section.attrib["type"],
        )
        for section in server.iter("Section")
    )


def streams_of(answer: object) -> tuple[PlexStream, ...]:
    """`<MediaContainer><Video title grandparentTitle><Player state/></Video><Track/>...`."""
    if not isinstance(answer, Element) or answer.tag != "MediaContainer":
        raise ValueError("not a list of sessions")
    return tuple(_stream(row) for row in answer if row.tag in _PLAYED)


def _stream(row: Element) -> PlexStream:
    names = (row.get("grandparentTitle"), row.get("title"))
    player = row.find("Player")
    return PlexStream(
        ": ".join(filter(None, names)), player is not None and player.get("state") == "paused"
    )


def choices_of(answer: object) -> frozenset[str]:
    """`/library/sections/{key}/{field}` of the media server: `<Directory key title/>`."""
    if not isinstance(answer, Element) or answer.tag != "MediaContainer":
        raise ValueError("not a list of choices")
    return frozenset(
        title for choice in answer.iter("Directory") if (title := choice.get("title", ""))
    )


def share_made(answer: object) -> PlexShare | None:
    """The share that the answer to a share request names, if it names one.

    `<MediaContainer><SharedServer id username email userID acceptedAt><Section id shared/>`.
    """
    if answer is None:
        return None
    if not isinstance(answer, Element) or answer.tag == "html":
        raise ValueError("not an answer of Plex")
    made = next(answer.iter("SharedServer"), None)
    return None if made is None else _v1_share(made)


def _v1_share(made: Element) -> PlexShare | None:
    share_id = number(made.get("id"))
    if share_id is None:
        return None
    return PlexShare(
        share_id=share_id,
        accepted=made.get("accepted") in {"1", "true"} or _since(made.get("acceptedAt")),
        account_id=number(made.get("userID")),
        username=made.get("username", ""),
        email=made.get("email", ""),
        section_ids=frozenset(
            int(section.attrib["id"])
            for section in made.iter("Section")
            if section.get("shared", "1") in {"1", "true"}
        ),
        all_libraries=made.get("allLibraries") in {"1", "true"},
    )


def shares_of(answer: object, machine: str, *, accepted: bool) -> Listing:
    """The living shares of one server in a v2 list, which holds those of all the owner's servers.

    `accepted` says which list it is, for shares that do not say it themselves.
    """
    if not isinstance(answer, list):
        raise TypeError("not a list")
    shares: list[PlexShare] = []
    unreadable = 0
    for row in answer:
        there = row.get("machineIdentifier") if isinstance(row, dict) else None
        if there and there != machine:
            continue
        if not there:
            unreadable += 1
        elif is_living(row):
            try:
                shares.append(share_of(row, accepted=accepted))
            except (KeyError, TypeError, ValueError):
                unreadable += 1
    return Listing(shares, unreadable)


def share_of(row: object, *, accepted: bool = False) -> PlexShare:
    """One v2 share: id, invitedId, invited{id,username,email}, invitedEmail, accepted, ..."""
    if not isinstance(row, dict):
        raise TypeError("not a share")
    share_id = number(row["id"])
    if share_id is None:
        raise ValueError("a share without an id")
    invited = row.get("invited")
    invited = invited if isinstance(invited, dict) else {}
    said = row.get("accepted")
    settings = row.get("sharingSettings")
    return PlexShare(
        share_id=share_id,
        accepted=_since(row.get("acceptedAt")) or (accepted if said is None else bool(said)),
        account_id=number(row.get("invitedId")) or number(invited.get("id")),
        username=str(invited.get("username") or invited.get("title") or ""),
        email=str(row.get("invitedEmail") or invited.get("email") or ""),
        account_email=str(invited.get("email") or ""),
        section_ids=frozenset(_section_ids(row.get("libraries"))),
        all_libraries=bool(row.get("allLibraries")),
        settings=settings_of(settings) if isinstance(settings, dict) else None,
    )


def is_living(row: Mapping[str, Any]) -> bool:
    """Whether neither side has ended the share."""
    return not (_since(row.get("deletedAt")) or _since(row.get("leftAt")))


def _section_ids(libraries: object) -> Iterator[int]:
    for library in libraries if isinstance(libraries, list) else ():
        found = number(library.get("id")) if isinstance(library, dict) else None
        if found is not None:
            yield found


def number(value: object) -> int | None:
    """An id as Plex writes it, a number or its digits; None for what is none, or fits no column.

    An address without a Plex account has none, "" or 0 here, and NaN has been seen.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _LARGEST_ID else None


def _since(instant: object) -> bool:
    return instant not in (None, "", "0", 0)
