"""Taking a share back after a withdrawal, and never taking back what was not Helpr's to give."""

import pytest
from story import BOB, CAROL, GUILD, Story

from bot.domain.errors import Refused
from bot.domain.invites import InviteState
from bot.domain.people import Actor
from bot.domain.timing import WORK_LEASE
from sandbox.plex import Fault
from sandbox.plex.model import Invitation, Share

POST = "POST /api/servers/*/shared_servers"
DELETE = "DELETE *"
AFTER_THE_LEASE = WORK_LEASE.total_seconds() + 10


def by_hand(story: Story, login: str = "bob@example.org", *, accepted: bool) -> Share:
    """A share that the owner has made without Helpr."""
    section = story.world.server.libraries[0].id
    machine = story.world.server.machine_identifier
    share = story.world.invite(Invitation(machine, (section,), login=login))
    return story.world.accept(share.share_id) if accepted else share


async def test_a_withdrawn_invite_leaves_plex(story: Story) -> None:
    """Withdrawn while pending on Plex, the share is taken back by one request."""
    invite = await story.sent()
    story.lines()
    await story.withdraw(invite)
    await story.sweep()
    assert story.shares == []
    assert await story.state(invite) is InviteState.WITHDRAWN
    assert await story.due(invite, "change") is None
    assert "share.released" in await story.audit(invite)
    assert sum(line.startswith("DELETE") for line in story.lines()) == 1


async def test_withdrawn_before_it_was_sent_asks_plex_nothing(story: Story) -> None:
    """An approved invite that is withdrawn before its job ran is never sent."""
    invite = await story.approved()
    await story.withdraw(invite)
    await story.sharing.share_invite(invite.id)
    await story.after(minutes=10)
    assert all(line.startswith("GET ") for line in story.lines())
    assert story.shares == []


async def test_withdrawn_while_it_was_being_sent_leaves_plex(story: Story) -> None:
    """Withdrawn while the request was on its way, the share leaves Plex again."""
    invite = await story.approved()
    assignment = await story.house.services.sending.begin(invite.id)
    assert assignment is not None
    await story.withdraw(await story.get(invite))
    share = await story.house.plex.share(
        assignment.link.access, "bob@example.org", assignment.grant
    )
    assert share is not None
    await story.house.services.sending.sent(assignment.invite, share)
    await story.sweep()
    assert story.shares == []
    assert await story.state(invite) is InviteState.WITHDRAWN


async def test_withdrawn_in_doubt_leaves_plex(story: Story) -> None:
    """Withdrawn while nobody knows whether Plex has it, the share is looked for and taken back."""
    story.world.faults.add(Fault(match=POST, kind="drop_after", times=1))
    invite = await story.sent()
    assert len(story.shares) == 1
    await story.withdraw(invite)
    await story.after(seconds=AFTER_THE_LEASE)
    assert story.shares == []
    assert await story.state(invite) is InviteState.WITHDRAWN
    assert "share.released" in await story.audit(invite)


async def test_withdrawn_in_doubt_and_nothing_there(story: Story) -> None:
    """Withdrawn in doubt when Plex never got the request: it is looked for, and that is all."""
    story.world.faults.add(Fault(match=POST, kind="drop_before", times=1))
    invite = await story.sent()
    await story.withdraw(invite)
    await story.after(seconds=AFTER_THE_LEASE)
    # What was sent a moment ago may be listed late: it is looked for once more.
    await story.after(seconds=61)
    assert "share.not_found" in await story.audit(invite)
    assert await story.due(invite, "change") is None


async def test_withdrawn_in_doubt_leaves_older_access_alone(story: Story) -> None:
    """Access that the person had before Helpr came is not taken by a withdrawal in doubt."""
    share = by_hand(story, accepted=True)
    story.world.faults.add(Fault(match=POST, kind="status", status=503, times=1))
    invite = await story.sent()
    assert invite.state is InviteState.SENDING
    await story.withdraw(invite)
    await story.after(seconds=AFTER_THE_LEASE)
    assert story.shares == [share]
    assert "share.left_alone" in await story.audit(invite)


async def test_withdrawn_while_being_adopted_leaves_older_access_alone(story: Story) -> None:
    """Access from before Helpr stays, also when the withdrawal comes while it is being adopted."""
    share = by_hand(story, accepted=True)
    invite = await story.approved()
    assignment = await story.house.services.sending.begin(invite.id)
    assert assignment is not None
    await story.withdraw(await story.get(invite))
    share_there, found = await story.sharing._share(assignment)
    await story.house.services.sending.sent(assignment.invite, share_there, found=found)
    await story.after(seconds=AFTER_THE_LEASE)
    assert story.shares == [share]
    assert await story.due(invite, "change") is None


