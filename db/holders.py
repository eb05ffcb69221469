"""Everybody with access or on the way, filtered and by pages."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from bot.domain.holders import SOON_DAYS, STATES, HolderFilter, Standing
from bot.domain.invites import LIVE, EndReason, Invite, InviteState
from bot.domain.logins import Login
from db.audit import AUDIT
from db.erasing import AWAY, person_hashes
from db.invites import INVITE, LINK, LOGIN_PURPOSE, C, InviteRows


class Holders(InviteRows):
    """The holders of access of one unit of work."""

    async def page(
        self,
        guild_id: int,
        wanted: HolderFilter,
        *,
        now: datetime,
        below: int | None = None,
        above: int | None = None,
        limit: int = 15,
    ) -> list[Invite]:
        """Newest first: those with ids `below` one, or the page that comes before id `above`."""
        query = select(INVITE).where(*_matches(guild_id, wanted, now)).limit(limit)
        if above is not None:
            rows = await self._session.execute(query.where(C.id > above).order_by(C.id))
            return [self._open(row) for row in rows][::-1]
        if below is not None:
            query = query.where(C.id < below)
        return [self._open(row) for row in await self._session.execute(query.order_by(C.id.desc()))]

    async def count(self, guild_id: int, wanted: HolderFilter, now: datetime) -> int:
        """How many match."""
        query = select(func.count()).where(*_matches(guild_id, wanted, now))
        return int((await self._session.execute(query)).scalar_one())

    async def choose(
        self, guild_id: int, who: HolderFilter | Collection[int], *, actor_id: int, now: datetime
    ) -> list[tuple[int, bool, bool]]:
        """Ids of the invites, each with whether it is the actor's own, or the server owner's.

        Ids of another guild's invites are left out.
        """
        is_owner = C.account_id.is_not_distinct_from(LINK.c.owner_account_id) & (
            C.account_id.is_not(None)
        )
        query = (
            select(C.id, C.member_id == actor_id, is_owner)
            .outerjoin(LINK, LINK.c.id == C.link_id)
            .order_by(C.id)
        )
        if isinstance(who, HolderFilter):
            query = query.where(*_matches(guild_id, who, now))
        else:
            query = query.where(C.guild_id == guild_id, C.id.in_(list(who)))
        return [(row[0], row[1], row[2]) for row in await self._session.execute(query)]

    async def by_login(self, guild_id: int, login: Login) -> Invite | None:
        """The invite for this login, under any key: a live one, else the last."""
        blinds = self._keyring.blinds(login.lookup, LOGIN_PURPOSE)
        return await self._latest(C.guild_id == guild_id, C.login_blind.in_(blinds))

    async def by_share(self, link_id: int, share_id: int, account_id: int | None) -> Invite | None:
        """The invite that this share, or its account, belongs to: a live one, else the last."""
        is_theirs = C.share_id == share_id
        if account_id is not None:
            is_theirs |= C.account_id == account_id
        return await self._latest(C.link_id == link_id, is_theirs)

    async def turned_away_at(
        self, invite: Invite, names: Collection[Login] = ()
    ) -> datetime | None:
        """When this person was sent away: denied, their access ended by an admin, or suspended.

        The same for whoever had the same Plex account; `names` are what else that is called. The
        two are looked at one by one: a good name here is no way in for an account that was sent
        away. None where somebody has let them in since, or where they went by themselves.
        """
        lookups = {login.lookup for login in (invite.login, *names)}
        blinds = [blind for one in lookups for blind in self._keyring.blinds(one, LOGIN_PURPOSE)]
        is_account: ColumnElement[bool] = C.login_blind.in_(blinds)
        if invite.account_id is not None:
            is_account |= C.account_id == invite.account_id
        person, account = person_hashes(self._keyring, invite.member_id, invite.account_id)
        found = [
            await self._away_at(invite, C.member_id == invite.member_id, person),
            await self._away_at(invite, is_account, [*blinds, *account]),
        ]
        return max((at for at in found if at is not None), default=None)

    async def _away_at(
        self, invite: Invite, is_same: ColumnElement[bool], hashes: Collection[bytes]
    ) -> datetime | None:
        at = func.greatest(C.ended_at, C.decided_at)
        # What nobody has decided tells nothing about what somebody thought of it.
        is_told = C.state.in_([InviteState.DENIED, InviteState.ENDED]) | C.decided_by.is_not(None)
        query = (
            select(C.id, C.state, C.end_reason, at.label("at"))
            .where(C.guild_id == invite.guild_id, C.id != invite.id, is_same, is_told)
            .order_by(at.desc().nulls_last(), C.id.desc())
            .limit(1)
        )
        last = (await self._session.execute(query)).one_or_none()
        forgotten = await self._forgotten_away_at(invite.guild_id, hashes)
        if forgotten is not None and (last is None or last.at is None or forgotten > last.at):
            return forgotten
        if last is None:
            return None
        is_away = last.state == InviteState.DENIED or last.end_reason == EndReason.REVOKED
        if is_away or await self.was_suspended(last.id):
            found: datetime | None = last.at
            return found
        return None

    async def _forgotten_away_at(self, guild_id: int, hashes: Collection[bytes]) -> datetime | None:
        """When somebody was sent away who was forgotten since, and is the same person."""
        query = select(func.max(AWAY.c.at)).where(
            AWAY.c.guild_id == guild_id, AWAY.c.hash.in_(hashes)
        )
        found: datetime | None = (await self._session.execute(query)).scalar_one()
        return found

    async def was_suspended(self, id_: int) -> bool:
        """Whether an admin has suspended it and nobody has restored it."""
        query = (
            select(AUDIT.c.action)
            .where(
                AUDIT.c.invite_id == id_,
                AUDIT.c.action.in_(["access.suspend", "access.restore"]),
            )
            .order_by(AUDIT.c.id.desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none() == "access.suspend"

    async def _latest(self, *where: ColumnElement[bool]) -> Invite | None:
        query = select(INVITE).where(*where).order_by(C.state.in_(LIVE).desc(), C.id.desc())
        return self._maybe((await self._session.execute(query.limit(1))).one_or_none())


def _matches(guild_id: int, wanted: HolderFilter, now: datetime) -> list[ColumnElement[bool]]:
    found = [C.guild_id == guild_id, C.state.in_(STATES[wanted.standing])]
    if wanted.tier_id is not None:
        found.append(C.tier_id == wanted.tier_id)
    if wanted.standing in SOON_DAYS:
        found.append(C.expires_at <= now + timedelta(days=SOON_DAYS[wanted.standing]))
    if wanted.standing is Standing.STUCK:
        found.append(C.stuck_at.is_not(None) | (C.state == "failed"))
    return found
