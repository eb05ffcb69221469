"""Who is let in, and who is not: ways around an admin's word, and things done twice at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from story import ADMIN, BOB, CAROL, GUILD, RITA, Story, execute, rows

from bot.domain.codes import Wish
from bot.domain.errors import Refused
from bot.domain.invites import Invite, InviteState
from bot.domain.panels import PanelKind
from bot.domain.people import Actor, Right
from bot.domain.plex import PlexLibrary
from bot.domain.roles import ChosenRole
from bot.domain.sign_in import PlexAccount, PlexPin, SignIn, SignInPurpose
from bot.jobs.accepting import AcceptingJobs
from bot.jobs.signing_in import SignInJobs
from bot.services.importing import Stranger
from bot.services.invites import Request
from bot.services.newcomers import Newcomer
from bot.services.proving import Proof
from sandbox.plex.model import Invitation


async def by_hand(story: Story) -> Stranger:
    """A share that somebody made on Plex itself, as the comparison has found it."""
    server = story.world.server
    sections = tuple(one.id for one in server.libraries)
    story.world.invite(Invitation(server.machine_identifier, sections, login="dave@example.org"))
    await story.after(minutes=20)
    imports = story.house.services.importing
    [drift] = (await imports.page(ADMIN)).strangers
    return await imports.one(ADMIN, drift.id)


async def tier(story: Story, name: str, seats: str = "") -> int:
    """A tier with all libraries."""
    view = await story.house.services.tiers.create(ADMIN, name)
    edits = story.house.services.tier_edits
    await edits.choose(ADMIN, view.tier.id)
    await edits.set_details(ADMIN, view.tier.id, name=name, days="", seats=seats)
    return view.tier.id


async def refusal_of(call: Any) -> str:
    """What a call is refused with."""
    with pytest.raises(Refused) as caught:
        await call
    return caught.value.key


async def test_an_import_takes_a_seat_of_its_tier(story: Story) -> None:
    """A tier that is full takes nobody in, wherever they come from."""
    small = await tier(story, "Small", seats="1")
    imports = story.house.services.importing
    first = await story.ask(CAROL, "carol@example.org")
    await story.house.services.invites.approve(ADMIN, first.id, first.version, small)
    stranger = await by_hand(story)
    adopting = imports.adopt(ADMIN, stranger.drift.id, small, Newcomer(BOB))
    assert await refusal_of(adopting) == "seats.tier_full"
    held = await rows(story.ledger, "SELECT id FROM invite WHERE tier_id = :t", t=small)
    assert len(held) == 1


async def test_an_import_while_its_tier_is_deleted(story: Story) -> None:
    """Plex is looked at in between: what was deleted meanwhile is given to nobody."""
    going = await tier(story, "Going")
    imports = story.house.services.importing
    stranger = await by_hand(story)
    asked, plex = asyncio.Event(), story.house.plex
    look = plex.share_state

    async def look_slowly(*args: Any) -> Any:
        found = await look(*args)
        await story.house.services.tiers.delete(ADMIN, going)
        asked.set()
        return found

    plex.share_state = look_slowly  # type: ignore[method-assign]
    adopting = imports.adopt(ADMIN, stranger.drift.id, going, Newcomer(BOB))
    assert await refusal_of(adopting) in {"tier.leaving", "tier.unknown"}
    assert asked.is_set()
    assert await rows(story.ledger, "SELECT id FROM invite") == []


async def test_one_code_redeemed_twice_at_once(story: Story) -> None:
    """Of one member's two presses one takes a use, and the other changes nothing."""
    made = await story.house.services.codes.create(ADMIN, Wish(uses=0, skips_approval=False))
    invites = story.house.services.invites
    for member in range(100, 106):
        await story.ask(member, f"member{member}@example.org")
        presses = (invites.redeem(Actor(GUILD, member), made.text) for _ in range(3))
        await asyncio.gather(*presses)
    assert (await rows(story.ledger, "SELECT uses FROM code"))[0].uses == 6


async def test_a_use_comes_back_when_access_ends_before_plex_was_asked(story: Story) -> None:
    """An admin ends what a code has approved and Plex was never asked for: nothing was spent."""
    made = await story.house.services.codes.create(ADMIN, Wish())
    request = Request("bob@example.org", code=made.text)
    view = await story.house.services.invites.request(Actor(GUILD, BOB), request)
    assert view.invite is not None
    await story.house.services.access.revoke(ADMIN, view.invite.id)
    assert await story.state(view.invite) is InviteState.ENDED
    assert (await rows(story.ledger, "SELECT uses FROM code"))[0].uses == 0


