"""`/tier`: what an admin sees and changes, and what becomes of it for the people."""

from typing import Any

import discord
import unseen
from lives import titles
from stage import Stage, button, chosen, labels, options, parts, refusal, said, words

from sandbox.plex.faults import Fault, Kind

PHOTO = "📷"


async def edit(stage: Stage, name: str = "Standard", who: Any = None) -> Any:
    """The panel of a tier."""
    return await stage.slash(who or stage.alice, "tier edit", tier=name)


async def create(stage: Stage, name: str) -> Any:
    """A new tier: its panel."""
    return await stage.slash(stage.alice, "tier create", name=name)


async def with_libraries(stage: Stage, name: str, *wanted: str) -> Any:
    """A new tier that shares these libraries: its panel."""
    shown = await create(stage, name)
    page = await stage.alice.click(shown.response, label="Libraries")
    ids = options(page.response)
    page = await stage.alice.select(page.response, [ids[title] for title in wanted])
    return await stage.alice.click(page.response, label="Back to the tier")


async def fill(stage: Stage, shown: Any, label: str, **typed: str) -> Any:
    """Press what opens a form, type into it, send it."""
    form = await stage.alice.click(shown.response, label=label)
    assert form.modal is not None, said(form)
    return await stage.alice.submit_modal(form, typed)


async def of_tier(stage: Stage, name: str, columns: str) -> tuple[Any, ...]:
    """What the ledger says about a tier."""
    [row] = await stage.run_sql(f"SELECT {columns} FROM tier WHERE name = $1", name)  # noqa: S608 - names of our own
    return tuple(row)


async def holder_roles(stage: Stage, who: Any) -> set[int]:
    """The roles that somebody has on Discord."""
    member = stage.env.backend.get_guild(stage.world.guild.id).members[who.id]
    return set(member.role_ids)


# -- panels -------------------------------------------------------------------------------------


async def test_everything_about_a_tier_is_changed_in_one_message(stage: Stage) -> None:
    """Name, libraries, rights, time, seats, members: each by a button or a form, in one message."""
    listed = await stage.slash(stage.alice, "tier list")
    assert listed.ephemeral
    assert "**Standard** · default · 5 libraries · 0 people · members may ask" in said(listed)
    assert "💺 Home Media: 0 of 100 seats are taken." in said(listed)
    made = await fill(stage, listed, "New tier", name="  Family \n 🎈 ")
    assert made.response.id == listed.response.id
    text = words(made.response)
    assert "### Tier Family 🎈" in text
    assert "It has no libraries, so nobody can be given it." in text
    assert "**Members**: cannot ask for it" in text
    page = await stage.alice.click(made.response, label="Libraries")
    ids = options(page.response)
    page = await stage.alice.select(page.response, [ids["Films"], ids["Kids"]])
    assert chosen(page.response) == ["Films", "Kids"]
    shown = await stage.alice.click(page.response, label="Back to the tier")
    for label in ("Downloads: off", "Camera upload: off", "Members may ask: off"):
        shown = await stage.alice.click(shown.response, label=label)
        assert "✅ Saved." in words(shown.response)
    shown = await fill(stage, shown, "Name, time, seats", name="Family", days="2 weeks", seats="3")
    text = words(shown.response)
    assert "**Libraries**: Films, Kids (2)" in text
    assert "**Allowed too**: Downloads, Camera upload" in text
    assert "**Access lasts**: 14 days" in text
    assert "**Seats**: 0 of 3 are taken" in text
    assert "**Members**: may ask for it" in text
    assert shown.response.id == listed.response.id
    stored = "allow_sync, allow_channels, allow_camera_upload, duration_days, seats, is_open"
    assert await of_tier(stage, "Family", stored) == (True, False, True, 14, 3, True)
    audit = await stage.run_sql(
        "SELECT action, details->>'field' FROM audit_event"
        " WHERE action LIKE 'tier.%' AND actor_id = $1 ORDER BY id",
        stage.alice.id,
    )
    assert [row[0] for row in audit].count("tier.changed") == 6


