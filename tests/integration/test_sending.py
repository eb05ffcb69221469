"""From approval to the share on Plex: what is asked of Plex, and what the ledger knows after."""

import asyncio
from datetime import timedelta

import pytest
from story import ADMIN, BOB, CAROL, Story, execute, jobs_of

from bot.domain.errors import Refused
from bot.domain.invites import InviteState
from bot.domain.links import LinkState
from bot.domain.timing import PAUSED_WAIT, WORK_LEASE
from sandbox.plex import Fault
from sandbox.plex.model import Invitation

POST = "POST /api/servers/*/shared_servers"


async def test_an_invite_costs_one_request(story: Story) -> None:
    """On a connected link with known libraries an invite is exactly one request to Plex."""
    invite = await story.sent()
    [line] = story.lines()
    assert line.startswith("POST /api/servers/")
    [share] = story.shares
    assert not share.accepted
    assert not share.all_libraries
    assert sorted(share.section_ids) == sorted(lib.id for lib in story.world.server.libraries)
    assert (invite.state, invite.share_id) == (InviteState.SENT, share.share_id)
    assert invite.attempt == 1
    assert await story.due(invite) is None
    assert await story.audit(invite) == [
        "invite.requested",
        "invite.approved",
        "invite.sending",
        "invite.sent",
    ]


async def test_the_outcome_wakes_card_and_member(story: Story) -> None:
    """With the outcome, jobs are stored that show the card and tell the member."""
    invite = await story.sent()
    waiting = await jobs_of(story.ledger)
    assert ("show_card", {"invite_id": invite.id}) in waiting
    assert ("tell_member", {"invite_id": invite.id}) in waiting


async def test_a_second_job_does_nothing(story: Story) -> None:
    """A job that comes twice, or late, asks Plex nothing."""
    invite = await story.sent()
    story.lines()
    await story.sharing.share_invite(invite.id)
    await story.sharing.share_invite(10**9)
    assert story.lines() == []


async def test_two_workers_share_once(story: Story) -> None:
    """Of many workers that take the same invite at once, one asks Plex."""
    invite = await story.approved()
    await asyncio.gather(*(story.sharing.share_invite(invite.id) for _ in range(5)))
    assert story.posts() == 1
    assert await story.state(invite) is InviteState.SENT


async def test_nothing_is_sent_without_a_decision(story: Story) -> None:
    """A request that nobody has approved never reaches Plex."""
    invite = await story.ask()
    await story.sharing.share_invite(invite.id)
    await story.after(days=2)
    assert story.posts() == 0
    assert await story.state(invite) is InviteState.REQUESTED


async def test_an_empty_tier_cannot_be_approved(story: Story) -> None:
    """A tier without libraries is refused at the approval: to Plex, none would mean all."""
    invite = await story.ask()
    await execute(story.ledger, "DELETE FROM tier_library")
    with pytest.raises(Refused) as caught:
        await story.house.services.invites.approve(ADMIN, invite.id, invite.version)
    assert caught.value.key == "tier.no_libraries"
    assert await story.state(invite) is InviteState.REQUESTED


async def test_a_tier_emptied_after_the_approval_never_reaches_plex(story: Story) -> None:
    """A tier that lost its libraries between approval and sending shares nothing, and says so."""
    invite = await story.approved()
    await execute(story.ledger, "DELETE FROM tier_library")
    await story.sharing.share_invite(invite.id)
    assert story.lines() == []
    assert story.shares == []
    found = await story.get(invite)
    assert (found.state, found.failure_key) == (InviteState.APPROVED, "plex.no_libraries")


