"""The audit log: append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain.audit import Event
from bot.domain.invites import Invite, InviteState
from db.models import AuditEvent

AUDIT: Table = AuditEvent.__table__  # type: ignore[assignment]  # a mapped class has a Table


class Audit:
    """The audit lines of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def moved(
        self,
        invite: Invite,
        action: str,
        *,
        now: datetime,
        by: int | None = None,
        was: InviteState | None = None,
        why: str = "",
        **details: Any,
    ) -> None:
        """`invite` has just moved from `was`; `by` is a Discord user, None for Helpr itself."""
        await self.happened(
            invite.guild_id,
            action,
            now=now,
            by=by,
            invite_id=invite.id,
            from_state=was,
            to_state=invite.state,
            why=why,
            **details,
        )

    async def happened(
        self,
        guild_id: int,
        action: str,
        *,
        now: datetime,
        by: int | None = None,
        invite_id: int | None = None,
        from_state: str | None = None,
        to_state: str | None = None,
        why: str = "",
        **details: Any,
    ) -> None:
        """Write one line. `why` and `details` hold no e-mail address and no secret."""
        await self._session.execute(
            insert(AUDIT).values(
                guild_id=guild_id,
                invite_id=invite_id,
                at=now,
                actor_id=by,
                action=action,
                from_state=from_state,
                to_state=to_state,
                why=why,
                details=details,
            )
        )

    async def happened_since(
        self, guild_id: int, action: str, since: datetime, **details: Any
    ) -> bool:
        """Whether there is such a line, with these details, that is younger than `since`."""
        query = select(AUDIT.c.id).where(
            AUDIT.c.guild_id == guild_id,
            AUDIT.c.action == action,
            AUDIT.c.at > since,
            AUDIT.c.details.contains(details),
        )
        return (await self._session.execute(query.limit(1))).first() is not None

    async def history(
        self,
        invite_id: int,
        limit: int = 50,
        *,
        before: int | None = None,
        after: int | None = None,
    ) -> list[Event]:
        """The latest lines about one invite, oldest first; those before or after line id."""
        query = (
            select(
                AUDIT.c.at,
                AUDIT.c.action,
                AUDIT.c.from_state,
                AUDIT.c.to_state,
                AUDIT.c.actor_id,
                AUDIT.c.why,
                AUDIT.c.details,
                AUDIT.c.id,
            )
            .where(AUDIT.c.invite_id == invite_id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(AUDIT.c.id > after).order_by(AUDIT.c.id)
            return [Event(*row) for row in await self._session.execute(query)]
        if before is not None:
            query = query.where(AUDIT.c.id < before)
        rows = await self._session.execute(query.order_by(AUDIT.c.id.desc()))
        return [Event(*row) for row in rows][::-1]
