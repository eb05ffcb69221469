"""Every modal that can be submitted. One module a family; a new one adds its `FORMS` below."""

from bot.ui.modals import access, bulk, members, mine, requests, settings, tiers
from bot.ui.modals.base import Submitted

ALL_FORMS: tuple[type[Submitted], ...] = (
    *members.FORMS,
    *mine.FORMS,
    *requests.FORMS,
    *access.FORMS,
    *bulk.FORMS,
    *settings.FORMS,
    *tiers.FORMS,
)