async def test_what_cannot_be_is_said_and_changes_nothing(stage: Stage) -> None:
    """A name that exists, no name, no number, no time: a sentence each, and the tier stays."""
    await create(stage, "Family")
    async with stage.nothing_changes():
        assert "There is a tier of that name already" in refusal(await create(stage, " FAMILY "))
        assert "needs a name" in refusal(await create(stage, "..."))
        assert "60 characters at most" in refusal(await create(stage, "x" * 61))
        assert "does not exist" in refusal(await edit(stage, "Nobody's"))
        gone = {"type": 2, "style": 2, "label": "x", "custom_id": "helpr:tier:delete:999"}
        pressed = await unseen.press(stage.env, stage.alice, stage.world.access_requests, gone)
        assert "does not exist" in refusal(pressed)
        shown = await edit(stage, "family")
        for typed, sentence in (
            ({"name": "Standard", "days": "", "seats": ""}, "a tier of that name already"),
            (
                {"name": "F", "days": "soon", "seats": ""},
                "I cannot read “soon” as a number of days",
            ),
            ({"name": "F", "days": "0", "seats": ""}, "at least one"),
            ({"name": "F", "days": "", "seats": "101"}, "“101” is not a number of seats"),
            ({"name": "F", "days": "", "seats": "two"}, "Type one from 1 to 100"),
        ):
            sent = await fill(stage, shown, "Name, time, seats", **typed)
            assert sentence in refusal(sent), typed


async def test_300_libraries_page_and_their_odd_names_are_shown(stage: Stage) -> None:
    """The menu turns pages of 25; names with emoji, markup and 200 characters break nothing."""
    stage.plex.world.add_library(f"{PHOTO} **Holiday** `2024` " + "x" * 200, "photo")
    for number in range(294):
        stage.plex.world.add_library(f"Library {number:03}", "movie")
    await stage.slash(stage.alice, "plex connect")
    shown = await with_libraries(stage, "Big", "Films")
    page = await stage.alice.click(shown.response, label="Libraries")
    assert "Page 1 of 12" in words(page.response)
    odd = next(label for label in options(page.response) if label.startswith(PHOTO))
    assert len(odd) == 100
    page = await stage.alice.select(
        page.response, [options(page.response)[odd], options(page.response)["Films"]]
    )
    page = await stage.alice.click(page.response, label="Later ones")
    page = await stage.alice.select(page.response, list(options(page.response).values())[:2])
    assert "(4)" in words(page.response)
    page = await stage.alice.click(page.response, label="All libraries")
    assert "(300)" in words(page.response)
    shown = await stage.alice.click(page.response, label="Back to the tier")
    assert "(300)" in words(shown.response)
    page = await stage.alice.click(shown.response, label="Libraries")
    page = await stage.alice.click(page.response, label="None")
    assert "Choose at least one" in words(page.response)


# -- filters ------------------------------------------------------------------------------------


async def test_filters_are_typed_checked_and_sent_to_plex(stage: Stage) -> None:
    """What people type becomes Plex's own form, is shown in words, and reaches the share."""
    shown = await with_libraries(stage, "Kids", "Kids", "Films", "Series")
    page = await stage.alice.click(shown.response, label="Filters")
    page = await fill(stage, page, "Films", ratings="g, PG", not_labels="Horror")
    assert "**Films**: only rated G, PG; not labelled horror" in words(page.response)
    page = await fill(stage, page, "Series", ratings="TV-Y")
    film, series = "contentRating=G%2CPG|label!=horror", "contentRating=TV-Y"
    assert await of_tier(stage, "Kids", "filter_movies, filter_television") == (film, series)
    shown = await stage.alice.click(page.response, label="Back to the tier")
    await stage.alice.click(shown.response, label="Make it the default")
    await stage.sent(stage.bob)
    [share] = stage.shares()
    assert share.settings.filters["filterMovies"] == film
    assert share.settings.filters["filterTelevision"] == series
    assert titles(share) == ["Films", "Series", "Kids"]


