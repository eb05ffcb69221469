"""/access list: everybody with access, filtered, opened, and done something with all at once."""

from typing import Any

import unseen
from lives import access, tier
from stage import Stage, labels, parts, refusal, said, words


async def shown(stage: Stage) -> Any:
    """The list as Alice sees it; the message that everything happens in."""
    answer = await stage.slash(stage.alice, "access list")
    assert answer.response.ephemeral
    return answer.response


def menu(message: Any, placeholder: str) -> dict[str, Any]:
    """The menu with this placeholder, as Discord carries it."""
    return next(one for one in parts(message, 3) if placeholder in one.get("placeholder", ""))


async def choose(stage: Stage, message: Any, placeholder: str, label: str) -> Any:
    """Alice chooses an option of a menu of her message."""
    found = menu(message, placeholder)
    [value] = [one["value"] for one in found["options"] if label in one["label"]]
    return await stage.alice.select(message, [value], custom_id=found["custom_id"])


async def two(stage: Stage) -> None:
    """Bob and Carol have access."""
    await stage.active(stage.bob)
    await stage.active(stage.carol, "carol@example.org")


async def a_thousand(stage: Stage) -> None:
    """Beside Bob there are 999 more with access, as far as the ledger knows."""
    [(sealed,)] = await stage.run_sql("SELECT login_sealed FROM invite")
    keyring = stage.house.ledger._keyring
    login = keyring.open(sealed, "invite:1:login")
    numbers = list(range(2, 1001))
    await stage.run_sql(
        "INSERT INTO invite (id, guild_id, member_id, link_id, tier_id, state, login_kind,"
        " login_sealed, login_blind, decided_by, card_channel_id) OVERRIDING SYSTEM VALUE"
        " SELECT n, guild_id, 5000 + n, link_id, tier_id, 'active', 'email', mine,"
        " decode(md5(n::text), 'hex'), decided_by, card_channel_id"
        " FROM invite, unnest($1::bigint[], $2::bytea[]) AS other (n, mine) WHERE id = 1",
        numbers,
        [keyring.seal(f"{n}{login}", f"invite:{n}:login") for n in numbers],
    )


# -- the list -------------------------------------------------------------------------------------


async def test_nobody_yet(stage: Stage) -> None:
    """An empty list says so, and offers nothing that would be about nobody."""
    message = await shown(stage)
    assert "Everybody with access or on the way: 0 people" in words(message)
    assert "Nobody. Choose something else below." in words(message)
    assert not [one for one in parts(message, 3) if "Do something" in one["placeholder"]]


async def test_the_list_and_its_filters(stage: Stage) -> None:
    """A line for each with state, tier and end; menus choose whom it shows, and open a card."""
    await two(stage)
    await tier(stage, "Small", "Films")
    await access(stage, "move", stage.carol, tier="Small")
    await stage.run_jobs()
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    await access(stage, "extend", stage.carol, until="5d")
    message = await shown(stage)
    text = words(message).replace("\\", "")
    assert f"<@{stage.bob.id}> · b***@example.org · suspended · Standard" in text
    assert f"<@{stage.carol.id}> · c***@example.org · active · Small · ends <t:" in text
    assert "@example.org" in text
    assert "bob@example.org" not in text
    for placeholder, option, who in (
        ("Show", "Suspended", stage.bob),
        ("Show", "Ending within 7 days", stage.carol),
        ("Tier", "Standard", None),
        ("Show", "Everybody", stage.bob),
    ):
        await choose(stage, message, placeholder, option)
        there = [one for one in (stage.bob, stage.carol) if f"<@{one.id}>" in words(message)]
        assert there == ([who] if who else [])
    assert "Everybody with access or on the way · Standard: 1 person" in words(message)
    opened = await choose(stage, message, "Open somebody", "b***")
    card = opened.response
    assert f"Access of <@{stage.bob.id}>" in words(card)
    assert "Restore" in labels(card)


