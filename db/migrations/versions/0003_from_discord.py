"""What admins do from Discord: sign-ins, codes, bulk actions, panels, whole tiers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns and tables; nothing that stands changes its meaning."""
    _upgrade_guilds()
    _upgrade_plex_links()
    _upgrade_tiers()
    _create_code()
    _upgrade_invites()
    _create_bulk()
    _create_bulk_item()
    _create_panel()
    _create_sign_in()
    _notice_kinds("breaker", "link_paused", "panels", "roles", "stuck", "wrong_codes")


def _notice_kinds(*kinds: str) -> None:
    op.drop_constraint(op.f("ck_notice_kind"), "notice", type_="check")
    named = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint(op.f("ck_notice_kind"), "notice", f"kind IN ({named})")


def _upgrade_guilds() -> None:
    op.add_column("guild", sa.Column("asking", sa.Text(), server_default="freely", nullable=False))
    op.add_column(
        "guild", sa.Column("undo_seconds", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("guild", sa.Column("greeted_at", Instant, nullable=True))
    op.create_check_constraint(
        op.f("ck_guild_asking"), "guild", "asking IN ('freely', 'signed_in', 'with_code')"
    )
    op.create_check_constraint(op.f("ck_guild_undo_seconds"), "guild", "undo_seconds >= 0")


def _upgrade_plex_links() -> None:
    op.add_column(
        "plex_link", sa.Column("seats", sa.Integer(), server_default="100", nullable=False)
    )
    op.add_column("plex_link", sa.Column("disconnected_at", Instant, nullable=True))
    op.create_check_constraint(op.f("ck_plex_link_seats"), "plex_link", "seats > 0")


def _upgrade_tiers() -> None:
    op.add_column("tier", sa.Column("filter_movies", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "tier", sa.Column("filter_television", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("tier", sa.Column("filter_music", sa.Text(), server_default="", nullable=False))
    op.add_column("tier", sa.Column("seats", sa.Integer(), nullable=True))
    op.add_column("tier", sa.Column("role_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "tier", sa.Column("is_open", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("tier", sa.Column("deleted_at", Instant, nullable=True))
    op.add_column("tier", sa.Column("leaving_for", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_tier_leaving_for"), "tier", "tier", ["leaving_for"], ["id"])
    op.create_check_constraint(
        op.f("ck_tier_default_stays"), "tier", "leaving_for IS NULL OR NOT is_default"
    )
    op.create_check_constraint(op.f("ck_tier_seats"), "tier", "seats > 0")
    op.create_check_constraint(
        op.f("ck_tier_default_is_there"), "tier", "deleted_at IS NULL OR NOT is_default"
    )
    # The name of a deleted tier is free again.
    op.drop_index("uq_tier_name", "tier")
    op.create_index(
        "uq_tier_name",
        "tier",
        ["guild_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _create_code() -> None:
    op.create_table(
        "code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("tier_id", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("is_chosen", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("skips_approval", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("uses_most", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.Column("discord_code", sa.Text(), nullable=True),
        sa.Column("discord_expires_at", Instant, nullable=True),
        sa.CheckConstraint(
            "uses >= 0 AND (uses_most IS NULL OR uses <= uses_most)", name=op.f("ck_code_uses")
        ),
        sa.CheckConstraint("uses_most > 0", name=op.f("ck_code_uses_most")),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_code_guild_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_code_tier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code")),
    )
    op.create_index("ix_code_guild", "code", ["guild_id", "id"], unique=False)
    op.create_index(op.f("ix_code_tier_id"), "code", ["tier_id"], unique=False)
    op.create_index("uq_code_hash", "code", ["guild_id", "hash"], unique=True)


def _upgrade_invites() -> None:
    op.add_column("invite", sa.Column("code_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "invite",
        sa.Column("code_given_back", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "invite",
        sa.Column("is_proven", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("invite", sa.Column("role_given_id", sa.BigInteger(), nullable=True))
    op.add_column("invite", sa.Column("role_problem", sa.Text(), nullable=True))
    op.add_column(
        "invite", sa.Column("role_tries", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("invite", sa.Column("role_due_at", Instant, nullable=True))
    op.add_column("invite", sa.Column("role_leased_until", Instant, nullable=True))
    op.create_index(
        "ix_invite_code",
        "invite",
        ["code_id", "id"],
        unique=False,
        postgresql_where=sa.text("code_id IS NOT NULL"),
    )
    op.create_index("ix_invite_guild", "invite", ["guild_id", "id"], unique=False)
    op.create_index(
        "ix_invite_role_due",
        "invite",
        ["role_due_at"],
        unique=False,
        postgresql_where=sa.text("role_due_at IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_invite_code_id"), "invite", "code", ["code_id"], ["id"], ondelete="SET NULL"
    )


def _create_bulk() -> None:
    op.create_table(
        "bulk",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("manages_server", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("finished_at", Instant, nullable=True),
        sa.Column("stopped_at", Instant, nullable=True),
        sa.Column("due_at", Instant, nullable=True),
        sa.Column("leased_until", Instant, nullable=True),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("answer_expires_at", Instant, nullable=True),
        sa.CheckConstraint(
            "action IN ('apply_tier', 'extend', 'move', 'restore', 'revoke', 'suspend')",
            name=op.f("ck_bulk_action"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_bulk_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk")),
    )
    op.create_index(
        "ix_bulk_due",
        "bulk",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_bulk_guild", "bulk", ["guild_id", "id"], unique=False)


def _create_bulk_item() -> None:
    op.create_table(
        "bulk_item",
        sa.Column("bulk_id", sa.BigInteger(), nullable=False),
        sa.Column("invite_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("problem_key", sa.Text(), nullable=True),
        sa.Column("problem_params", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "outcome IN ('asked', 'done', 'failed', 'refused', 'waiting')",
            name=op.f("ck_bulk_item_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulk.id"], name=op.f("fk_bulk_item_bulk_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invite_id"], ["invite.id"], name=op.f("fk_bulk_item_invite_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bulk_id", "invite_id", name=op.f("pk_bulk_item")),
    )
    op.create_index(op.f("ix_bulk_item_invite_id"), "bulk_item", ["invite_id"], unique=False)
    op.create_index(
        "ix_bulk_item_open",
        "bulk_item",
        ["bulk_id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'waiting'"),
    )


def _create_panel() -> None:
    op.create_table(
        "panel",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=True),
        sa.Column("leased_until", Instant, nullable=True),
        sa.Column("looked_at", Instant, nullable=True),
        sa.Column("heals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("healed_at", Instant, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("removed_at", Instant, nullable=True),
        sa.CheckConstraint("kind IN ('get_access', 'queue')", name=op.f("ck_panel_kind")),
        sa.CheckConstraint("problem IN ('closed', 'deleted')", name=op.f("ck_panel_problem")),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_panel_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel")),
        sa.UniqueConstraint(
            "guild_id", "kind", "channel_id", name=op.f("uq_panel_guild_id_kind_channel_id")
        ),
    )
    op.create_index(
        "ix_panel_due",
        "panel",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def _create_sign_in() -> None:
    op.create_table(
        "sign_in",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("pin_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("poll_due_at", Instant, nullable=True),
        sa.Column("leased_until", Instant, nullable=True),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("account_name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("account_email_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("problem_key", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("answer_expires_at", Instant, nullable=True),
        sa.CheckConstraint("purpose IN ('link', 'member')", name=op.f("ck_sign_in_purpose")),
        sa.CheckConstraint(
            "state <> 'signed_in' OR (token_sealed IS NOT NULL AND account_id IS NOT NULL)",
            name=op.f("ck_sign_in_signed_in_is_known"),
        ),
        sa.CheckConstraint(
            "state IN ('expired', 'failed', 'replaced', 'signed_in', 'used', 'waiting')",
            name=op.f("ck_sign_in_state"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_sign_in_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    op.create_index(
        "ix_sign_in_poll_due",
        "sign_in",
        ["poll_due_at"],
        unique=False,
        postgresql_where=sa.text("poll_due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_sign_in_open",
        "sign_in",
        ["guild_id", "user_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("state IN ('signed_in', 'waiting')"),
    )


def downgrade() -> None:
    """The way back; deleted tiers get a name that nobody has."""
    op.execute("DELETE FROM notice WHERE kind IN ('panels', 'roles', 'wrong_codes')")
    _notice_kinds("breaker", "link_paused", "stuck")
    op.drop_index("uq_tier_name", "tier")
    op.execute("UPDATE tier SET name = name || ' #' || id WHERE deleted_at IS NOT NULL")
    op.create_index("uq_tier_name", "tier", ["guild_id", sa.text("lower(name)")], unique=True)
    op.drop_column("tier", "leaving_for")
    op.drop_column("tier", "deleted_at")
    op.drop_column("tier", "is_open")
    op.drop_column("tier", "role_id")
    op.drop_column("tier", "seats")
    op.drop_column("tier", "filter_music")
    op.drop_column("tier", "filter_television")
    op.drop_column("tier", "filter_movies")
    op.drop_column("plex_link", "disconnected_at")
    op.drop_column("plex_link", "seats")
    op.drop_constraint(op.f("fk_invite_code_id"), "invite", type_="foreignkey")
    op.drop_index(
        "ix_invite_role_due",
        table_name="invite",
        postgresql_where=sa.text("role_due_at IS NOT NULL"),
    )
    op.drop_index("ix_invite_guild", table_name="invite")
    op.drop_index(
        "ix_invite_code", table_name="invite", postgresql_where=sa.text("code_id IS NOT NULL")
    )
    op.drop_column("invite", "role_leased_until")
    op.drop_column("invite", "role_due_at")
    op.drop_column("invite", "role_tries")
    op.drop_column("invite", "role_problem")
    op.drop_column("invite", "role_given_id")
    op.drop_column("invite", "is_proven")
    op.drop_column("invite", "code_given_back")
    op.drop_column("invite", "code_id")
    op.drop_column("guild", "greeted_at")
    op.drop_column("guild", "undo_seconds")
    op.drop_column("guild", "asking")
    op.drop_index(
        "ix_bulk_item_open", table_name="bulk_item", postgresql_where=sa.text("outcome = 'waiting'")
    )
    op.drop_index(op.f("ix_bulk_item_invite_id"), table_name="bulk_item")
    op.drop_table("bulk_item")
    op.drop_index("uq_code_hash", table_name="code")
    op.drop_index(op.f("ix_code_tier_id"), table_name="code")
    op.drop_index("ix_code_guild", table_name="code")
    op.drop_table("code")
    op.drop_index(
        "uq_sign_in_open",
        table_name="sign_in",
        postgresql_where=sa.text("state IN ('signed_in', 'waiting')"),
    )
    op.drop_index(
        "ix_sign_in_poll_due", table_name="sign_in", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_table("sign_in")
    op.drop_index(
        "ix_panel_due", table_name="panel", postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.drop_table("panel")
    op.drop_index("ix_bulk_guild", table_name="bulk")
    op.drop_index("ix_bulk_due", table_name="bulk", postgresql_where=sa.text("due_at IS NOT NULL"))
    op.drop_table("bulk")
