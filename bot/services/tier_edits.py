"""What a tier gives and to whom: each method is one change, with its line in the audit log."""

import asyncio
from collections.abc import Collection
from typing import Any

from bot.clock import Clock
from bot.domain.durations import parse_days
from bot.domain.errors import Forged, PlexError, Refused
from bot.domain.filters import ContentFilter, Field, Media, Typed, as_known, read_filter
from bot.domain.jobs import GiveRole
from bot.domain.links import Tier
from bot.domain.people import Actor
from bot.domain.plex import SharingSettings
from bot.domain.roles import ChosenRole, judge_role
from bot.domain.tiers import FLAGS, read_name, read_seats
from bot.plex import PlexService
from bot.services.seats import lock_seats
from bot.services.tiers import TierView, editable, offer_changed, share_libraries, told, view_of
from db.ledger import Ledger, Work

# So many libraries are asked which ratings and labels they know, for so long: somebody waits.
ASKED = 20
ASKED_SECONDS = 8.0
# Of what Plex knows, as many as a refusal names.
NAMED = 12
_UNKNOWN = {Field.RATING: "filter.unknown_rating", Field.LABEL: "filter.unknown_label"}
# The same where Plex knows none at all.
_NONE_KNOWN = {
    Field.RATING: "filter.unknown_rating_none",
    Field.LABEL: "filter.unknown_label_none",
}


