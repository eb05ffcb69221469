"""The ledger itself: what the database refuses, who wins, what stays, what can be read."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from story import ADMIN, ALICE, BOB, CAROL, GUILD, RITA, Story, execute, rows

from bot import compose
from bot.crypto import CannotOpen
from bot.domain.errors import LedgerUnavailable, Refused
from bot.domain.invites import EndReason, Invite, InviteState
from bot.domain.links import LinkState
from bot.domain.logins import parse_login
from bot.domain.people import Actor, Right
from bot.services.invites import AnswerToken, Request
from bot.settings import SettingsError
from db.engine import make_engine
from db.ledger import Ledger
from sandbox.plex import PlexSandbox

S = InviteState
LEASE = timedelta(seconds=60)
REVIEWERS = [Actor(GUILD, ALICE, Right.ADMIN), Actor(GUILD, RITA, Right.REVIEWER)]


async def refused(work: Any) -> str:
    """The key with which something is refused."""
    with pytest.raises(Refused) as caught:
        await work
    return caught.value.key


# -- uniqueness -------------------------------------------------------------------------------


async def test_a_member_has_one_live_invite(story: Story) -> None:
    """A second request of a member shows the first, and stores nothing."""
    first = await story.ask(BOB, "bob@example.org")
    again = await story.ask(BOB, "other@example.org")
    assert again == first
    assert len(await rows(story.ledger, "SELECT id FROM invite")) == 1


async def test_twenty_requests_at_once_are_one(story: Story) -> None:
    """Of twenty requests of a member in one moment, one is stored and all see it."""
    found = await asyncio.gather(*(story.ask(BOB, f"bob{n}@example.org") for n in range(20)))
    assert len({invite.id for invite in found}) == 1
    assert len(await rows(story.ledger, "SELECT id FROM invite")) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bob@example.org", "BOB@Example.ORG"),
        ("Carl", "cARL"),
        ("e\u0301ric@example.org", "\u00c9RIC@example.org"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
async def test_a_login_has_one_live_invite(story: Story, one: str, other: str) -> None:
    """A login that is asked for already is refused to others, however it is spelt."""
    await story.ask(BOB, one)
    assert await refused(story.ask(CAROL, other)) == "login.taken"


async def test_a_login_asked_for_by_two_at_once_is_one(story: Story) -> None:
    """Of two members who ask for one login in one moment, one is refused."""
    found = await asyncio.gather(
        story.ask(BOB, "bob@example.org"),
        story.ask(CAROL, "BOB@example.org"),
        return_exceptions=True,
    )
    [error] = [item for item in found if isinstance(item, Refused)]
    assert error.key in {"login.taken", "invite.login_taken"}
    assert len(await rows(story.ledger, "SELECT id FROM invite")) == 1


async def test_a_plex_account_has_one_live_invite(story: Story) -> None:
    """A second live invite for one account of one link is refused by the database."""
    first = await story.sent(BOB, "bob@example.org")
    second = await story.sent(CAROL, "carol@example.org")
    async with story.ledger.begin() as work:
        key = await refused(
            work.invites.move(
                second.id, S.ACTIVE, now=story.clock.now(), account_id=first.account_id
            )
        )
        assert key == "invite.login_taken"
        # What else the unit of work did is not undone by the refusal.
        await work.guilds.ensure(77)
        await work.commit()
    assert await rows(story.ledger, "SELECT 1 FROM guild WHERE id = 77")


async def test_another_guild_is_another_matter(story: Story) -> None:
    """Member and login may ask in another guild at the same time."""
    await story.ask(BOB, "bob@example.org")
    view = await story.house.services.invites.request(
        Actor(GUILD + 1, BOB), Request("bob@example.org")
    )
    assert view.invite is not None
    assert view.invite.guild_id == GUILD + 1


@pytest.mark.parametrize(
    "change",
    [
        "state = 'nonsense'",
        "state = 'ended'",
        "end_reason = 'expired'",
        "state = 'ended', end_reason = 'nonsense'",
        "state = 'denied'",
        "state = 'approved', link_id = NULL",
        "state = 'active', tier_id = NULL",
        "login_kind = 'phone'",
        "version = 0",
        "card_version = 99",
        "guild_id = 12345",
        "link_id = 12345",
        "login_sealed = NULL",
    ],
)
async def test_the_database_refuses_nonsense(story: Story, change: str) -> None:
    """What may not be is refused by the database, not by code alone."""
    await story.ask()
    with pytest.raises(IntegrityError):
        await execute(story.ledger, "UPDATE invite SET " + change)  # noqa: S608 - written above


@pytest.mark.parametrize(
    "change", ["state = 'nonsense'", "machine_identifier = NULL", "owner_account_id = NULL"]
)
async def test_the_database_refuses_a_nonsense_link(story: Story, change: str) -> None:
    """A link that counts as connected is known to Plex."""
    with pytest.raises(IntegrityError):
        await execute(story.ledger, "UPDATE plex_link SET " + change)  # noqa: S608 - written above


async def test_a_guild_that_goes_takes_everything_along(story: Story) -> None:
    """Deleting a guild leaves nothing of it behind."""
    await story.sent()
    await execute(story.ledger, "DELETE FROM guild WHERE id = :id", id=GUILD)
    for table in ("invite", "plex_link", "library", "tier", "tier_library", "audit_event"):
        assert await rows(story.ledger, "SELECT 1 FROM " + table) == []  # noqa: S608 - written above


# -- what can be read -------------------------------------------------------------------------

SECRET_WORDS = ["bob.secret", "BOB.SECRET", "wordtotheadmins", "reasonofrefusal", "tokenofanswer"]


async def everything(ledger: Ledger) -> dict[str, str]:
    """Every row of every table, as text, by table; bytes as they are."""
    tables = await rows(
        ledger, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    )
    found = {}
    for (table,) in tables:
        lines = await rows(ledger, "SELECT * FROM " + table)  # noqa: S608 - written above
        found[table] = " ".join(
            value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for line in lines
            for value in line
        )
    return found


async def test_nothing_personal_lies_open(story: Story, plex: PlexSandbox) -> None:
    """After every flow no table holds an address, a note, a reason or a token that can be read."""
    invites, token = story.house.services.invites, AnswerToken(1, "tokenofanswer")
    for member, login in ((BOB, "bob.secret@example.org"), (CAROL, "Bob.Secret")):
        request = Request(login, note="wordtotheadmins", answer=token)
        view = await invites.request(Actor(GUILD, member), request)
        assert view.invite is not None
        if member == BOB:
            await invites.approve(ADMIN, view.invite.id, view.invite.version)
            await story.sharing.share_invite(view.invite.id)
        else:
            await invites.deny(ADMIN, view.invite.id, view.invite.version, "reasonofrefusal")
    await story.house.services.sweep.sweep()
    tables = await everything(story.ledger)
    assert len(tables["procrastinate_jobs"]) > 50
    assert len(tables["invite"]) > 300
    owner = plex.world.owner
    for word in [*SECRET_WORDS, plex.owner_token, owner.username, owner.email]:
        assert [name for name, text in tables.items() if word in text] == []


async def test_the_arguments_of_jobs_are_ids(story: Story) -> None:
    """What is stored with a job are ids, nothing else."""
    await story.sent()
    await story.house.services.sweep.sweep()
    found = await rows(story.ledger, "SELECT args FROM procrastinate_jobs")
    assert found
    for (args,) in found:
        assert all(name.endswith("_id") for name in args)
        assert all(type(value) is int for value in args.values())


async def test_a_sealed_value_moved_to_another_row_does_not_open(story: Story) -> None:
    """Whoever can write to the database cannot make one person's address another's."""
    first = await story.ask(BOB, "bob@example.org")
    second = await story.ask(CAROL, "carol@example.org")
    await execute(
        story.ledger,
        "UPDATE invite SET login_sealed = (SELECT login_sealed FROM invite WHERE id = :first)"
        " WHERE id = :second",
        first=first.id,
        second=second.id,
    )
    with pytest.raises(CannotOpen):
        await story.get(second)
    assert (await story.get(first)).login.value == "bob@example.org"


# -- keys -------------------------------------------------------------------------------------


async def test_rotated_keys_open_what_was_there(
    story: Story, open_house: Callable[..., Any]
) -> None:
    """With a new key before the old one, old rows open and are found by their login."""
    invite = await story.ask(BOB, "bob@example.org")
    link = await story.link()
    old = story.house.settings.secret_keys()[0]
    house: compose.House = await open_house(secret_key=f"{'new-key-' * 5},{old}")
    later = Story(house, story.plex, story.clock)
    assert (await later.get(invite)).login.value == "bob@example.org"
    assert (await later.link()).token == link.token
    async with house.ledger.begin() as work:
        holder = await work.invites.holder_of(GUILD, parse_login("BOB@example.org"))
        assert holder is not None
        assert holder.id == invite.id
        assert await work.links.is_owner(link.id, parse_login(story.world.owner.email))
    assert await refused(later.ask(CAROL, "Bob@example.org")) == "login.taken"
    assert await refused(later.ask(CAROL, story.world.owner.username)) == "login.owner"


async def test_without_the_old_key_the_start_says_so(
    story: Story, open_house: Callable[..., Any]
) -> None:
    """With the wrong key nothing starts, and the sentence names the variable."""
    await story.ask()
    with pytest.raises(SettingsError, match=r"^HELPR_SECRET_KEY is wrong: it does not open"):
        await open_house(secret_key="wrong-key-" * 5)


# -- moves ------------------------------------------------------------------------------------


async def test_of_two_approvals_one_wins(story: Story) -> None:
    """Of two reviewers who press at once one wins; the other reads who was first."""
    invite = await story.ask()
    approve = story.house.services.invites.approve
    found = await asyncio.gather(
        *(approve(reviewer, invite.id, invite.version) for reviewer in REVIEWERS),
        return_exceptions=True,
    )
    [winner] = [item for item in found if isinstance(item, Invite)]
    [loser] = [item for item in found if isinstance(item, Refused)]
    assert loser.key == "invite.decided"
    assert loser.params == {"state": "approved", "user": winner.decided_by}


async def test_of_twenty_decisions_one_wins(story: Story) -> None:
    """Of twenty decisions in one moment one is stored, with one audit line and one job."""
    invite = await story.ask()
    invites = story.house.services.invites
    decisions = [
        invites.approve(REVIEWERS[n % 2], invite.id, invite.version)
        if n % 4 < 2
        else invites.deny(REVIEWERS[n % 2], invite.id, invite.version, "no")
        for n in range(20)
    ]
    found = await asyncio.gather(*decisions, return_exceptions=True)
    kinds = Counter(type(item) for item in found)
    assert kinds == {Invite: 1, Refused: 19}
    assert len(await story.audit(invite)) == 2
    assert (await story.get(invite)).version == invite.version + 1


async def test_approve_against_withdraw(story: Story) -> None:
    """An approval and a withdrawal in one moment: either order is told rightly."""
    for n in range(5):
        invite = await story.ask(100 + n, f"member{n}@example.org")
        found = await asyncio.gather(
            story.house.services.invites.approve(ADMIN, invite.id, invite.version),
            story.withdraw(invite),
            return_exceptions=True,
        )
        errors = [item for item in found if isinstance(item, Exception)]
        assert all(isinstance(error, Refused) for error in errors)
        assert len(errors) <= 1
        assert await story.state(invite) in {S.APPROVED, S.WITHDRAWN}


async def test_a_stale_button_changes_nothing(story: Story) -> None:
    """A decision about an older version reads the present state."""
    invite = await story.ask()
    await execute(story.ledger, "UPDATE invite SET version = version + 1")
    approve = story.house.services.invites.approve(ADMIN, invite.id, invite.version)
    assert await refused(approve) == "invite.moved_on_to"
    assert await story.state(invite) is S.REQUESTED


async def test_nobody_decides_their_own_request(story: Story) -> None:
    """An admin who asks is decided by somebody else."""
    invite = await story.ask(ALICE)
    invites = story.house.services.invites
    assert await refused(invites.approve(ADMIN, invite.id, invite.version)) == "invite.own"
    assert await refused(invites.deny(ADMIN, invite.id, invite.version, "")) == "invite.own"


async def test_no_other_guild_decides(story: Story) -> None:
    """An id from another guild is as good as none."""
    invite = await story.ask()
    stranger = Actor(GUILD + 1, RITA, Right.ADMIN)
    approve = story.house.services.invites.approve(stranger, invite.id, invite.version)
    assert await refused(approve) == "invite.unknown"


async def test_a_move_that_is_none_is_a_mistake(story: Story) -> None:
    """A move that the life of an invite does not have is refused before the database is asked."""
    invite = await story.ask()
    async with story.ledger.begin() as work:
        with pytest.raises(ValueError, match="no move leads"):
            await work.invites.move(invite.id, S.ACTIVE, now=story.clock.now(), from_={S.REQUESTED})
        moved = await work.invites.move(invite.id, S.SUSPENDED, now=story.clock.now())
        assert moved is None


async def test_without_a_word_nothing_stays(story: Story) -> None:
    """A unit of work that was not committed, or that failed, leaves nothing."""
    invite = await story.ask()
    async with story.ledger.begin() as work:
        assert await work.invites.move(invite.id, S.DENIED, now=story.clock.now(), decided_by=ALICE)
    assert await story.state(invite) is S.REQUESTED
    with pytest.raises(RuntimeError, match="on the way"):
        await fail_on_the_way(story, invite)
    assert await story.state(invite) is S.REQUESTED


async def fail_on_the_way(story: Story, invite: Invite) -> None:
    """A unit of work that fails after its change."""
    async with story.ledger.begin() as work:
        await work.invites.move(invite.id, S.DENIED, now=story.clock.now(), decided_by=ALICE)
        raise RuntimeError("on the way")


# -- claims and settling ----------------------------------------------------------------------


async def taken(story: Story, invite: Invite, what: str) -> Invite | None:
    """Take what is owed, as a job does."""
    now = story.clock.now()
    async with story.ledger.begin() as work:
        take = work.owed.claim_look if what in {"card", "tell"} else work.owed.claim
        found = await take(invite.id, what, now=now, lease=LEASE)
        await work.commit()
        return found


@pytest.mark.parametrize("what", ["share", "card", "tell"])
async def test_a_claim_has_one_holder(story: Story, what: str) -> None:
    """Of twenty who take the same work at once one gets it, for as long as the lease."""
    invite = await story.approved()
    found = await asyncio.gather(*(taken(story, invite, what) for _ in range(20)))
    assert sum(item is not None for item in found) == 1
    story.clock.advance(seconds=58)
    assert await taken(story, invite, what) is None
    async with story.ledger.begin() as work:
        assert await work.owed.due(what, now=story.clock.now()) == []
    story.clock.advance(seconds=4)
    async with story.ledger.begin() as work:
        assert await work.owed.due(what, now=story.clock.now()) == [invite.id]
    assert await taken(story, invite, what) is not None


async def settle(story: Story, seen: Invite, what: str = "card") -> Invite | None:
    """Note that `seen` was shown."""
    async with story.ledger.begin() as work:
        settled = await work.owed.settle(seen.id, what, version=seen.version, now=story.clock.now())
        await work.commit()
        return settled


async def test_settled_is_done(story: Story) -> None:
    """What was shown as it stands is owed no more."""
    invite = await story.ask()
    assert await story.due(invite, "card") is not None
    await settle(story, invite)
    assert await story.due(invite, "card") is None


async def test_settled_too_late_is_owed_again(story: Story) -> None:
    """What moved on while it was shown is owed at once, but never shown by two at a time."""
    invite = await story.ask()
    shown = await taken(story, invite, "card")
    assert shown is not None
    approved = await story.house.services.invites.approve(ADMIN, invite.id, invite.version)
    assert await taken(story, invite, "card") is None
    settled = await settle(story, shown)
    assert settled is not None
    assert settled.version == approved.version
    assert await taken(story, invite, "card") == approved


async def test_every_move_owes_two_looks(story: Story) -> None:
    """Whatever moves an invite, its card and its member's answer are due."""
    invite = await story.ask()
    for what in ("card", "tell"):
        await settle(story, invite, what)
    await story.house.services.invites.deny(ADMIN, invite.id, invite.version, "no")
    for what in ("card", "tell"):
        assert await story.due(invite, what) <= story.clock.now()


