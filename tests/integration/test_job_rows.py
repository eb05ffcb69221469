"""Jobs as rows: stored with their cause or not at all, and found again by the sweep."""

from datetime import timedelta

from story import ADMIN, BOB, CAROL, GUILD, Story, execute, jobs_of, rows

from bot.domain.jobs import ShareInvite, ShowCard, TellMember
from bot.domain.people import Actor
from bot.services.invites import AnswerToken, Request


async def forget_jobs(story: Story) -> None:
    """Lose every job."""
    await execute(story.ledger, "DELETE FROM procrastinate_jobs")


async def test_a_job_goes_with_its_cause(story: Story) -> None:
    """A transaction that is rolled back leaves no job."""
    await forget_jobs(story)
    async with story.ledger.begin() as work:
        await work.jobs.enqueue(ShareInvite(1))
    assert await jobs_of(story.ledger) == []
    async with story.ledger.begin() as work:
        await work.jobs.enqueue(ShareInvite(1))
        await work.commit()
    assert await jobs_of(story.ledger) == [("share_invite", {"invite_id": 1})]


async def test_a_waiting_job_is_not_stored_twice(story: Story) -> None:
    """A duplicate is passed over, and what else the transaction did stays."""
    await forget_jobs(story)
    async with story.ledger.begin() as work:
        await work.jobs.enqueue(ShareInvite(1))
        await work.commit()
    async with story.ledger.begin() as work:
        await work.guilds.ensure(77)
        await work.jobs.enqueue(ShareInvite(1), ShowCard(1), ShareInvite(1), ShareInvite(2))
        await work.commit()
    names = [(name, args["invite_id"]) for name, args in await jobs_of(story.ledger)]
    assert sorted(names) == [("share_invite", 1), ("share_invite", 2), ("show_card", 1)]
    assert await rows(story.ledger, "SELECT 1 FROM guild WHERE id = 77")


async def test_a_job_under_way_leaves_room_for_the_next(story: Story) -> None:
    """While a job runs, the same work can be asked for again: it may have begun too early."""
    await forget_jobs(story)
    async with story.ledger.begin() as work:
        await work.jobs.enqueue(TellMember(1))
        await work.commit()
    await execute(story.ledger, "UPDATE procrastinate_jobs SET status = 'doing'")
    async with story.ledger.begin() as work:
        await work.jobs.enqueue(TellMember(1))
        await work.commit()
    assert await jobs_of(story.ledger) == [("tell_member", {"invite_id": 1})]


async def test_approval_and_job_are_one(story: Story) -> None:
    """With the approval the job that sends is stored."""
    invite = await story.ask()
    await forget_jobs(story)
    await story.house.services.invites.approve(ADMIN, invite.id, invite.version)
    assert ("share_invite", {"invite_id": invite.id}) in await jobs_of(story.ledger)


async def test_the_sweep_finds_what_is_owed(story: Story) -> None:
    """Whatever jobs were lost, the sweep enqueues what the ledger owes, once."""
    approved = await story.approved(BOB, "bob@example.org")
    sent = await story.sent(CAROL, "carol@example.org")
    await story.withdraw(sent)
    await forget_jobs(story)
    story.clock.advance(seconds=61)
    await story.house.services.sweep.sweep()
    await story.house.services.sweep.sweep()
    waiting = await jobs_of(story.ledger)
    assert len(waiting) == len({str(job) for job in waiting})
    link = await story.link()
    for owed in (
        ("share_invite", {"invite_id": approved.id}),
        ("change_share", {"invite_id": sent.id}),
        ("show_card", {"invite_id": sent.id}),
        ("tell_member", {"invite_id": approved.id}),
        ("reconcile_link", {"link_id": link.id}),
    ):
        assert owed in waiting


async def test_the_sweep_finds_a_link_that_is_not_connected(unconnected: Story) -> None:
    """A link that waits to be connected is found too."""
    link = await unconnected.house.services.links.adopt_home()
    assert link is not None
    await forget_jobs(unconnected)
    await unconnected.house.services.sweep.sweep()
    assert await jobs_of(unconnected.ledger) == [("connect_link", {"link_id": link.id})]


async def test_the_sweep_leaves_alone_what_is_not_due(story: Story) -> None:
    """What is owed later, or by nobody, is not enqueued."""
    await story.sweep()
    await story.sent()
    await execute(story.ledger, "UPDATE invite SET card_due_at = NULL, tell_due_at = NULL")
    await forget_jobs(story)
    assert await story.house.services.sweep.sweep() == 0
    assert await jobs_of(story.ledger) == []


async def test_a_large_backlog_is_swept_in_parts(story: Story) -> None:
    """Many thousand that are due at once are enqueued a part at a time, the oldest first."""
    await story.sweep()
    await execute(
        story.ledger,
        "INSERT INTO invite (guild_id, member_id, login_kind, login_sealed, login_blind,"
        " card_due_at) SELECT :guild, n, 'email', '', int4send(n),"
        " now() - make_interval(secs => n) FROM generate_series(1, 1000) AS n",
        guild=GUILD,
    )
    await forget_jobs(story)
    assert await story.house.services.sweep.sweep() == 200
    oldest = await rows(
        story.ledger,
        "SELECT id FROM invite WHERE card_due_at IS NOT NULL ORDER BY card_due_at LIMIT 200",
    )
    waiting = {args["invite_id"] for name, args in await jobs_of(story.ledger)}
    assert waiting == {row.id for row in oldest}


async def test_tidying_forgets_tokens(story: Story) -> None:
    """Tokens of private answers are forgotten once Discord would not take them any more."""
    request = Request("bob@example.org", answer=AnswerToken(1, "token"))
    await story.house.services.invites.request(Actor(GUILD, BOB), request)
    story.clock.advance(minutes=13)
    await story.house.services.sweep.tidy()
    assert len(await rows(story.ledger, "SELECT id FROM invite_answer")) == 1
    story.clock.advance(minutes=2)
    await story.house.services.sweep.tidy()
    assert await rows(story.ledger, "SELECT id FROM invite_answer") == []


async def test_a_token_that_is_over_is_not_used(story: Story) -> None:
    """An answer that Discord no longer lets Helpr edit is not given to anybody, tidied or not."""
    request = Request("bob@example.org", answer=AnswerToken(1, "token"))
    view = await story.house.services.invites.request(Actor(GUILD, BOB), request)
    assert view.invite is not None
    now = story.clock.now()
    async with story.ledger.begin() as work:
        [answer] = await work.answers.open_for(view.invite.id, now)
        assert answer.token == "token"
        assert await work.answers.open_for(view.invite.id, now + timedelta(minutes=14)) == []