class TierEditing:
    """Changes of a tier. What people hold already changes only when that is asked for."""

    def __init__(self, ledger: Ledger, clock: Clock, plex: PlexService) -> None:
        self._ledger = ledger
        self._clock = clock
        self._plex = plex

    async def set_details(
        self, actor: Actor, tier_id: int, *, name: str, days: str, seats: str
    ) -> TierView:
        """Name, days of access and seats, as typed; raises `Refused`."""
        columns = {
            "name": read_name(name),
            "duration_days": parse_days(days),
            "seats": read_seats(seats),
        }
        return await self._change(actor, tier_id, columns)

    async def set_flag(self, actor: Actor, tier_id: int, flag: str, *, on: bool) -> TierView:
        """Downloads, live TV or camera upload."""
        if flag not in FLAGS:
            raise LookupError(flag)
        return await self._change(actor, tier_id, {flag: on})

    async def set_role(self, actor: Actor, tier_id: int, role: ChosenRole | None) -> TierView:
        """The role that its people have while their access is active; None for none."""
        async with self._ledger.begin() as work:
            # The other side of the same rule (`bot.services.settings`) locks the guild too.
            settings = await work.guilds.lock(actor.guild_id)
            if role is not None:
                judge_role(role, settings)
            tier = await editable(work, actor, tier_id)
            changed = await self._store(work, actor, tier, {"role_id": role.id if role else None})
            if changed.role_id != tier.role_id:
                await self._owe_roles(work, tier.id)
            view = await view_of(work, changed)
            await work.commit()
            return view

    async def retry_roles(self, actor: Actor, tier_id: int) -> TierView:
        """Look at once after the roles of the tier's people."""
        async with self._ledger.begin() as work:
            tier = await editable(work, actor, tier_id)
            await self._owe_roles(work, tier.id)
            view = await view_of(work, tier)
            await work.commit()
            return view

    async def _owe_roles(self, work: Work, tier_id: int) -> None:
        owed = await work.roles.owe(tier_id, self._clock.now())
        await work.jobs.enqueue(*map(GiveRole, owed))

    async def set_link(self, actor: Actor, tier_id: int, link_id: int) -> TierView:
        """The server of a tier that nobody holds; its libraries have to be chosen anew."""
        async with self._ledger.begin() as work:
            tier = await editable(work, actor, tier_id)
            link = await work.links.get(link_id)
            if link is None or link.guild_id != actor.guild_id:
                raise Forged("plex.not_set_up")
            if not link.is_usable:
                raise Refused("plex.not_connected")
            if link.id != tier.link_id:
                await lock_seats(work, tier)
                if held := await work.tiers.holders(tier):
                    raise Refused("tier.server_in_use", tier=tier.name, n=len(held))
                await work.tiers.set_libraries(tier, ())
                tier = await self._store(work, actor, tier, {"link_id": link.id})
            view = await view_of(work, tier)
            await work.commit()
            return view

    async def choose(
        self,
        actor: Actor,
        tier_id: int,
        *,
        offered: Collection[int] | None = None,
        chosen: Collection[int] | None = None,
    ) -> TierView:
        """Of the libraries `offered` these are `chosen`; None each time for all there are."""
        async with self._ledger.begin() as work:
            tier = await editable(work, actor, tier_id)
            there = {library.id for library in await work.links.libraries(tier.link_id)}
            of_these = there if offered is None else there & set(offered)
            these = of_these if chosen is None else of_these & set(chosen)
            before = {library.id for library in tier.libraries}
            wanted = (before - of_these) | these
            tier = await share_libraries(work, actor, tier, wanted, self._clock.now())
            view = await view_of(work, tier)
            await work.commit()
            return view

    async def set_filter(
        self, actor: Actor, tier_id: int, media: Media, typed: dict[str, str]
    ) -> tuple[TierView, bool]:
        """What is let through of films, series or music; and whether Plex could be asked.

        Ratings and labels that Plex does not know are refused, unless they stand in quotes: a
        filter that means nothing to Plex would keep everything, or nothing, away.
        """
        read = read_filter(typed)
        async with self._ledger.begin() as work:
            tier = await editable(work, actor, tier_id)
        before = ContentFilter.parse(getattr(tier.settings, f"filter_{media}")) or ContentFilter()
        wanted, is_checked = await self._checked(tier, media, read, before)
        return await self._change(actor, tier_id, {f"filter_{media}": wanted.stored}), is_checked

    async def unfilter(self, actor: Actor, tier_id: int) -> TierView:
        """Let everything through."""
        return await self._change(actor, tier_id, {f"filter_{media}": "" for media in Media})

    async def _checked(
        self, tier: Tier, media: Media, read: Typed, before: ContentFilter
    ) -> tuple[ContentFilter, bool]:
        """The filter in Plex's own spelling; False when Plex could not be asked."""
        new = {
            field: read.wanted.values_of(field) - before.values_of(field) - read.insisted
            for field in Field
        }
        known: dict[Field, frozenset[str]] = {}
        try:
            async with asyncio.timeout(ASKED_SECONDS):
                for field in (field for field in Field if new[field]):
                    known[field] = await self._known(tier, media, field)
        except (PlexError, TimeoutError, _CannotAskError):
            return read.wanted, False
        wanted = as_known(read.wanted, known)
        for field, values in known.items():
            spelt = wanted.values_of(field) - before.values_of(field) - read.insisted
            if unknown := sorted(spelt - values):
                names = sorted(values, key=str.casefold)
                raise Refused(
                    _UNKNOWN[field] if names else _NONE_KNOWN[field],
                    typed=", ".join(unknown)[:200],
                    known=", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else ""),
                )
        return wanted, True

    async def _known(self, tier: Tier, media: Media, field: Field) -> frozenset[str]:
        async with self._ledger.begin() as work:
            link = await work.links.get(tier.link_id)
        if link is None:
            raise _CannotAskError
        wanted = {one.section_id for one in tier.libraries if one.type == media.library_type}
        keys = [
            library.key
            for library in await self._plex.libraries(link.access)
            if library.section_id in wanted
        ]
        if not keys or len(keys) > ASKED:
            raise _CannotAskError
        return await self._plex.filter_choices(link.access, keys, field)

    async def _change(self, actor: Actor, tier_id: int, columns: dict[str, Any]) -> TierView:
        async with self._ledger.begin() as work:
            tier = await editable(work, actor, tier_id)
            changed = await self._store(work, actor, tier, columns)
            view = await view_of(work, changed)
            await work.commit()
            return view

    async def _store(self, work: Work, actor: Actor, tier: Tier, columns: dict[str, Any]) -> Tier:
        """Set what is different, and tell what it was."""
        was = {name: _present(tier, name) for name in columns}
        different = {name: value for name, value in columns.items() if value != was[name]}
        if not different:
            return tier
        changed = await work.tiers.change(tier.id, **different)
        if "name" in different:
            await offer_changed(work, actor.guild_id, self._clock.now())
        for name, value in different.items():
            await told(
                work,
                actor,
                tier,
                "tier.changed",
                self._clock.now(),
                field=name,
                before=was[name],
                after=value,
            )
        return changed


class _CannotAskError(Exception):
    """There is nothing, or too much, to ask Plex about."""


def _present(tier: Tier, name: str) -> Any:
    of = tier.settings if name in SharingSettings.__dataclass_fields__ else tier
    return getattr(of, name)
