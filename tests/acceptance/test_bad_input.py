"""Bad input and what it gets: one clear private sentence, and nothing has changed."""

from collections.abc import Awaitable, Callable

import unseen
from stage import Stage, button, parts, refusal, said, words

from sandbox.plex import Fault, PlexSandbox

MakeStage = Callable[..., Awaitable[Stage]]

WRONG_ADDRESSES = [
    "bob@",
    "@example.org",
    "bob@example",
    "bob@@example.org",
    "bob@example..org",
    "bob smith@example.org",
    "bob@exa mple.org",
    "bob@example.org, carol@example.org",
    "<bob@example.org>",
    "mailto:bob@example.org",
]
WRONG_NAMES = [
    "bob smith",
    "bob!",
    "-bob",
    "bob/../carol",
    "b" * 61,
    "<script>",
    "'; DROP TABLE invite; --",
    "https://plex.tv/bob",
    ".",
]
INVISIBLE = [
    "bob\u200b@example.org",
    "bob\u202e@example.org",
    "\u2066bob\u2069",
    "bo\u00adb",
    "\ufeffbob",
    "bob\x00",
    "b\u0007ob@example.org",
]


async def refused(stage: Stage, login: str, note: str = "") -> str:
    """What Bob is told when he sends the form with this; nothing has changed."""
    async with stage.nothing_changes():
        answer = await stage.ask_with(stage.bob, login, note)
        sentence = refusal(answer)
    assert await stage.state_of(stage.bob) is None
    return sentence


async def test_an_address_with_wrong_syntax(stage: Stage) -> None:
    """An incomplete or broken address is not taken; an example says how one looks."""
    for login in WRONG_ADDRESSES:
        assert "That is not a complete e-mail address" in await refused(stage, login), login
        await forget_limits(stage)


async def test_a_name_that_plex_cannot_have(stage: Stage) -> None:
    """Something that is neither an address nor a possible username is not taken."""
    for login in WRONG_NAMES:
        assert "That cannot be a Plex username" in await refused(stage, login), login
        await forget_limits(stage)


async def test_invisible_and_turned_characters_in_a_login(stage: Stage) -> None:
    """Zero-width, direction-changing and control characters are named, as one cannot see them."""
    for login in INVISIBLE:
        assert "holds invisible characters" in await refused(stage, login), ascii(login)
        await forget_limits(stage)


async def test_no_login_at_all(stage: Stage) -> None:
    """Blanks are no account."""
    for login in ("", "   ", "\n"):
        assert "Please type your Plex e-mail address or username" in await refused(stage, login)


async def test_a_login_that_is_too_long(stage: Stage) -> None:
    """The limit is named."""
    sentence = await refused(stage, "b" * 250 + "@example.org")
    assert "too long for a Plex account: 254 characters at most" in sentence


async def test_a_message_that_is_too_long(stage: Stage) -> None:
    """Text beyond what the field takes is refused, not cut."""
    sentence = await refused(stage, "bob@example.org", "x" * 301)
    assert "Your message is too long: 300 characters at most" in sentence


async def test_a_reason_that_is_too_long(stage: Stage) -> None:
    """The same for a reviewer's reason: the request stays open."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        answer = await unseen.submit(
            stage.env,
            stage.alice,
            stage.world.access_requests,
            button(stage.card(), "Deny")["custom_id"],
            {"reason": "x" * 301},
        )
        assert "The reason is too long: 300 characters at most" in refusal(answer)
    assert await stage.state_of(stage.bob) == "requested"


async def test_the_longest_that_is_allowed(stage: Stage) -> None:
    """Exactly as much as the limits allow is taken and shown whole."""
    note = "*" * 300
    answer = await stage.ask(stage.bob, "b" * 60, note)
    assert "Your request is with the admins" in said(answer)
    await stage.run_jobs()
    assert f"> {note}" in words(stage.card()).replace("\\", "")


async def test_an_account_that_has_access(stage: Stage) -> None:
    """Who names an account that is in use here reads that it has access; not whose it is."""
    await stage.active(stage.bob)
    async with stage.nothing_changes():
        for login in ("bob@example.org", "BOB@EXAMPLE.ORG", " Bob@example.org "):
            answer = refusal(await stage.ask_with(stage.carol, login))
            assert "That Plex account already has access here" in answer
            assert str(stage.bob.id) not in answer


async def test_an_account_that_somebody_has_asked_for(stage: Stage) -> None:
    """Two members cannot have one account under way."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        answer = refusal(await stage.ask(stage.carol, "Bob@Example.org"))
        assert "There is already an open request for that Plex account" in answer
        assert str(stage.bob.id) not in answer
    assert await stage.state_of(stage.carol) is None


async def test_the_same_account_under_its_other_name(stage: Stage) -> None:
    """The username of an account that was invited by its address gets no second share."""
    await stage.sent(stage.bob, "bob@example.org")
    await stage.requested(stage.carol, "bob")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.pass_time(seconds=10)
    assert len(stage.shares()) == 1
    assert await stage.state_of(stage.carol) == "failed"
    assert await stage.state_of(stage.bob) == "sent"


