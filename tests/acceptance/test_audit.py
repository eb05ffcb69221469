"""/audit and /stats: what an admin reads of them, filters, pages and files."""

import csv
import io
from typing import Any

import pytest
import unseen
from stage import Stage, button, labels, parts, refusal, said, words

from bot.services import audit as audit_service

FILE = 13


def shown(result: Any) -> Any:
    """The message that answers."""
    return result.followups[-1] if result.followups else result.response


def file_of(stage: Stage, result: Any) -> list[list[str]]:
    """The rows of the one file that an answer brings, which the message shows."""
    message = shown(result)
    [attachment] = message.attachments
    [part] = parts(message, FILE)
    assert part["file"]["url"].endswith(attachment.filename)
    content = unseen.content_of(stage.env, attachment).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))


async def lived(stage: Stage) -> None:
    """Bob is let in, suspended with a wicked reason, and Carol is denied."""
    await stage.active(stage.bob)
    reason = '=HYPERLINK("http://x") **bob@example.org**'
    await stage.slash(stage.alice, "access suspend", member=stage.bob, reason=reason)
    await stage.run_jobs()
    await stage.requested(stage.carol, "carol")
    opened = await stage.rita.click(stage.card(), label="Deny")
    await stage.rita.submit_modal(opened, {"reason": "no room"})
    await stage.run_jobs()


async def test_the_log_as_an_admin_reads_it(stage: Stage) -> None:
    """Newest first: when, who, what, whose, from which state to which, and why."""
    await lived(stage)
    answer = await stage.slash(stage.alice, "audit")
    assert answer.ephemeral
    text = said(answer)
    assert text.startswith("### Audit log")
    assert f"<@{stage.rita.id}>: **denied** (<@{stage.carol.id}>)" in text
    assert "waiting for a decision → denied" in text
    assert f"<@{stage.alice.id}>: **suspended** (<@{stage.bob.id}>)" in text
    # Shown as it was written, formatting nothing, without the address.
    assert r"=HYPERLINK\(" in text
    assert r"\*\*" in text
    assert "example.org" not in text.replace("\\", "")
    assert text.index("**denied**") < text.index("**suspended**")


