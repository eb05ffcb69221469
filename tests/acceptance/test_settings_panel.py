"""`/settings`: what an admin sees there, what is stored, and what is refused."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import pytest
import unseen
from stage import Stage, button, labels, options, parts, refusal, said, words

from bot.domain.guild_settings import SETTINGS
from bot.domain.people import Actor, Right

MakeStage = Callable[..., Awaitable[Stage]]
# Nothing that the operator has set.
BARE = {"request_channel_id": None, "reviewer_role_id": None}
MENUS = {3, 6, 8}
COLUMNS = {
    "Reminder": "nudge_days",
    "Unaccepted invites": "withdraw_days",
    "Time to undo": "undo_seconds",
    "Time to take a seat": "take_hours",
    "Safety stop": "breaker_percent",
    "Time zone": "timezone",
}


async def panel(stage: Stage, who: Any = None) -> Any:
    """The panel of all settings."""
    return await stage.slash(who or stage.alice, "settings")


async def page(stage: Stage, name: str, who: Any = None) -> Any:
    """The page of one setting, by way of the panel."""
    shown = await panel(stage, who)
    return await (who or stage.alice).select(shown.response, [options(shown.response)[name]])


async def type_in(stage: Stage, name: str, value: str, who: Any = None) -> Any:
    """Change a setting that is typed: the answer."""
    who = who or stage.alice
    form = await who.click((await page(stage, name, who)).response, label="Change")
    return await who.submit_modal(form, {"value": value})


async def choose(stage: Stage, name: str, *chosen: Any, who: Any = None) -> Any:
    """Change a setting that is chosen: the answer."""
    who = who or stage.alice
    return await who.select((await page(stage, name, who)).response, list(chosen))


async def stored(stage: Stage, column: str) -> Any:
    """What the ledger holds."""
    [(value,)] = await stage.run_sql(f"SELECT {column} FROM guild")  # noqa: S608 - names of ours
    return value


async def changes(stage: Stage) -> list[Any]:
    """Who has changed what, from and to what, as the audit log tells."""
    return await stage.run_sql(
        "SELECT actor_id, details->>'setting', details->>'before', details->>'after'"
        " FROM audit_event WHERE action = 'settings.changed' ORDER BY id"
    )


async def second_admin(stage: Stage, name: str = "dave", **rights: bool) -> Any:
    """Somebody else with rights in the server."""
    role = stage.world.guild.create_role("Deputies", permissions=discord.Permissions(**rights))
    who = stage.world.guild.add_member(stage.env.create_user(name), roles=[role])
    await stage.env.settle()
    return who, role


# -- what is shown ------------------------------------------------------------------------------


async def test_every_setting_with_its_value(stage: Stage) -> None:
    """One private panel: a line for each setting with its present value, and one menu."""
    shown = await panel(stage)
    assert shown.ephemeral
    world = stage.world
    assert words(shown.response).splitlines()[:19] == [
        "### Settings",
        f"**Request channel**: <#{world.access_requests.id}>",
        f"**Reviewer roles**: <@&{world.reviewers.id}>",
        "**Admin roles**: none",
        "**What members may do**: Everybody may ask",
        "**Sign in with Plex**: No",
        "**Reminder**: after 3 days",
        "**Unaccepted invites**: after 14 days",
        "**Before access ends**: 7 days before",
        "**Last reminder**: 1 day before",
        "**Grace after leaving**: 7 days",
        "**Private threads**: No",
        "**Time to undo**: not at all",
        "**Waiting list**: Yes",
        "**Time to take a seat**: 48 hours",
        "**Safety stop**: from 50 % on",
        "**Keep what is over**: after 365 days",
        "**Time zone**: UTC",
        "**Language of cards**: English",
    ]
    assert set(options(shown.response).values()) == set(SETTINGS)
    assert labels(shown.response) == []


async def test_a_switch(stage: Stage) -> None:
    """A switch has a menu of yes and no, which is stored and told, and goes back to its default."""
    shown = await page(stage, "Waiting list")
    assert "It is now: **Yes**" in said(shown)
    assert set(options(shown.response)) == {"Yes", "No"}
    saved = await choose(stage, "Waiting list", "no")
    assert "Saved. It is now: **No**" in said(saved)
    assert await stored(stage, "waiting_list") is False
    back = await stage.alice.click(saved.response, label="Back to the default")
    assert "It is now: **Yes**" in said(back)
    assert await stored(stage, "waiting_list") is True


async def test_a_page_tells_what_a_setting_does(stage: Stage) -> None:
    """The page says what it does, what it is, what the default is, and leads back."""
    shown = await page(stage, "Reminder")
    text = said(shown)
    assert text.startswith("### Reminder\nWhen members are reminded to accept an invite")
    assert "It is now: **after 3 days**\n-# That is the default." in text
    assert labels(shown.response) == ["Change", "Back to the default", "All settings"]
    assert button(shown.response, "Back to the default")["disabled"]
    back = await stage.alice.click(shown.response, label="All settings")
    assert "### Settings" in words(back.response)
    assert back.response.id == shown.response.id


async def test_a_menu_that_comes_back_is_a_new_one(stage: Stage) -> None:
    """Discord's clients remember a choice by the menu's ids, and take the same one only once."""
    shown = await panel(stage)
    ids = [menu_ids(shown)]
    for _ in range(3):
        shown = await stage.alice.select(shown.response, ["request_channel_id"])
        ids.append(menu_ids(shown))
        shown = await stage.alice.click(shown.response, label="All settings")
        ids.append(menu_ids(shown))
    for each in zip(*ids, strict=True):
        assert len(set(each)) == 7


def menu_ids(shown: Any) -> tuple[str, int]:
    """The two ids of a message's menu."""
    [menu] = raw_parts(shown.response)
    return menu["custom_id"], menu["id"]


