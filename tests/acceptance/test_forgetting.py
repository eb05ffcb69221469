"""My data: the file, being forgotten, what stays, what is no way round a ban; and retention."""

import json
from typing import Any

import pytest
import simcord
import unseen
from lives import access, guild_sets, lasting, suspended, until
from stage import Stage, button, labels, refusal, said, words
from test_reminders import SOON, may_in_threads, may_open_threads

from sandbox.plex import Fault

ADDRESS = "bob@example.org"
NOTE = "I am the neighbour with the dog"


async def my_data(stage: Stage, who: simcord.MemberActor, *labels: str) -> Any:
    """ "My data", and its buttons pressed one after the other: the private answer."""
    own = await stage.slash(who, "my-plex")
    shown = await who.click(own.response, label="My data")
    for label in labels:
        await who.click(shown.response, label=label)
    return shown.response


async def ask(stage: Stage, who: simcord.MemberActor) -> None:
    """Somebody asks to be forgotten."""
    told = await my_data(stage, who, "Forget me", "Forget me for good")
    assert "You are being forgotten" in words(told)
    assert labels(told) == []


async def pressed(stage: Stage, who: simcord.MemberActor, custom_id: str) -> Any:
    """A button that may not be shown to this person (any more)."""
    item = {"custom_id": custom_id, "type": 2, "style": 2, "label": "…"}
    return await unseen.press(stage.env, who, stage.channel_of(who), item)


async def forget(stage: Stage, who: simcord.MemberActor) -> None:
    """Somebody asks to be forgotten, and all that follows has come to its end."""
    await ask(stage, who)
    await stage.run_jobs()
    await stage.pass_time(seconds=5)
    await stage.pass_time(seconds=5)


