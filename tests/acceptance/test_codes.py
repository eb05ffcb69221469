"""Codes: made, listed and taken back by admins; typed, redeemed and guessed at by members."""

import re
from typing import Any

import simcord
import unseen
from lives import guild_sets, my_plex, tier
from stage import Stage, button, labels, refusal, said, texts_of, words

from bot.domain.codes import ALPHABET

GENERATED = re.compile(rf"\b(?:[{ALPHABET}]{{4}}-){{4}}[{ALPHABET}]{{4}}\b")


async def create(stage: Stage, **options: Any) -> Any:
    """Alice's `/code create`."""
    return await stage.slash(stage.alice, "code create", **options)


def code_in(answer: Any) -> str:
    """The text of a code that was made: alone in its own message, for the admin's eyes."""
    [message] = answer.followups
    assert message.ephemeral
    return str(message.content)


async def made(stage: Stage, **options: Any) -> str:
    """A new code's text."""
    return code_in(await create(stage, **options))


async def redeem(stage: Stage, who: simcord.MemberActor, code: str, login: str = "") -> Any:
    """The form sent with a code."""
    typed = {"login": login or f"{who.name}@example.org", "code": code}
    channel = stage.channel_of(who)
    return await unseen.submit(stage.env, who, channel, "helpr:request", typed)


async def listed(stage: Stage) -> Any:
    """Alice's `/code list`."""
    return (await stage.slash(stage.alice, "code list")).response


# -- from the code to Plex ----------------------------------------------------------------------


async def test_a_code_opens_the_door(stage: Stage) -> None:
    """Made, typed behind /invite, approved by itself; the card and the list say by which code."""
    answer = await create(stage, label="For Bob")
    assert "A new code: For Bob" in said(answer)
    assert "do not show it again" in said(answer)
    code = code_in(answer)
    assert GENERATED.fullmatch(code)
    form = await stage.slash(stage.bob, "invite", code=code)
    sent = await stage.bob.submit_modal(form, {"login": "bob@example.org", "code": code.lower()})
    assert "Approved! Your invite is on its way" in said(sent)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    card = words(stage.card())
    assert "Code: For Bob" in card
    assert "Approved by their code" in card
    assert labels(stage.card()) == []
    page = await listed(stage)
    assert "used up" in words(page)
    assert "Used 1 of 1 times" in words(page)
    assert f"Used by <@{stage.bob.id}>" in words(page)
    refused = await stage.slash(stage.carol, "invite", code=code)
    assert "That code is used up" in refusal(refused)
    # Nowhere does the ledger hold the code, nor does a log line.
    [(hash_,)] = await stage.run_sql("SELECT hash FROM code")
    assert len(hash_) == 32
    everything = await stage.run_sql(
        "SELECT c::text FROM code c UNION ALL SELECT a::text FROM audit_event a"
    )
    assert code not in str(everything)
    assert code not in "".join(stage.diary.lines)
    actions = await stage.run_sql("SELECT action FROM audit_event WHERE details ? 'code'")
    assert sorted(actions) == [("code.created",), ("code.used",)]


async def test_a_code_for_a_tier_that_a_reviewer_still_decides(stage: Stage) -> None:
    """It chooses the tier, and the request waits; approved, it gives that tier's libraries."""
    await tier(stage, "Music lovers", "Music")
    code = await made(stage, tier="music lovers", decide=True, uses=3, expires="7d")
    answer = await redeem(stage, stage.bob, code)
    assert "Your request is with the admins" in said(answer)
    await stage.run_jobs()
    card = stage.card()
    assert "Tier: Music lovers" in words(card)
    assert "Code: Code" in words(card)
    await stage.rita.click(card, label="Approve")
    await stage.run_jobs()
    [share] = stage.shares()
    assert [library.title for library in share.libraries] == ["Music"]
    text = words(await listed(stage))
    assert "Tier: Music lovers · a reviewer still decides" in text
    assert "Used 1 of 3 times · until <t:" in text


async def test_a_code_while_plex_is_not_connected(stage: Stage) -> None:
    """It cannot say yes now, so the request waits like any other, and the code stays used."""
    code = await made(stage)
    await stage.run_sql("UPDATE plex_link SET connected_at = NULL")
    assert "Your request is with the admins" in said(await redeem(stage, stage.bob, code))
    assert await stage.run_sql("SELECT uses FROM code") == [(1,)]