@pytest.mark.parametrize("name", ["Request channel", "Reviewer roles"])
async def test_the_operators_word_wins_and_that_is_said(stage: Stage, name: str) -> None:
    """Where the operator has set it, the page says that this wins at every start."""
    assert "⚠️ The operator of this bot has set HELPR" in said(await page(stage, name)).replace(
        "\\", ""
    )
    assert "operator" not in said(await page(stage, "Reminder"))


async def test_nothing_of_the_operators(make_stage: MakeStage) -> None:
    """Where the operator has set nothing, the page does not speak of it."""
    stage = await make_stage(home=BARE)
    for name in ("Request channel", "Reviewer roles"):
        text = said(await page(stage, name))
        assert "operator" not in text
        assert "It is now: **none**" in text


# -- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed", "value", "shown"),
    [
        ("Reminder", "5", 5, "after 5 days"),
        ("Reminder", " 1 ", 1, "after 1 day"),
        ("Reminder", "7 days", 7, "after 7 days"),
        ("Reminder", "0", 0, "never"),
        ("Unaccepted invites", "365", 365, "after 365 days"),
        ("Unaccepted invites", "0", 0, "never"),
        ("Safety stop", "1", 1, "from 1 % on"),
        ("Safety stop", "100%", 100, "from 100 % on"),
        ("Time zone", "europe/berlin", "Europe/Berlin", "Europe/Berlin"),
        ("Time zone", "America/New York", "America/New_York", "America/New_York"),
    ],
)
async def test_a_value_is_typed(
    stage: Stage, name: str, typed: str, value: Any, shown: str
) -> None:
    """What is typed is stored, shown, audited with who, what, from and to; and goes back."""
    column = COLUMNS[name]
    was = await stored(stage, column)
    answer = await type_in(stage, name, typed)
    assert f"✅ Saved. It is now: **{shown}**" in said(answer).replace("\\", "")
    assert await stored(stage, column) == value
    assert await changes(stage) == [(stage.alice.id, column, str(was), str(value))]
    again = await stage.alice.click(answer.response, label="Back to the default")
    assert "-# That is the default." in said(again)
    assert await stored(stage, column) == was
    assert len(await changes(stage)) == 2


