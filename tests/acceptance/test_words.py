"""What people type and how it is shown; languages; what is private."""

import re

import pytest
import unseen
from stage import Stage, labels, said, words

from bot.i18n import texts
from bot.ui.errors import TEXTS

MARKDOWN = (
    "# Big\n**bold** [click](https://evil.example) `code` ||spoiler|| -# small\n> quote\n1. one"
)
MENTIONS = "@everyone @here <@1> <@&2> <#3> </invite:4> <t:1:R>"


def shown_as_typed(text: str, message: object) -> bool:
    """Whether a message shows exactly this text, every sign of it escaped."""
    lines = [line for line in text.splitlines() if line]
    return all(f"> {line}" in words(message).replace("\\", "") for line in lines)


def unescaped(text: str, message: object) -> bool:
    """Whether a message holds this text where Discord would read it as more than text."""
    return re.search(rf"(?<!\\){re.escape(text)}", words(message)) is not None


@pytest.mark.parametrize("note", [MARKDOWN, MENTIONS])
async def test_a_note_is_text_and_nothing_else(stage: Stage, note: str) -> None:
    """Markdown formats nothing and a mention pings nobody, on the card and in the queue."""
    await stage.ask(stage.bob, "bob@example.org", note)
    await stage.run_jobs()
    page = await stage.slash(stage.alice, "requests")
    for message in (stage.card(), page.response):
        assert shown_as_typed(note, message)
        for risky in ("**bold**", "[click]", "\n# Big", "@everyone", "<@1>", "<@&2>", "</invite"):
            assert not unescaped(risky, message)
    posted = [r for r in stage.env.http_requests if r.path.endswith("/messages")]
    assert [request.json["allowed_mentions"] for request in posted] == [{"parse": []}]


async def test_a_reason_is_text_too(stage: Stage) -> None:
    """What a reviewer types reaches the member as text."""
    answer = await stage.requested(stage.bob)
    form = await stage.alice.click(stage.card(), label="Deny")
    await stage.alice.submit_modal(form, {"reason": MENTIONS})
    await stage.run_jobs()
    for message in (answer.response, stage.card()):
        assert shown_as_typed(MENTIONS, message)
        assert not unescaped("@everyone", message)


async def test_an_address_in_a_note_is_masked(stage: Stage) -> None:
    """A card is read by many: an address in the message to the admins is not shown."""
    await stage.ask(stage.bob, "bob", "Write to bob.builder@example.org, or Bob@Example.COM!")
    await stage.run_jobs()
    text = words(stage.card()).replace("\\", "")
    assert "b***@***" in text
    assert "B***@***" in text
    assert "builder" not in text
    assert "Example" not in text


async def test_invisible_and_turned_characters_vanish_from_a_note(stage: Stage) -> None:
    """Zero-width and direction-changing characters neither hide nor turn a text."""
    await stage.ask_with(stage.bob, "bob", "safe\u200b\u202etxt.exe\u2066 \u00ad\ufeffhere")
    await stage.run_jobs()
    assert "> safetxt.exe here" in words(stage.card()).replace("\\", "")


async def test_right_to_left_scripts_and_emoji_stay(stage: Stage) -> None:
    """Arabic, Hebrew and joined emoji are ordinary text, which stands apart from ours."""
    note = "مرحبا שלום 👩‍👧 ❤️"
    await stage.ask(stage.bob, "bob", note)
    await stage.run_jobs()
    assert f"> \u2068{note}\u2069" in words(stage.card())


async def test_a_username_with_markup_characters(stage: Stage) -> None:
    """A username is shown as it is, not as formatting."""
    await stage.ask(stage.bob, "b_o_b.x")
    await stage.run_jobs()
    assert r"**b\_o\_b\.x**" in words(stage.card())


async def test_library_titles_are_text_too(stage: Stage) -> None:
    """A library's title formats nothing either."""
    stage.plex.world.add_library("**Loud** @everyone", "movie")
    await stage.slash(stage.alice, "plex connect")
    menu = await stage.slash(stage.alice, "plex libraries")
    [raw] = [
        c for c in stage.env.http_requests[-1].json["components"][0]["components"] if c["type"] == 1
    ]
    every = [option["value"] for option in raw["components"][0]["options"]]
    changed = await stage.alice.select(menu.response, every)
    assert r"\*\*Loud\*\* \@everyone" in said(changed)


