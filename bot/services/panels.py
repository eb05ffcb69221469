"""Standing messages: wanted by an admin, shown by a job, healed when somebody deletes them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.channels import ChannelProblem, RequestChannel
from bot.domain.errors import Refused
from bot.domain.invites import Invite
from bot.domain.jobs import ShowNotice, ShowPanel
from bot.domain.notices import NoticeKind
from bot.domain.panels import (
    LOOK_AGAIN,
    MOST_HEALINGS,
    Panel,
    PanelKind,
    PanelProblem,
)
from bot.domain.people import Actor, GuildSettings
from bot.domain.timing import SHOW_AGAIN_SOON, SHOW_LEASE
from db.ledger import Ledger, Work

# So many requests stand on the reviewers' panel; the others are a press away.
PAGE = 4


@dataclass(frozen=True, slots=True)
class PanelData:
    """Everything that a panel shows."""

    panel: Panel
    guild: GuildSettings
    waiting: tuple[Invite, ...] = ()
    waiting_count: int = 0


class PanelService:
    """The ledger's side of standing messages."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    # -- what admins want ------------------------------------------------------------------------

    async def post(self, actor: Actor, kind: PanelKind, place: RequestChannel) -> Panel:
        """A panel shall stand in this channel. Raises `Refused` (`panel.*`) where it cannot."""
        channel_id = usable(place)
        if kind is PanelKind.QUEUE and place.is_public:
            raise Refused("panel.public", channel=channel_id)
        now = self._clock.now()
        async with self._ledger.begin() as work:
            await work.guilds.ensure(actor.guild_id)
            panel = await work.panels.want(
                actor.guild_id, kind, channel_id, by=actor.user_id, now=now
            )
            await self._note(work, panel, "panel.posted", by=actor.user_id)
            await tell_admins(work, actor.guild_id, self._clock)
            await work.jobs.enqueue(ShowPanel(panel.id))
            await work.commit()
            return panel

    async def remove(self, actor: Actor, kind: PanelKind, channel_id: int) -> Panel:
        """Take a panel away. Raises `Refused("panel.none")`."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            panel = await work.panels.remove(actor.guild_id, kind, channel_id, now)
            if panel is None:
                raise Refused("panel.none")
            await self._note(work, panel, "panel.removed", by=actor.user_id)
            await tell_admins(work, actor.guild_id, self._clock)
            await work.jobs.enqueue(ShowPanel(panel.id))
            await work.commit()
            return panel

    async def place_of_get_access(self, actor: Actor) -> int | None:
        """The channel of the guild's oldest panel for members."""
        found = [p for p in await self.of_guild(actor) if p.kind is PanelKind.GET_ACCESS]
        return found[0].channel_id if found else None

    async def of_guild(self, actor: Actor) -> list[Panel]:
        """The panels that are wanted in the actor's guild."""
        async with self._ledger.begin() as work:
            return await work.panels.of_guild(actor.guild_id)

    # -- what happens to them --------------------------------------------------------------------

    async def messages_deleted(self, guild_id: int, message_ids: Collection[int]) -> None:
        """Messages are gone: a panel among them comes back at once."""
        async with self._ledger.begin() as work:
            lost = await work.panels.lost(guild_id, message_ids, self._clock.now())
            if lost:
                await work.jobs.enqueue(*map(ShowPanel, lost))
                await work.commit()

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        """A channel is gone, and its panels with it."""
        async with self._ledger.begin() as work:
            await self._forget(work, guild_id, channel_id)
            await work.commit()

    async def look(self, guild_ids: Collection[int]) -> None:
        """The bot was away, or deaf: look whether the panels of these guilds still stand."""
        async with self._ledger.begin() as work:
            await work.panels.doubt(list(guild_ids), self._clock.now())
            await work.commit()

    # -- what the job does -----------------------------------------------------------------------

    async def take(self, panel_id: int) -> PanelData | None:
        """Take a panel that owes a look; None when there is nothing to do."""
        async with self._ledger.begin() as work:
            panel = await work.panels.claim(panel_id, now=self._clock.now(), lease=SHOW_LEASE)
            if panel is None:
                return None
            if await work.guilds.has_left(panel.guild_id):
                await work.panels.settle(panel, again_at=None)
                await work.commit()
                return None
            data = await _everything(work, panel)
            await work.commit()
            return data

    async def stands(self, panel: Panel, shown: str, message_id: int) -> None:
        """The panel stands, and shows `shown`; a message that takes a lost one's place heals it."""
        now = self._clock.now()
        columns: dict[str, Any] = {"shown": shown, "looked_at": now, "message_id": message_id}
        if panel.message_id not in {None, message_id}:
            heals = panel.heals_by(now)
            columns |= {"heals": heals + 1, "healed_at": panel.healed_at if heals else now}
        async with self._ledger.begin() as work:
            again = await work.panels.settle(
                panel, again_at=now + LOOK_AGAIN, problem=None, **columns
            )
            if panel.problem is not None:
                await tell_admins(work, panel.guild_id, self._clock)
            if again:
                await work.jobs.enqueue(ShowPanel(panel.id))
            await work.commit()

    def in_doubt(self, panel: Panel) -> bool:
        """Whether nobody knows any more that it stands."""
        return panel.is_to_be_looked_for(self._clock.now())

    def may_heal(self, panel: Panel) -> bool:
        """Whether a panel whose message was deleted is to be posted anew."""
        return panel.heals_by(self._clock.now()) < MOST_HEALINGS

    async def stays_away(self, panel: Panel) -> None:
        """It was deleted too often: whoever does that means it. The admins are told."""
        async with self._ledger.begin() as work:
            await work.panels.settle(panel, again_at=None, problem=PanelProblem.DELETED)
            await self._note(work, panel, "panel.stays_away", why="deleted")
            await tell_admins(work, panel.guild_id, self._clock)
            await work.commit()

    async def closed(self, panel: Panel) -> None:
        """Discord lets nobody post there: tried again in a while, and the admins are told."""
        async with self._ledger.begin() as work:
            await work.panels.settle(
                panel, again_at=self._clock.now() + LOOK_AGAIN, problem=PanelProblem.CLOSED
            )
            await tell_admins(work, panel.guild_id, self._clock)
            await work.commit()

    async def channel_gone(self, panel: Panel) -> None:
        """Its channel does not exist any more."""
        await self.channel_deleted(panel.guild_id, panel.channel_id)

    async def taken_away(self, panel: Panel) -> None:
        """The message of a removed panel is gone; one that was wanted again meanwhile stays."""
        async with self._ledger.begin() as work:
            if not await work.panels.forget_removed(panel):
                await work.panels.settle(panel, again_at=self._clock.now())
                await work.jobs.enqueue(ShowPanel(panel.id))
            await work.commit()

    async def cannot(self, panel: Panel, at_least: float = 0.0) -> None:
        """Discord did not answer: try again soon. `at_least` is what it asks to wait, in s."""
        wait = max(SHOW_AGAIN_SOON.total_seconds(), at_least)
        async with self._ledger.begin() as work:
            await work.panels.settle(panel, again_at=self._clock.now() + timedelta(seconds=wait))
            await work.commit()

    async def _forget(self, work: Work, guild_id: int, channel_id: int) -> None:
        for panel in await work.panels.forget_channel(guild_id, channel_id):
            await self._note(work, panel, "panel.removed", why="channel_gone")
            await tell_admins(work, guild_id, self._clock)

    async def _note(
        self, work: Work, panel: Panel, action: str, *, by: int | None = None, why: str = ""
    ) -> None:
        await work.audit.happened(
            panel.guild_id,
            action,
            now=self._clock.now(),
            by=by,
            why=why,
            kind=panel.kind,
            channel=panel.channel_id,
        )