async def test_a_code_for_a_request_that_waits(stage: Stage) -> None:
    """Who has asked already uses it for that request, from the panel or with /invite."""
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    await stage.requested(stage.bob)
    [panel] = [m for m in stage.world.get_access.history() if "I have a code" in labels(m)]
    form = await stage.bob.click(panel, label="I have a code")
    assert [f["custom_id"] for f in fields(form)] == ["code"]
    sent = await stage.bob.submit_modal(form, {"code": await made(stage)})
    assert "Approved! Your invite is on its way" in said(sent)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    await stage.requested(stage.carol, "carol")
    answer = await stage.slash(stage.carol, "invite", code=await made(stage))
    assert "Approved! Your invite is on its way" in said(answer)


def fields(shown: Any) -> list[dict[str, Any]]:
    """The fields of a form that was opened, as Discord carries them."""
    return [label["component"] for label in shown.modal["components"]]


async def test_the_panel_redeems_a_code(stage: Stage) -> None:
    """I have a code opens a form with the code first; a newcomer is in with one form."""
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    await stage.run_jobs()
    dora = await stage.join("dora")
    [panel] = stage.world.get_access.history()
    form = await dora.click(panel, label="I have a code")
    assert [f["custom_id"] for f in fields(form)] == ["code", "login", "note"]
    sent = await dora.submit_modal(form, {"code": await made(stage), "login": "dora"})
    assert "Approved!" in said(sent)


# -- who may ask ---------------------------------------------------------------------------------


async def test_only_with_a_code(stage: Stage) -> None:
    """The form asks for the code first, and without a good one nothing is stored."""
    await guild_sets(stage, asking="with_code")
    form = await stage.slash(stage.bob, "invite")
    assert fields(form)[0]["custom_id"] == "code"
    assert fields(form)[0].get("required", True)
    async with stage.nothing_changes():
        assert "Here you need a code" in refusal(await stage.ask_with(stage.bob, "bob"))
    assert "That code does not work here" in refusal(await redeem(stage, stage.bob, "ABCD-1234"))
    assert await stage.invite_of(stage.bob) is None
    code = await made(stage)
    # Neither case nor spaces nor dashes matter.
    typed = code.lower().replace("-", " ")
    assert "Approved!" in said(await redeem(stage, stage.bob, typed))


# -- uses come back ------------------------------------------------------------------------------


async def uses(stage: Stage) -> int:
    """How often the one code is used."""
    [(number,)] = await stage.run_sql("SELECT uses FROM code")
    return int(number)


async def test_what_came_to_nothing_gives_the_use_back(stage: Stage) -> None:
    """Denied, withdrawn, or refused by Plex before anything was shared: once, and not again."""
    code = await made(stage, decide=True)
    answer = await redeem(stage, stage.bob, code)
    await stage.run_jobs()
    await stage.bob.click(answer.response, label="Withdraw")
    assert await uses(stage) == 0
    await redeem(stage, stage.carol, code)
    await stage.run_jobs()
    form = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(form, {})
    assert await uses(stage) == 0
    await redeem(stage, stage.bob, code, "nobody-has-this")
    await stage.run_jobs()
    assert await uses(stage) == 1
    await stage.rita.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "failed"
    assert await uses(stage) == 0
    # An admin has it tried once more: the use is taken, and given back like before.
    again = button(stage.card(), "Try again")
    await stage.alice.click(stage.card(), label="Try again")
    assert await uses(stage) == 1
    await stage.run_jobs()
    assert await uses(stage) == 0
    given = await stage.run_sql("SELECT count(*) FROM audit_event WHERE action = 'code.given_back'")
    assert given == [(4,)]
    # Nobody gets in with a use that somebody else has taken since.
    await redeem(stage, stage.carol, code)
    async with stage.nothing_changes():
        late = await unseen.press(stage.env, stage.alice, stage.world.access_requests, again)
        assert "has been used up" in refusal(late)


