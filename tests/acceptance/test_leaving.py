"""Members who leave Discord, or lose the role of their tier, and those who come back."""

import unseen
from lives import access, guild_sets, my_plex, panel, suspended, tier
from stage import Stage, words

from bot.domain.absence import Presence

HOURS = 4


async def look(stage: Stage) -> None:
    """Some hours pass, in which everybody is looked for once."""
    await stage.pass_time(hours=HOURS)


async def absent(stage: Stage) -> list[str | None]:
    """Why people are missed, by the order of their invites."""
    return [why for (why,) in await stage.run_sql("SELECT absent_why FROM invite ORDER BY id")]


async def with_role(stage: Stage) -> None:
    """Bob has access, and the role of his tier."""
    await stage.run_sql("UPDATE tier SET role_id = $1 WHERE is_default", stage.world.viewers.id)
    await stage.active(stage.bob)
    await stage.run_jobs()
    assert stage.world.viewers.id in role_ids(stage)


def role_ids(stage: Stage) -> list[int]:
    """Bob's roles."""
    return list(stage.env.backend.get_member(stage.world.guild.id, stage.bob.id).role_ids)


def take_role(stage: Stage) -> None:
    """An admin takes Bob's role."""
    guild, role = stage.world.guild, stage.world.viewers
    stage.env.backend.remove_member_role(guild.id, stage.bob.id, role.id)


def give_role(stage: Stage) -> None:
    """An admin gives it back."""
    guild, role = stage.world.guild, stage.world.viewers
    stage.env.backend.add_member_role(guild.id, stage.bob.id, role.id)


async def test_whoever_leaves_keeps_access_for_the_grace(stage: Stage) -> None:
    """A week later access ends; admins see it all the while; nobody is written to in vain."""
    await stage.active(stage.bob)
    stage.world.guild.remove_member(stage.bob)
    await look(stage)
    assert await absent(stage) == ["left"]
    assert "Has left the server" in words(stage.card())
    assert len(stage.shares()) == 1
    await stage.pass_time(days=6)
    assert await stage.state_of(stage.bob) == "active"
    await stage.pass_time(days=1, hours=HOURS)
    assert await stage.state_of(stage.bob) == "ended"
    assert stage.shares() == []
    assert await stage.run_sql("SELECT end_reason FROM invite") == [("left_discord",)]


async def test_whoever_comes_back_in_time_keeps_it(stage: Stage) -> None:
    """The end is called off, the role is given back, and the member is told once."""
    await with_role(stage)
    stage.world.guild.remove_member(stage.bob)
    await look(stage)
    assert await absent(stage) == ["left"]
    stage.env.backend.add_member(stage.world.guild.id, stage.bob.id)
    await look(stage)
    assert await absent(stage) == [None]
    assert stage.world.viewers.id in role_ids(stage)
    assert [m for m in stage.dms(stage.bob) if "Welcome back" in words(m)]
    await stage.pass_time(days=8)
    assert await stage.state_of(stage.bob) == "active"
    assert len([m for m in stage.dms(stage.bob) if "Welcome back" in words(m)]) == 1
    assert "Has left" not in words(stage.card())


async def test_a_role_that_an_admin_takes(stage: Stage) -> None:
    """The member is told, keeps access for the grace, and it ends; the role is not forced back."""
    await with_role(stage)
    take_role(stage)
    await look(stage)
    assert await absent(stage) == ["role"]
    assert [m for m in stage.dms(stage.bob) if "Your role is gone" in words(m)]
    assert "You no longer have the Discord role" in (await my_plex(stage, stage.bob))[0]
    assert "Has lost the role of their tier" in (await panel(stage, stage.bob))[0]
    await stage.pass_time(days=7, hours=HOURS)
    assert await stage.run_sql("SELECT end_reason FROM invite") == [("role_lost",)]
    assert stage.shares() == []


async def test_a_role_that_comes_back(stage: Stage) -> None:
    """Within the grace the end is called off."""
    await with_role(stage)
    take_role(stage)
    await look(stage)
    give_role(stage)
    await look(stage)
    assert await absent(stage) == [None]
    assert [m for m in stage.dms(stage.bob) if "You have your role again" in words(m)]