async def test_a_word_that_plex_does_not_know_is_refused(stage: Stage) -> None:
    """It is named with what Plex knows; in quotes it is taken; Plex being away is told."""
    await edit(stage)
    shown = await edit(stage)
    page = await stage.alice.click(shown.response, label="Filters")
    async with stage.nothing_changes():
        told = refusal(await fill(stage, page, "Films", ratings="PG14, G"))
        assert "Plex knows no rating PG14 in this tier's libraries" in told.replace("\\", "")
        assert "It knows: G, PG, PG-13, R." in told.replace("\\", "")
        told = refusal(await fill(stage, page, "Music", not_labels="loud"))
        assert "It knows: explicit, quiet." in told
        told = refusal(await fill(stage, page, "Films", labels="a|b"))
        assert "Plex has no way to filter by “a|b”" in told.replace("\\", "")
        told = refusal(await fill(stage, page, "Films", labels="kids", not_labels="Kids"))
        assert "stands in both fields" in told
    page = await fill(stage, page, "Films", ratings='"PG14", G')
    assert "only rated PG14, G" in words(page.response)
    stage.plex.world.faults.add(
        Fault("GET /library/sections/1/label", kind=Kind.STATUS, status=500)
    )
    page = await fill(stage, page, "Films", ratings="PG14, G", not_labels="later")
    assert "I could not ask Plex" in words(page.response)
    assert "not labelled later" in words(page.response)
    page = await stage.alice.click(page.response, label="Remove all filters")
    assert words(page.response).count("everything") == 3


# -- the people who have it ---------------------------------------------------------------------


async def test_an_edit_is_given_to_those_who_have_the_tier_when_asked_for(stage: Stage) -> None:
    """Nothing changes by the edit itself; the panel says how many it is about."""
    await stage.active(stage.bob)
    await stage.active(stage.carol, "carol@example.org")
    page = await stage.alice.click((await edit(stage)).response, label="Filters")
    page = await fill(stage, page, "Films", ratings="G")
    await stage.run_jobs()
    assert {share.settings.filters["filterMovies"] for share in stage.shares()} == {""}
    shown = await stage.alice.click(page.response, label="Back to the tier")
    assert "On Plex, 2 people with this tier still have something else" in words(shown.response)
    shown = await stage.alice.click(shown.response, label="Give it to 2 people")
    for _ in range(3):
        await stage.pass_time(seconds=4)
    for share in stage.shares():
        assert share.settings.filters["filterMovies"] == "contentRating=G"
        assert share.accepted
    shown = await edit(stage)
    assert "something else" not in words(shown.response)
    # What was given so is what comes back after a suspension.
    await stage.slash(stage.alice, "access suspend", member=stage.bob)
    await stage.run_jobs()
    await stage.slash(stage.alice, "access restore", member=stage.bob)
    await stage.run_jobs()
    [share] = [one for one in stage.shares() if one.account.username == "bob"]
    assert share.settings.filters["filterMovies"] == "contentRating=G"


