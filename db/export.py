"""Everything that the ledger holds about one member of a guild, opened and by readable names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Table, or_, select

from db.audit import AUDIT
from db.bulk import BULK, ITEM
from db.erasing import AWAY, WISH, person_hashes
from db.forgetting import MESSAGE
from db.invites import INVITE, LINK, TIER, C, InviteRows
from db.members import MEMBER
from db.models import Code
from db.sign_ins import SIGN_IN

CODE: Table = Code.__table__  # type: ignore[assignment]  # a mapped class has a Table
Record = dict[str, Any]

# As the columns are named, in the order of somebody's life with them.
_OF_INVITE = (
    "id", "state", "requested_at", "member_joined_at", "locale", "is_proven", "decided_at",
    "sent_at", "active_at", "expires_at", "ended_at", "end_reason", "nudged_at",
    "reminded_days", "waitlisted_at", "take_by", "absent_since", "absent_why", "grace_until",
    "failure_key", "failure_reason", "dm_closed", "code_id",
)  # fmt: skip
_OF_MESSAGE = ("matter", "details", "locale", "created_at", "sent_at", "untold_at", "seen_at")
_OF_WISH = ("id", "invite_id", "kind", "tier_id", "state", "created_at", "decided_at")
_OF_SIGN_IN = (
    "id", "purpose", "state", "created_at", "expires_at", "held_until", "locale", "problem_key",
)  # fmt: skip


class Export(InviteRows):
    """The export of one unit of work. Tokens are left out; so is who of the staff did what."""

    async def of_member(self, guild_id: int, user_id: int, most_lines: int) -> Record:
        """All of it, by table; instants are `datetime`, addresses are in clear."""
        invites = await self._rows(
            select(INVITE, TIER.c.name.label("tier"), LINK.c.server_name)
            .outerjoin(TIER, TIER.c.id == C.tier_id)
            .outerjoin(LINK, LINK.c.id == C.link_id)
            .where(C.guild_id == guild_id, C.member_id == user_id)
            .order_by(C.id)
        )
        ids = [row.id for row in invites]
        return {
            "requests": [self._invite(row) for row in invites],
            "codes_used": await self._codes(ids),
            "choices": await self._chosen(guild_id, user_id),
            "messages": await self._plain(MESSAGE, _OF_MESSAGE, guild_id, user_id),
            "wishes": await self._wishes(ids),
            "sign_ins": await self._sign_ins(guild_id, user_id),
            "history": await self._history(guild_id, user_id, ids, most_lines),
            "bulk_actions": await self._bulks(ids),
            "sent_away_at": await self._sent_away(guild_id, user_id),
        }

    async def _rows(self, query: Any) -> Sequence[Row[Any]]:
        return (await self._session.execute(query)).all()

    def _invite(self, row: Row[Any]) -> Record:
        invite, fields = self._open(row), row._mapping  # noqa: SLF001 - public in SQLAlchemy
        return {
            **{name: fields[name] for name in _OF_INVITE},
            "plex_account": invite.login.value,
            "plex_account_is": invite.login.kind,
            "plex_account_id": row.account_id,
            "plex_share_id": row.share_id,
            "plex_server": row.server_name,
            "note": invite.note,
            "reason_given": invite.decision_reason,
            "tier": row.tier,
            "library_ids": row.grant_sections,
            "rights": row.grant_settings,
            "role_id": row.role_given_id,
        }

    async def _codes(self, ids: list[int]) -> list[Record]:
        rows = await self._rows(
            select(C.id.label("request"), CODE.c.id.label("code"), C.requested_at.label("at"))
            .join(CODE, CODE.c.id == C.code_id)
            .where(C.id.in_(ids))
        )
        return [dict(row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy

    async def _chosen(self, guild_id: int, user_id: int) -> Record:
        columns = [c.name for c in MEMBER.c if c.name not in {"guild_id", "user_id"}]
        found = await self._plain(MEMBER, columns, guild_id, user_id)
        return found[0] if found else {}

    async def _plain(
        self, table: Table, columns: Sequence[str], guild_id: int, user_id: int
    ) -> list[Record]:
        rows = await self._rows(
            select(*(table.c[name] for name in columns)).where(
                table.c.guild_id == guild_id, table.c.user_id == user_id
            )
        )
        return [dict(row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy

    async def _wishes(self, ids: list[int]) -> list[Record]:
        rows = await self._rows(select(WISH).where(WISH.c.invite_id.in_(ids)).order_by(WISH.c.id))
        return [
            {
                **{name: row._mapping[name] for name in _OF_WISH},  # noqa: SLF001 - public
                "note": self._unsealed(row.note_sealed, f"wish:{row.id}:note"),
                "reason_given": self._unsealed(row.reason_sealed, f"wish:{row.id}:reason"),
            }
            for row in rows
        ]

    async def _sign_ins(self, guild_id: int, user_id: int) -> list[Record]:
        s = SIGN_IN.c
        rows = await self._rows(
            select(SIGN_IN).where(s.guild_id == guild_id, s.user_id == user_id).order_by(s.id)
        )
        return [
            {
                **{name: row._mapping[name] for name in _OF_SIGN_IN},  # noqa: SLF001 - public
                "plex_account_id": row.account_id,
                "plex_name": self._unsealed(
                    row.account_name_sealed, f"sign_in:{row.id}:account_name"
                ),
                "plex_email": self._unsealed(
                    row.account_email_sealed, f"sign_in:{row.id}:account_email"
                ),
                "plex_token_is_kept": row.token_sealed is not None,
            }
            for row in rows
        ]

    def _unsealed(self, sealed: bytes | None, where: str) -> str | None:
        return self._keyring.open(sealed, where) if sealed else None

    async def _history(
        self, guild_id: int, user_id: int, ids: list[int], most: int
    ) -> list[Record]:
        a = AUDIT.c
        mine = or_(a.invite_id.in_(ids), a.actor_id == user_id)
        rows = await self._rows(
            select(AUDIT).where(a.guild_id == guild_id, mine).order_by(a.id.desc()).limit(most)
        )
        return [
            {
                "at": row.at,
                "action": row.action,
                "request": row.invite_id,
                "by": _who(row.actor_id, user_id),
                "from": row.from_state,
                "to": row.to_state,
                "why": row.why,
                "details": row.details if row.invite_id is None or row.invite_id in ids else {},
            }
            for row in rows
        ][::-1]

    async def _bulks(self, ids: list[int]) -> list[Record]:
        rows = await self._rows(
            select(
                ITEM.c.invite_id.label("request"), BULK.c.action, BULK.c.created_at,
                ITEM.c.outcome, ITEM.c.problem_key,
            )
            .join(BULK, BULK.c.id == ITEM.c.bulk_id)
            .where(ITEM.c.invite_id.in_(ids))
        )  # fmt: skip
        return [dict(row._mapping) for row in rows]  # noqa: SLF001 - public in SQLAlchemy

    async def _sent_away(self, guild_id: int, user_id: int) -> list[Any]:
        """Of before somebody was forgotten: only that it was so is still known."""
        hashes, _ = person_hashes(self._keyring, user_id, None)
        query = select(AWAY.c.at).where(AWAY.c.guild_id == guild_id, AWAY.c.hash.in_(hashes))
        return [row.at for row in await self._rows(query)]


def _who(actor_id: int | None, user_id: int) -> str:
    if actor_id is None:
        return "Helpr"
    return "you" if actor_id == user_id else "staff"
