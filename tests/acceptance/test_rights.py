"""Rights, for everything there is: a new command, button or form cannot be forgotten."""

import re
from typing import Any

import discord
import unseen
from discord import app_commands
from stage import Stage, refusal, said, words

from bot.domain.people import Right, Rule
from bot.ui.items import ALL_ITEMS
from bot.ui.items.base import Dynamic
from bot.ui.modals import ALL_FORMS
from bot.ui.modals.base import Submitted

NEEDED = {
    Right.REVIEWER: "Only reviewers and admins of this server can do that.",
    Right.ADMIN: "Only admins of this server can do that.",
}
# The first request of a fresh ledger; so that a press that slipped through would do something.
NUMBER = "1"


def commands(stage: Stage) -> dict[str, Any]:
    """Every slash command by its whole name, and every entry of the menu of a person."""
    slash = stage.bot.tree.walk_commands()
    menus = stage.bot.tree.get_commands(type=discord.AppCommandType.user)
    found = [*(c for c in slash if isinstance(c, app_commands.Command)), *menus]
    return {c.qualified_name: c for c in found}


def registered_as(name: str, command: Any) -> str:
    """The name that Discord knows it by: subcommands belong to their group."""
    return name if isinstance(command, app_commands.ContextMenu) else name.split(maxsplit=1)[0]


def custom_id(pattern: str) -> str:
    """A custom_id that fits: every number is 1, of several words the first."""
    made = re.sub(
        r"\(\?P<\w+>([^)]*)\)",
        lambda m: re.sub(r"\\d\{[^}]*\}", NUMBER, m[1].split("|")[0]),
        pattern,
    )
    assert re.fullmatch(pattern, made), f"write a sample for {pattern}"
    return made


def as_sent(item: type[Any]) -> dict[str, Any]:
    """A button or menu of this kind, as Discord carries it."""
    made = custom_id(item.__discord_ui_compiled_template__.pattern)
    match = item.__discord_ui_compiled_template__.fullmatch(made)
    found = {name: int(v) if v.isdecimal() else v for name, v in match.groupdict().items()}
    raw: dict[str, Any] = {**item(**found).item.to_component_dict()}
    if raw["type"] == 3:
        raw["options"] = [{"label": "x", "value": NUMBER}]
    return raw


def sample(stage: Stage, command: Any) -> dict[str, Any]:
    """A value for every option that a command demands."""
    values = {discord.AppCommandOptionType.user: stage.bob}
    return {
        option.name: option.choices[0].value
        if option.choices
        else values.get(option.type, "Standard")
        for option in command.parameters
        if option.required
    }


async def test_every_command_has_a_rule(stage: Stage) -> None:
    """What the gate demands is declared with every command; one without is open to nobody."""
    assert len(commands(stage)) >= 6
    for name, command in commands(stage).items():
        assert isinstance(command.extras.get("rule"), Rule), name


async def test_every_command_is_for_servers_only(stage: Stage) -> None:
    """Discord does not offer any of them in direct messages."""
    registered = stage.env.backend.commands[None].values()
    assert {command["name"] for command in registered} == {
        registered_as(name, command) for name, command in commands(stage).items()
    }
    for command in registered:
        assert command["contexts"] == [0] or command["dm_permission"] is False, command["name"]


async def test_discord_hides_staff_commands(stage: Stage) -> None:
    """A command for staff is offered to those who manage the server, unless an admin says more."""
    hidden = {
        command["name"]: command.get("default_member_permissions")
        for command in stage.env.backend.commands[None].values()
    }
    for name, command in commands(stage).items():
        staff = command.extras["rule"].right > Right.MEMBER
        assert bool(hidden[registered_as(name, command)]) is staff, name


async def test_every_button_and_form_has_a_rule_and_a_handler(stage: Stage) -> None:
    """What can be pressed or sent is known to the gate and to somebody who takes care of it."""
    for kind in [*ALL_ITEMS, *ALL_FORMS]:
        assert isinstance(kind.rule, Rule), kind
        assert kind in stage.bot.door.handled(), kind


async def test_nothing_is_left_out_of_the_lists(stage: Stage) -> None:
    """The lists hold every class of their kind, and handlers exist for nothing else."""
    assert set(Dynamic.__subclasses__()) == set(ALL_ITEMS)
    # By name: a dataclass with slots is made twice, and the first one lingers.
    forms = {form.__name__ for form in Submitted.__subclasses__()}
    assert forms == {form.__name__ for form in ALL_FORMS}
    assert stage.bot.door.handled() == {*ALL_ITEMS, *ALL_FORMS}