# -- whom an admin has turned away ------------------------------------------------------------


async def signed_in(story: Story, member: int, account_id: int, name: str) -> Proof:
    """A member has signed in with Plex: what comes of it."""
    async with story.ledger.begin() as work:
        sign_in: SignIn | None = await work.sign_ins.add(
            guild_id=GUILD,
            user_id=member,
            purpose=SignInPurpose.MEMBER,
            pin=PlexPin(member, f"code{member}", 600),
            now=story.clock.now(),
        )
        assert sign_in is not None
        account = PlexAccount(account_id, name, f"{name}@example.org")
        sign_in = await work.sign_ins.signed_in(
            sign_in.id, "token", account, (), until=story.clock.now()
        )
        await work.commit()
    assert sign_in is not None
    return await story.house.services.proving.settle(sign_in)


async def let_in(story: Story) -> Invite:
    """Bob, who is in by a sign-in."""
    await execute(story.ledger, "UPDATE guild SET asking = 'signed_in'")
    proof = await signed_in(story, BOB, 2001, "bob")
    assert proof.view is not None
    assert proof.view.invite is not None
    await story.sweep()
    for share in story.shares:
        if not share.accepted:
            story.world.accept(share.share_id)
    await story.after(minutes=2)
    assert await story.state(proof.view.invite) is InviteState.ACTIVE
    return await story.get(proof.view.invite)


async def state_after(story: Story, member: int) -> str:
    """How the next sign-in of the same account ends."""
    story.clock.advance(minutes=1)
    proof = await signed_in(story, member, 2001, "bob")
    assert proof.view is not None
    assert proof.view.invite is not None
    return proof.view.invite.state


@pytest.mark.parametrize("member", [BOB, CAROL])
async def test_who_was_turned_away_does_not_let_themselves_in(story: Story, member: int) -> None:
    """Signing in anew, by the same member or by another one with that account, has to wait."""
    own = await let_in(story)
    await story.house.services.access.revoke(ADMIN, own.id)
    await story.sweep()
    assert await state_after(story, member) == "requested"


async def test_who_was_suspended_does_not_leave_and_come_back(story: Story) -> None:
    """Leaving ends a suspension, and with it nothing of the admin's word."""
    own = await let_in(story)
    await story.house.services.access.suspend(ADMIN, own.id)
    await story.sweep()
    await story.house.services.access.leave(Actor(GUILD, BOB), own.id)
    await story.sweep()
    made = await state_after(story, BOB)
    assert made == "requested"


async def test_a_reviewer_does_not_renew_what_an_admin_has_suspended(story: Story) -> None:
    """Time ends a suspension as it ends access; giving it back stays with the admins."""
    own = await let_in(story)
    access = story.house.services.access
    await access.extend(ADMIN, own.id, "2d")
    await access.suspend(ADMIN, own.id)
    await story.sweep()
    await story.after(days=3)
    assert await story.state(own) is InviteState.ENDED
    reviewer = Actor(GUILD, RITA, Right.REVIEWER)
    assert await refusal_of(access.extend(reviewer, own.id, "30d")) == "right.admin_needed"
    await access.extend(ADMIN, own.id, "30d")
    assert await story.state(own) is InviteState.APPROVED


async def test_who_was_denied_waits_and_the_next_yes_counts(story: Story) -> None:
    """A no is remembered until somebody says yes; who leaves by themselves may come back."""
    denied = await story.ask()
    await story.house.services.invites.deny(ADMIN, denied.id, denied.version, "")
    await execute(story.ledger, "UPDATE guild SET asking = 'signed_in'")
    assert await state_after(story, BOB) == "requested"
    own = await story.house.services.invites.live(Actor(GUILD, BOB))
    assert own is not None
    await story.house.services.invites.approve(ADMIN, own.id, own.version)
    await story.sweep()
    for share in story.shares:
        if not share.accepted:
            story.world.accept(share.share_id)
    await story.after(minutes=2)
    await story.house.services.access.leave(Actor(GUILD, BOB), own.id)
    await story.sweep()
    assert await state_after(story, BOB) == "approved"