async def test_what_was_shared_keeps_the_use(stage: Stage) -> None:
    """Who was invited on Plex has used the code, whatever they do then."""
    code = await made(stage)
    answer = await redeem(stage, stage.bob, code)
    await stage.run_jobs()
    await stage.bob.click(answer.response, label="Withdraw")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "withdrawn"
    assert await uses(stage) == 1


# -- wrong codes ---------------------------------------------------------------------------------


async def test_what_a_dead_code_is_answered_with(stage: Stage) -> None:
    """Of a generated one the reason is told, as nobody guesses it; of a chosen one, nothing is."""
    over, back = await made(stage, expires="1h"), await made(stage, label="back")
    own_over = await made(stage, expires="1h", code="Summer 2027")
    await stage.slash(stage.alice, "code revoke", code="back")
    await stage.pass_time(hours=2)
    wrong = refusal(await redeem(stage, stage.bob, "no such code"))
    assert "That code does not work here" in wrong
    assert "The time of that code is over" in refusal(await redeem(stage, stage.bob, over))
    assert "taken that code back" in refusal(await redeem(stage, stage.bob, back))
    assert refusal(await redeem(stage, stage.bob, own_over)) == wrong
    assert refusal(await redeem(stage, stage.carol, "x" * 4000)) == wrong
    assert await stage.invite_of(stage.bob) is None


async def test_guessing_is_slow_and_noticed(stage: Stage) -> None:
    """Five tries in ten minutes, a good code included; many tries are told the admins once."""
    good = await made(stage)
    for _ in range(5):
        assert "does not work" in refusal(await redeem(stage, stage.bob, "guess guess"))
    late = refusal(await redeem(stage, stage.bob, good))
    assert "too many codes" in late
    assert "in 10 minutes" in late
    assert "too many" in refusal(await stage.slash(stage.bob, "invite", code=good))
    for who in (stage.carol, stage.rita, await stage.join("dave")):
        for _ in range(5):
            await redeem(stage, who, "guess guess")
    await stage.run_jobs()
    [notice] = stage.cards()
    assert "Many wrong codes" in words(notice)
    assert "15 codes or more" in words(notice)
    # Somebody with a good code is not kept waiting by those who guess.
    assert "Approved!" in said(await redeem(stage, await stage.join("erin"), good))
    await stage.run_sql("UPDATE rate_hit SET hits = '{}'")
    await stage.pass_time(hours=2)
    await stage.house.services.sweep.tidy()
    await stage.run_jobs()
    assert "✅ Nobody types wrong codes any more" in words(stage.cards()[0])


# -- the admins' side ----------------------------------------------------------------------------


async def test_codes_that_cannot_be(stage: Stage) -> None:
    """Each gets its sentence, and nothing is made."""
    wishes: list[tuple[dict[str, Any], str]] = [
        ({"code": "short"}, "at least 8 letters or digits"),
        ({"code": "- - - a b c"}, "at least 8 letters or digits"),
        ({"code": "what_is*this"}, "letters and digits only"),
        ({"code": "x" * 41}, "40 letters and digits at most"),
        ({"expires": "soon"}, "I cannot read"),
        ({"expires": "2020-01-01"}, "over already"),
        ({"tier": "No such tier"}, "That tier does not exist"),
    ]
    async with stage.nothing_changes():
        for options, sentence in wishes:
            assert sentence in refusal(await create(stage, **options))
    going = await tier(stage, "Going", "Films")
    await stage.run_sql(
        "UPDATE tier SET leaving_for = (SELECT id FROM tier WHERE is_default) WHERE id = $1", going
    )
    assert "The tier Going is being deleted" in refusal(await create(stage, tier="going"))
    assert await stage.run_sql("SELECT id FROM code") == []


async def test_a_chosen_code(stage: Stage) -> None:
    """It comes with a warning; the same words in another dress exist already, also once revoked."""
    answer = await create(stage, code="Welcome ２０２７", uses=0)
    assert "others guess" in said(answer)
    assert code_in(answer) == "Welcome ２０２７"
    again = refusal(await create(stage, code="WELCOME-2027"))
    assert "has that code already" in again
    assert "Approved!" in said(await redeem(stage, stage.bob, "welcome2027"))
    assert "Taken back" in said(await stage.slash(stage.alice, "code revoke", code="welcome 2027"))
    assert "has that code already" in refusal(await create(stage, code="welcome 2027"))
    assert "already" in refusal(await stage.slash(stage.alice, "code revoke", code="#1"))
    assert "no such code" in refusal(await stage.slash(stage.alice, "code revoke", code="#77"))


