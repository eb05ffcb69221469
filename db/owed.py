"""What is owed, and when: claims of work, looks at cards and answers, and waking what waits.

The sweep enqueues whatever is due. A claim is a lease taken by a conditional UPDATE: only one
caller gets it, and what a dead caller held is due again when the lease is over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, null, or_, select, update

from bot.domain.invites import Invite, InviteState
from db.invites import INVITE, C, InviteRows

# What is shown to somebody, as against what is done on Plex.
LOOKS = {"card", "tell"}


class Owed(InviteRows):
    """The owed work of one unit of work."""

    async def claim(self, id_: int, what: str, *, now: datetime, lease: timedelta) -> Invite | None:
        """Take the work that `{what}_due_at` owes, for `lease`; None when it is not due.

        Only one caller gets it: the UPDATE moves the instant on, and a caller that dies leaves
        the work due again when the lease is over.
        """
        due = C[f"{what}_due_at"]
        row = (
            await self._session.execute(
                update(INVITE)
                .where(C.id == id_, due <= now)
                .values({due: now + lease})
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def claim_look(
        self, id_: int, what: str, *, now: datetime, lease: timedelta
    ) -> Invite | None:
        """Take the card or the member's news; None when nothing is due or a look is under way.

        What is due stays due until `settle`; the lease keeps a second caller away meanwhile, so
        two renders never run at once and what is shown never goes back.
        """
        due, leased = C[f"{what}_due_at"], C[f"{what}_leased_until"]
        row = (
            await self._session.execute(
                update(INVITE)
                .where(C.id == id_, due <= now, or_(leased.is_(None), leased <= now))
                .values({leased: now + lease})
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def settle(
        self,
        id_: int,
        what: str,
        *,
        version: int,
        now: datetime,
        again_at: datetime | None = None,
        **columns: Any,
    ) -> Invite | None:
        """End a look at `version`: due now if the invite has moved on, else at `again_at`."""
        due, leased = C[f"{what}_due_at"], C[f"{what}_leased_until"]
        again = null() if again_at is None else again_at
        row = (
            await self._session.execute(
                update(INVITE)
                .where(C.id == id_)
                .values(
                    {due: case((C.version > version, now), else_=again), leased: None, **columns}
                )
                .returning(INVITE)
            )
        ).one_or_none()
        return self._maybe(row)

    async def due(self, what: str, *, now: datetime, limit: int = 200) -> Sequence[int]:
        """Ids of the invites whose `{what}_due_at` has come and that nobody works on."""
        due = C[f"{what}_due_at"]
        query = select(C.id).where(due <= now).order_by(due).limit(limit)
        if what in LOOKS:
            leased = C[f"{what}_leased_until"]
            query = query.where(or_(leased.is_(None), leased <= now))
        return (await self._session.execute(query)).scalars().all()

    async def owe_look(self, id_: int, now: datetime) -> None:
        """Card and member owe a look to what was noted."""
        await self._session.execute(
            update(INVITE)
            .where(C.id == id_)
            .values(version=C.version + 1, card_due_at=now, tell_due_at=now)
        )

    async def heal_answer(self, id_: int, at: datetime) -> None:
        """Owe the member a look at `at`, unless one is owed earlier."""
        await self._session.execute(
            update(INVITE).where(C.id == id_).values(tell_due_at=func.least(C.tell_due_at, at))
        )

    async def wake_shares(self, link_id: int, now: datetime) -> Sequence[int]:
        """Make every approved invite of a link due at once; their ids."""
        woken = await self._session.execute(
            update(INVITE)
            .where(
                C.link_id == link_id,
                C.state.in_([InviteState.APPROVED, InviteState.SENDING]),
                # An attempt under way keeps its lease; one that waits for a retry has a reason.
                or_(C.state == InviteState.APPROVED, C.failure_key.is_not(None)),
                # Plex has named the instant itself; waking earlier would only be refused again.
                or_(C.failure_key.is_(None), C.failure_key != "plex.busy"),
            )
            .values(share_due_at=now)
            .returning(C.id)
        )
        return sorted(woken.scalars())
