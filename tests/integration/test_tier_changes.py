"""Tiers in the ledger: limits, races, deleting while others approve, and what is owed of roles."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from story import ADMIN, BOB, CAROL, GUILD, Story, execute, rows

from bot.domain.bulk import BulkAction, BulkDetails
from bot.domain.errors import Forged, Refused
from bot.domain.people import Actor, Right
from bot.domain.roles import ChosenRole, RoleErrand, RoleProblem
from bot.services.invites import Request

ROLE, OTHER_ROLE = 501, 502
THERE = Actor(GUILD + 1, 99, Right.ADMIN)


async def tier(story: Story, name: str) -> int:
    """A tier with all libraries."""
    view = await story.house.services.tiers.create(ADMIN, name)
    await story.house.services.tier_edits.choose(ADMIN, view.tier.id)
    return view.tier.id


async def default(story: Story) -> int:
    """The default tier's id."""
    [(id_,)] = await rows(story.ledger, "SELECT id FROM tier WHERE is_default")
    return int(id_)


async def outcome(call: Any) -> str:
    """How a call ends: "done", or the key of what it is refused with."""
    try:
        await call
    except Refused as refusal:
        return refusal.key
    return "done"


async def test_members_choose_from_25_at_most(story: Story) -> None:
    """The 26th tier cannot be opened, and no menu of Discord's ever holds more."""
    tiers = story.house.services.tiers
    ids = [await tier(story, f"Tier {number}") for number in range(25)]
    outcomes = [await outcome(tiers.open_or_close(ADMIN, id_, is_open=True)) for id_ in ids]
    assert outcomes == ["done"] * 24 + ["tier.too_many_open"]
    assert len(await tiers.open_to(GUILD)) == 25
    # One without libraries is no choice, and one that was closed cannot be asked for any more.
    await story.house.services.tier_edits.choose(ADMIN, ids[0], chosen=())
    await tiers.open_or_close(ADMIN, ids[1], is_open=False)
    assert len(await tiers.open_to(GUILD)) == 23
    bob = Actor(GUILD, BOB)
    for chosen in (ids[0], ids[1], 999):
        asked = story.house.services.invites.request(bob, Request("bob", tier_id=chosen))
        assert await outcome(asked) == "tier.not_open"


async def test_two_admins_at_once(story: Story) -> None:
    """The same name at the same instant gives one tier; two defaults at once leave one."""
    tiers = story.house.services.tiers
    made = await asyncio.gather(*(outcome(tiers.create(ADMIN, "Kids")) for _ in range(4)))
    assert sorted(made) == ["done", *["tier.name_taken"] * 3]
    others = [await tier(story, name) for name in ("A", "B")]
    await asyncio.gather(*(tiers.make_default(ADMIN, id_) for id_ in others))
    assert await default(story) in others


async def test_another_guilds_tiers_do_not_exist(story: Story) -> None:
    """Every change by an admin of another guild is refused as forged, and changes nothing."""
    services, id_ = story.house.services, await default(story)
    await story.second_guild(THERE.guild_id)
    before = await rows(story.ledger, "SELECT * FROM tier")
    edits, tiers = services.tier_edits, services.tiers
    for call in (
        tiers.get(THERE, id_),
        tiers.make_default(THERE, id_),
        tiers.delete(THERE, id_),
        tiers.leave(THERE, id_, id_),
        edits.set_flag(THERE, id_, "allow_sync", on=True),
        edits.set_details(THERE, id_, name="x", days="", seats=""),
        edits.choose(THERE, id_, chosen=()),
        edits.set_role(THERE, id_, None),
        edits.set_link(THERE, id_, 1),
    ):
        with pytest.raises(Forged, match=r"tier\.unknown"):
            await call
    assert await rows(story.ledger, "SELECT * FROM tier") == before


async def test_deleting_while_others_approve(story: Story) -> None:
    """Whoever is faster: nobody ends up in a tier that is gone."""
    family = await tier(story, "Family")
    invites = [await story.ask(100 + n, f"m{n}@example.org") for n in range(4)]
    services = story.house.services
    calls = [
        outcome(services.invites.approve(ADMIN, one.id, one.version, family)) for one in invites
    ]
    calls.insert(2, outcome(services.tiers.delete(ADMIN, family)))
    *_, deleted = sorted(await asyncio.gather(*calls), key=lambda key: key == "tier.in_use")
    held = await rows(
        story.ledger,
        "SELECT count(*) FROM invite i JOIN tier t ON t.id = i.tier_id"
        " WHERE i.state = 'approved' AND t.deleted_at IS NOT NULL",
    )
    assert held[0][0] == 0, deleted