async def test_an_older_code_does_not_undo_an_admins_word(story: Story) -> None:
    """What was made before somebody was turned away waits for a reviewer; a newer code opens."""
    codes, invites = story.house.services.codes, story.house.services.invites
    older = await codes.create(ADMIN, Wish(uses=0))
    story.clock.advance(minutes=1)
    own = await let_in(story)
    await story.house.services.access.revoke(ADMIN, own.id)
    await story.sweep()
    request = Request("bob@example.org", code=older.text)
    view = await invites.request(Actor(GUILD, BOB), request)
    assert view.invite is not None
    assert view.invite.state is InviteState.REQUESTED
    story.clock.advance(minutes=1)
    newer = await codes.create(ADMIN, Wish())
    view = await invites.redeem(Actor(GUILD, BOB), newer.text)
    assert view.invite is not None
    assert view.invite.state is InviteState.APPROVED


# -- in one order -----------------------------------------------------------------------------


async def test_nobody_waits_in_a_circle(story: Story) -> None:
    """A server is disconnected, or a tier deleted, while somebody decides with the seats."""
    link = await story.link()
    invite = await story.ask()
    other = await tier(story, "Other")
    async with story.ledger.begin() as one, story.ledger.begin() as two, asyncio.timeout(5):
        # What `disconnect` has before it waits for the seats, and what an approval does next.
        assert await one.links.lock(link.id, GUILD) is not None
        await two.seats.lock(link)
        await execute(story.ledger, "UPDATE invite SET link_id = NULL WHERE id = :i", i=invite.id)
        assert await two.invites.note(invite.id, link_id=link.id) is not None
    made = await story.house.services.codes.create(
        ADMIN, Wish(uses=2, tier="Other", skips_approval=False)
    )
    await story.house.services.invites.redeem(Actor(GUILD, BOB), made.text)
    async with story.ledger.begin() as one, asyncio.timeout(5):
        # What a reviewer who denies has, before the use of the code is given back.
        await one.invites.hold(invite.id)
        deleting = asyncio.create_task(story.house.services.tiers.delete(ADMIN, other))
        await asyncio.sleep(0.3)
        assert await one.codes.give_back(invite.id) is not None
        await one.commit()
        await deleting


async def test_a_setting_is_changed_while_somebody_decides(story: Story) -> None:
    """Both show the cards and the reviewers' panel anew, and neither waits for the other."""
    invite = await story.ask()
    async with story.ledger.begin() as work:
        await work.panels.want(GUILD, PanelKind.QUEUE, 77, by=1, now=story.clock.now())
        await work.commit()
    settings = story.house.services.settings
    async with story.ledger.begin() as one, asyncio.timeout(5):
        # What a reviewer who decides has, before the panel is owed a look.
        await one.invites.hold(invite.id)
        changing = asyncio.create_task(settings.change(ADMIN, "request_channel_id", ["88"]))
        await asyncio.sleep(0.3)
        assert await one.panels.owe([GUILD], story.clock.now(), PanelKind.QUEUE)
        await one.commit()
        await changing


async def test_a_tier_that_stays_after_all_is_not_deleted(story: Story) -> None:
    """An admin calls the deleting off at the instant at which it would be carried out."""
    [(default,)] = await rows(story.ledger, "SELECT id FROM tier WHERE is_default")
    going = await tier(story, "Going")
    await story.house.services.tiers.leave(ADMIN, going, default)
    async with story.ledger.begin() as one, asyncio.timeout(5):
        # What `stay` does.
        await one.tiers.lock(going)
        await one.tiers.change(going, leaving_for=None)
        sweeping = asyncio.create_task(story.house.services.sweep.sweep())
        await asyncio.sleep(0.3)
        await one.commit()
        await sweeping
    [row] = await rows(story.ledger, "SELECT deleted_at FROM tier WHERE id = :t", t=going)
    assert row.deleted_at is None


# -- kept, and let go ------------------------------------------------------------------------------


async def test_a_role_of_new_access_is_not_taken_for_the_old(story: Story) -> None:
    """What is owed for access that has ended leaves alone what newer access has given."""
    [(default,)] = await rows(story.ledger, "SELECT id FROM tier WHERE is_default")
    role = ChosenRole(501)
    await story.house.services.tier_edits.set_role(ADMIN, default, role)
    old = await let_in(story)
    roles = story.house.services.roles
    errand = await roles.begin(old.id)
    assert errand is not None
    await roles.done(errand)
    await story.house.services.access.leave(Actor(GUILD, BOB), old.id)
    await story.sweep()
    # Discord was away when it was to be taken; meanwhile they are in again.
    new = await let_in(story)
    given = await roles.begin(new.id)
    assert given is not None
    await roles.done(given)
    late = await roles.begin(old.id)
    assert late is not None
    assert late.to_take is None


