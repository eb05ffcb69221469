"""Erasing what the ledger says about a person, and keeping what it counts.

States, tiers, codes and instants stay, so that totals and statistics stay; names, logins, notes,
reasons, Plex's and Discord's ids go. A forgotten member's id becomes a number below 0 that no two
invites share.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, Text, case, cast, delete, func, literal, null, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from bot.crypto import Keyring
from bot.domain.forgetting import FORGOTTEN
from bot.domain.invites import EndReason, InviteState
from bot.domain.sign_in import OPEN_SIGN_INS
from db.audit import AUDIT
from db.bulk import ITEM
from db.drift import DRIFT
from db.forgetting import MESSAGE
from db.guilds import GUILD
from db.invites import INVITE, LINK, C, InviteRows
from db.members import MEMBER
from db.models import InviteAnswer, TurnedAway, Wish
from db.sign_ins import NOBODY, SIGN_IN

ANSWER: Table = InviteAnswer.__table__  # type: ignore[assignment]  # a mapped class has a Table
AWAY: Table = TurnedAway.__table__  # type: ignore[assignment]  # a mapped class has a Table
WISH: Table = Wish.__table__  # type: ignore[assignment]  # a mapped class has a Table
A, S, W = AUDIT.c, SIGN_IN.c, WISH.c

OVER = (InviteState.ENDED, InviteState.DENIED, InviteState.WITHDRAWN, InviteState.FAILED)
# What staff do: who did it stays, also when they are forgotten as a member.
_STAFF_FAMILIES = (
    "access", "address", "bulk", "code", "invite", "panel", "plex", "settings", "tier", "wish",
    "work",
)  # fmt: skip
_NOBODYS_SIGN_IN: dict[str, Any] = {
    "code_sealed": None,
    "account_name_sealed": None,
    "account_email_sealed": None,
    "details": {},
    "locale": "en",
    "problem_key": None,
    "application_id": None,
    "answer_sealed": None,
    "answer_expires_at": None,
    "invite_id": None,
}
# The words that Helpr itself writes there; everything else somebody has typed.
_OWN_WORDS = sorted(EndReason)


class Erasing(InviteRows):
    """The erasing of one unit of work."""

    async def of_member(self, guild_id: int, user_id: int) -> list[int]:
        """Ids of a member's invites, which nobody else changes before this work is over."""
        query = select(C.id).where(C.guild_id == guild_id, C.member_id == user_id).order_by(C.id)
        rows = await self._session.execute(query.with_for_update())
        return list(rows.scalars())

    async def kept_too_long(self, guild_id: int, before: datetime, limit: int) -> list[int]:
        """Ids of some invites that were over before that instant and still name somebody."""
        over_at = func.greatest(C.ended_at, C.decided_at, C.requested_at)
        query = (
            select(C.id)
            .where(
                C.guild_id == guild_id,
                C.state.in_(OVER),
                C.erased_at.is_(None),
                C.requested_at < before,
                over_at < before,
                C.change.is_(None),
            )
            .order_by(C.requested_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list((await self._session.execute(query)).scalars())

    async def guilds_that_forget(self) -> list[tuple[int, int]]:
        """(guild id, days) of the guilds that keep what is over for so long."""
        query = select(GUILD.c.id, GUILD.c.retention_days).where(GUILD.c.retention_days > 0)
        return [(row[0], row[1]) for row in await self._session.execute(query.order_by(GUILD.c.id))]

    async def erase(self, ids: Collection[int], now: datetime) -> list[int]:
        """Erase these invites, which are over; ids of those whose cards are to be edited."""
        if not ids:
            return []
        await self._keep_who_was_sent_away(ids)
        await self._erase_lines(ids)
        await self._erase_around(ids, now)
        erased = await self._session.execute(
            update(INVITE)
            .where(C.id.in_(ids))
            .values(_nothing_personal(now))
            .returning(C.id, C.card_due_at)
        )
        return [id_ for id_, due in erased if due is not None]

    async def erase_person(self, guild_id: int, user_id: int) -> None:
        """What is kept about a member beside their invites."""
        for table in (MEMBER, MESSAGE):
            await self._session.execute(
                delete(table).where(table.c.guild_id == guild_id, table.c.user_id == user_id)
            )
        await self._session.execute(
            delete(SIGN_IN).where(
                S.guild_id == guild_id,
                S.user_id == user_id,
                S.state.not_in(OPEN_SIGN_INS),
                S.token_sealed.is_(None),
            )
        )
        # A token that Plex has not signed out yet is nobody's until then.
        await self._session.execute(
            update(SIGN_IN)
            .where(S.guild_id == guild_id, S.user_id == user_id, S.state.not_in(OPEN_SIGN_INS))
            .values(user_id=NOBODY, **_NOBODYS_SIGN_IN)
        )
        family = func.split_part(A.action, ".", 1)
        is_staffs = or_(
            A.invite_id.is_not(None),
            family.in_(_STAFF_FAMILIES) & (A.action != "code.refused"),
        )
        await self._session.execute(
            update(AUDIT)
            .where(A.guild_id == guild_id, A.actor_id == user_id, ~is_staffs)
            .values(actor_id=FORGOTTEN, why="", details={})
        )

    async def erase_mentions(self, guild_id: int, user_id: int) -> None:
        """Their Discord id, wherever a line about something else names it."""
        number = f"%{user_id}%"
        await self._session.execute(
            update(AUDIT)
            .where(
                A.guild_id == guild_id, or_(cast(A.details, Text).like(number), A.why.like(number))
            )
            .values(details={}, why="")
        )
        own = select(C.id).where(C.guild_id == guild_id).scalar_subquery()
        await self._session.execute(
            update(ITEM)
            .where(cast(ITEM.c.problem_params, Text).like(number), ITEM.c.invite_id.in_(own))
            .values(problem_params={})
        )

    async def drop_old(self, guild_id: int, before: datetime) -> None:
        """Messages and sign-ins of before that instant; none that something is owed for."""
        await self._session.execute(
            delete(MESSAGE).where(
                MESSAGE.c.guild_id == guild_id,
                MESSAGE.c.created_at < before,
                MESSAGE.c.due_at.is_(None),
            )
        )
        await self._session.execute(
            delete(SIGN_IN).where(
                S.guild_id == guild_id,
                S.created_at < before,
                S.state.not_in(OPEN_SIGN_INS),
                S.token_sealed.is_(None),
            )
        )

    async def _keep_who_was_sent_away(self, ids: Collection[int]) -> None:
        """To be forgotten is no way back in: of who was sent away keyed hashes stay."""
        at = func.greatest(C.ended_at, C.decided_at)
        told = C.state.in_([InviteState.DENIED, InviteState.ENDED]) | C.decided_by.is_not(None)
        rows = await self._session.execute(
            select(
                C.id, C.guild_id, C.member_id, C.account_id, C.login_blind, C.state, C.end_reason,
                at.label("at"),
            )
            .where(C.id.in_(ids), told, at.is_not(None))
            .order_by(at, C.id)
        )  # fmt: skip
        suspended = await self._suspended(ids)
        for row in rows:
            person, account = person_hashes(self._keyring, row.member_id, row.account_id)
            hashes = [row.login_blind, *person, *account]
            is_away = row.state == InviteState.DENIED or row.end_reason == EndReason.REVOKED
            if is_away or row.id in suspended:
                await self._send_away(row.guild_id, hashes, row.at)
            else:
                # Somebody has let them in since.
                await self._session.execute(
                    delete(AWAY).where(
                        AWAY.c.guild_id == row.guild_id,
                        AWAY.c.hash.in_(hashes),
                        AWAY.c.at < row.at,
                    )
                )

    async def _suspended(self, ids: Collection[int]) -> set[int]:
        """Those that an admin has suspended, and nobody has restored."""
        query = (
            select(A.invite_id, A.action)
            .ext(distinct_on(A.invite_id))
            .where(A.invite_id.in_(ids), A.action.in_(["access.suspend", "access.restore"]))
            .order_by(A.invite_id, A.id.desc())
        )
        found = await self._session.execute(query)
        return {id_ for id_, action in found if action == "access.suspend"}

    async def _send_away(self, guild_id: int, hashes: Sequence[bytes], at: datetime) -> None:
        made = insert(AWAY).values([{"guild_id": guild_id, "hash": h, "at": at} for h in hashes])
        later = func.greatest(AWAY.c.at, made.excluded.at)
        await self._session.execute(
            made.on_conflict_do_update(index_elements=["guild_id", "hash"], set_={"at": later})
        )

    async def _erase_lines(self, ids: Collection[int]) -> None:
        """The lines of the log stay, and are counted; what they say about somebody goes."""
        by_member = A.actor_id == C.member_id
        await self._session.execute(
            update(AUDIT)
            .where(A.invite_id == C.id, C.id.in_(ids))
            .values(
                actor_id=case((by_member, FORGOTTEN), else_=A.actor_id),
                why=case((A.why.in_(_OWN_WORDS), A.why), else_=""),
                details={},
            )
        )

    async def _erase_around(self, ids: Collection[int], now: datetime) -> None:
        """What hangs on the invites."""
        for table in (ANSWER, MESSAGE):
            await self._session.execute(delete(table).where(table.c.invite_id.in_(ids)))
        accounts = select(C.account_id, C.link_id).where(C.id.in_(ids), C.account_id.is_not(None))
        for account_id, link_id in list(await self._session.execute(accounts)):
            of_guild = select(LINK.c.guild_id).where(LINK.c.id == link_id).scalar_subquery()
            links = select(LINK.c.id).where(LINK.c.guild_id == of_guild)
            await self._session.execute(
                delete(DRIFT).where(DRIFT.c.account_id == account_id, DRIFT.c.link_id.in_(links))
            )
        await self._session.execute(delete(DRIFT).where(DRIFT.c.invite_id.in_(ids)))
        await self._session.execute(
            delete(SIGN_IN).where(
                S.invite_id.in_(ids), S.state.not_in(OPEN_SIGN_INS), S.token_sealed.is_(None)
            )
        )
        await self._session.execute(
            update(ITEM).where(ITEM.c.invite_id.in_(ids)).values(problem_params={})
        )
        await self._session.execute(
            update(WISH)
            .where(W.invite_id.in_(ids))
            .values(
                member_id=-W.invite_id,
                note_sealed=None,
                reason_sealed=None,
                decided_by=case((W.decided_by == W.member_id, null()), else_=W.decided_by),
                state=case((W.state == "open", "withdrawn"), else_=W.state),
                version=W.version + 1,
                card_due_at=case((W.card_message_id.is_not(None), now), else_=null()),
            )
        )


def person_hashes(
    keyring: Keyring, member_id: int, account_id: int | None
) -> tuple[list[bytes], list[bytes]]:
    """The keyed hashes of a Discord id, and those of a Plex account, under every key."""
    person = keyring.blinds(str(member_id), "turned-away:member")
    if account_id is None:
        return person, []
    return person, keyring.blinds(str(account_id), "turned-away:account")


def _nothing_personal(now: datetime) -> dict[str, Any]:
    has_card = C.card_message_id.is_not(None)
    by_member = C.decided_by == C.member_id
    empty: tuple[str, ...] = (
        "member_joined_at", "note_sealed", "decision_reason_sealed", "account_id", "share_id",
        "grant_sections", "grant_settings", "dm_channel_id", "dm_message_id", "role_given_id",
        "role_problem", "role_due_at", "role_leased_until", "tell_due_at", "tell_leased_until",
        "absent_since", "absent_why", "grace_until", "waitlisted_at", "take_by", "stuck_at",
        "share_due_at", "change_by",
    )  # fmt: skip
    return {
        **dict.fromkeys(empty),
        "member_id": -C.id,
        "decided_by": case((by_member, literal(FORGOTTEN)), else_=C.decided_by),
        "login_kind": "username",
        "login_sealed": b"",
        # Of no meaning, and no two alike.
        "login_blind": func.uuid_send(func.gen_random_uuid()),
        "locale": "en",
        "failure_reason": "",
        "share_adopted": False,
        "dm_version": 0,
        "dm_closed": False,
        "version": C.version + 1,
        "card_due_at": case((has_card, now), else_=null()),
        "erased_at": now,
    }
