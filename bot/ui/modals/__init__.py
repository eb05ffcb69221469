"""Every modal that can be submitted. One module a family; a new one adds its `FORMS` below."""

from bot.ui.modals import access, bulk, members, mine, requests, settings, tiers, wishes
from bot.ui.modals.base import Submitted

ALL_FORMS: tuple[type[Submitted], ...] = (
    *members.FORMS,
    *mine.FORMS,
    *wishes.FORMS,
    *requests.FORMS,
    *access.FORMS,
    *bulk.FORMS,
    *settings.FORMS,
    *tiers.FORMS,
)
