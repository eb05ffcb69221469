"""Flags and filters belong to an owner account and a person, and survive whatever happens."""

import json
from typing import Any

from story import ADMIN, BOB, GUILD, Story, execute, rows

from bot.domain.filters import Media
from bot.domain.people import Actor, Right
from bot.services.invites import Request

FILMS = "contentRating=G%2CPG|label!=horror"
MUSIC = "label!=explicit"
OTHER_GUILD = GUILD + 1


async def filtered(story: Story) -> int:
    """The default tier gets downloads and filters; its id."""
    edits = story.house.services.tier_edits
    [(tier_id,)] = await rows(story.ledger, "SELECT id FROM tier WHERE is_default")
    await edits.set_filter(
        ADMIN, tier_id, Media.MOVIES, {"ratings": "G, PG", "not_labels": "horror"}
    )
    await edits.set_filter(ADMIN, tier_id, Media.MUSIC, {"not_labels": "explicit"})
    await edits.set_flag(ADMIN, tier_id, "allow_sync", on=True)
    return int(tier_id)


def given(story: Story, number: int = 0) -> tuple[Any, ...]:
    """What Plex lets somebody do, and keeps from them."""
    wire = story.shares[number].settings.wire
    return wire["allowSync"], wire["filterMovies"], wire["filterTelevision"], wire["filterMusic"]


async def test_filters_survive_the_whole_life(story: Story) -> None:
    """Sent with the invite, and the same after suspension, extension, a move and back."""
    tier_id = await filtered(story)
    access, tiers = story.house.services.access, story.house.services.tiers
    invite = await story.sent()
    assert given(story) == (True, FILMS, "", MUSIC)
    story.world.accept(story.shares[0].share_id)
    await story.after(minutes=2)
    await access.suspend(ADMIN, invite.id)
    await story.sweep()
    assert story.shares == []
    # Whatever the account had meanwhile is not what comes back.
    await story.house.services.tier_edits.set_flag(ADMIN, tier_id, "allow_sync", on=False)
    await access.restore(ADMIN, invite.id)
    await story.sweep()
    assert given(story) == (True, FILMS, "", MUSIC)
    await access.extend(ADMIN, invite.id, "30d")
    await story.sweep()
    assert given(story) == (True, FILMS, "", MUSIC)
    free = (await tiers.create(ADMIN, "Free")).tier.id
    await story.house.services.tier_edits.choose(ADMIN, free)
    await access.move(ADMIN, invite.id, free)
    await story.sweep()
    assert given(story) == (False, "", "", "")
    await access.move(ADMIN, invite.id, tier_id)
    await story.sweep()
    assert given(story) == (False, FILMS, "", MUSIC)
    # Nothing differs, so nothing is drift, and nobody is to be given the tier anew.
    await story.after(minutes=20)
    assert await rows(story.ledger, "SELECT kind FROM drift") == []
    assert (await tiers.get(ADMIN, tier_id)).differing == 0


async def test_a_filter_changed_by_hand_is_seen(story: Story) -> None:
    """Plex's listing names the filters: one that somebody changed there is drift."""
    await filtered(story)
    await story.sent()
    story.shares[0].settings.update({"filterMovies": ""})
    await story.after(minutes=20)
    assert [row.kind for row in await rows(story.ledger, "SELECT kind FROM drift")] == ["libraries"]


async def test_settings_of_one_person_follow_in_every_guild(story: Story) -> None:
    """Two guilds on servers of one owner: what one sets, the other's ledger knows, and says."""
    await filtered(story)
    first = await story.sent()
    await story.second_guild(OTHER_GUILD, "another-server")
    await execute(
        story.ledger,
        "INSERT INTO tier (guild_id, link_id, name, is_default)"
        " SELECT guild_id, id, 'There', true FROM plex_link WHERE guild_id = :g",
        g=OTHER_GUILD,
    )
    there = Actor(OTHER_GUILD, BOB, Right.MEMBER)
    view = await story.house.services.invites.request(there, Request("bob@example.org"))
    assert view.invite is not None
    free = json.dumps(dict.fromkeys(("filter_movies", "filter_music", "filter_television"), ""))
    await execute(
        story.ledger,
        "UPDATE invite SET state = 'active', share_id = 777, account_id = :a,"
        " grant_sections = '{1}', grant_settings = CAST(:s AS jsonb) WHERE id = :i",
        a=first.account_id,
        s=free,
        i=view.invite.id,
    )
    await story.house.services.access.apply_tier(ADMIN, first.id)
    await story.sweep()
    [(stored,)] = await rows(
        story.ledger, "SELECT grant_settings FROM invite WHERE id = :i", i=view.invite.id
    )
    assert (stored["filter_movies"], stored["allow_sync"]) == (FILMS, True)
    assert await story.audit(view.invite) == ["invite.requested", "access.settings_shared"]