async def test_the_form_holds_the_present_value(stage: Stage) -> None:
    """The form begins with what holds now, and says what it takes."""
    await type_in(stage, "Reminder", "4")
    form = await stage.alice.click((await page(stage, "Reminder")).response, label="Change")
    [field] = [part for part in parts_of_modal(form.modal) if part["type"] == 4]
    [label] = [part for part in parts_of_modal(form.modal) if part["type"] == 18]
    assert field["value"] == "4"
    assert label["description"] == "Days, from 0 to 60. 0 is never."


def parts_of_modal(modal: Any) -> list[dict[str, Any]]:
    """The labels and fields of a form."""
    found = list(modal["components"] if isinstance(modal, dict) else modal.components)
    return [*found, *(part["component"] for part in found)]


NO_VALUES = (
    ("Reminder", "soon", "“soon” is not a whole number"),
    ("Reminder", "", "is not a whole number"),
    ("Reminder", "2.5", "“2.5” is not a whole number"),
    ("Reminder", "@everyone", "“@everyone” is not a whole number"),
    ("Reminder", "-1", "between 0 and 60"),
    ("Reminder", "61", "between 0 and 60"),
    ("Reminder", "9" * 30, "between 0 and 60"),
    ("Reminder", "14", "taken back on day 14, and the reminder would come on day 14"),
    ("Unaccepted invites", "366", "between 0 and 365"),
    ("Unaccepted invites", "3", "taken back on day 3, and the reminder would come on day 3"),
    ("Safety stop", "0", "between 1 and 100"),
    ("Safety stop", "101", "between 1 and 100"),
    ("Time zone", "Mars/Phobos", "no time zone “Mars/Phobos”"),
    ("Time zone", "", "no time zone"),
    ("Time zone", "../../etc/passwd", "no time zone"),
    ("Time zone", "localtime", "no time zone"),
)


async def test_bad_input_changes_nothing(stage: Stage) -> None:
    """A value that cannot be gets a sentence, and everything stays as it was."""
    place = stage.world.access_requests
    forms = {}
    for name in dict.fromkeys(name for name, *_ in NO_VALUES):
        opened = await page(stage, name)
        modal = (await stage.alice.click(opened.response, label="Change")).modal
        forms[name] = modal["custom_id"] if isinstance(modal, dict) else modal.custom_id
    async with stage.nothing_changes():
        for name, typed, reason in NO_VALUES:
            sent = await unseen.submit(stage.env, stage.alice, place, forms[name], {"value": typed})
            assert reason in refusal(sent).replace("\\", ""), typed


async def test_a_reminder_may_come_late_where_nothing_is_taken_back(stage: Stage) -> None:
    """With invites that wait for ever, any day will do for the reminder."""
    await type_in(stage, "Unaccepted invites", "0")
    await type_in(stage, "Reminder", "60")
    assert await stored(stage, "nudge_days") == 60
    opened = await page(stage, "Unaccepted invites")
    async with stage.nothing_changes():
        back = await stage.alice.click(opened.response, label="Back to the default")
        assert "the reminder would come on day 60" in refusal(back)


async def test_what_was_set_holds(stage: Stage) -> None:
    """A member is reminded after as many days as were set, and not before."""
    await stage.sent(stage.bob)
    await type_in(stage, "Reminder", "1")
    await stage.pass_time(hours=23)
    assert await stage.run_sql("SELECT nudged_at FROM invite") == [(None,)]
    await stage.pass_time(hours=2)
    assert await stage.run_sql("SELECT nudged_at FROM invite") != [(None,)]


async def test_the_same_value_again_is_no_change(stage: Stage) -> None:
    """Saving what holds already leaves no line in the log."""
    async with stage.nothing_changes():
        await type_in(stage, "Reminder", "3")
    assert await changes(stage) == []