async def dump(stage: Stage) -> str:
    """Every column of every table as text; bytea in hexadecimal."""
    tables = await stage.run_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    held = []
    for (table,) in tables:
        rows = await stage.run_sql(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - names of our own
        held += [f"{table}: {text}" for (text,) in rows]
    return "\n".join(held)


async def opened(stage: Stage) -> str:
    """Everything sealed that the ledger still holds of requests, opened."""
    rows = await stage.run_sql(
        "SELECT id, login_sealed, note_sealed, decision_reason_sealed FROM invite"
    )
    keys = stage.house.ledger._keyring
    return " ".join(
        keys.open(sealed, f"invite:{id_}:{name}")
        for id_, *columns in rows
        for name, sealed in zip(("login", "note", "decision_reason"), columns, strict=True)
        if sealed
    )


async def assert_unknown(stage: Stage, who: simcord.MemberActor, *words_of: str) -> None:
    """Nothing in the database names this person."""
    held, sealed = await dump(stage), await opened(stage)
    for word in (str(who.id), ADDRESS, NOTE, *words_of):
        assert word not in held, [line for line in held.splitlines() if word in line]
        assert word.encode().hex() not in held
        assert word not in sealed
    for table, column in (
        ("invite", "account_id"),
        ("drift", "account_id"),
        ("sign_in", "user_id"),
    ):
        found = await stage.run_sql(
            f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - names of our own
        )
        assert found == [], table


async def counted(stage: Stage) -> list[Any]:
    """What statistics and totals count."""
    return [
        await stage.run_sql("SELECT tier_id, state, sum(n) FROM invite_total GROUP BY 1, 2"),
        await stage.run_sql(
            "SELECT action, sum(n) FROM audit_total WHERE action NOT LIKE 'member.%'"
            " GROUP BY 1 ORDER BY 1"
        ),
        said(await stage.slash(stage.alice, "stats")),
    ]


async def test_forgotten_with_everything(stage: Stage) -> None:
    """Access ends on Plex, everything that names the person goes, and every count stays."""
    await stage.ask(stage.bob, ADDRESS, NOTE)
    await stage.run_jobs()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    await stage.pass_time(minutes=16)
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    assert stage.dms(stage.bob)
    [account] = [one for one in stage.plex.world.accounts if one.email == ADDRESS]
    asked = await my_data(stage, stage.bob, "Forget me")
    assert "This cannot be undone" in words(asked)
    assert labels(asked) == ["Forget me for good", "Keep my data"]
    await stage.bob.click(asked, label="Keep my data")
    assert "your data is kept" in words(asked)
    assert await stage.state_of(stage.bob) == "active"

    await forget(stage, stage.bob)

    assert stage.shares() == []
    assert stage.dms(stage.bob) == []
    await assert_unknown(stage, stage.bob, account.username)
    card = words(stage.card())
    assert "Forgotten" in card
    assert "How it went: ended" in card
    assert str(stage.bob.id) not in card
    assert NOTE not in card
    assert await stage.run_sql("SELECT * FROM forgetting") == []
    assert await stage.run_sql("SELECT * FROM turned_away") == []
    before = await counted(stage)
    assert [list(row[1:]) for row in before[0] if row[2]] == [["ended", 1]]
    # The log tells what happened, and of nobody.
    told = said(await stage.slash(stage.alice, "audit"))
    assert "👤" in told
    assert f"<@{stage.bob.id}>" not in told
    # A stale button of staff's does nothing any more, and the person may come again.
    [(id_,)] = await stage.run_sql("SELECT id FROM invite")
    for custom_id in (f"helpr:extend:{id_}", f"helpr:retry:{id_}", f"helpr:address:{id_}"):
        assert "has been erased" in refusal(await pressed(stage, stage.alice, custom_id))
    await stage.requested(stage.bob, ADDRESS)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "active"


@pytest.mark.parametrize("state", ["requested", "approved", "sending", "sent", "suspended"])
async def test_forgotten_from_any_state(stage: Stage, state: str) -> None:
    """Also while an invite waits, is being sent, or is suspended: nothing is left on Plex."""
    plex = stage.plex.world
    if state == "suspended":
        await suspended(stage, stage.bob, ADDRESS)
    elif state == "sent":
        await stage.sent(stage.bob, ADDRESS)
    else:
        await stage.requested(stage.bob, ADDRESS)
    if state == "approved":
        await guild_sets(stage, undo_seconds=300)
        await stage.alice.click(stage.card(), label="Approve")
    if state == "sending":
        # Plex has done it, and nobody knows.
        lost = plex.faults.add(Fault("POST /api/*shared_servers", "drop_after"))
        await stage.alice.click(stage.card(), label="Approve")
        await stage.run_jobs()
        plex.faults.remove(lost)
        assert len(stage.shares()) == 1
    assert await stage.state_of(stage.bob) == state
    await forget(stage, stage.bob)
    await stage.pass_time(seconds=90)
    await stage.pass_time(seconds=90)
    assert stage.shares() == []
    await assert_unknown(stage, stage.bob)
    # Who was suspended by an admin does not get in by themselves.
    away = await stage.run_sql("SELECT count(*) FROM turned_away")
    assert (away[0][0] > 0) == (state == "suspended")


async def test_while_plex_is_away(stage: Stage) -> None:
    """Nothing is erased before Plex has given the share back, however long that takes."""
    await stage.active(stage.bob, ADDRESS)
    gone = stage.plex.world.faults.add(Fault("*", "drop_before"))
    await forget(stage, stage.bob)
    await stage.pass_time(hours=2)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert invite.login.value == ADDRESS
    # A second press changes nothing.
    await ask(stage, stage.bob)
    stage.plex.world.faults.remove(gone)
    await stage.restart()
    for _ in range(3):
        await stage.pass_time(minutes=6)
    assert stage.shares() == []
    await assert_unknown(stage, stage.bob)


async def test_killed_in_the_middle(stage: Stage) -> None:
    """Whoever has begun and died leaves it to the next one, when the lease is over."""
    await stage.active(stage.bob, ADDRESS)
    await ask(stage, stage.bob)
    [(id_,)] = await stage.run_sql("SELECT id FROM forgetting")
    # Not run: what the press has queued.
    await stage.run_sql("DELETE FROM procrastinate_jobs WHERE task_name = 'forget_member'")
    forgetting = stage.house.services.forgetting
    taken = await forgetting.begin(id_)
    assert taken is not None
    assert await forgetting.begin(id_) is None
    assert await forgetting.advance(taken) is None
    [(change,)] = await stage.run_sql("SELECT change FROM invite")
    assert change == "end"
    # Dies here, and what it had begun goes on: Plex gives the share back.
    await stage.run_sql("UPDATE forgetting SET due_at = now() + interval '1 day'")
    await stage.run_jobs()
    assert stage.shares() == []
    # Until it is done nobody asks anew.
    told = refusal(await stage.ask_with(stage.bob, "x@example.org"))
    assert "I am still erasing what I know" in told
    await stage.run_sql("UPDATE forgetting SET due_at = asked_at")
    taken = await forgetting.begin(id_)
    assert taken is not None
    farewell = await forgetting.advance(taken)
    assert farewell is not None
    # Dies here: the messages may be gone, the ledger still knows.
    await stage.restart()
    assert await stage.invite_of(stage.bob) is not None
    await stage.pass_time(seconds=61)
    assert not await forgetting_is_open(stage)
    await assert_unknown(stage, stage.bob)
    assert not await stage.house.services.forgetting.erase(farewell)


async def forgetting_is_open(stage: Stage) -> bool:
    """Whether somebody is still to be forgotten."""
    return bool(await stage.run_sql("SELECT * FROM forgetting"))


async def test_a_ban_outlives_it(stage: Stage) -> None:
    """Who was sent away is still known as such afterwards, by nothing that names them."""
    created = await stage.slash(stage.alice, "code create", uses=2)
    [message] = created.followups
    code = str(message.content)
    await stage.active(stage.bob, ADDRESS)
    await access(stage, "revoke", stage.bob, reason="Shared the account")
    await stage.run_jobs()
    await forget(stage, stage.bob)
    await assert_unknown(stage, stage.bob, "Shared the account")
    # A code lets nobody in at once who was sent away: not them, nor another one with the account.
    for who, login in ((stage.bob, "robert"), (stage.carol, ADDRESS)):
        shown = await stage.slash(who, "invite", code=code)
        await who.submit_modal(shown, {"login": login, "code": code})
        await stage.run_jobs()
        assert await stage.state_of(who) == "requested"


async def test_the_file(stage: Stage) -> None:
    """The export holds what the ledger knows, by readable names, and no token."""
    await stage.ask(stage.bob, ADDRESS, NOTE)
    await stage.run_jobs()
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    shown = await my_data(stage, stage.bob)
    assert labels(shown) == ["Export", "Forget me"]
    answer = await stage.bob.click(shown, label="Export")
    assert "everything that I hold" in said(answer)
    content = await stage.house.services.privacy.export(unseen_actor(stage, stage.bob))
    held = json.loads(content)
    [request] = held["requests"]
    assert (request["plex_account"], request["note"], request["state"]) == (ADDRESS, NOTE, "sent")
    assert request["requested_at"].startswith("20")
    assert "T" in request["requested_at"]
    by = {line["by"] for line in held["history"]}
    assert by == {"you", "staff", "Helpr"}
    assert str(stage.alice.id) not in content.decode()
    # Of somebody else, and of somebody nobody knows, it holds nothing.
    other = json.loads(await stage.house.services.privacy.export(unseen_actor(stage, stage.carol)))
    assert other["requests"] == []
    assert ADDRESS not in json.dumps(other)


def unseen_actor(stage: Stage, who: simcord.MemberActor) -> Any:
    """Somebody as the gate sees them."""
    from bot.domain.people import Actor

    return Actor(stage.world.guild.id, who.id)


async def test_an_address_is_masked_until_staff_asks(stage: Stage) -> None:
    """Every panel masks it; the button shows it to one person, and the log says so."""
    await stage.requested(stage.bob, ADDRESS)
    assert "b***@example.org" in words(stage.card()).replace("\\", "")
    shown = await stage.rita.click(stage.card(), label="Show address")
    assert ADDRESS in said(shown).replace("\\", "")
    assert shown.ephemeral
    assert await stage.run_sql(
        "SELECT actor_id FROM audit_event WHERE action = 'address.shown'"
    ) == [(stage.rita.id,)]
    shown = await pressed(stage, stage.carol, button(stage.card(), "Show address")["custom_id"])
    assert "reviewers" in refusal(shown)
    panels = [
        said(await access(stage, "show", stage.bob)),
        said(await stage.slash(stage.alice, "requests")),
        said(await stage.slash(stage.alice, "access list")),
        said(await stage.slash(stage.alice, "audit")),
        said(await stage.slash(stage.alice, "dashboard")),
    ]
    assert all(ADDRESS not in panel.replace("\\", "") for panel in panels)


async def test_what_is_long_over_is_forgotten(stage: Stage) -> None:
    """After the guild's time the sweep forgets who it was; what is live is left alone."""
    answer = await stage.requested(stage.bob, ADDRESS)
    await stage.bob.click(answer.response, label="Withdraw")
    await stage.active(stage.carol, "carol@example.org")
    await guild_sets(stage, retention_days=0)
    await stage.pass_time(days=40)
    await stage.house.services.sweep.tidy()
    assert ADDRESS in await opened(stage)
    await guild_sets(stage, retention_days=30)
    await stage.house.services.sweep.tidy()
    await stage.run_jobs()
    held = await opened(stage)
    assert ADDRESS not in held
    assert "carol@example.org" in held
    assert str(stage.bob.id) not in await dump(stage)
    assert "Forgotten" in words(stage.cards()[0])
    assert await stage.run_sql(
        "SELECT actor_id, details->>'n' FROM audit_event WHERE action = 'member.kept_no_longer'"
    ) == [(None, "1")]
    # Once is enough.
    await stage.house.services.sweep.tidy()
    told = await stage.run_sql(
        "SELECT count(*) FROM audit_event WHERE action = 'member.kept_no_longer'"
    )
    assert told == [(1,)]


async def test_another_server_keeps_its_own(stage: Stage) -> None:
    """Two Discord servers give to one Plex account: one forgets, the other one's share stays."""
    await stage.active(stage.bob, ADDRESS)
    other = stage.world.guild.id + 1
    for statement in (
        "INSERT INTO guild (id) VALUES ($1)",
        (
            "INSERT INTO plex_link (guild_id, state, base_url, token_sealed, machine_identifier,"
            " owner_account_id) SELECT $1, 'paused', base_url, token_sealed, machine_identifier,"
            " owner_account_id FROM plex_link"
        ),
        (
            "INSERT INTO tier (guild_id, link_id, name, is_default)"
            " SELECT guild_id, id, 'There', true FROM plex_link WHERE guild_id = $1"
        ),
        (
            "INSERT INTO invite (guild_id, member_id, link_id, tier_id, state, login_kind,"
            " login_sealed, login_blind, share_id, account_id)"
            " SELECT $1, i.member_id, t.link_id, t.id, 'active', i.login_kind, ''::bytea,"
            " i.login_blind, i.share_id, i.account_id FROM invite i, tier t WHERE t.guild_id = $1"
        ),
    ):
        await stage.run_sql(statement, other)
    held = "SELECT member_id, account_id, share_id, state FROM invite WHERE guild_id = $1"
    before = await stage.run_sql(held, other)
    assert before[0][0] == stage.bob.id
    await forget(stage, stage.bob)
    assert len(stage.shares()) == 1
    assert await stage.run_sql(held, other) == before
    here = await stage.run_sql(held, stage.world.guild.id)
    assert [row[1:] for row in here] == [(None, None, "ended")]
    assert here[0][0] < 0


async def test_what_somebody_tried(stage: Stage) -> None:
    """A code that was wrong stands in the log, and no more whose try it was."""
    told = await stage.slash(stage.bob, "invite", code="NOT-THE-ONE")
    assert "does not work here" in refusal(told)
    await forget(stage, stage.bob)
    await assert_unknown(stage, stage.bob)
    assert await stage.run_sql(
        "SELECT actor_id, why FROM audit_event WHERE action = 'code.refused'"
    ) == [(-1, "")]


@pytest.mark.parametrize("may_delete", [True, False])
async def test_the_private_thread(stage: Stage, may_delete: bool) -> None:
    """The thread that was made for them goes; where Helpr may not do that, what is in it."""
    await stage.slash(stage.alice, "panel post", kind="get_access", channel=stage.world.get_access)
    await stage.run_jobs()
    may_open_threads(stage)
    if may_delete:
        may_in_threads(stage, manage_channels=True)
    else:
        may_in_threads(stage, manage_threads=True)
    await guild_sets(stage, private_threads=True)
    unseen.stop_receiving_dms(stage.env, stage.bob)
    await lasting(stage, 30)
    await stage.active(stage.bob, ADDRESS)
    await until(stage, stage.bob, days=6)
    [thread] = stage.world.get_access.threads
    assert SOON in words(list(thread.history())[-1])
    await forget(stage, stage.bob)
    left = stage.world.get_access.threads
    if may_delete:
        assert left == []
    else:
        assert list(left[0].history()) == []
    await assert_unknown(stage, stage.bob)


async def test_a_token_that_plex_does_not_sign_out(stage: Stage) -> None:
    """After an hour the person is forgotten all the same; what is left is a token of nobody's."""
    await stage.run_sql("UPDATE guild SET sign_in = true")
    answer = await stage.slash(stage.bob, "invite")
    pin = stage.plex.world.keys.pins[-1]
    stage.plex.world.keys.allow_pin(pin.id, 2001)
    await stage.pass_time(seconds=3)
    await stage.bob.click(answer.response, label="Yes, accept for me")
    down = stage.plex.world.faults.add(Fault("DELETE /api/v2/users/signout", "drop_before"))
    await forget(stage, stage.bob)
    await stage.pass_time(minutes=62)
    assert str(stage.bob.id) not in await dump(stage)
    assert stage.plex.world.keys.is_known(pin.token)
    stage.plex.world.faults.remove(down)
    await stage.pass_time(minutes=2)
    assert not stage.plex.world.keys.is_known(pin.token)
    await assert_unknown(stage, stage.bob)
