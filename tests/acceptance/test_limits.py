"""Limits a person: 5 a minute and 20 an hour on /invite; 50 an hour and 200 a day on everything."""

import re
from collections.abc import Awaitable, Callable

import pytest
import unseen
from stage import Stage, button, refusal, said

from bot.settings import LimitSettings

MakeStage = Callable[..., Awaitable[Stage]]
NONE = {"invite_per_minute": 0, "invite_per_hour": 0, "all_per_hour": 0, "all_per_day": 0}


async def do(stage: Stage, times: int, command: str = "my-plex") -> None:
    """Bob does something harmless, and may."""
    for number in range(times):
        result = await unseen.command(stage.env, stage.bob, stage.world.get_access, command)
        text = "" if result.modal else said(result)
        assert "That was a lot at once" not in text, number


async def too_much(stage: Stage, command: str = "my-plex") -> str:
    """Bob does it once more and reads when he may again."""
    async with stage.nothing_changes():
        result = await unseen.command(stage.env, stage.bob, stage.world.get_access, command)
        assert result.modal is None
        sentence = refusal(result)
    found = re.fullmatch(r"That was a lot at once. Please try again (in \d+ \w+).", sentence)
    assert found is not None, sentence
    return found[1]


async def wait(stage: Stage, seconds: float) -> None:
    """Time passes for the limits, which the database keeps."""
    await stage.run_sql(
        "UPDATE rate_hit SET hits = ARRAY(SELECT h - make_interval(secs => $1)"
        " FROM unnest(hits) WITH ORDINALITY AS x(h, n) ORDER BY n)",
        seconds,
    )


def test_the_limits_unless_set_otherwise() -> None:
    """The limits are those of the product, and each may be set."""
    limits = LimitSettings()
    assert (limits.invite_per_minute, limits.invite_per_hour) == (5, 20)
    assert (limits.all_per_hour, limits.all_per_day) == (50, 200)


async def test_five_invites_a_minute(stage: Stage) -> None:
    """The sixth /invite within a minute is refused with the time to wait; then it works again."""
    await do(stage, 5, "invite")
    when = await too_much(stage, "invite")
    assert re.fullmatch(r"in (\d\d seconds|1 minute)", when)
    await wait(stage, 61)
    await do(stage, 1, "invite")


async def test_twenty_invites_an_hour(stage: Stage) -> None:
    """The twenty-first within an hour is refused, however slowly they came."""
    for _ in range(4):
        await do(stage, 5, "invite")
        await wait(stage, 61)
    assert re.fullmatch(r"in 5\d minutes", await too_much(stage, "invite"))
    await wait(stage, 3600)
    await do(stage, 1, "invite")


async def test_fifty_of_everything_an_hour(stage: Stage) -> None:
    """The fifty-first interaction within an hour is refused, of whatever kind."""
    await do(stage, 50)
    assert await too_much(stage) in {"in 1 hour", "in 60 minutes"}
    assert await too_much(stage, "invite") in {"in 1 hour", "in 60 minutes"}
    await wait(stage, 3601)
    await do(stage, 1)


async def test_two_hundred_of_everything_a_day(stage: Stage) -> None:
    """The two hundred and first within a day is refused, however slowly they came."""
    await do(stage, 50)
    # As if Bob had done the same three times over.
    await stage.run_sql("UPDATE rate_hit SET hits = hits || hits || hits")
    await wait(stage, 3601)
    await do(stage, 50)
    await wait(stage, 3601)
    assert re.fullmatch(r"in 2[12] hours", await too_much(stage))
    await wait(stage, 86_400)
    await do(stage, 1)


async def test_buttons_and_forms_count_too(make_stage: MakeStage) -> None:
    """The command, the form and the button are three interactions."""
    stage = await make_stage(limits={**NONE, "all_per_hour": 3})
    answer = await stage.ask(stage.bob)
    await stage.bob.click(answer.response, label="Withdraw")
    await too_much(stage)


@pytest.mark.parametrize("what", ["button", "form"])
async def test_buttons_and_forms_are_refused_too(make_stage: MakeStage, what: str) -> None:
    """Beyond the limit a button or a form changes nothing either."""
    stage = await make_stage(limits={**NONE, "all_per_hour": 2})
    if what == "button":
        answer = await stage.ask(stage.bob)
        async with stage.nothing_changes():
            pressed = await stage.bob.click(answer.response, label="Withdraw")
            assert "That was a lot at once" in refusal(pressed)
        return
    shown = await stage.slash(stage.bob, "invite")
    await do(stage, 1)
    async with stage.nothing_changes():
        sent = await stage.bob.submit_modal(shown, {"login": "bob"})
        assert "That was a lot at once" in refusal(sent)


async def test_what_was_refused_costs_nothing(make_stage: MakeStage) -> None:
    """Pressing on beyond the limit does not make the wait longer."""
    stage = await make_stage(limits={**NONE, "all_per_hour": 2})
    await do(stage, 2)
    for _ in range(5):
        await too_much(stage)
    await wait(stage, 3601)
    await do(stage, 2)


async def test_a_refused_right_costs_nothing(make_stage: MakeStage) -> None:
    """Who may not do a thing has not used up anything by trying."""
    stage = await make_stage(limits={**NONE, "all_per_hour": 1})
    for _ in range(3):
        answer = await stage.slash_hidden(stage.bob, "requests")
        assert "Only reviewers" in refusal(answer)
    await do(stage, 1)


async def test_staff_have_no_limits(make_stage: MakeStage) -> None:
    """Reviewers and admins decide as much as there is to decide."""
    stage = await make_stage(limits=dict.fromkeys(NONE, 1))
    for _ in range(3):
        for who in (stage.alice, stage.rita):
            assert "You have not asked" in said(await stage.slash(who, "my-plex"))
            assert (await stage.slash(who, "invite")).modal is not None
    assert await stage.run_sql("SELECT * FROM rate_hit") == []


async def test_paging_is_free(make_stage: MakeStage) -> None:
    """Turning pages counts for nobody, the reviewer who is no staff any more included."""
    stage = await make_stage()
    for item in (item for item in stage.bot.door.handled() if "Turn" in item.__name__):
        assert item.rule.budget == "none"


async def test_everybody_has_limits_of_their_own(make_stage: MakeStage) -> None:
    """What Bob has used up Carol still has."""
    stage = await make_stage(limits={**NONE, "all_per_hour": 1})
    await do(stage, 1)
    await too_much(stage)
    assert "You have not asked" in said(await stage.slash(stage.carol, "my-plex"))


async def test_limits_live_through_a_restart(make_stage: MakeStage) -> None:
    """A restart forgives nothing, as the database counts."""
    stage = await make_stage(limits={**NONE, "all_per_hour": 2})
    await do(stage, 2)
    await stage.restart()
    await too_much(stage)


async def test_two_presses_at_once_count_twice(make_stage: MakeStage) -> None:
    """The count is exact when things happen at the same moment."""
    stage = await make_stage(limits={**NONE, "all_per_hour": 4})
    answer = await stage.ask(stage.bob)
    press = (stage.bob, stage.world.get_access, button(answer.response, "Withdraw"))
    results = await unseen.presses(stage.env, [press] * 5, on=answer.response)
    assert sum("That was a lot at once" in said(result) for result in results) == 3