async def test_an_emptied_tier_goes_on_when_libraries_are_chosen(story: Story) -> None:
    """Once libraries are chosen again, what waited goes out by itself, with those alone."""
    invite = await story.approved()
    await execute(story.ledger, "DELETE FROM tier_library")
    await story.sharing.share_invite(invite.id)
    links = story.house.services.links
    choice = await links.choice(ADMIN)
    one = choice.libraries[0]
    await links.choose(
        ADMIN, choice.tier.id, offered=[lib.id for lib in choice.libraries], chosen=[one.id]
    )
    await story.sweep()
    assert await story.state(invite) is InviteState.SENT
    [share] = story.shares
    assert share.section_ids == [one.section_id]
    assert not share.all_libraries


@pytest.mark.parametrize("accepted", [False, True])
async def test_what_is_shared_already_is_adopted(story: Story, accepted: bool) -> None:
    """A share that somebody made by hand is taken over, pending or accepted, and not doubled."""
    machine = story.world.server.machine_identifier
    section = story.world.server.libraries[0].id
    by_hand = story.world.invite(Invitation(machine, (section,), login="bob@example.org"))
    if accepted:
        story.world.accept(by_hand.share_id)
    invite = await story.sent()
    assert story.shares == [by_hand]
    assert invite.share_id == by_hand.share_id
    assert invite.state is (InviteState.ACTIVE if accepted else InviteState.SENT)
    assert invite.failure_key is None


# -- failures ---------------------------------------------------------------------------------


async def test_a_lost_answer_is_looked_for(story: Story) -> None:
    """When the answer is lost, the next attempt looks first, finds the share, and sends nothing."""
    story.world.faults.add(Fault(match=POST, kind="drop_after", times=1))
    invite = await story.sent()
    assert invite.state is InviteState.SENDING
    assert invite.failure_key == "plex.answer_lost"
    [share] = story.shares
    assert story.posts() == 1

    await story.after(seconds=5)
    found = await story.get(invite)
    assert (found.state, found.share_id) == (InviteState.SENT, share.share_id)
    assert found.failure_key is None
    assert story.posts() == 0
    assert story.shares == [share]


@pytest.mark.parametrize("kind", ["drop_after", "malformed", "empty", "html"])
async def test_no_lost_answer_makes_a_second_share(story: Story, kind: str) -> None:
    """Whatever becomes of the answer, and however often, Plex holds one share in the end."""
    story.world.faults.add(Fault(match=POST, kind=kind, times=2))
    invite = await story.sent()
    for _ in range(4):
        await story.after(minutes=6)
    assert await story.state(invite) is InviteState.SENT
    assert len(story.shares) == 1


async def test_a_request_that_never_arrived_is_sent_again(story: Story) -> None:
    """When the connection was reset before anything happened, the next attempt sends."""
    story.world.faults.add(Fault(match=POST, kind="drop_before", times=1))
    invite = await story.sent()
    assert invite.state is InviteState.SENDING
    assert story.shares == []
    await story.after(seconds=5)
    assert await story.state(invite) is InviteState.SENT
    assert len(story.shares) == 1


@pytest.mark.parametrize("processed", [False, True])
@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_is_a_doubt(story: Story, status: int, processed: bool) -> None:
    """After a 5xx nobody knows what Plex did: it is looked for, and one share comes of it."""
    story.world.faults.add(
        Fault(match=POST, kind="status", status=status, processed=processed, times=1)
    )
    invite = await story.sent()
    assert invite.state is InviteState.SENDING
    await story.after(seconds=5)
    assert await story.state(invite) is InviteState.SENT
    assert len(story.shares) == 1


async def test_a_hanging_plex_is_given_up(impatient: Story) -> None:
    """A Plex that says nothing is given up at the deadline; the next attempt looks first."""
    story = impatient
    hang = story.world.faults.add(Fault(match=POST, kind="hang", processed=True))
    async with asyncio.timeout(4):
        invite = await story.sent()
    assert invite.state is InviteState.SENDING
    assert invite.failure_key == "plex.answer_lost"
    story.world.faults.remove(hang)
    await story.after(seconds=5)
    assert await story.state(invite) is InviteState.SENT
    assert len(story.shares) == 1