@pytest.mark.parametrize("to", ["the default", "another"])
async def test_people_move_and_then_the_tier_goes(story: Story, to: str) -> None:
    """People move one by one, requests and codes go with them, seats of the target count."""
    services, family = story.house.services, await tier(story, "Family")
    target = await default(story) if to == "the default" else await tier(story, "Kids")
    asked = await story.ask()
    await services.invites.approve(ADMIN, asked.id, asked.version, family)
    await story.sharing.share_invite(asked.id)
    waiting = await story.ask(CAROL, "carol@example.org")
    await execute(
        story.ledger, "UPDATE invite SET tier_id = :t WHERE id = :i", t=family, i=waiting.id
    )
    await execute(
        story.ledger,
        "INSERT INTO code (guild_id, tier_id, hash, created_by, created_at)"
        " VALUES (:g, :t, '\\x00', 1, now())",
        g=GUILD,
        t=family,
    )
    assert await outcome(services.tiers.delete(ADMIN, family)) == "tier.in_use"
    assert await outcome(services.tiers.leave(ADMIN, family, family)) == "tier.unknown"
    holders = await services.tiers.leave(ADMIN, family, target)
    assert holders == [asked.id]
    # Nobody is given it meanwhile: who wished for it gets the default one.
    approve = services.invites.approve(ADMIN, waiting.id, waiting.version, family)
    assert await outcome(approve) == "tier.leaving"
    assert await outcome(services.access.move(ADMIN, waiting.id, family)) == "tier.leaving"
    await story.sweep()
    assert (await services.tiers.get(ADMIN, family)).held == 1
    await services.bulk.start(
        ADMIN, BulkAction.MOVE, holders, BulkDetails(tier_id=target, with_own=True)
    )
    story.clock.advance(seconds=2)
    await services.bulk_run.carry_on(1)
    await story.sweep()
    assert await outcome(services.tiers.get(ADMIN, family)) == "tier.unknown"
    assert (await story.get(waiting)).tier_id == target
    named = None if to == "the default" else target
    assert await rows(story.ledger, "SELECT tier_id FROM code") == [(named,)]
    assert (await story.get(asked)).tier_id == target


async def test_a_tier_of_a_second_server(story: Story) -> None:
    """A tier changes its server while nobody has it; its libraries are chosen anew there."""
    services, first = story.house.services, await story.link()
    server = story.world.add_server("Annex")
    story.world.add_library("Attic", "movie", server)
    async with story.ledger.begin() as work:
        second = await work.links.link(
            GUILD,
            base_url=first.base_url,
            token=first.token,
            machine_identifier=server.machine_identifier,
            server_name="Annex",
            owner_account_id=first.owner_account_id or 0,
            now=story.clock.now(),
        )
        assert second is not None
        await work.commit()
    family, edits = await tier(story, "Family"), services.tier_edits
    assert await outcome(edits.set_link(ADMIN, family, second.id)) == "plex.not_connected"
    await execute(
        story.ledger,
        "UPDATE plex_link SET state = 'connected', connected_at = now() WHERE id = :i",
        i=second.id,
    )
    view = await edits.set_link(ADMIN, family, second.id)
    assert (view.tier.link_id, view.tier.libraries, len(view.links)) == (second.id, (), 2)
    view = await edits.set_link(ADMIN, family, first.id)
    await edits.choose(ADMIN, family)
    asked = await story.ask()
    await services.invites.approve(ADMIN, asked.id, asked.version, family)
    assert await outcome(edits.set_link(ADMIN, family, second.id)) == "tier.server_in_use"
    # Both servers are one owner's: their seats are the same ones.
    assert [one.taken for one in (await services.tiers.all(ADMIN)).seats] == [1, 1]


# -- roles --------------------------------------------------------------------------------------


async def errand(story: Story, invite: Any) -> RoleErrand | None:
    """What is owed of a role to somebody, taken."""
    return await story.house.services.roles.begin(invite.id)


async def with_role(story: Story, role: int = ROLE) -> int:
    """The default tier gives a role; its id."""
    id_ = await default(story)
    await story.house.services.tier_edits.set_role(ADMIN, id_, ChosenRole(role))
    return id_


async def active(story: Story) -> Any:
    """Bob has access."""
    invite = await story.sent()
    story.world.accept(story.shares[-1].share_id)
    await story.after(minutes=2)
    return invite


