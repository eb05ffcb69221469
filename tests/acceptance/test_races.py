"""Two things at once, and things that come too late: nothing is lost, doubled, or said wrongly."""

import asyncio
from typing import Any

import aiohttp
import discord
import pytest
from stage import Stage, labels, refusal, words

from bot.domain.errors import PlexAnswerLost
from bot.domain.people import Actor, Right
from bot.jobs.lease import Leases
from bot.jobs.sharing import SharingJobs
from bot.plex import PlexService
from sandbox.plex import Fault
from sandbox.plex.model import Invitation


def sharing(stage: Stage) -> SharingJobs:
    """The jobs that call Plex, to be run when a test says so."""
    house = stage.house
    return SharingJobs(house.plex, house.services.sending, Leases(house.ledger, house.clock))


async def approved(stage: Stage, **who: Any) -> int:
    """Bob has asked and Alice has approved; nothing was sent yet. The invite's id."""
    await stage.requested(stage.bob, **who)
    await stage.alice.click(stage.card(), label="Approve")
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    return invite.id


async def by_hand(stage: Stage, login: str = "bob@example.org") -> Any:
    """The owner has shared one library by hand; Plex's share."""
    section = (await stage.run_sql("SELECT section_id FROM library ORDER BY id"))[0][0]
    server = stage.plex.world.servers[0].machine_identifier
    return stage.plex.world.invite(
        Invitation(machine_identifier=server, section_ids=(section,), login=login)
    )


async def begun(stage: Stage, attempt: int) -> None:
    """Wait until the ledger says that Bob's invite is sent for the so-manieth time."""
    attempts = 0
    while attempts < attempt:  # only the ledger knows
        await asyncio.sleep(0.01)
        invite = await stage.invite_of(stage.bob)
        attempts = invite.attempt if invite is not None else 0


async def test_an_attempt_that_outlives_its_lease_takes_nothing_back(stage: Stage) -> None:
    """Two attempts of one invite end with one share, and it stays."""
    invite_id = await approved(stage)
    jobs = sharing(stage)
    [link] = stage.house.plex._links.values()
    await link._lock.acquire()  # other calls of this link are under way
    first = asyncio.create_task(jobs.share_invite(invite_id))
    await begun(stage, 1)
    stage.clock.advance(seconds=121)
    second = asyncio.create_task(jobs.share_invite(invite_id))
    await begun(stage, 2)
    link._lock.release()
    await asyncio.gather(first, second)
    for _ in range(3):
        await stage.pass_time(seconds=61)
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()) == 1
    assert not [change for change in stage.plex_changes() if change.startswith("DELETE")]


async def test_a_late_failure_says_nothing_about_what_moved_on(stage: Stage) -> None:
    """An attempt that fails after a withdrawal leaves no "I keep trying" on the card."""
    invite_id = await approved(stage)
    services = stage.house.services
    assignment = await services.sending.begin(invite_id)
    invite = await stage.invite_of(stage.bob)
    await services.invites.withdraw(Actor(invite.guild_id, invite.member_id), invite_id)
    await services.sending.went_wrong(assignment, PlexAnswerLost("deadline"))
    await stage.run_jobs()
    assert "Withdrawn by the member" in words(stage.card())
    assert "I keep trying" not in words(stage.card())


async def test_what_a_withdrawn_invite_left_on_plex_is_cleared(stage: Stage) -> None:
    """A row that Plex lists nowhere, and that makes it say "already sharing", is taken away."""
    share = await by_hand(stage)
    share.orphan = True
    await approved(stage)
    for _ in range(3):
        await stage.pass_time(minutes=1)
    assert await stage.state_of(stage.bob) == "sent"
    assert len(stage.shares()) == 1
    assert stage.shares()[0].share_id != share.share_id