async def test_patience_is_honoured(story: Story) -> None:
    """After a 429 Plex is not asked again before the time it named, then once."""
    story.world.faults.add(
        Fault(match="*", kind="status", status=429, headers={"Retry-After": "90"}, times=1)
    )
    invite = await story.sent()
    assert invite.failure_key == "plex.busy"
    assert (await story.link()).state is LinkState.CONNECTED
    due = await story.due(invite)
    assert due >= story.clock.now() + timedelta(seconds=85)
    story.lines()
    await story.after(seconds=80)
    assert story.posts() == 0
    await story.after(seconds=15)
    assert await story.state(invite) is InviteState.SENT
    assert len(story.shares) == 1


async def test_patience_ends_when_a_link_is_mended(story: Story) -> None:
    """What Plex had asked to wait, and then met a link that does not work, goes on with the rest
    when the link works again, not minutes later."""
    story.world.faults.add(
        Fault(match=POST, kind="status", status=429, headers={"Retry-After": "2"}, times=1)
    )
    invite = await story.sent()
    assert invite.failure_key == "plex.busy"
    link = await story.link()
    await execute(story.ledger, "UPDATE plex_link SET state = 'connecting'")
    await story.after(seconds=3)
    assert await story.due(invite) > story.clock.now() + timedelta(minutes=1)
    await story.house.services.links.adopt_home()
    await story.house.services.links.connect_due(link.id)
    await story.sweep()
    assert await story.state(invite) is InviteState.SENT


async def test_a_refusal_is_for_good(story: Story) -> None:
    """What Plex refuses is failed, with Plex's reason, and is not tried again."""
    invite = await story.sent(login="nobody-of-that-name")
    assert invite.state is InviteState.FAILED
    assert invite.failure_key == "plex.refused"
    assert invite.failure_reason
    assert await story.due(invite) is None
    story.lines()
    await story.after(days=1)
    assert story.posts() == 0


async def test_after_a_refusal_the_member_may_ask_again(story: Story) -> None:
    """A failed invite holds neither the member nor the login."""
    await story.sent(login="nobody-of-that-name")
    again = await story.sent(login="bob@example.org")
    assert again.state is InviteState.SENT


async def test_a_full_server_is_a_refusal(story: Story) -> None:
    """When Plex has no seat left the invite fails with Plex's own words."""
    story.world.seat_limit = story.world.seats_taken
    invite = await story.sent()
    assert invite.state is InviteState.FAILED
    assert invite.failure_reason
    assert "@" not in invite.failure_reason


async def test_stale_libraries_are_looked_up_again(story: Story) -> None:
    """A library that is gone from Plex does not stop invites for ever."""
    gone = story.world.server.libraries[0]
    story.world.remove_library(gone.id)
    invite = await story.sent()
    for _ in range(4):
        await story.after(minutes=6)
    assert await story.state(invite) is InviteState.SENT
    [share] = story.shares
    assert gone.id not in share.section_ids


# -- a link that an admin has to mend ---------------------------------------------------------


async def test_a_revoked_token_pauses_the_link(story: Story) -> None:
    """When the token is refused the link is paused, and Plex is asked only at the recheck."""
    story.world.revoke_token()
    invite = await story.sent()
    assert invite.state is InviteState.SENDING
    assert invite.failure_key == "plex.token_refused"
    link = await story.link()
    assert (link.state, link.problem_key) == (LinkState.PAUSED, "plex.token_refused")
    story.lines()

    other = await story.approved(CAROL, "carol@example.org")
    await story.after(seconds=50)
    assert story.lines() == []
    assert await story.state(other) is InviteState.APPROVED

    await story.after(seconds=15)
    rechecked = story.lines()
    assert 1 <= len(rechecked) <= 2
    assert not any(line.startswith("POST") for line in rechecked)
    assert story.shares == []


