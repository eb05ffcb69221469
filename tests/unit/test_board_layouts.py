"""The dashboard, the statistics and the log within Discord's limits, in the worst case."""

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

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
        {
            "tiers": [hostile(50)] * 20,
            "libraries": [hostile(50)] * 20,
            "server": hostile(100),
            "name": hostile(100),
            "custom_id": hostile(100),
            "channel": hostile(100),
            hostile(50): hostile(100),
        },
    )
    lines = tuple(
        AuditLine(dataclasses.replace(event, id=10**18 - 1 - n), 1, SNOWFLAKE - 1)
        for n in range(PAGE)
    )
    wanted = AuditFilter(SNOWFLAKE, "share.left_to_others", NOW, NOW + timedelta(days=36500))
    view = audit_panel(AuditPage(lines, True, True), wanted, spoken(language))
    check(view)
    text = shown(view)
    last = text.count("<t:1767323040:R> \u2068<@")
    assert 1 <= last <= PAGE
    buttons = [item.custom_id for item in view.walk_children() if isinstance(item, TurnAudit)]
    assert f"helpr:audit:older:{10**18 - last}:" in "".join(buttons)


def log_of(*events: Event, language: str = "en") -> str:
    """The log that holds these lines, as it is read."""
    lines = tuple(AuditLine(event, None, None) for event in events)
    page = AuditPage(lines, tiers={7: "Standard", 8: "Family"})
    return shown(audit_panel(page, AuditFilter(), texts(language))).replace("\\", "")


def happened(action: str, why: str = "", **details: Any) -> Event:
    """A line of the log."""
    return Event(NOW, action, None, None, SNOWFLAKE, why, details, id=1)


# Details as the code writes them, in English and in German.
SAID = [
    (
        happened("settings.changed", setting="remind_days", before=7, after=0),
        "Before access ends: 7 days before → never",
        "Bevor Zugang endet: 7 Tage vorher → nie",
    ),
    (
        happened("settings.changed", setting="reviewer_role_ids", before=[], after=[5]),
        "Reviewer roles: none → <@&5>",
        "→ <@&5>",
    ),
    (
        happened("tier.changed", tier=7, field="allow_sync", before=False, after=True),
        "Tier: Standard, Downloads: No → Yes",
        "Downloads: Nein → Ja",
    ),
    (
        happened("tier.changed", tier=9, field="duration_days", before=30, after=None),
        "Tier: 9, How long access lasts: 30 days → without an end",
        "30 Tage → ohne Ende",
    ),
    (
        happened("tier.changed", tier=7, field="filter_movies", before="", after="label!=Kids"),
        "Filter: Films: none → not labelled Kids",
        "Filter: Filme",
    ),
    (happened("access.move", tier=8, was_tier=7), "Tier: Standard → Family", "Standard → Family"),
    (happened("tier.leaving", tier=7, to=8), "Tier: Standard → Family", "Standard → Family"),
    (
        happened("access.extend", until="2027-03-31T00:00:00+00:00", bulk=3),
        "until <t:1806451200:D>, <t:1806451200:R>, part of a bulk action",
        "bis <t:1806451200:D>",
    ),
    (
        happened("bulk.finished", bulk=3, action_name="move", counts={"done": 2, "failed": 1}),
        "-# Move to another tier, done: 2, failed: 1",
        "erledigt: 2",
    ),
    (happened("plex.seats", link=1, before=100, after=50), "-# Seats: 100 → 50", "Plätze: 100"),
    (
        happened("cards.blocked", "silent", channel=SNOWFLAKE),
        f"-# I may not post there · <#{SNOWFLAKE}>",
        f"<#{SNOWFLAKE}>",
    ),
    (happened("member.missed", "left"), "-# the member left Discord", "Discord verlassen"),
    (happened("access.end", "left"), "-# the member left", "Mitglied"),
    (happened("access.suspend", "left"), "-# left", "-# left"),
    (
        happened("code.refused", "code.wrong", code=4),
        "That code does not work here",
        "Dieser Code gilt hier nicht",
    ),
]


@pytest.mark.parametrize(("event", "english", "german"), SAID)
def test_the_log_is_words_in_the_readers_language(event: Event, english: str, german: str) -> None:
    """No name of a program and no number that means nothing: words, in English and in German."""
    assert english in log_of(event)
    assert german in log_of(event, language="de")
    assert not re.search(r"[a-z]_[a-z]", log_of(event))


def test_a_line_of_an_older_version_hides_nothing() -> None:
    """A detail that is not known any more is left out, or shown as it is; the rest is there."""
    text = log_of(
        happened("bulk.finished", action_name="no_such", counts={"gone": 1}, whatever=1),
        happened("plex.linked", server="Home"),
    )
    assert "no_such" in text
    assert "whatever" not in text
    assert "-# Home" in text


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