async def test_a_role_is_owed_with_the_move(story: Story) -> None:
    """The intent is noted before Discord is asked, so that whatever was given is taken again."""
    await with_role(story)
    invite = await active(story)
    found = await errand(story, invite)
    assert found is not None
    assert (found.wanted, found.given) == (ROLE, None)
    # The worker dies here: what it may have given is known.
    assert (await story.get(invite)).role_given_id == ROLE
    assert await errand(story, invite) is None
    await story.house.services.access.revoke(ADMIN, invite.id)
    await story.after(minutes=1)
    found = await errand(story, invite)
    assert found is not None
    assert (found.wanted, found.to_take) == (None, ROLE)
    await story.house.services.roles.done(found)
    assert (await story.get(invite)).role_given_id is None
    assert await story.due(invite, "role") is None


async def test_another_tier_gives_another_role(story: Story) -> None:
    """Moving takes one and gives the other; so does changing the tier's role, and taking it off."""
    first = await with_role(story)
    invite = await active(story)
    roles, edits = story.house.services.roles, story.house.services.tier_edits
    found = await errand(story, invite)
    assert found is not None
    await roles.done(found)
    second = await tier(story, "Family")
    await edits.set_role(ADMIN, second, ChosenRole(OTHER_ROLE))
    await story.house.services.access.move(ADMIN, invite.id, second)
    found = await errand(story, invite)
    assert found is not None
    assert (found.to_take, found.wanted) == (ROLE, OTHER_ROLE)
    ready = await roles.taken(found)
    assert ready is not None
    await roles.done(ready)
    await edits.set_role(ADMIN, second, None)
    found = await errand(story, invite)
    assert found is not None
    assert (found.to_take, found.wanted) == (OTHER_ROLE, None)
    # What became due while the worker was at it is not lost.
    await story.sweep()
    story.clock.advance(seconds=1)
    await story.house.services.access.move(ADMIN, invite.id, first)
    await roles.done(found)
    again = await errand(story, invite)
    assert again is not None
    assert again.wanted == ROLE


async def test_what_cannot_be_given_is_tried_later_and_later(story: Story) -> None:
    """The wait doubles up to six hours; admins see it once, and see it mended."""
    id_ = await with_role(story)
    invite = await active(story)
    roles, waits = story.house.services.roles, []
    for _ in range(11):
        found = await errand(story, invite)
        assert found is not None
        await roles.went_wrong(found, RoleProblem.FORBIDDEN)
        wait = await story.due(invite, "role") - story.clock.now()
        waits.append(round(wait / timedelta(minutes=1)))
        story.clock.advance(seconds=wait.total_seconds() + 1)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    view = await story.house.services.tiers.get(ADMIN, id_)
    assert view.role_problems == {RoleProblem.FORBIDDEN: 1}
    notices = "SELECT kind, cleared_at IS NULL FROM notice"
    assert await rows(story.ledger, notices) == [("roles", True)]
    await story.house.services.tier_edits.retry_roles(ADMIN, id_)
    found = await errand(story, invite)
    assert found is not None
    await roles.done(found)
    assert await rows(story.ledger, notices) == [("roles", False)]
    assert (await story.house.services.tiers.get(ADMIN, id_)).role_problems == {}


async def test_a_role_that_became_staffs_is_never_given(story: Story) -> None:
    """However it came about: Helpr hands out no rights, and says why."""
    id_ = await with_role(story)
    await execute(
        story.ledger, "UPDATE guild SET reviewer_role_ids = ARRAY[CAST(:r AS bigint)]", r=ROLE
    )
    invite = await active(story)
    assert await errand(story, invite) is None
    assert (await story.get(invite)).role_given_id is None
    view = await story.house.services.tiers.get(ADMIN, id_)
    assert view.role_problems == {RoleProblem.STAFF: 1}


@pytest.mark.parametrize(
    ("role", "key"),
    [
        (ChosenRole(ROLE, is_everybodys=True), "role.everybodys"),
        (ChosenRole(ROLE, is_managed=True), "role.managed"),
        (ChosenRole(ROLE, gives_rights=True), "role.gives_rights"),
        (ChosenRole(ROLE, bot_may=False), "role.bot_may_not"),
        (ChosenRole(ROLE, is_below_bot=False), "role.above_bot"),
        (ChosenRole(ROLE, is_below_setter=False), "role.above_you"),
    ],
)
async def test_roles_that_no_tier_may_give(story: Story, role: ChosenRole, key: str) -> None:
    """Each with a sentence of its own; the tier stays as it was."""
    id_ = await default(story)
    assert await outcome(story.house.services.tier_edits.set_role(ADMIN, id_, role)) == key
    assert (await story.house.services.tiers.get(ADMIN, id_)).tier.role_id is None