@pytest.mark.parametrize("invalid", [False, True])
async def test_everything_resumes_when_the_token_is_mended(story: Story, invalid: bool) -> None:
    """Once the token works again, everything that waited goes out by itself, once each."""
    story.world.revoke_token(invalid=invalid)
    invite = await story.sent()
    other = await story.approved(CAROL, "carol@example.org")
    await story.sharing.share_invite(other.id)
    await story.after(seconds=65)
    assert (await story.link()).state is LinkState.PAUSED

    story.world.mend_token()
    await story.after(seconds=65)
    assert (await story.link()).state is LinkState.CONNECTED
    await story.sweep()
    assert await story.state(invite) is InviteState.SENT
    assert await story.state(other) is InviteState.SENT
    assert len(story.shares) == 2


async def test_a_paused_invite_is_not_asked_in_vain(story: Story) -> None:
    """While the link is paused an invite waits, and its wait is a net, not a poll."""
    await execute(story.ledger, "UPDATE plex_link SET state = 'paused', connect_due_at = NULL")
    invite = await story.approved()
    await story.sharing.share_invite(invite.id)
    assert story.lines() == []
    assert await story.due(invite) >= story.clock.now() + PAUSED_WAIT - timedelta(seconds=5)


# -- one account under two names --------------------------------------------------------------


async def test_one_account_under_two_names_is_shared_once(story: Story) -> None:
    """Asked for by address and by username, the second fails cleanly and no share is lost."""
    first = await story.sent(BOB, "bob@example.org")
    second = await story.sent(CAROL, "bob")
    assert (second.state, second.failure_key) == (InviteState.FAILED, "invite.login_taken")
    for _ in range(3):
        await story.after(minutes=6)
    [share] = story.shares
    assert share.share_id == first.share_id
    assert await story.state(first) is InviteState.SENT


async def test_a_newcomers_share_is_nobody_elses(story: Story) -> None:
    """Whoever was invited without an account keeps the share when another name of theirs is asked.

    Plex names the account only after the sign-up, so that the ledger cannot compare accounts.
    """
    first = await story.sent(BOB, "newcomer@example.org")
    assert first.account_id is None
    story.world.add_account("newcomer", "newcomer@example.org")
    second = await story.sent(CAROL, "newcomer")
    assert (second.state, second.failure_key) == (InviteState.FAILED, "invite.login_taken")
    story.world.accept(first.share_id or 0)
    await story.after(seconds=61)
    assert await story.state(first) is InviteState.ACTIVE
    assert len(story.shares) == 1


async def test_an_attempt_of_a_killed_worker_is_taken_up(story: Story) -> None:
    """An attempt whose worker died is taken up when its lease is over, and looks first."""
    invite = await story.approved()
    assignment = await story.house.services.sending.begin(invite.id)
    assert assignment is not None
    assert not assignment.look_first
    await story.house.plex.share(assignment.link.access, "bob@example.org", assignment.grant)
    story.lines()
    await story.after(seconds=WORK_LEASE.total_seconds() - 5)
    assert story.lines() == []
    await story.after(seconds=10)
    found = await story.get(invite)
    assert (found.state, found.attempt) == (InviteState.SENT, 2)
    assert len(story.shares) == 1
    assert story.posts() == 0


async def test_the_owner_cannot_be_invited(story: Story) -> None:
    """The owner of the server is told apart by either name, in any case."""
    owner = story.world.owner
    for login in (owner.username.upper(), owner.email.upper()):
        with pytest.raises(Refused) as caught:
            await story.ask(login=login)
        assert caught.value.key == "login.owner"


async def test_a_request_before_plex_is_connected_is_kept(unconnected: Story) -> None:
    """A request that came before Plex was connected is approved and sent afterwards."""
    story = unconnected
    invite = await story.ask()
    approve = story.house.services.invites.approve
    with pytest.raises(Refused) as caught:
        await approve(ADMIN, invite.id, invite.version)
    assert caught.value.key == "plex.not_connected"
    await story.connect()
    await approve(ADMIN, invite.id, invite.version)
    await story.sharing.share_invite(invite.id)
    assert await story.state(invite) is InviteState.SENT