# -- the request channel ------------------------------------------------------------------------


async def test_open_cards_move_to_another_channel(stage: Stage) -> None:
    """Cards of open requests move to the channel that was chosen; decided ones stay."""
    await stage.sent(stage.bob)
    await stage.requested(stage.carol, "carol")
    assert len(stage.cards()) == 2
    other = stage.world.guild.create_text_channel("reviews")
    answer = await choose(stage, "Request channel", other)
    assert f"✅ Saved. It is now: **<#{other.id}>**" in said(answer)
    await stage.run_jobs()
    [moved] = other.history()
    assert f"<@{stage.carol.id}> asks" in words(moved)
    [stays] = stage.cards()
    assert f"<@{stage.bob.id}>" in words(stays)
    await stage.alice.click(moved, label="Approve")
    await stage.run_jobs()
    assert await stage.state_of(stage.carol) == "sent"
    assert len(list(other.history())) == 1
    assert await stored(stage, "request_channel_id") == other.id
    was = str(stage.world.access_requests.id)
    assert await changes(stage) == [(stage.alice.id, "request_channel_id", was, str(other.id))]


async def test_cards_move_back(stage: Stage) -> None:
    """There and back again: one card, where it belongs."""
    await stage.requested(stage.bob)
    other = stage.world.guild.create_text_channel("reviews")
    for channel in (other, stage.world.access_requests):
        await choose(stage, "Request channel", channel)
        await stage.pass_time(minutes=3)
    assert len(stage.cards()) == 1
    assert list(other.history()) == []


async def test_a_first_channel_gets_the_cards(make_stage: MakeStage) -> None:
    """Requests from before there was a channel get their cards."""
    stage = await make_stage(home=BARE)
    await stage.requested(stage.bob)
    assert stage.cards() == []
    await choose(stage, "Request channel", stage.world.access_requests)
    await stage.run_jobs()
    assert len(stage.cards()) == 1


async def test_without_a_channel_cards_stay_where_they_are(stage: Stage) -> None:
    """Back to none: what stands is still kept up to date."""
    await stage.requested(stage.bob)
    shown = await page(stage, "Request channel")
    back = await stage.alice.click(shown.response, label="Back to the default")
    assert "It is now: **none**" in said(back)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "not accepted yet" in words(stage.card())


@pytest.mark.parametrize(
    ("taken", "named"),
    [("view_channel", "View Channel"), ("send_messages", "Send Messages")],
)
async def test_a_channel_that_the_bot_cannot_write_in(stage: Stage, taken: str, named: str) -> None:
    """It is refused with the name of the permission that is missing."""
    other = stage.world.guild.create_text_channel("reviews")
    await unseen.let_the_bot(stage.env, stage.world.guild, other, **{taken: False})
    opened = await page(stage, "Request channel")
    async with stage.nothing_changes():
        text = refusal(await stage.alice.select(opened.response, [other]))
    assert f"I cannot show cards in <#{other.id}>." in text
    assert f"**{named}**" in text


async def test_a_thread_will_do(stage: Stage) -> None:
    """Cards can go to a thread; a locked one is refused."""
    thread = await unseen.thread_in(stage.env, stage.world.guild, stage.world.access_requests)
    await choose(stage, "Request channel", thread)
    await stage.requested(stage.bob)
    assert len(list(thread.history())) == 1
    other = await unseen.thread_in(stage.env, stage.world.guild, stage.world.access_requests)
    await unseen.close_thread(stage.env, other, locked=True)
    opened = await page(stage, "Request channel")
    async with stage.nothing_changes():
        assert "is locked" in refusal(await stage.alice.select(opened.response, [other]))


