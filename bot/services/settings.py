"""What a guild has set: read it, change it, go back to the default."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.clock import Clock
from bot.domain.channels import ChannelProblem, RequestChannel
from bot.domain.errors import Refused
from bot.domain.guild_settings import SETTINGS, GuildSetting, Kind, Value, agree, stored
from bot.domain.jobs import ShowCard, ShowPanel, ShowWish
from bot.domain.people import Actor, GuildSettings
from bot.settings import HomeSettings
from db.ledger import Ledger, Work


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting as it stands in one guild, for one reader.

    `operator` is the variable of the bot's operator that wins over it at every start, if one does.
    """

    setting: GuildSetting
    value: Value
    operator: str | None = None
    may_change: bool = True

    @property
    def is_default(self) -> bool:
        """Nobody has set it, or somebody has set what holds anyway."""
        return self.value == self.setting.default


class SettingsService:
    """One transaction a change; the last word wins, and each leaves a line in the audit log."""

    def __init__(self, ledger: Ledger, clock: Clock, home: HomeSettings) -> None:
        self._ledger = ledger
        self._clock = clock
        self._home = home

    async def all(self, actor: Actor) -> tuple[SettingView, ...]:
        """Every setting of the actor's guild."""
        async with self._ledger.begin() as work:
            settings = await work.guilds.settings(actor.guild_id)
        return tuple(self._view(actor, setting, settings) for setting in SETTINGS.values())

    async def one(self, actor: Actor, key: str) -> SettingView:
        """One setting; raises `Refused("setting.unknown")`."""
        setting = _setting(key)
        async with self._ledger.begin() as work:
            return self._view(actor, setting, await work.guilds.settings(actor.guild_id))

    async def change(
        self, actor: Actor, key: str, given: Sequence[str], place: RequestChannel | None = None
    ) -> SettingView:
        """Set what was typed or chosen. `place` is the channel that was chosen, as it is now.

        Raises `Refused`, and then nothing has changed.
        """
        setting = _setting(key)
        value = setting.read(given, actor.guild_id)
        if place is not None:
            _usable(place)
        return await self._set(actor, setting, value)

    async def reset(self, actor: Actor, key: str) -> SettingView:
        """Go back to the default; raises `Refused`."""
        setting = _setting(key)
        return await self._set(actor, setting, setting.default)

    async def _set(self, actor: Actor, setting: GuildSetting, value: Value) -> SettingView:
        if setting.needs_manage_server and not actor.manages_server:
            raise Refused("right.manage_server_needed")
        async with self._ledger.begin() as work:
            before = await work.guilds.lock(actor.guild_id)
            was = setting.of(before)
            changed: dict[str, Any] = {setting.key: value}
            after = replace(before, **changed)
            if value != was:
                agree(after)
                if setting.kind is Kind.ROLES and isinstance(value, frozenset):
                    await _refuse_tiers_roles(work, actor.guild_id, value)
                await self._store(work, actor, setting, was, value)
                await work.commit()
            return self._view(actor, setting, after)

    async def _store(
        self, work: Work, actor: Actor, setting: GuildSetting, was: Value, value: Value
    ) -> None:
        now = self._clock.now()
        await work.guilds.set(actor.guild_id, **{setting.key: stored(value)})
        await work.audit.happened(
            actor.guild_id,
            "settings.changed",
            now=now,
            by=actor.user_id,
            setting=setting.key,
            before=stored(was),
            after=stored(value),
        )
        # Cards before panels, like whoever decides a request.
        if setting.is_on_cards:
            owed = await work.cards.owe_all(actor.guild_id, now)
            await work.jobs.enqueue(*map(ShowCard, owed))
            wishes = await work.wishes.owe_cards(actor.guild_id, now)
            await work.jobs.enqueue(*map(ShowWish, wishes))
        # One that shows nothing else than before is not edited.
        panels = await work.panels.owe([actor.guild_id], now)
        await work.jobs.enqueue(*map(ShowPanel, panels))

    def _view(self, actor: Actor, setting: GuildSetting, settings: GuildSettings) -> SettingView:
        return SettingView(
            setting,
            setting.of(settings),
            operator=self._operators(setting, actor.guild_id),
            may_change=actor.manages_server or not setting.needs_manage_server,
        )

    def _operators(self, setting: GuildSetting, guild_id: int) -> str | None:
        home = self._home
        named = {
            "request_channel_id": ("HELPR_HOME__REQUEST_CHANNEL_ID", home.request_channel_id),
            "reviewer_role_ids": ("HELPR_HOME__REVIEWER_ROLE_ID", home.reviewer_role_id),
        }
        variable, value = named.get(setting.key, ("", None))
        return variable if value is not None and home.guild_id == guild_id else None


async def _refuse_tiers_roles(work: Work, guild_id: int, roles: frozenset[int]) -> None:
    """A role that a tier gives to people would hand out rights."""
    if both := roles & await work.tiers.roles_of(guild_id):
        raise Refused("role.of_a_tier", role=min(both))


def _setting(key: str) -> GuildSetting:
    if key not in SETTINGS:
        raise Refused("setting.unknown")
    return SETTINGS[key]


def _usable(place: RequestChannel) -> None:
    match place.problem:
        case None:
            return
        case ChannelProblem.LOCKED:
            raise Refused("channel.locked", channel=place.id or 0)
        case ChannelProblem.HIDDEN | ChannelProblem.SILENT if place.missing:
            missing = " ".join(place.missing)
            raise Refused("channel.rights_missing", channel=place.id or 0, permissions=missing)
        case _:
            raise Refused("channel.gone")