async def test_a_thousand_people(stage: Stage) -> None:
    """The list goes by pages, there and back, and nobody is on two of them."""
    await stage.active(stage.bob)
    await a_thousand(stage)
    message = await shown(stage)
    assert "1,000 people" in words(message)
    seen: list[str] = []
    for turn in ("Older", "Older", ""):
        seen += [line for line in words(message).splitlines() if line.startswith("• <@")]
        if turn:
            await stage.alice.click(message, label=turn)
    assert len(seen) == len(set(seen)) == 30
    await stage.alice.click(message, label="Newer")
    await stage.alice.click(message, label="Newer")
    assert "Newer" not in labels(message)
    assert f"<@{6000}>" in words(message)
    last = {"type": 2, "style": 2, "label": "x", "custom_id": "helpr:list:below:11:all:0"}
    place = stage.world.access_requests
    await unseen.press(stage.env, stage.alice, place, last, on=message)
    assert f"<@{stage.bob.id}>" in words(message)
    assert "Older" not in labels(message)
    await choose(stage, message, "Do something with all 1,000", "End access")
    assert labels(message) == ["End access: 1,000", "Back"]


async def test_by_the_name_on_plex(stage: Stage) -> None:
    """The exact address or name finds somebody, in whatever case; a part of it finds nobody."""
    await stage.active(stage.bob)
    for typed in ("bob@example.org", " BOB@example.org ", "bob"):
        found = await stage.slash(stage.alice, "access show", plex=typed)
        assert f"Access of <@{stage.bob.id}>" in said(found), typed
    async with stage.nothing_changes():
        for typed in ("bob@example", "bo", "b%", "*@*", "nobody@example.org"):
            told = await stage.slash(stage.alice, "access show", plex=typed)
            assert "Nobody here is known with that Plex account" in refusal(told)
        told = await stage.slash(stage.alice, "access show")
        assert "Name either a member or a Plex account" in refusal(told)
        told = await stage.slash(stage.alice, "access show", member=stage.bob, plex="bob")
        assert "Name either a member or a Plex account" in refusal(told)
    assert not [line for line in stage.diary.lines if "example" in line]


async def test_the_whole_history(stage: Stage) -> None:
    """However much has happened, every line can be read, and the way back is there."""
    await stage.active(stage.bob)
    for day in range(1, 16):
        await access(stage, "extend", stage.bob, until=f"{day + 20}d")
    card = (await access(stage, "show", stage.bob)).response
    assert "asked for access" not in words(card)
    assert labels(card)[-1] == "Earlier"
    first = words(card)
    await stage.alice.click(card, label="Earlier")
    assert "asked for access" in words(card)
    assert labels(card)[-1] == "Later"
    assert "Suspend" in labels(card)
    await stage.alice.click(card, label="Later")
    assert words(card).count("changed the end") >= 11
    assert first.count("changed the end") == 12


# -- all at once ----------------------------------------------------------------------------------


async def test_suspend_all_and_restore_them(stage: Stage) -> None:
    """Chosen, confirmed by its number, done with progress, and the result as a file."""
    await two(stage)
    message = await shown(stage)
    async with stage.nothing_changes():
        await choose(stage, message, "Do something", "Suspend")
        assert "Suspend: 2 people" in words(message)
        assert "Plex takes their libraries away" in words(message)
        assert labels(message) == ["Suspend: 2", "Back"]
    await stage.alice.click(message, label="Suspend: 2")
    assert "Under way" in words(message)
    assert labels(message) == ["Stop"]
    await stage.pass_time(seconds=5)
    assert "⏳ 2 with Plex" in words(message) or "✅ 2 done" in words(message)
    await stage.pass_time(seconds=5)
    assert "✅ Finished" in words(message)
    assert "✅ 2 done" in words(message)
    assert stage.shares() == []
    assert labels(message) == ["Result file", "To the list"]
    file = await stage.alice.click(message, label="Result file")
    [attachment] = file.followups[-1].attachments if file.followups else file.response.attachments
    assert attachment.filename == "helpr-bulk-1.csv"
    await stage.alice.click(message, label="To the list")
    await choose(stage, message, "Show", "Suspended")
    await choose(stage, message, "Do something", "Restore")
    await stage.alice.click(message, label="Restore: 2")
    await stage.pass_time(seconds=5)
    await stage.pass_time(seconds=5)
    assert "✅ 2 done" in words(message)
    assert len(stage.shares()) == 2
    message = await shown(stage)
    await stage.alice.click(message, label="Recent bulk actions")
    assert "Restore: 2 people · done" in words(message)
    await choose(stage, message, "Open one", "Suspend")
    assert "✅ 2 done" in words(message)