async def test_a_tier_in_use_is_deleted_after_its_people_have_moved(stage: Stage) -> None:
    """Deleting asks where they go, moves them, and only then the tier is gone."""
    await with_libraries(stage, "Kids", "Kids")
    await stage.requested(stage.bob)
    [menu] = parts(stage.card(), 3)
    assert [option["label"] for option in menu["options"]] == ["Standard", "Kids"]
    await stage.alice.select(stage.card(), [menu["options"][1]["value"]])
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == ["Kids"]
    await stage.requested(stage.carol, "carol@example.org")
    # A tier more, or less, shows in the menus of cards that stand already.
    await with_libraries(stage, "Third", "Films")
    await stage.run_jobs()
    assert len(parts(stage.card(), 3)[0]["options"]) == 3
    await stage.run_sql(
        "UPDATE invite SET tier_id = (SELECT id FROM tier WHERE name = 'Kids')"
        " WHERE member_id = $1",
        stage.carol.id,
    )
    page = await stage.slash(stage.alice, "tier delete", tier="kids")
    assert "1 person has this tier." in words(page.response)
    shown = await stage.alice.select(page.response, [options(page.response)["Standard"]])
    assert shown.response.id == page.response.id
    for _ in range(3):
        await stage.pass_time(seconds=4)
    assert titles(stage.shares()[0]) == ["Films", "Series", "Music", "Photos", "Kids"]
    assert "does not exist" in refusal(await edit(stage, "Kids"))
    # The open request that named it gets the default one; the name is free again.
    assert "Tier: Standard" in words(stage.card())
    await create(stage, "Kids")


async def test_a_tier_that_nobody_has_goes_at_once_and_the_default_one_never(stage: Stage) -> None:
    """The default tier has to be another one first."""
    await create(stage, "Kids")
    async with stage.nothing_changes():
        told = refusal(await stage.slash(stage.alice, "tier delete", tier="Standard"))
        assert "Make another tier the default first" in told
    page = await stage.slash(stage.alice, "tier delete", tier="Kids")
    listed = await stage.alice.click(page.response, label="Delete it")
    assert "Kids" not in words(listed.response)


async def test_members_choose_where_several_tiers_are_open(stage: Stage) -> None:
    """The form has a menu then, the request keeps the wish, and Approve gives it."""
    shown = await with_libraries(stage, "Kids", "Kids")
    await stage.alice.click(shown.response, label="Members may ask: off")
    form = await stage.slash(stage.bob, "invite")
    kids = (await of_tier(stage, "Kids", "id"))[0]
    await stage.bob.submit_modal(form, {"login": "bob@example.org", "tier": [str(kids)]})
    await stage.run_jobs()
    assert "Tier: Kids (1 library)" in words(stage.card())
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert titles(stage.shares()[0]) == ["Kids"]


# -- seats --------------------------------------------------------------------------------------


async def test_a_full_tier_and_a_full_server_refuse(stage: Stage) -> None:
    """Without a waiting list: the sentence says which is full and what to do; nothing is sent."""
    await stage.run_sql("UPDATE guild SET waiting_list = false")
    await fill(stage, await edit(stage), "Name, time, seats", name="Standard", days="", seats="1")
    await stage.active(stage.bob)
    await stage.requested(stage.carol, "carol@example.org")
    async with stage.nothing_changes():
        told = refusal(await stage.alice.click(stage.card(), label="Approve"))
        assert "The tier Standard is full: all of its 1 seats are taken" in told
    await fill(stage, await edit(stage), "Name, time, seats", name="Standard", days="", seats="")
    listed = await stage.slash(stage.alice, "tier list")
    assert "“0” is not a number of seats" in refusal(
        await fill(stage, listed, "Seats of Home Media", seats="0")
    ).replace("\\", "")
    listed = await fill(stage, listed, "Seats of Home Media", seats="1")
    assert "1 of 1 seats are taken" in words(listed.response)
    async with stage.nothing_changes():
        told = refusal(await stage.alice.click(stage.card(), label="Approve"))
        assert "Home Media is full" in told
    await stage.slash(stage.alice, "access revoke", member=stage.bob)
    await stage.run_jobs()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.carol) == "sent"


# -- roles --------------------------------------------------------------------------------------


async def choose_role(stage: Stage, role: Any, name: str = "Standard") -> Any:
    """Have a tier give a role: the answer."""
    page = await stage.alice.click((await edit(stage, name)).response, label="Role")
    return await stage.alice.select(page.response, [role])