async def test_already_shared_but_nowhere_to_be_seen(stage: Stage) -> None:
    """What Plex says exists and never lists ends as an admin's matter, with Plex's own words."""
    sentence = "You're already sharing this server with somebody."
    stage.plex.world.faults.add(
        Fault("POST /api/servers/*/shared_servers", "status", status=400, body=sentence)
    )
    await approved(stage)
    for _ in range(12):
        await stage.pass_time(minutes=6)
    assert await stage.state_of(stage.bob) == "failed"
    assert "already sharing" in words(stage.card())
    assert len(stage.plex_changes()) < 8


async def test_a_tier_emptied_after_the_approval(stage: Stage) -> None:
    """The invite waits for libraries without disturbing the link, and goes on when it has some."""
    await approved(stage)
    kept = await stage.run_sql("SELECT library_id FROM tier_library")
    await stage.run_sql("DELETE FROM tier_library")
    for _ in range(5):
        await stage.pass_time(seconds=70)
    assert await stage.run_sql("SELECT state FROM plex_link") == [("connected",)]
    assert stage.shares() == []
    assert "no libraries" in words(stage.card())
    services, actor = stage.house.services, Actor(stage.world.guild.id, stage.alice.id, Right.ADMIN)
    choice = await services.links.choice(actor)
    ids = [row[0] for row in kept]
    await services.links.choose(actor, choice.tier.id, offered=ids, chosen=ids)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"


async def test_many_declines_at_once_are_concluded_after_all(stage: Stage) -> None:
    """A listing that lost most of what was known is believed only share by share."""
    for name in ("dave", "erin", "frank", "grace"):
        await stage.sent(await stage.join(name), f"{name}@example.org")
    for share in stage.shares():
        stage.plex.world.decline(share.share_id)
    for _ in range(4):
        await stage.pass_time(minutes=10)
    states = await stage.run_sql("SELECT DISTINCT state, end_reason FROM invite")
    assert states == [("ended", "declined")]


async def test_news_during_my_plex(stage: Stage) -> None:
    """A decision that falls between reading and showing is shown a moment later."""
    await stage.requested(stage.bob)
    invites = stage.bot.services.invites
    invite, read = await stage.invite_of(stage.bob), invites.view

    async def slow_view(*args: Any) -> Any:
        view = await read(*args)
        alice = Actor(invite.guild_id, stage.alice.id, Right.ADMIN)
        await invites.deny(alice, invite.id, invite.version, "no")
        await stage.house.services.sweep.sweep()
        return view

    invites.view = slow_view
    answer = await stage.slash(stage.bob, "my-plex")
    invites.view = read
    for _ in range(3):
        await stage.pass_time(seconds=11)
    assert "Not this time" in words(answer.response)


async def test_a_share_made_by_hand_is_adopted_and_completed(stage: Stage) -> None:
    """What the owner has shared by hand stays; what the tier has beyond that is added."""
    share = await by_hand(stage)
    share.settings.flags["allowSync"] = True
    stage.plex.world.accept(share.share_id)
    answer = await stage.requested(stage.bob)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "You're in" in words(answer.response)
    assert "Series" in words(answer.response)
    assert "What it had was kept" in words(stage.card())
    [there] = stage.shares()
    assert there.share_id == share.share_id
    assert len(there.section_ids) == 5
    assert there.settings.flags["allowSync"]


async def test_a_pending_share_made_by_hand_is_not_taken_back(stage: Stage) -> None:
    """Withdrawing the request leaves what the owner has shared by hand alone."""
    await by_hand(stage)
    await approved(stage)
    await stage.run_jobs()
    shown = await stage.slash(stage.bob, "my-plex")
    await stage.bob.click(shown.response, label="Withdraw")
    await stage.pass_time(minutes=3)
    assert await stage.state_of(stage.bob) == "withdrawn"
    assert len(stage.shares()) == 1


async def test_a_reviewer_right_after_the_start(stage: Stage) -> None:
    """Rights come from the interaction, not from a cache that is still empty."""
    await stage.requested(stage.bob)
    guild = stage.bot.get_guild(stage.world.guild.id)
    kept = dict(guild._roles)
    guild._roles.clear()
    try:
        await stage.rita.click(stage.card(), label="Approve")
    finally:
        guild._roles.update(kept)
    assert await stage.state_of(stage.bob) == "approved"