async def test_the_list_by_pages_and_revoking(stage: Stage) -> None:
    """Newest first, four a page; what was taken back says who keeps access, and asks nothing."""
    assert "no codes yet" in said(await stage.slash(stage.alice, "code list"))
    codes = [await made(stage, label=f"Friend {n}") for n in range(6)]
    await redeem(stage, stage.bob, codes[5])
    await stage.run_jobs()
    page = await listed(stage)
    assert [f"Friend {n}" in words(page) for n in range(6)] == [False] * 2 + [True] * 4
    turned = await stage.alice.click(page, label="Older ones")
    assert "Friend 0" in words(turned.response or page)
    page = await listed(stage)
    pressed = await unseen.press(
        stage.env, stage.alice, stage.world.access_requests, button(page, "Revoke")
    )
    assert "Taken back: Friend 5" in said(pressed)
    assert "1 person has used it and keeps their access" in said(pressed)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    offered = await stage.alice.autocomplete(
        stage.world.access_requests, "code revoke", "code", "friend 3"
    )
    assert [choice["value"] for choice in offered] == ["#4"]
    assert "taken back" in words(await listed(stage))
    # What people called Alice's codes formats nothing.
    await made(stage, label="**<@1>** `x`")
    assert r"\*\*\<\@1\>" in "\n".join(texts_of(await listed(stage)))


# -- with a link ---------------------------------------------------------------------------------


async def test_a_code_that_travels_with_a_link(stage: Stage) -> None:
    """One message to send: a Discord invite for one person, and the code; both end together."""
    guild = stage.world.guild
    await unseen.let_the_bot(stage.env, guild, stage.world.get_access, manage_channels=True)
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    answer = await create(stage, link=True, expires="3d", label="Mum")
    [link] = guild.invites()
    assert (link.max_uses, link.channel_id) == (1, stage.world.get_access.id)
    assert 3 * 86400 - 60 <= link.max_age <= 3 * 86400
    text = code_in(answer)
    assert f"https://discord.gg/{link.code}" in text
    assert GENERATED.search(text)
    assert "With a Discord link for one person" in words(await listed(stage))
    revoked = await stage.slash(stage.alice, "code revoke", code="Mum")
    assert "Its Discord link is deleted too" in said(revoked)
    assert guild.invites() == []
    await create(stage, link=True)
    [link] = guild.invites()
    assert link.max_age <= 7 * 86400


async def test_links_that_discord_does_not_let_me_make(stage: Stage) -> None:
    """Without Create Invite nothing is made; a failure leaves a code that works without a link."""
    world = stage.world
    await unseen.let_the_bot(
        stage.env, world.guild, world.access_requests, create_instant_invite=False
    )
    async with stage.nothing_changes():
        answer = await create(stage, link=True)
        assert "I cannot invite people to" in refusal(answer)
        assert "Create Invite" in refusal(answer)
    stage.env.inject_error(
        "POST", f"/channels/{world.get_access.id}/invites", status=500, code=0, message="oops"
    )
    answer = await create(stage, link=True, channel=world.get_access)
    assert "Discord made no link" in said(answer)
    assert GENERATED.fullmatch(code_in(answer))
    # Discord lets only those with Manage Channels delete one.
    await create(stage, link=True, channel=world.get_access, label="Link")
    revoked = await stage.slash(stage.alice, "code revoke", code="Link")
    assert "Manage Channels" in said(revoked)
    assert len(world.guild.invites()) == 1


async def test_another_servers_codes(stage: Stage) -> None:
    """A code, or its number, means nothing in another guild."""
    await stage.run_sql("INSERT INTO guild (id) VALUES (77)")
    code = await made(stage)
    await stage.run_sql("UPDATE code SET guild_id = 77")
    assert "does not work here" in refusal(await redeem(stage, stage.bob, code))
    assert "no such code" in refusal(await stage.slash(stage.alice, "code revoke", code="#1"))
    text, _ = await my_plex(stage, stage.bob)
    assert "not asked" in text