async def test_a_channel_of_another_server(stage: Stage) -> None:
    """An id that Discord has not found in this server is not honoured."""
    elsewhere = stage.env.create_guild("Elsewhere").create_text_channel("general")
    opened = await page(stage, "Request channel")
    [menu] = [part for part in raw_parts(opened.response) if part.get("type") == 8]
    async with stage.nothing_changes():
        pressed = await press_with(stage, menu, [str(elsewhere.id)])
        assert "belongs to another server" in refusal(pressed)


def raw_parts(message: Any) -> list[dict[str, Any]]:
    """The menus of a message."""
    return [part for kind in MENUS for part in parts(message, kind)]


async def press_with(stage: Stage, menu: dict[str, Any], values: list[str]) -> Any:
    """A menu used with values that nobody has resolved."""
    place = stage.world.access_requests
    return await unseen.press(stage.env, stage.alice, place, {**menu, "values": values})


# -- roles --------------------------------------------------------------------------------------


async def test_reviewer_roles(stage: Stage) -> None:
    """Several roles may review; whoever has one of them can decide from now on."""
    world = stage.world
    await stage.requested(stage.bob)
    await unseen.give_role(stage.env, stage.carol, world.viewers)
    answer = await choose(stage, "Reviewer roles", world.reviewers, world.viewers)
    assert f"<@&{world.viewers.id}>" in said(answer)
    both = sorted([world.reviewers.id, world.viewers.id])
    assert await stored(stage, "reviewer_role_ids") == both
    assert await changes(stage) == [
        (stage.alice.id, "reviewer_role_ids", f"[{world.reviewers.id}]", str(both))
    ]
    [menu] = raw_parts(answer.response)
    assert sorted(int(one["id"]) for one in menu["default_values"]) == both
    card = button(stage.card(), "Approve")
    await unseen.press(stage.env, stage.carol, world.access_requests, card)
    await stage.run_jobs()
    assert await stage.state_of(stage.bob) == "sent"


async def test_no_reviewer_role_any_more(stage: Stage) -> None:
    """Without a role there are no reviewers: Rita can no longer decide."""
    await stage.requested(stage.bob)
    await choose(stage, "Reviewer roles")
    assert await stored(stage, "reviewer_role_ids") == []
    async with stage.nothing_changes():
        pressed = await stage.rita.click(stage.card(), label="Approve")
        assert "Only reviewers and admins" in refusal(pressed)


async def test_everybody_is_no_reviewer(stage: Stage) -> None:
    """The role that everybody has is refused."""
    opened = await page(stage, "Reviewer roles")
    async with stage.nothing_changes():
        text = refusal(await stage.alice.select(opened.response, [stage.world.guild.default_role]))
    assert "everybody's" in text


async def test_a_deleted_role_is_not_offered_as_chosen(stage: Stage) -> None:
    """A role that is gone is not among the chosen ones, and goes with the next choice."""
    _, role = await second_admin(stage)
    await choose(stage, "Reviewer roles", stage.world.reviewers, role)
    await unseen.delete_role(stage.env, role, stage.world.guild.id)
    shown = await page(stage, "Reviewer roles")
    [menu] = raw_parts(shown.response)
    assert [int(one["id"]) for one in menu["default_values"]] == [stage.world.reviewers.id]


async def test_admin_roles_are_named_by_manage_server_alone(stage: Stage) -> None:
    """Whoever is admin by a role does everything but name admins; the page says who may."""
    deputy, role = await second_admin(stage)
    async with stage.nothing_changes():
        early = await stage.slash_hidden(deputy, "settings")
        assert "Only admins" in refusal(early)
    await choose(stage, "Admin roles", role)
    assert await stored(stage, "admin_role_ids") == [role.id]
    unseen.open_command(stage.env, stage.world.guild, "settings", role)
    await type_in(stage, "Reminder", "2", who=deputy)
    assert await stored(stage, "nudge_days") == 2
    shown = await page(stage, "Admin roles", who=deputy)
    assert "🔒 Only people with Discord's Manage Server permission" in said(shown)
    assert labels(shown.response) == ["All settings"]
    assert raw_parts(shown.response) == []
    mine = await page(stage, "Admin roles")
    [menu] = raw_parts(mine.response)
    back = button(mine.response, "Back to the default")
    async with stage.nothing_changes():
        for item in (menu, back):
            pressed = await unseen.press(stage.env, deputy, stage.world.get_access, item)
            assert "can say who is an admin" in refusal(pressed)