# -- pages ------------------------------------------------------------------------------------


async def test_pages_show_everybody_once(story: Story) -> None:
    """Turned to the end and back, the queue's pages show every open request once, oldest first."""
    asked = [(await story.ask(100 + n, f"member{n}@example.org")).id for n in range(11)]
    await story.house.services.invites.deny(ADMIN, asked[5], 1, "")
    waiting = [id_ for id_ in asked if id_ != asked[5]]
    queue = story.house.services.invites.queue
    page, seen = await queue(ADMIN), []
    assert page.previous_before is None
    while True:
        seen += [invite.id for invite in page.invites]
        if page.next_after is None:
            break
        page = await queue(ADMIN, after=page.next_after)
    assert seen == waiting
    assert page.waiting == len(waiting)
    back = [invite.id for invite in page.invites]
    while page.previous_before is not None:
        page = await queue(ADMIN, before=page.previous_before)
        back = [invite.id for invite in page.invites] + back
    assert back == waiting


async def test_a_page_that_has_emptied_begins_anew(story: Story) -> None:
    """Whoever turns to a page whose requests are all decided sees the first page."""
    invite = await story.ask()
    page = await story.house.services.invites.queue(ADMIN, after=invite.id)
    assert [found.id for found in page.invites] == [invite.id]