async def test_a_second_request(stage: Stage) -> None:
    """While one is open a second request shows the first."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        again = await stage.slash(stage.bob, "invite")
        assert again.modal is None
        assert "Your request is with the admins" in said(again)


async def test_the_owner_of_the_server(stage: Stage) -> None:
    """Plex's owner cannot be invited, by address or by name, in any case."""
    for login in ("owner@example.org", "helpr-owner", "Helpr-Owner", "OWNER@example.org"):
        assert "That account owns the Plex server" in await refused(stage, login)


async def test_the_owner_found_out_late(make_stage: MakeStage, plex: PlexSandbox) -> None:
    """A request of the owner's from before Plex was connected cannot be approved."""
    plex.world.faults.add(Fault("*", "drop_before"))
    stage = await make_stage()
    await stage.requested(stage.bob, "owner@example.org")
    plex.world.faults.clear()
    await stage.slash(stage.alice, "plex connect")
    async with stage.nothing_changes():
        pressed = await stage.alice.click(stage.card(), label="Approve")
        assert "This account owns the Plex server" in refusal(pressed)
        assert "deny the request" in refusal(pressed)


async def test_a_code_that_there_is_not(stage: Stage) -> None:
    """A code is not silently swallowed: the form is not opened, and nothing is stored but a try."""
    answer = await stage.slash(stage.bob, "invite", code="LETMEIN")
    assert answer.modal is None
    assert "That code does not work here" in refusal(answer)
    assert await stage.invite_of(stage.bob) is None
    tried = await stage.run_sql(
        "SELECT action, details FROM audit_event WHERE actor_id = $1", stage.bob.id
    )
    assert tried == [("code.refused", "{}")]


async def test_a_command_without_the_right(stage: Stage) -> None:
    """A member who gets at a staff command reads who may use it."""
    async with stage.nothing_changes():
        answer = await stage.slash_hidden(stage.bob, "requests")
        assert refusal(answer) == "Only reviewers and admins of this server can do that."
        for name in ("plex status", "plex connect", "plex libraries"):
            for who in (stage.bob, stage.rita):
                answer = await stage.slash_hidden(who, name)
                assert refusal(answer) == "Only admins of this server can do that."


async def test_a_right_that_was_taken_away(stage: Stage) -> None:
    """Rights count at the moment of the press: a former reviewer's open form decides nothing."""
    await stage.requested(stage.bob)
    form = await stage.rita.click(stage.card(), label="Deny")
    unseen.take_role(stage.env, stage.rita, stage.world.reviewers)
    async with stage.nothing_changes():
        late = await unseen.submit(
            stage.env,
            stage.rita,
            stage.world.get_access,
            form.modal["custom_id"],
            {"reason": "No"},
        )
        assert "Only reviewers and admins" in refusal(late)
    assert await stage.state_of(stage.bob) == "requested"


async def test_a_guild_the_bot_was_removed_from(stage: Stage) -> None:
    """What still comes from there is answered and changes nothing; added again, all goes on."""
    answer = await stage.requested(stage.bob)
    approve = button(stage.card(), "Approve")
    await unseen.remove_bot(stage.env, stage.world.guild)
    async with stage.nothing_changes():
        for late in (
            await unseen.press(stage.env, stage.alice, stage.world.access_requests, approve),
            await stage.slash_hidden(stage.carol, "invite"),
            await stage.slash_hidden(stage.bob, "my-plex"),
            await stage.ask_with(stage.carol, "carol"),
        ):
            assert "I am no longer a member of this server" in refusal(late)
    await unseen.readd_bot(stage.env, stage.world.guild)
    await unseen.press(stage.env, stage.alice, stage.world.access_requests, approve)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"
    assert "Now accept on Plex" in words(answer.response)


PLEX = ("plex status", "plex connect", "plex libraries")


async def test_a_command_in_a_direct_message(stage: Stage) -> None:
    """In a DM there is no server to act for; the bot says so."""
    bob = stage.bob.user
    async with stage.nothing_changes():
        for command in ("invite", "my-plex", "requests", *PLEX):
            answer = await unseen.command(stage.env, bob, bob.dm_channel, command)
            assert refusal(answer) == "This works in a server, not in direct messages.", command


async def test_a_button_and_a_form_in_a_direct_message(stage: Stage) -> None:
    """The gate asks the same of buttons and forms."""
    await stage.requested(stage.bob)
    dm = stage.alice.user.dm_channel
    async with stage.nothing_changes():
        for item in (button(stage.card(), "Approve"), button(stage.card(), "Deny")):
            pressed = await unseen.press(stage.env, stage.alice.user, dm, item)
            assert "not in direct messages" in refusal(pressed)
        sent = await unseen.submit(
            stage.env, stage.alice.user, dm, "helpr:request", {"login": "alice"}
        )
        assert "not in direct messages" in refusal(sent)


async def test_a_menu_with_what_was_never_offered(stage: Stage) -> None:
    """A choice that is no library of this server is ignored."""
    menu = await stage.slash(stage.alice, "plex libraries")
    [real] = parts(menu.response, 3)
    forged = {**real, "options": [{"label": "x", "value": "999999"}]}
    async with stage.nothing_changes():
        pressed = await unseen.press(
            stage.env, stage.alice, stage.world.access_requests, forged, on=menu.response
        )
        assert "5 libraries are shared" in said(pressed)


async def forget_limits(stage: Stage) -> None:
    """So that many wrong inputs in one test do not meet the limits (`test_limits.py`)."""
    await stage.run_sql("DELETE FROM rate_hit")