async def test_a_fresh_process_knows_every_button(stage: Stage) -> None:
    """Also the buttons that another process has sent."""
    await stage.restart()
    assert set(stage.bot._connection._view_store._dynamic_items.values()) == set(ALL_ITEMS)


async def test_staff_commands_refuse_a_member(stage: Stage) -> None:
    """Every command for staff answers a member with who may, and changes nothing."""
    await stage.requested(stage.bob)
    tried = 0
    async with stage.nothing_changes():
        for name, command in commands(stage).items():
            needed = command.extras["rule"].right
            people = {Right.REVIEWER: [stage.carol], Right.ADMIN: [stage.carol, stage.rita]}
            for who in people.get(needed, []):
                if isinstance(command, app_commands.ContextMenu):
                    place = stage.channel_of(who)
                    answer = await unseen.menu(stage.env, who, place, name, stage.bob)
                else:
                    answer = await stage.slash_hidden(who, name, **sample(stage, command))
                assert answer.modal is None
                assert refusal(answer) == NEEDED[needed], name
                tried += 1
    assert tried >= 7


def is_refused(told: str) -> bool:
    """Whether somebody reads that only others may do that."""
    return any(sentence in told for sentence in NEEDED.values())


def refused_to(stage: Stage, kind: Any) -> list[Any]:
    """Who may not press or send this."""
    people = {Right.REVIEWER: [stage.carol], Right.ADMIN: [stage.carol, stage.rita]}
    return people.get(kind.rule.right, [])


async def test_staff_buttons_refuse_a_member(stage: Stage) -> None:
    """Every button and menu for staff refuses whoever may not, and changes nothing."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        for item in ALL_ITEMS:
            for who in refused_to(stage, item):
                pressed = await unseen.press(stage.env, who, stage.world.get_access, as_sent(item))
                assert pressed.modal is None, item
                assert refusal(pressed) == NEEDED[item.rule.right], item


async def test_staff_buttons_let_an_admin_pass(stage: Stage) -> None:
    """The same buttons and menus never tell an admin that only somebody else may."""
    await stage.requested(stage.bob)
    page = await stage.slash(stage.alice, "my-plex")
    for item in ALL_ITEMS:
        if item.rule.right is Right.MEMBER:
            continue
        pressed = await unseen.press(
            stage.env, stage.alice, stage.world.access_requests, as_sent(item), on=page.response
        )
        assert pressed.modal is not None or not is_refused(said(pressed)), item


async def test_staff_forms_refuse_a_member(stage: Stage) -> None:
    """A form is judged when it is sent, whoever may have opened it."""
    await stage.requested(stage.bob)
    async with stage.nothing_changes():
        for form in ALL_FORMS:
            for who in refused_to(stage, form):
                sample = custom_id(form.pattern.pattern)
                sent = await unseen.submit(stage.env, who, stage.world.get_access, sample)
                assert refusal(sent) == NEEDED[form.rule.right], form


async def test_staff_forms_let_an_admin_pass(stage: Stage) -> None:
    """The same forms are taken from an admin, whatever becomes of them."""
    await stage.requested(stage.bob)
    for form in ALL_FORMS:
        if form.rule.right is Right.MEMBER:
            continue
        sample = custom_id(form.pattern.pattern)
        sent = await unseen.submit(stage.env, stage.alice, stage.world.access_requests, sample)
        assert sent.acknowledged, form
        assert not any(is_refused(words(message)) for message in sent.followups), form
    assert await stage.state_of(stage.bob) == "denied"


async def test_a_command_without_a_rule_is_open_to_nobody(stage: Stage) -> None:
    """Whoever forgets the rule has made a command that refuses everybody."""
    command = stage.bot.tree.get_command("my-plex")
    del command.extras["rule"]
    async with stage.nothing_changes():
        for who in (stage.bob, stage.alice):
            assert "Something went wrong on my side" in refusal(await stage.slash(who, "my-plex"))
    assert [event["event"] for event in stage.diary.of_level("error")] == ["interaction.failed"] * 2
    stage.forgive()


async def test_manage_server_makes_an_admin(stage: Stage) -> None:
    """Who may manage the server needs no role of Helpr's; who lost it is nobody."""
    assert "Home Media" in said(await stage.slash(stage.alice, "plex status"))
    unseen.take_role(stage.env, stage.alice, stage.world.admins)
    async with stage.nothing_changes():
        answer = await unseen.command(stage.env, stage.alice, stage.world.get_access, "plex status")
        assert refusal(answer) == NEEDED[Right.ADMIN]