async def test_the_queue_is_a_guilds_own(story: Story) -> None:
    """No guild sees another's requests."""
    await story.ask()
    page = await story.house.services.invites.queue(Actor(GUILD + 1, ALICE, Right.ADMIN))
    assert (page.invites, page.waiting) == ((), 0)


async def test_earlier_requests_are_remembered(story: Story) -> None:
    """A member's earlier requests are there, newest first, three at most."""
    ids = []
    for _ in range(5):
        invite = await story.ask()
        await story.withdraw(invite)
        ids.append(invite.id)
    invite = await story.ask()
    async with story.ledger.begin() as work:
        earlier = await work.invites.earlier_of(invite)
    assert [found.id for found in earlier] == ids[:1:-1]


# -- the operator's link ----------------------------------------------------------------------


async def test_the_home_link_stays_as_it_is(story: Story) -> None:
    """A start with the same settings keeps the link and its connection's facts."""
    before = await story.link()
    await story.house.services.links.adopt_home()
    assert await story.link() == before


async def test_a_new_token_is_taken_over(story: Story, open_house: Callable[..., Any]) -> None:
    """A start with another token connects anew, on the same link, with the same tier."""
    before = await story.link()
    house = await open_house(home={"plex_token": "another-token-0000"})
    link = await house.services.links.adopt_home()
    assert (link.id, link.token, link.state) == (
        before.id,
        "another-token-0000",
        LinkState.CONNECTING,
    )