async def test_removed_while_away(stage: Stage) -> None:
    """A guild that is missing when a shard is ready was left; nothing is shown there any more."""
    guilds = stage.house.services.guilds
    await guilds.shard_ready(0, 1, [])
    assert (await stage.run_sql("SELECT left_at IS NOT NULL FROM guild")) == [(True,)]
    await guilds.shard_ready(0, 1, [stage.world.guild.id])
    assert (await stage.run_sql("SELECT left_at IS NULL FROM guild")) == [(True,)]
    actions = [row[0] for row in await stage.run_sql("SELECT action FROM audit_event ORDER BY id")]
    assert actions[-2:] == ["guild.left", "guild.returned"]


async def test_a_card_whose_answer_was_lost_is_not_posted_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord took the card, its answer was lost, the member withdrew: still one card."""
    send, lost = discord.abc.Messageable.send, [True]

    async def lossy(self: Any, *args: Any, **kwargs: Any) -> Any:
        message = await send(self, *args, **kwargs)
        if lost:
            lost.clear()
            raise TimeoutError
        return message

    monkeypatch.setattr(discord.abc.Messageable, "send", lossy)
    await stage.ask(stage.bob)
    await stage.run_jobs()
    shown = await stage.slash(stage.bob, "my-plex")
    await stage.bob.click(shown.response, label="Withdraw")
    for _ in range(3):
        await stage.pass_time(seconds=11)
    nonces = [
        entry.json["nonce"]
        for entry in stage.env.http_requests
        if entry.method == "POST" and entry.json and "nonce" in entry.json
    ]
    assert len(nonces) == 2
    assert len(set(nonces)) == 1
    assert labels(stage.card()) == []


async def test_an_empty_listing_takes_no_library_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tier keeps its libraries when Plex lists none for once."""
    await stage.requested(stage.bob)

    async def none(*_args: Any, **_kwargs: Any) -> tuple[()]:
        return ()

    monkeypatch.setattr(PlexService, "libraries", none)
    await stage.house.services.links.adopt_home()
    await stage.run_jobs()
    await stage.alice.click(stage.card(), label="Approve")
    assert await stage.state_of(stage.bob) == "approved"


async def test_commands_are_synced_after_a_failed_start(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that was cut off counts as none: the next start does it again."""
    await stage.run_sql("UPDATE installation SET commands_hash = 'old'")
    tried = []

    async def cut_off() -> None:
        tried.append("cut off")
        raise aiohttp.ServerDisconnectedError

    async def works() -> None:
        tried.append("works")

    monkeypatch.setattr(stage.bot.tree, "sync", cut_off)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await stage.bot.sync_commands()
    monkeypatch.setattr(stage.bot.tree, "sync", works)
    await stage.bot.sync_commands()
    await stage.bot.sync_commands()
    assert tried == ["cut off", "works"]


async def test_moving_to_another_server(stage: Stage) -> None:
    """While nobody has a share on the old server, another address may be another server."""
    stage.plex.world.servers[0].machine_identifier = "f" * 40
    links = stage.house.services.links
    elsewhere = stage.plex.base_url.replace("127.0.0.1", "localhost")
    links._home = links._home.model_copy(update={"plex_url": elsewhere})
    shown = await stage.slash(stage.alice, "plex connect")
    assert "Connected to" in words(shown.response), refusal(shown)


async def test_the_same_two_jobs_in_either_order(stage: Stage) -> None:
    """Units of work that enqueue the same jobs in another order never wait for each other."""
    services = stage.house.services
    for round_ in range(5):
        member = await stage.join(f"member{round_}")
        await stage.ask(member, f"member{round_}@example.org")
        invite = await stage.invite_of(member)
        alice = Actor(invite.guild_id, stage.alice.id, Right.ADMIN)
        await asyncio.gather(
            services.invites.deny(alice, invite.id, invite.version, "no"),
            services.sweep.sweep(),
            services.sweep.sweep(),
        )
    assert await stage.run_sql("SELECT DISTINCT state FROM invite") == [("denied",)]
