"""Codes: made and taken back by admins (`bot.services.redeeming` has what members do)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.codes import (
    LABEL_LENGTH,
    LONGEST_LINK,
    MOST_USES,
    Code,
    Wish,
    choose,
    new_code,
    normal,
    tidy,
)
from bot.domain.durations import parse_end, parse_zone
from bot.domain.errors import Refused
from bot.domain.links import Tier
from bot.domain.logins import clean_text
from bot.domain.people import Actor
from db.ledger import Ledger, Work

PAGE = 4
# Of who has used a code, as many are named.
NAMED = 5
SHORTEST_LINK = timedelta(seconds=1)
# As many choices as Discord takes from an autocomplete.
OFFERED = 25


@dataclass(frozen=True, slots=True)
class CodeView:
    """A code as admins see it: its tier, if it names one, and who has used it last."""

    code: Code
    tier: Tier | None = None
    users: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CodePage:
    """A page of codes, newest first, as it is `now`; ids to turn to, None at an end."""

    codes: tuple[CodeView, ...]
    now: datetime
    newer_than: int | None = None
    older_than: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A new code and its text, which is told now and never again."""

    view: CodeView
    text: str = field(repr=False)


class CodeService:
    """What admins do with codes."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def create(self, actor: Actor, wish: Wish) -> Made:
        """Make a code. Raises `Refused` (`code.*`, `duration.*`, `tier.*`)."""
        now = self._clock.now()
        label = clean_text(wish.label, LABEL_LENGTH, "code.label_too_long").replace("\n", " ")
        if not 0 <= wish.uses <= MOST_USES:
            raise Refused("code.uses", most=MOST_USES)
        is_chosen = bool(wish.chosen.strip())
        shown = tidy(wish.chosen) if is_chosen else new_code()
        text = choose(wish.chosen) if is_chosen else normal(shown)
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            settings = await work.guilds.settings(actor.guild_id)
            tier = await _tier_named(work, actor.guild_id, wish.tier)
            zone = parse_zone(settings.timezone)
            code = await work.codes.add(
                actor.guild_id,
                text,
                tier_id=tier.id if tier else None,
                label=label,
                is_chosen=is_chosen,
                skips_approval=wish.skips_approval,
                uses_most=wish.uses or None,
                created_by=actor.user_id,
                created_at=now,
                expires_at=parse_end(wish.expires, now=now, base=now, zone=zone)
                if wish.expires.strip()
                else None,
            )
            if code is None:
                raise Refused("code.exists")
            await note_code(work, code, "code.created", now=now, by=actor.user_id)
            await work.commit()
            return Made(CodeView(code, tier), shown)

    async def page(
        self, actor: Actor, *, older_than: int | None = None, newer_than: int | None = None
    ) -> CodePage:
        """A page of the guild's codes."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            found = await work.codes.page(
                actor.guild_id, limit=PAGE, before=older_than, after=newer_than
            )
            if not found and (older_than or newer_than) is not None:
                found = await work.codes.page(actor.guild_id, limit=PAGE)
            if not found:
                return CodePage((), now)
            views = await _views(work, found)
            newer = await work.codes.page(actor.guild_id, limit=1, after=found[0].id)
            older = await work.codes.page(actor.guild_id, limit=1, before=found[-1].id)
            return CodePage(
                tuple(views),
                now,
                newer_than=found[0].id if newer else None,
                older_than=found[-1].id if older else None,
            )

    async def offered(self, actor: Actor, typed: str) -> list[Code]:
        """Codes that may be meant, while somebody types."""
        async with self._ledger.begin() as work:
            return await work.codes.labelled(actor.guild_id, typed, OFFERED)

    async def named(self, actor: Actor, typed: str) -> Code:
        """The code that an admin means: by `#id`, by itself, or by its label.

        Raises `Refused("code.unknown")`.
        """
        number = typed.strip().removeprefix("#")
        async with self._ledger.begin() as work:
            if typed.strip().startswith("#") and number.isdecimal() and len(number) <= 18:
                found = await work.codes.get(int(number), actor.guild_id)
            else:
                text = normal(typed)
                found = await work.codes.find(actor.guild_id, text) if text else None
                if found is None:
                    found = _the_one(
                        await work.codes.labelled(actor.guild_id, typed, OFFERED), typed
                    )
        if found is None:
            raise Refused("code.unknown")
        return found

    async def revoke(self, actor: Actor, code_id: int) -> CodeView:
        """Let nobody use a code any more.

        Raises `Refused` (`code.unknown`, `code.revoked_already`).
        """
        now = self._clock.now()
        async with self._ledger.begin() as work:
            code = await work.codes.revoke(code_id, actor.guild_id, now)
            if code is None:
                known = await work.codes.get(code_id, actor.guild_id)
                raise Refused("code.revoked_already" if known else "code.unknown")
            await note_code(work, code, "code.revoked", now=now, by=actor.user_id)
            [view] = await _views(work, [code])
            await work.commit()
            return view

    def link_lasts(self, code: Code) -> timedelta:
        """For how long the Discord invite of a code is to last: with the code, 7 days at most."""
        if code.expires_at is None:
            return LONGEST_LINK
        # Never 0, which to Discord is for ever.
        return max(SHORTEST_LINK, min(LONGEST_LINK, code.expires_at - self._clock.now()))

    async def link_made(self, made: Made, discord_code: str, lasts: timedelta) -> Made:
        """Discord has made the invite that the code travels with."""
        ends, code = self._clock.now() + lasts, made.view.code
        async with self._ledger.begin() as work:
            await work.codes.set_link(code.id, discord_code, ends)
            await work.commit()
        linked = replace(code, discord_code=discord_code, discord_expires_at=ends)
        return replace(made, view=replace(made.view, code=linked))

    async def link_gone(self, code: Code) -> None:
        """Discord has deleted it."""
        async with self._ledger.begin() as work:
            await work.codes.set_link(code.id, None)
            await work.commit()


def _the_one(codes: list[Code], typed: str) -> Code | None:
    same = [code for code in codes if code.label.casefold() == typed.strip().casefold()]
    return same[0] if len(same) == 1 and typed.strip() else None


async def _tier_named(work: Work, guild_id: int, name: str) -> Tier | None:
    wanted = name.strip().casefold()
    if not wanted:
        return None
    for tier in await work.tiers.of_guild(guild_id):
        if tier.name.casefold() == wanted:
            if tier.is_going:
                raise Refused("tier.leaving", tier=tier.name)
            return tier
    raise Refused("tier.unknown")


async def _views(work: Work, codes: list[Code]) -> list[CodeView]:
    users = await work.codes.last_users([code.id for code in codes], NAMED)
    return [
        CodeView(
            code,
            await work.tiers.get(code.tier_id) if code.tier_id else None,
            tuple(users[code.id]),
        )
        for code in codes
    ]


async def note_code(
    work: Work,
    code: Code,
    action: str,
    *,
    now: datetime,
    by: int | None = None,
    invite_id: int | None = None,
) -> None:
    """Write a line of the audit log about a code."""
    await work.audit.happened(
        code.guild_id, action, now=now, by=by, invite_id=invite_id, code=code.id
    )
