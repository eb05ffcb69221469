"""What is typed about a tier."""

import re
from dataclasses import dataclass
from typing import ClassVar

import discord
from discord.ui import Label, Modal, TextInput

from bot.domain.filters import KINDS, ContentFilter, Media
from bot.domain.links import Link, Tier
from bot.domain.people import Right, Rule
from bot.domain.tiers import NAME_LENGTH
from bot.i18n import Texts, mark
from bot.ui.modals.base import Submitted, modal

FILTER_LENGTH = 1000
MEDIA = {
    Media.MOVIES: mark("Films"),
    Media.TELEVISION: mark("Series"),
    Media.MUSIC: mark("Music"),
}
_KINDS = {
    "ratings": (mark("Only these ratings"), mark("For example: G, PG. Empty: all of them.")),
    "not_ratings": (mark("Never these ratings"), mark("For example: R, NC-17")),
    "labels": (mark("Only these labels"), mark("Only what has one of them is shown.")),
    "not_labels": (mark("Never these labels"), mark("What has one of them is hidden.")),
}


@dataclass(frozen=True, slots=True)
class NewTierForm(Submitted):
    """An admin makes a tier."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"helpr:tiers:new")


@dataclass(frozen=True, slots=True)
class TierForm(Submitted):
    """An admin types a tier's name, days and seats."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"helpr:tier:details:(?P<tier_id>\d{1,18})")

    tier_id: int


@dataclass(frozen=True, slots=True)
class FilterForm(Submitted):
    """An admin types what a tier lets through."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"helpr:tier:filter:(?P<media>movies|television|music):(?P<tier_id>\d{1,18})"
    )

    media: str
    tier_id: int


@dataclass(frozen=True, slots=True)
class SeatsForm(Submitted):
    """An admin types how many shares a server's owner may have."""

    rule: ClassVar[Rule] = Rule(Right.ADMIN)
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"helpr:tiers:seats:(?P<link_id>\d{1,18})")

    link_id: int


def new_tier_modal(t: Texts) -> Modal:
    """The name of a new tier; all else is chosen on its panel."""
    return modal(t("New tier"), "helpr:tiers:new", _name(t, ""))


def tier_modal(tier: Tier, t: Texts) -> Modal:
    """Name, days and seats, filled with what they are."""
    return modal(
        t("Name, time, seats"),
        f"helpr:tier:details:{tier.id}",
        _name(t, tier.name),
        Label(
            text=t("How long access lasts"),
            description=t("30d, 2 weeks, 6 months. Empty: without an end."),
            component=TextInput(
                custom_id="days",
                required=False,
                max_length=30,
                default=f"{tier.duration_days}d" if tier.duration_days else "",
            ),
        ),
        Label(
            text=t("Seats"),
            description=t("So many people at most. Empty: only the server's own limit counts."),
            component=TextInput(
                custom_id="seats",
                required=False,
                max_length=10,
                default=str(tier.seats or ""),
            ),
        ),
    )


def filter_modal(tier: Tier, media: Media, t: Texts) -> Modal:
    """What is let through, by rating and label, filled with what holds now."""
    present = ContentFilter.parse(getattr(tier.settings, f"filter_{media}")) or ContentFilter()
    kinds = [kind for kind in KINDS if media is not Media.MUSIC or "labels" in kind]
    return modal(
        t("Filter: {media}", media=t(MEDIA[media])),
        f"helpr:tier:filter:{media}:{tier.id}",
        *(
            Label(
                text=t(_KINDS[kind][0]),
                description=t(_KINDS[kind][1]),
                component=TextInput(
                    custom_id=kind,
                    required=False,
                    max_length=FILTER_LENGTH,
                    default=", ".join(getattr(present, kind))[:FILTER_LENGTH],
                ),
            )
            for kind in kinds
        ),
    )


def seats_modal(link: Link, t: Texts) -> Modal:
    """How many shares the owner account may have."""
    return modal(
        t("Seats of the server"),
        f"helpr:tiers:seats:{link.id}",
        Label(
            text=t("Seats"),
            description=t("From 1 to 100, which is as many as Plex allows one owner."),
            component=TextInput(custom_id="seats", max_length=10, default=str(link.seats)),
        ),
    )


def _name(t: Texts, present: str) -> Label[discord.ui.LayoutView]:
    return Label(
        text=t("Name"),
        description=t("What people read: Standard, Family, Kids"),
        component=TextInput(custom_id="name", max_length=NAME_LENGTH, default=present),
    )


FORMS: tuple[type[Submitted], ...] = (NewTierForm, TierForm, FilterForm, SeatsForm)
