"""Figures as parts of a picture, in the reader's language."""

from collections.abc import Sequence

from babel.dates import format_skeleton

from bot.domain.board import ACCEPTANCES, APPROVALS, REQUESTS, Daily
from bot.i18n import Texts
from bot.ui.charts import Part, Series, bands, bars

# A year has too many days for a phone's screen.
_WEEKLY_FROM = 180
ROWS = 6


def daily_part(daily: Daily, t: Texts) -> Part:
    """Requests, approvals and acceptances by day, a whole year by week."""
    each = 7 if daily.days >= _WEEKLY_FROM else 1
    names = {REQUESTS: t("Requests"), APPROVALS: t("Approvals"), ACCEPTANCES: t("Acceptances")}
    series = [_series(daily, kind, name, each, t) for kind, name in names.items()]
    places = len(series[0].values)
    ticks = [
        (place, format_skeleton("MMMd", daily.day(day), locale=t.language))
        for place, day in (
            (0, 0),
            (places // 2, min(daily.days - 1, daily.days - (places - places // 2) * each)),
            (places - 1, daily.days - 1),
        )
    ]
    return bands(t.n("Last {n} day", "Last {n} days", daily.days), series, ticks)


def _series(daily: Daily, kind: str, name: str, each: int, t: Texts) -> Series:
    values = daily.of(kind, each)
    most = max(values, default=0)
    if not most:
        return Series(name, values, "")
    highest = t("at most {n} a day", n=most) if each == 1 else t("at most {n} a week", n=most)
    return Series(name, values, highest)


def bars_of(title: str, rows: Sequence[tuple[str, int]], t: Texts) -> Part:
    """The first rows, and the others together."""
    shown = list(rows[:ROWS]) if len(rows) <= ROWS else list(rows[: ROWS - 1])
    rest = sum(n for _, n in rows[len(shown) :])
    if rest or len(rows) > len(shown):
        shown.append((t("all others"), rest))
    return bars(title, shown)
