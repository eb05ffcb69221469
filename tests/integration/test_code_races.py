"""Codes at the same instant: the last use is one use, tries are counted exactly, no use is lost."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from story import ADMIN, GUILD, Story, rows

from bot.crypto import Keyring
from bot.domain.codes import Code, Wish, normal
from bot.domain.errors import Refused
from bot.domain.people import Actor
from bot.services.codes import Made
from bot.services.invites import Request
from db.codes import Codes

MANY = 24


async def made(story: Story, **wish: object) -> Made:
    """A new code."""
    return await story.house.services.codes.create(ADMIN, Wish(**wish))  # type: ignore[arg-type]


async def ask(story: Story, member: int, code: str) -> str:
    """Somebody asks with a code: the state, or why not."""
    request = Request(f"member-{member}", code=code)
    try:
        view = await story.house.services.invites.request(Actor(GUILD, member), request)
    except Refused as refusal:
        return refusal.key
    assert view.invite is not None
    return view.invite.state


async def uses(story: Story) -> list[int]:
    """How often each code is used."""
    return [row.uses for row in await rows(story.ledger, "SELECT uses FROM code ORDER BY id")]


async def test_the_last_use_at_the_same_instant(story: Story) -> None:
    """Of many who redeem it at once exactly one is in; the others read that it is used up."""
    code = (await made(story)).text
    answers = await asyncio.gather(*(ask(story, 100 + n, code) for n in range(MANY)))
    assert answers.count("approved") == 1
    assert set(answers) <= {"approved", "code.just_used_up", "code.used_up"}
    assert await uses(story) == [1]
    held = await rows(story.ledger, "SELECT count(*) AS n FROM invite WHERE code_id IS NOT NULL")
    assert held[0].n == 1


async def test_the_last_of_several_uses(story: Story) -> None:
    """Three uses let three in, whoever comes when, and one member is let in once."""
    code = (await made(story, uses=3, skips_approval=False)).text
    people = [100 + n // 2 for n in range(MANY)]
    answers = await asyncio.gather(*(ask(story, member, code) for member in people))
    asked = await rows(story.ledger, "SELECT member_id FROM invite")
    assert len(asked) == 3
    assert len({row.member_id for row in asked}) == 3
    assert await uses(story) == [3]
    assert answers.count("requested") >= 3


async def test_taken_back_while_it_is_redeemed(story: Story) -> None:
    """A code that is revoked meanwhile lets in whom it has let in, and nobody after."""
    code = await made(story, uses=0)
    revoking = story.house.services.codes.revoke(ADMIN, code.view.code.id)
    asking = [ask(story, 100 + n, code.text) for n in range(8)]
    answers = (await asyncio.gather(*asking[:4], revoking, *asking[4:]))[:4]
    let_in = await rows(story.ledger, "SELECT count(*) AS n FROM invite")
    assert await uses(story) == [let_in[0].n]
    assert await ask(story, 200, code.text) == "code.revoked"
    assert set(answers) <= {"approved", "code.revoked", "code.just_used_up"}


async def test_withdrawn_twice_at_the_same_instant(story: Story) -> None:
    """A use comes back once."""
    code = await made(story, uses=2, skips_approval=False)
    await ask(story, 100, code.text)
    await ask(story, 101, code.text)
    invites = story.house.services.invites
    member = Actor(GUILD, 100)
    own = await invites.live(member)
    assert own is not None
    done = await asyncio.gather(
        *(invites.withdraw(member, own.id) for _ in range(6)), return_exceptions=True
    )
    assert sum(not isinstance(one, Exception) for one in done) == 1
    assert await uses(story) == [1]
    assert await ask(story, 102, code.text) == "requested"


async def test_redeemed_while_a_reviewer_decides(story: Story) -> None:
    """A request is approved by the one or by the other, and only what is used is counted."""
    code = (await made(story, uses=0)).text
    invites = story.house.services.invites
    for member in range(100, 108):
        await ask(story, member, "")
        own = await invites.live(Actor(GUILD, member))
        assert own is not None
        deciding = invites.approve if member % 2 else _denying(story)
        await asyncio.gather(
            invites.redeem(Actor(GUILD, member), code),
            deciding(ADMIN, own.id, own.version),
            return_exceptions=True,
        )
    counted = await rows(
        story.ledger,
        "SELECT count(*) AS n FROM invite WHERE code_id IS NOT NULL AND NOT code_given_back",
    )
    assert await uses(story) == [counted[0].n]
    both = await rows(
        story.ledger,
        "SELECT id FROM invite WHERE code_id IS NOT NULL AND NOT code_given_back"
        " AND decided_by IS NOT NULL",
    )
    assert both == []


def _denying(story: Story) -> Callable[..., Awaitable[object]]:
    invites = story.house.services.invites
    return lambda actor, id_, version: invites.deny(actor, id_, version, "")


async def test_tries_at_the_same_instant(story: Story) -> None:
    """Of many wrong codes at once five are looked at; a guild takes fifty in an hour."""
    own = await made(story)
    chosen = (await made(story, chosen="winter 2027")).text
    answers = await asyncio.gather(*(ask(story, 100, f"wrong {n}") for n in range(MANY)))
    assert answers.count("code.wrong") == 5
    assert answers.count("code.too_many") == MANY - 5
    crowd = [ask(story, 200 + n // 5, f"wrong {n}") for n in range(60)]
    answers = await asyncio.gather(*crowd)
    assert answers.count("code.wrong") == 45
    # A chosen code might be guessed, so it waits; one of Helpr's own nobody guesses.
    assert await ask(story, 300, chosen) == "code.too_many"
    assert await ask(story, 301, own.text) == "approved"
    lines = await rows(
        story.ledger, "SELECT count(*) AS n FROM audit_event WHERE action = 'code.refused'"
    )
    assert lines[0].n == 50


async def test_made_twice_at_the_same_instant(story: Story) -> None:
    """Of the same chosen words one is stored."""
    making = (made(story, chosen="winter 2027") for _ in range(8))
    done = await asyncio.gather(*making, return_exceptions=True)
    assert sum(isinstance(one, Made) for one in done) == 1
    assert {getattr(one, "key", "") for one in done if isinstance(one, Exception)} == {
        "code.exists"
    }


async def test_a_code_outlives_a_change_of_keys(story: Story) -> None:
    """After a new key came in front, codes of the older one still work, and exist."""
    old, new = Keyring(["old-secret-old-secret"]), Keyring(["new", "old-secret-old-secret"])
    text = normal("winter 2027")
    async with story.ledger.begin() as work:
        codes = Codes(work._session, old)
        first = await codes.add(GUILD, text, created_by=1, created_at=story.clock.now())
        later = Codes(work._session, new)
        found = await later.find(GUILD, text)
        assert isinstance(first, Code)
        assert found == first
        assert await later.add(GUILD, text, created_by=1, created_at=story.clock.now()) is None
        assert await Codes(work._session, Keyring(["another"])).find(GUILD, text) is None


@pytest.mark.parametrize(
    "typed",
    ["", " - ", "\u200b", "x" * 5000, "'; DROP TABLE code; --"],
    ids=["nothing", "a dash", "unseen", "long", "SQL"],
)
async def test_what_can_be_no_code(story: Story, typed: str) -> None:
    """It is refused like any wrong one."""
    with pytest.raises(Refused, match=r"code\.wrong"):
        await story.house.services.redeeming.check(Actor(GUILD, 100), typed)