async def test_a_mended_token_lets_everything_go_on(
    story: Story, open_house: Callable[..., Any]
) -> None:
    """An operator who sets a working token after a refused one finds everything going on."""
    await story.house.services.links.adopt_home()
    broken = Story(
        await open_house(home={"plex_token": "wrong-token-0000"}), story.plex, story.clock
    )
    await broken.connect()
    assert (await broken.link()).state is LinkState.PAUSED
    invite = await broken.approved()
    await broken.sharing.share_invite(invite.id)
    assert await broken.state(invite) is S.APPROVED

    mended = Story(await open_house(), story.plex, story.clock)
    await mended.connect()
    await mended.sweep()
    assert (await mended.link()).state is LinkState.CONNECTED
    assert await mended.state(invite) is S.SENT


async def test_two_starts_at_once_make_one_link(
    unconnected: Story, open_house: Callable[..., Any]
) -> None:
    """Processes that start at once take the settings over once."""
    houses = [unconnected.house, await open_house(), await open_house()]
    await asyncio.gather(*(house.services.links.adopt_home() for house in houses))
    assert len(await rows(unconnected.ledger, "SELECT id FROM plex_link")) == 1


# -- when the database is away ----------------------------------------------------------------


async def test_a_database_that_is_away_has_its_own_error() -> None:
    """When PostgreSQL does not answer, everybody gets the one error that has words for it."""
    engine = make_engine("postgresql://nobody@127.0.0.1:9/nothing")
    ledger = Ledger(engine, None)  # type: ignore[arg-type]  # nothing is ever opened
    with pytest.raises(LedgerUnavailable):
        await ledger.ping()
    await engine.dispose()


async def test_a_cut_connection_is_told_and_forgotten(story: Story) -> None:
    """Connections that the server has cut fail one unit of work at most, then all is well."""
    await asyncio.gather(*(story.ledger.ping() for _ in range(5)))
    await rows(
        story.ledger,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    for _ in range(5):
        await story.ledger.ping()


async def test_an_ended_invite_names_its_reason(story: Story) -> None:
    """What ended is read back with the reason of its end."""
    invite = await story.sent()
    async with story.ledger.begin() as work:
        await work.invites.move(
            invite.id, S.ENDED, now=story.clock.now(), end_reason=EndReason.REVOKED
        )
        await work.commit()
    assert (await story.get(invite)).end_reason is EndReason.REVOKED