async def test_a_withdrawal_never_takes_another_members_share(story: Story) -> None:
    """Asked for the same account by another name, a withdrawal in doubt takes nothing of others."""
    first = await story.sent(BOB, "bob@example.org")
    second = await story.approved(CAROL, "bob")
    assignment = await story.house.services.sending.begin(second.id)
    assert assignment is not None
    await story.withdraw(await story.get(second))
    await story.after(seconds=AFTER_THE_LEASE)
    await story.after(seconds=61)
    [share] = story.shares
    assert share.share_id == first.share_id
    assert await story.due(second, "change") is None


async def test_a_withdrawal_while_adopting_takes_nothing_of_others(story: Story) -> None:
    """The same when the share of the other member was found while sending."""
    first = await story.sent(BOB, "bob@example.org")
    second = await story.approved(CAROL, "bob")
    assignment = await story.house.services.sending.begin(second.id)
    assert assignment is not None
    await story.withdraw(await story.get(second))
    share_there, found = await story.sharing._share(assignment)
    await story.house.services.sending.sent(assignment.invite, share_there, found=found)
    await story.after(seconds=AFTER_THE_LEASE)
    assert [share.share_id for share in story.shares] == [first.share_id]


async def test_a_release_is_tried_until_it_works(story: Story) -> None:
    """While Plex fails, the share is owed back; each attempt waits longer."""
    story.world.faults.add(Fault(match=DELETE, kind="status", status=503, times=2))
    invite = await story.sent()
    await story.withdraw(invite)
    await story.sweep()
    assert len(story.shares) == 1
    assert (await story.get(invite)).tries == 1
    await story.after(seconds=5)
    assert (await story.get(invite)).tries == 2
    await story.after(seconds=10)
    assert story.shares == []


async def test_a_release_honours_patience(story: Story) -> None:
    """After a 429 the share is not asked back before the time Plex named."""
    story.world.faults.add(
        Fault(match=DELETE, kind="status", status=429, headers={"Retry-After": "90"}, times=1)
    )
    invite = await story.sent()
    await story.withdraw(invite)
    await story.sweep()
    story.lines()
    await story.after(seconds=80)
    assert not any(line.startswith("DELETE") for line in story.lines())
    await story.after(seconds=15)
    assert story.shares == []


async def test_a_release_whose_answer_was_lost(story: Story) -> None:
    """When the answer to a release is lost, the next attempt finds it done."""
    story.world.faults.add(Fault(match=DELETE, kind="drop_after", times=1))
    invite = await story.sent()
    await story.withdraw(invite)
    await story.sweep()
    await story.after(seconds=5)
    assert story.shares == []
    assert await story.due(invite, "change") is None
    assert "share.gone_already" in await story.audit(invite)


async def test_declined_before_the_release(story: Story) -> None:
    """A share that the person has declined meanwhile needs no taking back."""
    invite = await story.sent()
    story.world.decline(invite.share_id or 0)
    await story.withdraw(invite)
    await story.sweep()
    assert "share.gone_already" in await story.audit(invite)


async def test_accepted_before_the_release_reaches_plex(story: Story) -> None:
    """Helpr's own share leaves Plex even if it was accepted in the same moment."""
    invite = await story.sent()
    await story.withdraw(invite)
    story.world.accept(invite.share_id or 0)
    await story.sweep()
    assert story.shares == []


async def test_the_login_is_held_until_plex_has_given_it_back(story: Story) -> None:
    """Until the share has left Plex, nobody can ask for that account anew; then everybody can."""
    story.world.faults.add(Fault(match=DELETE, kind="status", status=503, times=1))
    invite = await story.sent()
    await story.withdraw(invite)
    await story.sweep()
    for member in (BOB, CAROL):
        with pytest.raises(Refused) as caught:
            await story.ask(member, "BOB@example.org")
        assert caught.value.key == "login.being_released"
    await story.after(seconds=5)
    again = await story.sent(CAROL, "bob@example.org")
    assert again.state is InviteState.SENT
    assert [share.share_id for share in story.shares] == [again.share_id]


async def test_an_active_member_leaves_another_way(story: Story) -> None:
    """What is active cannot be withdrawn."""
    invite = await story.sent()
    story.world.accept(invite.share_id or 0)
    await story.after(seconds=61)
    with pytest.raises(Refused) as caught:
        await story.withdraw(invite)
    assert caught.value.key == "invite.not_withdrawable"


async def test_nobody_withdraws_for_another(story: Story) -> None:
    """A withdrawal by anybody else, or from another guild, changes nothing."""
    invite = await story.ask()
    for actor in (Actor(GUILD, CAROL), Actor(GUILD + 1, BOB)):
        with pytest.raises(Refused) as caught:
            await story.house.services.invites.withdraw(actor, invite.id)
        assert caught.value.key == "invite.unknown"
    assert await story.state(invite) is InviteState.REQUESTED
