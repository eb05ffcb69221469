"""What the tests of a whole life share: tiers, the card of somebody's access, odd shares."""

from datetime import timedelta
from typing import Any

import simcord
from stage import Stage, labels, said, words

from sandbox.plex.model import Share

ODD_FLAGS = {"allowSync": True, "allowChannels": False, "allowCameraUpload": True}
ODD_FILTERS = {
    "filterAll": "",
    "filterMovies": "contentRating=G%2CPG|label!=horror",
    "filterTelevision": "contentRating=TV-Y",
    "filterMusic": "label=quiet",
    "filterPhotos": "",
}


async def access(stage: Stage, what: str, who: simcord.MemberActor, **options: Any) -> Any:
    """`/access <what>` by Alice, about somebody."""
    return await stage.slash(stage.alice, f"access {what}", member=who, **options)


async def panel(
    stage: Stage, who: simcord.MemberActor, by: simcord.MemberActor | None = None
) -> tuple[str, list[str]]:
    """What `/access show` tells, and its buttons."""
    shown = await stage.slash_hidden(by or stage.alice, "access show", member=who)
    assert shown.ephemeral
    return said(shown), labels(shown.response)


async def my_plex(stage: Stage, who: simcord.MemberActor) -> tuple[str, list[str]]:
    """What `/my-plex` tells, and its buttons."""
    shown = await stage.slash(who, "my-plex")
    assert shown.ephemeral
    return said(shown), labels(shown.response)


async def suspended(stage: Stage, who: simcord.MemberActor, login: str = "bob@example.org") -> Any:
    """Somebody has access, and it is suspended on Plex: the private answer of their request."""
    answer = await stage.active(who, login)
    await access(stage, "suspend", who)
    await stage.run_jobs()
    assert await stage.state_of(who) == "suspended"
    return answer


async def tier(stage: Stage, name: str, *titles: str, days: int | None = None) -> int:
    """A tier with these libraries, which members cannot ask for; its id."""
    [(id_,)] = await stage.run_sql(
        "INSERT INTO tier (guild_id, link_id, name, duration_days, is_open)"
        " SELECT $1, min(id), $2, $3, false FROM plex_link WHERE guild_id = $1 RETURNING id",
        stage.world.guild.id,
        name,
        days,
    )
    await stage.run_sql(
        "INSERT INTO tier_library (tier_id, library_id)"
        " SELECT $1, id FROM library WHERE title = ANY($2)",
        id_,
        list(titles),
    )
    return int(id_)


async def lasting(stage: Stage, days: int) -> None:
    """The default tier lasts so many days."""
    await stage.run_sql("UPDATE tier SET duration_days = $1 WHERE is_default", days)


async def guild_sets(stage: Stage, **columns: int | str) -> None:
    """The guild has other settings."""
    for name, value in columns.items():
        await stage.run_sql(
            f"UPDATE guild SET {name} = $1 WHERE id = $2",  # noqa: S608 - names of our own
            value,
            stage.world.guild.id,
        )


async def until(stage: Stage, who: simcord.MemberActor, **before: float) -> None:
    """Time passes until so long before somebody's access ends."""
    invite = await stage.invite_of(who)
    assert invite is not None
    assert invite.expires_at is not None
    left = invite.expires_at - timedelta(**before) - stage.clock.now()
    await stage.pass_time(seconds=left.total_seconds())


def titles(share: Share) -> list[str]:
    """The libraries that a share opens."""
    return [library.title for library in share.libraries]


def make_odd(stage: Stage) -> None:
    """The owner gives the one share two libraries and flags and filters that no tier has."""
    [share] = stage.shares()
    by_title = {library.title: library.id for library in share.server.libraries}
    stage.plex.world.set_sections(share, [by_title["Films"], by_title["Photos"]])
    share.settings.update({**ODD_FLAGS, **ODD_FILTERS})


def as_given(share: Share) -> tuple[list[str], dict[str, Any], bool]:
    """All that a share gives: libraries, flags and filters, and whether it is for all libraries."""
    return titles(share), share.settings.wire, share.all_libraries


def dm(stage: Stage, who: simcord.MemberActor) -> str:
    """The one direct message that somebody has."""
    [message] = stage.dms(who)
    return words(message)