async def test_the_role_comes_and_goes_with_access(stage: Stage) -> None:
    """Given when active, taken while suspended, given again, taken in the end."""
    viewers = stage.world.viewers
    page = await choose_role(stage, viewers)
    assert f"**Role**: <@&{viewers.id}>" in words(page.response)
    await stage.active(stage.bob)
    await stage.run_jobs()
    assert viewers.id in await holder_roles(stage, stage.bob)
    for what, has_it in (("suspend", False), ("restore", True), ("revoke", False)):
        await stage.slash(stage.alice, f"access {what}", member=stage.bob)
        for _ in range(2):
            await stage.run_jobs()
        assert (viewers.id in await holder_roles(stage, stage.bob)) is has_it, what
    [(given, due)] = await stage.run_sql("SELECT role_given_id, role_due_at FROM invite")
    assert (given, due) == (None, None)


async def test_a_role_that_would_hand_out_rights_is_refused(stage: Stage) -> None:
    """Everybody's, staff's, one above the bot or the admin, an integration's: a sentence each."""
    world = stage.world
    power = world.guild.create_role("Power", permissions=discord.Permissions(manage_guild=True))
    async with stage.nothing_changes():
        for role, sentence in (
            (world.guild.default_role, "That role is everybody's"),
            (world.reviewers, "is one of the reviewer or admin roles"),
            (world.admins, "may manage the server"),
            (power, "may manage the server"),
        ):
            assert sentence in refusal(await choose_role(stage, role)), role
    await choose_role(stage, world.viewers)
    page = await stage.slash(stage.alice, "settings")
    page = await stage.alice.select(page.response, ["admin_role_ids"])
    told = refusal(await stage.alice.select(page.response, [world.viewers]))
    assert "is given by a tier" in told


async def test_a_role_that_became_the_staffs_is_never_given(stage: Stage) -> None:
    """Also to whoever has another tier's role: that one is taken, and nothing is given for it."""
    world = stage.world
    await choose_role(stage, world.viewers)
    await with_libraries(stage, "Family", "Films")
    friends = world.guild.create_role("Friends")
    await choose_role(stage, friends, "Family")
    await stage.active(stage.bob)
    await stage.run_jobs()
    # By the operator's settings, which know nothing of tiers.
    await stage.run_sql("UPDATE guild SET reviewer_role_ids = array[$1::bigint]", friends.id)
    await stage.slash(stage.alice, "access move", member=stage.bob, tier="Family")
    for _ in range(2):
        await stage.run_jobs()
    assert await holder_roles(stage, stage.bob) & {friends.id, world.viewers.id} == set()
    shown = await edit(stage, "Family")
    assert "Role of 1 person" in words(shown.response)
    await stage.run_sql("UPDATE guild SET reviewer_role_ids = '{}'")
    await stage.alice.click(shown.response, label="Try the roles again")
    await stage.run_jobs()
    assert friends.id in await holder_roles(stage, stage.bob)


async def test_a_role_that_cannot_be_given_blocks_no_access(stage: Stage) -> None:
    """Access is active all the same; the tier's panel and the admins' notice say what to mend."""
    await choose_role(stage, stage.world.viewers)
    await unseen.let_the_bot_anywhere(stage.env, stage.world.guild, manage_roles=False)
    await stage.active(stage.bob)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"
    shown = await edit(stage)
    assert "Role of 1 person: I may not: give me Manage Roles" in words(shown.response)
    card = await stage.slash(stage.alice, "access show", member=stage.bob)
    assert "Role: I may not: give me Manage Roles" in said(card)
    assert "1 person's role needs an admin" in words(stage.card())
    await unseen.let_the_bot_anywhere(stage.env, stage.world.guild, manage_roles=True)
    shown = await stage.alice.click(shown.response, label="Try the roles again")
    await stage.run_jobs()
    assert stage.world.viewers.id in await holder_roles(stage, stage.bob)
    assert "⚠️" not in words((await edit(stage)).response)
    assert "The roles of tiers are in order again" in words(stage.card())
    assert button(shown.response, "Role")
    assert "Try the roles again" not in labels((await edit(stage)).response)
