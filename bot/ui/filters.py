"""What a tier keeps from people, in words."""

from bot.domain.filters import ContentFilter, Media
from bot.domain.links import Tier
from bot.i18n import Texts
from bot.ui.modals.tiers import MEDIA
from bot.ui.plain import plain

# Of a long list as much as this is shown.
SHOWN = 120


def filter_lines(tier: Tier, t: Texts) -> list[str]:
    """A line for each kind of media that is filtered."""
    said = ((media, filter_words(tier, media, t)) for media in Media)
    return [f"**{t(MEDIA[media])}**: {words}" for media, words in said if words]


def filter_words(tier: Tier, media: Media, t: Texts) -> str:
    """The filter of one kind of media; empty where everything is let through."""
    return stored_filter_words(getattr(tier.settings, f"filter_{media}"), t)


def stored_filter_words(stored: str, t: Texts) -> str:
    """The same of a filter in Plex's own form."""
    read = ContentFilter.parse(stored)
    if read is None:
        return plain(stored)
    words = [
        t("only rated {values}", values=_listed(read.ratings)) if read.ratings else "",
        t("not rated {values}", values=_listed(read.not_ratings)) if read.not_ratings else "",
        t("only labelled {values}", values=_listed(read.labels)) if read.labels else "",
        t("not labelled {values}", values=_listed(read.not_labels)) if read.not_labels else "",
    ]
    return "; ".join(filter(None, words))


def _listed(values: tuple[str, ...]) -> str:
    text = ", ".join(values)
    return plain(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")
