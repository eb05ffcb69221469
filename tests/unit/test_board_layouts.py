"""The dashboard, the statistics and the log within Discord's limits, in the worst case."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest
from test_layouts import LINK, SNOWFLAKE, check, hostile, shown
from tongues import LANGUAGES, spoken

from bot.domain.audit import AuditFilter, AuditLine, AuditPage, Event
from bot.domain.board import (
    COUNTED_DAILY,
    LONG_PERIODS,
    MOST,
    PERIODS,
    Attention,
    CodeUse,
    Daily,
    InviteCount,
    RecentInvite,
    Refusal,
    Reviewer,
    SeatCount,
    Speeds,
)
from bot.domain.drift import DriftKind
from bot.domain.errors import PlexTokenRefused
from bot.domain.invites import InviteState
from bot.domain.jobs import Trouble
from bot.domain.notices import Notice, NoticeKind
from bot.domain.people import GuildSettings
from bot.domain.plex import PlexActivity, PlexStream
from bot.i18n import texts
from bot.services.audit import PAGE
from bot.services.board import RECENT, Board, ServerView
from bot.services.notices import NoticeData
from bot.services.stats import StatsView
from bot.ui.audit import audit_panel
from bot.ui.board import board_panel, board_picture
from bot.ui.items.board import TurnAudit
from bot.ui.stats import stats_file, stats_panel, stats_picture

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
MUCH = 10**12
every_language = pytest.mark.parametrize("language", LANGUAGES)
with_and_without = pytest.mark.parametrize("has_picture", [True, False])


def daily(days: int) -> Daily:
    """So much every day."""
    first = date(2025, 1, 1)
    counts = {
        (first + timedelta(days=n), action): MUCH for n in range(days) for action in COUNTED_DAILY
    }
    return Daily(first, days, counts)


def full(days: int) -> Board:
    """Everything at once: many servers in every condition, many tiers, every notice there is."""
    tiers = {n: f"{n}{hostile(97)}" for n in range(1, 40)}
    streams = (PlexStream(hostile(300)), PlexStream(hostile(300), is_paused=True)) * 5
    links = [dataclasses.replace(LINK, id=n) for n in range(1, 9)]
    servers = [
        ServerView(links[0], SeatCount(MUCH, MUCH), PlexActivity(streams, 1.5)),
        ServerView(links[1], SeatCount(), None, PlexTokenRefused(hostile(200))),
        *(ServerView(link, SeatCount(1, 1), is_late=True) for link in links[2:]),
    ]
    notices = [
        Notice(n, 1, kind, NOW, 1, link_id=1, details={"key": "plex.token_refused"})
        for n, kind in enumerate(NoticeKind)
    ]
    return Board(
        daily(days),
        tuple(servers),
        tuple(InviteCount(1, n, state, MUCH) for n in tiers for state in InviteState),
        tiers,
        Attention(MOST, MOST, MOST),
        tuple(
            RecentInvite(10**18 - n, SNOWFLAKE, state, NOW, hostile(100))
            for n, state in zip(range(RECENT), list(InviteState) * 2, strict=False)
        ),
        dict.fromkeys(DriftKind, MUCH),
        tuple(NoticeData(one, GuildSettings(1), links[0]) for one in notices),
        (Trouble("share_invite", 1, 99, "ABCDEFGH", NOW),),
    )


@every_language
@with_and_without
@pytest.mark.parametrize("days", PERIODS)
def test_the_fullest_dashboard(language: str, has_picture: bool, days: int) -> None:
    """Whatever is wrong at once, and however everything is called, Discord takes it."""
    t = spoken(language)
    view = board_panel(full(days), t, has_picture=has_picture)
    check(view)
    assert len(board_picture(full(days), t)) > 1000
    # No mention is cut in half.
    assert shown(view).count("<@") == shown(view).count(f"<@{SNOWFLAKE}>")


@every_language
@with_and_without
def test_the_emptiest_dashboard(language: str, has_picture: bool) -> None:
    """Without Plex, without anybody, it still is one."""
    empty = Board(Daily(date(2025, 1, 1), 7))
    check(board_panel(empty, spoken(language), has_picture=has_picture))
    assert board_picture(empty, spoken(language))


@every_language
@with_and_without
@pytest.mark.parametrize("days", LONG_PERIODS)
def test_the_fullest_statistics(language: str, has_picture: bool, days: int) -> None:
    """Many of everything, each with the worst of names."""
    view = StatsView(
        daily(days),
        Speeds(MUCH, MUCH, 1e9, 1e9, MUCH, MUCH, 1e9, 1e9),
        tuple(CodeUse(10**18, hostile(100), MUCH) for _ in range(10)),
        tuple(Reviewer(SNOWFLAKE - n, MUCH, MUCH) for n in range(10)),
        tuple(
            Refusal(InviteState.FAILED, None, key, MUCH)
            for key in ("plex.refused", "plex.share_gone", "plex.not_understood", None)
        ),
        tuple((f"{n}{hostile(99)}", MUCH) for n in range(60)),
        is_sample=True,
    )
    t = spoken(language)
    check(stats_panel(view, t, has_picture=has_picture))
    assert len(stats_picture(view, t)) > 1000
    assert len(stats_file(view, t)) < 200_000


@every_language
def test_the_fullest_page_of_the_log(language: str) -> None:
    """Long reasons and many details are cut, whole lines are kept, and pages still join."""
    event = Event(
        NOW,
        "share.left_to_others",
        "requested",
        "suspended",
        SNOWFLAKE,
        hostile(1000),
        {f"{n}{hostile(50)}": hostile(100) for n in range(20)},
    )
    lines = tuple(
        AuditLine(dataclasses.replace(event, id=10**18 - 1 - n), 1, SNOWFLAKE - 1)
        for n in range(PAGE)
    )
    wanted = AuditFilter(SNOWFLAKE, "share.left_to_others", NOW, NOW + timedelta(days=36500))
    view = audit_panel(AuditPage(lines, True, True), wanted, spoken(language))
    check(view)
    text = shown(view)
    last = text.count("<t:1767323040:R> <@")
    assert 1 <= last <= PAGE
    buttons = [item.custom_id for item in view.walk_children() if isinstance(item, TurnAudit)]
    assert f"helpr:audit:older:{10**18 - last}:" in "".join(buttons)


def test_the_log_is_words() -> None:
    """Keys, numbers of channels and lists of a program become what people read."""
    details = {
        "channel": SNOWFLAKE,
        "action_name": "move",
        "counts": {"done": 2},
        "n": [1, 2],
    }
    event = Event(NOW, "code.refused", None, None, SNOWFLAKE, "code.wrong", details, id=1)
    text = shown(
        audit_panel(
            AuditPage((AuditLine(event, None, None),), False, False), AuditFilter(), texts("en")
        )
    )
    assert "That code does not work here" in text
    assert "code.wrong" not in text
    assert f"channel: <#{SNOWFLAKE}>, action name: move" in text.replace("\\", "")


def test_a_filter_survives_its_button() -> None:
    """What a button stands for is what it was made for, to the minute, at every turn."""
    wanted = AuditFilter(SNOWFLAKE, "invite.denied", NOW, NOW + timedelta(seconds=90))
    for _ in range(3):
        made = TurnAudit.of("older", 5, wanted, "x")
        wanted = made.wanted
    assert wanted.user_id == SNOWFLAKE
    assert wanted.action == "invite.denied"
    assert wanted.since == NOW
    assert wanted.until == NOW + timedelta(minutes=2)
    assert TurnAudit.of("file", 0, AuditFilter(), "x").wanted == AuditFilter()