@pytest.mark.parametrize("language", ["sv-SE", "zh-TW", "en-GB"])
async def test_a_language_without_a_catalogue_reads_english(stage: Stage, language: str) -> None:
    """Whatever language somebody has set, they read whole English sentences, never a key."""
    stage.languages[stage.bob.id] = stage.languages[stage.alice.id] = language
    answer = await stage.requested(stage.bob)
    assert "Your request is with the admins" in said(answer)
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert "Now accept on Plex" in words(answer.response)
    assert (await stage.invite_of(stage.bob)).locale == language
    refused = await stage.slash(stage.bob, "invite", code="ABC")
    assert "That code does not work here" in said(refused)
    status = await stage.slash(stage.alice, "plex status")
    assert "Connected, answers in" in said(status)


ASKED = "Your request is with the admins"
ACCEPT = "Approved! Now accept on Plex"


@pytest.mark.parametrize("language", ["de", "es-419", "zh-CN"])
async def test_everybody_reads_their_own_language(stage: Stage, language: str) -> None:
    """A member reads what Discord is in for them, the card is in the language of the guild."""
    stage.languages[stage.bob.id] = language
    await stage.run_sql("UPDATE guild SET locale = 'fr'")
    own, of_guild = texts(language), texts("fr")
    answer = await stage.requested(stage.bob)
    assert own(ASKED) in said(answer)
    await stage.alice.click(stage.card(), label=of_guild("Approve"))
    await stage.run_jobs()
    assert own(ACCEPT) in words(answer.response)
    refused = await stage.slash(stage.bob, "invite", code="ABC")
    assert own(TEXTS["code.wrong"]) in said(refused)


async def test_a_language_chosen_here_wins_over_discords(stage: Stage) -> None:
    """Whoever has chosen a language reads it everywhere here, whatever Discord is in."""
    await stage.requested(stage.bob)
    await stage.run_sql(
        "INSERT INTO member (guild_id, user_id, locale)"
        " SELECT guild_id, member_id, 'ja' FROM invite"
    )
    t = texts("ja")
    assert t(ASKED) in said(await stage.slash(stage.bob, "my-plex"))
    refused = await stage.slash(stage.bob, "invite", code="ABC")
    assert t(TEXTS["code.wrong"]) in said(refused)


async def test_answers_are_private_everywhere(stage: Stage) -> None:
    """Whatever is answered to whom, nobody else sees it: only cards are for all reviewers."""
    answer = await stage.requested(stage.bob)
    for who, command in (
        (stage.bob, "my-plex"),
        (stage.bob, "invite"),
        (stage.alice, "requests"),
        (stage.alice, "plex status"),
        (stage.alice, "plex connect"),
        (stage.alice, "plex libraries"),
    ):
        assert (await stage.slash(who, command)).ephemeral
    await stage.alice.click(stage.card(), label="Approve")
    late = await unseen.press(
        stage.env, stage.rita, stage.world.access_requests, approve_of_version(1)
    )
    assert late.followups[0].ephemeral
    await stage.bob.click(answer.response, label="Withdraw")
    await stage.run_jobs()
    assert len(unseen.private_answers(stage.env)) >= 8
    assert [words(message) for message in stage.public()] == [words(stage.card())]


def approve_of_version(version: int) -> dict[str, object]:
    """Approve on the first request's card as it was at a version."""
    return {
        "type": 2,
        "style": 3,
        "label": "Approve",
        "custom_id": f"helpr:approve:1:{version}:card",
    }


async def test_a_card_never_shows_an_address(stage: Stage) -> None:
    """Through the whole story the card masks the address, and the member's own answer shows it."""
    answer = await stage.ask(stage.bob, "bob@example.org", "I am bob@example.org")
    seen = []
    for step in (None, "Approve"):
        await stage.run_jobs()
        if step:
            await stage.alice.click(stage.card(), label=step)
        seen.append(words(stage.card()))
    await stage.run_jobs()
    seen.append(words(stage.card()))
    stage.plex.world.accept(stage.shares()[0].share_id)
    await stage.pass_time(seconds=61)
    seen.append(words(stage.card()))
    assert len(set(seen)) > 2
    for text in seen:
        assert "bob@" not in text.replace("\\", "")
        assert labels(stage.card()) == []
    assert "bob@example.org" in words(answer.response).replace("\\", "")
