"""The statistics of a period: a picture, figures in words, and a file."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import discord
from babel.dates import format_timedelta
from babel.numbers import format_percent
from discord.ui import ActionRow, Item, LayoutView, MediaGallery

from bot.domain.board import DAILY, LONG_PERIODS, Refusal, Speeds
from bot.domain.errors import PlexRefused
from bot.domain.invites import EndReason, InviteState
from bot.domain.sheets import sheet
from bot.i18n import Texts
from bot.services.stats import StatsView
from bot.ui.charts import picture
from bot.ui.errors import TEXTS
from bot.ui.figures import bars_of, daily_part
from bot.ui.items.board import TurnStats
from bot.ui.layout import BLUE, contained, fitting, line, text
from bot.ui.plain import mention, plain
from bot.ui.states import end_reason_name, state_name

PICTURE = "statistics.png"
TEXT_LENGTH = 3300
NAME_LENGTH = 60


def stats_panel(view: StatsView, t: Texts, *, has_picture: bool) -> LayoutView:
    """The figures in words, with the picture that is attached as `PICTURE`, or without one."""
    days = view.daily.days
    items: list[Item[Any]] = [text(*fitting(_lines(view, t), TEXT_LENGTH))]
    if has_picture:
        alt = t("Requests, approvals and acceptances by day; requests by tier; why not.")
        shown = discord.MediaGalleryItem(f"attachment://{PICTURE}", description=alt)
        items.append(MediaGallery(shown))
    else:
        said = t("The picture could not be made this time. The figures are all here.")
        items.append(text(f"-# {said}"))
    turns: list[Item[Any]] = [
        TurnStats("show", n, t.n("{n} day", "{n} days", n), is_on=n == days) for n in LONG_PERIODS
    ]
    items += [line(), ActionRow(*turns, TurnStats("file", days, t("As a file")))]
    return contained(*items, colour=BLUE)


def stats_picture(view: StatsView, t: Texts) -> str:
    """The picture, as SVG."""
    parts = [daily_part(view.daily, t)]
    if view.tiers:
        parts.append(bars_of(t("Requests by tier"), list(_tiers(view, t)), t))
    if view.refusals:
        parts.append(bars_of(t("Why requests led to nothing"), list(_refusals(view, t)), t))
    return picture(*parts)


def stats_file(view: StatsView, t: Texts) -> bytes:
    """The same for a spreadsheet: what, of whom or when, and the figure."""
    return sheet((t("Figure"), t("Of"), t("Value")), _rows(view, t))


# -- in words -------------------------------------------------------------------------------------


def _lines(view: StatsView, t: Texts) -> Iterator[str]:
    days = t.n("Statistics of the last {n} day", "Statistics of the last {n} days", view.daily.days)
    yield f"### {days}"
    if view.is_sample:
        n = view.speeds.requests
        yield "-# " + t("All but the picture is about the latest {n} requests.", n=n)
    yield from _speed_lines(view.speeds, t)
    yield from _part(
        t("Reviewers"),
        (
            t(
                "{user}: {approved} approved, {denied} denied",
                user=mention(one.user_id),
                approved=one.approved,
                denied=one.denied,
            )
            for one in view.reviewers
        ),
    )
    yield from _part(
        t("Codes that were used most"),
        (f"{_code(one.label, one.code_id, t)}: {one.n}" for one in view.codes),
    )
    yield from _part(t("Requests by tier"), (f"{plain(name)}: {n}" for name, n in _tiers(view, t)))
    yield from _part(
        t("Why requests led to nothing"), (f"{plain(why)}: {n}" for why, n in _refusals(view, t))
    )


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = [f"- {one}" for one in lines]
    if found:
        # Without the gap it would belong to the list before it.
        yield f"\n**{title}**"
        yield from found


def _speed_lines(speeds: Speeds, t: Texts) -> Iterator[str]:
    if not speeds.requests:
        yield t("Nobody has asked for access in this time.")
        return
    yield t("Requests: {n}", n=speeds.requests)
    if speeds.approval_median is not None and speeds.approval_ninetieth is not None:
        yield t(
            "Until approval: half within {median}, nine of ten within {ninetieth}",
            median=_span(speeds.approval_median, t),
            ninetieth=_span(speeds.approval_ninetieth, t),
        )
    if speeds.invited:
        yield t(
            "Accepted: {accepted} of {invited} invited ({percent})",
            accepted=speeds.accepted,
            invited=speeds.invited,
            percent=format_percent(speeds.accepted / speeds.invited, locale=t.language),
        )
    if speeds.acceptance_median is not None and speeds.acceptance_ninetieth is not None:
        yield t(
            "From invited to accepted: half within {median}, nine of ten within {ninetieth}",
            median=_span(speeds.acceptance_median, t),
            ninetieth=_span(speeds.acceptance_ninetieth, t),
        )


def _span(seconds: float, t: Texts) -> str:
    """So long, as a person says it: the largest unit that fits."""
    span = timedelta(seconds=max(float(seconds), 1.0))
    return format_timedelta(span, threshold=1.5, locale=t.language)


def _tiers(view: StatsView, t: Texts) -> Iterator[tuple[str, int]]:
    return ((name[:NAME_LENGTH] if name else t("none yet"), n) for name, n in view.tiers)


def _code(label: str, code_id: int, t: Texts) -> str:
    return plain(label[:NAME_LENGTH]) if label else t("code number {n}", n=code_id)


def _refusals(view: StatsView, t: Texts) -> list[tuple[str, int]]:
    """By what a person would call the reason, as several may have the same name."""
    found: dict[str, int] = {}
    for one in view.refusals:
        name = _why(one, t)
        found[name] = found.get(name, 0) + one.n
    return sorted(found.items(), key=lambda row: (-row[1], row[0]))


def _why(refusal: Refusal, t: Texts) -> str:
    if refusal.state is InviteState.ENDED and refusal.end_reason:
        return end_reason_name(EndReason(refusal.end_reason), t)
    name = state_name(refusal.state, t)
    key = refusal.failure_key
    if refusal.state is InviteState.FAILED and key in TEXTS and key != PlexRefused.key_of_class:
        return f"{name}: {t(TEXTS[key])}"
    return name


# -- as a file ------------------------------------------------------------------------------------


def _rows(view: StatsView, t: Texts) -> Iterator[tuple[object, ...]]:
    speeds, daily = view.speeds, view.daily
    yield t("Days"), "", daily.days
    yield t("Requests"), "", speeds.requests
    yield t("Until approval, median, seconds"), "", _rounded(speeds.approval_median)
    yield t("Until approval, 90th percentile, seconds"), "", _rounded(speeds.approval_ninetieth)
    yield t("Invited"), "", speeds.invited
    yield t("Accepted"), "", speeds.accepted
    yield t("Until acceptance, median, seconds"), "", _rounded(speeds.acceptance_median)
    yield t("Until acceptance, 90th percentile, seconds"), "", _rounded(speeds.acceptance_ninetieth)
    for one in view.reviewers:
        yield t("Approved by"), str(one.user_id), one.approved
        yield t("Denied by"), str(one.user_id), one.denied
    for code in view.codes:
        yield t("Requests with code"), code.label or str(code.code_id), code.n
    for tier, n in _tiers(view, t):
        yield t("Requests by tier"), tier, n
    for why, n in _refusals(view, t):
        yield t("Why requests led to nothing"), why, n
    titles = dict(zip(DAILY, (t("Requests"), t("Approvals"), t("Acceptances")), strict=True))
    for kind in DAILY:
        for number, n in enumerate(daily.of(kind)):
            yield titles[kind], daily.day(number).isoformat(), n


def _rounded(seconds: float | None) -> int | None:
    return None if seconds is None else round(float(seconds))