async def test_a_link_made_in_the_last_moment_ends(story: Story) -> None:
    """Discord reads a length of 0 as for ever."""
    codes = story.house.services.codes
    made = await codes.create(ADMIN, Wish(expires="1h"))
    story.clock.advance(hours=1)
    assert codes.link_lasts(made.view.code) >= timedelta(seconds=1)


async def test_disconnected_while_it_is_being_connected(story: Story) -> None:
    """What Plex answers too late brings neither the server nor a tier of it back."""
    link, links = await story.link(), story.house.services.links
    plex, disconnect = story.house.plex, story.house.services.linking.disconnect
    look = plex.libraries

    async def look_slowly(*args: Any, **more: Any) -> Any:
        found = await look(*args, **more)
        await disconnect(ADMIN, link.id)
        return found

    plex.libraries = look_slowly  # type: ignore[method-assign]
    await execute(story.ledger, "UPDATE plex_link SET connect_due_at = now() - interval '1 day'")
    assert await links.connect_due(link.id)
    assert await rows(story.ledger, "SELECT id FROM tier WHERE deleted_at IS NULL") == []
    [row] = await rows(story.ledger, "SELECT state, connected_at FROM plex_link")
    assert (row.state, row.connected_at) == ("paused", None)


async def test_a_token_that_comes_too_late_is_signed_out(story: Story) -> None:
    """Somebody begins anew while Plex names them: the first token is not left lying about."""
    services, plex = story.house.services, story.house.plex
    member = Actor(GUILD, BOB)
    view = await services.sign_ins.begin(member, SignInPurpose.MEMBER)
    pin = story.world.keys.pins[-1]
    story.world.keys.allow_pin(pin.id, 2001)
    who = plex.who

    async def who_slowly(token: str) -> Any:
        await services.sign_ins.begin(member, SignInPurpose.MEMBER, anew=True)
        return await who(token)

    plex.who = who_slowly  # type: ignore[method-assign]
    jobs = SignInJobs(
        None,  # type: ignore[arg-type]
        plex,
        services.sign_ins,
        services.setup,
        services.proving,
        accepting=AcceptingJobs(plex, services.accepting, services.reconcile),
    )
    assert await jobs.follow(view.sign_in.id)
    assert pin.token
    assert not story.world.keys.is_known(pin.token)


async def test_a_server_that_somebody_is_being_moved_to_stays(story: Story) -> None:
    """Whoever is on the way to it, with a share on another server yet, is one of its people."""
    own, first = await let_in(story), await story.link()
    async with story.ledger.begin() as work:
        second = await work.links.link(
            GUILD,
            base_url=first.base_url,
            token=first.token,
            machine_identifier="another",
            server_name="Attic",
            owner_account_id=first.owner_account_id or 0,
            now=story.clock.now(),
        )
        assert second is not None
        attic = await work.tiers.add(GUILD, second.id, "Attic")
        films = [PlexLibrary(9001, 1, "Films", "movie")]
        found = await work.links.take_libraries(second.id, films, story.clock.now())
        await work.tiers.set_libraries(attic, [one.id for one in found])
        await work.commit()
    await story.house.services.access.move(ADMIN, own.id, attic.id)
    leaving = story.house.services.linking.disconnect(ADMIN, second.id)
    assert await refusal_of(leaving) == "plex.link_in_use"


async def test_an_account_that_was_denied_by_its_other_name(story: Story) -> None:
    """Typed as a user name and denied, it comes again with its address, by somebody else."""
    denied = await story.ask(BOB, "bob")
    await story.house.services.invites.deny(ADMIN, denied.id, denied.version, "")
    await execute(story.ledger, "UPDATE guild SET sign_in = true, asking = 'signed_in'")
    assert await state_after(story, CAROL) == "requested"


async def test_a_good_name_lets_no_account_in_that_was_sent_away(story: Story) -> None:
    """Whoever had access of their own and left it brings nobody else's account in by that."""
    own = await let_in(story)
    access = story.house.services.access
    await access.revoke(ADMIN, own.id)
    await story.sweep()
    story.clock.advance(minutes=1)
    other = await signed_in(story, CAROL, 2002, "carol")
    assert other.view is not None
    assert other.view.invite is not None
    assert other.view.invite.state is InviteState.APPROVED
    await story.sweep()
    await access.leave(Actor(GUILD, CAROL), other.view.invite.id)
    await story.sweep()
    assert await story.state(other.view.invite) is InviteState.ENDED
    assert await state_after(story, CAROL) == "requested"
