"""The member's side: waiting for a seat, reminders, absence, wishes, choices, forgetting."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Instant = sa.DateTime(timezone=True)


def _guild() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("sign_in", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("remind_days", sa.Integer(), server_default="7", nullable=False),
        sa.Column("remind_again_days", sa.Integer(), server_default="1", nullable=False),
        sa.Column("waiting_list", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("take_hours", sa.Integer(), server_default="48", nullable=False),
        sa.Column("grace_days", sa.Integer(), server_default="7", nullable=False),
        sa.Column("retention_days", sa.Integer(), server_default="365", nullable=False),
        sa.Column("absence_trusted_at", Instant, nullable=True),
        sa.Column("private_threads", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def _invite() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("waitlisted_at", Instant, nullable=True),
        sa.Column("take_by", Instant, nullable=True),
        sa.Column("reminded_days", sa.Integer(), nullable=True),
        sa.Column("absent_since", Instant, nullable=True),
        sa.Column("absent_why", sa.Text(), nullable=True),
        sa.Column("grace_until", Instant, nullable=True),
        sa.Column("presence_due_at", Instant, nullable=True),
        sa.Column("presence_leased_until", Instant, nullable=True),
        sa.Column("erased_at", Instant, nullable=True),
    )


NOTICE_KINDS = ("breaker", "link_paused", "panels", "roles", "stuck", "wrong_codes")
INVITE_CHECKS = {
    "absent_why": "absent_why IS NULL OR absent_why IN ('left', 'role')",
    "absent_for_a_reason": "(absent_since IS NULL) = (absent_why IS NULL)",
}


def upgrade() -> None:
    """Add columns and tables; nothing that stands changes its meaning."""
    _upgrade_guilds()
    _upgrade_invites()
    _upgrade_sign_ins()
    _create_member()
    _create_message()
    _create_wish()
    _create_forgetting()
    _create_turned_away()
    _notice_kinds("people_gone", *NOTICE_KINDS)


def downgrade() -> None:
    """Take them away again."""
    op.execute("DELETE FROM notice WHERE kind = 'people_gone'")
    _notice_kinds(*NOTICE_KINDS)
    for table in ("turned_away", "forgetting", "wish", "message", "member"):
        op.drop_table(table)
    op.drop_index(op.f("ix_sign_in_invite_id"), table_name="sign_in")
    op.drop_constraint(op.f("fk_sign_in_invite_id"), "sign_in", type_="foreignkey")
    for name in ("held_until", "invite_id"):
        op.drop_column("sign_in", name)
    for name in ("take_by", "grace", "presence_due", "waiting", "account", "login"):
        op.drop_index(f"ix_invite_{name}", table_name="invite")
    for name in INVITE_CHECKS:
        op.drop_constraint(op.f(f"ck_invite_{name}"), "invite", type_="check")
    for column in reversed(_invite()):
        op.drop_column("invite", column.name)
    op.drop_constraint(op.f("ck_guild_member_side"), "guild", type_="check")
    for column in reversed(_guild()):
        op.drop_column("guild", column.name)


def _notice_kinds(*kinds: str) -> None:
    op.drop_constraint(op.f("ck_notice_kind"), "notice", type_="check")
    named = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    op.create_check_constraint(op.f("ck_notice_kind"), "notice", f"kind IN ({named})")


def _upgrade_guilds() -> None:
    for column in _guild():
        op.add_column("guild", column)
    op.create_check_constraint(
        op.f("ck_guild_member_side"),
        "guild",
        "remind_days >= 0 AND remind_again_days >= 0 AND take_hours > 0"
        " AND grace_days >= 0 AND retention_days >= 0",
    )


def _upgrade_invites() -> None:
    for column in _invite():
        op.add_column("invite", column)
    for name, condition in INVITE_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_invite_{name}"), "invite", condition)
    op.create_index("ix_invite_login", "invite", ["guild_id", "login_blind"])
    for name, columns, condition in (
        ("account", ["guild_id", "account_id"], "account_id IS NOT NULL"),
        ("waiting", ["guild_id", "waitlisted_at", "id"], "state = 'waitlisted'"),
        ("grace", ["grace_until"], "grace_until IS NOT NULL"),
        ("take_by", ["take_by"], "take_by IS NOT NULL"),
        ("presence_due", ["presence_due_at"], "presence_due_at IS NOT NULL"),
    ):
        op.create_index(f"ix_invite_{name}", "invite", columns, postgresql_where=sa.text(condition))


def _upgrade_sign_ins() -> None:
    op.add_column("sign_in", sa.Column("invite_id", sa.BigInteger(), nullable=True))
    op.add_column("sign_in", sa.Column("held_until", Instant, nullable=True))
    op.create_foreign_key(
        op.f("fk_sign_in_invite_id"),
        "sign_in",
        "invite",
        ["invite_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(op.f("ix_sign_in_invite_id"), "sign_in", ["invite_id"])


def _create_member() -> None:
    op.create_table(
        "member",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("dms_off", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("streaming_read_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_member_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_member")),
    )


def _create_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("invite_id", sa.BigInteger(), nullable=True),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=True),
        sa.Column("leased_until", Instant, nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", Instant, nullable=True),
        sa.Column("untold_at", Instant, nullable=True),
        sa.Column("seen_at", Instant, nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_message_guild_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invite_id"], ["invite.id"], name=op.f("fk_message_invite_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "guild_id", "user_id", "matter", name=op.f("uq_message_guild_id_user_id_matter")
        ),
    )
    op.create_index(op.f("ix_message_invite_id"), "message", ["invite_id"])
    op.create_index(
        "ix_message_due", "message", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_index(
        "ix_message_unseen",
        "message",
        ["guild_id", "user_id", "id"],
        postgresql_where=sa.text("seen_at IS NULL"),
    )


def _create_wish() -> None:
    op.create_table(
        "wish",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("invite_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tier_id", sa.BigInteger(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", Instant, nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("card_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("card_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("card_due_at", Instant, nullable=True),
        sa.Column("card_leased_until", Instant, nullable=True),
        sa.CheckConstraint("kind IN ('tier', 'time')", name=op.f("ck_wish_kind")),
        sa.CheckConstraint(
            "state IN ('granted', 'open', 'refused', 'withdrawn')", name=op.f("ck_wish_state")
        ),
        sa.CheckConstraint(
            "(kind = 'tier') = (tier_id IS NOT NULL)", name=op.f("ck_wish_tier_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_wish_guild_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invite_id"], ["invite.id"], name=op.f("fk_wish_invite_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_wish_tier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish")),
    )
    op.create_index(op.f("ix_wish_invite_id"), "wish", ["invite_id"])
    op.create_index(op.f("ix_wish_tier_id"), "wish", ["tier_id"])
    op.create_index("ix_wish_guild", "wish", ["guild_id", "state", "id"])
    op.create_index(
        "uq_wish_open",
        "wish",
        ["invite_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_wish_card_due",
        "wish",
        ["card_due_at"],
        postgresql_where=sa.text("card_due_at IS NOT NULL"),
    )


def _create_forgetting() -> None:
    op.create_table(
        "forgetting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("leased_until", Instant, nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_forgetting_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgetting")),
        sa.UniqueConstraint("guild_id", "user_id", name=op.f("uq_forgetting_guild_id_user_id")),
    )
    op.create_index(op.f("ix_forgetting_due_at"), "forgetting", ["due_at"])


def _create_turned_away() -> None:
    op.create_table(
        "turned_away",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_turned_away_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("guild_id", "hash", name=op.f("pk_turned_away")),
    )
