"""What the admins of a guild are told once, and see mended in the same message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.domain.errors import PlexError, PlexNoLibraries, Treatment
from bot.domain.jobs import ShowNotice
from bot.domain.links import Link, LinkState
from bot.domain.notices import Notice, NoticeKind
from bot.domain.people import GuildSettings
from bot.domain.roles import RoleProblem
from bot.domain.timing import RECHECK, SHOW_AGAIN_LATER, SHOW_AGAIN_SOON, SHOW_LEASE, UNFORESEEN
from db.ledger import Ledger, Work


@dataclass(frozen=True, slots=True)
class NoticeData:
    """A notice, where it goes, and the server it is about."""

    notice: Notice
    guild: GuildSettings
    link: Link | None


class NoticeService:
    """The ledger's side of showing a notice."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def take(self, notice_id: int) -> NoticeData | None:
        """Take a notice that is to be shown; None when there is nothing to do."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            notice = await work.notices.claim(notice_id, now=now, lease=SHOW_LEASE)
            if notice is None:
                return None
            is_away = await work.guilds.has_left(notice.guild_id)
            # What was mended before anybody could be told is no news.
            is_old = not notice.is_open and notice.message_id is None
            if is_away or is_old:
                await work.notices.settle(notice, now=now)
                await work.commit()
                return None
            data = NoticeData(
                notice,
                await work.guilds.settings(notice.guild_id),
                await work.links.get(notice.link_id) if notice.link_id else None,
            )
            await work.commit()
            return data

    async def shown(self, notice: Notice, channel_id: int, message_id: int) -> None:
        """The message shows `notice.version`."""
        await self._settle(notice, channel_id=channel_id, message_id=message_id)

    async def nowhere(self, notice: Notice) -> None:
        """The guild has no channel for it; `/plex status` still tells."""
        await self._settle(notice)

    async def lost(self, notice: Notice) -> None:
        """The message was deleted: whoever did that has read it."""
        await self._settle(notice, channel_id=None, message_id=None)

    async def cannot(self, notice: Notice, *, refused: bool) -> None:
        """Discord refused, or did not answer: try again later, or soon."""
        wait = SHOW_AGAIN_LATER if refused else SHOW_AGAIN_SOON
        async with self._ledger.begin() as work:
            now = self._clock.now()
            await work.notices.settle(notice, now=now, again_at=now + wait)
            await work.commit()

    async def _settle(self, notice: Notice, **columns: Any) -> None:
        async with self._ledger.begin() as work:
            await work.notices.settle(notice, now=self._clock.now(), **columns)
            await work.commit()


async def pause_if_admin(work: Work, link: Link, error: PlexError, now: datetime) -> None:
    """Pause a link whose failure an admin has to mend, and say so once; it is tried by itself."""
    if error.treatment is not Treatment.ADMIN or isinstance(error, PlexNoLibraries):
        # A tier without libraries is no fault of the link; choosing some wakes what waits.
        return
    await work.links.problem(
        link.id,
        state=LinkState.PAUSED,
        key=error.key,
        reason=error.reason,
        retry_at=now + RECHECK,
    )
    # Plex words one and the same refusal in many ways.
    await tell(
        work, link, NoticeKind.LINK_PAUSED, now, news="key", key=error.key, reason=error.reason
    )


async def tell(
    work: Work,
    link: Link,
    kind: NoticeKind,
    now: datetime,
    *,
    news: str | None = None,
    **details: str | int,
) -> None:
    """Open a notice about a link, unless the admins know."""
    notice_id = await work.notices.open(
        link.guild_id, kind, now=now, link_id=link.id, news=news, **details
    )
    if notice_id is not None:
        await work.jobs.enqueue(ShowNotice(notice_id))


async def mended(work: Work, link: Link, kind: NoticeKind, now: datetime) -> None:
    """Clear a notice about a link, if there is one."""
    notice_id = await work.notices.clear(link.guild_id, kind, now=now, link_id=link.id)
    if notice_id is not None:
        await work.jobs.enqueue(ShowNotice(notice_id))


async def count_role_problems(work: Work, guild_id: int, now: datetime) -> None:
    """Tell the admins how many people's roles they have to mend, or that all is well again."""
    found = await work.roles.problems(guild_id)
    mendable = {RoleProblem.GONE, RoleProblem.FORBIDDEN, RoleProblem.STAFF}
    count = sum(n for tier in found.values() for why, n in tier.items() if why in mendable)
    if count:
        notice_id = await work.notices.open(guild_id, NoticeKind.ROLES, now=now, n=count)
    else:
        notice_id = await work.notices.clear(guild_id, NoticeKind.ROLES, now=now)
    if notice_id is not None:
        await work.jobs.enqueue(ShowNotice(notice_id))


async def count_stuck(work: Work, guild_id: int, now: datetime) -> None:
    """Tell the admins how much work keeps failing, or that none does any more."""
    stuck = await work.invites.count_stuck(guild_id)
    stuck += len(await work.trouble.of_guild(guild_id, least=UNFORESEEN, limit=100))
    if stuck:
        notice_id = await work.notices.open(guild_id, NoticeKind.STUCK, now=now, n=stuck)
    else:
        notice_id = await work.notices.clear(guild_id, NoticeKind.STUCK, now=now)
    if notice_id is not None:
        await work.jobs.enqueue(ShowNotice(notice_id))