# -- language -----------------------------------------------------------------------------------


async def test_the_language_of_cards(stage: Stage) -> None:
    """Only languages that there are can be chosen."""
    shown = await page(stage, "Language of cards")
    offered = options(shown.response)
    assert len(offered) == 13
    assert offered["English"] == "en"
    assert offered["Deutsch"] == "de"
    assert offered["日本語"] == "ja"
    [menu] = raw_parts(shown.response)
    forged = {**menu, "options": [{"label": "x", "value": "tlh"}]}
    async with stage.nothing_changes():
        pressed = await unseen.press(stage.env, stage.alice, stage.world.access_requests, forged)
        assert "I do not know that setting" in refusal(pressed)


# -- two at once --------------------------------------------------------------------------------


async def test_two_admins_at_once(stage: Stage) -> None:
    """The last word wins, either page then shows what holds, and the log tells how it came."""
    other, _ = await second_admin(stage, manage_guild=True)
    pages = [(who, await page(stage, "Reminder", who=who)) for who in (stage.alice, other)]
    settings, guild_id = stage.house.services.settings, stage.world.guild.id
    people = [Actor(guild_id, who.id, Right.ADMIN) for who, _ in pages] * 3
    await asyncio.gather(
        *(settings.change(who, "nudge_days", [str(n)]) for n, who in enumerate(people, 4))
    )
    held = await stored(stage, "nudge_days")
    made = await changes(stage)
    assert len(made) == len(people)
    # Each change begins where the one before it has ended.
    assert [row[2] for row in made] == ["3", *(row[3] for row in made[:-1])]
    assert made[-1][3] == str(held)
    for who, shown in pages:
        back = await who.click(shown.response, label="All settings")
        assert f"**Reminder**: after {held} days" in words(back.response)


async def test_settings_survive_a_restart(make_stage: MakeStage) -> None:
    """What was set stays, and a page that another process has sent still works."""
    stage = await make_stage(home=BARE)
    shown = await page(stage, "Reminder")
    await type_in(stage, "Reminder", "9")
    await stage.restart()
    back = await stage.alice.click(shown.response, label="All settings")
    assert "**Reminder**: after 9 days" in words(back.response)


async def test_the_operators_word_wins_at_the_next_start(stage: Stage) -> None:
    """What an admin has chosen against the operator holds until the bot starts again."""
    await choose(stage, "Reviewer roles", stage.world.viewers)
    assert await stored(stage, "reviewer_role_ids") == [stage.world.viewers.id]
    await stage.restart()
    assert await stored(stage, "reviewer_role_ids") == [stage.world.reviewers.id]


async def test_another_server_has_its_own(stage: Stage) -> None:
    """An admin of another server sees and changes that server's settings alone."""
    elsewhere = stage.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("general")
    boss = elsewhere.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
    eve = elsewhere.add_member(stage.env.create_user("eve"), roles=[boss])
    await stage.env.settle()
    ours = await stage.run_sql("SELECT * FROM guild")
    shown = await eve.slash(channel, "settings")
    assert "**Request channel**: none" in words(shown.response)
    opened = await eve.select(shown.response, ["nudge_days"])
    form = await eve.click(opened.response, label="Change")
    await eve.submit_modal(form, {"value": "8"})
    assert await stage.run_sql("SELECT nudge_days FROM guild WHERE id = $1", elsewhere.id) == [(8,)]
    assert await stage.run_sql("SELECT * FROM guild WHERE id <> $1", elsewhere.id) == ours