def usable(place: RequestChannel) -> int:
    """The id of a channel in which a panel can stand; raises `Refused` (`panel.*`)."""
    match place.problem:
        case None if place.id is not None:
            return place.id
        case ChannelProblem.LOCKED:
            raise Refused("panel.locked", channel=place.id or 0)
        case ChannelProblem.HIDDEN | ChannelProblem.SILENT if place.missing:
            missing = " ".join(place.missing)
            raise Refused("panel.rights_missing", channel=place.id or 0, permissions=missing)
        case _:
            raise Refused("channel.gone")


async def _everything(work: Work, panel: Panel) -> PanelData:
    guild = await work.guilds.settings(panel.guild_id)
    if panel.kind is not PanelKind.QUEUE:
        return PanelData(panel, guild)
    waiting = await work.invites.queue(panel.guild_id, limit=PAGE)
    count = await work.invites.count_open(panel.guild_id)
    return PanelData(panel, guild, tuple(waiting), count)


async def queue_changed(work: Work, guild_id: int, now: datetime) -> None:
    """A request has come, or was decided: the reviewers' panels show it."""
    owed = await work.panels.owe([guild_id], now, PanelKind.QUEUE)
    await work.jobs.enqueue(*map(ShowPanel, owed))


async def tell_admins(work: Work, guild_id: int, clock: Clock) -> None:
    """Tell the admins which panels do not stand, or that all of them do again."""
    now = clock.now()
    away = [panel for panel in await work.panels.of_guild(guild_id) if panel.problem is not None]
    if away:
        named = [[panel.kind, str(panel.channel_id), panel.problem] for panel in away]
        notice_id = await work.notices.open(guild_id, NoticeKind.PANELS, now=now, panels=named)
    else:
        notice_id = await work.notices.clear(guild_id, NoticeKind.PANELS, now=now)
    if notice_id is not None:
        await work.jobs.enqueue(ShowNotice(notice_id))