async def test_turning_pages(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older and newer ones change the same message, and join without a gap."""
    monkeypatch.setattr(audit_service, "PAGE", 4)
    await lived(stage)
    answer = await stage.slash(stage.alice, "audit")
    first = said(answer)
    assert labels(shown(answer)) == ["Older ones", "As a file"]
    older = await stage.alice.click(answer.response, label="Older ones")
    assert older.response.id == answer.response.id
    assert labels(older.response) == ["Newer ones", "Older ones", "As a file"]
    assert set(said(older).splitlines()[1:]).isdisjoint(first.splitlines()[1:-2])
    back = await stage.alice.click(older.response, label="Newer ones")
    assert said(back) == first


async def test_filters(stage: Stage) -> None:
    """By person, by action, by time, all at once; the buttons keep the filter."""
    await lived(stage)
    of_carol = said(await stage.slash(stage.alice, "audit", person=stage.carol))
    assert f"by or about <@{stage.carol.id}>" in of_carol
    assert str(stage.bob.id) not in of_carol
    assert "**denied**" in of_carol
    of_rita = said(await stage.slash(stage.alice, "audit", person=stage.rita))
    assert "**denied**" in of_rita
    assert "**asked for access**" not in of_rita
    denied = await stage.slash(stage.alice, "audit", action="invite.denied", since="1d")
    assert "“denied”, since <t:" in said(denied)
    assert said(denied).count("**denied**") == 1
    rows = file_of(stage, await stage.alice.click(denied.response, label="As a file"))
    assert [row[2] for row in rows] == ["action", "invite.denied"]
    none = await stage.slash(stage.alice, "audit", until="5d")
    assert "No such line." in said(none)
    assert labels(shown(none)) == []


async def test_the_log_as_a_file(stage: Stage) -> None:
    """All lines, oldest last; a cell that a spreadsheet would run is defused, addresses masked."""
    await lived(stage)
    answer = await stage.slash(stage.alice, "audit", person=stage.bob)
    pressed = await stage.alice.click(answer.response, label="As a file")
    assert "lines, newest first." in said(pressed)
    titles, *rows = file_of(stage, pressed)
    by_action = {row[2]: dict(zip(titles, row, strict=True)) for row in rows}
    assert by_action["access.suspend"]["why"].startswith("'=HYPERLINK(")
    assert "example.org" not in str(rows)
    assert by_action["access.suspend"]["by"] == str(stage.alice.id)
    assert by_action["invite.requested"]["about"] == str(stage.bob.id)


async def test_actions_are_offered_in_words(stage: Stage) -> None:
    """While an admin types, the log's own words appear; others are offered nothing."""
    channel = stage.world.access_requests
    offered = await stage.alice.autocomplete(channel, "audit", "action", "remind")
    assert [(choice["name"], choice["value"]) for choice in offered] == [
        ("reminded the member that access ends soon", "member.reminded"),
        ("reminded the member to accept", "invite.nudged"),
    ]


async def test_what_makes_no_sense_is_refused(stage: Stage) -> None:
    """An unknown action, a time that cannot be read, a time that ends before it begins."""
    for given, sentence in (
        ({"action": "everything"}, "I know no action “everything”"),
        ({"since": "soon"}, "I cannot read “soon” as a time"),
        ({"since": "1d", "until": "3d"}, "ends before it begins"),
        ({"since": "99y"}, "more than ten years ago"),
    ):
        assert sentence in refusal(await stage.slash(stage.alice, "audit", **given))


async def test_a_forged_button_shows_nothing_of_others(stage: Stage) -> None:
    """Numbers that nobody has, and times of the year 2160, answer with an empty log."""
    await lived(stage)
    answer = await stage.slash(stage.alice, "audit")
    made = button(shown(answer), "As a file")
    for tail in ("9" * 18 + ":" + "9" * 19 + ":-:99999999:99999999", "1:0:no.such.thing:0:0"):
        item = {**made, "custom_id": f"helpr:audit:older:{tail}"}
        assert len(item["custom_id"]) <= 100
        pressed = await unseen.press(
            stage.env, stage.alice, stage.world.access_requests, item, on=answer.response
        )
        assert "No such line." in said(pressed)


async def test_statistics(stage: Stage) -> None:
    """Times, rates, reviewers without pinging them, refusals, tiers, with a picture and a file."""
    await lived(stage)
    answer = await stage.slash(stage.alice, "stats")
    text = said(answer)
    assert "### Statistics of the last 30 days" in text
    assert "Requests: 2" in text
    assert "Until approval: half within" in text
    assert "Accepted: 1 of 1 invited (100%)" in text
    assert f"<@{stage.alice.id}>: 1 approved, 0 denied" in text
    assert f"<@{stage.rita.id}>: 0 approved, 1 denied" in text
    assert "- denied: 1" in text
    assert "- Standard: 2" in text
    assert len(parts(shown(answer), 12)) == 1
    rows = file_of(stage, await stage.alice.click(answer.response, label="As a file"))
    assert ["Denied by", str(stage.rita.id), "1"] in rows
    assert sum(row[0] == "Approvals" for row in rows) == 30
    year = await stage.alice.click(answer.response, label="365 days")
    assert year.response.id == answer.response.id
    assert "### Statistics of the last 365 days" in said(year)
    assert words(year.response).count("365 days") == 2


async def test_statistics_of_nothing(stage: Stage) -> None:
    """Before anybody asked, that is what they say."""
    text = said(await stage.slash(stage.alice, "stats", days=7))
    assert "Nobody has asked for access in this time." in text
    assert "Reviewers" not in text