async def test_end_all_by_typing_the_number(stage: Stage) -> None:
    """A wrong number does nothing; the right one ends them all, one by one, as the admin."""
    await two(stage)
    message = await shown(stage)
    await choose(stage, message, "Do something", "End access")
    async with stage.nothing_changes():
        form = await stage.alice.click(message, label="End access: 2")
        wrong = await stage.alice.submit_modal(form, {"total": "3"})
        assert "To confirm, type 2 exactly" in refusal(wrong)
    form = await stage.alice.click(message, label="End access: 2")
    await stage.alice.submit_modal(form, {"total": "2", "reason": "Server moves"})
    await stage.pass_time(seconds=5)
    await stage.pass_time(seconds=5)
    assert "✅ 2 done" in words(message)
    assert stage.shares() == []
    assert await stage.state_of(stage.bob) == "ended"
    found = await stage.run_sql(
        "SELECT actor_id, why FROM audit_event WHERE action = 'access.revoke'"
    )
    assert found == [(stage.alice.id, "Server moves")] * 2


async def test_extend_and_move_all(stage: Stage) -> None:
    """Extend asks by how long, Move for the tier; who cannot be is told with the reason."""
    await two(stage)
    await tier(stage, "Small", "Films")
    await access(stage, "move", stage.carol, tier="Small")
    await stage.run_jobs()
    message = await shown(stage)
    form = await choose(stage, message, "Do something", "Extend")
    async with stage.nothing_changes():
        odd = await stage.alice.submit_modal(form, {"until": "whenever"})
        assert "I cannot read “whenever” as a time" in refusal(odd)
    form = await choose(stage, message, "Do something", "Extend")
    await stage.alice.submit_modal(form, {"until": "30d"})
    assert "Access lasts until: 30d" in words(message)
    await stage.alice.click(message, label="Extend: 2")
    await stage.pass_time(seconds=5)
    assert "✅ 2 done" in words(message)
    message = await shown(stage)
    await choose(stage, message, "Do something", "Move")
    await choose(stage, message, "new tier", "Small")
    await stage.alice.click(message, label="Move to another tier: 2")
    await stage.pass_time(seconds=5)
    await stage.pass_time(seconds=5)
    text = words(message)
    assert "✅ 1 done" in text
    assert "⚠️ 1 not possible" in text
    assert "1 × They are in the tier Small already." in text


async def test_stop_by_another_admin_and_after_a_restart(stage: Stage) -> None:
    """The button outlives the process, and works for every admin."""
    await two(stage)
    stage.plex.world.requests.clear()
    message = await shown(stage)
    await choose(stage, message, "Do something", "Suspend")
    await stage.alice.click(message, label="Suspend: 2")
    # However long it takes, the first process does not come to begin.
    await stage.run_sql("UPDATE bulk SET due_at = due_at + interval '1 hour'")
    await stage.restart()
    await stage.alice.click(message, label="Stop")
    assert "Stopping" in words(message)
    await stage.pass_time(seconds=5)
    assert "⏹️ Stopped" in words(message)
    assert "▫️ 2 left alone" in words(message)
    assert len(stage.shares()) == 2


async def test_the_answer_is_over(stage: Stage) -> None:
    """After a quarter of an hour it goes on unseen, and stands among the bulk actions."""
    await two(stage)
    message = await shown(stage)
    await choose(stage, message, "Do something", "Suspend")
    await stage.alice.click(message, label="Suspend: 2")
    await stage.run_sql("UPDATE bulk SET answer_expires_at = now() - interval '1 minute'")
    await stage.pass_time(seconds=5)
    await stage.pass_time(seconds=5)
    assert "Under way" in words(message)
    again = await shown(stage)
    await stage.alice.click(again, label="Recent bulk actions")
    await choose(stage, again, "Open one", "Suspend")
    assert "✅ 2 done" in words(again)


async def test_another_guilds_bulk(stage: Stage) -> None:
    """A number that is not this guild's is as good as none."""
    await two(stage)
    await stage.run_sql("INSERT INTO guild (id) VALUES (77)")
    await stage.run_sql(
        "INSERT INTO bulk (guild_id, actor_id, action, total, created_at)"
        " VALUES (77, $1, 'suspend', 1, now())",
        stage.alice.id,
    )
    async with stage.nothing_changes():
        for what in ("stop", "file", "yes"):
            made = {"type": 2, "style": 1, "label": "x", "custom_id": f"helpr:bulk:{what}:1"}
            pressed = await unseen.press(stage.env, stage.alice, stage.world.access_requests, made)
            assert "I do not know that bulk action any more" in said(pressed)