async def test_roles_that_helpr_takes_are_no_loss(stage: Stage) -> None:
    """Suspending takes the role; nobody is missed by that."""
    await with_role(stage)
    await access(stage, "suspend", stage.bob)
    await look(stage)
    await stage.pass_time(days=8)
    assert await stage.state_of(stage.bob) == "suspended"
    assert await absent(stage) == [None]


async def test_leaving_while_suspended(stage: Stage) -> None:
    """What is kept for a restore is let go as well; without a grace within minutes."""
    await guild_sets(stage, grace_days=0)
    await suspended(stage, stage.bob)
    stage.world.guild.remove_member(stage.bob)
    await look(stage)
    await stage.pass_time(minutes=2)
    assert await stage.run_sql("SELECT state, end_reason FROM invite") == [
        ("ended", "left_discord")
    ]


async def test_many_at_once_end_nobodys_access(stage: Stage) -> None:
    """More than half gone within a day is doubted: admins are warned, and decide."""
    await stage.active(stage.bob)
    await stage.active(stage.carol, "carol")
    for who in (stage.bob, stage.carol):
        stage.world.guild.remove_member(who)
    await look(stage)
    assert await absent(stage) == ["left", "left"]
    await stage.pass_time(days=8)
    assert len(stage.shares()) == 2
    [warning] = [m for m in stage.cards() if "Many people seem to have left" in words(m)]
    assert "2 of 2 people" in words(warning)
    await stage.alice.click(warning, label="They are really gone")
    await stage.run_jobs()
    await stage.run_jobs()
    assert stage.shares() == []
    [mended] = [m for m in stage.cards() if "are settled" in words(m)]
    assert mended.id == warning.id


async def test_a_discord_that_does_not_know_the_bot_is_not_believed(stage: Stage) -> None:
    """Unknown member, and the bot unknown too: nothing is concluded; nor from a failure."""
    await stage.active(stage.bob)
    members = f"/guilds/{stage.world.guild.id}/members"
    me = stage.bot.user
    assert me is not None
    for who in (stage.bob.id, me.id):
        stage.env.inject_error("GET", f"{members}/{who}", status=404, code=10007, times=None)
    await look(stage)
    assert await absent(stage) == [None]


async def test_what_discord_tells_at_once_is_looked_at_at_once(stage: Stage) -> None:
    """Where Discord tells who leaves, nobody waits for the hours to pass; a return is seen too."""
    await stage.active(stage.bob)
    stage.world.guild.remove_member(stage.bob)
    await stage.house.services.presence.changed(stage.world.guild.id, stage.bob.id, came=False)
    await stage.run_jobs()
    assert await absent(stage) == ["left"]
    stage.env.backend.add_member(stage.world.guild.id, stage.bob.id)
    await stage.house.services.presence.changed(stage.world.guild.id, stage.bob.id, came=True)
    await stage.run_jobs()
    assert await absent(stage) == [None]


async def test_whoever_comes_back_too_late_is_told_why(stage: Stage) -> None:
    """The end could not be told to somebody who had left; it is, once they are back."""
    await guild_sets(stage, grace_days=1)
    await stage.active(stage.bob)
    await stage.pass_time(minutes=16)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    stage.world.guild.remove_member(stage.bob)
    await look(stage)
    await stage.pass_time(days=1, hours=HOURS)
    assert await stage.state_of(stage.bob) == "ended"
    stage.env.backend.add_member(stage.world.guild.id, stage.bob.id)
    shown = await stage.slash(stage.bob, "invite")
    assert shown.modal is None
    assert "Ended:" in words(shown.response)


async def test_a_role_that_helpr_takes_during_the_look(stage: Stage) -> None:
    """Moved to a tier without that role between Discord's answer and its reading: no loss."""
    await with_role(stage)
    presence = stage.house.services.presence
    [(id_,)] = await stage.run_sql("UPDATE invite SET presence_due_at = now() RETURNING id")
    begun = await presence.begin(id_)
    assert begun is not None
    assert begun.role_id == stage.world.viewers.id
    await tier(stage, "Family", "Films")
    await access(stage, "move", stage.bob, tier="Family")
    await stage.run_jobs()
    assert stage.world.viewers.id not in role_ids(stage)
    await presence.seen(begun, Presence(is_here=True, roles=frozenset(role_ids(stage))))
    assert await absent(stage) == [None]
    assert not [m for m in stage.dms(stage.bob) if "Your role is gone" in words(m)]
